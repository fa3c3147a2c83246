import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.tape.streams import random_events
from tests.tape.test_builder import event, events
from tests.tape.verify_twin import Twin
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    NO_TIME,
    SELL,
    TRADE,
)
from truefill.tape import StreamVerifier, verify_book as b

TWIN_NAMES = {
    b.CROSSED: "crossed",
    b.LOCKED: "locked",
    b.BACK_LOCAL: "back local",
    b.BACK_EXCH: "back exch",
    b.EARLY: "early",
    b.BAD_PRICE: "bad price",
    b.BAD_QTY: "bad quantity",
    b.BAD_SIDE: "side",
    b.EMPTY_TRADE: "empty trade",
    b.OUTSIDE: "outside",
    b.BEYOND: "beyond",
    b.STALE: "stale",
    b.STALE_BOOK: "stale book",
    b.GHOST: "ghost",
    b.DIFFERS: "differs",
    b.MISSING: "missing",
    b.EXTRA: "extra",
    b.WRONG: "wrong",
}


def book(local, *levels, kind=DEPTH_SNAPSHOT):
    """Rows of one message: levels as (side, price, quantity)."""
    return [
        event(kind, px=px, qty=qty, side=BUY if side == "bid" else SELL, local=local)
        for side, px, qty in levels
    ]


FIRST = book(2000, ("bid", 99.0, 1), ("bid", 100.0, 1), ("ask", 101.0, 2), ("ask", 102.0, 3))


def report(*rows, **options):
    verifier = StreamVerifier(**{"stale_ns": 10_000, "ghost_ns": 1000, "tick_size": "0.5"} | options)
    verifier.feed(events(*FIRST, *rows))
    return verifier.report()


def found(*rows, **options):
    """Kind, severity and count of everything found after a sound snapshot."""
    return [(f.kind, f.severity, f.count) for f in report(*rows, **options).findings]


def clear(local):
    return event(DEPTH_CLEAR, px=0, qty=0, side=0, local=local)


def test_a_sound_stream():
    sound = report(*book(3000, ("bid", 100.5, 1), kind=DEPTH), event(TRADE, px=101.0, local=3500))
    assert sound.findings == []
    assert sound.sound(strict=True)
    assert (sound.rows, sound.messages, sound.snapshots, sound.compared) == (6, 3, 1, 0)
    assert (sound.first_ts, sound.last_ts, sound.longest_silence_ns) == (2000, 3500, 1000)
    assert sound.counts == {"depth": 1, "depth_snapshot": 4, "trade": 1}


def test_crossed_book_says_how_often_and_how_long():
    rows = (
        book(3000, ("bid", 101.5, 1), kind=DEPTH)
        + book(3400, ("bid", 98.0, 1), kind=DEPTH)
        + book(3700, ("ask", 101.0, 0), kind=DEPTH)
    )
    crossed = report(*rows)
    (finding,) = crossed.findings
    assert (finding.kind, finding.severity, finding.count) == ("crossed", "error", 2)
    assert (finding.row, finding.ts, crossed.crossed_ns) == (5, 3000, 700)
    assert not crossed.sound()


def test_a_book_that_crosses_only_within_a_message_is_sound():
    assert found(*book(3000, ("bid", 101.5, 1), ("ask", 101.0, 0), kind=DEPTH)) == []


def test_locked_book():
    rows = (*book(3000, ("bid", 101.0, 1), kind=DEPTH), *book(3200, ("bid", 101.0, 0), kind=DEPTH))
    assert found(*rows) == [("locked", "warning", 1)]
    assert report(*rows).locked_ns == 200


def test_ghost_levels_are_the_older_ones():
    """Two asks stay under a newer bid; one is removed in time, the other is not."""
    ghosts = report(
        *book(3000, ("bid", 102.5, 1), kind=DEPTH),
        *book(3999, ("ask", 102.0, 0), kind=DEPTH),
        *book(4000, ("ask", 101.0, 4), kind=DEPTH),
        *book(4100, ("bid", 102.5, 0), kind=DEPTH),
    )
    by_kind = {f.kind: f for f in ghosts.findings}
    assert by_kind["ghost"].count == 1
    assert by_kind["ghost"].ts == 3000


def test_a_ghost_that_is_still_there_at_the_end():
    rows = (*book(3000, ("bid", 101.5, 1), kind=DEPTH), *book(5000, ("bid", 98.0, 1), kind=DEPTH))
    assert [f for f in found(*rows) if f[0] == "ghost"] == [("ghost", "error", 1), ("ghost", "info", 1)]


