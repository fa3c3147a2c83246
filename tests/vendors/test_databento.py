"""Databento's MBO: what each action becomes, both layouts of CSV, DBN, and two hours of CME's ES."""

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import counts, joined, kinds, plain, replay, sides
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import FILL, TRADE
from truefill.core.order_book import OrderBook
from truefill.vendors import all_events, read_databento

HEAD = "ts_recv,ts_event,action,side,price,size,order_id,flags,ts_in_delta,sequence\n"
T = 1_703_545_200_000_000_000

RAW = (
    HEAD
    + "\n".join(
        f"{T + recv},{T + event},{action},{side},{price},{size},{order},{flags},0,{sequence}"
        for recv, event, action, side, price, size, order, flags, sequence in [
            (0, -5000, "R", "N", 9223372036854775807, 0, 0, 40, 0),
            (0, -3_600_000_000_000, "A", "B", 4799000000000, 5, 1, 40, 1),
            (0, -7_200_000_000_000, "A", "A", 4799250000000, 3, 2, 168, 2),
            (50, -10, "C", "B", 4799000000000, 2, 1, 130, 3),
            (100, 20, "T", "B", 4799250000000, 2, 0, 0, 4),
            (100, 20, "F", "A", 4799250000000, 2, 2, 0, 4),
            (100, 20, "C", "A", 4799250000000, 2, 2, 130, 4),
            (200, 120, "M", "A", 4799500000000, 7, 2, 130, 5),
            (300, 220, "M", "B", 4798750000000, 9, 7, 130, 6),
            (400, 320, "C", "B", 4798750000000, 4, 8, 130, 7),
            (500, 420, "F", "N", 4799500000000, 1, 2, 0, 8),
            (600, 520, "F", "B", 4798500000000, 1, 9, 0, 9),
            (700, 620, "N", "N", 9223372036854775807, 0, 0, 128, 10),
            (800, 720, "T", "N", 9223372036854775807, 1, 0, 128, 11),
            (900, 820, "C", "B", 4799000000000, 99, 1, 132, 12),
        ]
    )
    + "\n"
)

EXPECTED = [
    ("clear", 0, 0, 0, 0),
    ("add", 1, 1, 4799000000000, 5),
    ("add", -1, 2, 4799250000000, 3),
    ("modify", 1, 1, 4799000000000, 3),
    ("trade", 1, 0, 4799250000000, 2),
    ("fill", -1, 2, 4799250000000, 2),
    ("modify", -1, 2, 4799250000000, 1),
    ("modify", -1, 2, 4799500000000, 7),
    ("add", 1, 7, 4798750000000, 9),
    ("fill", -1, 2, 4799500000000, 1),
    ("fill", 1, 9, 4798500000000, 1),
    ("cancel", 1, 1, 4799000000000, 3),
]


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def pretty(text: str) -> str:
    """The same in Databento's other layout: decimals and ISO times, and some more columns."""
    out = [
        "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,price,size,channel_id,order_id,flags,ts_in_delta,sequence,symbol"
    ]
    for line in text.splitlines()[1:]:
        recv, event, action, side, price, size, order, flags, delta, sequence = line.split(",")
        times = [f"{np.datetime64(int(t), 'ns')}Z" for t in (recv, event)]
        px = "" if price == str(2**63 - 1) else f"{int(price) // 10**9}.{int(price) % 10**9:09d}"
        out.append(
            f"{times[0]},{times[1]},160,1,17077,{action},{side},{px},{size},0,{order},{flags},{delta},{sequence},ESH4"
        )
    return "\n".join(out) + "\n"


def test_each_action_becomes_its_events(tmp_path: Path) -> None:
    """Partial cancels, fills with and without a side, modifies of unknown orders; what is odd is counted."""
    reader = read_databento(write(tmp_path / "mbo.csv", RAW))
    rows = joined(reader)

    assert plain(rows) == EXPECTED
    assert reader.counters.odd() == {
        "unknown_cancels": 1,
        "unknown_modifies": 1,
        "unknown_fills": 1,
        "overdrawn": 1,
    }
    assert reader.counters.others == {
        "ignored": 1,
        "without_price": 1,
        "snapshot_orders": 2,
        "moved_behind_a_snapshot": 1,
        "maybe_bad_book": 1,
    }
    assert (reader.counters.rows, reader.counters.live_orders) == (15, 2)
    assert rows["ival"][kinds(rows) == TRADE].tolist() == [4]
    assert reader.lines.tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16]


