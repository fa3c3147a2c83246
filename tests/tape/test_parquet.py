import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tape.recordings import recording
from tests.tape.streams import random_events
from tests.tape.test_npz import assert_same_market
from truefill.core.errors import DataError
from truefill.core.events import ADD_ORDER, BUY, DECIMAL_EVENT, DEPTH, EVENT, EXCH, LOCAL
from truefill.tape import (
    ParquetWriter,
    build_tape,
    read_parquet,
    write_parquet,
)
from truefill.tape.arrivals import arrivals
from truefill.tape.windows import windows


def events_of(file):
    return np.concatenate(list(read_parquet(file)))


def clear_arrivals(seed, size):
    """Random events whose order at the local side is told by their times, as a real recorder's clock does."""
    events = random_events(seed, size, splits=False)
    events["local_ts"] = np.maximum.accumulate(events["local_ts"]) * 1000 + np.arange(size)
    events["exch_ts"] *= 1000
    return events


def same_steps(tape):
    return {"symbol": tape.symbol, "tick_size": tape.header.tick_size, "lot_size": tape.header.lot_size}


@pytest.mark.parametrize("seed", range(4))
def test_tape_to_parquet_and_back_is_the_same_tape(tmp_path, seed):
    tape = build_tape(clear_arrivals(seed, 900), symbol="X.TEST")
    header = write_parquet(tape, tmp_path / "x.parquet")
    assert (header.symbol, header.venue, header.tick_size) == ("X.TEST", "TEST", tape.header.tick_size)
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]
    again = build_tape(read_parquet(tmp_path / "x.parquet"), **same_steps(tape))
    assert again.header.content_hash == tape.header.content_hash
    assert header.events == tape.header.events, "each event stands once"


@pytest.mark.parametrize("seed", range(4))
def test_where_times_do_not_tell_the_order_the_market_is_the_same(seed):
    tape = build_tape(random_events(seed, 900, splits=False, clock_behind=seed % 2 == 0), symbol="X.TEST")
    assert_same_market(tape, build_tape(arrivals(tape), **same_steps(tape)))


def test_events_in_two_rows_stay_there():
    """Halves of a trade that do not know each other are no pair just because they are equal."""
    events = clear_arrivals(5, 400)
    again = np.concatenate([events, events])
    again["ev"][:400] &= ~np.uint64(LOCAL)
    again["ev"][400:] &= ~np.uint64(EXCH)
    again = again[(again["ev"] & np.uint64(0xFF) != 200) & (again["ev"] & np.uint64(0xFF) != 103)]
    tape = build_tape(again, symbol="X.TEST")
    assert build_tape(arrivals(tape), **same_steps(tape)).header.content_hash == tape.header.content_hash


def test_pieces_of_a_tape_have_all_of_it():
    """Pieces end where nothing is under way, so each event is in one of them with both its halves."""
    tape = build_tape(clear_arrivals(2, 900), symbol="X.TEST")
    pieces = list(windows(tape, 60))
    assert len(pieces) > 5
    assert max(len(piece.local.code) for piece in pieces) < 300
    rows = np.concatenate([arrivals(piece) for piece in pieces])
    assert len(rows) == len(arrivals(tape))
    assert build_tape(rows, **same_steps(tape)).header.content_hash == tape.header.content_hash
    assert len(list(windows(tape, 10_000))) == 1


@pytest.mark.needs_shared
def test_recorded_market(tmp_path):
    tape = build_tape(recording("raw/binance_usdm/btcusdt_20240808.gz", 3000), symbol="BTCUSDT.BINANCE")
    header = write_parquet(tape, tmp_path / "x.parquet")
    assert header.events == tape.header.events
    again = build_tape(read_parquet(tmp_path / "x.parquet"), symbol="BTCUSDT.BINANCE")
    assert again.header.content_hash == tape.header.content_hash
    assert (tmp_path / "x.parquet").stat().st_size < 12 * header.events


