"""Totals of several currencies: each number against a slow recount, fill by fill, and what is refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.analysis.runs import SECOND, START, make_asset
from truefill.analysis import (
    equity_curves,
    equity_frame,
    fills_frame,
    load_run,
    metrics,
    period_frame,
    report_html,
    save_run,
    summary_frame,
    to_dict,
)
from truefill.analysis.equity import fold, from_records, total
from truefill.analysis.fills import fill_view
from truefill.analysis.rates import Rates
from truefill.core.errors import CurrencyError
from truefill.core.run_data import AssetRun, RunData

BTCUSDT = make_asset(seconds=60, fills=40, seed=2)
INVERSE = replace(
    make_asset(seconds=60, fills=60, seed=3, symbol="BTCUSD-PERP.BINANCE-COINM", currency="BTC"),
    contract="inverse",
    multiplier=100.0,
)
SPOT = replace(
    make_asset(seconds=60, fills=50, seed=4, symbol="ETHUSDT.BINANCE", currency="USDT"),
    contract="spot",
    base="ETH",
    fee_currencies=("USDT", "ETH"),
)
SPOT.fills["fee_currency"] = SPOT.fills["side"] > 0
SPOT.fills["fee"][SPOT.fills["side"] > 0] /= SPOT.fills["price"][SPOT.fills["side"] > 0]
RUN = RunData((BTCUSDT, INVERSE, SPOT), rates={"BTC": 0})


def mid_at(asset: AssetRun, ts: int) -> float:
    """Last mid price at or before a time, looked for from the start."""
    found = float("nan")
    for at, bid, ask in zip(asset.price_ts, asset.bid, asset.ask, strict=True):
        if at <= ts:
            found = float(bid + ask) / 2
    return found


def recount(asset: AssetRun, ts: int, rate: Any) -> dict[str, float]:
    """State in the reporting currency at one time; `rate` tells a unit of the asset's currency at a time."""
    cash = position = net_fees = paid = value = 0.0
    coins = 0.0
    inverse = asset.contract == "inverse"
    for fill in sorted(asset.fills, key=lambda f: f["local_ts"]):
        if fill["local_ts"] > ts:
            continue
        price, qty, at = float(fill["price"]), float(fill["qty"]), rate(int(fill["local_ts"]))
        amount = asset.multiplier * qty / price if inverse else asset.multiplier * qty * price
        cash += (1 if inverse else -1) * int(fill["side"]) * amount
        position += int(fill["side"]) * qty
        value += amount * at
        if asset.fee_currencies and asset.fee_currencies[fill["fee_currency"]] == asset.base:
            coins += float(fill["fee"])
            paid += float(fill["fee"]) * price * at
        else:
            net_fees += float(fill["fee"])
            paid += float(fill["fee"]) * at
    mid = mid_at(asset, ts)
    worth = -asset.multiplier * position / mid if inverse else asset.multiplier * position * mid
    return {
        "equity": (cash + worth - net_fees - coins * mid) * rate(ts),
        "fee": paid,
        "value": value,
        "balance": cash * rate(ts),
    }


def usdt(asset: AssetRun) -> Any:
    """Rate of an asset's currency in USDT, as a function of time."""
    return (lambda ts: mid_at(BTCUSDT, ts)) if asset is INVERSE else (lambda ts: 1.0)


def test_totals_against_a_recount() -> None:
    """Stocks at the rate of the time, flows at the rate of their reports, fees in coins at their prices."""
    ts = START + np.array([1, 20, 41, 60]) * SECOND
    curves = [fold(asset, ts, Rates(RUN), "USDT") for asset in RUN.assets]
    for name in ("equity", "fee", "value", "balance"):
        for asset, curve in zip(RUN.assets, curves, strict=True):
            expected = [recount(asset, int(t), usdt(asset))[name] for t in ts]
            assert getattr(curve, name) == pytest.approx(expected, rel=1e-9, abs=1e-9), (asset.symbol, name)
    added = total(tuple(fold(asset, ts) for asset in RUN.assets), RUN)
    assert added is not None and added.currency == "USDT" and added.name == "total"
    assert added.equity == pytest.approx(sum(curve.equity for curve in curves))
    assert added.equity_gross - added.fee == pytest.approx(added.equity)


