"""Recordings into tapes: small ones made by hand, and what is refused about them."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.venues import messages as m
from truefill.collect import ConversionReport, convert
from truefill.core.errors import ConfigError, DataError, TapeError
from truefill.core.events import DEPTH, KIND_MASK, TICKER_BID, TRADE
from truefill.tape import Tape, read_npz

Lines = list[tuple[int, bytes]]  # local time in ns, message
T0_NS = m.T0 * 1_000_000
SNAPSHOT = m.usdm_snapshot(9, 5, [("99.9", "2"), ("99.8", "0.5")], [("100.1", "4")])


def at(ms: float) -> int:
    """Local time in ns."""
    return T0_NS + int(ms * 1_000_000)


def session(first: int = 0) -> Lines:
    """A snapshot, two differences, a trade and a ticker; with `first`, what follows them."""
    if first == 0:
        return [
            (at(6), SNAPSHOT),
            (at(11), m.usdm_depth(10, 19, 9, 10, [("99.9", "3")], [("100.2", "1.25")])),
            (at(12), m.usdm_trade(1, 11, "100.1", "0.5", False)),
            (at(13), m.usdm_ticker(20, 12, "99.9", "3", "100.1", "4")),
            (at(21), m.usdm_depth(20, 29, 19, 20, [("99.8", "0")], [])),
        ]
    return [
        (at(31), m.usdm_depth(30, 39, first, 30, [("99.7", "1")], [])),
        (at(32), m.usdm_trade(2, 31, "99.9", "0.5", True)),
    ]


def text(lines: Iterable[tuple[int, bytes]]) -> bytes:
    """The recording as it stands in a file."""
    return b"".join(b"%d " % local_ts + message + b"\n" for local_ts, message in lines)


def write(path: Path, data: bytes) -> Path:
    """Write a file, packed if its name says so."""
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def to_tape(tmp_path: Path, *files: Path, **more: Any) -> tuple[ConversionReport, Tape]:
    """Convert BTCUSDT of USD-M."""
    settings: dict[str, Any] = {
        "venue": "binance-usdm",
        "symbol": "BTCUSDT",
        "out": tmp_path / "out.tape",
    } | more
    report = convert(files, **settings)
    return report, Tape.open(report.out)


def test_a_recording_becomes_a_tape(tmp_path: Path) -> None:
    """Report and header say what was read."""
    report, tape = to_tape(tmp_path, write(tmp_path / "btcusdt.gz", text(session())))
    assert report.events == tape.header.events == 1 + 3 + 3 + 1 + 2
    assert (report.symbol, report.venue) == ("BTCUSDT-PERP.BINANCE", "binance-usdm")
    assert (report.tick_size, report.lot_size) == ("0.1", "0.25")
    assert (report.first_ts, report.last_ts) == (at(6), at(21))
    assert (report.gaps, report.clock_correction_ns, report.notes) == (0, 0, [])
    assert report.messages.messages == 5
    assert report.latency is not None
    assert (report.latency.minimum, report.latency.maximum, report.latency.messages) == (
        1_000_000,
        1_000_000,
        3,
    )
    assert tape.header.source == ["btcusdt.gz"]
    assert (tape.header.last_best_bid, tape.header.last_best_ask) == ("99.9", "100.1")
    assert json.loads(json.dumps(report.as_dict()))["messages"]["trades"] == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["btcusdt.gz", "out.tape"]


def test_microseconds_plain_text_and_blank_lines(tmp_path: Path) -> None:
    """16 digits are microseconds; the last line may lack its end."""
    lines = b"\n".join(b"%d " % (ts // 1000) + message for ts, message in session()) + b"\n\n  "
    report, _ = to_tape(tmp_path, write(tmp_path / "us.txt", lines))
    assert (report.first_ts, report.last_ts) == (at(6), at(21))
    report, _ = to_tape(tmp_path, write(tmp_path / "no-end.txt", text(session())[:-1]))
    assert report.messages.messages == 5


def test_files_are_joined(tmp_path: Path) -> None:
    """Two files give the tape that one with all their lines gives."""
    whole = write(tmp_path / "whole", text(session() + session(first=29)))
    first, second = write(tmp_path / "1.gz", text(session())), write(tmp_path / "2", text(session(first=29)))
    one, _ = to_tape(tmp_path, whole)
    two, _ = to_tape(tmp_path, first, second)
    assert one.content_hash == two.content_hash
    assert (two.gaps, two.messages.depth) == (0, 3)


def test_files_may_meet_in_one_instant(tmp_path: Path) -> None:
    """Several messages can have one time, and a file can end between them."""
    first = write(tmp_path / "1", text(session()))
    second = write(tmp_path / "2", text([(at(21), m.usdm_trade(2, 20, "99.9", "0.5", True))]))
    assert to_tape(tmp_path, first, second)[0].messages.trades == 2


def test_what_is_missing_between_files_is_a_gap(tmp_path: Path) -> None:
    """And it is said that nothing repaired it."""
    first, second = write(tmp_path / "1", text(session())), write(tmp_path / "2", text(session(first=28)))
    second.write_bytes(text([(at(31), m.usdm_depth(31, 39, 30, 30, [("99.7", "1")], []))]))
    report, tape = to_tape(tmp_path, first, second)
    assert report.gaps == tape.header.gaps == 1
    assert report.notes == ["1 gap in the update ids; the last was not repaired: no snapshot"]


def test_gap_and_repair_in_the_tape(tmp_path: Path) -> None:
    """A later snapshot ends the gap; the book is the snapshot's."""
    lines = [
        *session()[:2],
        (at(31), m.usdm_depth(31, 39, 30, 30, [("99.7", "1")], [])),
        (at(41), m.usdm_snapshot(39, 35, [("98", "1")], [("102", "1")])),
    ]
    report, tape = to_tape(tmp_path, write(tmp_path / "1", text(lines)))
    assert report.gaps == 1
    assert report.notes == ["1 gap in the update ids; the last was repaired by a snapshot"]
    assert [(int(g["begin_local"]), int(g["end_local"])) for g in tape.gaps] == [(at(31), at(41))]
    assert (tape.header.last_best_bid, tape.header.last_best_ask) == ("98", "102")