def test_a_far_price_makes_no_ghosts_of_what_it_crosses_when_they_are_news():
    """The bid is the ghost: each ask that comes after it says so."""
    rows = (
        book(3000, ("bid", 500.0, 1), kind=DEPTH)
        + book(3100, ("ask", 101.0, 1), ("ask", 102.0, 1), kind=DEPTH)
        + book(9000, ("bid", 500.0, 0), kind=DEPTH)
    )
    assert [f for f in found(*rows) if f[0] == "ghost"] == [("ghost", "error", 1)]


def test_snapshot_is_compared_level_by_level_in_its_range():
    rows = [
        clear(3000),
        *book(3000, ("bid", 100.0, 7), ("bid", 99.5, 1), ("ask", 101.5, 1), ("ask", 102.0, 3)),
    ]
    assert found(*rows) == [
        ("missing_level", "error", 2),  # bid 99.5, ask 101.5
        ("extra_level", "error", 1),  # ask 101
        ("wrong_quantity", "error", 1),  # bid 100; bid 99 is out of its range
        ("snapshot_differs", "error", 1),
    ]


def test_a_snapshot_that_agrees():
    same = [clear(3000), *book(3000, ("bid", 100.0, 1), ("ask", 101.0, 2))]
    agreed = report(*same)
    assert agreed.findings == []
    assert (agreed.snapshots, agreed.compared) == (2, 1)


def test_changes_behind_a_snapshot_in_its_message_are_news_to_both():
    rows = [
        clear(3000),
        *book(3000, ("bid", 100.0, 9), ("ask", 101.0, 2)),
        *book(3000, ("bid", 100.0, 1), ("ask", 101.0, 5), kind=DEPTH),
    ]
    assert found(*rows) == []


def test_snapshot_rows_without_a_clear_leave_what_they_do_not_name():
    assert [k for k, _, _ in found(*book(3000, ("bid", 100.0, 1), ("bid", 98.0, 1)))] == [
        "missing_level",
        "extra_level",
        "snapshot_differs",
    ]


def test_gap_is_quarantined_and_its_snapshot_not_compared():
    gap = event(GAP_BEGIN, side=0, local=3000)
    rows = [gap, *book(3100, ("bid", 200.0, 1), kind=DEPTH), clear(4000), *book(4000, ("bid", 90.0, 1))]
    quarantined = report(*rows)
    assert [(f.kind, f.count) for f in quarantined.findings] == [("gap", 1)]
    assert quarantined.gaps == [(3000, 4000)]
    assert quarantined.compared == 0


def test_gap_that_is_never_closed():
    open_gap = report(event(GAP_BEGIN, side=0, local=3000))
    assert [(f.kind, f.severity) for f in open_gap.findings] == [("gap_open", "error"), ("gap", "warning")]
    assert open_gap.gaps == [(3000, NO_TIME)]


def test_gap_end_mark_ends_it():
    marks = (event(GAP_BEGIN, side=0, local=3000), event(GAP_END, side=0, local=3500))
    assert report(*marks).gaps == [(3000, 3500)]


def test_times():
    rows = (event(TRADE, px=100.5, local=4000), event(TRADE, px=100.5, local=3000, exch=3600))
    findings = report(*rows, event(TRADE, px=100.5, local=4100, exch=3000)).findings
    assert [(f.kind, f.severity, f.count, f.ts) for f in findings] == [
        ("time_backward", "warning", 1, 3000),
        ("early", "warning", 1, 3000),
        ("time_backward", "info", 1, 4100),
    ]


