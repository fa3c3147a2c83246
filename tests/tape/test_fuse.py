"""Fused streams give a book that is behind none of them, whatever the rates, ranges and delays."""

import random

import numpy as np
import pytest

from tests.support.modes import runs
from tests.tape.fuse_streams import ASK, BID, Venue, random_claims, random_venue
from tests.tape.fuse_twin import FuseTwin, PlainBook
from truefill.core import events as ev
from truefill.core.errors import ConfigError, DataError, TapeError
from truefill.core.events import EVENT
from truefill.tape import FuseMarketDepth, build_tape, check, fuse

Messages = list[tuple[int, np.ndarray]]


def by_arrival(venue: Venue) -> Messages:
    """All messages in the order of their arrival; of those of one time the deep stream's first."""
    found = [(n, m) for n, s in enumerate((venue.deep, venue.near, venue.best)) for m in s]
    return sorted(found, key=lambda item: (int(item[1]["local_ts"][0]), item[0]))


def book_of(fused: FuseMarketDepth, tick: float, lot: float) -> tuple[dict[int, int], dict[int, int]]:
    """Levels of a fused book as whole numbers."""
    sides = []
    for px, qty in (fused.bids(), fused.asks()):
        pairs = zip(px, qty, strict=True)
        sides.append({round(float(p) / tick): round(float(q) / lot) for p, q in pairs})
    return sides[0], sides[1]


WORLD = range(900, 1100)


@pytest.mark.parametrize("seed", range(runs(40)))
def test_three_streams_of_one_venue_give_a_book_that_is_behind_none_of_them(seed: int) -> None:
    """After each message: the twin's book, also for whoever reads the rows; never crossed; in the end the
    truth.

    Behind none: where a stream shows a level otherwise than the fused book, there is newer news of the level.
    """
    venue = random_venue(random.Random(seed))
    fused = FuseMarketDepth(venue.tick, venue.lot, ranges=(None, venue.near_levels, None))
    fused._book.know(np.array(WORLD, np.int64))
    twin = FuseTwin(venue.tick, venue.lot, WORLD, ranges={1: venue.near_levels})
    reader = PlainBook(venue.tick, venue.lot)
    for stream, message in by_arrival(venue):
        twin.message(message, stream)
        reader.apply(fused.process(message, stream))
        book = book_of(fused, venue.tick, venue.lot)

        assert twin.book() == book
        assert book == reader.sides
        assert not book[BID] or not book[ASK] or max(book[BID]) < min(book[ASK])
        for shown in twin.streams.values():
            for side in (BID, ASK):
                for tick in {*shown.sides[side], *book[side]}:
                    lots = shown.lots(side, tick)
                    if lots is not None and lots != book[side].get(tick, 0):
                        assert twin.age[side][tick] >= shown.key or twin.known(side, tick) > shown.key

    assert venue.book == book


def nonsense(seed: int, streams: int) -> Messages:
    """Messages of one to four rows, of no market at all."""
    rng = random.Random(seed)
    events = random_claims(rng)
    found: Messages = []
    at = 0
    while at < len(events):
        size = rng.randint(1, 4)
        message = events[at : at + size].copy()
        for name in ("exch_ts", "local_ts", "ival"):
            message[name] = message[name][0]
        found.append((rng.randrange(streams), message))
        at += size
    return found


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("key", ["exch_ts", "ival"])
@pytest.mark.parametrize("seed", range(runs(16)))
def test_rows_of_no_market_at_all(seed: int, key: str, complete: bool) -> None:
    """Any claims in any order, many of one age, gaps among them: the twin's book after each message."""
    ranges = {1: 3} if complete else {}
    fused = FuseMarketDepth(0.5, 1.0, newer_by=key, ranges=(None, 3) if complete else None, complete=complete)
    fused._book.know(np.arange(60))
    twin = FuseTwin(0.5, 1.0, range(60), key, ranges, complete)
    reader = PlainBook(0.5, 1.0)
    for stream, message in nonsense(seed, 3):
        twin.message(message, stream)
        reader.apply(fused.process(message, stream))

        assert twin.book() == book_of(fused, 0.5, 1.0) == reader.sides


@pytest.mark.parametrize("seed", range(runs(20)))
def test_one_by_one_and_in_batches_is_the_same(seed: int) -> None:
    """`process_event`, `process` of pieces, and of everything."""
    rng = random.Random(seed)
    events = random_claims(rng, 200)
    one, pieces, whole = (FuseMarketDepth(0.5, 1) for _ in range(3))
    for event in events:
        one.process_event(event)
    at = 0
    while at < len(events):
        size = rng.randint(1, 40)
        pieces.process(events[at : at + size])
        at += size
    whole.process(events)

    assert whole.fused_events.tobytes() == one.fused_events.tobytes() == pieces.fused_events.tobytes()
    assert len(whole.take()) > 0
    assert len(whole.fused_events) == 0


