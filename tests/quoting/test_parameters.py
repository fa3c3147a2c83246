"""Units, wishes turned into γ, tables, and the last step to prices."""

import math

import numpy as np
import pytest

from tests.quoting.paper import GLFT_MODEL, MODEL
from truefill.core.errors import ConfigError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.quoting import (
    ASK_HELD_BACK,
    BID_HELD_BACK,
    NO_ASK,
    NO_BID,
    PLACED,
    MarketModel,
    Risk,
    Unit,
    avellaneda_stoikov_depths,
    exact_quotes,
    gamma_for_horizon_skew,
    gamma_for_inventory_sd,
    gamma_for_skew,
    place_quotes,
    tabulate,
)


def test_units_change_the_numbers_and_not_the_quotes() -> None:
    model = MarketModel(
        unit=Unit.TICK,
        sigma=0.4,
        bid_rate=1.1,
        bid_decay=0.45,
        ask_rate=0.7,
        ask_decay=0.3,
        drift=0.004,
        fee=0.3,
        jump=0.2,
    )
    risk = Risk(unit=Unit.TICK, gamma=0.02, order_size=2.0, max_inventory=16.0, xi=0.01)
    ticks = exact_quotes(model, risk)
    sizes = {"tick_size": 0.5, "mid": 250.0}
    for unit, length in ((Unit.PRICE, 0.5), (Unit.RETURN, 0.002)):
        other = exact_quotes(model.to(unit, **sizes), risk.to(unit, **sizes))
        assert unit is other.unit
        assert other.bid_depth == pytest.approx(ticks.bid_depth * length)
        assert other.growth == pytest.approx(ticks.growth * length)
        back = model.to(unit, **sizes).to(Unit.TICK, **sizes)
        assert back.bid_decay == pytest.approx(model.bid_decay)
    assert model == model.to(Unit.TICK)


def test_units_do_not_mix() -> None:
    with pytest.raises(ConfigError, match="tick_size="):
        MODEL.to(Unit.TICK)
    with pytest.raises(ConfigError, match="mid="):
        MODEL.to(Unit.RETURN, tick_size=0.1)
    with pytest.raises(ConfigError, match="mid: expected"):
        MODEL.to(Unit.RETURN, mid=-1.0)
    with pytest.raises(ConfigError, match="MarketModel per price and Risk per tick"):
        tabulate(MODEL, Risk(unit=Unit.TICK, gamma=0.1), lambda q: (1.0, 1.0))
    table = exact_quotes(MODEL, Risk(unit=Unit.PRICE, gamma=0.1, max_inventory=5))
    with pytest.raises(ConfigError, match="per price"):
        table.implied(GLFT_MODEL)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"unit": "pips"}, "price, tick, return"),
        ({"sigma": 0.0}, "sigma"),
        ({"bid_rate": math.nan}, "bid_rate"),
        ({"ask_decay": -1.0}, "ask_decay"),
        ({"fee": math.inf}, "fee"),
        ({"jump": -0.1}, "jump"),
        ({"drift": "up"}, "drift"),
    ],
)
def test_market_model_gate(change: dict[str, object], named: str) -> None:
    given = {
        "unit": "tick",
        "sigma": 1.0,
        "bid_rate": 1.0,
        "bid_decay": 1.0,
        "ask_rate": 1.0,
        "ask_decay": 1.0,
    }
    with pytest.raises(ConfigError, match=named):
        MarketModel(**{**given, **change})  # type: ignore[arg-type]


def test_risk_gate() -> None:
    with pytest.raises(ConfigError, match="whole multiple"):
        Risk(unit=Unit.TICK, gamma=0.1, order_size=2.0, max_inventory=5.0)
    with pytest.raises(ConfigError, match="xi"):
        Risk(unit=Unit.TICK, gamma=0.1, xi=-1.0)
    assert 0.1 == Risk(unit=Unit.TICK, gamma=0.1).fill_aversion
    assert 3 == Risk(unit=Unit.TICK, gamma=0.1, order_size=0.1, max_inventory=0.3).steps


def test_gamma_from_a_target_inventory_sd() -> None:
    """The exact quotes of that γ have about that deviation; linear ones have exactly it."""
    risk = gamma_for_inventory_sd(GLFT_MODEL, 4.9556, max_inventory=60)
    uneven = MarketModel(unit=Unit.TICK, sigma=0.3, bid_rate=1.2, bid_decay=0.3, ask_rate=0.6, ask_decay=0.4)

    assert 0.01 == pytest.approx(risk.gamma, rel=1e-4)
    wish = gamma_for_inventory_sd(uneven, 3.0, order_size=0.5, max_inventory=20.0, xi=0.0)
    assert exact_quotes(uneven, wish).implied(uneven).inventory_sd == pytest.approx(3.0, rel=0.03)
    assert 0.0 == wish.xi
    with pytest.raises(ConfigError, match="inventory sd"):
        gamma_for_inventory_sd(GLFT_MODEL, 1e30)


