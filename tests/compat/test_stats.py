"""HftBacktest's stats over our analysis: its numbers where it is right, each difference by name."""

import random
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.support.modes import runs
from truefill.compat.hftbacktest import stats as ours
from truefill.core.errors import InputError
from truefill.core.records import RECORD

SECOND = 1_000_000_000
START = 1_700_006_400 * SECOND  # midnight
NAMES = [
    name
    for name in ours.__all__
    if name not in ("Metric", "Stats", "LinearAssetRecord", "InverseAssetRecord")
]
OF_BOOK = ("Ret", "AnnualRet", "MaxDrawdown", "TradingValue", "DailyTradingValue", "MaxLeverage")


def record(seed: int, moments: int = 500, step: int = SECOND, inverse: bool = False) -> np.ndarray:
    """Made records: a price that wanders, trades now and then. The first one has a window of its own."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(moments, RECORD)
    rows["timestamp"] = START - SECOND + step * np.arange(moments)
    rows["price"] = np.round(100.0 + np.cumsum(rng.normal(0, 0.1, moments)), 1)
    qty = np.where(rng.random(moments) < 0.3, rng.integers(-5, 6, moments), 0.0)
    qty[0] = 0.0
    amount = np.abs(qty) / rows["price"] if inverse else np.abs(qty) * rows["price"]
    rows["position"] = np.cumsum(qty)
    rows["balance"] = np.cumsum(-np.sign(qty) * amount)
    rows["fee"] = np.cumsum(0.0003 * amount)
    rows["num_trades"] = np.cumsum(qty != 0)
    rows["trading_volume"] = np.cumsum(np.abs(qty))
    rows["trading_value"] = np.cumsum(amount)
    return rows


def numbers(
    package: Any, kind: str, rows: Any, frequency: str | None, book: float | None, **more: Any
) -> list[Any]:
    """All metrics of one package, a dictionary for each row of its summary."""
    made = getattr(package, kind)(rows.copy() if isinstance(rows, np.ndarray) else rows)
    made = made.resample(frequency).contract_size(more.pop("contract_size", 1.0))
    period = more.pop("period", None)
    if period:
        made = getattr(made, period)()
    metrics = [getattr(package, name) for name in NAMES if book is not None or name != "MaxLeverage"]
    kwargs = more if book is None else {"book_size": book, **more}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(made.stats(metrics, **kwargs).splits)


@pytest.fixture(scope="module")
def theirs() -> Any:
    """HftBacktest's module of that name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("hftbacktest.stats", reason="hftbacktest is not installed on this Python")


@pytest.mark.parametrize("kind", ["LinearAssetRecord", "InverseAssetRecord"])
def test_same_numbers_as_hftbacktest(theirs: Any, kind: str) -> None:
    """Random records, frequencies, capitals, years: every metric, and the table behind them."""
    rng = random.Random(kind)
    for seed in range(runs(24)):
        rows = record(seed, moments=rng.randint(30, 600), inverse=kind.startswith("Inverse"))
        settings = {
            "frequency": rng.choice([None, "1s", "10s", "1m"] if len(rows) > 200 else [None, "1s", "5s"]),
            "book": rng.choice([None, 1000.0]),
            "trading_days_per_year": rng.choice([252, 365]),
        }
        expected = numbers(theirs, kind, rows, **settings)
        actual = numbers(ours, kind, rows, **settings)
        wrong = ("PositionValue", "Leverage") if kind.startswith("Inverse") else ()
        assert len(actual) == len(expected) == 1
        for name, value in expected[0].items():
            if not name.endswith(wrong or ("-",)):
                found = actual[0][name]
                same = found == (
                    value if name in ("start", "end") else pytest.approx(value, rel=1e-9, nan_ok=True)
                )
                assert same, (seed, settings, name)
        assert list(expected[0]) == list(actual[0])
        assert len(actual[0]) == len(NAMES) + 2 - (settings["book"] is None)


def test_the_same_table_and_summary(theirs: Any) -> None:
    """`Stats.entire` has HftBacktest's columns with its values, `summary` its columns."""
    rows = record(5)
    made, expected = (p.LinearAssetRecord(rows.copy()).stats(book_size=100.0) for p in (ours, theirs))
    for name in expected.entire.columns:
        left, right = made.entire[name].to_list(), expected.entire[name].to_list()
        assert left == (right if name == "timestamp" else pytest.approx(right)), name
    assert made.summary().columns == expected.summary().columns
    assert made.summary().schema["start"] == expected.summary().schema["start"]
    assert made.summary(pretty=True).equals(made.summary())