@pytest.mark.parametrize("seed", range(runs(20)))
@pytest.mark.parametrize(("time", "flag"), [("local_ts", ev.LOCAL), ("exch_ts", ev.EXCH)])
def test_both_views_of_the_fused_tape_are_right(seed: int, time: str, flag: int) -> None:
    """The local view knows what had arrived, the exchange's what was true as far as any stream ever told."""
    venue = random_venue(random.Random(seed), 60)
    limit = venue.near_levels
    rows = fuse(venue.streams, tick_size=venue.tick, lot_size=venue.lot, ranges=(None, limit, None))
    messages = sorted(by_arrival(venue), key=lambda item: int(item[1][time][0]))
    twin = FuseTwin(venue.tick, venue.lot, WORLD, ranges={1: limit})
    reader = PlainBook(venue.tick, venue.lot)
    mine = rows[rows["ev"] & np.uint64(flag) != 0]
    mine = mine[np.argsort(mine[time], kind="stable")]
    for ts in np.unique(np.concatenate([m[time] for _, m in messages])):
        for stream, message in messages:
            if message[time][0] == ts:
                twin.message(message, stream)
        reader.apply(mine[mine[time] == ts])

        assert twin.book() == reader.sides, ts


def test_a_fused_tape_is_sound() -> None:
    """It builds, its book is never crossed, and what is no claim is in it as it was."""
    venue = random_venue(random.Random(5), 300)
    extra = np.array(
        [
            (ev.TRADE | ev.BUY, 1500, 1600, 500.0, venue.lot, 7, 3, 0.5),
            (ev.MARK_PRICE, 1501, 1601, 9.5, 0.0, 0, 0, 0.0),
        ],
        EVENT,
    )
    streams = [*venue.streams, extra]
    rows = fuse(streams, tick_size=venue.tick, lot_size=venue.lot, ranges=(None, venue.near_levels))
    tape = build_tape(rows, symbol="F.TEST", tick_size=venue.tick, lot_size=venue.lot)

    assert [] == [f for f in check(tape) if f.severity == "error"]
    assert (7, 3, 0.5) == tuple(tape.trades[0][name] for name in ("order_id", "ival", "fval"))
    assert 9.5 in tape.custom["px"].tolist()


def row(kind: int, exch_ts: int, px: float, qty: float, local_ts: int = 0) -> np.ndarray:
    """One event."""
    return np.array([(kind, exch_ts, local_ts or exch_ts, px, qty, 0, 0, 0.0)], EVENT)


def test_a_removed_level_does_not_come_back_with_older_news() -> None:
    """HftBacktest forgets the time of a removal, so that older news of the level brings it back."""
    fused = FuseMarketDepth(1, 1)
    for event in (
        row(ev.DEPTH | ev.BUY, 10, 100, 5),
        row(ev.DEPTH | ev.BUY, 10, 90, 5),
        row(ev.DEPTH | ev.BUY, 20, 90, 0),
        row(ev.DEPTH | ev.BUY, 15, 90, 3),
    ):
        fused.process(event)

    assert [100.0] == fused.bids()[0].tolist()


def test_a_snapshot_leaves_newer_levels_and_does_not_look_like_cancellations() -> None:
    """A clear stays a clear, so that nobody's place in a queue moves; what is newer stands after it again."""
    fused = FuseMarketDepth(1, 1)
    fused.process(row(ev.DEPTH | ev.BUY, 10, 100, 5), 0)
    fused.process(row(ev.DEPTH | ev.BUY, 30, 99, 4), 1)
    snapshot = [
        row(ev.DEPTH_CLEAR, 20, 0, 0, 40),
        row(ev.DEPTH_SNAPSHOT | ev.BUY, 20, 100, 6, 40),
        row(ev.DEPTH_SNAPSHOT | ev.BUY, 20, 99, 9, 40),
    ]
    out = fused.process(np.concatenate(snapshot), 2)
    kinds = [
        (int(e["ev"]) & ev.KIND_MASK, float(e["qty"]), int(e["exch_ts"]), int(e["local_ts"])) for e in out
    ]

    assert [
        (ev.DEPTH_CLEAR, 0.0, 20, 40),
        (ev.DEPTH_SNAPSHOT, 4.0, 30, 40),
        (ev.DEPTH_SNAPSHOT, 6.0, 20, 40),
    ] == kinds


