"""The drop-in converters of tardis.dev's files: HftBacktest's rows where it is right, and its faults."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.modes import BOUNDS_CHECKED
from tests.support.shared import shared_data
from tests.vendors.test_tardis import BOOK, BOOK_ROWS, QUOTES, TRADES, lines, written
from truefill.compat.hftbacktest.data.utils import tardis as ours
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import BUY, DEPTH_CLEAR, DEPTH_SNAPSHOT, KIND_MASK, SELL, TRADE

# The first snapshot has two asks and a bid; HftBacktest gives the later ones no more than that.
TRADE_ROWS = ("9 10 1,buy,101.5,1", "20 25 2,sell,100.5,0.5", "31 41 3,unknown,100,1")
SMALL = {"buffer_size": 1000, "ss_buffer_size": 100}


@pytest.fixture(scope="module")
def theirs() -> Any:
    """HftBacktest's module."""
    if BOUNDS_CHECKED:
        pytest.skip("HftBacktest's functions read past their arrays, an error when bounds are checked")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("hftbacktest.data.utils.tardis", reason="hftbacktest is not installed")


def files(folder: Path, *rows: str) -> list[str]:
    """Trades and a book."""
    return [
        str(written(folder, "trades.csv", TRADES + lines(*TRADE_ROWS))),
        str(written(folder, "incremental_book_L2.csv", BOOK + lines(*rows))),
    ]


@pytest.mark.slow
@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
@pytest.mark.parametrize("mode", ["process", "ignore_sod", "ignore"])
def test_rows_are_hftbacktests(
    tmp_path: Path, theirs: Any, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small files of all kinds of rows, and a clock that is behind."""
    given = files(tmp_path, *BOOK_ROWS[:-1], "39 40 false,bid,99,6")
    out = tmp_path / "x.npz"
    mine = ours.convert(given, output_filename=out, base_latency=500, snapshot_mode=mode)
    expected = theirs.convert(given, base_latency=500, snapshot_mode=mode, **SMALL)

    assert np.array_equal(mine, expected)
    assert np.array_equal(np.load(out)["data"], mine)
    late = files(tmp_path, *BOOK_ROWS[:5], "50 31 false,bid,99,6")
    assert np.array_equal(
        ours.convert(late, base_latency=500), theirs.convert(late, base_latency=500, **SMALL)
    )


@pytest.mark.slow
@pytest.mark.needs_shared
@pytest.mark.compiled_only
def test_real_files_are_hftbacktests(theirs: Any) -> None:
    given = [
        str(shared_data(f"csv/tardis/{name}.csv.gz"))
        for name in ("binance-futures_trades_2020-02-22_BTCUSDT", "deribit_incremental_book_L2_BTC-PERPETUAL")
    ]
    for file in given:
        mine = ours.convert([file])
        theirs_rows = theirs.convert([file], buffer_size=20_000, ss_buffer_size=100)
        assert len(mine) >= len(theirs_rows) >= (0 if "book" in file else 9_999)
        if "trades" in file:
            assert np.array_equal(mine, theirs_rows)
        else:  # theirs loses a snapshot that the file ends with
            assert (len(theirs_rows), len(mine)) == (0, 16)


LONGER = ("50 51 true,bid,99,1", "50 51 true,bid,98,2", "50 51 true,bid,97,3", "60 61 false,bid,96,1")


def test_each_snapshot_has_all_its_rows(tmp_path: Path) -> None:
    """HftBacktest gives the second snapshot as many rows as the first had, here one bid of three."""
    rows = ours.convert(files(tmp_path, *BOOK_ROWS[:4], *LONGER))
    late = rows[rows["local_ts"] == rows["local_ts"][-2]]

    assert (late["ev"] & np.uint64(KIND_MASK)).tolist() == [DEPTH_CLEAR, *[DEPTH_SNAPSHOT] * 3]
    assert (late["px"].tolist(), late["qty"].tolist()) == ([97, 99, 98, 97], [0, 1, 2, 3])
    assert (late["ev"] & np.uint64(BUY | SELL) == BUY).all()


@pytest.mark.slow
@pytest.mark.compiled_only
def test_the_faults_are_hftbacktests(tmp_path: Path, theirs: Any) -> None:
    """The same files there: a snapshot cut to the length of the first, and one at the end lost."""
    cut = theirs.convert(files(tmp_path, *BOOK_ROWS[:4], *LONGER), **SMALL)
    assert len(cut) == len(ours.convert(files(tmp_path, *BOOK_ROWS[:4], *LONGER))) - 2
    ends = files(tmp_path, *BOOK_ROWS[:4], *LONGER[:3])
    assert len(theirs.convert(ends, **SMALL)) == len(ours.convert(ends)) - 4


@pytest.mark.slow
@pytest.mark.compiled_only
def test_fused_rows_make_hftbacktests_book(tmp_path: Path, theirs: Any) -> None:
    """Best prices and depth: after each local time the same levels; its own removals carry no flags."""
    quotes = written(tmp_path, "book_ticker.csv", QUOTES + lines("8 9 1,101.5,101,2", "24 26 4,102,101.5,3"))
    given = (*files(tmp_path, *BOOK_ROWS[:5]), str(quotes), 0.5, 1e-7)
    mine = ours.convert_fuse(*given)
    expected = theirs.convert_fuse(*given, ss_buffer_size=100)

    def book(rows: np.ndarray) -> dict[tuple[int, float], float]:
        kind = rows["ev"] & np.uint64(KIND_MASK)
        levels = {}
        for row in rows[(kind != TRADE) & (kind != DEPTH_CLEAR)]:
            levels[int(row["ev"]) & (BUY | SELL), round(float(row["px"]), 6)] = round(float(row["qty"]), 9)
        return {key: qty for key, qty in levels.items() if qty}

    assert book(mine) == book(expected)
    is_trade = [rows["ev"] & np.uint64(KIND_MASK) == TRADE for rows in (mine, expected)]
    assert np.array_equal(mine[is_trade[0]], expected[is_trade[1]])


def test_what_cannot_be_converted_is_refused(tmp_path: Path) -> None:
    quotes = written(tmp_path, "quotes.csv", QUOTES + lines("0 1 3,102,101,5"))
    with pytest.raises(ConfigError, match="convert_fuse for best prices"):
        ours.convert([quotes])
    with pytest.raises(ConfigError, match="snapshot_mode: expected process or ignore_sod or ignore"):
        ours.convert(files(tmp_path, *BOOK_ROWS), snapshot_mode="some")
    with pytest.raises(ConfigError, match="snapshot_mode"):
        ours.convert_fuse(*files(tmp_path, *BOOK_ROWS), quotes, 0.5, 1.0, snapshot_mode="some")
    with pytest.raises(DataError, match=r"incremental_book_L2\.csv:2, side"):
        ours.convert(files(tmp_path, "0 1 true,mid,1,1"))


@pytest.mark.parametrize(("mode", "snapshots"), [("process", 5), ("ignore_sod", 2), ("ignore", 0)])
def test_fused_snapshots_go_by_the_mode(tmp_path: Path, mode: str, snapshots: int) -> None:
    """HftBacktest takes each snapshot for the first one, so that ignore_sod is ignore there."""
    quotes = written(tmp_path, "quotes.csv", QUOTES + lines("8 9 1,101.5,101,2"))
    rows = ours.convert_fuse(*files(tmp_path, *BOOK_ROWS), quotes, 0.5, 1e-7, snapshot_mode=mode)

    assert int((rows["ev"] & np.uint64(KIND_MASK) == DEPTH_SNAPSHOT).sum()) == snapshots