def test_a_clock_that_runs_behind_is_corrected_in_the_open(tmp_path: Path) -> None:
    """The correction is in report and header; the latencies reported are those recorded."""
    lines = [(ts - 50_000_000, message) for ts, message in session()]
    path = write(tmp_path / "1", text(lines))
    report, tape = to_tape(tmp_path, path, base_latency_ns=1000)
    assert report.clock_correction_ns == tape.header.clock_correction_ns == 49_001_000
    assert report.latency is not None and report.latency.median == -49_000_000
    assert any("49.000 ms behind" in note for note in report.notes)
    assert report.first_ts == at(6) - 50_000_000 + 49_001_000
    with pytest.raises(DataError, match="49000000 ns behind"):
        to_tape(tmp_path, path, strict=True, out=tmp_path / "strict.tape")
    assert not (tmp_path / "strict.tape").exists()


def test_a_local_time_that_steps_back(tmp_path: Path) -> None:
    """The order of the lines is the order of arrival: time stands still, and that is said; strict refuses."""
    lines = session()
    lines[3] = (at(10), lines[3][1])
    path = write(tmp_path / "1", text(lines))
    report, _ = to_tape(tmp_path, path)
    assert report.notes == [
        "the local time stepped back once, by 2000000 ns; the order of the lines was kept"
    ]
    with pytest.raises(DataError, match="1:4: expected local times that never go back, got 2000000 ns"):
        to_tape(tmp_path, path, strict=True)


def test_differences_only(tmp_path: Path) -> None:
    """Without a snapshot the book is partial, and that is said."""
    report, tape = to_tape(tmp_path, write(tmp_path / "1", text(session()[1:])))
    assert report.notes == ["no snapshot: the book is built from differences only and is partial"]
    assert not tape.header.has_snapshot


def test_given_steps(tmp_path: Path) -> None:
    """They may be finer than the data, but have to divide it."""
    path = write(tmp_path / "1", text(session()))
    report, _ = to_tape(tmp_path, path, tick_size="0.05", lot_size="0.001")
    assert (report.tick_size, report.lot_size) == ("0.05", "0.001")
    with pytest.raises(TapeError, match=r"0\.2"):
        to_tape(tmp_path, path, tick_size="0.2", out=tmp_path / "bad.tape")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "out.tape"]


def test_progress(tmp_path: Path) -> None:
    """It rises to what it said is the whole."""
    seen: list[tuple[int, int]] = []
    to_tape(tmp_path, write(tmp_path / "1.gz", text(session())), progress=lambda *a: seen.append(a))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0


