"""Databento's schemas by price: one scenario in each form and schema, one of several instruments, faults."""

import datetime
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.vendors.replay import joined, kinds, sides
from tests.vendors.test_databento import RAW as ORDERS
from truefill import convert_files, open_tape
from truefill.core.errors import DataError
from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, TRADE
from truefill.vendors import guess_format, read_databento

T = 1_703_545_200_123_456_789
NO_PRICE = 2**63 - 1


class Record(NamedTuple):
    """Times after `T`; prices in quarters from 4799; levels of bids and asks from the best outward."""

    event: int
    recv: int
    action: str
    side: str
    price: int | None
    size: int
    flags: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


RECORDS = [
    Record(-(10**12), 0, "A", "B", 0, 5, 40, ((0, 5),), ()),
    Record(-5, 10, "A", "A", 1, 3, 128, ((0, 5),), ((1, 3),)),
    Record(20, 117, "T", "B", 1, 2, 0, ((0, 5),), ((1, 3),)),
    Record(20, 117, "C", "A", 1, 2, 128, ((0, 5),), ((1, 1),)),
    Record(30, 131, "A", "B", -1, 9, 128, ((0, 5), (-1, 9)), ((1, 1),)),
    Record(41, 140, "M", "B", 0, 4, 132, ((0, 4), (-1, 9)), ((1, 1), (3, 7))),
    Record(55, 150, "T", "N", None, 1, 128, ((0, 4), (-1, 9)), ((1, 1), (3, 7))),
    Record(60, 160, "T", "A", 0, 4, 0, ((0, 4), (-1, 9)), ((1, 1), (3, 7))),
    Record(60, 160, "C", "B", 0, 4, 128, ((-1, 9),), ((1, 1), (3, 7))),
    Record(70, 171, "R", "N", None, 0, 128, (), ()),
]
HEAD = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,"
    "sequence"
)


def level(side: tuple[tuple[int, int], ...], n: int) -> tuple[int, int]:
    """Price in 1e-9 and quantity of a level; none: the undefined price."""
    return (4799 * 10**9 + side[n][0] * 250_000_000, side[n][1]) if n < len(side) else (NO_PRICE, 0)


def price(record: Record) -> int:
    return NO_PRICE if record.price is None else 4799 * 10**9 + record.price * 250_000_000


def csv(records: list[Record], levels: int, pretty: bool, instrument: int = 17077) -> str:
    """As Databento writes it: integers, or decimals and ISO times with a symbol."""

    def px(value: int) -> str:
        if not pretty:
            return str(value)
        return "" if value == NO_PRICE else f"{value // 10**9}.{value % 10**9:09d}"

    def time(value: int) -> str:
        return f"{np.datetime64(value, 'ns')}Z" if pretty else str(value)

    names = [
        f"{field}_{n:02}"
        for n in range(levels)
        for field in ("bid_px", "ask_px", "bid_sz", "ask_sz", "bid_ct", "ask_ct")
    ]
    lines = [",".join([HEAD, *names, *(["symbol"] if pretty else [])])]
    for number, r in enumerate(records):
        rtype = {0: 0, 1: 1, 10: 10}[levels]
        fields = [
            time(T + r.recv),
            time(T + r.event),
            rtype,
            1,
            instrument,
            r.action,
            r.side,
            0,
            px(price(r)),
        ]
        fields += [r.size, r.flags, 97, number]
        for n in range(levels):
            (bid, bid_qty), (ask, ask_qty) = level(r.bids, n), level(r.asks, n)
            fields += [px(bid), px(ask), bid_qty, ask_qty, 1, 1]
        lines.append(",".join(map(str, [*fields, *(["ESH4"] if pretty else [])])))
    return "\n".join(lines) + "\n"


