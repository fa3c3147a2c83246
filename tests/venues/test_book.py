"""Binance's rules for differences and snapshots, as a state machine without any messages."""

from collections.abc import Sequence

from truefill.venues.book_session import (
    Action,
    Again,
    BookSession,
    Difference,
    GapBegin,
    GapEnd,
    Load,
    Snapshot,
)


def diff(follows: int, last: int, exch: int, local: int = 0) -> Difference:
    """A difference without levels; the session never looks at them."""
    return Difference(follows, last, exch, local or exch + 5, None, None)


def snap(last: int, exch: int | None, local: int) -> Snapshot:
    """A snapshot without levels."""
    return Snapshot(last, exch, local, None, None)


def started(overlap: bool = False) -> BookSession:
    """A session with a valid book at id 20."""
    session = BookSession(overlap)
    session.difference(diff(0, 10, 100))
    session.difference(diff(10, 20, 110))
    session.snapshot(snap(15, 105, 120), 110)
    assert session.valid
    return session


def kinds(actions: Sequence[Action]) -> list[str]:
    """Names of the actions."""
    return [type(action).__name__ for action in actions]


def test_differences_before_the_snapshot_are_passed_on() -> None:
    """The book is partial, and that is no gap."""
    session = BookSession(overlap=False)
    first = diff(0, 10, 100)
    assert list(session.difference(first)) == [first]
    assert not session.valid
    assert session.counters.gaps == 0


def test_late_snapshot_repeats_what_is_newer() -> None:
    """Differences beyond its id come again: locally always, at the exchange if not later than it."""
    session = BookSession(overlap=False)
    kept = [diff(0, 10, 100), diff(10, 20, 105), diff(20, 30, 110)]
    for d in kept:
        session.difference(d)
    actions = session.snapshot(snap(15, 105, 130), 110)
    assert list(actions) == [
        Load(snap(15, 105, 130), 105, 130, True),
        Again(kept[1], 105, 130, True),
        Again(kept[2], 110, 130, False),
    ]
    assert session.valid
    after = diff(30, 40, 140)
    assert list(session.difference(after)) == [after]


def test_snapshot_without_a_time_gets_that_of_the_difference_that_contains_it() -> None:
    """Spot: the difference with the snapshot's id says when that was."""
    session = BookSession(overlap=True)
    session.difference(diff(0, 10, 100))
    session.difference(diff(10, 20, 105))
    session.difference(diff(20, 30, 110))
    load = session.snapshot(snap(15, None, 130), 110)[0]
    assert isinstance(load, Load) and load.exch_ts == 105
    # Ahead of the stream: no difference contains it yet.
    session = BookSession(overlap=True)
    session.difference(diff(0, 10, 100))
    load = session.snapshot(snap(15, None, 130), 101)[0]
    assert isinstance(load, Load) and load.exch_ts == 101


def test_snapshot_between_two_differences_fits() -> None:
    """Ids are shared by all symbols: one that no difference contains is the state in between."""
    session = BookSession(overlap=False)
    session.difference(diff(0, 10, 100))
    session.difference(diff(10, 30, 110))  # its own first id could be 25
    assert kinds(session.snapshot(snap(10, 101, 120), 110)) == ["Load", "Again"]


def test_snapshot_older_than_what_is_kept_is_refused() -> None:
    """Something is missing between it and the first difference."""
    session = BookSession(overlap=False)
    session.difference(diff(10, 20, 100))
    assert session.snapshot(snap(9, 90, 110), 100) == ()
    assert session.counters.snapshots_refused == 1
    assert not session.valid


def test_what_is_kept_is_bounded() -> None:
    """A snapshot that comes too late finds its differences forgotten, and is refused."""
    session = BookSession(overlap=False, keep=3)
    for i in range(10):
        session.difference(diff(i, i + 1, 100 + i))
    assert session.snapshot(snap(6, 105, 120), 109) == ()
    assert kinds(session.snapshot(snap(7, 106, 120), 109)) == ["Load", "Again", "Again", "Again"]


def test_snapshot_first_then_differences() -> None:
    """Those it already holds are dropped; the first beyond it must follow an id that it holds."""
    session = BookSession(overlap=False)
    assert kinds(session.snapshot(snap(15, 100, 101), 0)) == ["Load"]
    assert session.difference(diff(0, 10, 90)) == ()
    assert session.difference(diff(10, 15, 95)) == ()
    assert session.counters.stale == 2
    bridge = diff(15, 20, 110)
    assert list(session.difference(bridge)) == [bridge]
    assert session.counters.gaps == 0


