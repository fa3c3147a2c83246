"""A closed world: two strategies, a crowd and the exchange trade on one order-by-order book.

Nothing comes from outside and nothing goes there, so whatever one account gains another one has lost:
units, cash but for the fees that the exchange keeps, and value at any price.
"""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings, strategies as st

from truefill.core.order_book import OrderBook
from truefill.core.records import FOK, GTC, GTX, IOC

CROWD, FIRST, SECOND = 0, 1, 2
ACCOUNTS = st.sampled_from((CROWD, CROWD, FIRST, SECOND))
SIDES = st.sampled_from((1, -1))
TICKS = st.integers(96, 104)
LOTS = st.integers(1, 9)
ORDERS = st.integers(1, 30)
COMMANDS = st.one_of(
    st.tuples(
        st.just("submit"), ACCOUNTS, SIDES, TICKS, LOTS, st.sampled_from((GTC, GTC, GTC, GTX, IOC, FOK))
    ),
    st.tuples(st.just("market"), ACCOUNTS, SIDES, LOTS),
    st.tuples(st.just("cancel"), ORDERS),
    st.tuples(st.just("modify"), ORDERS, TICKS, LOTS),
)
FEE_OF_MAKER, FEE_OF_TAKER = -1, 3  # per lot


@dataclass
class World:
    """The book, and each account's units, cash and fees, in whole lots and ticks."""

    book: OrderBook = field(default_factory=lambda: OrderBook(0, 256, 64))
    units: Counter[int] = field(default_factory=Counter)
    cash: Counter[int] = field(default_factory=Counter)
    exchange: int = 0  # fees kept
    owner: dict[int, int] = field(default_factory=dict)
    side: dict[int, int] = field(default_factory=dict)
    bought: Counter[int] = field(default_factory=Counter)  # by order, whichever its side
    asked: Counter[int] = field(default_factory=Counter)

    def play(self, command: tuple) -> None:  # type: ignore[type-arg]
        """One command, and what its trades do to the accounts."""
        kind, *rest = command
        if kind in ("submit", "market"):
            account, side, *numbers = rest
            order_id = len(self.owner) + 1
            self.owner[order_id], self.side[order_id] = account, side
            self.asked[order_id] = numbers[1] if kind == "submit" else numbers[0]
            call = self.book.submit if kind == "submit" else self.book.market
            answer = call(order_id, side, *numbers)
        elif kind == "cancel":
            (order_id,) = rest
            before = self.book.order(order_id)
            answer = self.book.cancel(order_id)
            assert answer.gone_qty == (before.qty if before else 0)
        else:
            order_id, tick, lots = rest
            before = self.book.order(order_id)
            answer = self.book.modify(order_id, tick, lots)
            if answer.accepted and before:
                self.asked[order_id] += lots - before.qty
        for fill in answer.fills:
            self._trade(order_id, fill.maker, fill.tick, fill.qty)

    def _trade(self, taker: int, maker: int, tick: int, lots: int) -> None:
        assert self.side[taker] == -self.side[maker]
        for order_id, fee in ((taker, FEE_OF_TAKER), (maker, FEE_OF_MAKER)):
            account, side = self.owner[order_id], self.side[order_id]
            self.units[account] += side * lots
            self.cash[account] -= side * lots * tick + fee * lots
            self.exchange += fee * lots
            self.bought[order_id] += lots
            assert self.bought[order_id] <= self.asked[order_id]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(COMMANDS, max_size=80))
def test_cash_and_value_are_conserved(commands: list[tuple]) -> None:  # type: ignore[type-arg]
    """After every command all accounts and the exchange together have what they had: nothing."""
    world = World()
    for command in commands:
        world.play(command)
        assert sum(world.units.values()) == 0
        assert sum(world.cash.values()) + world.exchange == 0
        for price in (1, 100, 1_000_000):  # value at any price
            equity = {a: world.cash[a] + world.units[a] * price for a in (CROWD, FIRST, SECOND)}
            assert sum(equity.values()) == -world.exchange
        for order in world.book.orders():  # what rests is what was asked for and has not traded
            assert 0 < order.qty <= world.asked[order.order_id] - world.bought[order.order_id]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(COMMANDS, max_size=60))
def test_whoever_comes_later_is_behind(commands: list[tuple]) -> None:  # type: ignore[type-arg]
    """The quantity ahead of a resting order is never negative and only falls while it keeps its place."""
    world = World()
    ahead: dict[int, tuple[int, int]] = {}
    for command in commands:
        world.play(command)
        now = {o.order_id: (world.book.queue_ahead(o.order_id)[0], o.tick) for o in world.book.orders()}
        moved = command[1] if command[0] == "modify" else 0
        for order_id, (lots, tick) in now.items():
            assert lots >= 0
            before = ahead.get(order_id)
            assert before is None or order_id == moved or (lots <= before[0] and tick == before[1])
        ahead = now
