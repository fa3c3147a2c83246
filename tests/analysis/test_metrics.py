"""Metrics: HftBacktest's numbers where it is right, each difference named, honest answers to nothing."""

import json
import warnings

import numpy as np
import pytest

from tests.analysis.runs import SECOND, START, empty_asset, make_asset, make_run
from truefill.analysis.equity import from_records
from truefill.analysis.metrics import CATALOGUE, metrics, sampling_interval
from truefill.analysis.payments import KINDS
from truefill.analysis.performance import Scale, performance
from truefill.core.errors import InputError
from truefill.core.events import NO_TIME
from truefill.core.records import BUY_SIDE, FILL, ORDER_LOG, SELL_SIDE
from truefill.core.run_data import AssetRun, RunData

BOOK = 1_000.0


def _reference(
    asset: AssetRun,
    resample: str | None = None,
    book_size: float | None = BOOK,
    multiplier: float | None = None,
) -> dict[str, float]:
    """HftBacktest's own statistics of the same records."""
    stats = pytest.importorskip("hftbacktest.stats", reason="hftbacktest is not installed on this Python")
    plain = (stats.SR, stats.Sortino, stats.ReturnOverMDD, stats.ReturnOverTrade, stats.NumberOfTrades)
    plain += (stats.DailyNumberOfTrades, stats.TradingVolume, stats.DailyTradingVolume)
    plain += (stats.MaxPositionValue, stats.MeanPositionValue, stats.MedianPositionValue)
    scaled = (stats.Ret, stats.AnnualRet, stats.MaxDrawdown, stats.TradingValue, stats.DailyTradingValue)
    wanted = [m() for m in plain] + [m(book_size=book_size) for m in scaled]
    if book_size is not None:
        wanted.append(stats.MaxLeverage(book_size=book_size))
    record = stats.LinearAssetRecord(asset.records.copy())
    record.contract_size(asset.multiplier if multiplier is None else multiplier).resample(resample)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {k: float(v) for k, v in record.stats(wanted).splits[-1].items() if k not in ("start", "end")}


@pytest.fixture(scope="module")
def recorded() -> AssetRun:
    """Records every second; the first one before any trade."""
    return make_asset(seconds=300, fills=120, with_records=True)


@pytest.mark.parametrize("book_size", [None, BOOK])
@pytest.mark.parametrize("resample", [None, "1s"])
def test_same_numbers_as_hftbacktest(
    recorded: AssetRun, book_size: float | None, resample: str | None
) -> None:
    """On evenly spaced records with every price known and contract size 1, where HftBacktest is right."""
    theirs = _reference(recorded, resample, book_size)

    mine = performance(from_records(recorded), Scale(book_size))

    assert len(theirs) >= 16
    assert mine == {k: pytest.approx(theirs.get(k, v), rel=1e-9, abs=1e-12) for k, v in mine.items()}
    assert set(theirs) - set(mine) == set()


def test_named_difference_samples_per_day_come_from_all_intervals(recorded: AssetRun) -> None:
    """HftBacktest takes the first interval alone: here a tenth of a second, so its ratios are √10 too big."""
    moved = AssetRun(
        **{**recorded.__dict__, "records": np.concatenate([recorded.records[:1], recorded.records])}
    )
    moved.records["timestamp"][0] -= SECOND // 10

    mine = performance(from_records(moved), Scale())

    even = performance(from_records(recorded), Scale())
    assert mine["SR"] == pytest.approx(even["SR"], rel=0.01)
    assert _reference(moved)["SR"] == pytest.approx(even["SR"] * np.sqrt(10), rel=0.01)


def test_named_difference_position_value_counts_the_contract_size() -> None:
    asset = make_asset(seconds=60, fills=30, multiplier=0.01, with_records=True)

    mine, theirs = performance(from_records(asset)), _reference(asset)

    for name in ("MaxPositionValue", "MeanPositionValue", "MedianPositionValue"):
        assert mine[name] == pytest.approx(theirs[name] * 0.01)
    assert mine["MaxDrawdown"] == pytest.approx(theirs["MaxDrawdown"] * BOOK)


def test_named_difference_a_missing_price_keeps_the_last_one(recorded: AssetRun) -> None:
    """HftBacktest drops the two changes around it, and with them their part of the result."""
    holed = AssetRun(**{**recorded.__dict__, "records": recorded.records.copy()})
    holed.records["price"][100:150] = np.nan

    mine = performance(from_records(holed))

    assert mine["Return"] == pytest.approx(performance(from_records(recorded))["Return"])
    equity = from_records(holed).equity
    assert mine["SR"] == pytest.approx(
        np.diff(equity).mean() / np.diff(equity).std(ddof=1) * np.sqrt(86_400 * 252)
    )
    assert abs(_reference(holed)["SR"] / mine["SR"] - 1) > 1e-3