def test_other_streams_and_answers(tmp_path: Path) -> None:
    """Counted, and said where it matters."""
    lines = [
        *session(),
        (at(50), b'{"result":null,"id":1}'),
        (at(51), b'{"code":-1003,"msg":"Too many requests"}'),
        (at(52), m._dump({"e": "forceOrder", "E": 1, "s": "BTCUSDT", "o": {"s": "BTCUSDT"}})),
    ]
    report, _ = to_tape(tmp_path, write(tmp_path / "1", text(lines)))
    assert report.notes == [
        "1 message of other streams ignored",
        "the venue said: -1003 Too many requests",
    ]


BAD = {
    "another symbol": (
        text([*session(), (at(30), m.usdm_trade(2, 29, "1", "1", True, s="ETHUSDT"))]),
        "bad:6: expected messages of BTCUSDT, got one of ETHUSDT",
    ),
    "another market": (
        text([(at(6), m.spot_depth(5, 9, 5))]),
        "bad:1: expected messages of binance-usdm, got a depthUpdate without pu or T, as of binance-spot",
    ),
    "another venue": (
        text([(at(6), b'{"channel":"l2Book","data":{"coin":"BTC","levels":[]}}')]),
        'bad:1: expected a market-data message of binance-usdm, got {"channel":"l2Book"',
    ),
    "only other streams": (
        text([(at(6), m._dump({"e": "kline", "s": "BTCUSDT"}))]),
        "bad: expected depth, trades or book tickers of BTCUSDT, got none in 1 messages",
    ),
    "a line cut in the middle": (
        text(session()).replace(b'"b": [["99.8"', b"\n", 1),
        "bad:5: expected one complete JSON message, got",
    ),
    "a line without a time": (
        text(session()[:2]) + SNAPSHOT + b"\n",
        'bad:3: expected <local time of 19 digits (ns) or 16 digits (us)> <JSON>, got \'{"lastUpdateId"',
    ),
    "milliseconds": (
        b"%d " % m.T0 + SNAPSHOT + b"\n",
        "bad:1: expected <local time of 19 digits (ns) or 16 digits (us)> <JSON>, got '1700000000000 {",
    ),
    "a time after the end of int64": (
        b"9999999999999999999 " + SNAPSHOT + b"\n",
        "bad:1: expected <local time of 19 digits (ns) or 16 digits (us)> <JSON>, got '9999999999999999999",
    ),
    "no JSON": (text([(at(6), b"hello")]), "bad:1: expected one complete JSON message, got hello"),
    "a bad number": (
        text([*session()[:2], (at(30), m.usdm_depth(20, 29, 19, 20, [("9x", "1")]))]),
        "bad:3: expected a decimal number of at most 18 digits, got '9x'",
    ),
    "binary": (bytes(range(128, 256)) + b"\n", "bad:1: expected <local time of 19 digits"),
    "blank lines": (
        b"\n\n",
        "bad: expected depth, trades or book tickers of BTCUSDT, got none in 0 messages",
    ),
    "one space": (b" ", "bad: expected a recording, got no line"),
    "nothing": (b"", "bad: expected a recording, got an empty file"),
    "cut last line": (
        text(session())[:-9],
        "bad:5: expected a complete recording, got a line that breaks off (allow_cut_tail drops what is",
    ),
    "gzip that breaks off": (
        gzip.compress(text(session()))[:-12],
        "expected a complete recording, got packed data that break off",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files(case: str, tmp_path: Path) -> None:
    """Each is refused with file and line, and nothing is left behind."""
    data, expected = BAD[case]
    path = tmp_path / "bad"
    path.write_bytes(data)
    with pytest.raises(DataError) as error:
        to_tape(tmp_path, path)
    assert expected in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["bad"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_cut_tail_can_be_allowed(packed: bool, tmp_path: Path) -> None:
    """What is incomplete is dropped, and that is said; the tape is that of the whole lines."""
    lines = session()
    data = text(lines)
    path = tmp_path / "cut"
    path.write_bytes(gzip.compress(data)[:-12] if packed else data[:-30])
    report, _ = to_tape(tmp_path, path, allow_cut_tail=True)
    assert 1 <= report.messages.messages <= 5 - (not packed)
    assert "the incomplete line was dropped" in report.notes[0]


def test_files_in_the_wrong_order(tmp_path: Path) -> None:
    """Seen before anything is read in earnest."""
    first, second = write(tmp_path / "1", text(session())), write(tmp_path / "2", text(session(first=29)))
    with pytest.raises(DataError, match=r"files in order of time, got .*1 which begins before .*2"):
        to_tape(tmp_path, second, first)


def test_files_that_overlap(tmp_path: Path) -> None:
    """The same file twice is the plainest case."""
    first = write(tmp_path / "1", text(session()))
    with pytest.raises(
        DataError, match=r"1:1: expected files that follow each other .* 0.015000 s before the end"
    ):
        to_tape(tmp_path, first, first)


def test_bad_settings(tmp_path: Path) -> None:
    """Venue, symbol, kind and place of the result, no file at all."""
    path = write(tmp_path / "1", text(session()))
    with pytest.raises(DataError, match="venue: expected a venue, one of"):
        to_tape(tmp_path, path, venue="ftx")
    with pytest.raises(DataError, match="a symbol like BTCUSDT or BTCUSDT_240927, got 'BTCUSD_PERP'"):
        to_tape(tmp_path, path, symbol="BTCUSD_PERP")
    with pytest.raises(ConfigError, match="to: expected tape, npz or parquet, got 'csv'"):
        to_tape(tmp_path, path, to="csv")
    with pytest.raises(DataError, match="an existing folder for the result"):
        to_tape(tmp_path, path, out=tmp_path / "nowhere" / "x.tape")
    with pytest.raises(DataError, match="at least one file, got none"):
        to_tape(tmp_path)
    with pytest.raises(DataError, match="missing: expected a file, got none with this name"):
        to_tape(tmp_path, path, tmp_path / "missing")


def test_a_packed_name_does_not_matter(tmp_path: Path) -> None:
    """Plain text in a .gz is read as what it is."""
    path = tmp_path / "plain.gz"
    path.write_bytes(text(session()))
    assert to_tape(tmp_path, path)[0].messages.messages == 5


def test_fused_tickers(tmp_path: Path) -> None:
    """On request the book ticker moves the best prices of the tape."""
    lines = [*session(), (at(30), m.usdm_ticker(35, 25, "99.95", "1", "100.05", "4"))]
    path = write(tmp_path / "1", text(lines))
    assert to_tape(tmp_path, path)[1].header.last_best_bid == "99.9"
    report, tape = to_tape(tmp_path, path, fuse_tickers=True)
    assert (tape.header.last_best_bid, tape.header.last_best_ask) == ("99.95", "100.05")
    assert report.messages.fused_levels == 2


def test_to_npz(tmp_path: Path) -> None:
    """HftBacktest's events: the same counts, in a file that its own check accepts."""
    path = write(tmp_path / "1", text(session()))
    settings: dict[str, Any] = {"venue": "binance-usdm", "symbol": "BTCUSDT", "to": "npz"}
    report = convert(path, out=tmp_path / "events.npz", **settings)
    events = read_npz(tmp_path / "events.npz")
    assert report.out == str(tmp_path / "events.npz")
    kinds = (events["ev"] & KIND_MASK).tolist()
    assert (kinds.count(DEPTH), kinds.count(TRADE), kinds.count(TICKER_BID)) == (3, 1, 1)
    validation = pytest.importorskip("hftbacktest.data.validation")
    validation.validate_event_order(events)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["1", "events.npz"]
    with pytest.raises(ConfigError, match=r"out: expected a name that ends in .npz, got events.tape"):
        convert(path, out=tmp_path / "events.tape", **settings)


@pytest.mark.needs_shared
@pytest.mark.compiled_only
def test_a_real_recording(tmp_path: Path) -> None:
    """Two chained files, a clock 1.5 s behind: one tape, corrected, without a gap."""
    files = [shared_data(f"raw/binance_usdm/btcusdt_{day}.gz") for day in ("20240718", "20240719")]
    report, tape = to_tape(tmp_path, *files)
    assert (report.gaps, report.tick_size, report.lot_size) == (0, "0.1", "0.001")
    assert report.messages.levels == 75_704 + 325_155
    assert report.messages.trades == 974 + 9_727
    assert 1.52e9 < report.clock_correction_ns < 1.53e9
    assert tape.header.counts["depth"] == report.messages.levels + report.messages.repeated_levels
    assert np.all(np.diff(tape.section("local.group_ts")) > 0)
