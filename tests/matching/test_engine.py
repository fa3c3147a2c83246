"""The matching engine against its twin: every report, and the place of every order after each message."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.matching.flow import random_messages
from tests.support.modes import runs
from tests.twin.matching import TwinEngine, rows
from truefill.core import matching
from truefill.core.errors import InputError
from truefill.core.matching import Engine, messages
from truefill.core.matching_types import MESSAGE, REPORT
from truefill.core.order_book_commands import CANCEL, NEW, TRADE
from truefill.core.records import FOK, IOC


def play(engine: Engine, twin: TwinEngine, orders: Any, each: int = 1) -> None:
    """Send messages to both, some at a time; both say the same and stand the same after each batch."""
    for at in range(0, len(orders), each):
        before = len(twin.reports)
        for message in orders[at : at + each]:
            twin.take(message)
        assert twin.reports[before:] == rows(engine.process(orders[at : at + each])), at
        assert twin.state_hash() == engine.state_hash(), at


@pytest.mark.parametrize("seed", range(runs(24)))
def test_engine_is_its_twin(seed: int) -> None:
    """One symbol, a window so small that the market leaves it, little room at first."""
    engine = Engine(window=64 if seed % 2 else 1024, orders=4)

    play(engine, TwinEngine(), random_messages(seed, 400))

    sequence = engine.process(random_messages(seed + 1000, 50))["sequence"]
    assert (np.diff(sequence) == 1).all()


@pytest.mark.parametrize("seed", range(runs(8)))
def test_many_symbols_in_batches(seed: int) -> None:
    """Symbols do not touch each other, and a batch is its messages one by one."""
    play(
        Engine(5, window=256, orders=8),
        TwinEngine(5),
        random_messages(seed, 600, symbols=5, jump=0.05),
        each=1 + 37 * (seed % 3),
    )


def test_a_window_that_follows_its_market() -> None:
    """A market that walks away is followed; what it left behind stays; what is said does not change."""
    engine, twin = Engine(window=64, orders=4), TwinEngine()
    count = runs(8 * 800)
    step = np.arange(count)
    side = np.where(step % 2, 1, -1)
    orders = messages(
        count, order_id=step + 1, side=side, price=1000 + step // 4 - side * (step % 7 - 2), qty=3, symbol=0
    )
    play(engine, twin, orders, each=400)
    assert engine._symbols[0, 1] > 64 or count < 2000  # the window has moved


@given(st.integers(0, 1 << 32), st.integers(1, 40), st.floats(0, 0.3))
@settings(max_examples=runs(60), deadline=None)
def test_any_flow(seed: int, spread: int, jump: float) -> None:
    """Quantity is neither made nor lost: what is accepted or amended is traded, resting, or gone."""
    orders = random_messages(seed, 100, spread=spread, jump=jump, nonsense=0.2)

    play(Engine(window=64, orders=2), TwinEngine(), orders, each=5)


def test_a_sweep_larger_than_the_room_for_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop comes back in the middle of an order, and goes on with it."""
    monkeypatch.setattr(matching, "_REPORT_ROOM", 8)
    count = 100
    engine, single = Engine(), Engine()
    for each in (engine, single):
        each.process(messages(count, order_id=np.arange(count), side=-1, price=100, qty=1))

    reports = engine.process(messages(1, order_id=count, side=1, price=100, qty=count + 7))

    trades = reports[reports["kind"] == TRADE]
    assert np.arange(count).tolist() == trades["maker_id"].tolist()
    assert np.arange(1, len(reports) + 1).tolist() == (reports["sequence"] - count).tolist()
    assert [(100, 7, 1)] == engine.book().bids().tolist()
    assert 0 == single.submit(count, 1, 100, count + 7)
    assert reports.tobytes() == single.reports.tobytes()
    assert engine.state_hash() == single.state_hash()