def test_silence_of_the_stream_and_of_the_book():
    stale = report(
        event(TRADE, px=100.5, local=9000),
        event(TRADE, px=100.5, local=19_500),
        *book(20_000, ("bid", 98.0, 1), kind=DEPTH),
    )
    assert [(f.kind, f.severity, f.count, f.ts) for f in stale.findings] == [
        ("stale", "warning", 1, 9000),
        ("stale_book", "warning", 1, 2000),
    ]
    assert (stale.silent_ns, stale.silent_book_ns) == (10_500, 18_000)
    assert stale.sound()
    assert not stale.sound(strict=True)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (event(px=np.nan, local=3000), ("number", "error", 1)),
        (event(px=0.0, local=3000), ("number", "error", 1)),
        (event(px=-5.0, local=3000), ("number", "error", 1)),
        (event(qty=-1.0, local=3000), ("number", "error", 1)),
        (event(qty=np.inf, local=3000), ("number", "error", 1)),
        (event(px=98.0, side=0, local=3000), ("side", "error", 1)),
        (event(px=98.3, local=3000), ("off_tick", "error", 1)),
        (event(TRADE, px=100.7, local=3000), ("off_tick", "error", 1)),
        (event(TRADE, px=100.5, qty=0, local=3000), ("number", "warning", 1)),
        (event(TRADE, px=100.5, qty=np.nan, local=3000), ("number", "error", 1)),
        (event(TRADE, px=102.0, local=3000), ("trade_outside", "info", 1)),
        (event(ADD_ORDER, px=98.0, local=3000), ("orders", "info", 1)),
    ],
)
def test_one_bad_row(row, expected):
    assert found(row) == [expected]


def test_trade_outside_of_the_whole_book():
    assert found(event(TRADE, px=98.0, local=3000)) == [
        ("trade_beyond_book", "warning", 1),
        ("trade_outside", "info", 1),
    ]


def test_without_a_tick_prices_are_not_compared_with_one():
    assert found(event(px=98.3, local=3000), tick_size=None) == []


def test_rows_for_the_exchange_alone_are_passed_over():
    assert report(event(px=500.0, local=3000, flags=EXCH)).rows == 4


def test_no_snapshot():
    verifier = StreamVerifier()
    verifier.feed(events(event(local=1000, flags=LOCAL)))
    assert [f.kind for f in verifier.report().findings] == ["no_snapshot"]


def test_nothing_at_all():
    nothing = StreamVerifier().report()
    assert (nothing.rows, nothing.first_ts, nothing.findings) == (0, None, [])


def test_report_in_the_middle_changes_nothing():
    rows = random_events(3, 400)
    one, other = StreamVerifier(), StreamVerifier()
    one.feed(rows)
    for start in range(0, len(rows), 7):
        other.feed(rows[start : start + 7])
        other.report()
    assert one.report() == other.report()


def test_refuses_what_is_no_event():
    with pytest.raises(DataError, match="array of EVENT"):
        StreamVerifier().feed(np.zeros(3))
    with pytest.raises(ConfigError, match="stale_ns"):
        StreamVerifier(stale_ns=0)
    with pytest.raises(ConfigError, match="tick_size"):
        StreamVerifier(tick_size=-1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 150), st.integers(1, 6), st.booleans())
def test_every_count_is_that_of_the_obvious_twin(seed, size, spread, behind):
    rows = random_events(seed, size, clock_behind=behind)
    rows["local_ts"] = rows["local_ts"] // (1000 * spread) * 1000 * spread  # several rows a message
    odd = np.random.default_rng(seed).random(size)
    rows["px"][odd < 0.02] = np.nan
    rows["qty"][odd > 0.98] = -1
    verifier = StreamVerifier(stale_ns=3000, ghost_ns=4000)
    verifier.feed(rows)
    told = verifier.report()
    twin = Twin(3000, 4000)
    expected = twin.run(rows)
    # what lasts to the end is in the report's own copy only
    ghosts = [f.count for f in told.findings if (f.kind, f.severity) == ("ghost", "error")]
    counted = {
        TWIN_NAMES[what]: int(n) for what, n in enumerate(verifier._faults[:, b.COUNT]) if what in TWIN_NAMES
    }
    for name in ("crossed", "locked", "ghost", "differs", "missing", "extra", "wrong"):
        kinds = {
            "differs": "snapshot_differs",
            "missing": "missing_level",
            "extra": "extra_level",
            "wrong": "wrong_quantity",
        }
        same = [f.count for f in told.findings if f.kind == kinds.get(name, name) and f.severity != "info"]
        counted[name] = sum(same)
    assert sum(ghosts) == expected.get("ghost", 0)
    assert {name: n for name, n in counted.items() if n} == {
        name: n for name, n in expected.items() if name not in ("snapshots", "compared")
    }
    assert (told.snapshots, told.compared) == (expected.get("snapshots", 0), expected.get("compared", 0))
    assert (told.crossed_ns, told.locked_ns) == (twin.ns["crossed"], twin.ns["locked"])
    assert (told.silent_ns, told.silent_book_ns) == (twin.ns["stale"], twin.ns["stale_book"])