def dbn(records: list[Record], schema: str, instruments: tuple[int, ...] = (17077,)) -> bytes:
    """Written by Databento's own library; each record once for each instrument."""
    lib = pytest.importorskip("databento_dbn")
    out = io.BytesIO()
    days = {"start_date": datetime.date(2023, 12, 25), "end_date": datetime.date(2023, 12, 26)}
    mappings = [
        SimpleNamespace(raw_symbol=f"ES{i}", intervals=[SimpleNamespace(symbol=str(i), **days)])
        for i in instruments
    ]
    metadata = lib.Metadata(
        dataset="GLBX.MDP3",
        start=T,
        stype_in=lib.SType.RAW_SYMBOL,
        stype_out=lib.SType.INSTRUMENT_ID,
        schema=lib.Schema.from_str(schema),
        symbols=[mapping.raw_symbol for mapping in mappings],
        partial=[],
        not_found=[],
        mappings=mappings,
    )
    out.write(bytes(metadata))
    for number, r in enumerate(records):
        for instrument in instruments:
            fields: dict[str, Any] = {
                "publisher_id": 1,
                "instrument_id": instrument,
                "ts_event": T + r.event,
                "price": price(r),
                "size": r.size,
                "side": lib.Side.from_str(r.side),
                "ts_recv": T + r.recv,
                "flags": r.flags,
                "sequence": number,
            }
            if schema[:3] != "bbo":
                fields |= {"action": lib.Action.from_str(r.action), "depth": 0, "ts_in_delta": 97}
            pairs = [
                lib.BidAskPair(
                    *level(r.bids, n)[:1], *level(r.asks, n)[:1], level(r.bids, n)[1], level(r.asks, n)[1]
                )
                for n in range(10 if schema == "mbp-10" else 1)
            ]
            if schema == "trades":
                record = lib.TradeMsg(**fields)
            elif schema == "mbp-10":
                record = lib.MBP10Msg(**fields, levels=pairs)
            elif schema[:3] == "bbo":
                record = lib.BBOMsg(rtype=lib.RType.BBO_1S, **fields, levels=pairs[0])
            else:
                record = lib.MBP1Msg(**fields, levels=pairs[0])
            out.write(bytes(record))
    return out.getvalue()


def table(rows: np.ndarray) -> list[tuple[int, int, float, int, int]]:
    """Kind, side, price in quarters from 4799 (0 of a clear), quantity, exchange time after `T`."""
    quarters = np.where(rows["px"] == 0, 0, (rows["px"] - 4799 * 10**9) / 250_000_000)
    columns = (kinds(rows), sides(rows), quarters, rows["qty"], rows["exch_ts"] - T)
    return list(zip(*(column.tolist() for column in columns), strict=True))


TRADED = [(TRADE, 1, 1, 2, 20), (TRADE, -1, 0, 4, 60)]
TEN_LEVELS = [
    (DEPTH_CLEAR, 0, 0, 0, 0),
    (DEPTH_SNAPSHOT, 1, 0, 5, 0),
    (DEPTH, -1, 1, 3, 0),
    (TRADE, 1, 1, 2, 20),
    (DEPTH, -1, 1, 1, 20),
    (DEPTH, 1, -1, 9, 30),
    (DEPTH, 1, 0, 4, 41),
    (DEPTH, -1, 3, 7, 41),
    (TRADE, -1, 0, 4, 60),
    (DEPTH, 1, 0, 0, 60),
    (DEPTH, 1, -1, 0, 70),
    (DEPTH, -1, 1, 0, 70),
    (DEPTH, -1, 3, 0, 70),
]
ONE_LEVEL = [
    *TEN_LEVELS[:5],
    (DEPTH, 1, 0, 4, 41),
    (TRADE, -1, 0, 4, 60),
    (DEPTH, 1, 0, 0, 60),
    (DEPTH, 1, -1, 9, 60),
    (DEPTH, 1, -1, 0, 70),
    (DEPTH, -1, 1, 0, 70),
]
SCHEMAS = {"mbp-10": (10, TEN_LEVELS), "mbp-1": (1, ONE_LEVEL), "trades": (0, TRADED)}


@pytest.mark.parametrize("schema", list(SCHEMAS))
def test_each_schema_in_each_form(tmp_path: Path, schema: str) -> None:
    """Raw and pretty CSV, DBN plain and packed: the same events, each nanosecond kept."""
    levels, expected = SCHEMAS[schema]
    records = [r for r in RECORDS if schema != "trades" or r.action == "T"]
    raw, pretty = tmp_path / "raw.csv", tmp_path / "pretty.csv"
    raw.write_text(csv(records, levels, pretty=False))
    pretty.write_text(csv(records, levels, pretty=True))
    reader = read_databento(raw)
    rows = joined(reader)

    assert table(rows) == expected
    assert (guess_format(raw), guess_format(pretty)) == ("databento", "databento")
    assert rows["ival"][kinds(rows) == TRADE].tolist() == ([0, 2] if schema == "trades" else [2, 7])
    odd = {"without_price": 1} if schema == "trades" else {}
    odd = odd or {"without_price": 1, "moved_behind_a_snapshot": 1, "maybe_bad_book": 1}
    assert (reader.counters.others, reader.counters.rows) == (odd, len(records))
    assert reader.counters.events == len(rows)
    local = (rows["local_ts"] - T).tolist()
    assert local[-1] == (160 if schema == "trades" else 171)
    assert (joined(read_databento(pretty)) == rows).all()
    assert (joined(read_databento(pretty, instrument="ESH4")) == rows).all()
    assert list(read_databento(pretty, instrument="ESM4")) == []
    zstandard = pytest.importorskip("zstandard")
    for name, data in (
        ("a.dbn", dbn(records, schema)),
        ("b.dbn.zst", zstandard.compress(dbn(records, schema))),
    ):
        (tmp_path / name).write_bytes(data)
        reader = read_databento(tmp_path / name)
        assert (joined(reader) == rows).all()
        assert reader.lines[-1] == len(records)