def test_metrics_of_the_whole_run() -> None:
    """The total is the sum of the assets in one currency; each asset's own stay in its own."""
    whole = metrics(RUN)
    last = int(START + 60 * SECOND)
    parts = [recount(asset, last, usdt(asset)) for asset in RUN.assets]
    assert whole["Return"] == pytest.approx(sum(part["equity"] for part in parts))
    assert whole["Fees"] == pytest.approx(sum(part["fee"] for part in parts))
    assert whole["TradingValue"] == pytest.approx(sum(part["value"] for part in parts))
    assert whole["GrossPnL"] == pytest.approx(whole["Return"] + whole["Fees"])
    assert whole["SpreadPnL"] + whole["InventoryPnL"] == pytest.approx(whole["GrossPnL"])
    own = metrics(RUN, 1)
    assert own["Return"] == pytest.approx(recount(INVERSE, last, lambda ts: 1.0)["equity"])
    views = [fill_view(asset, rates=Rates(RUN), into="USDT") for asset in RUN.assets]
    assert whole["SpreadPnL"] == pytest.approx(sum(float(np.nansum(view.edge)) for view in views))
    frame = period_frame(RUN, "hour")
    assert frame["Return"].sum() == pytest.approx(whole["Return"])


def test_everything_shows_the_total() -> None:
    """Tables, JSON, frames and the report have it in the reporting currency."""
    found = to_dict(RUN)
    assert found["currency"]["total"] == "USDT"
    assert found["currency"][INVERSE.symbol] == "BTC"
    assert "total" in summary_frame(RUN).columns
    frame = equity_frame(RUN)
    assert frame.filter(frame["asset"] == "total")["currency"].unique().to_list() == ["USDT"]
    assert set(fills_frame(RUN)["fee_currency"]) == {"USDT", "BTC", "ETH"}
    text = report_html(RUN)
    assert "Equity, USDT" in text and "No total" not in text
    assert "No total" in report_html(replace(RUN, rates={}))


def test_a_run_in_another_currency() -> None:
    """One asset, or all, reported in a currency that none settles in; a rate turned around."""
    alone = RunData((BTCUSDT,), currency="EUR", rates={"USDT": 0.9})
    assert list(to_dict(alone)["currency"].items()) == [("total", "EUR"), (BTCUSDT.symbol, "USDT")]
    assert metrics(alone)["Return"] == pytest.approx(0.9 * metrics(alone, 0)["Return"])
    in_btc = RunData((BTCUSDT, INVERSE), currency="BTC", rates={"USDT": BTCUSDT.symbol})
    ts = START + np.array([30]) * SECOND
    curve = fold(BTCUSDT, ts, Rates(in_btc), "BTC")
    mid = mid_at(BTCUSDT, int(ts[0]))
    assert curve.equity == pytest.approx(fold(BTCUSDT, ts).equity / mid)
    assert metrics(in_btc)["NumberOfTrades"] == 100


def test_rates_follow_each_other() -> None:
    """ETH in BTC, BTC in USDT, USDT in EUR; and both ways through a third currency."""
    ethbtc = replace(make_asset(seconds=60, seed=5, symbol="ETHBTC", currency="BTC"), contract="spot")
    run = RunData((BTCUSDT, ethbtc), currency="EUR", rates={"ETH": 1, "BTC": 0, "USDT": 0.9, "X": 4.0})
    ts = START + np.array([30]) * SECOND
    at = int(ts[0])
    expected = mid_at(ethbtc, at) * mid_at(BTCUSDT, at) * 0.9
    rates = Rates(run)
    assert rates.at(ts, "ETH", "EUR") == pytest.approx(expected)
    assert rates.at(ts, "ETH", "X") == pytest.approx(expected / 4.0)
    assert rates.at(ts, "ETH", "BTC") == pytest.approx(mid_at(ethbtc, at))
    assert rates.at(ts, "EUR", "ETH") == pytest.approx(1 / expected)
    assert np.isnan(rates.at(np.array([START - 1]), "ETH", "EUR")).all()


def test_samples_in_another_currency() -> None:
    """What the strategy recorded, at the rates of the samples."""
    asset = make_asset(seconds=30, fills=20, seed=6, currency="BTC", with_records=True)
    run = RunData((asset,), currency="USDT", rates={"BTC": 2.5})
    plain, turned = from_records(asset), from_records(asset, rates=Rates(run), into="USDT")
    for name in ("equity", "fee", "value", "balance", "exposure"):
        assert getattr(turned, name) == pytest.approx(2.5 * getattr(plain, name)), name
    assert metrics(run, records=True)["Return"] == pytest.approx(
        2.5 * metrics(run, 0, records=True)["Return"]
    )


