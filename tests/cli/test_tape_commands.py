"""`truefill tape`: what a tape holds, whether it is sound, its first events."""

import json

import numpy as np
import pytest

from tests.tape.order_streams import Message, as_events
from tests.tape.test_builder import event, events
from truefill.cli.times import local_time, precise_time
from truefill.core.events import ADD_ORDER, CANCEL_ORDER, FILL, GAP_BEGIN, GAP_END, MODIFY_ORDER, NO_TIME
from truefill.synthetic import make_market
from truefill.tape import build_tape


def test_info_as_json_has_what_the_issue_names(truefill):
    done = truefill("tape", "info", "market.tape", "--json")
    assert done.exit_code == 0
    info = json.loads(done.stdout)
    events = np.concatenate(list(make_market(20, seed=3)))
    assert info["events"] == len(events)
    assert info["first_ts"] == events["local_ts"][0]
    assert info["last_ts"] == events["local_ts"][-1]
    assert (info["tick_size"], info["lot_size"], info["gaps"]) == ("0.01", "0.01", 0)
    assert float(info["last_best_bid"]) < float(info["last_best_ask"])
    assert len(info["content_hash"]) == 64
    assert "sections" not in info


def test_info_as_text(truefill):
    done = truefill("tape", "info", "market.tape")
    assert done.exit_code == 0
    for part in ("DEMO-PERP.SYNTH", "tick size", "0.01", "20 s", "UTC", "gaps", "none"):
        assert part in done.stdout


@pytest.mark.parametrize("view", ["local", "exch"])
def test_head_shows_the_events_as_they_were_made(truefill, view):
    done = truefill("tape", "head", "market.tape", "-n", 400, "--view", view, "--json")
    assert done.exit_code == 0
    lines = json.loads(done.stdout)
    assert len(lines) == 400
    events = np.concatenate(list(make_market(20, seed=3)))
    time = events["local_ts" if view == "local" else "exch_ts"]
    shown = [line for line in lines if line["event"] in ("depth", "trade")]
    made = {(int(t), float(e["px"]), float(e["qty"])) for t, e in zip(time, events, strict=True)}
    assert {(line["ts"], float(line["price"]), float(line["qty"])) for line in shown} <= made
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    assert {"depth", "trade"} <= {line["event"] for line in lines}
    assert {"bid", "ask"} <= {line["side"] for line in lines}


def test_head_as_text(truefill):
    done = truefill("tape", "head", "market.tape", "-n", 3)
    assert done.exit_code == 0
    assert "arrived here (UTC)" in done.stdout
    assert done.stdout.count("depth") >= 2


def test_check_finds_nothing_in_a_sound_tape(truefill):
    done = truefill("tape", "check", "market.tape")
    assert done.exit_code == 0, done.output
    assert json.loads(truefill("tape", "check", "market.tape", "--json").stdout) == []


def test_check_finds_an_altered_tape(truefill, folder):
    data = bytearray((folder / "market.tape").read_bytes())
    data[-100_000] ^= 0xFF
    (folder / "altered.tape").write_bytes(data)
    done = truefill("tape", "check", "altered.tape")
    assert done.exit_code == 1, done.output
    findings = json.loads(truefill("tape", "check", "altered.tape", "--json").stdout)
    assert any(f["severity"] == "error" for f in findings)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


@pytest.mark.parametrize("command", ["info", "head"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_cut, "truncated"),
        (lambda data: b"", "an empty file"),
        (lambda data: b"hello, world" * 100, "something else"),
    ],
)
def test_damaged_tapes_are_refused_in_one_line(truefill, folder, command, damage, message):
    (folder / "bad.tape").write_bytes(damage((folder / "market.tape").read_bytes()))
    done = truefill("tape", command, "bad.tape")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: bad.tape: expected ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_times_are_exact_and_say_utc():
    assert local_time(1_735_689_600_123_456_789) == "2025-01-01 00:00:00.123456 UTC"
    assert precise_time(1_735_689_600_123_456_789) == "2025-01-01 00:00:00.123456789"
    assert local_time(None) == "-"


def test_tape_of_single_orders_tells_of_them(truefill, folder):
    """`info` says how many orders and what was wrong with the stream; `head` shows fills."""
    messages = [
        Message(ADD_ORDER, 1, 100, 5, 1, 1000, 1010),
        Message(FILL, 1, 100, 2, 1, 1001, 1011),
        Message(MODIFY_ORDER, 1, 100, 3, 1, 1001, 1011),
        Message(CANCEL_ORDER, 1, 100, 3, 9, 1002, 1012),
    ]
    build_tape(as_events(messages, 0.5, 1.0), path=folder / "orders.tape")
    text = truefill("tape", "info", "orders.tape").stdout
    assert "1 open at most, 1 at the end; 1 unknown cancel" in text
    assert "none needed" in text
    done = truefill("tape", "head", "orders.tape", "--view", "exch", "--json")
    rows = json.loads(done.stdout)
    assert [(r["event"], r["side"], r["qty"]) for r in rows] == [
        ("depth", "bid", "5"),
        ("fill", "bid", "2"),
        ("depth", "bid", "3"),
    ]
    assert "unknown cancel" in truefill("tape", "check", "orders.tape").stdout


def test_info_lists_gaps_with_their_times(truefill, folder):
    rows = events(
        event(local=1000),
        event(GAP_BEGIN, side=0, local=2000),
        event(GAP_END, side=0, local=5000),
        event(GAP_BEGIN, side=0, local=6000),
    )
    build_tape(rows, symbol="X.TEST", path=folder / "x.tape")
    done = truefill("tape", "info", "x.tape")
    for part in ("gap from", "00:00:00.000002 UTC", "3 µs", "00:00:00.000006 UTC", "never"):
        assert part in done.stdout
    assert json.loads(truefill("tape", "info", "x.tape", "--json").stdout)["gap_spans"] == [
        [2000, 5000],
        [6000, NO_TIME],
    ]


def test_info_draws_a_picture(truefill, folder):
    done = truefill("tape", "info", "market.tape", "--html", "market.html")
    assert done.exit_code == 0, done.output
    assert "DEMO-PERP.SYNTH" in done.stdout
    assert "picture written to market.html" in done.stderr
    text = (folder / "market.html").read_text()
    content_hash = json.loads(truefill("tape", "info", "market.tape", "--json").stdout)["content_hash"]
    for part in ("DEMO-PERP.SYNTH", content_hash, 'id="chart-price"', 'id="chart-rate"'):
        assert part in text


def test_info_as_json_draws_a_picture_and_prints_json_only(truefill, folder):
    done = truefill("tape", "info", "market.tape", "--json", "--html", "market.html")
    assert json.loads(done.stdout)["symbol"] == "DEMO-PERP.SYNTH"
    assert (folder / "market.html").exists()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("none/market.html", "expected an existing folder"),
        (".", "expected a file that can be written"),
        ("market.tape", "expected another file than the tape"),
    ],
)
def test_a_picture_that_cannot_be_written(truefill, folder, target, expected):
    before = sorted(folder.iterdir())
    done = truefill("tape", "info", "market.tape", "--html", target)
    assert done.exit_code == 2
    assert expected in done.stderr
    assert done.stdout == ""
    assert sorted(folder.iterdir()) == before
    assert truefill("tape", "check", "market.tape").exit_code == 0