def test_best_prices_before_trades(tmp_path: Path) -> None:
    """tbbo: a book that is known at trades only, and the report says so."""
    trades = [r for r in RECORDS if r.action == "T"]
    path = tmp_path / "es.tbbo.csv"
    path.write_text(csv(trades, 1, pretty=False))
    report = convert_files(path, symbol="ESH4.CME", tick_size="0.25", out=tmp_path / "x.tape")

    assert "best prices only as they were before each trade (tbbo)" in report.notes
    assert open_tape(tmp_path / "x.tape").header.counts["trade"] == 2
    (tmp_path / "a.dbn").write_bytes(dbn(trades, "tbbo"))
    assert (joined(read_databento(tmp_path / "a.dbn")) == joined(read_databento(path))).all()


def test_best_prices_at_intervals(tmp_path: Path) -> None:
    """bbo: both times are the interval's end; the last trade, which is repeated, is no event."""
    text = csv(RECORDS[1:6], 1, pretty=True).replace(",action,", ",").replace("Z,-5", "Z,")
    lines = text.splitlines()
    body = [",".join(f for i, f in enumerate(line.split(",")) if i != 5) for line in lines[1:]]
    path = tmp_path / "es.bbo-1s.csv"
    path.write_text("\n".join([lines[0], *body]) + "\n")
    rows = joined(read_databento(path))

    assert [row[:4] for row in table(rows)] == [
        (DEPTH_CLEAR, 0, 0, 0),
        (DEPTH_SNAPSHOT, 1, 0, 5),
        (DEPTH_SNAPSHOT, -1, 1, 3),
        (DEPTH, -1, 1, 1),
        (DEPTH, 1, 0, 4),
    ]
    assert (rows["exch_ts"] - T).tolist() == [10, 10, 10, 117, 140]
    assert (rows["exch_ts"] == rows["local_ts"]).all()
    (tmp_path / "a.dbn").write_bytes(dbn(RECORDS[1:6], "bbo-1s"))
    reader = read_databento(tmp_path / "a.dbn")
    assert (joined(reader) == rows).all()
    assert reader.counters.notes == ["best prices only at the end of each interval (bbo)"]
    trades = tmp_path / "t.csv"
    trades.write_text(csv([r for r in RECORDS if r.action == "T"], 0, pretty=True))
    convert_files([path, trades], symbol="ESH4.CME", out=tmp_path / "x.tape")
    assert open_tape(tmp_path / "x.tape").header.counts["trade"] == 2


def test_one_of_several_instruments(tmp_path: Path) -> None:
    """By id and by symbol; none named is refused with the record where the second begins."""
    path = tmp_path / "es.dbn"
    path.write_bytes(dbn(RECORDS, "mbp-1", (17077, 5)))
    for wanted in (5, "ES5", 17077):
        assert table(joined(read_databento(path, instrument=wanted))) == ONE_LEVEL
    with pytest.raises(DataError, match="the symbol NQ, got a file of ES17077, ES5"):
        list(read_databento(path, instrument="NQ"))
    with pytest.raises(DataError, match=r"one instrument, or which one is wanted, got 2: 17077, 5"):
        list(read_databento(path))


