import msgspec
import numpy as np
import pytest

from tests.tape.recordings import recording
from tests.tape.streams import random_events
from tests.tape.test_builder import event, events
from truefill.core.errors import TapeError
from truefill.core.events import (
    DEPTH_SNAPSHOT,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    MARK_PRICE,
    SELL,
    TICKER_BID,
    TRADE,
)
from truefill.tape import Finding, build_tape, check


def snapshot(local, bid=100.0, ask=101.0):
    return [
        event(DEPTH_SNAPSHOT, px=bid, local=local),
        event(DEPTH_SNAPSHOT, px=ask, side=SELL, local=local),
    ]


def found(*rows, kind=None):
    """Findings of a tape of a snapshot and these rows."""
    findings = check(build_tape(events(*snapshot(2000), *rows), symbol="X.TEST"))
    return [f for f in findings if kind in (None, f.kind)]


def test_sound_tape():
    assert found(event(px=99.0, local=3000), event(TRADE, px=101.0, local=3500)) == []


def test_local_time_backward():
    (finding,) = found(event(local=5000), event(local=4000), event(local=4500), event(local=4400))
    assert (finding.kind, finding.severity, finding.count) == ("time_backward", "warning", 2)
    assert (finding.row, finding.ts) == (3, 4000)


def test_exchange_time_backward():
    (finding,) = found(event(local=5000, exch=1500), event(local=6000, exch=1400))
    assert (finding.kind, finding.severity) == ("time_backward", "info")


def test_crossed_book_is_found_in_both_views():
    findings = found(
        event(px=102.0, exch=1001, local=3000), event(px=102.0, qty=0, exch=1002, local=4000), kind="crossed"
    )
    assert [f.severity for f in findings] == ["error", "error"]
    assert findings[1].ts == 3000
    assert "local view" in findings[1].text


def test_locked_book():
    (finding,) = found(event(px=101.0, local=3000, flags=LOCAL), kind="locked")
    assert (finding.severity, finding.ts, finding.count) == ("warning", 3000, 1)


def test_gaps_and_one_that_stays_open():
    (gap,) = found(event(GAP_BEGIN, side=0, local=3000), *snapshot(4000), event(GAP_END, side=0, local=4000))
    assert (gap.kind, gap.severity, gap.count, gap.ts) == ("gap", "warning", 1, 3000)
    findings = found(event(GAP_BEGIN, side=0, local=3000), event(local=4000))
    assert [f.kind for f in findings] == ["gap_open", "gap"]


def test_a_book_that_is_crossed_in_a_gap_is_not_judged():
    gap = [event(GAP_BEGIN, side=0, exch=2001, local=3000), event(px=102.0, exch=2002, local=3500)]
    whole = [
        event(px=102.0, qty=0, exch=2003, local=4000),
        event(GAP_END, side=0, exch=2003, local=4000),
    ]
    assert found(*gap, *whole, kind="crossed") == []
    after = [*gap, event(GAP_END, side=0, exch=2003, local=4000), event(px=99.0, exch=2004, local=5000)]
    assert [(f.severity, f.ts) for f in found(*after, kind="crossed")] == [("error", 2003), ("error", 4000)]


def test_missing_snapshot():
    findings = check(build_tape(events(event()), symbol="X.TEST"))
    assert [f.kind for f in findings] == ["no_snapshot"]


def test_late_snapshot():
    findings = check(build_tape(events(event(), *snapshot(3000)), symbol="X.TEST"))
    assert [(f.kind, f.severity, f.count) for f in findings] == [("late_snapshot", "info", 1)]


def test_duplicate_snapshot():
    (finding,) = found(
        *snapshot(3000), event(GAP_BEGIN, side=0, local=4000), *snapshot(5000), kind="duplicate_snapshot"
    )
    assert (finding.ts, finding.count) == (3000, 1)


def test_numbers():
    findings = found(
        event(px=-1.0, local=3000),
        event(TRADE, px=0.0, qty=0, local=3000),
        event(MARK_PRICE, px=np.inf, local=3000),
        kind="number",
    )
    texts = " | ".join(f.text for f in findings)
    for text in (
        "trade prices not finite and positive",
        "trades of no quantity",
        "depth prices not positive",
        "other rows not finite",
    ):
        assert text in texts
    assert [f.severity for f in findings] == ["error", "error", "warning", "warning"]


def test_ticker_off_the_tick():
    (finding,) = found(event(TICKER_BID, px=100.5, local=3000))
    assert (finding.kind, finding.severity) == ("off_tick", "warning")


def test_trade_off_the_tick():
    tape = build_tape(events(*snapshot(2000), event(TRADE, px=100.0)), symbol="X.TEST")
    tape.trades["px"] = 100.3
    assert "off_tick" not in {f.kind for f in check(tape)}  # it is altered, and no index is trusted
    assert {f.kind for f in check(tape)} == {"altered"}


def test_clock_correction_is_told():
    (note,) = found(event(local=1500), kind="note") or [None]
    assert note is None
    findings = check(build_tape(events(*snapshot(500)), symbol="X.TEST"))
    assert [f.kind for f in findings] == ["note"]


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "x.tape"
    build_tape(random_events(1, 400), symbol="X.TEST", path=target)
    return target


def test_truncated_file(path):
    path.write_bytes(path.read_bytes()[:-70])
    assert [(f.severity, f.kind) for f in check(path)] == [("error", "damaged")]


def test_any_altered_byte_of_the_data_is_found(path):
    whole = path.read_bytes()
    random = np.random.default_rng(1)
    sound = check(path)
    for at in random.integers(64, len(whole), 60):
        data = bytearray(whole)
        data[at] ^= 0x40
        path.write_bytes(data)
        kinds = {f.kind for f in check(path)}
        assert kinds & {"altered", "damaged"} or check(path) == sound  # padding between sections


def test_what_is_no_tape_is_an_error_of_its_own(tmp_path):
    (tmp_path / "text").write_text("hello")
    for name in ("text", "none"):
        with pytest.raises(TapeError):
            check(tmp_path / name)


def test_findings_are_plain_data():
    finding = Finding("error", "crossed", 1, "text", 3, 4)
    assert msgspec.to_builtins(finding)["severity"] == "error"


@pytest.mark.needs_shared
@pytest.mark.slow
def test_real_recording_is_sound():
    findings = check(build_tape(recording("raw/binance_usdm/btcusdt_20240808.gz"), symbol="A.BINANCE"))
    assert {f.severity for f in findings} == {"info"}
