"""The Extended pipeline's quotes: its own numbers, its modes, its bounds."""

import math

import pytest

from truefill.core.errors import ConfigError
from truefill.quoting import Unit, avellaneda_stoikov_depths, return_gamma, return_quote, return_quoting

MID, SIGMA, BID_KAPPA, ASK_KAPPA = 2800.0, 1e-4, 2000.0, 2500.0


def _settings(**change):  # type: ignore[no-untyped-def]
    given = {"tick_size": 0.01, "max_inventory": 10.0, "maker_fee_bps": 1.5, "min_spread_bps": 3.0}
    return return_quoting(**{**given, **change})


@pytest.mark.parametrize(
    ("gamma", "horizon", "rho", "bid", "ask"),
    [
        (10.0, 14400.0, 0.5, 2794.5715, 2801.1178),
        (10.0, 14400.0, 0.0, 2796.5875, 2803.1338),
        (10.0, 14400.0, 1.0, 2792.5555, 2799.1018),
        (0.1, 1800.0, 0.0, 2798.5975, 2801.1225),
        (0.1, 1800.0, 1.0, 2798.5925, 2801.1175),
    ],
)
def test_published_quotes(gamma: float, horizon: float, rho: float, bid: float, ask: float) -> None:
    settings = _settings(gamma=gamma, horizon=horizon)
    quote = return_quote(MID, rho * 10.0, SIGMA, BID_KAPPA, ASK_KAPPA, settings)

    assert (bid, ask) == pytest.approx((quote.raw_bid, quote.raw_ask), abs=1e-4)
    assert quote.bid <= quote.raw_bid < quote.bid + 0.01
    assert quote.ask - 0.01 < quote.raw_ask <= quote.ask
    assert quote.bid_spread == pytest.approx(24.375e-4 if gamma == 10.0 else 10.018e-4, abs=1e-7)
    assert gamma == quote.gamma


def test_the_documented_defaults_have_no_inventory_control() -> None:
    """0.018 basis points at the limit: half a tick of 0.01 at 2800."""
    assert _settings().full_skew(MID, SIGMA) == pytest.approx(0.1 * 1e-8 * 1800 * MID / 0.01)
    assert _settings().full_skew(MID, SIGMA) < 1.0
    assert _settings(gamma=10.0, horizon=14400.0).full_skew(MID, SIGMA) == pytest.approx(403.2)


def test_gamma_modes() -> None:
    shift = _settings(gamma_mode="max_shift", max_shift_ticks=50.0)
    scaled = _settings(gamma_mode="inventory_scaled", max_shift_ticks=50.0, gamma_min=0.01, gamma_max=100.0)
    full = 50 * 0.01 / MID / (SIGMA**2 * 1800)

    assert return_gamma(MID, 3.0, SIGMA, shift) == pytest.approx((full, 0.3))
    assert shift.full_skew(MID, SIGMA) == pytest.approx(50.0)
    assert return_gamma(MID, -3.0, SIGMA, scaled) == pytest.approx((0.3 * full, -0.3))
    assert (0.01, 0.0) == return_gamma(MID, 0.0, SIGMA, scaled)
    assert (full, 1.0) == pytest.approx(return_gamma(MID, 25.0, SIGMA, scaled))
    assert 5.0 == return_gamma(MID, 0.0, SIGMA, _settings(gamma=9.0, gamma_max=5.0))[0]
    assert 1e6 == return_gamma(MID, 1.0, 0.0, shift)[0]  # a mid that does not move


def test_spread_bounds_and_volatility_bounds() -> None:
    tight = return_quote(MID, 0.0, SIGMA, 1e9, 1e9, _settings(min_spread_bps=1.0))
    wide = return_quote(MID, 0.0, 0.02, 1.0, 1.0, _settings(gamma=10.0, horizon=14400.0))
    wild = return_quote(MID, 5.0, 7.0, BID_KAPPA, ASK_KAPPA, _settings(max_volatility=1e-4))

    assert (3e-4, 3e-4) == pytest.approx((tight.bid_spread, tight.ask_spread))  # twice the maker fee
    assert (200e-4, 200e-4) == pytest.approx((wide.bid_spread, wide.ask_spread))
    assert wild == return_quote(MID, 5.0, 1e-4, BID_KAPPA, ASK_KAPPA, _settings())


def test_absolute_inventory_is_the_papers_formula() -> None:
    """In returns of the mid, with the size of an order in both terms."""
    settings = _settings(
        gamma=10.0, inventory="absolute", order_size=0.5, min_spread_bps=0.0, maker_fee_bps=0.0
    )
    quote = return_quote(MID, 2.0, SIGMA, BID_KAPPA, ASK_KAPPA, settings)
    bid, ask = avellaneda_stoikov_depths(2.0, 1800.0, SIGMA, BID_KAPPA, ASK_KAPPA, 10.0, 0.5)

    assert (quote.raw_bid, quote.raw_ask) == pytest.approx((MID * (1 - bid), MID * (1 + ask)))
    scaled = _settings(gamma_mode="max_shift", max_shift_ticks=50.0, inventory="absolute", order_size=0.5)
    assert scaled.full_skew(MID, SIGMA) == pytest.approx(50.0)


def test_a_price_on_a_tick_stays_there() -> None:
    """2794.57 / 0.01 is 279457.00000000006 in float64."""
    settings = _settings(gamma=1e-6, min_spread_bps=0.0, maker_fee_bps=0.0, max_spread_bps=1e-9, horizon=1e-9)
    for mid in (2794.57, 2801.13, 0.29, 1.1):
        quote = return_quote(mid, 0.0, SIGMA, BID_KAPPA, ASK_KAPPA, settings)
        assert (mid, mid) == pytest.approx((quote.bid, quote.ask), abs=1e-9)


@pytest.mark.parametrize("bad", [{"sigma": math.nan}, {"mid": math.nan}, {"bid_kappa": 0.0}, {"q": math.nan}])
def test_no_number_is_no_quote(bad: dict[str, float]) -> None:
    call = {"mid": MID, "q": 0.0, "sigma": SIGMA, "bid_kappa": BID_KAPPA, "ask_kappa": ASK_KAPPA, **bad}
    quote = return_quote(*call.values(), _settings())

    assert (-math.inf, math.inf) == (quote.bid, quote.ask)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"gamma": 0.0}, "gamma"),
        ({"gamma_mode": "constnt"}, "gamma_mode"),
        ({"inventory": "relative"}, "inventory"),
        ({"inventory": "absolute"}, "order_size"),
        ({"max_spread_bps": 2.0}, "twice maker_fee_bps"),
        ({"gamma_min": 2.0, "gamma_max": 1.0}, "gamma_min <= gamma_max"),
        ({"min_volatility": 0.5}, "min_volatility"),
        ({"tick_size": math.inf}, "tick_size"),
        ({"horizon": "60"}, "horizon"),
    ],
)
def test_gate(change: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        _settings(**change)


def test_units_are_named() -> None:
    assert ["price", "tick", "return"] == [str(u) for u in Unit]
