"""News of orders: found where the table has changed, they are those that comparing all of it finds."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.strategy.conftest import pace, random_assets
from tests.strategy.test_events import Orders as RandomOrders
from truefill.backtest import Bot
from truefill.backtest.orders import Orders
from truefill.strategy import Callbacks, Strategy, new_state, run_events
from truefill.strategy.events import ORDER_CALLBACKS

WHAT = ("order_id", "state", "qty", "leaves_qty", "filled_qty", "price_tick", "exch_timestamp", "reason")


class Diary(RandomOrders):
    """Trades at random, from within news of orders, too, and writes down all that it hears of them."""

    def __init__(self, seed: int, every: int) -> None:
        super().__init__(seed, every)
        self.entries: list[tuple[Any, ...]] = []
        self.waits = every // 3 + 1

    def hear(self, name: str, order: Any) -> None:
        self.entries.append((self.now, name, *(order[field].item() for field in WHAT)))
        choice = self.rng.random()
        asset = int(self.rng.integers(self.bot.num_assets))
        if choice < 0.05:
            self.bot.clear_inactive_orders(asset)
        elif choice < 0.1:
            self.bot.elapse(self.waits)
        elif choice < 0.3 and self.now < self.bot.end_timestamp:
            for other in self.open_orders(asset)[-2:]:
                if other.cancellable:
                    self.bot.cancel(asset, other.order_id, wait=bool(choice < 0.2))
                    break


for _name in ORDER_CALLBACKS:

    def _hear(self: Any, order: Any, name: str = _name) -> None:
        self.hear(name, order)

    setattr(Diary, _name, _hear)


@pytest.mark.slow
def test_what_has_changed_is_all_there_is_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table's word for the first changed order, against comparing all orders each time."""
    told = 0
    for seed in range(8):
        assets, compute_ns = random_assets(seed)
        runs = []
        for takes in (Orders.take_changed, lambda self: 0):
            monkeypatch.setattr(Orders, "take_changed", takes)
            diary = Diary(seed, pace(assets))
            result = run_events(Bot(assets, compute_ns=compute_ns), diary)
            assert result.error is None
            runs.append((diary.entries, result.run_hash))

        assert runs[0] == runs[1]
        told += len(runs[0][0])
    assert told > 500


def test_an_order_that_ends_while_another_is_told_of_is_told_of_too(make_bot: Callable[..., Bot]) -> None:
    """A callback waits for a cancel: finished orders leave the table after they were told, not before."""

    class Waits(Strategy):
        timers = ("50ms",)

        def on_start(self) -> None:
            self.resting = self.taking = 0
            self.canceled: list[int] = []

        def on_timer(self, timer: Any) -> None:
            depth = self.bot.depth(0)
            if self.resting == 0:
                self.resting = self.buy(0, depth.best_bid - 50 * depth.tick_size, depth.lot_size)
            elif self.taking == 0:
                self.taking = self.buy(0, depth.best_ask, depth.lot_size)

        def on_filled_order(self, order: Any) -> None:
            assert self.bot.cancel(0, self.resting, wait=True) in (0, 3)

        def on_canceled_order(self, order: Any) -> None:
            self.canceled.append(int(order.order_id))

    strategy = Waits()
    result = run_events(make_bot(), strategy)

    assert result.error is None
    assert [strategy.resting] == strategy.canceled


def send_many(bot: Any, state: Any, timer: Any) -> None:
    """A ladder of bids, one tick apart, as many as leave."""
    depth = bot.depth(0)
    for i in range(150):
        price = depth.best_bid - (i + 20) * depth.tick_size
        if bot.submit_buy_order(0, i + 1, price, depth.lot_size) == 0:
            state.sent += 1


def count_pending(bot: Any, state: Any, order: Any) -> None:
    state.pending += 1
    state.ids += order.order_id


def count_accepted(bot: Any, state: Any, order: Any) -> None:
    state.accepted += 1
    state.ids += order.order_id


@pytest.mark.parametrize("room", [65_536, 7])
@pytest.mark.parametrize("compiled", [True, False])
def test_each_of_many_orders_is_told_of(make_bot: Callable[..., Bot], room: int, compiled: bool) -> None:
    """Also when the table is full."""
    callbacks = Callbacks(
        on_timer=send_many,
        on_pending_order=count_pending,
        on_accepted_order=count_accepted,
        timers=["1s"],
    )
    state = new_state(sent=0, pending=0, accepted=0, ids=0)
    result = run_events(make_bot(max_orders=room), callbacks, state, compiled=compiled)
    count = min(room, 150)

    assert result.error is None
    assert (count, count, count) == (state.sent, state.pending, state.accepted)
    assert state.ids == count * (count + 1)
