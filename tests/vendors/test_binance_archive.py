"""Binance's public archive: all layouts with and without names, ms and us, and the depth archive's gaps."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core.decimals import nearest_floats
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    KIND_MASK,
    LOCAL,
    SELL,
    TRADE,
)
from truefill.strategy import events as strategy_events
from truefill.vendors import BOOK_BAND, KLINE, guess_format, read_binance_archive, read_klines, sorting

MS = 1_704_067_200_000

TRADES = f"""\
id,price,qty,quote_qty,time,is_buyer_maker
4368750001,42313.9,0.005,211.5695,{MS},false
4368750002,42313.8,1.2,50776.56,{MS + 7},true
4368750003,42313.9,0.001,42.3139,{MS + 7},False
"""
SPOT_TRADES = f"""\
3357423452,42283.58000000,0.00236000,99.78924880,{MS}123,True,True
3357423453,42283.59000000,0.50000000,21141.79500000,{MS + 4}567,False,True
"""
AGG_TRADES = f"""\
agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker
1982716321,42313.9,0.005,4368750001,4368750001,{MS},false
1982716322,42313.8,1.2,4368750002,4368750004,{MS + 7},true
"""
TICKERS = f"""\
update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time
3831603310013,2474.30,6.009,2474.31,44.757,{MS},{MS + 5}
3831603310668,2474.30,6.090,2474.31,44.757,{MS + 11},{MS + 16}
3831603313269,2474.29,7.000,2474.31,44.412,{MS + 44},{MS + 50}
"""
BANDS = """\
timestamp,percentage,depth,notional
2024-01-01 00:00:09,-5.00,8091.31000000,132077338.89700000
2024-01-01 00:00:09,0.20,12.50000000,528900.25000000
"""
KLINES = f"""\
open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore
{MS},42314.0,42335.8,42289.6,42331.9,289.641,{MS + 59_999},12256155.2,3310,175.211,7414459.1,0
"""
HEAD = "symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty"
SNAPSHOT = f"""\
{HEAD},pu
BTCUSDT,{MS - 1},100,100,a,snap,9235.10,3,-1
BTCUSDT,{MS - 1},100,100,a,snap,9235.09,1.5,-1
BTCUSDT,{MS - 1},100,100,b,snap,9235.00,2,-1
"""
UPDATES = f"""\
{HEAD},pu
BTCUSDT,{MS - 5},90,95,b,set,9234.00,9,89
BTCUSDT,{MS + 1},99,104,a,set,9235.09,0.000,95
BTCUSDT,{MS + 1},99,104,b,set,9235.01,0.852,95
BTCUSDT,{MS + 9},107,110,b,set,9235.01,0.9,104
BTCUSDT,{MS + 20},150,160,a,set,9235.08,4,140
"""


def write(path: Path, text: str) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.stem + ".csv", text)
    else:
        path.write_text(text)
    return path


def table(rows: np.ndarray) -> list[tuple[int, int, float, float, int]]:
    """Kind, side, price, quantity, and ms since the beginning."""
    px, qty = nearest_floats(rows["px"], rows["px_exp"]), nearest_floats(rows["qty"], rows["qty_exp"])
    since = (rows["exch_ts"] - MS * 10**6) // 10**6
    return list(
        zip(
            kinds(rows).tolist(),
            sides(rows).tolist(),
            px.tolist(),
            qty.tolist(),
            since.tolist(),
            strict=True,
        )
    )


@pytest.mark.parametrize("named", [True, False])
def test_trades_are_the_takers(tmp_path: Path, named: bool) -> None:
    """A buyer who was the maker means a seller who took; with and without a line of names, zip and plain."""
    text = TRADES if named else TRADES.partition("\n")[2]
    path = write(tmp_path / ("BTCUSDT-trades-2024-01-01.zip" if named else "any.csv"), text)
    reader = read_binance_archive(path, feed_latency_ns=500)
    rows = joined(reader)

    assert table(rows) == [
        (TRADE, 1, 42313.9, 0.005, 0),
        (TRADE, -1, 42313.8, 1.2, 7),
        (TRADE, 1, 42313.9, 0.001, 7),
    ]
    assert rows["order_id"].tolist() == [4368750001, 4368750002, 4368750003]
    assert (rows["local_ts"] - rows["exch_ts"]).tolist() == [500] * 3
    assert reader.lines.tolist() == ([2, 3, 4] if named else [1, 2, 3])
    assert guess_format(path) == "binance-archive"


def test_spot_and_aggregated_trades(tmp_path: Path) -> None:
    """Seven fields of two meanings are told apart; microseconds stay exact."""
    spot = joined(read_binance_archive(write(tmp_path / "spot.csv", SPOT_TRADES)))
    assert spot["exch_ts"].tolist() == [MS * 10**6 + 123_000, MS * 10**6 + 4_567_000]
    assert sides(spot).tolist() == [-1, 1]
    assert (spot["px"].tolist(), int(spot["px_exp"][0])) == ([4228358000000, 4228359000000], -8)
    assert spot["order_id"].tolist() == [3357423452, 3357423453]

    for text in (AGG_TRADES, AGG_TRADES.partition("\n")[2]):
        rows = joined(read_binance_archive(write(tmp_path / "agg.csv", text)))
        assert table(rows) == [(TRADE, 1, 42313.9, 0.005, 0), (TRADE, -1, 42313.8, 1.2, 7)]
        assert rows["order_id"].tolist() == [1982716321, 1982716322]
    of_spot = "".join(f"{line},True\n" for line in AGG_TRADES.splitlines()[1:])
    assert (joined(read_binance_archive(write(tmp_path / "agg.csv", of_spot))) == rows).all()


EXPECTED_TICKERS = [
    (DEPTH_CLEAR, 0, 0, 0, 0),
    (DEPTH_SNAPSHOT, 1, 2474.3, 6.009, 0),
    (DEPTH_SNAPSHOT, -1, 2474.31, 44.757, 0),
    (DEPTH, 1, 2474.3, 6.09, 11),
    (DEPTH, 1, 2474.3, 0, 44),
    (DEPTH, 1, 2474.29, 7, 44),
    (DEPTH, -1, 2474.31, 44.412, 44),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (0, 2, 1)])
def test_best_prices_are_a_book_of_one_level(tmp_path: Path, order: tuple[int, ...]) -> None:
    """... in the order of the update ids: files of 2024 interleave two parts of the day."""
    head, *lines = TICKERS.splitlines()
    path = write(tmp_path / "t.csv", "\n".join([head, *(lines[i] for i in order)]) + "\n")
    reader = read_binance_archive(path)
    rows = joined(reader)

    assert sorted(table(rows)[:3]) == sorted(EXPECTED_TICKERS[:3])
    assert sorted(table(rows)[3:]) == sorted(EXPECTED_TICKERS[3:])
    assert [row[4] for row in table(rows)] == [0, 0, 0, 11, 44, 44, 44]
    assert reader.counters.others == (
        {} if order == (0, 1, 2) else {"rows_out_of_order_which_were_sorted": 1}
    )
    assert reader.lines[-1] == 2 + order.index(2)


def test_disorder_is_sorted_in_pieces() -> None:
    """Runs on disk, merged: as sorting at once, whatever the sizes of blocks and runs."""
    rng = np.random.default_rng(5)
    for run_rows in (1, 7, 64, 10_000):
        rows = rng.integers(0, 300, (500, 3))
        cuts = np.sort(rng.integers(0, 500, 9))
        merged = np.concatenate(list(sorting.sorted_rows(np.split(rows, cuts), 1, run_rows)))
        assert merged[:, 1].tolist() == sorted(rows[:, 1].tolist())
        assert sorted(map(tuple, merged.tolist())) == sorted(map(tuple, rows.tolist()))
    assert list(sorting.sorted_rows([], 0)) == []


def test_bands_are_events_of_their_own(tmp_path: Path) -> None:
    """bookDepth is no book: nothing of it enters one, and the report says what it is."""
    path = write(tmp_path / "BTCUSDT-bookDepth-2024-01-01.zip", BANDS)
    rows = joined(read_binance_archive(path))

    assert table(rows) == [(BOOK_BAND, 1, -5, 8091.31, 9000), (BOOK_BAND, -1, 0.2, 12.5, 9000)]
    assert rows["fval"].tolist() == [132077338.897, 528900.25]
    report = convert_files(path, symbol="BTCUSDT.BINANCE", out=tmp_path / "x.tape")
    assert open_tape(tmp_path / "x.tape").header.counts == {"kind_120": 2}
    assert report.notes[0].startswith("bookDepth: sums of what rests within bands")
    assert any(note.startswith("no book") for note in report.notes)


@pytest.mark.parametrize("named", [True, False])
def test_klines_are_bars_and_no_events(tmp_path: Path, named: bool) -> None:
    """They are refused as events; as bars they are what `on_kline` gets, over when their last ms is."""
    path = write(tmp_path / "BTCUSDT-1m-2024-01.zip", KLINES if named else KLINES.partition("\n")[2])
    with pytest.raises(DataError, match="read_klines"):
        convert_files(path, symbol="A.B", out=tmp_path / "x.tape")
    assert KLINE == strategy_events.KLINE
    (bar,) = read_klines(path).tolist()
    assert bar == (
        *((MS + 60_000) * 10**6, 0, 0, MS * 10**6, (MS + 60_000) * 10**6),
        *(42314.0, 42335.8, 42289.6, 42331.9, 289.641, 175.211, 12256155.2, 3310),
    )
    micro = KLINES.replace(f"{MS},", f"{MS}000,").replace(str(MS + 59_999), f"{MS + 59_999}999")
    path = write(tmp_path / "BTCUSDT-1m-2025-01.zip", micro)
    assert read_klines(path)["end_ts"].tolist() == [(MS + 60_000) * 10**6]
    with pytest.raises(DataError, match="a file of bars"):
        read_klines(write(tmp_path / "t.csv", TRADES))
    broken = micro.replace(str(MS + 59_999), str(MS - 59_999))
    with pytest.raises(DataError, match=r"2024-01.csv:2: expected a close_time after the open_time"):
        read_klines(write(tmp_path / "BTCUSDT-1m-2024-01.csv", broken))


def test_the_depth_archive_is_a_book_with_gaps(tmp_path: Path) -> None:
    """The snapshot, then what it does not hold; a message whose pu is not the last id begins a gap."""
    snapshot = write(tmp_path / "BTCUSDT_T_DEPTH_2020-07-31_depth_snap.csv", SNAPSHOT)
    updates = write(tmp_path / "BTCUSDT_T_DEPTH_2020-07-31_depth_update.csv", UPDATES)
    reader = read_binance_archive(snapshot, updates)

    assert table(joined(reader)) == [
        (DEPTH_CLEAR, 0, 0, 0, -1),
        (DEPTH_SNAPSHOT, -1, 9235.1, 3, -1),
        (DEPTH_SNAPSHOT, -1, 9235.09, 1.5, -1),
        (DEPTH_SNAPSHOT, 1, 9235, 2, -1),
        (DEPTH, -1, 9235.09, 0, 1),
        (DEPTH, 1, 9235.01, 0.852, 1),
        (DEPTH, 1, 9235.01, 0.9, 9),
        (GAP_BEGIN, 0, 0, 0, 20),
        (DEPTH, -1, 9235.08, 4, 20),
    ]
    assert reader.lines.tolist() == [3, 4, 5, 6, 6]
    assert reader.counters.others == {"snapshots": 1, "updates_that_the_snapshot_holds": 1, "gaps": 1}

    trades = write(tmp_path / "BTCUSDT-trades-2020-07-31.csv", TRADES)
    report = convert_files([updates, trades, snapshot], symbol="BTCUSDT.BINANCE", out=tmp_path / "x.tape")
    header = open_tape(tmp_path / "x.tape").header
    assert (report.format, header.gaps, header.has_snapshot) == ("binance-archive", 1, True)
    assert header.counts == {"depth": 4, "trade": 3, "depth_clear": 1, "depth_snapshot": 3, "gap_begin": 1}
    assert (header.last_best_bid, header.last_best_ask) == ("9235.01", "9235.08")


def test_a_depth_archive_without_pu_says_so(tmp_path: Path) -> None:
    """As it was in 2020; and HftBacktest's form without names, with trans_id."""
    plain = "\n".join(line.rpartition(",")[0] for line in UPDATES.splitlines()) + "\n"
    reader = read_binance_archive(write(tmp_path / "u.csv", plain))
    rows = joined(reader)
    assert (len(rows), int((kinds(rows) == GAP_BEGIN).sum())) == (5, 0)
    assert reader.counters.notes == ["no pu column: whether changes are missing cannot be seen"]

    fields = [line.split(",") for line in plain.splitlines()[1:]]
    old = "".join(",".join([*f[:2], "7", *f[2:]]) + "\n" for f in fields)
    assert (joined(read_binance_archive(write(tmp_path / "o.csv", old))) == rows).all()


