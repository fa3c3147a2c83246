"""The parts of the profit are what they are called, and add up to it to the last unit."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.analysis.runs import SECOND, START, TICK, make_asset
from truefill.analysis import report_html
from truefill.analysis.attribution import attribution
from truefill.analysis.equity import fold
from truefill.core.errors import InputError
from truefill.core.records import FUNDING_PAYMENT, INTEREST, PAYMENT
from truefill.core.run_data import AssetRun, RunData


def profit_of(asset: AssetRun) -> float:
    return float(fold(asset, asset.price_ts[-1:]).equity[0])


@pytest.mark.parametrize("multiplier", [1.0, 0.01, 100.0])
def test_the_parts_add_up_to_the_profit_exactly(multiplier: float) -> None:
    """Against fractions: no rounding at all before the fees, which are floats of the venue."""
    asset = make_asset(multiplier=multiplier)
    found = attribution(asset)
    unit = Fraction(1, 10) / 2 * Fraction(1, 1000) * Fraction(str(multiplier))
    finer = round(float(unit) / found.unit)
    last = round((asset.bid[-1] + asset.ask[-1]) / TICK)
    gross = 0
    for fill in asset.fills:
        gross += int(fill["side"]) * int(fill["qty_lots"]) * (last - 2 * round(fill["price"] / TICK))
    totals = found.totals()
    assert gross * finer == totals["edge"] + totals["markout"] + totals["inventory"]
    assert found.profit == gross * finer + totals["fees"]
    assert found.profit == sum(found.fills.tolist())
    assert found.money(found.profit) == pytest.approx(profit_of(asset), rel=1e-9, abs=1e-9)
    assert found.money(-totals["fees"]) == pytest.approx(asset.fills["fee"].sum(), rel=1e-9)


def test_inverse_contracts_add_up_too() -> None:
    asset = replace(make_asset(multiplier=100.0), contract="inverse", currency="BTC", fee_currency="BTC")
    asset.fills["fee"] = 1e-6
    found = attribution(asset)
    assert found.profit == sum(found.fills.tolist())
    assert found.money(found.profit) == pytest.approx(profit_of(asset), rel=1e-9, abs=1e-15)


def one_fill(side: int, price: float, at: float, bid: float, ask: float) -> np.ndarray:
    rows = make_asset(fills=1).fills.copy()
    rows["exch_ts"] = rows["local_ts"] = START + round(at * SECOND)
    rows["side"], rows["price"], rows["qty_lots"], rows["qty"] = side, price, 2000, 2.0
    rows["bid"], rows["ask"], rows["fee"] = bid, ask, 0.25
    return rows


def market(fills: np.ndarray, *mids: float) -> AssetRun:
    """A mid each ten seconds, with a spread of two ticks."""
    mid = np.array(mids)
    return AssetRun(
        **make_asset(fills=0).__dict__
        | {
            "price_ts": START + 10 * SECOND * np.arange(len(mids)),
            "bid": mid - TICK,
            "ask": mid + TICK,
            "fills": fills,
        }
    )


def test_edge_markout_and_inventory_are_what_they_are_called() -> None:
    """Bought two at 99.9 with the mid at 100; it is 100.5 ten seconds later, and 99 at the end."""
    found = attribution(market(one_fill(1, 99.9, 5.0, 99.9, 100.1), 100.0, 100.5, 100.5, 99.0))
    money = {name: found.money(amount) for name, amount in found.totals().items()}
    assert money == pytest.approx({"edge": 0.2, "markout": 1.0, "inventory": -3.0, "fees": -0.25})
    sold = attribution(market(one_fill(-1, 100.1, 5.0, 99.9, 100.1), 100.0, 100.5, 100.5, 99.0))
    money = {name: sold.money(amount) for name, amount in sold.totals().items()}
    assert money == pytest.approx({"edge": 0.2, "markout": -1.0, "inventory": 3.0, "fees": -0.25})


def test_what_is_not_known_is_nothing_and_never_nan() -> None:
    late = attribution(market(one_fill(1, 99.9, 29.0, 99.9, 100.1), 100.0, 100.0, 100.5, 99.0))
    assert late.money(late.totals()["markout"]) == pytest.approx(-2.0)  # until the end
    assert late.totals()["inventory"] == 0
    blind = attribution(market(one_fill(1, 99.9, 5.0, np.nan, np.nan), np.nan, np.nan, np.nan))
    assert {"edge": 0, "markout": 0, "inventory": 0, "fees": -1} == {
        name: int(np.sign(amount)) for name, amount in blind.totals().items()
    }
    nothing = attribution(make_asset(fills=0))
    assert nothing.profit == 0
    with pytest.raises(InputError, match="horizon"):
        attribution(make_asset(), -1)


def test_funding_is_a_part_of_its_own() -> None:
    asset = make_asset()
    rows = np.zeros(3, PAYMENT)
    rows["local_ts"] = rows["exch_ts"] = START + np.arange(1, 4) * 60 * SECOND
    rows["amount"], rows["kind"] = (-1.5, 0.25, -0.125), (FUNDING_PAYMENT, FUNDING_PAYMENT, INTEREST)
    paid = replace(asset, payments=rows, fee_currencies=("USDT",))
    found = attribution(paid)
    assert found.money(found.totals()["Funding"]) == pytest.approx(-1.25)
    assert found.money(found.totals()["Interest"]) == pytest.approx(-0.125)
    assert found.profit == sum(found.fills.tolist()) + sum(found.payments.values())
    assert found.money(found.profit) == pytest.approx(profit_of(paid), rel=1e-9)


def test_the_report_shows_the_parts_and_says_what_is_not_significant() -> None:
    asset = make_asset(seconds=3600, fills=400)
    band = [
        {"rule": rule, "latency_ms": delay, "profit": profit, "fills": 7, "currency": "USDT"}
        for rule, delay, profit in (("own", 0, 2.5), ("own", 10, -1.0), ("mean", 0, 9.0))
    ]
    page = report_html(RunData((asset,), {"sensitivity": band}))
    assert "Where the money came from" in page
    assert "Sensitivity: profit by fill rule and latency" in page
    assert "Its sign depends on the fill rule." in page
    assert "n/a" in page  # mean at 10 ms was not run
    assert "Not significant" in page
    few = report_html(RunData((make_asset(fills=3),)))
    assert "Too few fills to tell any of it from chance" in few
    assert "Where the money came from" not in report_html(RunData((make_asset(fills=0),)))


def test_the_error_of_a_part_is_that_of_independent_blocks() -> None:
    """Fills with independent markouts of known scatter: the error is the root of n times it."""
    rng = np.random.default_rng(5)
    found = attribution(make_asset(seconds=3600, fills=2000))
    made = replace(found, edge=rng.normal(0, 1e6, len(found.ts)).astype(np.int64))
    assert made.error("edge") == pytest.approx(1e6 * np.sqrt(2000) * made.unit, rel=0.35)
    assert np.isnan(replace(found, ts=found.ts[:5], edge=found.edge[:5]).error("edge"))
