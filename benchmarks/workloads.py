"""The strategies that are timed: one source for both packages, plain functions that each of them compiles.

Names of the bot's methods are the same in both packages. The only thing that is not is how own orders are
iterated, so that the grid is there twice, with that one loop written differently.

Every function returns the same tuple of check sums (`CHECKS`). It is what both packages must agree on
before a time counts, and it keeps the compiler from dropping what is read.

This file imports nothing, so that it can be copied and compiled as a user's file (`startup`).
"""

# What each strategy returns; whole numbers must be equal, the others up to rounding.
CHECKS = ("steps", "ticks", "quantity", "position", "balance", "fee", "fills", "requests")


def replay(bot, p):
    """Step by step: best prices and the quantities of five levels a side."""
    steps = 0
    ticks = 0
    quantity = 0.0
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        depth = bot.depth(0)
        bid = depth.best_bid_tick
        ask = depth.best_ask_tick
        for k in range(5):
            quantity += depth.bid_qty_at_tick(bid - k) + depth.ask_qty_at_tick(ask + k)
        ticks += bid + ask
        steps += 1
    return steps, ticks, quantity, 0.0, 0.0, 0.0, 0, 0


def replay_resting(bot, p):
    """`replay` with an own bid that rests far below the market, so that nothing can be left out."""
    steps = 0
    ticks = 0
    quantity = 0.0
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        depth = bot.depth(0)
        if steps == 0:
            bot.submit_buy_order(0, 1, p.far_tick * p.tick_size, p.order_qty, 0, 0, False)
        bid = depth.best_bid_tick
        ask = depth.best_ask_tick
        for k in range(5):
            quantity += depth.bid_qty_at_tick(bid - k) + depth.ask_qty_at_tick(ask + k)
        ticks += bid + ask
        steps += 1
    state = bot.state_values(0)
    return steps, ticks, quantity, state.position, state.balance, state.fee, state.num_trades, 1


def best_prices(bot, p):
    """Step by step: best prices only."""
    steps = 0
    ticks = 0
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        depth = bot.depth(0)
        ticks += depth.best_bid_tick + depth.best_ask_tick
        steps += 1
    return steps, ticks, 0.0, 0.0, 0.0, 0.0, 0, 0


def every_event(bot, p):
    """Woken by every feed event: best prices."""
    steps = 0
    ticks = 0
    while steps < p.max_steps and bot.wait_next_feed(False, p.timeout_ns) == 2:
        depth = bot.depth(0)
        ticks += depth.best_bid_tick + depth.best_ask_tick
        steps += 1
    return steps, ticks, 0.0, 0.0, 0.0, 0.0, 0, 0


def grid_truefill(bot, p):
    """Keep a grid of orders around the mid, cancel what is off it, place what is missing (truefill)."""
    steps = 0
    ticks = 0
    requests = 0
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        steps += 1
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        best_bid = depth.best_bid_tick
        best_ask = depth.best_ask_tick
        if best_bid >= best_ask or best_bid < 0:
            continue
        ticks += best_bid + best_ask
        position = bot.position(0)
        middle = (best_bid + best_ask) // 2 - round(p.skew_ticks * position / p.order_qty)
        bid_tick = min(middle - p.half_spread_ticks, best_bid) // p.grid_ticks * p.grid_ticks
        ask_tick = -(-max(middle + p.half_spread_ticks, best_ask) // p.grid_ticks) * p.grid_ticks
        bids = p.levels if position < p.max_position else 0
        asks = p.levels if position > -p.max_position else 0

        orders = bot.orders(0)
        for order in orders:
            if order.side == 1:
                distance = bid_tick - order.price_tick
                count = bids
            else:
                distance = order.price_tick - ask_tick
                count = asks
            wanted = distance >= 0 and distance % p.grid_ticks == 0 and distance < count * p.grid_ticks
            if order.cancellable and not wanted:
                bot.cancel(0, order.order_id, False)
                requests += 1
        for k in range(bids):
            tick = bid_tick - k * p.grid_ticks
            if 2 * tick not in orders:
                bot.submit_buy_order(0, 2 * tick, tick * p.tick_size, p.order_qty, 1, 0, False)
                requests += 1
        for k in range(asks):
            tick = ask_tick + k * p.grid_ticks
            if 2 * tick + 1 not in orders:
                bot.submit_sell_order(0, 2 * tick + 1, tick * p.tick_size, p.order_qty, 1, 0, False)
                requests += 1
    state = bot.state_values(0)
    return steps, ticks, 0.0, state.position, state.balance, state.fee, state.num_trades, requests


def grid_hftbacktest(bot, p):
    """Keep a grid of orders around the mid, cancel what is off it, place what is missing (HftBacktest)."""
    steps = 0
    ticks = 0
    requests = 0
    while steps < p.max_steps and bot.elapse(p.step_ns) == 0:
        steps += 1
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        best_bid = depth.best_bid_tick
        best_ask = depth.best_ask_tick
        if best_bid >= best_ask or best_bid < 0:
            continue
        ticks += best_bid + best_ask
        position = bot.position(0)
        middle = (best_bid + best_ask) // 2 - round(p.skew_ticks * position / p.order_qty)
        bid_tick = min(middle - p.half_spread_ticks, best_bid) // p.grid_ticks * p.grid_ticks
        ask_tick = -(-max(middle + p.half_spread_ticks, best_ask) // p.grid_ticks) * p.grid_ticks
        bids = p.levels if position < p.max_position else 0
        asks = p.levels if position > -p.max_position else 0

        orders = bot.orders(0)
        values = orders.values()
        while values.has_next():
            order = values.get()
            if order.side == 1:
                distance = bid_tick - order.price_tick
                count = bids
            else:
                distance = order.price_tick - ask_tick
                count = asks
            wanted = distance >= 0 and distance % p.grid_ticks == 0 and distance < count * p.grid_ticks
            if order.cancellable and not wanted:
                bot.cancel(0, order.order_id, False)
                requests += 1
        for k in range(bids):
            tick = bid_tick - k * p.grid_ticks
            if 2 * tick not in orders:
                bot.submit_buy_order(0, 2 * tick, tick * p.tick_size, p.order_qty, 1, 0, False)
                requests += 1
        for k in range(asks):
            tick = ask_tick + k * p.grid_ticks
            if 2 * tick + 1 not in orders:
                bot.submit_sell_order(0, 2 * tick + 1, tick * p.tick_size, p.order_qty, 1, 0, False)
                requests += 1
    state = bot.state_values(0)
    return steps, ticks, 0.0, state.position, state.balance, state.fee, state.num_trades, requests