def test_a_level_that_leaves_a_range_stays_in_the_book() -> None:
    """A new best bid pushes the worst of two levels out of the stream's range; a cancellation does not."""
    fused = FuseMarketDepth(1, 1, ranges=[None, 2])
    deep = [row(ev.DEPTH | ev.BUY, 10, px, 1) for px in (100, 99, 98)]
    near = [row(ev.DEPTH | ev.BUY, 11, px, 1) for px in (100, 99)]
    fused.process(np.concatenate(deep), 0)
    fused.process(np.concatenate(near), 1)
    fused.process(np.concatenate([row(ev.DEPTH | ev.BUY, 12, 101, 1), row(ev.DEPTH | ev.BUY, 12, 99, 0)]), 1)
    pushed = fused.bids()[0].tolist()
    fused.process(np.concatenate([row(ev.DEPTH | ev.BUY, 13, 101, 0), row(ev.DEPTH | ev.BUY, 13, 99, 1)]), 1)

    assert [101.0, 100.0, 99.0, 98.0] == pushed
    assert [100.0, 99.0, 98.0] == fused.bids()[0].tolist()


def test_not_added_events_change_the_book_only() -> None:
    """As HftBacktest's `add`: for what comes before the recording proper."""
    fused = FuseMarketDepth("0.1", "0.001")
    fused.process_event(row(ev.DEPTH | ev.SELL, 1, 10.1, 2.5)[0], add=False)
    fused.process_event(row(ev.DEPTH | ev.SELL, 2, 10.2, 1.5)[0])

    assert [10.2] == fused.fused_events["px"].tolist()
    assert [10.1, 10.2] == fused.asks()[0].tolist()
    assert 10.1 == fused.best_ask


@pytest.mark.parametrize(
    ("event", "error", "text"),
    [
        (row(ev.DEPTH, 1, 10, 1), DataError, "one side, BUY or SELL"),
        (row(ev.DEPTH_BBO | ev.BUY | ev.SELL, 1, 10, 1), DataError, "one side, BUY or SELL"),
        (row(ev.DEPTH_CLEAR | ev.BUY | ev.SELL, 1, 10, 1), DataError, "one side, BUY or SELL"),
        (row(ev.DEPTH | ev.BUY, 1, 10.3, 1), TapeError, "a price on the tick 0.5"),
        (row(ev.DEPTH | ev.BUY, 1, 10, 1.5), TapeError, "a quantity on the lot 1"),
        (row(ev.DEPTH | ev.BUY, 1, 1e300, 1), TapeError, "a price on the tick 0.5"),
        (row(ev.DEPTH | ev.BUY, 1, np.nan, 1), DataError, "a finite px"),
        (row(ev.DEPTH | ev.BUY, 1, 10, -1), DataError, "a finite qty of 0 or more"),
        (row(ev.DEPTH | ev.BUY, -1, 10, 1), DataError, "an exchange time from 0 on"),
        (row(ev.ADD_ORDER | ev.BUY, 1, 10, 1), DataError, "streams of levels"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_event(event: np.ndarray, error: type, text: str) -> None:
    fused = FuseMarketDepth(0.5, 1)
    fused.process(row(ev.DEPTH | ev.BUY, 1, 10, 1))

    with pytest.raises(error, match=text) as raised:
        fused.process(event)

    assert "event 1 at local time" in str(raised.value)


def test_what_is_no_stream_is_refused() -> None:
    event = row(ev.DEPTH | ev.BUY, 1, 10, 1)
    for streams in (event, "x", 5):
        with pytest.raises(DataError, match="a sequence of streams"):
            fuse(streams, tick_size=1, lot_size=1)  # type: ignore[arg-type]
    for streams, text in (([], "at least one stream"), ([[1, 2]], "one row of EVENT")):
        with pytest.raises(DataError, match=text):
            fuse(streams, tick_size=1, lot_size=1)
    for ranges in ([0], "5", [True, "x"], 5):
        with pytest.raises(ConfigError, match="number of levels"):
            fuse([event], tick_size=1, lot_size=1, ranges=ranges)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match='"exch_ts" or "ival"'):
        FuseMarketDepth(1, 1, newer_by="time")
    with pytest.raises(DataError, match="a positive tick size"):
        FuseMarketDepth(0, 1)
    with pytest.raises(DataError, match="one EVENT record"):
        FuseMarketDepth(1, 1).process_event(5)  # type: ignore[arg-type]
