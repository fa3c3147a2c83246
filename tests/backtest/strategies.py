"""Strategies that several tests run; plain functions, as a user writes them."""

from typing import Any

STEP = 100_000_000


def quote_both_sides(bot: Any) -> int:
    """Cancel and quote ten lots at the touch every 100 ms."""
    steps = 0
    order_id = 0
    while bot.elapse(100_000_000) == 0:
        depth = bot.depth(0)
        bot.clear_inactive_orders(0)
        for order in bot.orders(0):
            if order.cancellable:
                bot.cancel(0, order.order_id)
        order_id += 2
        bot.submit_buy_order(0, order_id, depth.best_bid, depth.lot_size * 10)
        bot.submit_sell_order(0, order_id + 1, depth.best_ask, depth.lot_size * 10)
        steps += 1
    return steps


def quote_with_params(bot: Any, params: Any) -> int:
    """The same with a size and a distance from outside; modifies what still rests."""
    steps = 0
    while bot.elapse(STEP) == 0:
        depth = bot.depth(0)
        bot.clear_inactive_orders(0)
        bid = depth.best_bid - params.distance * depth.tick_size
        ask = depth.best_ask + params.distance * depth.tick_size
        qty = params.lots * depth.lot_size
        if 1 in bot.orders(0):
            if bot.orders(0).get(1).cancellable:
                bot.modify(0, 1, bid, qty)
        elif bot.position(0) < 1.0:
            bot.submit_buy_order(0, 1, bid, qty)
        if 2 in bot.orders(0):
            if bot.orders(0).get(2).cancellable:
                bot.modify(0, 2, ask, qty)
        elif bot.position(0) > -1.0:
            bot.submit_sell_order(0, 2, ask, qty)
        steps += 1
        bot.record()
    return steps


def every_feed(bot: Any) -> tuple[int, float]:
    """Wake at every feed event and response; read everything that can be read."""
    wakes = 0
    seen = 0.0
    while True:
        code = bot.wait_next_feed(True, 60_000_000_000)
        if code == 1:
            break
        wakes += 1
        depth = bot.depth(0)
        seen += depth.best_bid_qty + depth.best_ask_qty + depth.ask_qty_at_tick(depth.best_ask_tick + 1)
        for trade in bot.last_trades(0):
            seen += trade.qty
        bot.clear_last_trades(0)
        for fill in bot.fills(0):
            seen += fill.qty * fill.side
        latency = bot.feed_latency(0)
        if latency is not None:
            exch, local = latency
            seen += float(local - exch) * 1e-9
        if wakes % 50 == 1:
            bot.clear_inactive_orders(0)
            if len(bot.orders(0)) < 4:
                bot.submit_buy_order(0, wakes, depth.best_bid, depth.lot_size)
            answered = bot.order_latency(0)
            if answered is not None:
                sent, _, back = answered
                seen += float(back - sent)
    return wakes, seen


def raises_at_step_five(bot: Any) -> None:
    """Fail in the middle of a run."""
    steps = 0
    while bot.elapse(STEP) == 0:
        steps += 1
        depth = bot.depth(0)
        bot.submit_buy_order(0, steps, depth.best_ask, depth.lot_size)
        if steps == 5:
            raise ValueError("five")


def sends_a_bad_price(bot: Any) -> None:
    """Send a NaN as a price at the third step."""
    steps = 0
    while bot.elapse(STEP) == 0:
        steps += 1
        price = bot.depth(0).best_bid
        if steps == 3:
            price = price * float("nan")
        bot.submit_buy_order(0, steps, price, bot.depth(0).lot_size)  # the line with the fault


def never_ends(bot: Any) -> int:
    """Step through time by nanoseconds: ends only when told to."""
    steps = 0
    while bot.elapse(1) == 0:
        steps += 1
    return steps