def test_named_difference_trades_before_the_first_sample_count(recorded: AssetRun) -> None:
    late = AssetRun(**{**recorded.__dict__, "records": recorded.records[50:]})
    before = late.records["num_trades"][0]

    assert before > 0
    assert performance(from_records(late))["NumberOfTrades"] == 120
    assert _reference(late)["NumberOfTrades"] == 120 - before


def test_named_difference_the_result_of_the_first_window_counts(recorded: AssetRun) -> None:
    """HftBacktest's resampling starts with the end of its first window: what was earned inside is lost."""
    mine = metrics(make_run(recorded), records=True, interval_ns=10 * SECOND)["Return"]

    equity = from_records(recorded).equity
    assert mine == pytest.approx(equity[-1] - equity[0])
    assert _reference(recorded, "10s", None)["Return"] == pytest.approx(equity[-1] - equity[9])


def test_folded_and_recorded_runs_have_the_same_metrics(recorded: AssetRun) -> None:
    run = make_run(recorded)

    folded, kept = (metrics(run, records=r, book_size=BOOK) for r in (False, True))

    assert folded == {name: pytest.approx(value, nan_ok=True) for name, value in kept.items()}


def test_result_is_the_sum_of_its_parts() -> None:
    """Earned against mid + inventory − fees = net PnL, for one asset and for two."""
    run = make_run(make_asset(seed=1), make_asset(seed=2, symbol="ETHUSDT-PERP.BINANCE", multiplier=0.5))
    parts = [metrics(run, 0), metrics(run, 1)]

    both = metrics(run)

    for m in (*parts, both):
        assert m["SpreadPnL"] + m["InventoryPnL"] - m["Fees"] == pytest.approx(m["Return"])
    summed = (
        "Return",
        "Fees",
        "SpreadPnL",
        "NumberOfTrades",
        "TradingValue",
        "OrdersSubmitted",
        "OrdersFilled",
    )
    assert {n: both[n] for n in summed} == {n: pytest.approx(parts[0][n] + parts[1][n]) for n in summed}


