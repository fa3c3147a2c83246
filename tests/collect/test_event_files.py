"""Files of events, Parquet and .npz, into tapes and each other."""

import numpy as np
import pytest

from tests.tape.streams import random_events
from tests.tape.test_npz import assert_same_market
from tests.tape.test_parquet import clear_arrivals
from tests.vendors.test_databento import RAW as DATABENTO
from truefill import convert_files, open_tape, read_npz
from truefill.collect.event_files import guess
from truefill.core.errors import ConfigError, DataError, TapeError
from truefill.core.events import TRADE
from truefill.tape import build_tape, npz_chunks, read_parquet, tape_events, write_npz, write_parquet


def test_parquet_to_tape_is_the_tape_that_it_was_written_from(tmp_path):
    """With the steps and the venue that the file says, also where the data would have larger ones."""
    tape = build_tape(
        clear_arrivals(1, 300), symbol="X.TEST", venue="lab", tick_size="0.00001", lot_size="0.001"
    )
    write_parquet(tape, tmp_path / "x.parquet")
    done = []
    report = convert_files(
        tmp_path / "x.parquet",
        symbol="X.TEST",
        out=tmp_path / "y.tape",
        progress=lambda part, whole: done.append(part / whole),
    )
    assert (report.format, report.venue, report.tick_size) == ("parquet", "lab", "0.00001")
    assert report.content_hash == tape.header.content_hash
    assert done[-1] == 1
    assert report.counters.events == 300


def test_days_become_one_tape(tmp_path):
    events = clear_arrivals(2, 400)
    whole = build_tape(events, symbol="X.TEST").header.content_hash
    for ending, write in (("npz", write_npz), ("npy", write_npz), ("parquet", write_parquet)):
        files = [tmp_path / f"{day}.{ending}" for day in (1, 2)]
        for file, part in zip(files, (events[:150], events[150:]), strict=True):
            write(part, file, **({"symbol": "X.TEST"} if ending == "parquet" else {}))
        report = convert_files(files, symbol="X.TEST", out=tmp_path / "x.tape")
        assert (report.format, report.content_hash) == (guess(files[0]), whole)


def test_book_and_trades_from_files_of_different_kinds(tmp_path):
    events = clear_arrivals(4, 300)
    trades = events["ev"] & np.uint64(0xFF) == TRADE
    write_npz(events[trades], tmp_path / "trades.npz")
    write_parquet(events[~trades], tmp_path / "book.parquet", symbol="X.TEST")
    files = [tmp_path / "trades.npz", tmp_path / "book.parquet"]
    report = convert_files(files, symbol="X.TEST", out=tmp_path / "x.tape")
    assert report.format == "npz, parquet"
    assert_same_market(build_tape(events, symbol="X.TEST"), open_tape(tmp_path / "x.tape"))


def test_events_to_parquet_and_npz(tmp_path):
    write_npz(clear_arrivals(3, 300), tmp_path / "x.npz")
    tape = convert_files(tmp_path / "x.npz", symbol="X.TEST", out=tmp_path / "x.tape").content_hash
    report = convert_files(tmp_path / "x.npz", symbol="X.TEST", out=tmp_path / "x.parquet", to="parquet")
    assert report.content_hash == tape
    again = convert_files(tmp_path / "x.parquet", symbol="X.TEST", out=tmp_path / "y.tape")
    assert again.content_hash == tape
    convert_files(tmp_path / "x.parquet", symbol="X.TEST", out=tmp_path / "y.npz", to="npz")
    assert len(read_npz(tmp_path / "y.npz")) >= 300
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "x.npz",
        "x.parquet",
        "x.tape",
        "y.npz",
        "y.tape",
    ]


def test_single_orders_to_parquet_and_back(tmp_path):
    """A tape does not keep the orders' numbers, so the file has what the source has."""
    (tmp_path / "mbo.csv").write_text(DATABENTO)
    hashes = {
        convert_files(
            tmp_path / "mbo.csv", symbol="ABC.TEST", out=tmp_path / "x.parquet", to="parquet"
        ).content_hash,
        convert_files(tmp_path / "mbo.csv", symbol="ABC.TEST", out=tmp_path / "x.tape").content_hash,
        convert_files(tmp_path / "x.parquet", symbol="ABC.TEST", out=tmp_path / "y.tape").content_hash,
        convert_files(
            tmp_path / "x.parquet", symbol="ABC.TEST", out=tmp_path / "y.parquet", to="parquet"
        ).content_hash,
    }
    assert len(hashes) == 1
    assert open_tape(tmp_path / "y.tape").by_order
    rows = np.concatenate(list(read_parquet(tmp_path / "y.parquet")))
    assert rows["order_id"].any()


def test_wrong_names_and_files(tmp_path):
    write_npz(random_events(1, 50), tmp_path / "x.npz")
    with pytest.raises(ConfigError, match=r"ends in \.parquet"):
        convert_files(tmp_path / "x.npz", symbol="X", out=tmp_path / "x.tape", to="parquet")
    with pytest.raises(ConfigError, match="tape, npz or parquet"):
        convert_files(tmp_path / "x.npz", symbol="X", out=tmp_path / "x.csv", to="csv")
    with pytest.raises(ConfigError, match=r"options that npz has \(none\)"):
        convert_files(tmp_path / "x.npz", symbol="X", out=tmp_path / "x.tape", start="1")
    write_parquet(random_events(1, 50), tmp_path / "x.parquet", symbol="X.TEST")
    whole = (tmp_path / "x.parquet").read_bytes()
    (tmp_path / "x.parquet").write_bytes(whole[:-9])
    with pytest.raises(DataError, match=r"x\.parquet: expected a complete Parquet file"):
        convert_files(tmp_path / "x.parquet", symbol="X", out=tmp_path / "x.tape")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.npz", "x.parquet"]


