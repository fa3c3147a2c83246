"""The grid market maker of HftBacktest's README and tutorials, as its users write it: for both packages."""

import numpy as np
from numba import uint64
from numba.typed import Dict

from truefill.compat.hftbacktest import BUY, GTX, LIMIT, SELL


def grid(hbt, recorder, grid_num, order_lots, max_position):
    """Ten post-only orders about the mid, moved against the position; how many requests it sent."""
    asset_no = 0
    tick_size = hbt.depth(asset_no).tick_size
    grid_interval = tick_size * 2
    half_spread = tick_size * 2
    requests = 0
    while hbt.elapse(100_000_000) == 0:
        hbt.clear_inactive_orders(asset_no)
        depth = hbt.depth(asset_no)
        position = hbt.position(asset_no)
        orders = hbt.orders(asset_no)
        best_bid = depth.best_bid
        best_ask = depth.best_ask
        mid_price = (best_bid + best_ask) / 2.0
        order_qty = depth.lot_size * order_lots
        reservation_price = mid_price - 0.13 * tick_size * position
        bid_price = min(reservation_price - half_spread, best_bid)
        ask_price = max(reservation_price + half_spread, best_ask)
        bid_price = np.floor(bid_price / grid_interval) * grid_interval
        ask_price = np.ceil(ask_price / grid_interval) * grid_interval

        new_bid_orders = Dict.empty(np.uint64, np.float64)
        if position < max_position and np.isfinite(bid_price):
            for _ in range(grid_num):
                new_bid_orders[uint64(round(bid_price / tick_size))] = bid_price
                bid_price -= grid_interval
        new_ask_orders = Dict.empty(np.uint64, np.float64)
        if position > -max_position and np.isfinite(ask_price):
            for _ in range(grid_num):
                new_ask_orders[uint64(round(ask_price / tick_size))] = ask_price
                ask_price += grid_interval

        order_values = orders.values()
        while order_values.has_next():
            order = order_values.get()
            if order.cancellable and (
                (order.side == BUY and order.order_id not in new_bid_orders)
                or (order.side == SELL and order.order_id not in new_ask_orders)
            ):
                hbt.cancel(asset_no, order.order_id, False)
                requests += 1
        last_order_id = uint64(0)
        for order_id, order_price in new_bid_orders.items():
            if order_id not in orders:
                hbt.submit_buy_order(asset_no, order_id, order_price, order_qty, GTX, LIMIT, False)
                requests += 1
                last_order_id = order_id
        for order_id, order_price in new_ask_orders.items():
            if order_id not in orders:
                hbt.submit_sell_order(asset_no, order_id, order_price, order_qty, GTX, LIMIT, False)
                requests += 1
                last_order_id = order_id
        if last_order_id != 0 and hbt.wait_order_response(asset_no, last_order_id, 50_000_000) != 0:
            break
        recorder.record(hbt)
    return requests
