"""The price of a call auction: where the most trades, by the rules of the published Xetra market model.

Of the limits in the book, the auction price is

1. the one at which most can be executed;
2. of several, the one with the smallest surplus (what is left over on the longer side);
3. of several with a surplus of buyers only, the highest; of sellers only, the lowest;
4. else the reference price, or the limit among them that is nearest to it where it is outside of their range.

Market orders buy and sell at any price; when nothing but market orders can be executed, the price is the
reference price. All quantities are lots, all prices ticks. (Deutsche Boerse, T7 Market Model for the Trading
Venue Xetra, price determination in auctions.)
"""

import numpy as np

from truefill.core.jit import entry, helper

NO_PRICE = np.iinfo(np.int64).min


@helper
def auction_price(bid_ticks, bid_lots, ask_ticks, ask_lots, market_buy, market_sell, reference):
    """Price, volume and surplus of an auction.

    Parameters
    ----------
    bid_ticks, bid_lots : int64[n]
        Levels of the buyers, the highest first; quantities above 0.
    ask_ticks, ask_lots : int64[m]
        Levels of the sellers, the lowest first.
    market_buy, market_sell : int
        Lots of market orders.
    reference : int
        Reference price, usually that of the last trade; NO_PRICE without one.

    Returns
    -------
    tuple of int
        Price in ticks, NO_PRICE when nothing can be executed (or only a reference price would tell the price,
        and there is none); lots that are executed; lots left over at that price, above 0 of buyers, below
        0 of sellers.
    """
    demand = market_buy + bid_lots.sum()
    supply = np.int64(market_sell)
    volume, surplus = np.int64(0), np.int64(0)
    low = high = np.int64(0)
    low_surplus = high_surplus = np.int64(0)  # at those two
    a, b = 0, len(bid_ticks) - 1
    while a < len(ask_ticks) or b >= 0:  # upwards through the limits of both sides
        if b < 0 or (a < len(ask_ticks) and ask_ticks[a] <= bid_ticks[b]):
            tick = ask_ticks[a]
        else:
            tick = bid_ticks[b]
        if a < len(ask_ticks) and ask_ticks[a] == tick:
            supply += ask_lots[a]
            a += 1
        executed, left = min(demand, supply), demand - supply
        if executed > volume or (executed == volume > 0 and abs(left) < surplus):
            volume, surplus = executed, abs(left)
            low = high = tick
            low_surplus = high_surplus = left
        elif executed == volume > 0 and abs(left) == surplus:
            high, high_surplus = tick, left
        if b >= 0 and bid_ticks[b] == tick:
            demand -= bid_lots[b]
            b -= 1
    if volume == 0:
        executed = min(np.int64(market_buy), np.int64(market_sell))
        if executed == 0 or reference == NO_PRICE:
            return np.int64(NO_PRICE), np.int64(0), np.int64(0)
        return np.int64(reference), executed, np.int64(market_buy) - np.int64(market_sell)
    if low == high:
        return low, volume, low_surplus
    if high_surplus > 0:
        return high, volume, high_surplus
    if low_surplus < 0 or reference == NO_PRICE:
        return low, volume, low_surplus
    if reference <= low:
        return low, volume, low_surplus
    if reference >= high:
        return high, volume, high_surplus
    return (
        np.int64(reference),
        volume,
        _surplus_at(bid_ticks, bid_lots, ask_ticks, ask_lots, reference) + (market_buy - market_sell),
    )


@helper
def _surplus_at(bid_ticks, bid_lots, ask_ticks, ask_lots, tick):
    """Limit orders' demand less their supply at a price."""
    surplus = np.int64(0)
    for i in range(len(bid_ticks)):
        if bid_ticks[i] >= tick:
            surplus += bid_lots[i]
    for i in range(len(ask_ticks)):
        if ask_ticks[i] <= tick:
            surplus -= ask_lots[i]
    return surplus


@entry
def find_auction_price(bid_ticks, bid_lots, ask_ticks, ask_lots, market_buy, market_sell, reference):
    """`auction_price`, for Python."""
    return auction_price(bid_ticks, bid_lots, ask_ticks, ask_lots, market_buy, market_sell, reference)