def test_times_of_a_snapshot_are_when_it_was_taken(tmp_path: Path) -> None:
    """... and nothing after it happens before it; everything else keeps its nanoseconds."""
    rows = joined(read_databento(write(tmp_path / "mbo.csv", RAW)))

    assert (rows["exch_ts"] - T).tolist() == [0, 0, 0, 0, 20, 20, 20, 120, 220, 420, 520, 820]
    assert (rows["local_ts"] - T).tolist() == [0, 0, 0, 50, 100, 100, 100, 200, 300, 500, 600, 900]


def test_both_layouts_of_csv_are_the_same_events(tmp_path: Path) -> None:
    """Decimals and ISO times, line ends of Windows, gzip: all exact."""
    raw = joined(read_databento(write(tmp_path / "raw.csv", RAW)))
    other = tmp_path / "pretty.csv.gz"
    other.write_bytes(gzip.compress(pretty(RAW).replace("\n", "\r\n").encode()))

    assert np.array_equal(raw, joined(read_databento(other)))
    assert np.array_equal(raw, joined(read_databento(other, instrument="ESH4")))
    assert np.array_equal(raw, joined(read_databento(other, instrument=17077)))
    assert list(read_databento(other, instrument="ESM4")) == []


def test_zstd_is_read_and_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Databento packs its CSV with zstd; without the library the error names the extra."""
    zstandard = pytest.importorskip("zstandard")
    packed = tmp_path / "glbx.mbo.csv.zst"
    packed.write_bytes(zstandard.compress(RAW.encode()))

    assert plain(joined(read_databento(packed))) == EXPECTED
    packed.write_bytes(zstandard.compress(RAW.encode())[:-9])
    with pytest.raises(DataError, match="a complete file"):
        list(read_databento(packed))
    packed.write_bytes(zstandard.compress(RAW.encode())[:6] + b"\xff" * 60)
    with pytest.raises(DataError, match="intact packed data"):
        list(read_databento(packed))
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(DataError, match=r"truefill\[databento\]"):
        list(read_databento(packed))


def test_two_instruments_are_refused_unless_one_is_wanted(tmp_path: Path) -> None:
    text = pretty(RAW)
    last = text.splitlines()[-1].replace("17077", "5").replace("ESH4", "ESM4")
    path = write(tmp_path / "mbo.csv", text + last + "\n")

    with pytest.raises(DataError, match="2: 17077, 5"):
        list(read_databento(path))
    assert plain(joined(read_databento(path, instrument=17077))) == EXPECTED


@pytest.mark.parametrize(
    ("before", "after", "expected", "line"),
    [
        ("A,B,4799000000000", "X,B,4799000000000", "an action A, C, M, R, T, F or N, got 'X'", 3),
        ("A,B,4799000000000", "A,C,4799000000000", "side A, B or N, got 'C'", 3),
        ("A,B,4799000000000", "A,B,4799000000000x", "a decimal number as price", 3),
        (",5,1,40,", ",5,-1,40,", "a decimal number as order_id", 3),
        (",5,1,40,", ",5,18446744073709551616,40,", "63 bits as order_id", 3),
        (f"{T - 3_600_000_000_000}", "9300000000000000000", "a time before the year 2262", 3),
        (f"{T - 3_600_000_000_000}", "2023-13-25T22:00:00Z", "a time as 2023-12-25T22", 3),
        ("ts_recv,ts_event", "ts_recv,time", "a first line that names", 1),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, before: str, after: str, expected: str, line: int) -> None:
    path = write(tmp_path / "mbo.csv", RAW.replace(before, after, 1))

    with pytest.raises(DataError) as caught:
        list(read_databento(path))
    assert expected in str(caught.value)
    assert str(caught.value.where) == f"{path}:{line}"


def test_what_cannot_be_chosen_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "mbo.csv", RAW)

    with pytest.raises(DataError, match="a column symbol"):
        list(read_databento(path, instrument="ESH4"))
    with pytest.raises(DataError, match="a column instrument_id"):
        list(read_databento(path, instrument=17077))
    with pytest.raises(ConfigError, match="dbn or csv"):
        read_databento(path, form="json")
    with pytest.raises(DataError, match="a file"):
        read_databento(tmp_path / "none.csv")


def _dbn(text: str) -> bytes:
    """The same records as DBN, written by Databento's own library."""
    dbn = pytest.importorskip("databento_dbn")
    out = io.BytesIO()
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.MBO,
        symbols=["ESH4"],
        partial=[],
        not_found=[],
        mappings=[],
    )
    out.write(bytes(metadata))
    for line in text.splitlines()[1:]:
        recv, event, action, side, price, size, order, flags, delta, sequence = line.split(",")
        out.write(
            bytes(
                dbn.MBOMsg(
                    publisher_id=1,
                    instrument_id=17077,
                    ts_event=int(event),
                    order_id=int(order),
                    price=int(price),
                    size=int(size),
                    action=dbn.Action.from_str(action),
                    side=dbn.Side.from_str(side),
                    ts_recv=int(recv),
                    flags=int(flags),
                    ts_in_delta=int(delta),
                    sequence=int(sequence),
                )
            )
        )
    return out.getvalue()


