"""The grid as HftBacktest's own examples write it: the orders that are wanted in typed dictionaries.

At each step two dictionaries from order id to price are made; working orders that are not in them are
cancelled, and what is in them and not yet in the market is placed. One source for both packages, but for the
loop over the working orders. The dictionaries are Numba's, and most of the time is theirs.
"""

import math

import numpy as np
from numba import float64, uint64
from numba.typed import Dict


def grid_dict_truefill(bot, p):
    """Keep a grid of orders around the mid, by dictionaries (truefill)."""
    steps = 0
    ticks = 0
    requests = 0
    grid_interval = p.grid_ticks * p.tick_size
    half_spread = p.half_spread_ticks * p.tick_size
    skew = p.skew_ticks * p.tick_size / p.order_qty
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        steps += 1
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        best_bid = depth.best_bid
        best_ask = depth.best_ask
        if not best_bid < best_ask:
            continue
        ticks += depth.best_bid_tick + depth.best_ask_tick
        position = bot.position(0)
        middle = (best_bid + best_ask) / 2.0 - skew * position
        bid_price = math.floor(min(middle - half_spread, best_bid) / grid_interval) * grid_interval
        ask_price = math.ceil(max(middle + half_spread, best_ask) / grid_interval) * grid_interval

        new_bids = Dict.empty(uint64, float64)
        if position < p.max_position:
            for _ in range(p.levels):
                new_bids[np.uint64(2 * round(bid_price / p.tick_size))] = bid_price
                bid_price -= grid_interval
        new_asks = Dict.empty(uint64, float64)
        if position > -p.max_position:
            for _ in range(p.levels):
                new_asks[np.uint64(2 * round(ask_price / p.tick_size) + 1)] = ask_price
                ask_price += grid_interval

        orders = bot.orders(0)
        for order in orders:
            if order.cancellable and (
                (order.side == 1 and order.order_id not in new_bids)
                or (order.side == -1 and order.order_id not in new_asks)
            ):
                bot.cancel(0, order.order_id, False)
                requests += 1
        for order_id, price in new_bids.items():
            if order_id not in orders:
                bot.submit_buy_order(0, order_id, price, p.order_qty, 1, 0, False)
                requests += 1
        for order_id, price in new_asks.items():
            if order_id not in orders:
                bot.submit_sell_order(0, order_id, price, p.order_qty, 1, 0, False)
                requests += 1
    state = bot.state_values(0)
    return steps, ticks, 0.0, state.position, state.balance, state.fee, state.num_trades, requests


def grid_dict_hftbacktest(bot, p):
    """Keep a grid of orders around the mid, by dictionaries (HftBacktest)."""
    steps = 0
    ticks = 0
    requests = 0
    grid_interval = p.grid_ticks * p.tick_size
    half_spread = p.half_spread_ticks * p.tick_size
    skew = p.skew_ticks * p.tick_size / p.order_qty
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        steps += 1
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        best_bid = depth.best_bid
        best_ask = depth.best_ask
        if not best_bid < best_ask:
            continue
        ticks += depth.best_bid_tick + depth.best_ask_tick
        position = bot.position(0)
        middle = (best_bid + best_ask) / 2.0 - skew * position
        bid_price = math.floor(min(middle - half_spread, best_bid) / grid_interval) * grid_interval
        ask_price = math.ceil(max(middle + half_spread, best_ask) / grid_interval) * grid_interval

        new_bids = Dict.empty(uint64, float64)
        if position < p.max_position:
            for _ in range(p.levels):
                new_bids[np.uint64(2 * round(bid_price / p.tick_size))] = bid_price
                bid_price -= grid_interval
        new_asks = Dict.empty(uint64, float64)
        if position > -p.max_position:
            for _ in range(p.levels):
                new_asks[np.uint64(2 * round(ask_price / p.tick_size) + 1)] = ask_price
                ask_price += grid_interval

        orders = bot.orders(0)
        values = orders.values()
        while values.has_next():
            order = values.get()
            if order.cancellable and (
                (order.side == 1 and order.order_id not in new_bids)
                or (order.side == -1 and order.order_id not in new_asks)
            ):
                bot.cancel(0, order.order_id, False)
                requests += 1
        for order_id, price in new_bids.items():
            if order_id not in orders:
                bot.submit_buy_order(0, order_id, price, p.order_qty, 1, 0, False)
                requests += 1
        for order_id, price in new_asks.items():
            if order_id not in orders:
                bot.submit_sell_order(0, order_id, price, p.order_qty, 1, 0, False)
                requests += 1
    state = bot.state_values(0)
    return steps, ticks, 0.0, state.position, state.balance, state.fee, state.num_trades, requests