@pytest.mark.parametrize("seed", range(runs(8)))
def test_reports_never_fit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for four reports: nearly every message is broken off, and says what it would have said."""
    monkeypatch.setattr(matching, "_REPORT_ROOM", 4)
    play(Engine(window=64, orders=2), TwinEngine(), random_messages(seed, 200), each=10)


def test_memory_stays_flat() -> None:
    """Orders in and out: what they used is used again."""
    engine = Engine()
    count = runs(8 * 400)
    sizes = set()
    for batch in range(20):
        ids = batch * count + np.arange(count)
        both = messages(2 * count, order_id=np.concatenate([ids, ids]), side=1, qty=1)
        both["op"] = np.repeat([NEW, CANCEL], count)
        both["price"] = 1000 + both["order_id"] % 97
        for _ in engine.stream(both):
            pass
        sizes.add(engine.memory)
    assert 0 == len(engine)
    assert 1 == len(sizes)


@pytest.mark.slow
def test_memory_stays_flat_over_ten_million_orders() -> None:
    """The process does not grow either."""
    import resource

    engine = Engine()
    count = 100_000
    ids = np.arange(count)
    both = messages(2 * count, side=1, qty=1)
    both["op"] = np.tile(np.repeat([NEW, CANCEL], 1000), count // 1000)
    both["price"] = 1000 + np.arange(2 * count) % 97
    peaks = []
    for batch in range(100):
        both["order_id"] = batch * count + ids.reshape(-1, 1000).repeat(2, axis=0).reshape(-1)
        for _ in engine.stream(both):
            pass
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert 0 == len(engine)
    assert peaks[-1] - peaks[5] < 4096  # kilobytes


@pytest.mark.parametrize(
    "orders",
    [
        None,
        [1, 2],
        np.zeros(3),
        np.zeros(3, REPORT),
        np.zeros((2, 2), MESSAGE),
        np.zeros(3, MESSAGE.newbyteorder(">")),
        np.zeros((), MESSAGE),
        np.zeros(3, np.uint8),
    ],
)
def test_what_is_no_array_of_messages_is_refused(orders: Any) -> None:
    with pytest.raises(InputError, match="MESSAGE"):
        Engine().process(orders)


@pytest.mark.parametrize("seed", range(runs(16)))
def test_hostile_bytes_are_rejected_or_taken(seed: int) -> None:
    """Any 80 bytes are a message that the engine can answer, exactly as its twin does."""
    rng = np.random.default_rng(seed)
    orders = np.frombuffer(rng.bytes(80 * 200), MESSAGE).copy()
    small = rng.random(200) < 0.7
    orders["op"][small] %= 9
    orders["symbol"][small] %= 3
    orders["account"][small] &= 1
    orders["order_id"][small] &= 15
    orders["time_in_force"][small] &= 3
    orders["order_type"][small] &= 1
    orders["self_trade"][small] %= 5
    orders["side"][small] = 1 - 2 * (orders["side"][small] & 1)
    orders["qty"][small] &= 0x3FF
    orders["price"][small] &= 0x7FF
    play(Engine(2, window=64, orders=2), TwinEngine(2), orders, each=20)


def test_a_view_with_gaps_and_a_read_only_array_are_read_right() -> None:
    orders = random_messages(3, 200)
    read_only = orders[::2].copy()
    read_only.flags.writeable = False
    one, other = Engine(), Engine()

    assert one.process(orders[::2]).tobytes() == other.process(read_only).tobytes()
    assert 0 == len(one.process(orders[:0]))


@pytest.mark.parametrize(
    "call",
    [
        {"price": 1.5},
        {"qty": "1"},
        {"qty": 1 << 63},
        {"side": 300},
        {"symbol": 1 << 31},
        {"time_in_force": -1},
        {"order_id": None},
    ],
)
def test_single_calls_check_their_arguments(call: dict[str, Any]) -> None:
    engine = Engine()
    with pytest.raises(InputError):
        engine.submit(**{"order_id": 1, "side": 1, "price": 100, "qty": 1, **call})
    assert 0 == len(engine)


@pytest.mark.parametrize(
    "arguments",
    [
        {"symbols": 0},
        {"window": 100},
        {"window": 1 << 19},
        {"orders": 0},
        {"symbols": 1.5},
        {"far_levels": 0},
    ],
)
def test_an_engine_has_reasonable_sizes(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Engine(**arguments)


def test_messages_are_made_of_whole_numbers_that_fit() -> None:
    with pytest.raises(InputError, match="prize"):
        messages(1, prize=1)
    with pytest.raises(InputError, match="qty"):
        messages(2, qty=[1, 2, 3])
    with pytest.raises(InputError, match="price"):
        messages(1, price=1.0)
    with pytest.raises(InputError, match="side"):
        messages(1, side=300)


def test_the_book_as_tables() -> None:
    engine = Engine(2)
    for order_id, side, price, qty in ((1, 1, 99, 5), (2, 1, 98, 4), (3, -1, 101, 3), (4, 1, 99, 2)):
        assert 0 == engine.submit(order_id, side, price, qty, symbol=1, account=7)
    book = engine.book(1)

    assert [(99, 7, 2), (98, 4, 1)] == book.bids().tolist()
    assert [(99, 7, 2)] == book.bids(1).tolist()
    assert [(101, 3, 1)] == book.asks().tolist()
    assert (99, 101, None) == (book.best_bid, book.best_ask, book.last)
    assert [(99, 1, 5, 0, 7), (99, 4, 2, 0, 7), (98, 2, 4, 0, 7)] == book.orders(1).tolist()
    assert (None, None) == (engine.book(0).best_bid, engine.book(0).best_ask)
    assert 0 == engine.submit(5, -1, 99, 6, IOC, symbol=1)
    assert (99, 1) == (book.last, len(book.bids(1)))
    assert [(99, 4, 1, 1, 7)] == book.orders(1)[:1].tolist()
    assert 4 in engine and 1 not in engine and 3 == len(engine)
    assert 0 == engine.submit(6, -1, 98, 100, FOK, symbol=1)
    assert 100 == engine.reports["qty"][-1]
    with pytest.raises(InputError):
        engine.book(2)
    with pytest.raises(InputError):
        book.orders(0)
    with pytest.raises(InputError):
        book.bids(-1)


def test_single_calls_say_why_not() -> None:
    from truefill.core import reasons as r
    from truefill.core.records import GTX

    engine = Engine()
    engine.submit(1, 1, 100, 10, account=3)

    assert r.DUPLICATE_ID == engine.submit(1, 1, 100, 10)
    assert r.BAD_QTY == engine.submit(2, 1, 100, 0)
    assert r.UNKNOWN_SYMBOL == engine.submit(2, 1, 100, 1, symbol=1)
    assert r.UNKNOWN_ACCOUNT == engine.submit(2, 1, 100, 1, account=-1)
    assert r.WOULD_TAKE == engine.submit(2, -1, 100, 1, GTX)
    assert r.UNKNOWN_ORDER == engine.cancel(1)
    assert r.BAD_PRICE == engine.modify(1, 1 << 40, 1, account=3)
    assert r.BAD_MESSAGE == engine.submit(2, 2, 100, 1)
    assert 0 == engine.reduce(1, 4, account=3)
    assert 0 == engine.market(2, -1, 2)
    assert 0 == engine.amend_total(1, 100, 7, account=3)
    assert [(100, 1, 5, 2, 3)] == engine.book().orders(1).tolist()
    assert 0 == engine.replace(1, 101, 5, account=3)
    assert 0 == engine.modify(1, 101, 4, account=3)
    assert 0 == engine.cancel(1, account=3)
    assert 0 == len(engine)