def test_fees_in_a_third_currency() -> None:
    """They count as they were paid; what their rate did since is in the result before fees."""
    asset = replace(BTCUSDT, fee_currency="BNB", currency="USDT", fee_currencies=("BNB",))
    run = RunData((asset,), rates={"BNB": 600.0})
    plain = fold(BTCUSDT, asset.price_ts)
    curve = equity_curves(run, SECOND)[0]
    assert curve.fee[-1] == pytest.approx(600.0 * plain.fee[-1])
    assert curve.equity[-1] == pytest.approx(plain.equity_gross[-1] - 600.0 * plain.fee[-1])
    with pytest.raises(CurrencyError, match="a rate of BNB in USDT"):
        metrics(RunData((asset,)))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.001, 1000.0), st.integers(0, 2**16))
def test_a_fixed_rate_scales_everything(rate: float, seed: int) -> None:
    """Money times the rate; prices, positions and counts as they are."""
    asset = make_asset(seconds=20, fills=10, seed=seed, currency="BTC")
    run = RunData((asset,), currency="USDT", rates={"BTC": rate})
    ts = asset.price_ts[::20]
    plain, turned = fold(asset, ts), fold(asset, ts, Rates(run), "USDT")
    for name in ("equity", "equity_gross", "fee", "value", "balance", "exposure"):
        assert getattr(turned, name) == pytest.approx(rate * getattr(plain, name), rel=1e-9, abs=1e-9 * rate)
    for name in ("mid", "position", "num_trades", "volume"):
        assert np.array_equal(getattr(turned, name), getattr(plain, name), equal_nan=True)


def test_saved_and_loaded(tmp_path: Path) -> None:
    """Rates and the names of currencies survive."""
    again = load_run(save_run(RUN, tmp_path / "run"))
    assert again.rates == {"BTC": 0} and again.currency is None
    assert again.assets[2].fee_currencies == ("USDT", "ETH")
    assert metrics(again) == pytest.approx(metrics(RUN), nan_ok=True)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such asset": (
        {"rates": {"BTC": 3}},
        "rate of BTC: expected an asset number below 3, or a float such",
    ),
    "no such symbol": (
        {"rates": {"BTC": "BTCEUR"}},
        "expected the symbol of one asset (BTCUSDT-PERP.BINANCE, ",
    ),
    "negative": ({"rates": {"BTC": -1.0}}, "a finite rate > 0"),
    "NaN": ({"rates": {"BTC": float("nan")}}, "a finite rate > 0"),
    "true": ({"rates": {"BTC": True}}, "a finite rate > 0"),
    "a list": ({"rates": [1.0]}, "a dict of rates"),
    "nameless": ({"rates": {"": 1.0}}, "the name of a currency"),
    "its own": ({"rates": {"USDT": 1.0}, "currency": "USDT"}, "other than the run's"),
    "a number": ({"currency": 5}, "the name of a currency, or None"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rates_that_are_none(name: str) -> None:
    """Refused when the run is made."""
    options, message = REFUSED[name]
    with pytest.raises(CurrencyError) as error:
        RunData(RUN.assets, **options)
    assert message in str(error.value)


def test_what_cannot_be_added() -> None:
    """A missing rate, and rates in a circle, say what to do."""
    bare = RunData(RUN.assets)
    with pytest.raises(CurrencyError, match=r"or their rates, as in RunData\(currency=.*got BTC, USDT"):
        metrics(bare)
    with pytest.raises(CurrencyError, match="or their rates"):
        period_frame(bare, "day")
    assert total(equity_curves(bare, SECOND), bare) is None
    with pytest.raises(CurrencyError, match="a rate of BTC in USDT"):
        metrics(RunData(RUN.assets, currency="USDT"))
    circle = RunData((BTCUSDT, INVERSE), currency="EUR", rates={"USDT": 0, "BTC": 0})
    with pytest.raises(CurrencyError, match="EUR"):
        Rates(replace(circle, rates={"A": 1.0})).at(np.zeros(1, np.int64), "USDT", "EUR")
    assert Rates(circle).at(START + np.zeros(1, np.int64), "USDT", "EUR")[0] > 0
