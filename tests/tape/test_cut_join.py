import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from tests.tape.order_streams import OrderOptions, as_events, random_orders
from tests.tape.recordings import recording
from tests.tape.streams import random_events
from tests.tape.test_builder import event, events
from truefill.core.errors import TapeError
from truefill.core.events import DEPTH_CLEAR, DEPTH_SNAPSHOT, EXCH, GAP_BEGIN, GAP_END, LOCAL, SELL, TRADE
from truefill.core.tape_records import STOP_TRADE
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape, check, cut, join
from truefill.tape.replay import book_before, last_book
from truefill.tape.structure import structure_faults

STEPS = {"symbol": "X.TEST", "tick_size": "0.01", "lot_size": "0.25"}


def by_price(tape, qty, top):
    """A book without the numbers of its levels, and its best prices."""
    book = {(int(tape.level_tick[i >> 1]), int(i & 1)): int(qty[i]) for i in np.flatnonzero(qty)}
    return book, [None if level < 0 else int(tape.level_tick[level]) for level in top[:2]]


def require_sound(tape):
    assert structure_faults(tape) == []
    assert [f for f in check(tape) if f.kind in ("index", "altered")] == []


def require_same(one, other):
    assert one.header.content_hash == other.header.content_hash
    for name in one.header.sections:
        assert one.stored(name).tobytes() == other.stored(name).tobytes(), name


def told_apart(tape):
    """Whether equal trades of one moment arrived in their order: a cut between the two keeps nothing else."""
    stops = tape.section("exch.stops")
    seen = {}
    for stop in stops[(stops["kind"] == STOP_TRADE) & (stops["arg"] >= 0)]:
        key = tuple(int(stop[name]) for name in ("ts", "side", "tick", "qty"))
        if seen.setdefault(key, -1) > stop["arg"]:
            return False
        seen[key] = int(stop["arg"])
    return True


def pieces(tape, *times):
    edges = [None, *times, None]
    return [cut(tape, begin, end) for begin, end in pairwise(edges)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.floats(0.05, 0.9), st.floats(0.05, 0.5))
def test_pieces_joined_again_are_the_tape_to_the_byte(seed, splits, where, length):
    """Clears, gaps, crossed books, huge quantities, rows of other kinds, trades on both sides of a cut."""
    tape = build_tape(random_events(seed, 250, splits=splits), **STEPS)
    assume(told_apart(tape))
    begin, end = tape.header.first_ts, tape.header.last_ts
    first = begin + int((end - begin) * where) // 1000 * 1000
    made = pieces(tape, first, min(first + int((end - begin) * length), end))
    for piece in made:
        require_sound(piece)
    joined = join(made)
    require_same(tape, joined)
    arrived = {kind: n for kind, n in joined.header.counts.items() if kind != "gap_end"}
    assert all(n <= tape.header.counts[kind] for kind, n in arrived.items())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_a_piece_begins_and_ends_with_the_books_of_the_whole(seed, where):
    tape = build_tape(random_events(seed, 250), **STEPS)
    at = tape.header.first_ts + int((tape.header.last_ts - tape.header.first_ts) * where)
    before, behind = pieces(tape, at)
    for view in ("exch", "local"):
        group = int(np.searchsorted(tape.section(f"{view}.group_ts"), at))
        expected = by_price(tape, *book_before(tape, view, group))
        assert by_price(before, *last_book(before, view)) == expected
        assert by_price(behind, *book_before(behind, view, 1 if group else 0)) == expected
        assert by_price(behind, *last_book(behind, view)) == by_price(tape, *last_book(tape, view))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.booleans(), st.floats(0.1, 0.5))
