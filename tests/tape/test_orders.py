"""Tapes of single orders: their rows and places against queues of order objects, and against core's book."""

import random

import numpy as np
import pytest

from tests.differential.streams import normalise
from tests.tape.order_streams import Message, OrderOptions, as_events, random_orders
from tests.tape.order_twin import QueueBook, QueuedOrder
from truefill.core.errors import DataError, TapeError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    FILL,
    LOCAL,
    MODIFY_ORDER,
    SELL,
    TRADE,
)
from truefill.core.order_book import OrderBook
from truefill.core.tape_records import STOP_CLEAR, STOP_FILL
from truefill.tape import Tape, TapeBuilder, build_tape, check

TICK, LOT = 0.5, 0.1


def tape_of(messages: list[Message], **options: object) -> Tape:
    """Build a tape of messages, in an order that serves both views."""
    rows = as_events(messages, TICK, LOT)
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    return build_tape(normalise(rows), symbol="X.TEST", tick_size=TICK, lot_size=LOT, **options)


def in_order(messages: list[Message], view: str) -> list[Message]:
    """The messages of a view, sorted as the tape sorts them."""
    return sorted(messages, key=lambda m: m.exch_ts if view == "exch" else m.local_ts)


def books_after_groups(tape: Tape, name: str) -> list[dict[tuple[int, int], int]]:
    """The levels after each group of a view, from the tape's rows and clears."""
    view, lots = tape.view(name), tape.lots(name)
    book: dict[tuple[int, int], int] = {}
    found, row, stop = [], 0, 0
    for end, last in zip(view.group_end, view.group_stop, strict=True):
        marks = [(int(s["row"]), s) for s in view.stops[stop:last] if s["kind"] == STOP_CLEAR]
        for upto, mark in [*marks, (int(end), None)]:
            for i in range(row, upto):
                level, ask = divmod(int(view.code[i]), 2)
                book[-1 if ask else 1, int(tape.level_tick[level])] = int(lots[i])
            row = upto
            if mark is not None:
                book = {k: v for k, v in book.items() if mark["side"] not in (0, k[0])}
        stop = last
        found.append({k: v for k, v in book.items() if v})
    return found


@pytest.mark.parametrize("view", ["exch", "local"])
@pytest.mark.parametrize("seed", range(6))
def test_levels_and_counters_are_those_of_the_queues(seed: int, view: str) -> None:
    """After each time of each view: the same levels; at the end: the same faults of the stream."""
    options = OrderOptions(400, faults=seed % 2 == 1, max_latency_ns=1 if seed < 3 else 60)
    messages = random_orders(random.Random(seed), options)
    tape = tape_of(messages)
    twin, expected = QueueBook(), []
    ordered = in_order(messages, view)
    for i, m in enumerate(ordered):
        twin.apply(m)
        ts = [x.exch_ts if view == "exch" else x.local_ts for x in ordered[i : i + 2]]
        if len(ts) == 1 or ts[0] != ts[1]:
            expected.append(twin.levels())
    assert expected == books_after_groups(tape, view)
    counts = dict(tape.header.orders[view])
    assert counts.pop("open_at_end") == len(twin.orders)
    assert counts.pop("most_open") >= len(twin.orders)
    assert {name: n for name, n in counts.items() if n} == twin.counts


@pytest.mark.parametrize("seed", range(6))
def test_places_say_what_is_ahead(seed: int) -> None:
    """An order that joins at any row has in front of it, row by row, what the queues say."""
    rng = random.Random(100 + seed)
    messages = random_orders(rng, OrderOptions(250, faults=seed % 2 == 1, clears=0.02))
    tape = tape_of(messages)
    view, lots, prio = tape.exch, tape.lots("exch"), tape.section("exch.prio")
    for _ in range(6):
        ordered = in_order(messages, "exch")
        twin = QueueBook()
        joins = rng.randrange(len(ordered))
        own = QueuedOrder(-1, rng.choice((1, -1)), 1000, 1, own=True)
        own.tick = 1000 - own.side * rng.randint(0, 3)
        place = row = 0
        book: dict[int, int] = {}
        ahead = 0
        index = -1
        if own.tick in tape.level_tick:
            index = 2 * int(np.searchsorted(tape.level_tick, own.tick)) + (own.side < 0)
        clears = iter(view.stops[view.stops["kind"] == STOP_CLEAR])
        for number, m in enumerate(ordered):
            before = row
            twin.apply(m)
            if m.kind == DEPTH_CLEAR:
                next(clears)
                book = {k: v for k, v in book.items() if m.side not in (0, -1 if k & 1 else 1)}
                if number > joins and m.side in (0, own.side):
                    ahead = 0
            else:
                row = rows_of(tape, row, twin, book)
            for i in range(before, row):
                code = int(view.code[i])
                assert prio[i] <= i
                if code == index and number > joins and prio[i] < place:
                    ahead += int(lots[i]) - book.get(code, 0)
                book[code] = int(lots[i])
            if number == joins:
                place, ahead = row, book.get(index, 0)
                twin.append(own)
                twin.orders.pop(-1)
            if number >= joins:
                assert ahead == twin.ahead(own), f"message {number}"


