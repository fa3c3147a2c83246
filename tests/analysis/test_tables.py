"""Tables: decoded frames, their export, the summary in its three forms, and how numbers are written."""

import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from tests.analysis.runs import START, empty_asset, make_asset, make_run
from truefill.analysis import formats
from truefill.analysis.frames import equity_frame, export_tables, fills_frame, orders_frame
from truefill.analysis.metrics import CATALOGUE, metrics
from truefill.analysis.summary import summary_frame, summary_table, to_dict
from truefill.core.errors import InputError
from truefill.core.reasons import WOULD_TAKE
from truefill.core.run_data import RunData
from truefill.core.times import utc


def _text(table: object) -> str:
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_fills_frame_has_names_times_and_markouts() -> None:
    asset = make_asset(seconds=60, fills=40)
    asset.fills["bid"][5] = np.nan

    frame = fills_frame(make_run(asset))

    assert len(frame) == 40
    assert set(frame["side"]) == {"buy", "sell"}
    assert set(frame["liquidity"]) == {"maker", "taker"}
    assert frame.schema["local_time"] == pl.Datetime("ns", "UTC")
    assert frame["local_time"].cast(pl.Int64).to_list() == asset.fills["local_ts"].tolist()
    signed = frame["edge_bps"] * frame["value"]
    assert math.isnan(frame["edge_bps"][5])
    assert signed.drop_nans().sum() > 0
    assert frame["time_in_queue_s"].is_nan().sum() == (frame["liquidity"] == "taker").sum()


def test_orders_frame_has_names_and_no_times_that_never_were() -> None:
    asset = make_asset(seconds=60, fills=40)
    asset.orders["end_ts"][0] = 0
    asset.orders["status"][1] = 77
    asset.orders["reason"][2] = WOULD_TAKE

    frame = orders_frame(make_run(asset))

    assert frame["ended"][0] is None
    assert frame["ended"].null_count() == 1
    assert frame["status"][1] == "unknown (77)"
    assert set(frame["reason"]) == {"", "would_take"} and frame["reason"][2] == "would_take"
    assert set(frame["status"]) == {"filled", "cancelled", "expired", "unknown (77)"}
    assert set(frame["time_in_force"]) == {"GTC", "GTX"}
    assert set(frame["type"]) == {"limit"}


def test_equity_frame_is_long_and_has_a_total() -> None:
    frame = equity_frame(make_run(make_asset(), make_asset(symbol="ETH", seed=3)), interval_ns=10**10)

    last = dict(frame.group_by("asset").agg(pl.col("equity").last()).iter_rows())
    assert last["total"] == pytest.approx(last["ETH"] + last["BTCUSDT-PERP.BINANCE"])
    assert frame["time"][0] == datetime.fromtimestamp(START / 1e9, UTC)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_export_writes_tables_that_others_can_read(tmp_path: Path, kind: str) -> None:
    run = make_run(make_asset(fills=25))

    paths = export_tables(run, tmp_path / "out", kind)

    read = pl.read_parquet if kind == "parquet" else pl.read_csv
    assert [len(read(p)) for p in paths] == [25, 50, len(equity_frame(run)), len(summary_frame(run))]
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())