def test_chunks_of_npz(tmp_path):
    """The same rows as at once, and the same refusals; a packed file that breaks off names the row."""
    events = random_events(1, 100)
    for name, compressed in (("x.npz", True), ("y.npz", False), ("x.npy", False)):
        write_npz(events, tmp_path / name, compressed=compressed)
        chunks = list(npz_chunks(tmp_path / name, rows=30))
        assert [len(chunk) for chunk in chunks] == [30, 30, 30, 10]
        assert np.concatenate(chunks).tobytes() == events.tobytes()
    data = (tmp_path / "x.npy").read_bytes()
    (tmp_path / "x.npy").write_bytes(data[:-100])
    with pytest.raises(DataError, match=r"x\.npy: row 91: expected 100 events"):
        list(npz_chunks(tmp_path / "x.npy", rows=30))
    data = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(data[:400] + bytes(100) + data[500:])
    with pytest.raises(DataError, match=r"x\.npz: row \d+"):
        list(npz_chunks(tmp_path / "x.npz", rows=30))
    for content in (b"", b"hello", b"PK\x03\x04broken", b"\x93NUMPYbroken", b"TRUEFILL" * 100):
        (tmp_path / "x.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"x\.npz"):
            list(npz_chunks(tmp_path / "x.npz"))
    np.savez(tmp_path / "x.npz", other=np.zeros(3))
    with pytest.raises(DataError, match="an array called data, got other"):
        list(npz_chunks(tmp_path / "x.npz"))
    np.savez(tmp_path / "x.npz", data=np.zeros((3, 2)))
    with pytest.raises(DataError, match="one row of events"):
        list(npz_chunks(tmp_path / "x.npz"))
    with pytest.raises(DataError, match="no such file"):
        list(npz_chunks(tmp_path / "none.npz"))


def test_a_tape_is_a_source_like_the_others(tmp_path):
    """To Parquet and back, anew with other steps, or anew with a finer tick: the market stays."""
    events = clear_arrivals(5, 400)
    tape = build_tape(events, symbol="X.TEST", venue="lab", path=tmp_path / "x.tape")
    report = convert_files(tmp_path / "x.tape", out=tmp_path / "x.parquet", to="parquet")
    assert (report.format, report.symbol, report.venue, report.tick_size) == (
        "tape",
        "X.TEST",
        "lab",
        tape.header.tick_size,
    )
    back = convert_files(tmp_path / "x.parquet", out=tmp_path / "back.tape")
    assert (back.symbol, back.venue, back.content_hash) == ("X.TEST", "lab", report.content_hash)
    finer = convert_files(tmp_path / "x.tape", out=tmp_path / "finer.tape", tick_size="0.000001")
    assert finer.tick_size == "0.000001"
    assert_same_market(tape, open_tape(tmp_path / "back.tape"))
    for name in ("px", "qty", "local_ts"):
        np.testing.assert_array_equal(open_tape(tmp_path / "finer.tape").trades[name], tape.trades[name])


def test_tape_to_npz_has_both_orders(tmp_path):
    """As `write_npz` writes a tape; rows for one side alone stay so, also from one .npz file to another."""
    tape = build_tape(random_events(6, 300), symbol="X.TEST", path=tmp_path / "x.tape")
    convert_files(tmp_path / "x.tape", out=tmp_path / "x.npz", to="npz")
    rows = read_npz(tmp_path / "x.npz")
    assert rows.tobytes() == tape_events(tape).tobytes()
    convert_files(tmp_path / "x.npz", symbol="X.TEST", out=tmp_path / "y.npz", to="npz")
    assert read_npz(tmp_path / "y.npz").tobytes() == rows.tobytes()


def test_days_of_tapes_become_one(tmp_path):
    events = clear_arrivals(2, 400)
    for day, part in ((1, events[:150]), (2, events[150:])):
        build_tape(part, symbol="X.TEST", path=tmp_path / f"{day}.tape")
    report = convert_files([tmp_path / "1.tape", tmp_path / "2.tape"], out=tmp_path / "both.tape")
    assert report.content_hash == build_tape(events, symbol="X.TEST").header.content_hash


def test_tapes_that_cannot_be_a_source(tmp_path):
    for symbol in ("X.TEST", "Y.TEST"):
        build_tape(clear_arrivals(1, 50), symbol=symbol, path=tmp_path / f"{symbol}.tape")
    (tmp_path / "no.tape").write_bytes(b"hello")
    write_npz(clear_arrivals(1, 50), tmp_path / "x.npz")
    (tmp_path / "mbo.csv").write_text(DATABENTO)
    convert_files(tmp_path / "mbo.csv", symbol="ABC.TEST", out=tmp_path / "orders.tape")
    before = sorted(tmp_path.iterdir())
    for files, error, text in (
        (["X.TEST.tape", "Y.TEST.tape"], DataError, "Y.TEST.tape: expected a tape of X.TEST"),
        (["orders.tape"], DataError, "got one of single orders"),
        (["no.tape"], TapeError, "no.tape"),
        (["x.npz"], ConfigError, "symbol: expected what the tape shall call the instrument"),
    ):
        with pytest.raises(error, match=text):
            convert_files([tmp_path / file for file in files], out=tmp_path / "out.parquet", to="parquet")
    assert sorted(tmp_path.iterdir()) == before
