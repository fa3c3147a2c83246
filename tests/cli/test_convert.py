"""`truefill convert`: recordings into a tape; everything else refused in one line, nothing left behind."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data


def _line(ms: int, stream: str, data: str) -> str:
    event = f'"E":{1723161255000 + ms - 1},"T":{1723161255000 + ms - 2},"s":"BTCUSDT"'
    return f'{1723161255000 + ms}314667 {{"stream":"btcusdt@{stream}","data":{{{event},{data}}}}}'


LINES = [
    _line(30, "trade", '"e":"trade","t":1,"p":"100.5","q":"0.010","X":"MARKET","m":false'),
    _line(
        130, "depth@0ms", '"e":"depthUpdate","U":10,"u":12,"pu":9,"b":[["100.4","1.0"]],"a":[["100.6","2.0"]]'
    ),
    _line(230, "depth@0ms", '"e":"depthUpdate","U":13,"u":14,"pu":12,"b":[["100.3","3.500"]],"a":[]'),
]
USDM = ("--venue", "binance-usdm", "--symbol", "BTCUSDT")


def write(path: Path, lines: list[str]) -> Path:
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return path


def test_a_recording_becomes_a_tape(truefill, folder):
    write(folder / "r.gz", LINES)
    done = truefill("convert", "r.gz", *USDM, "--out", "r.tape")
    assert done.exit_code == 0, done.output
    assert "BTCUSDT-PERP.BINANCE" in done.stdout
    info = json.loads(truefill("tape", "info", "r.tape", "--json").stdout)
    assert (info["tick_size"], info["lot_size"], info["source"]) == ("0.1", "0.01", ["r.gz"])
    assert (info["last_best_bid"], info["last_best_ask"]) == ("100.4", "100.6")


def test_options_reach_the_converter(truefill, folder):
    write(folder / "r.gz", LINES)
    done = truefill(
        "convert", "r.gz", *USDM, "-o", "r.tape", "--tick-size", "0.05", "--lot-size", "0.001", "--json"
    )
    report = json.loads(done.stdout)
    assert (report["tick_size"], report["lot_size"]) == ("0.05", "0.001")


def test_consecutive_files_become_one_tape(truefill, folder):
    write(folder / "all.gz", LINES)
    write(folder / "1.gz", LINES[:2])
    write(folder / "2.gz", LINES[2:])
    hashes = [
        json.loads(truefill("convert", *files, *USDM, "-o", "r.tape", "--json").stdout)["content_hash"]
        for files in (["all.gz"], ["1.gz", "2.gz"])
    ]
    assert hashes[0] == hashes[1]


def test_npz(truefill, folder):
    write(folder / "r.gz", LINES)
    done = truefill("convert", "r.gz", *USDM, "-o", "r.npz", "--to", "npz")
    assert done.exit_code == 0, done.output
    assert len(np.load(folder / "r.npz")["data"]) >= 4


def test_a_clock_behind_is_corrected_in_the_open_or_refused(truefill, folder):
    late = [line.replace("17231612", "17231611", 1) for line in LINES]
    write(folder / "r.gz", late)
    done = truefill("convert", "r.gz", *USDM, "-o", "r.tape")
    assert done.exit_code == 0
    assert "note: " in done.stderr
    assert "clock" in done.stdout
    assert truefill("convert", "r.gz", *USDM, "-o", "strict.tape", "--strict").exit_code == 2
    assert not (folder / "strict.tape").exists()


WHOLE = gzip.compress(("\n".join(LINES) + "\n").encode(), mtime=0)


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, USDM, "r.gz: expected a file, got none with this name"),
        (b"", USDM, "an empty file"),
        (WHOLE[:-30], USDM, "r.gz:"),
        (b"\x1f\x8bnot gzip at all", USDM, "r.gz:"),
        (b"PK\x03\x04 no zip", USDM, "r.gz:"),
        (b"hello\nworld\n", USDM, "r.gz:1: expected <local time"),
        ("\n".join([*LINES[:2], LINES[2][:80]]).encode(), USDM, "r.gz:3: expected a complete recording"),
        ("\n".join([LINES[0][:60], LINES[1]]).encode() + b"\n", USDM, "r.gz:1:"),
        (b'1723161255030314667 {"some":"other stream"}\n', USDM, "r.gz"),
        (WHOLE, ("--venue", "binance-spot", "--symbol", "BTCUSDT"), "expected messages of binance-spot"),
        (WHOLE, ("--venue", "binance-usdm", "--symbol", "ETHUSDT"), "r.gz:1:"),
        (WHOLE, ("--venue", "nowhere", "--symbol", "BTCUSDT"), "venue: expected a venue, one of binance"),
        (
            WHOLE,
            ("--venue", "binance-usdm", "--symbol", "BTCUSD_PERP"),
            "binance-usdm: expected a symbol like",
        ),
        (WHOLE, (*USDM, "--tick-size", "0.3"), "expected a price on the tick 0.3, got 100."),
        (WHOLE, (*USDM, "--lot-size", "0.7"), "expected"),
        (WHOLE, (*USDM, "--tick-size", "many"), "expected a positive decimal number as tick size"),
        (WHOLE, (*USDM, "--base-latency", "9999999999h"), "--base-latency: expected a duration of at most"),
        (WHOLE, (*USDM, "--to", "csv"), "Invalid value for '--to'"),
    ],
)
def test_bad_input_is_one_line_status_2_and_leaves_nothing(truefill, folder, content, arguments, message):
    if content is not None:
        (folder / "r.gz").write_bytes(content)
    before = sorted(p.name for p in folder.iterdir())
    done = truefill("convert", "r.gz", *arguments, "--out", "r.tape")
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert sorted(p.name for p in folder.iterdir()) == before


def test_a_cut_tail_is_dropped_on_request(truefill, folder):
    (folder / "r.gz").write_text("\n".join([*LINES, LINES[2][:80]]))
    done = truefill("convert", "r.gz", *USDM, "-o", "r.tape", "--allow-cut-tail")
    assert done.exit_code == 0
    assert "note: " in done.stderr


@pytest.mark.slow
@pytest.mark.needs_shared
def test_a_real_recording(truefill):
    file = shared_data("raw/binance_usdm/btcusdt_20240718.gz")
    done = truefill("convert", file, *USDM, "-o", "r.tape", "--json")
    report = json.loads(done.stdout)
    assert (report["tick_size"], report["lot_size"], report["gaps"]) == ("0.1", "0.001", 0)
    assert report["clock_correction_ns"] > 0


def test_an_order_by_order_file_needs_no_venue(truefill, folder):
    """Its format is told by the file; the options of its reader arrive; what is odd is a note."""
    (folder / "r0.jsonl").write_text(
        "[8047,[[11,60945,0.2],[12,60977,-1]]]\n[8047,[99,0,1]]\n[8047,[11,0,1]]\n"
    )
    clock = ("--start", "2021-03-01T00:00:00Z", "--every", "10ms", "--feed-latency", "2ms")
    done = truefill("convert", "r0.jsonl", "--symbol", "BTCUSD.BITFINEX", "-o", "r.tape", *clock)
    assert done.exit_code == 0, done.output
    assert "BTCUSD.BITFINEX" in done.stdout
    assert "note: unknown cancels: 1" in done.stderr
    info = json.loads(truefill("tape", "info", "r.tape", "--json").stdout)
    assert (info["first_ts"] - info["first_exch_ts"], info["last_ts"] - info["first_ts"]) == (
        2_000_000,
        20_000_000,
    )
    assert (info["last_best_bid"], info["last_best_ask"]) == (None, "60977")
    done = truefill("convert", "r0.jsonl", "--symbol", "X", "-o", "r.npz", "--to", "npz", *clock, "--json")
    assert json.loads(done.stdout)["counters"]["unknown_cancels"] == 1
    assert len(np.load(folder / "r.npz")["data"]) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "r0.jsonl: expected a start, and a step from line to line"),
        (
            ("--start", "2021-03-01", "--every", "1ms"),
            "start: expected UTC nanoseconds, or a time with its zone",
        ),
        (("--start", "5", "--every", "soon"), "--every: expected a duration"),
        (("--date", "2021-03-01"), "options: expected options that bitfinex has"),
        (("--fuse-tickers",), "expected options of a vendor's files"),
        (("--format", "kraken"), "format: expected databento or lobster or bitstamp or bitfinex"),
        (("--format", "lobster"), "date: expected a date"),
        (("--format", "databento", "--instrument", "7"), "r0.jsonl:1: expected a first line"),
        (("--venue", "binance-usdm", "--every", "1ms"), "expected options of recordings"),
    ],
)
def test_options_that_an_order_by_order_file_has_not(truefill, folder, arguments, message):
    (folder / "r0.jsonl").write_text("[8047,[[11,60945,0.2],[12,60977,-1]]]\n")
    done = truefill("convert", "r0.jsonl", "--symbol", "X.Y", "-o", "r.tape", *arguments)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "r.tape").exists()