def test_export_knows_two_kinds(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected parquet or csv, got xlsx"):
        export_tables(make_run(), tmp_path, "xlsx")


def test_frames_of_nothing() -> None:
    for run in (make_run(empty_asset()), RunData(())):
        frames = [fills_frame(run), orders_frame(run), equity_frame(run), summary_frame(run)]
        assert [len(f) for f in frames[:3]] == [0, 0, 0]


def test_summary_frame_holds_the_metrics() -> None:
    run = make_run(make_asset(), make_asset(symbol="ETH", seed=3))

    frame = summary_frame(run, book_size=1e4)

    symbols = ["total", "BTCUSDT-PERP.BINANCE", "ETH"]
    assert frame.columns == ["group", "metric", "name", "unit", "meaning", *symbols]
    assert dict(zip(frame["name"], frame["ETH"], strict=True)) == metrics(run, 1, book_size=1e4)
    groups = ["Result", "Risk", "Activity", "Execution quality"]
    assert frame["group"].unique(maintain_order=True).to_list() == groups


def test_summary_table_reads_like_a_summary() -> None:
    text = _text(summary_table(make_run(make_asset(seconds=3600, fills=1500))))

    words = ("Grid market maker", "Net PnL", "USDT", "Sharpe ratio", "Maker share", "2024-08-08", "01:00:00")
    for word in words:
        assert word in text
    assert "1,500" in text
    assert "nan" not in text.lower().replace("binance", "")


def test_brief_table_is_a_part_of_the_whole() -> None:
    run = make_run()

    short, whole = (_text(summary_table(run, brief=b)).splitlines() for b in (True, False))
    assert 20 < len(short) < len(whole)


def test_two_currencies_have_no_total_and_same_symbols_two_names() -> None:
    mixed = make_run(make_asset(fills=5), make_asset(fills=5, currency="USDC"))

    names = ["BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BINANCE #2"]
    assert summary_frame(mixed).columns[5:] == names
    assert list(to_dict(mixed)["metrics"]) == names


def test_summary_of_nothing_says_so() -> None:
    text = _text(summary_table(make_run(empty_asset())))

    assert "n/a" in text
    assert "no data" in text


def test_to_dict_is_json_without_nan() -> None:
    for run in (make_run(), make_run(empty_asset()), RunData(())):
        json.dumps(to_dict(run), allow_nan=False)
    assert to_dict(make_run(empty_asset()))["metrics"]["NOTHING"]["SR"] is None


METRIC = {m.unit: m for m in CATALOGUE}


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("scaled", -1234.5, ("−1,234.50", "USDT")),
        ("money", 0.000123456, ("0.0001235", "USDT")),
        ("money", 1234567.8, ("1,234,568", "USDT")),
        ("money", -0.0, ("0.00", "USDT")),
        ("money", math.nan, ("n/a", "")),
        ("ratio", math.inf, ("∞", "")),
        ("ratio", -math.inf, ("−∞", "")),
        ("share", 0.9312, ("93.1", "%")),
        ("of value", 0.00012, ("1.20", "bps")),
        ("bps", -0.00001, ("0.000", "bps")),
        ("count", 12345.0, ("12,345", "")),
        ("count/day", 2.0, ("2", "a day")),
        ("money/day", 2.0, ("2.00", "USDT a day")),
        ("s", 0.00035, ("350", "µs")),
        ("s", 0.35, ("350", "ms")),
        ("s", 3.52, ("3.5", "s")),
        ("s", 600.0, ("10.0", "min")),
        ("s", 7200.0, ("2.0", "h")),
    ],
)
def test_numbers_are_written_for_people(unit: str, value: float, expected: tuple[str, str]) -> None:
    assert formats.display(METRIC[unit], value, "USDT") == expected


def test_scaled_numbers_are_a_share_of_the_book() -> None:
    assert formats.display(METRIC["scaled"], 0.015, "USDT", book_size=1e4) == ("1.50", "% of book")


def test_times_prices_and_spans() -> None:
    assert utc(START + 1_234_567) == "2024-08-08 00:00:00"
    assert utc(START + 1_234_567, 3) == "2024-08-08 00:00:00.001"
    assert utc(START + 1_234_567, 9) == "2024-08-08 00:00:00.001234567"
    assert formats.span(59.96) == "00:01:00"
    assert formats.span(90_061) == "1 d 01:01:01"
    assert formats.trimmed(60000.10) == "60,000.1"
    assert formats.trimmed(0.001) == "0.001"
    assert formats.trimmed(math.nan) == "n/a"
    assert formats.number(math.nan) == "n/a"
