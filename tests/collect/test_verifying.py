"""Stored files of every kind, checked: what each kind adds to what the stream itself tells."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.collect.test_recording import at, session, text, write
from tests.collect.test_vendor_files import BITSTAMP
from tests.support.shared import shared_data
from tests.tape.streams import random_events
from tests.tape.test_builder import event, events
from tests.venues import messages as m
from truefill import make_market
from truefill.collect import verify, write_wide
from truefill.core.errors import ConfigError, DataError, TapeError
from truefill.core.events import BUY, DEPTH, DEPTH_SNAPSHOT, KIND_MASK, SELL
from truefill.tape import build_tape, write_npz, write_parquet
from truefill.venues.binance import MarketDataCodec
from truefill.venues.symbols import venue_symbol
from truefill.venues.venue import Venue

USDM = {"venue": "binance-usdm", "symbol": "BTCUSDT"}
BOOK = [event(DEPTH_SNAPSHOT, px=99.5), event(DEPTH_SNAPSHOT, px=100.5, side=SELL)]


def kinds(stream):
    return [(f.kind, f.severity, f.count) for f in stream.report.findings]


def test_a_tape_and_its_events_are_found_wrong_in_the_same_way(tmp_path: Path) -> None:
    """The tape knows more: its file, the exchange's view, and the order in which the events came."""
    rows = events(*BOOK, event(px=101.0, local=3000), event(px=101.0, qty=0, local=4000))
    build_tape(rows, symbol="X.TEST", path=tmp_path / "x.tape")
    write_npz(rows, tmp_path / "x.npz")
    write_parquet(rows, tmp_path / "x.parquet", symbol="X.TEST")
    tape, stream, parquet = verify(
        [tmp_path / f"x.{end}" for end in ("tape", "npz", "parquet")], tick_size="0.5"
    )
    assert (tape.kind, tape.symbol, stream.kind, stream.symbol) == ("tape", "X.TEST", "npz", "")
    assert (parquet.kind, parquet.report) == ("parquet", stream.report)
    assert kinds(stream) == [("crossed", "error", 1)]
    assert kinds(tape) == [("crossed", "error", 1)]
    assert tape.report.rows == stream.report.rows == 4


def test_a_folder_of_parts_is_one_stream(tmp_path: Path) -> None:
    """Books and trades of the wide layout together, named by the folder's parts."""
    tape = build_tape(make_market(5, seed=1), symbol="D.S")
    write_wide(tape, tmp_path, "D-USD", levels=3)
    (stream,) = verify(tmp_path / "d_usd")
    assert (stream.kind, len(stream.files), stream.report.errors) == ("extended-parquet", 2, 0)
    assert set(stream.report.counts) >= {"depth_snapshot", "trade"}


def test_a_tape_that_was_altered_is_not_replayed(tmp_path: Path) -> None:
    build_tape(random_events(1, 400), symbol="X.TEST", path=tmp_path / "x.tape")
    data = bytearray((tmp_path / "x.tape").read_bytes())
    data[-3000] ^= 1
    (tmp_path / "x.tape").write_bytes(data)
    (stream,) = verify(tmp_path / "x.tape")
    assert ("altered", "error", 1) in kinds(stream)
    assert stream.report.rows == 0
    (tmp_path / "x.tape").write_bytes(data[:-64])
    (stream,) = verify(tmp_path / "x.tape")
    assert kinds(stream) == [("damaged", "error", 1)]


def test_local_time_that_went_back_is_told_of_a_tape_too(tmp_path: Path) -> None:
    rows = events(*BOOK, event(px=99.0, local=5000), event(px=98.0, local=4000))
    build_tape(rows, symbol="X.TEST", path=tmp_path / "x.tape")
    (stream,) = verify(tmp_path / "x.tape")
    assert kinds(stream) == [("time_backward", "warning", 1)]