def _asset_with(fills: list[dict[str, float]], orders: list[dict[str, float]]) -> AssetRun:
    """Mid 100 for a second, then 101, then 99 from 5 s on; samples every 50 ms for a minute."""
    ts = START + np.arange(0, 60 * SECOND, SECOND // 20, dtype=np.int64)
    mid = np.where(ts < START + SECOND, 100.0, np.where(ts < START + 5 * SECOND, 101.0, 99.0))
    rows, logs = np.zeros(len(fills), FILL), np.zeros(len(orders), ORDER_LOG)
    for row, given in (*zip(rows, fills, strict=True), *zip(logs, orders, strict=True)):
        for name, value in given.items():
            row[name] = value
    return empty_asset(price_ts=ts, bid=mid - 0.5, ask=mid + 0.5, fills=rows, orders=logs, lot_size=1.0)


def test_execution_quality_by_hand() -> None:
    """Two fills small enough for pencil and paper."""
    at = START + SECOND // 2
    common = {"bid": 99.5, "ask": 100.5, "order_id": 7}
    bought = {**common, "side": BUY_SIDE, "maker": 1, "price": 99.5, "qty": 2, "qty_lots": 2, "fee": -0.1}
    sold = {
        **common,
        "side": SELL_SIDE,
        "maker": 0,
        "price": 99.5,
        "qty": 1,
        "qty_lots": 1,
        "fee": 0.3,
        "order_id": 8,
    }
    times = {"exch_ts": at, "local_ts": at + 1000}
    asset = _asset_with(
        [{**bought, **times, "entry_ts": at - 3 * SECOND}, {**sold, **times, "entry_ts": at}],
        [
            {"order_id": 7, "status": 3, "qty": 2, "filled_qty": 2, "submit_ts": at - 4 * SECOND + 1000},
            {"order_id": 8, "status": 4, "qty": 3, "filled_qty": 1, "submit_ts": at, "modifies": 2},
            {"order_id": 9, "status": 6, "qty": 5, "submit_ts": at},
            {"order_id": 7, "status": 1, "qty": 5, "submit_ts": at + 5 * SECOND},
        ],
    )

    m = metrics(RunData((asset,)))

    assert (m["MedianTimeInQueue"], m["MeanTimeInQueue"]) == (3.0, 3.0)
    assert m["MedianTimeToFill"] == pytest.approx((4.0 + 1e-6) / 2)
    assert m["MeanSpreadAtFill"] == pytest.approx(100.0)
    assert m["MeanSpreadTicksAtFill"] == pytest.approx(10.0)
    assert m["MakerShare"] == pytest.approx(2 / 3)
    assert (m["FillRatio"], m["OrderFillRatio"]) == (3 / 15, 2 / 4)
    # Bought two half a point below mid, sold one half a point below it.
    assert m["SpreadPnL"] == pytest.approx(2 * 0.5 - 0.5)
    assert m["EdgeBps"] == pytest.approx(0.5 / 300 * 1e4)
    # 100 ms later nothing, a second later one point for two and against one, ten seconds later the reverse.
    assert m["Markout100ms"] == 0.0
    assert m["Markout1s"] == pytest.approx((2 - 1) / 300 * 1e4)
    assert m["Markout10s"] == pytest.approx((-2 + 1) / 300 * 1e4)
    assert m["Fees"] == pytest.approx(0.2)
    names = ("Submitted", "Filled", "Cancelled", "Rejected", "Expired", "Open", "Modified")
    assert [m[f"Orders{name}"] for name in names] == [4, 1, 1, 1, 0, 1, 1]


def test_markouts_are_unknown_past_the_end_and_between_sparse_samples() -> None:
    sparse = make_asset(seconds=60, fills=50, price_step_ns=2 * SECOND)
    short = make_asset(seconds=5, fills=50)

    assert np.isnan(metrics(make_run(sparse))["Markout1s"])
    assert np.isfinite(metrics(make_run(sparse))["Markout10s"])
    assert np.isnan(metrics(make_run(short))["Markout10s"])
    changes_only = AssetRun(**{**sparse.__dict__, "price_interval_ns": 0})
    assert np.isfinite(metrics(make_run(changes_only))["Markout1s"])


def test_fills_that_were_never_reported_do_not_count() -> None:
    asset = make_asset(seconds=60, fills=20)
    asset.fills["local_ts"][15:] = NO_TIME

    assert metrics(make_run(asset))["NumberOfTrades"] == 15


NOTHING = {
    "nothing": empty_asset(),
    "one sample": empty_asset(price_ts=np.array([START]), bid=np.array([1.0]), ask=np.array([2.0])),
    "no fills": make_asset(seconds=60, fills=0),
    "no prices": AssetRun(
        **{
            **make_asset(fills=10).__dict__,
            "price_ts": np.zeros(0, np.int64),
            "bid": np.zeros(0),
            "ask": np.zeros(0),
        }
    ),
    "NaN prices": AssetRun(**{**make_asset(fills=10).__dict__, "bid": np.full(6001, np.nan)}),
}


@pytest.mark.parametrize("asset", NOTHING.values(), ids=NOTHING.keys())
@pytest.mark.parametrize("records", [False, True])
def test_runs_of_nothing_have_no_ratios_and_give_no_warning(asset: AssetRun, records: bool) -> None:
    m = metrics(make_run(asset), book_size=BOOK, records=records)

    assert np.isnan(m["SR"])
    assert {type(value) for value in m.values()} == {float}
    json.dumps(m)


def test_every_number_is_in_the_catalogue_once() -> None:
    names = [metric.name for metric in CATALOGUE]

    assert len(names) == len(set(names))
    paid = [name for name in names if name not in KINDS]  # those only where accounts paid something
    assert list(metrics(make_run(), book_size=BOOK)) == paid


def test_the_sampling_interval_fits_the_run() -> None:
    spans = {600: 10 * SECOND, 60: SECOND, 4: SECOND // 10}
    found = {s: sampling_interval(make_run(make_asset(seconds=s, fills=0))) for s in spans}

    assert found == spans
    assert sampling_interval(make_run(empty_asset())) == SECOND // 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"asset": 1}, "an asset number below 1, got 1"),
        ({"asset": -1}, "an asset number below 1, got -1"),
        ({"book_size": 0.0}, "a positive book size"),
        ({"book_size": float("nan")}, "a positive book size"),
        ({"interval_ns": -1}, "a positive sampling interval"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        metrics(make_run(), **arguments)  # type: ignore[arg-type]


def test_currencies_are_not_added_up() -> None:
    with pytest.raises(InputError, match=r"one currency to add up, or their rates.*got USDC, USDT"):
        metrics(make_run(make_asset(fills=3), make_asset(fills=3, currency="USDC")))