def test_records_without_running_totals(theirs: Any) -> None:
    """Trades are told from the position, as HftBacktest tells them: a count, a volume, a value."""
    table = pl.DataFrame(record(6)).drop("num_trades", "trading_volume", "trading_value")
    actual = numbers(ours, "LinearAssetRecord", table, None, None)[0]
    expected = numbers(theirs, "LinearAssetRecord", table, None, None)[0]
    assert actual["TradingVolume"] == pytest.approx(expected["TradingVolume"])
    whole = numbers(ours, "LinearAssetRecord", record(6), None, None)[0]
    assert actual["NumberOfTrades"] == whole["NumberOfTrades"]
    assert actual["TradingValue"] == pytest.approx(whole["TradingValue"])
    # HftBacktest adds up signed amounts: what was bought minus what was sold.
    assert expected["TradingValue"] < 0.9 * actual["TradingValue"]


def test_named_difference_position_value_knows_the_contract(theirs: Any) -> None:
    """Size times price for linear, size over price for inverse (HftBacktest: |position| x price for all)."""
    for kind in ("LinearAssetRecord", "InverseAssetRecord"):
        rows = record(7, inverse=kind.startswith("Inverse"))
        held = np.abs(rows["position"])
        money = held * rows["price"] * 0.5 if kind.startswith("Linear") else held / rows["price"] * 0.5
        settings = {"frequency": None, "book": 10.0, "contract_size": 0.5}
        actual = numbers(ours, kind, rows, **settings)[0]
        expected = numbers(theirs, kind, rows, **settings)[0]
        assert actual["MaxPositionValue"] == pytest.approx(money.max())
        assert actual["MeanPositionValue"] == pytest.approx(money.mean())
        assert actual["MedianPositionValue"] == pytest.approx(np.median(money))
        assert actual["MaxLeverage"] == pytest.approx(money.max() / 10.0)
        assert expected["MaxPositionValue"] == pytest.approx((held * rows["price"]).max())


def test_named_difference_samples_a_day_come_from_all_intervals(theirs: Any) -> None:
    """HftBacktest annualises with the first interval alone."""
    rows = record(8)
    rows["timestamp"][0] += SECOND * 9 // 10
    even = numbers(ours, "LinearAssetRecord", record(8), None, None)[0]
    actual = numbers(ours, "LinearAssetRecord", rows, None, None)[0]
    expected = numbers(theirs, "LinearAssetRecord", rows, None, None)[0]
    assert actual["SR"] == pytest.approx(even["SR"], rel=0.01)
    assert expected["SR"] == pytest.approx(even["SR"] * np.sqrt(10), rel=0.01)


