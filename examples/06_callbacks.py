"""A market maker of callbacks: functions over a state, compiled into one loop.

truefill backtest 06_callbacks.py --config run.toml --out result

It quotes one order a side, follows the best prices, and keeps away from the side that the last second's
trades pushed.
"""

from numba import njit

from truefill import GTX
from truefill.strategy import new_state

klines = ["1s"]
timers = ["100ms"]
l1_quantities = False  # a changed quantity at the best price is nothing to wake for


def make_state(params):
    return new_state(
        bid_id=0,
        ask_id=0,
        next_id=0,
        pushed=0.0,  # bought minus sold in the last bar
        qty=params.order_qty,
        max_position=params.max_position,
        half_spread_ticks=int(params.half_spread_ticks),
        fills=0,
    )


def on_kline(bot, state, kline):
    state.pushed = 2.0 * kline.buy_volume - kline.volume


def on_timer(bot, state, timer):
    depth = bot.depth(0)
    if not depth.best_bid < depth.best_ask:
        return
    position = bot.position(0)
    if state.bid_id == 0 and position < state.max_position and state.pushed >= -10.0:
        state.next_id += 1
        state.bid_id = state.next_id
        tick = depth.best_bid_tick - state.half_spread_ticks
        bot.submit_buy_order(0, state.bid_id, tick * depth.tick_size, state.qty, GTX)
    if state.ask_id == 0 and position > -state.max_position and state.pushed <= 10.0:
        state.next_id += 1
        state.ask_id = state.next_id
        tick = depth.best_ask_tick + state.half_spread_ticks
        bot.submit_sell_order(0, state.ask_id, tick * depth.tick_size, state.qty, GTX)


def on_bookl1(bot, state, book):
    orders = bot.orders(0)
    for order_id, tick in (
        (state.bid_id, book.bid_tick - state.half_spread_ticks),
        (state.ask_id, book.ask_tick + state.half_spread_ticks),
    ):
        if order_id in orders:
            order = orders.get(order_id)
            if order.cancellable and order.price_tick != tick:
                bot.cancel(0, order_id)


def on_filled_order(bot, state, order):
    state.fills += 1
    forget(state, order)


def on_canceled_order(bot, state, order):
    forget(state, order)


def on_expired_order(bot, state, order):
    forget(state, order)


@njit
def forget(state, order):
    if order.order_id == state.bid_id:
        state.bid_id = 0
    if order.order_id == state.ask_id:
        state.ask_id = 0
