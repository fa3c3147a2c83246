"""Two market makers, written once, for any bot with the plain face (``driver.DrivenBot``).

Each yields after every step, so that whoever drives it can look; it ends when the data does. Neither
depends on the order in which orders are iterated (fault N) and neither touches an order that it knows to be
over (fault C).
"""

from collections.abc import Iterator
from typing import Any

from truefill.core.records import CANCELED, EXPIRED, FILLED, GTC, GTX, IOC, LIMIT

OVER = (EXPIRED, FILLED, CANCELED)
BUY, SELL = 1, -1


def _submit(bot: Any, side: int, order_id: int, price: float, qty: float, tif: int) -> int:
    send = bot.submit_buy_order if side == BUY else bot.submit_sell_order
    code: int = send(0, order_id, price, qty, tif, LIMIT, False)
    return code


def grid_maker(
    bot: Any, tick_size: float, qty: float, spacing: int, levels: int, step_ns: int
) -> Iterator[None]:
    """Keep `levels` orders a side on a fixed grid around the middle; order ids are price ticks."""
    while bot.elapse(step_ns) == 0:
        depth = bot.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if not 0 < bid < ask < 1 << 60:
            yield
            continue
        held = round(bot.position(0) / qty)
        middle = (bid + ask) // 2 - held * spacing // levels  # lean against the position
        below = min(middle // spacing, bid // spacing) * spacing
        above = max(-(-middle // spacing), -(-ask // spacing)) * spacing
        wanted = {below - k * spacing: BUY for k in range(levels)}
        wanted |= {above + k * spacing: SELL for k in range(levels) if above + k * spacing not in wanted}
        known = {o["order_id"]: o for o in bot.orders(0)}
        for order_id in sorted(known):
            order = known[order_id]
            if order["cancellable"] and wanted.get(order_id) != order["side"]:
                bot.cancel(0, order_id, False)
        for tick, side in sorted(wanted.items()):
            if tick not in known:
                _submit(bot, side, tick, tick * tick_size, qty, GTX)
        yield
        bot.clear_inactive_orders(0)


def imbalance_quoter(
    bot: Any, tick_size: float, qty: float, reach: int, shift: float, step_ns: int
) -> Iterator[None]:
    """One bid and one ask around a price that the book's imbalance moves; modifies, and gets out by IOC."""
    next_id = 1
    mine: dict[int, int] = {}
    while bot.elapse(step_ns) == 0:
        depth = bot.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if not 0 < bid < ask < 1 << 60:
            yield
            continue
        bids = sum(depth.bid_qty_at_tick(bid - k) for k in range(reach))
        asks = sum(depth.ask_qty_at_tick(ask + k) for k in range(reach))
        fair = (bid + ask) / 2 + shift * (bids - asks) / max(bids + asks, qty)
        known = {o["order_id"]: o for o in bot.orders(0)}
        targets = {BUY: min(round(fair) - 1, bid), SELL: max(round(fair) + 1, ask)}
        for side, tick in targets.items():
            order = known.get(mine.get(side, 0))
            if order is None or order["status"] in OVER:
                mine[side] = next_id
                _submit(bot, side, next_id, tick * tick_size, qty, GTC)
                next_id += 1
            elif order["cancellable"] and order["price_tick"] != tick:
                bot.modify(0, order["order_id"], tick * tick_size, qty, False)
        position = bot.position(0)
        if abs(position) > 4.5 * qty:
            side = SELL if position > 0 else BUY
            _submit(bot, side, next_id, (bid if side == SELL else ask) * tick_size, 3 * qty, IOC)
            next_id += 1
        yield
        bot.clear_inactive_orders(0)
