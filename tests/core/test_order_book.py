"""The order-by-order book against its twin, against a table of scenarios, and against its own promises."""

import numpy as np
import pytest

from tests.core.order_book_twin import TwinBook
from truefill.core import order_book_commands as c
from truefill.core.errors import InputError
from truefill.core.events import NO_ASK_TICK
from truefill.core.order_book import Fill, OrderBook
from truefill.core.order_book_entries import find_slot
from truefill.core.order_book_kernels import level_count, level_qty
from truefill.core.order_book_layout import ASKS, AT_INDEX, BIDS, MAX_LEVELS
from truefill.core.records import FOK, GTC, GTX, IOC

MAKER_COLUMNS = [0, 1, 2, 3, 4, 5, 6, 7, 9]  # all but the slot, which the twin does not have


def random_commands(rng: np.random.Generator, n: int, ids: int, width: int, drift: float) -> np.ndarray:
    """Commands over few ids and ticks, so that they meet; prices wander by `drift` ticks a command."""
    rows = np.zeros((n, c.COMMAND_COLUMNS), np.int64)
    rows[:, c.OP] = rng.choice(7, n, p=[0.45, 0.2, 0.1, 0.05, 0.1, 0.05, 0.05])
    rows[:, c.ORDER_ID] = rng.integers(1, ids, n) * rng.choice([1, 1 << 20])
    rows[:, c.SIDE] = rng.choice([1, -1], n)
    middle = 1000 + np.cumsum(rng.normal(0, drift, n)).astype(np.int64)
    rows[:, c.TICK] = middle + rng.integers(-width, width + 1, n) - rows[:, c.SIDE] * (width // 2)
    rows[:, c.QTY] = rng.integers(1, 30, n) * (rng.random(n) > 0.03)
    rows[:, c.TIME_IN_FORCE] = rng.choice([GTC, GTX, FOK, IOC], n, p=[0.7, 0.1, 0.1, 0.1])
    rows[rows[:, c.OP] == c.ADD, c.TIME_IN_FORCE] = GTC
    rows[:, c.ORDER_TAG] = rng.integers(-5, 100, n)
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_random_commands_equal_the_twin(seed: int) -> None:
    """Same reports in the same order, and the same full queues after every block of commands."""
    rng = np.random.default_rng(seed)
    commands = random_commands(rng, 1500, ids=[40, 400][seed % 2], width=[3, 40][seed // 4], drift=seed / 2)
    book = OrderBook(levels=[1, 64, 4096][seed % 3], orders=[1, 16][seed % 2])
    book._reports = np.zeros(([3, 5, 4096][seed % 3], c.REPORT_COLUMNS), np.int64)
    twin = TwinBook()
    for start in range(0, len(commands), 50):
        block = commands[start : start + 50]
        reports = np.concatenate(list(book._run(block)))
        twin.reports.clear()
        for i, row in enumerate(block.tolist()):
            twin.command(i, row)
        assert reports[:, MAKER_COLUMNS].tolist() == twin.reports
        assert book.state_hash() == twin.state_hash()
        for side in (1, -1):
            expected = [
                (tick, sum(o[1] for o in twin.sides[side][tick]), len(twin.sides[side][tick]))
                for tick in sorted(twin.sides[side], reverse=side == 1)
            ]
            assert list(book.levels(side)) == expected
            for tick, qty, count in expected:
                region = BIDS if side == 1 else ASKS
                assert level_qty(book.words, region, tick) == book.level_qty(side, tick) == qty
                assert level_count(book.words, book.links, region, tick) == count
        assert (book.best_bid, book.best_ask) == (twin.best(1), twin.best(-1))


def test_queue_ahead_equals_the_twin() -> None:
    """For every order: the quantity and number of orders before it in its level."""
    rng = np.random.default_rng(5)
    book, twin = OrderBook(), TwinBook()
    for i, row in enumerate(random_commands(rng, 400, ids=300, width=4, drift=0).tolist()):
        book.execute(np.array([row]))
        twin.command(i, row)
    assert len(book) > 20
    for order in book.orders():
        side, tick, place = twin.where(order.order_id)  # type: ignore[misc]
        before = twin.sides[side][tick][:place]
        assert book.queue_ahead(order.order_id) == (sum(o[1] for o in before), place)
        assert book.order(order.order_id) == order


def test_slots_survive_growth() -> None:
    """A bigger book, or a moved window, keeps every order in its slot and every queue in its order."""
    book = OrderBook(base_tick=0, levels=128, orders=64)
    book.execute(
        random_commands(np.random.default_rng(2), 300, ids=60, width=5, drift=0) - [0, 0, 0, 950, 0, 0, 0]
    )
    before, ids = book.state_hash(), [o.order_id for o in book.orders()]
    slots = [int(find_slot(book.words, book.links, i)) for i in ids]
    assert len(ids) > 10
    book.grow(base_tick=-5000, levels=1 << 17, orders=1000)
    assert book.state_hash() == before
    assert [int(find_slot(book.words, book.links, i)) for i in ids] == slots
    assert book.include(10**6) is None and book.state_hash() == before
    assert book.submit(10**9, 1, tick=-(10**6), qty=1).open_qty == 1


def test_levels_far_apart() -> None:
    """Best prices are found across millions of empty ticks, and the window follows the market."""
    book = OrderBook(levels=64)
    for i, tick in enumerate((1_000_000, 1, 7_000_000)):
        book.submit(i, 1, tick=tick, qty=1)
    assert [tick for tick, *_ in book.levels(1)] == [7_000_000, 1_000_000, 1]
    for best in (1_000_000, 1, None):
        book.cancel({7_000_000: 2, 1_000_000: 0, 1: 1}[book.best_bid])  # type: ignore[index]
        assert book.best_bid == best
    book.submit(5, -1, tick=-50, qty=1)
    assert (book.best_bid, book.best_ask) == (None, -50)


def test_any_window_size_finds_the_next_level() -> None:
    """The bitmap is right for windows of one word, of full tiers, and of one level more than that."""
    for levels in (1, 31, 32, 33, 1024, 1025, 32768, 32769):
        book = OrderBook(base_tick=0, levels=levels)
        ticks = sorted({0, levels - 1, levels // 2, levels // 3})
        for tick in ticks:
            book.submit(tick, -1, tick=tick, qty=1)
            book.submit(tick + 10**6, 1, tick=tick - levels, qty=1)
        assert [tick for tick, *_ in book.levels(-1)] == ticks
        assert [tick for tick, *_ in book.levels(1)] == [t - levels for t in reversed(ticks)]


def test_clear_one_side_and_both() -> None:
    """Clearing removes the orders of a side and nothing else; ids are free again."""
    book = OrderBook()
    for i in range(1, 20):
        book.submit(i, 1, tick=100 - i % 4, qty=i, tag=i)
        book.submit(-i, -1, tick=101 + i % 4, qty=i, tag=-i)
    asks = [o for o in book.orders() if o.side == -1]
    book.clear(side=1)
    assert list(book.orders()) == asks
    book.clear()
    assert len(book) == 0 and book.best_ask is None and 5 not in book
    assert book.submit(5, -1, tick=90, qty=1).open_qty == 1


def test_market_data_ids_that_collide() -> None:
    """Ids that share one home in the index are found, and survive the deletion of any of them."""
    ids = [(i << 40) + 7 for i in range(50)] + [7, 8, 9] + [-(i << 50) for i in range(1, 20)]
    rng = np.random.default_rng(0)
    book = OrderBook(orders=128)
    for i in ids:
        book.submit(i, 1, tick=50, qty=1)
    left = set(ids)
    for i in rng.permutation(ids).tolist():
        assert all(j in book for j in left)
        book.cancel(i)
        left.discard(i)
        assert i not in book
    assert not book.links[book.words[AT_INDEX] :].any()


def test_a_feed_may_cross_the_book() -> None:
    """`add` rests without matching, so a feed's crossed moment is kept as it is."""
    book = OrderBook()
    assert book.add(1, 1, tick=105, qty=3, tag=9).open_qty == 3
    assert book.add(2, -1, tick=100, qty=4).fills == []
    assert (book.best_bid, book.best_ask) == (105, 100)
    assert book.submit(3, -1, tick=90, qty=1).fills == [Fill(1, 1, 105, 2, 9)]


@pytest.mark.parametrize(
    "call",
    [
        lambda b: b.submit(1, 0, tick=5, qty=1),
        lambda b: b.submit(1, 1, tick=1 << 62, qty=1),
        lambda b: b.submit(1, 1, tick=NO_ASK_TICK, qty=1),
        lambda b: b.submit(1, 1, tick=5, qty=1 << 62),
        lambda b: b.submit(1 << 64, 1, tick=5, qty=1),
        lambda b: b.submit(1, 1, tick=5, qty=1, tag=1 << 40),
        lambda b: b.submit(1, 1, tick=MAX_LEVELS + 1000, qty=1),
        lambda b: b.queue_ahead(77),
        lambda b: b.execute(np.zeros((3, 2), np.int64)),
        lambda b: b.execute(np.zeros((3, c.COMMAND_COLUMNS))),
        lambda b: b.execute(np.zeros((1, c.COMMAND_COLUMNS), np.int64)),  # side 0
        lambda b: b.execute(np.array([[c.ADD, 1, 1, NO_ASK_TICK, 5, GTC, 0]])),
        lambda b: b.execute(np.array([[c.NEW, 1, 1, NO_ASK_TICK, 5, GTC, 0]])),
        lambda b: b.execute(np.array([[c.NEW, 1, 1, 5, 5, GTC, 1 << 40]])),
        lambda b: OrderBook(levels=0),
        lambda b: OrderBook(orders=1 << 40),
        lambda b: b.grow(orders=0 - 5),
    ],
)
def test_arguments_that_make_no_sense(call) -> None:  # type: ignore[no-untyped-def]
    """Each is refused by a typed error, and the book is as before."""
    book = OrderBook(base_tick=0, levels=64)
    book.submit(3, 1, tick=5, qty=1)
    before = book.state_hash()
    with pytest.raises(InputError, match="expected"):
        call(book)
    assert book.state_hash() == before


def test_strange_commands_are_rejected_with_a_reason() -> None:
    """Unknown operations and times in force are reports, not crashes."""
    rows = [
        [9, 1, 1, 5, 5, 0, 0],
        [-1, 1, 1, 5, 5, 0, 0],
        [c.NEW, 1, 1, 5, 5, 7, 0],
        [c.NEW, 1, 1, 5, 0, 0, 0],
    ]
    reports = OrderBook().execute(np.array(rows))
    assert reports[:, c.KIND].tolist() == [c.REJECTED] * 4
    assert reports[:, c.REASON].tolist() == [c.BAD_COMMAND, c.BAD_COMMAND, c.BAD_COMMAND, c.BAD_QTY]