def test_named_difference_nothing_is_lost_in_the_first_window(theirs: Any) -> None:
    """Return is from the first sample on (HftBacktest: from the end of the first window on)."""
    rows = record(9)[1:]  # its first window has ten samples
    equity = rows["balance"] + rows["position"] * rows["price"] - rows["fee"]
    actual = numbers(ours, "LinearAssetRecord", rows, "10s", None)[0]
    expected = numbers(theirs, "LinearAssetRecord", rows, "10s", None)[0]
    assert actual["Return"] == pytest.approx(equity[-1] - equity[0])
    assert expected["Return"] == pytest.approx(equity[-1] - equity[9])
    assert actual["start"] == expected["start"]
    assert actual["DailyNumberOfTrades"] == pytest.approx(
        actual["NumberOfTrades"] / (len(np.unique(rows["timestamp"] // (10 * SECOND))) * 10 / 86_400)
    )


@pytest.mark.parametrize(("period", "step"), [("daily", 1800), ("monthly", 86_400), ("hourly", 60)])
def test_named_difference_periods_add_up(theirs: Any, period: str, step: int) -> None:
    """What is earned between two periods belongs to one of them (HftBacktest: to none)."""
    rows = record(10, moments=2000, step=step * SECOND)[1:]
    actual = numbers(ours, "LinearAssetRecord", rows, None, None, period=period)
    *parts, whole = actual
    assert len(parts) > 30
    for name in ("Return", "NumberOfTrades", "TradingVolume", "TradingValue"):
        assert sum(part[name] for part in parts) == pytest.approx(whole[name])
    if period == "hourly":
        return  # HftBacktest has no such method
    expected = numbers(theirs, "LinearAssetRecord", rows, None, None, period=period)
    assert [(e["start"], e["end"]) for e in expected] == [(a["start"], a["end"]) for a in actual]
    assert abs(sum(e["Return"] for e in expected[:-1]) - whole["Return"]) > 0.1


def test_named_difference_a_missing_price_keeps_the_last_one(theirs: Any) -> None:
    """The result does not depend on a side of the book that is empty for a while."""
    rows = record(11)
    rows["price"][100:150] = np.nan
    actual = numbers(ours, "LinearAssetRecord", rows, None, None)[0]
    whole = numbers(ours, "LinearAssetRecord", record(11), None, None)[0]
    assert actual["Return"] == pytest.approx(whole["Return"])
    assert np.isfinite(actual["SR"])


def test_asking_twice_is_asking_twice(theirs: Any) -> None:
    """A record can be resampled again (HftBacktest: the second time only what was left of the first)."""
    fresh, again = (ours.LinearAssetRecord(record(12)) for _ in range(2))
    again.resample("1m").stats()
    assert again.resample("1s").stats().splits == fresh.resample("1s").stats().splits
    used = theirs.LinearAssetRecord(record(12))
    used.resample("1m").stats()
    assert len(used.resample("1s").stats().entire) == 10


def test_a_metric_of_your_own() -> None:
    """A class or an object; it reads the table and the numbers before it."""

    class PerTrade(ours.Metric):
        def __init__(self, name: str = "PerTrade", scale: float = 1.0) -> None:
            self.name, self.scale = name, scale

        def compute(self, df: pl.DataFrame, context: dict[str, Any]) -> dict[str, Any]:
            return {self.name: self.scale * context["Return"] / df["num_trades_"].sum()}

    metrics = [ours.Ret, ours.NumberOfTrades("Trades"), PerTrade, PerTrade("Twice", 2.0)]
    row = ours.LinearAssetRecord(record(13)).stats(metrics, scale=3.0).splits[0]
    assert row["PerTrade"] == pytest.approx(3.0 * row["Return"] / row["Trades"])
    assert row["Twice"] == pytest.approx(2.0 * row["Return"] / row["Trades"])


def test_time_units() -> None:
    """Times in microseconds are times."""
    rows = record(14)
    micro = rows.copy()
    micro["timestamp"] //= 1000
    expected = ours.LinearAssetRecord(rows).stats().splits[0]
    actual = ours.LinearAssetRecord(micro).time_unit("us").stats().splits[0]
    assert actual == {
        name: pytest.approx(value) if isinstance(value, float) else value for name, value in expected.items()
    }


def test_too_short_for_a_ratio() -> None:
    """One sample: no ratio, and no error (HftBacktest: IndexError)."""
    row = ours.LinearAssetRecord(record(15)[:1]).stats(trading_days_per_year=365).splits[0]
    assert np.isnan(row["SR"])
    assert row["Return"] == 0.0
    assert np.isnan(ours.LinearAssetRecord(record(15)).stats([ours.MaxLeverage]).splits[0]["MaxLeverage"])


@pytest.mark.parametrize("backend", ["plotly", "matplotlib", "holoviews"])
def test_a_chart_has_equity_position_and_price(backend: str) -> None:
    """A plotly figure whoever draws it: equity in percent of the capital, price beside or behind it."""
    stats = ours.LinearAssetRecord(record(16)).stats(book_size=500.0)
    figure = stats.plot(backend=backend)
    assert [trace.name for trace in figure.data] == ["Equity", "Equity w/o fee", "Price", "Position", "Price"]
    net = (stats.entire["equity_wo_fee"] - stats.entire["fee"]).to_numpy()
    assert np.allclose(figure.data[0].y, net / 500.0 * 100.0)
    assert figure.data[2].yaxis == "y2"
    returns = stats.plot(price_as_ret=True).data[2]
    assert (returns.yaxis, returns.y[0]) == ("y", 0.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ours.LinearAssetRecord([1, 2]),
        lambda: ours.LinearAssetRecord(np.zeros(0, RECORD)),
        lambda: ours.LinearAssetRecord(pl.DataFrame({"timestamp": [1]})),
        lambda: ours.LinearAssetRecord(record(17)[::-1]).stats(),
        lambda: ours.LinearAssetRecord(record(17)).contract_size(0.0),
        lambda: ours.LinearAssetRecord(record(17)).stats().plot(backend="gnuplot"),
    ],
)
def test_bad_input_is_a_typed_error(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()