def test_single_orders_keep_their_places_in_the_queues(seed, faults, late, where):
    options = OrderOptions(messages=200, faults=faults, clears=0.0, max_latency_ns=60 if late else 1)
    rows = as_events(random_orders(random.Random(seed), options), 0.5, 1.0)
    tape = build_tape(rows, symbol="X.TEST", tick_size="0.5", lot_size="1")
    assume(told_apart(tape))
    begin, end = tape.header.first_ts, tape.header.last_ts
    first = begin + 1 + int((end - begin) * where)
    made = pieces(tape, first, first + (end - first) // 2 + 1)
    for piece in made:
        require_sound(piece)
        assert piece.by_order
    # events of unknown orders may have named prices that no row has; a whole cut has only those of rows
    require_same(cut(tape), join(made))


def test_a_cut_is_by_the_clock_of_each_side():
    """A trade that happened before the cut and arrived behind it is in both pieces, for one side each."""
    rows = events(
        event(DEPTH_SNAPSHOT, px=100.0, exch=1000, local=2000),
        event(DEPTH_SNAPSHOT, px=101.0, side=SELL, exch=1000, local=2000),
        event(TRADE, px=101.0, exch=2500, local=3500),
        event(px=100.5, exch=3600, local=4600),
    )
    tape = build_tape(rows, **STEPS)
    before, behind = pieces(tape, 3000)
    assert (len(before.trades), len(behind.trades)) == (0, 1)
    assert behind.trades["ev"][0] & np.uint64(EXCH | LOCAL) == LOCAL
    assert before.header.counts == {"depth_snapshot": 2}
    assert behind.header.book_at == behind.header.first_ts == 2999
    assert (behind.header.last_best_bid, before.header.last_best_bid) == ("100.5", "100")
    assert join([before, behind]).trades["ev"][0] & np.uint64(EXCH | LOCAL) == EXCH | LOCAL


def test_gaps_are_kept_and_an_open_one_goes_on():
    gap = (event(GAP_BEGIN, side=0, local=3000, exch=3000), event(GAP_END, side=0, local=5000, exch=5000))
    tape = build_tape(events(event(), gap[0], event(px=99.0, local=4000, exch=4000), gap[1]), **STEPS)
    before, behind = pieces(tape, 4000)
    assert before.gaps.tolist() == [(3000, 3000, 2**63 - 1, 2**63 - 1)]
    assert behind.gaps.tolist() == [(3999, 3999, 5000, 5000)]
    require_same(tape, join([before, behind]))


def test_days_that_follow_each_other_and_one_that_is_missing(tmp_path):
    """Time that is missing is a gap, up to the snapshot of the tape behind it."""
    hour = 3_600_000_000_000
    for n, start in enumerate((0, hour, 5 * hour)):
        rows = [event(DEPTH_SNAPSHOT, px=100.0 + n, local=start + 1000 + n, exch=start + 1000 + n)]
        rows.append(event(DEPTH_SNAPSHOT, px=110.0, side=SELL, local=start + hour - 9, exch=start + hour - 9))
        build_tape(events(*rows), path=tmp_path / f"{n}.tape", **STEPS)
    paths = [tmp_path / f"{n}.tape" for n in range(3)]
    joined = join(paths, tmp_path / "all.tape")
    require_sound(joined)
    assert (joined.header.last_best_bid, joined.header.last_best_ask) == ("102", "110")
    assert joined.gaps["begin_local"].tolist() == [2 * hour - 8]
    assert joined.gaps["end_local"].tolist() == [5 * hour + 1002]
    assert joined.header.events == 7
    assert any("gap of 10,800" in note for note in joined.header.notes)
    assert len(join(paths, gap_ns=9 * hour).gaps) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.tape", "1.tape", "2.tape", "all.tape"]


def test_what_does_not_follow_is_refused(tmp_path):
    one = build_tape(events(event(local=2000), event(px=99.0, local=3000)), **STEPS)
    later = events(event(local=4000, exch=1500))
    for tapes, message in (
        ([one, one], "overlap"),
        ([one, build_tape(later, **STEPS | {"symbol": "Y.TEST"})], "symbol X.TEST"),
        ([one, build_tape(later, **STEPS | {"tick_size": "0.5"})], "tick size 0.01"),
        ([], "at least one tape"),
    ):
        with pytest.raises(TapeError, match=message):
            join(tapes, tmp_path / "x.tape")
    with pytest.raises(TapeError, match="nothing lies between"):
        cut(one, 5000, 6000, tmp_path / "x.tape")
    with pytest.raises(TapeError, match="existing folder"):
        cut(one, 2500, None, tmp_path / "none" / "x.tape")
    assert list(tmp_path.iterdir()) == []


def test_a_piece_in_a_file_is_the_piece_in_memory(tmp_path):
    tape = build_tape(make_market(5, seed=3), symbol="X.TEST", tick_size="0.01", lot_size="0.01")
    middle = (tape.header.first_ts + tape.header.last_ts) // 2
    cut(tape, middle, None, tmp_path / "x.tape")
    require_same(cut(tape, middle), Tape.open(tmp_path / "x.tape"))


def test_a_day_that_begins_with_a_clear_is_taken_as_it_is():
    """Nothing is indexed anew then, single orders included; the result is the tape of both days' events."""
    days = [
        events(
            event(DEPTH_CLEAR, side=0, px=0, qty=0, exch=start, local=start + 5),
            event(DEPTH_SNAPSHOT, px=100.0, exch=start, local=start + 5),
            event(DEPTH_SNAPSHOT, px=101.0 + n, side=SELL, exch=start, local=start + 5),
            event(px=99.0, qty=3e9, exch=start + 10, local=start + 20),
            event(TRADE, px=100.0, side=SELL, exch=start + 30, local=start + 40),
        )
        for n, start in enumerate((1000, 2000))
    ]
    joined = join([build_tape(day, **STEPS) for day in days])
    require_sound(joined)
    require_same(build_tape(np.concatenate(days), **STEPS), joined)


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only
def test_a_real_recording_in_three_pieces(tmp_path):
    rows = recording("raw/binance_usdm/btcusdt_20240808.gz", 60_000)
    tape = build_tape(rows, symbol="A.BINANCE", path=tmp_path / "whole.tape")
    third = (tape.header.last_ts - tape.header.first_ts) // 3
    made = pieces(tape, tape.header.first_ts + third, tape.header.first_ts + 2 * third)
    paths = [piece.save(tmp_path / f"{n}.tape").path for n, piece in enumerate(made)]
    joined = join(paths, tmp_path / "joined.tape")
    require_same(tape, joined)
    assert joined.header.counts == tape.header.counts
    for piece in made:
        require_sound(piece)