def rows_of(tape: Tape, row: int, twin: QueueBook, book: dict[int, int]) -> int:
    """First row behind `row` with which the tape's levels are the queues'."""
    wanted = {
        2 * int(np.searchsorted(tape.level_tick, tick)) + (side < 0): lots
        for (side, tick), lots in twin.levels().items()
    }
    now, lots = dict(book), tape.lots("exch")
    for end in range(row, row + 3):
        if {k: v for k, v in now.items() if v} == wanted:
            return end
        now[int(tape.exch.code[end])] = int(lots[end])
    raise AssertionError(f"no row near {row} has the levels of the queues")


@pytest.mark.parametrize("seed", range(4))
def test_places_are_those_of_the_order_book(seed: int) -> None:
    """At the end, each open order has in front of it what `OrderBook` says (a linear walk there)."""
    messages = random_orders(random.Random(seed), OrderOptions(500, clears=0.0, crossing=0.0))
    tape = tape_of(messages)
    book = OrderBook()
    places: dict[int, int] = {}
    row = 0
    for m in in_order(messages, "exch"):
        if m.kind == ADD_ORDER:
            book.add(m.order_id, m.side, m.tick, m.lots)
            places[m.order_id] = row
            row += 1
        elif m.kind == CANCEL_ORDER:
            book.cancel(m.order_id)
            row += 1
        elif m.kind == MODIFY_ORDER:
            old = book.order(m.order_id)
            assert old is not None
            moved = old.tick != m.tick or m.lots > old.qty
            improves = moved and (m.tick - old.tick) * old.side > 0
            book.modify(m.order_id, m.tick, m.lots)
            if moved:
                places[m.order_id] = row + improves
                row += 2
            elif m.lots != old.qty:
                row += 1
    prio, lots = tape.section("exch.prio"), tape.lots("exch")
    assert row == len(prio)
    for order in book.orders():
        place = places[order.order_id]
        index = 2 * int(np.searchsorted(tape.level_tick, order.tick)) + (order.side < 0)
        before = 0
        ahead = 0
        for i in np.flatnonzero(tape.exch.code == index):
            if i == place:
                ahead = before  # it joins behind all that is there
            elif i > place and prio[i] < place:
                ahead += int(lots[i]) - before
            before = int(lots[i])
        assert ahead == book.queue_ahead(order.order_id)[0]