def test_dbn_is_the_same_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain and packed; damaged files and a missing library are typed errors."""
    raw = joined(read_databento(write(tmp_path / "raw.csv", RAW)))
    data = _dbn(RAW)
    path = tmp_path / "mbo.dbn"
    path.write_bytes(data)
    zstandard = pytest.importorskip("zstandard")

    assert np.array_equal(raw, joined(read_databento(path)))
    path.write_bytes(zstandard.compress(data))
    assert np.array_equal(raw, joined(read_databento(path)))
    with pytest.raises(DataError, match="the symbol ESM4"):
        list(read_databento(path, instrument="ESM4"))
    path.write_bytes(data[:-20])
    with pytest.raises(DataError, match="record 15"):
        list(read_databento(path))
    path.write_bytes(b"DBN\x63" + data[4:])
    with pytest.raises(DataError, match="DBN of version 1 to"):
        list(read_databento(path))
    monkeypatch.setitem(sys.modules, "databento_dbn", None)
    with pytest.raises(DataError, match=r"truefill\[databento\]"):
        list(read_databento(path))


CME = "l3/cme/esh4-glbx-mdp3-20231225.mbo"


@pytest.mark.slow
@pytest.mark.needs_shared
def test_two_hours_of_es_replay_without_an_unknown_order() -> None:
    """The counts of the recording, the end of its book, and crossed only before the opening at 23:00."""
    reader = read_databento(shared_data(f"{CME}.csv.gz"))
    rows = joined(reader)
    book = OrderBook()
    opening = 1_703_545_200_000_000_000
    live = np.searchsorted(rows["exch_ts"], opening)
    refused = replay(book, rows[:live], 250_000_000)
    assert (book.best_bid or 0) > (book.best_ask or 0)  # the auction is about to open
    end = int(live)
    while end < len(rows):
        start = end
        end = start + 500
        while end < len(rows) and rows["exch_ts"][end] == rows["exch_ts"][end - 1]:
            end += 1  # the uncrossing is one moment
        refused += replay(book, rows[start:end], 250_000_000)
        assert (book.best_bid or 0) < (book.best_ask or 0)

    assert counts(rows) == {"trade": 2973, "add": 29216, "cancel": 17999, "modify": 12233, "fill": 6371}
    assert reader.counters.odd() == {"unknown_fills": 7}
    assert reader.counters.others == {"snapshot_orders": 8725}
    assert (reader.counters.rows, reader.counters.most_live_orders) == (68_792, 11_237)
    assert refused == 0
    assert (book.best_bid, book.best_ask) == (4810_00 // 25, 4810_25 // 25)
    assert (book.level_qty(1, 4810_00 // 25), book.level_qty(-1, 4810_25 // 25)) == (22, 28)
    assert len(book) == reader.counters.live_orders
    assert int(rows["qty"][kinds(rows) == TRADE].sum()) == 9892
    # 35 fills of the opening auction name no side. That of the order is filled in, if it is known.
    assert int((sides(rows)[kinds(rows) == FILL] == 0).sum()) == 7
    for name in ("exch_ts", "local_ts"):
        assert (np.diff(rows[name]) >= 0).all()
    assert (rows["local_ts"] >= rows["exch_ts"]).all()


@pytest.mark.slow
@pytest.mark.needs_shared
def test_dbn_and_csv_of_es_are_identical_events() -> None:
    pytest.importorskip("databento_dbn")
    csv = joined(read_databento(shared_data(f"{CME}.csv.gz")))
    dbn = joined(read_databento(shared_data(f"{CME}.dbn.zst")))
    floats = all_events(read_databento(shared_data(f"{CME}.dbn.zst"), instrument="ESH4"))

    assert np.array_equal(csv, dbn)
    assert np.array_equal(floats["px"] * 4, csv["px"] // 250_000_000)
    assert np.array_equal(floats["qty"], csv["qty"])


@pytest.mark.needs_shared
def test_the_snapshot_of_the_day_before() -> None:
    """8,725 orders, 4799.00 x 16 / 4799.50 x 23."""
    pytest.importorskip("databento_dbn")
    rows = joined(read_databento(shared_data("l3/cme/esh4-glbx-mdp3-20231224.mbo.dbn.zst")))
    book = OrderBook()

    assert replay(book, rows, 250_000_000) == 0
    assert counts(rows) == {"add": 8725}
    assert [next(book.levels(side))[:2] for side in (1, -1)] == [(4799_00 // 25, 16), (4799_50 // 25, 23)]
