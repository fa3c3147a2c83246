"""A market maker: a grid of bids and asks around the mid, shifted against the position it holds.

    truefill backtest grid.py --config run.toml --out result

All prices are in ticks, so the grid is exact integers. An order's id says where it stands (tick and side):
an order that is where the grid wants it stays there, and keeps its place in the queue.
"""

from typing import Any

from truefill import BUY_SIDE, GTX, LIMIT, Bot


def strategy(bot: Bot, params: Any) -> None:
    """Quote `params.levels` orders a side, `params.grid_step_ticks` apart, and hold what is filled."""
    while bot.elapse(params.interval_ns) == 0:
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        if not depth.best_bid < depth.best_ask:
            continue  # a side is empty: there is no price to quote around

        # The centre of the quotes: the mid, lower while long and higher while short.
        position = bot.position(0)
        mid_tick = (depth.best_bid_tick + depth.best_ask_tick) / 2.0
        centre = mid_tick - params.skew_ticks * position / params.order_qty

        # The first quote of each side: on the grid, and never through the other side of the book.
        step = params.grid_step_ticks
        bid_tick = int((centre - params.half_spread_ticks) // step) * step
        ask_tick = -int((-centre - params.half_spread_ticks) // step) * step
        while bid_tick >= depth.best_ask_tick:
            bid_tick -= step
        while ask_tick <= depth.best_bid_tick:
            ask_tick += step
        bids = params.levels if position < params.max_position else 0
        asks = params.levels if position > -params.max_position else 0

        # Cancel what the grid does not want any more ...
        orders = bot.orders(0)
        for order in orders:
            if order.side == BUY_SIDE:
                distance, count = bid_tick - order.price_tick, bids
            else:
                distance, count = order.price_tick - ask_tick, asks
            on_grid = distance >= 0 and distance % step == 0 and distance < count * step
            if order.cancellable and not on_grid:
                bot.cancel(0, order.order_id, False)

        # ... and place what is missing.
        for level in range(bids):
            tick = bid_tick - level * step
            if 2 * tick not in orders:
                price = tick * depth.tick_size
                bot.submit_buy_order(0, 2 * tick, price, params.order_qty, GTX, LIMIT, False)
        for level in range(asks):
            tick = ask_tick + level * step
            if 2 * tick + 1 not in orders:
                price = tick * depth.tick_size
                bot.submit_sell_order(0, 2 * tick + 1, price, params.order_qty, GTX, LIMIT, False)