def test_fills_are_stops_with_the_hit_orders_side_price_and_place() -> None:
    """What the event says counts only when the order is not known."""
    ts = iter(range(100, 200))

    def say(kind: int, side: int, tick: int, lots: int, order_id: int) -> Message:
        now = next(ts)
        return Message(kind, side, tick, lots, order_id, now, now + 5)

    tape = tape_of(
        [
            say(ADD_ORDER, 1, 100, 5, 1),
            say(ADD_ORDER, 1, 100, 7, 2),
            say(ADD_ORDER, -1, 102, 7, 3),
            say(FILL, 1, 100, 4, 2),
            say(FILL, -1, 102, 1, 77),
            say(FILL, 1, 101, 1, 2),
            say(FILL, 1, 0, 1, 2),
            say(FILL, 0, 0, 1, 78),
            say(TRADE, -1, 100, 4, 0),
        ]
    )
    stops = tape.exch.stops[tape.exch.stops["kind"] == STOP_FILL]
    fields = ["ts", "qty", "tick", "row", "arg", "side"]
    assert stops[fields].tolist() == [
        (103, 4, 100, 3, 1, 1),
        (104, 1, 102, 3, -1, -1),
        (105, 1, 101, 3, -1, 1),
        (106, 1, 100, 3, 1, 1),
    ]
    assert not (tape.local.stops["kind"] == STOP_FILL).any()
    assert tape.local.group_ts.tolist() == [105, 106, 107, 108, 109, 110, 111, 112, 113]
    assert tape.header.orders["exch"]["unknown_fill"] == 2
    assert tape.header.orders["exch"]["fill_elsewhere"] == 1
    assert tape.header.counts == {"add_order": 3, "fill": 5, "trade": 1}


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_leave_no_trace(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same tape, to the byte, however small the batches are."""
    messages = random_orders(random.Random(5), OrderOptions(300, faults=True, max_latency_ns=40, clears=0.03))
    whole = tape_of(messages)
    for module in ("spill", "scanner", "builder", "layout"):
        monkeypatch.setattr(f"truefill.tape.{module}.BLOCK_ROWS", block)
    assert tape_of(messages).header == whole.header


def test_file_and_memory_are_one(tmp_path) -> None:
    """An order tape goes through a file whole, its places too."""
    messages = random_orders(random.Random(6), OrderOptions(300))
    tape = tape_of(messages)
    file = tape_of(messages, path=tmp_path / "x.tape")
    assert file.by_order
    assert file.header.content_hash == tape.header.content_hash
    assert file.header.orders == tape.header.orders
    np.testing.assert_array_equal(file.section("exch.prio"), tape.section("exch.prio"))
    saved = tape.save(tmp_path / "y.tape")
    assert (tmp_path / "y.tape").read_bytes()[-4096:] == (tmp_path / "x.tape").read_bytes()[-4096:]
    assert [f for f in check(saved) if f.severity == "error" and f.kind != "crossed"] == []


def test_level_tape_has_no_places() -> None:
    """The section is not even in the file of a tape of levels."""
    rows = as_events([Message(1, 1, 100, 5, 0, 100, 105)], TICK, LOT)
    tape = build_tape(rows)
    assert "exch.prio" not in tape.header.sections
    assert len(tape.section("exch.prio")) == 0
    assert not tape.by_order
    assert tape.header.orders is None


@pytest.mark.parametrize("kind", [1, DEPTH_SNAPSHOT])
def test_orders_and_levels_do_not_mix(kind: int) -> None:
    """One book cannot be made of both."""
    rows = as_events(
        [Message(ADD_ORDER, 1, 100, 5, 1, 100, 105), Message(kind, 1, 100, 5, 0, 101, 106)], TICK, LOT
    )
    with pytest.raises(DataError, match="single orders, or levels"):
        build_tape(rows)


@pytest.mark.parametrize(("side", "text"), [(0, "one side"), (BUY | SELL, "one side")])
def test_side_of_an_added_order(side: int, text: str) -> None:
    """An order that is added is a bid or an ask."""
    rows = as_events([Message(ADD_ORDER, 1, 100, 5, 1, 100, 105)], TICK, LOT)
    rows["ev"] = ADD_ORDER | EXCH | LOCAL | side
    with pytest.raises(DataError, match=text):
        build_tape(rows)


def test_price_and_quantity_of_a_cancellation_do_not_count() -> None:
    """They are the venue's word on what is gone, off the steps or not even numbers."""
    rows = as_events(
        [Message(ADD_ORDER, 1, 100, 5, 1, 100, 105), Message(CANCEL_ORDER, 1, 100, 5, 1, 101, 106)], 0.25, 1.0
    )
    rows["px"][1], rows["qty"][1] = np.nan, -0.3
    tape = build_tape(rows, tick_size=0.25, lot_size=1.0)
    assert tape.lots("exch").tolist() == [5, 0]


def test_quantity_of_a_level_beyond_62_bits() -> None:
    """Named, not wrapped around."""
    big = 3 << 60
    rows = as_events([Message(ADD_ORDER, 1, 100, big, i, 100 + i, 105 + i) for i in range(1, 3)], 0.5, 1.0)
    with pytest.raises(TapeError, match="orders of one price at exchange time 102"):
        build_tape(rows, lot_size=1.0)


def test_batches_of_any_size_are_one_tape() -> None:
    """However the events come."""
    rows = as_events(random_orders(random.Random(8), OrderOptions(200)), TICK, LOT)
    builder = TapeBuilder(None, symbol="TEST.TEST")
    for start in range(0, len(rows), 13):
        builder.append(rows[start : start + 13])
    assert builder.finish().header.content_hash == build_tape(rows).header.content_hash


def test_check_tells_of_faults_in_the_stream() -> None:
    """As a warning, with the number."""
    rows = as_events(
        [Message(ADD_ORDER, 1, 100, 5, 1, 100, 105), Message(CANCEL_ORDER, 1, 100, 5, 9, 101, 106)], TICK, LOT
    )
    (finding,) = [f for f in check(build_tape(rows)) if f.kind == "orders"]
    assert (finding.severity, finding.count) == ("warning", 1)
    assert "unknown cancel" in finding.text


def test_altered_places_are_found() -> None:
    """A place beyond the row itself would be read as nonsense."""
    tape = build_tape(as_events([Message(ADD_ORDER, 1, 100, 5, 1, 100, 105)], TICK, LOT))
    tape.section("exch.prio")[0] = 7
    assert any("exch.prio" in f.text for f in check(tape) if f.severity == "error")