def test_events_come_back_bit_by_bit(tmp_path):
    """Also what is no number, and through more than one row group; several files are one stream."""
    events = random_events(1, 700)
    chunks = [events[:1], events[1:500], events[500:]]
    for name, parts in (("a", chunks[:2]), ("b", chunks[2:])):
        with ParquetWriter(tmp_path / f"{name}.parquet", symbol="X.TEST", row_group_rows=64) as writer:
            for part in parts:
                writer.append(part)
    assert pq.ParquetFile(tmp_path / "a.parquet").num_row_groups == 8
    source = read_parquet([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert (source.symbol, source.venue, source.events, source.dtype) == ("X.TEST", "TEST", 700, EVENT)
    assert np.concatenate(list(source)).tobytes() == events.tobytes()
    assert np.concatenate(list(source)).tobytes() == events.tobytes(), "each iteration begins anew"
    build_tape(source, symbol="X.TEST")


def test_numbers_that_no_float_holds_are_exact(tmp_path):
    rows = np.zeros(4, DECIMAL_EVENT)
    rows["ev"] = DEPTH | BUY | EXCH | LOCAL
    rows["exch_ts"] = rows["local_ts"] = np.arange(1, 5)
    rows["px"], rows["px_exp"] = [150, 1234567890123456789, 3, 5 * 10**17], [-2, -9, 4, -17]
    rows["qty"], rows["qty_exp"] = [1, 2, 9007199254740993, 0], [0, 0, -3, 0]
    write_parquet(rows, tmp_path / "x.parquet", symbol="X.TEST", lot_size="0.001")
    frame = pl.read_parquet(tmp_path / "x.parquet")
    assert frame["px"].to_list() == [1.5, 1234567890.1234567, 30000.0, 5.0]
    assert frame["px_text"].to_list() == [None, "1234567890.123456789", None, None]
    assert frame["qty_text"].to_list() == [None, None, "9007199254740.993", None]
    source = read_parquet(tmp_path / "x.parquet")
    assert source.dtype == DECIMAL_EVENT
    assert source.headers[0].lot_size == "0.001"
    built = build_tape(source, symbol="X.TEST")
    assert built.header.content_hash == build_tape(rows, symbol="X.TEST").header.content_hash
    assert built.header.tick_size == "0.000000001"


def test_what_the_file_says_of_itself(tmp_path):
    events = random_events(3, 300)
    write_parquet([events[:100], events[100:]], tmp_path / "x.parquet", symbol="X.TEST", tick_size=0.01)
    facts = pl.read_parquet_metadata(tmp_path / "x.parquet")
    assert {k: facts[k] for k in ("layout", "schema_version", "symbol", "venue", "tick_size", "events")} == {
        "layout": "truefill.events",
        "schema_version": "1",
        "symbol": "X.TEST",
        "venue": "TEST",
        "tick_size": "0.01",
        "events": "300",
    }
    assert (facts["first_ts"], facts["last_exch_ts"]) == (
        str(events["local_ts"].min()),
        str(events["exch_ts"].max()),
    )
    column = pq.ParquetFile(tmp_path / "x.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert dict(pl.read_parquet_schema(tmp_path / "x.parquet"))["ev"] == pl.UInt64


def test_files_that_are_not_of_this_layout(tmp_path):
    good = tmp_path / "good.parquet"
    write_parquet(random_events(1, 300), good, symbol="X.TEST")
    table, bad = pq.read_table(good), tmp_path / "bad.parquet"

    def refused(match, table=table, **metadata):
        facts = pl.read_parquet_metadata(good) | metadata
        pq.write_table(table.replace_schema_metadata(facts), bad)
        with pytest.raises(DataError, match=rf"bad\.parquet.*{match}"):
            list(read_parquet(bad))

    refused("schema version 1, got 2", schema_version="2")
    refused("truefill.events as layout .* got prices", layout="prices")
    refused("a column exch_ts, got .*time", table.rename_columns(["ev", "time", *table.column_names[2:]]))
    micro = table["local_ts"].cast(pa.timestamp("us"))
    refused("int64 as type of column local_ts, got timestamp.us", table.set_column(2, "local_ts", micro))
    holes = pa.array([1.0] * 99 + [None] * 201)
    refused(
        "row 100: expected a value in column px",
        table.set_column(3, pa.field("px", pa.float64()), holes),
    )
    data = good.read_bytes()
    for size in (0, 3, 50, len(data) // 2, len(data) - 1):
        bad.write_bytes(data[:size])
        with pytest.raises(DataError, match=r"bad\.parquet"):
            read_parquet(bad)
    bad.write_bytes(data[:60] + bytes(200) + data[260:])
    with pytest.raises(DataError, match=r"bad\.parquet: row 1: expected a complete Parquet file"):
        list(read_parquet(bad))
    with pytest.raises(DataError, match=r"none\.parquet.*no such file"):
        read_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="at least one file"):
        read_parquet([])
    write_parquet(random_events(1, 30), bad, symbol="Y.TEST")
    with pytest.raises(DataError, match=r"bad\.parquet: expected events of X\.TEST, as in good\.parquet"):
        read_parquet([good, bad])


def test_a_number_that_cannot_be_names_its_row(tmp_path):
    rows = np.zeros(3, DECIMAL_EVENT)
    rows["ev"] = DEPTH | BUY | EXCH | LOCAL
    rows["qty"] = [1234567890123456789, 1, 1]
    write_parquet(rows, tmp_path / "x.parquet", symbol="X.TEST")
    table = pq.read_table(tmp_path / "x.parquet")
    bad = table.set_column(3, table.schema.field("px"), pa.array([1.0, np.inf, 1.0]))
    pq.write_table(bad, tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"row 2, column px: expected a finite number, got inf"):
        list(read_parquet(tmp_path / "x.parquet"))


def full_disk(*_):
    raise OSError(28, "No space left on device")


def test_nothing_half_written_remains(tmp_path, monkeypatch):
    target = tmp_path / "x.parquet"
    with pytest.raises(DataError, match=r"ends in \.parquet"):
        write_parquet(random_events(1, 9), tmp_path / "x.csv", symbol="X")
    with pytest.raises(DataError, match="an existing folder"):
        write_parquet(random_events(1, 9), tmp_path / "none" / "x.parquet", symbol="X")
    with pytest.raises(DataError, match="at least one event"):
        write_parquet([], target, symbol="X")
    with pytest.raises(DataError, match="EVENT or DECIMAL_EVENT"):
        write_parquet([random_events(1, 9), np.zeros(3)], target, symbol="X")
    with pytest.raises(DataError, match="a tape, an array of events, or several"):
        write_parquet("events", target, symbol="X")

    def breaks():
        yield random_events(1, 100)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_parquet(breaks(), target, symbol="X")
    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full_disk)
        with pytest.raises(DataError, match=r"x\.parquet: .* No space left"):
            write_parquet(random_events(1, 9), target, symbol="X")
    writer = ParquetWriter(target, symbol="X")
    writer.append(random_events(1, 9))
    writer.abort()
    writer.abort()
    assert list(tmp_path.iterdir()) == []
    write_parquet(random_events(1, 9), target, symbol="X")
    before = target.read_bytes()
    with pytest.raises(ZeroDivisionError):
        write_parquet(breaks(), target, symbol="X")
    assert target.read_bytes() == before, "what was there stays"


def test_a_tape_of_single_orders_is_refused(tmp_path):
    rows = np.zeros(1, EVENT)
    rows["ev"], rows["px"], rows["qty"], rows["order_id"] = ADD_ORDER | BUY | EXCH | LOCAL, 1, 1, 7
    tape = build_tape(rows, symbol="X.TEST")
    with pytest.raises(DataError, match=r"a tape of levels .* got one of single orders"):
        write_parquet(tape, tmp_path / "x.parquet")
