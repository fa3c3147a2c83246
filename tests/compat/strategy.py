"""A strategy that plays a list of actions and writes down all it sees: one source for both packages.

Everything is in arrays, so that both compile it; what it calls are HftBacktest's names.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NOTHING, ELAPSE, WAIT_FEED, WAIT_RESPONSE, CLEAR_ORDERS, CLEAR_TRADES, CANCEL, MODIFY, BUY, SELL = range(10)
IDS = 16  # orders are seen by their id, which is below

ACTION = np.dtype(
    [
        ("kind", "i8"),
        ("asset", "i8"),
        ("order_id", "i8"),
        ("price", "f8"),
        ("qty", "f8"),
        ("time_in_force", "i8"),
        ("order_type", "i8"),
        ("wait", "i8"),
        ("duration", "i8"),
    ]
)
STEP = np.dtype([("code", "i8"), ("now", "i8")])
# of one asset
SEEN = np.dtype(
    [
        ("bid_tick", "i8"),
        ("ask_tick", "i8"),
        ("bid", "f8"),
        ("ask", "f8"),
        ("position", "f8"),
        ("state_position", "f8"),
        ("balance", "f8"),
        ("fee", "f8"),
        ("num_trades", "i8"),
        ("trading_volume", "f8"),
        ("trading_value", "f8"),
        ("feed_exch_ts", "i8"),
        ("feed_local_ts", "i8"),
        ("trades", "i8"),
        ("trades_value", "f8"),
        ("trades_ts", "i8"),
        ("orders", "i8"),
    ]
)
MONEY = ("position", "state_position", "balance", "fee", "num_trades", "trading_volume", "trading_value")
ORDER = np.dtype(
    [
        ("there", "i8"),
        ("price", "f8"),
        ("exec_price", "f8"),
        ("qty", "f8"),
        ("leaves_qty", "f8"),
        ("exec_qty", "f8"),
        ("price_tick", "i8"),
        ("exec_price_tick", "i8"),
        ("exch_timestamp", "i8"),
        ("local_timestamp", "i8"),
        ("order_type", "i8"),
        ("req", "i8"),
        ("status", "i8"),
        ("side", "i8"),
        ("time_in_force", "i8"),
        ("maker", "i8"),
        ("cancellable", "i8"),
    ]
)


class Pages:
    """What a run writes down: per step, per step and asset, and per level and order."""

    def __init__(self, steps: int, assets: int, levels: int) -> None:
        self.steps = np.zeros(steps, STEP)
        self.seen = np.zeros((steps, assets), SEEN)
        self.levels = np.zeros((steps, assets, 2, levels))
        self.orders = np.zeros((steps, assets, IDS), ORDER)

    def all(self) -> tuple[NDArray[Any], ...]:
        """As arguments of `play`."""
        return self.steps, self.seen, self.levels, self.orders


def play(hbt, actions, first_tick, steps, seen, levels, orders):
    """Play actions; after each write down what there is to see."""
    for n in range(len(actions)):
        action = actions[n]
        asset = action.asset
        order_id = np.uint64(action.order_id)
        wait = action.wait != 0
        code = 0
        if action.kind == ELAPSE:
            code = hbt.elapse(action.duration)
        elif action.kind == WAIT_FEED:
            code = hbt.wait_next_feed(wait, action.duration)
        elif action.kind == WAIT_RESPONSE:
            code = hbt.wait_order_response(asset, order_id, action.duration)
        elif action.kind == CLEAR_ORDERS:
            hbt.clear_inactive_orders(asset)
        elif action.kind == CLEAR_TRADES:
            hbt.clear_last_trades(asset)
        elif action.kind == CANCEL:
            code = hbt.cancel(asset, order_id, wait)
        elif action.kind == MODIFY:
            code = hbt.modify(asset, order_id, action.price, action.qty, wait)
        elif action.kind == BUY:
            code = hbt.submit_buy_order(
                asset, order_id, action.price, action.qty, action.time_in_force, action.order_type, wait
            )
        elif action.kind == SELL:
            code = hbt.submit_sell_order(
                asset, order_id, action.price, action.qty, action.time_in_force, action.order_type, wait
            )
        steps[n].code = code
        steps[n].now = hbt.current_timestamp
        for a in range(hbt.num_assets):
            to = seen[n, a]
            depth = hbt.depth(a)
            to.bid_tick = depth.best_bid_tick
            to.ask_tick = depth.best_ask_tick
            to.bid = depth.best_bid
            to.ask = depth.best_ask
            for k in range(levels.shape[3]):
                levels[n, a, 0, k] = depth.bid_qty_at_tick(first_tick[a] + k)
                levels[n, a, 1, k] = depth.ask_qty_at_tick(first_tick[a] + k)
            to.position = hbt.position(a)
            state = hbt.state_values(a)
            to.state_position = state.position
            to.balance = state.balance
            to.fee = state.fee
            to.num_trades = state.num_trades
            to.trading_volume = state.trading_volume
            to.trading_value = state.trading_value
            latency = hbt.feed_latency(a)
            if latency is not None:
                exch_ts, local_ts = latency
                to.feed_exch_ts = exch_ts
                to.feed_local_ts = local_ts
            for trade in hbt.last_trades(a):
                to.trades += 1
                to.trades_value += trade.px * trade.qty
                to.trades_ts = trade.local_ts
            own = hbt.orders(a)
            to.orders = len(own)
            values = own.values()
            while values.has_next():
                order = values.get()
                row = orders[n, a, order.order_id]
                row.there = 1 if order.order_id in own else 0
                row.price = order.price
                row.exec_price = order.exec_price
                row.qty = order.qty
                row.leaves_qty = order.leaves_qty
                row.exec_qty = order.exec_qty
                row.price_tick = order.price_tick
                row.exec_price_tick = order.exec_price_tick
                row.exch_timestamp = order.exch_timestamp
                row.local_timestamp = order.local_timestamp
                row.order_type = order.order_type
                row.req = order.req
                row.status = order.status
                row.side = order.side
                row.time_in_force = order.time_in_force
                row.maker = order.arr[0].maker
                row.cancellable = order.cancellable