@pytest.mark.parametrize(
    ("name", "text", "where", "message"),
    [
        ("BTCUSDT-trades-2024-01-01.csv", TRADES.replace("qty,quote", "size,quote"), 1, "names qty (trades)"),
        ("BTCUSDT-trades-2024-01-01.csv", "1,2,3\n", 1, "trades: 6 or 7 fields, or a line of names"),
        ("t.csv", TRADES.replace("true", "maybe"), 3, "true or false as is_buyer_maker, got 'maybe'"),
        ("t.csv", TRADES.replace("42313.8", "4x"), 3, "a decimal number as price, got '4x'"),
        ("t.csv", TRADES.replace("42313.8", "-1"), 3, "a price above 0"),
        ("t.csv", TRADES.replace(",1.2,", ",-1.2,"), 3, "a quantity of 0 or more"),
        ("t.csv", TRADES.replace("0.005", "0.0000000051"), 2, "at most 8 decimal places as qty"),
        ("t.csv", TRADES.replace(f"{MS},", f"{MS // 1000},"), 2, "which seems to be in seconds"),
        ("t.csv", TRADES.replace(f"{MS},", f"{MS}000000,"), 2, "which seems to be in nanoseconds"),
        ("t.csv", TRADES[:-21], 4, "6 columns"),
        ("b.csv", TICKERS.replace("2474.29", "0"), 4, "a best_bid_price above 0"),
        ("b.csv", TICKERS.replace("44.412", "-1"), 4, "a best_ask_qty of 0 or more"),
        ("d.csv", UPDATES.replace(",a,set,9235.08", ",x,set,9235.08"), 6, "b (bid) as side, got 'x'"),
        (
            "d.csv",
            UPDATES.replace("set,9235.08", "delta,9235.08"),
            6,
            "set or snap as update_type, got 'delta'",
        ),
        ("d.csv", UPDATES.replace("BTCUSDT,1704067200009", "ETHUSDT,1704067200009"), 5, "of one instrument"),
        ("d.csv", UPDATES.replace("9235.08", "0"), 6, "a price above 0, got 0e-8"),
        ("d.csv", UPDATES.replace("0.852", "-2"), 4, "a quantity of 0 or more, got -200000000e-8"),
        ("d.csv", UPDATES.replace(str(MS + 20), "20"), 6, "timestamp in milliseconds or microseconds"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, name: str, text: str, where: int, message: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(DataError) as caught:
        list(read_binance_archive(path))
    assert message in str(caught.value)
    assert caught.value.where == f"{path}:{where}"


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    """Another instrument, the same trades twice, two books; nothing is left behind."""
    files = {
        "BTCUSDT-trades-2024-01-01.csv": TRADES,
        "ETHUSDT-trades-2024-01-01.csv": TRADES,
        "BTCUSDT-aggTrades-2024-01-01.csv": AGG_TRADES,
        "BTCUSDT-bookTicker-2024-01-01.csv": TICKERS,
        "BTCUSDT_T_DEPTH_2020-07-31_depth_update.csv": UPDATES,
    }
    btc, eth, aggregated, tickers, depth = [write(tmp_path / name, text) for name, text in files.items()]
    for paths, message in (
        ([btc, eth], "files of one instrument, got BTCUSDT, ETHUSDT"),
        ([btc, aggregated], "one source of trades, got trades and aggTrades"),
        ([tickers, depth], "one source of the book"),
    ):
        with pytest.raises(DataError, match=message):
            convert_files(paths, symbol="A.B", out=tmp_path / "x.tape")
    cut = tmp_path / "BTCUSDT-trades-2024-01-02.zip"
    cut.write_bytes(write(tmp_path / "BTCUSDT-trades-2024-01-03.zip", TRADES).read_bytes()[:-60])
    with pytest.raises(DataError, match="an intact zip archive"):
        convert_files(cut, symbol="A.B", out=tmp_path / "x.tape")
    with pytest.raises(DataError, match="a file of Binance's archive"):
        read_binance_archive(write(tmp_path / "other.txt", "hello\n"))
    with pytest.raises(DataError, match="one file at a time"):
        read_binance_archive(btc, aggregated)
    with pytest.raises(ConfigError, match="0 to 18 decimal places"):
        read_binance_archive(btc, price_places=19)
    with pytest.raises(ConfigError, match="a latency of 0 ns or more"):
        read_binance_archive(btc, feed_latency_ns=-1)
    assert not list(tmp_path.glob("*x.tape*"))


def test_days_and_kinds_become_one_tape(tmp_path: Path) -> None:
    """Best prices and trades of two days: a tape that says what it lacks."""
    day = 86_400_000
    for kind, text in (("trades", TRADES), ("bookTicker", TICKERS)):
        for n in range(2):
            later = text
            for ms in sorted({MS, MS + 5, MS + 7, MS + 11, MS + 16, MS + 44, MS + 50}):
                later = later.replace(str(ms), str(ms + n * day))
            write(tmp_path / f"ETHUSDT-{kind}-2024-01-0{n + 1}.zip", later)
    report = convert_files(sorted(tmp_path.glob("*.zip")), symbol="ETHUSDT.BINANCE", out=tmp_path / "x.tape")
    tape = open_tape(tmp_path / "x.tape")

    assert tape.header.counts == {"depth": 8, "trade": 6, "depth_clear": 2, "depth_snapshot": 4}
    assert tape.header.last_exch_ts == (MS + day + 44) * 10**6
    assert (tape.header.tick_size, tape.header.lot_size) == ("0.01", "0.001")
    assert report.notes == []


def test_flags_are_those_of_both_sides(tmp_path: Path) -> None:
    rows = joined(read_binance_archive(write(tmp_path / "t.csv", TRADES)))
    assert set((rows["ev"] & ~np.uint64(KIND_MASK)).tolist()) == {EXCH | LOCAL | BUY, EXCH | LOCAL | SELL}