def test_event_files_that_are_none(tmp_path: Path) -> None:
    write_npz(random_events(2, 500), tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-10])
    np.savez(tmp_path / "other.npz", orders=np.zeros(3))
    np.savez(tmp_path / "floats.npz", data=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello")
    for name, message in (
        ("x.npy", "ends before"),
        ("other.npz", "an array called data, got orders"),
        ("floats.npz", "64 bytes each"),
        ("text.npz", "npz or .npy file of events"),
        ("none.npz", "none with this name"),
    ):
        with pytest.raises(DataError, match=message):
            verify(tmp_path / name)


def test_a_recording_has_the_venues_numbers(tmp_path: Path) -> None:
    lost = [
        *session(),
        (at(31), m.usdm_depth(50, 59, 49, 30, [("99.7", "1")], [])),
        (at(30), session()[1][1]),
    ]
    (stream,) = verify(write(tmp_path / "x.gz", text(lost)), **USDM)
    assert (stream.kind, stream.symbol) == ("recording", "BTCUSDT-PERP.BINANCE")
    assert kinds(stream) == [
        ("gap_open", "error", 1),
        ("sequence", "warning", 1),  # the break
        ("sequence", "warning", 1),  # the old difference
        ("time_backward", "warning", 1),
        ("gap", "warning", 1),
    ]


def test_a_second_snapshot_is_compared_with_the_book(tmp_path: Path) -> None:
    """Differences newer than the snapshot are news to it; then a level is wrong, one missing, one extra."""
    same = m.usdm_snapshot(19, 22, [("99.9", "3"), ("99.8", "0.5")], [("100.1", "4"), ("100.2", "1.25")])
    (stream,) = verify(write(tmp_path / "same", text([*session(), (at(25), same)])), **USDM)
    assert kinds(stream) == []
    assert (stream.report.snapshots, stream.report.compared) == (2, 1)

    other = m.usdm_snapshot(29, 22, [("99.9", "3.5"), ("99.7", "1")], [("100.2", "1.25")])
    (stream,) = verify(write(tmp_path / "other", text([*session(), (at(25), other)])), **USDM)
    assert kinds(stream) == [
        ("missing_level", "error", 1),
        ("extra_level", "error", 1),
        ("wrong_quantity", "error", 1),
        ("snapshot_differs", "error", 1),
    ]


def test_a_recording_that_breaks_off_is_read_to_its_last_line(tmp_path: Path) -> None:
    (stream,) = verify(write(tmp_path / "x", text(session())[:-20]), **USDM)
    assert [(kind, severity) for kind, severity, _ in kinds(stream)] == [("cut", "warning")]


def test_single_orders_become_levels_first(tmp_path: Path) -> None:
    (stream,) = verify(write(tmp_path / "x.log", BITSTAMP.encode()))
    assert stream.kind == "bitstamp"
    assert stream.report.rows > 0
    assert "orders" not in [kind for kind, _, _ in kinds(stream)]


def test_progress(tmp_path: Path) -> None:
    build_tape(random_events(1, 400), symbol="X.TEST", path=tmp_path / "x.tape")
    for path, more in ((tmp_path / "x.tape", {}), (write(tmp_path / "x", text(session())), USDM)):
        seen: list[tuple[int, int]] = []
        verify(path, progress=lambda *now, seen=seen: seen.append(now), **more)
        assert seen == sorted(seen)
        assert 0 < seen[-1][0] <= seen[-1][1]


def test_what_cannot_be_checked(tmp_path: Path) -> None:
    recorded = write(tmp_path / "x", text(session()))
    with pytest.raises(DataError, match="at least one file"):
        verify([])
    with pytest.raises(TapeError, match="no such file"):
        verify(tmp_path / "none.tape")
    with pytest.raises(DataError):
        verify(recorded)  # not a vendor's
    with pytest.raises(ConfigError, match="options of recordings"):
        verify(recorded, date="2024-01-01", **USDM)


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only
def test_two_real_days_that_follow_each_other_and_a_line_that_is_taken_out(tmp_path: Path) -> None:
    days = [shared_data(f"raw/binance_usdm/btcusdt_202407{day}.gz") for day in (18, 19)]
    (stream,) = verify(days, **USDM)
    assert {kind for kind, _, _ in kinds(stream)} == {"early", "time_backward", "trade_outside"}
    assert stream.report.errors == 0

    lines = gzip.decompress(days[0].read_bytes()).splitlines(keepends=True)
    depth = [i for i, line in enumerate(lines) if b'"depthUpdate"' in line]
    del lines[depth[len(depth) // 2]]
    (stream,) = verify(write(tmp_path / "cut.gz", b"".join(lines)), **USDM)
    assert [f for f in kinds(stream) if f[0] in ("sequence", "gap_open", "gap")] == [
        ("gap_open", "error", 1),
        ("sequence", "warning", 1),
        ("gap", "warning", 1),
    ]


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only
def test_a_real_book_against_snapshots_made_of_it(tmp_path: Path) -> None:
    """A dict's book of half the recording, 300 levels a side, as the venue sends it; then with faults."""
    lines = gzip.decompress(shared_data("raw/binance_usdm/btcusdt_20240718.gz").read_bytes()).splitlines()
    depth = [i for i, line in enumerate(lines) if b'"depthUpdate"' in line]
    half = depth[len(depth) // 2]
    codec = MarketDataCodec(venue_symbol(Venue.parse("binance-usdm"), "BTCUSDT"))
    sides: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for line in lines[: half + 1]:
        for row in codec.feed(line.partition(b" ")[2], int(line.partition(b" ")[0])):
            ev = int(row["ev"])
            if ev & KIND_MASK in (DEPTH, DEPTH_SNAPSHOT):
                side = sides[0 if ev & BUY else 1]
                px, qty = (f"{int(row[n]) * 10.0 ** int(row[f'{n}_exp']):.3f}" for n in ("px", "qty"))
                side.pop(px, None)
                if int(row["qty"]):
                    side[px] = qty
    message = json.loads(lines[half].partition(b" ")[2])["data"]
    bids = sorted(sides[0].items(), key=lambda level: -float(level[0]))[:300]
    asks = sorted(sides[1].items(), key=lambda level: float(level[0]))[:300]

    def checked(bids, asks):
        snapshot = m.usdm_snapshot(message["u"], message["T"] + 1 - m.T0, bids, asks)
        local = int(lines[half].partition(b" ")[0]) + 1
        whole = [*lines[: half + 1], b"%d " % local + snapshot, *lines[half + 1 :]]
        (stream,) = verify(write(tmp_path / "x.gz", b"\n".join(whole) + b"\n"), **USDM)
        return stream

    stream = checked(bids, asks)
    assert stream.report.compared == 1
    assert stream.report.errors == 0
    wrong = [(px, "7.777") for px, _ in bids[:5]] + bids[5:]
    stream = checked(wrong, asks[:9] + asks[12:])
    assert [f for f in kinds(stream) if f[1] == "error"] == [
        ("extra_level", "error", 3),
        ("wrong_quantity", "error", 5),
        ("snapshot_differs", "error", 1),
    ]