def test_snapshot_first_and_no_bridge() -> None:
    """A difference that follows an id beyond the snapshot's shows that some are missing."""
    session = BookSession(overlap=False)
    session.snapshot(snap(15, 100, 101), 0)
    assert kinds(session.difference(diff(16, 20, 110))) == ["GapBegin", "Difference"]
    assert not session.valid


def test_gap_and_its_repair() -> None:
    """A break marks the gap once; a snapshot that fits ends it."""
    session = started()
    broken = diff(25, 30, 200)
    assert list(session.difference(broken)) == [GapBegin(200, 205, 0), broken]
    assert kinds(session.difference(diff(30, 40, 210))) == ["Difference"]
    assert kinds(session.difference(diff(45, 50, 220))) == ["Difference"]  # again; the gap is open already
    assert session.counters.gaps == 2
    assert session.snapshot(snap(44, 215, 230), 220) == ()  # older than the last break
    actions = session.snapshot(snap(47, 221, 240), 220)
    assert kinds(actions) == ["Load", "Again", "GapEnd"]
    assert isinstance(actions[0], Load) and actions[0].whole
    assert session.valid


def test_gap_never_ends_before_it_begins() -> None:
    """A snapshot may be older than the difference that showed the gap."""
    session = started()
    session.difference(diff(25, 30, 200))
    end = session.snapshot(snap(26, 190, 240), 200)[-1]
    assert end == GapEnd(200, 240, 0)


def test_snapshot_ahead_of_a_broken_stream() -> None:
    """It is loaded at once; differences that it holds are dropped when they come."""
    session = started()
    session.difference(diff(25, 30, 200))
    assert kinds(session.snapshot(snap(45, 230, 231), 200)) == ["Load", "GapEnd"]
    assert session.difference(diff(30, 40, 220)) == ()
    assert kinds(session.difference(diff(40, 50, 240))) == ["Difference"]
    assert session.counters.gaps == 1


def test_duplicates_and_late_messages_are_dropped() -> None:
    """They change nothing."""
    session = started()
    assert session.difference(diff(10, 20, 110)) == ()
    assert session.difference(diff(0, 10, 100)) == ()
    assert (session.counters.duplicates, session.counters.out_of_order) == (1, 1)
    assert kinds(session.difference(diff(20, 30, 130))) == ["Difference"]


def test_overlap_is_fine_on_spot_only() -> None:
    """Spot demands that nothing is missing, futures that each difference follows the last one exactly."""
    assert kinds(started(overlap=True).difference(diff(18, 30, 130))) == ["Difference"]
    assert kinds(started(overlap=False).difference(diff(18, 30, 130))) == ["GapBegin", "Difference"]


def test_further_snapshot_replaces_its_own_range_only() -> None:
    """What lies beyond its depth is known from differences."""
    session = started()
    session.difference(diff(20, 30, 130))
    actions = session.snapshot(snap(25, 126, 140), 130)
    assert kinds(actions) == ["Load", "Again"]
    assert isinstance(actions[0], Load) and not actions[0].whole
    assert session.snapshot(snap(25, 126, 141), 130) == ()  # the same once more
    assert session.counters.snapshots_refused == 1


def test_further_snapshot_waits_for_the_stream() -> None:
    """Loaded early it would be undone by the differences that it holds already."""
    session = started()
    assert session.snapshot(snap(35, 136, 137), 110) == ()
    assert kinds(session.difference(diff(20, 30, 130, 138))) == ["Difference"]
    d = diff(30, 40, 140, 145)
    assert list(session.difference(d)) == [
        d,
        Load(snap(35, 136, 137), 136, 145, False),
        Again(d, 140, 145, False),
    ]


def test_waiting_snapshot_repairs_a_gap_at_once() -> None:
    """The stream breaks while a snapshot waits that is newer than the break."""
    session = started()
    session.snapshot(snap(35, 136, 137), 110)
    actions = session.difference(diff(33, 40, 140, 145))
    assert kinds(actions) == ["GapBegin", "Difference", "Load", "Again", "GapEnd"]
    assert session.valid


def test_second_snapshot_before_any_difference() -> None:
    """Without a stream nothing is known beyond its range: it replaces the whole book."""
    session = BookSession(overlap=False)
    session.snapshot(snap(15, 100, 101), 0)
    load = session.snapshot(snap(25, 110, 111), 0)[0]
    assert isinstance(load, Load) and load.whole
    assert session.difference(diff(10, 20, 105)) == ()
    assert kinds(session.difference(diff(20, 30, 120))) == ["Difference"]