def test_gamma_from_a_largest_skew() -> None:
    risk = gamma_for_skew(GLFT_MODEL, 30 * 0.0678658325308837)
    assert 0.01 == pytest.approx(risk.gamma, rel=1e-9)

    paper = gamma_for_horizon_skew(MODEL, 6.0, horizon=0.5, max_inventory=15.0)
    at_limit, flat = (
        avellaneda_stoikov_depths(q, 0.5, 2.0, 1.5, 1.5, paper.gamma, 1.0)[0] for q in (15.0, 0.0)
    )
    assert 6.0 == pytest.approx(at_limit - flat)


def test_what_quotes_imply() -> None:
    """Against the long-run law by hand, for three inventories."""
    model = MarketModel.symmetric(Unit.TICK, sigma=1.0, rate=2.0, decay=0.5)
    risk = Risk(unit=Unit.TICK, gamma=0.1, max_inventory=1.0)
    table = tabulate(model, risk, lambda q: (1.0 + 0.5 * q, 1.0 - 0.5 * q))
    out, back = 2 * math.exp(-0.5), 2 * math.exp(-0.25)
    share = out / back / (1 + 2 * out / back)
    implied = table.implied(model)

    assert [share, 1 - 2 * share, share] == pytest.approx(table.inventory_law(model))
    assert implied.inventory_sd == pytest.approx(math.sqrt(2 * share))
    assert implied.fills_per_hour == pytest.approx(3600 * (2 * share * back + (1 - 2 * share) * 2 * out))
    assert implied.half_spread == 1.0
    edge = (2 * share * back * 0.5 + (1 - 2 * share) * 2 * out) / (implied.fills_per_hour / 3600)
    assert implied.edge == pytest.approx(edge)
    wider = tabulate(
        model, Risk(unit=Unit.TICK, gamma=0.1, max_inventory=5.0), lambda q: (1.0 + 0.5 * q, 1.0 - 0.5 * q)
    )
    assert wider.implied(model).skew == pytest.approx(0.5)
    assert (math.inf, 1.0 - 2.5) == wider.at(99.0)
    assert (1.0 - 2.5, math.inf) == wider.at(-5.0)


def test_tables_of_no_use_are_refused() -> None:
    model, risk = MODEL, Risk(unit=Unit.PRICE, gamma=0.1, max_inventory=2)
    with pytest.raises(ConfigError, match="NaN"):
        tabulate(model, risk, lambda q: (math.nan, 1.0))
    with pytest.raises(ConfigError, match="never filled"):
        tabulate(model, risk, lambda q: (1e9, 1.0)).implied(model)


@pytest.mark.parametrize(
    ("depths", "post_only", "expected"),
    [
        ((2.0, 2.0), True, (98, 103, PLACED)),
        ((0.5, 0.5), True, (100, 101, PLACED)),
        ((-3.0, 4.0), True, (100, 105, BID_HELD_BACK)),
        ((4.0, -3.0), True, (96, 101, ASK_HELD_BACK)),
        ((-3.0, 4.0), False, (103, 105, PLACED)),
        ((math.inf, 1.0), True, (NO_BID_TICK, 102, NO_BID)),
        ((math.nan, math.nan), True, (NO_BID_TICK, NO_ASK_TICK, NO_BID | NO_ASK)),
        ((1e300, -1e300), True, (NO_BID_TICK, NO_ASK_TICK, NO_BID | NO_ASK)),
        ((-2.0, 1.0), False, (101, 102, PLACED)),
        ((1.0, -2.0), False, (99, 100, PLACED)),
    ],
)
def test_placing(depths: tuple[float, float], post_only: bool, expected: tuple[int, int, int]) -> None:
    """Mid 100.5 between 100 and 101."""
    assert expected == place_quotes(100.5, *depths, 100, 101, post_only)


def test_placing_beside_an_empty_side() -> None:
    assert (98, 103, PLACED) == place_quotes(100.5, 2.0, 2.0, NO_BID_TICK, NO_ASK_TICK, True)


def test_placed_quotes_never_meet_anything() -> None:
    rng = np.random.default_rng(11)
    for _ in range(2000):
        bid_tick = int(rng.integers(90, 110))
        ask_tick = bid_tick + int(rng.integers(1, 5))
        depths = rng.normal(0.0, 6.0, 2)
        bid, ask, _ = place_quotes(0.5 * (bid_tick + ask_tick), *depths, bid_tick, ask_tick, True)
        assert bid < ask_tick
        assert ask > bid_tick
        assert bid < ask