def test_messages_of_a_live_session_are_passed_over(tmp_path: Path) -> None:
    """... and the time of sending, which a session may append to each record, is, too."""
    data = dbn(RECORDS, "mbp-1")
    head = 8 + int.from_bytes(data[4:8], "little")
    records = [data[i : i + 80] for i in range(head, len(data), 80)]
    longer = b"".join(bytes([22]) + record[1:] + bytes(8) for record in records)
    system = bytes([16 // 4, 23]) + bytes(14)
    path = tmp_path / "es.dbn"
    path.write_bytes(data[:head] + system + longer[: 88 * 4] + system + longer[88 * 4 :])
    reader = read_databento(path)

    assert table(joined(reader)) == ONE_LEVEL
    assert reader.lines[-1] == len(RECORDS) + 2


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda d, head: d[:-30],
            "record 10: expected a complete file, got 50 bytes of a record that breaks off",
        ),
        (lambda d, head: d[: head - 9], "a complete file, got metadata that break off"),
        (lambda d, head: b"DBN\x07" + d[4:], "DBN of version 1 to 3, got version 7"),
        (lambda d, head: b"DBN\x00" + d[4:], "DBN of version 1 to 3, got version 0"),
        (lambda d, head: d[:4] + b"\xff\xff\xff\xff" + d[8:], "metadata of 4,294,967,295 bytes"),
        (
            lambda d, head: d[:head] + b"\x03" + d[head + 1 :],
            "record 1: expected intact DBN, got a record of 12 bytes",
        ),
        (lambda d, head: d[:head] + b"\x06" + d[head + 1 :], "records of 80 bytes of rtype 1, got 24"),
        (lambda d, head: d[: head + 81] + b"\x20" + d[head + 82 :], "schema mbp-1 only, got one of rtype 32"),
        (lambda d, head: d[: head + 28] + b"x" + d[head + 29 :], "an action A, C, M, R, T, F or N, got 'x'"),
        (lambda d, head: d[: head + 29] + b"\xf0" + d[head + 30 :], "side A, B or N, got 240"),
    ],
)
def test_damaged_dbn_is_named(tmp_path: Path, change: Any, expected: str) -> None:
    data = dbn(RECORDS, "mbp-1")
    path = tmp_path / "es.dbn"
    path.write_bytes(change(data, 8 + int.from_bytes(data[4:8], "little")))
    with pytest.raises(DataError) as caught:
        list(read_databento(path))
    assert expected in str(caught.value)
    assert str(path) in str(caught.value.where)


def test_schemas_that_are_not_read_are_named(tmp_path: Path) -> None:
    """By the metadata of DBN, by the columns of CSV; and schemas that would tell trades twice."""
    for name in ("ohlcv-1s", "definition", "status"):
        (tmp_path / "a.dbn").write_bytes(dbn([], name))
        with pytest.raises(DataError, match=f"records of the schema mbo, .*, got {name}"):
            read_databento(tmp_path / "a.dbn")
    path = tmp_path / "a.csv"
    path.write_text("ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume\n")
    with pytest.raises(DataError, match=r"a.csv:1: expected records of the schema mbo, .*, got ohlcv"):
        convert_files(path, symbol="A.B", out=tmp_path / "x.tape")
    ten, one, orders = (tmp_path / name for name in ("ten.csv", "one.csv", "mbo.csv"))
    ten.write_text(csv(RECORDS, 10, pretty=False))
    one.write_text(csv(RECORDS, 1, pretty=False))
    orders.write_text(ORDERS)
    for files, got in (([ten, one], "mbp-10 and mbp-1"), ([orders, one], "mbo and mbp-1")):
        with pytest.raises(DataError, match=f"files of one schema .*, got {got}"):
            convert_files(files, symbol="A.B", out=tmp_path / "x.tape")
    assert not list(tmp_path.glob("*x.tape*"))


@pytest.mark.parametrize(
    ("before", "after", "expected", "line"),
    [
        ("bid_sz_00", "bid_qty_00", "missing: bid_sz_00", 1),
        ("ask_px_00", "ask_00", "missing: ask_px_00", 1),
        (",T,B,", ",T,X,", "side A, B or N, got 'X'", 4),
        (f"{T + 30}", "yesterday", "expected nanoseconds, or a time as", 6),
        (f"{T + 117},{T + 20}", f"{T + 117},9300000000000000000", "a time before the year 2262", 4),
        ("4799000000000,4799250000000", "47990x,4799250000000", "a decimal number as bid_px_00", 3),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, before: str, after: str, expected: str, line: int) -> None:
    path = tmp_path / "es.csv"
    text = csv(RECORDS, 1, pretty=False)
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(DataError) as caught:
        list(read_databento(path))
    assert expected in str(caught.value)
    assert str(caught.value.where) == f"{path}:{line}"


def test_levels_out_of_order_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "es.csv"
    path.write_text(csv([Record(0, 0, "A", "B", 0, 5, 128, ((0, 5), (1, 5)), ())], 10, pretty=False))
    with pytest.raises(DataError, match=r"es.csv:2: expected bids whose prices fall"):
        list(read_databento(path))
