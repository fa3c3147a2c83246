"""One strategy, written three times: as a loop, as a class, as functions. The fills must be the same.

It quotes a bid at the touch: when the best bid moves away it is cancelled, and every 50 ms, if there is none,
a new one is sent, larger after each fill. It also counts trades and bars.
"""

from typing import Any

from truefill.core.records import BUY_SIDE, GTX
from truefill.strategy import Strategy, new_state

INTERVAL = 50_000_000
NO_BID = -(2**63)


def loop(bot: Any, interval: int) -> int:
    """The strategy as its own loop."""
    order_id = 0
    alive = False
    side = 1
    next_ts = bot.current_timestamp + interval
    bid_tick = NO_BID
    ask_tick = 2**63 - 1
    fills = 0
    while True:
        code = bot.wait_next_feed(True, next_ts - bot.current_timestamp)
        if code > 3:
            break
        depth = bot.depth(0)
        if code != 0 and (depth.best_bid_tick != bid_tick or depth.best_ask_tick != ask_tick):
            bid_tick = depth.best_bid_tick
            ask_tick = depth.best_ask_tick
            if alive and order_id in bot.orders(0):
                order = bot.orders(0).get(order_id)
                away = order.price_tick != (bid_tick if side == 1 else ask_tick)
                if order.cancellable and away:
                    bot.cancel(0, order_id)
        if code != 0:
            if alive and order_id in bot.orders(0):
                state = bot.orders(0).get(order_id).status
                if state == 3:
                    fills += 1
                    side = -side
                if state == 3 or state == 4 or state == 2:
                    alive = False
            bot.clear_inactive_orders(0)
        if code == 1:
            break
        if bot.current_timestamp >= next_ts:
            next_ts += interval
            if not alive and depth.best_bid < depth.best_ask:
                order_id += 1
                if order_id % 7 == 0:
                    price = depth.best_ask if side == 1 else depth.best_bid
                    bot.submit_order(0, order_id, side, price, depth.lot_size * (1 + fills % 5))
                else:
                    price = depth.best_bid if side == 1 else depth.best_ask
                    bot.submit_order(0, order_id, side, price, depth.lot_size * (1 + fills % 5), GTX)
                alive = True
    return fills


class Quoter(Strategy):
    """The same as a class."""

    l1_quantities = False

    def __init__(self, interval: int = INTERVAL) -> None:
        self.interval = interval

    def on_start(self) -> None:
        self.set_timer(self.interval)
        self.subscribe_bookl1(0)
        self.alive, self.side, self.fills, self.order_id = False, BUY_SIDE, 0, 0

    def on_bookl1(self, book: Any) -> None:
        if self.alive and self.order_id in self.bot.orders(0):
            order = self.bot.orders(0).get(self.order_id)
            touch = book.bid_tick if self.side == BUY_SIDE else book.ask_tick
            if order.cancellable and order.price_tick != touch:
                self.cancel_order(0, self.order_id)

    def on_filled_order(self, order: Any) -> None:
        self.fills += 1
        self.side = -self.side
        self.alive = False

    def on_canceled_order(self, order: Any) -> None:
        self.alive = False

    def on_expired_order(self, order: Any) -> None:
        self.alive = False

    def on_failed_order(self, order: Any) -> None:
        self.alive = False

    def on_timer(self, timer: Any) -> None:
        depth = self.bot.depth(0)
        if self.alive or not depth.best_bid < depth.best_ask:
            return
        quantity = depth.lot_size * (1 + self.fills % 5)
        if (self._last_id + 1) % 7 == 0:
            price = depth.best_ask if self.side == BUY_SIDE else depth.best_bid
            self.order_id = self.create_order(0, self.side, price, quantity)
        else:
            price = depth.best_bid if self.side == BUY_SIDE else depth.best_ask
            self.order_id = self.create_order(0, self.side, price, quantity, GTX)
        self.alive = True


def make_state() -> Any:
    """What the functions below share."""
    return new_state(alive=False, side=BUY_SIDE, fills=0, order_id=0, trades=0, klines=0)


def on_bookl1(bot: Any, state: Any, book: Any) -> None:
    if book.asset == 0 and state.alive and state.order_id in bot.orders(0):
        order = bot.orders(0).get(state.order_id)
        touch = book.bid_tick if state.side == BUY_SIDE else book.ask_tick
        if order.cancellable and order.price_tick != touch:
            bot.cancel(0, state.order_id)


def on_filled_order(bot: Any, state: Any, order: Any) -> None:
    state.fills += 1
    state.side = -state.side
    state.alive = False


def on_canceled_order(bot: Any, state: Any, order: Any) -> None:
    state.alive = False


def on_timer(bot: Any, state: Any, timer: Any) -> None:
    depth = bot.depth(0)
    if state.alive or not depth.best_bid < depth.best_ask:
        return
    state.order_id += 1
    quantity = depth.lot_size * (1 + state.fills % 5)
    if state.order_id % 7 == 0:
        price = depth.best_ask if state.side == BUY_SIDE else depth.best_bid
        bot.submit_order(0, state.order_id, state.side, price, quantity)
    else:
        price = depth.best_bid if state.side == BUY_SIDE else depth.best_ask
        bot.submit_order(0, state.order_id, state.side, price, quantity, GTX)
    state.alive = True


def on_trade(bot: Any, state: Any, trade: Any) -> None:
    state.trades += 1


def on_kline(bot: Any, state: Any, kline: Any) -> None:
    state.klines += kline.trades


FUNCTIONS = {
    "on_bookl1": on_bookl1,
    "on_filled_order": on_filled_order,
    "on_canceled_order": on_canceled_order,
    "on_expired_order": on_canceled_order,
    "on_failed_order": on_canceled_order,
    "on_timer": on_timer,
    "on_trade": on_trade,
    "on_kline": on_kline,
}
