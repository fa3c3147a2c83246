"""The event loop of `quote_replay`, compiled: books and trades in order of time, one quote a side.

Prices are whole ticks, executed prices half ticks (so is a mid), quantities lots; money is half ticks times
lots, so that sums are exact. Order of events at one time: trades, the book, the decision, orders that arrive.
So a quote that was decided on a book never meets a trade of that book's time, whichever was first.
"""

import math

import numpy as np

from truefill.core.events import NO_ASK_TICK, NO_BID_TICK, NO_TIME
from truefill.core.jit import entry, helper
from truefill.core.records import CANCELED, EXPIRED, FILLED, NEW, PARTIALLY_FILLED, SELL_SIDE
from truefill.quoting.placing import ASK_HELD_BACK, BID_HELD_BACK, place_quotes
from truefill.quoting.return_space import return_quote

# A side's row (0 bid, 1 ask): what stands at the exchange, and what is on its way there.
TICK, LEAVES, UNTIL, ORDER, NEXT_TICK, NEXT_LOTS, NEXT_FROM, NEXT_UNTIL, NEXT_ORDER = range(9)
COOL_UNTIL, VOLUME, EXTREME, FIRST_TS, SIDE_WORDS = range(9, 14)
# The account: position in lots, cash in half ticks * lots, fills of each side, and whether to quote again.
POSITION, CASH, BID_FILLS, ASK_FILLS, DIRTY, ACCOUNT_WORDS = range(6)
# Columns of the three tables that are left.
F_TS, F_SIDE, F_TICK, F_EXTREME, F_PRICE2, F_LOTS, F_ORDER, F_BID, F_ASK, F_MAKER, FILL_COLUMNS = range(11)
O_SIDE, O_TICK, O_LOTS, O_FILLED, O_SUBMIT, O_FROM, O_END, O_STATUS, ORDER_COLUMNS = range(9)
(S_TS, S_MID, S_POSITION, S_CASH, S_FEES, S_BID, S_ASK, S_BID_FILLS, S_ASK_FILLS, S_GAMMA) = range(10)
S_SPREAD, SAMPLE_COLUMNS = 10, 11
# What happened how often, and for how long (ns) there were quotes.
DECISIONS, HELD_BACK, AT_MIN, AT_MAX, UNUSABLE, NO_ROOM, WATCHED, BID_TIME, ASK_TIME, COUNTERS = range(10)
# What a calibration row has, of the two models.
C_SIGMA, C_BID_KAPPA, C_ASK_KAPPA, C_BID_DEPTH, C_ASK_DEPTH, C_SKEW, C_SHIFT, CALIBRATION_COLUMNS = range(8)
AVELLANEDA_STOIKOV, LINEAR = 0, 1
# Where a crossing fills: at the own quote, or at the mean of it and the farthest price of the crossing.
OWN_QUOTE, MEAN = 0, 1
TOUCH, THROUGH = 0, 1


@helper
def _fill(ts, side, lots, price2, extreme, book, account, money, quotes, fills, orders, s, maker):
    """Book an execution; gives the table of fills, larger if it had to be."""
    number = int(money[2])
    if number == len(fills):
        more = np.zeros((2 * number, FILL_COLUMNS), np.int64)
        more[:number] = fills
        fills = more
    order = quotes[side, ORDER]
    sign = 1 - 2 * side
    row = fills[number]
    row[F_TS] = ts
    row[F_SIDE] = sign
    row[F_TICK] = quotes[side, TICK]
    row[F_EXTREME] = extreme
    row[F_PRICE2] = price2
    row[F_LOTS] = lots
    row[F_ORDER] = order
    row[F_BID] = book[0]
    row[F_ASK] = book[1]
    row[F_MAKER] = maker
    money[2] = number + 1
    account[POSITION] += sign * lots
    account[CASH] -= sign * lots * price2
    account[BID_FILLS + side] += 1
    account[DIRTY] = 1
    rate = s.maker_fee if maker == 1 else s.taker_fee
    money[1] += rate * abs(price2) * lots * s.unit
    if order > 0:
        orders[order - 1, O_FILLED] += lots
        orders[order - 1, O_STATUS] = PARTIALLY_FILLED
    quotes[side, LEAVES] -= lots
    if quotes[side, LEAVES] == 0:
        _end(quotes, orders, side, ts, FILLED)
    elif s.cooldown_ns > 0:
        _end(quotes, orders, side, ts, CANCELED)
    if s.cooldown_ns > 0:
        quotes[side, COOL_UNTIL] = ts + s.cooldown_ns
        if quotes[side, NEXT_FROM] != NO_TIME:  # it would arrive in the cooldown: taken back on its way
            _forget_next(quotes, orders, side, ts, CANCELED)
    return fills


@helper
def _end(quotes, orders, side, ts, status):
    order = quotes[side, ORDER]
    if order > 0:
        orders[order - 1, O_STATUS] = status
        orders[order - 1, O_END] = ts
    quotes[side, LEAVES] = 0
    quotes[side, ORDER] = 0


@helper
def _forget_next(quotes, orders, side, ts, status):
    order = quotes[side, NEXT_ORDER]
    if order > 0:
        orders[order - 1, O_STATUS] = status
        orders[order - 1, O_END] = ts
    quotes[side, NEXT_FROM] = NO_TIME
    quotes[side, NEXT_ORDER] = 0
    quotes[side, NEXT_LOTS] = 0


@helper
def _settle(side, book, account, money, quotes, fills, orders, s):
    """Execute what has crossed the side's quote since the last look."""
    volume = quotes[side, VOLUME]
    quotes[side, VOLUME] = 0
    if volume > 0 and quotes[side, LEAVES] > 0:
        lots = min(volume, quotes[side, LEAVES])
        tick = quotes[side, TICK]
        extreme = quotes[side, EXTREME]
        price2 = tick + extreme if s.price_rule == MEAN else 2 * tick
        ts = quotes[side, FIRST_TS]
        fills = _fill(ts, side, lots, price2, extreme, book, account, money, quotes, fills, orders, s, 1)
    return fills


@helper
def room_for(side, tick, account, money, mid2, s):
    """How many lots a fill of this side may have: limits of inventory and of own money, on both sides."""
    position = account[POSITION] if side == 0 else -account[POSITION]
    room = s.max_lots - position
    price2 = 2.0 * abs(tick) * s.unit
    equity = s.capital - money[1] + (account[CASH] + account[POSITION] * mid2) * s.unit
    if price2 > 0.0:
        affordable = math.floor(max(0.0, equity) * s.leverage / price2 + 1e-9)
        room = min(room, int(min(affordable, 2.0**53)) - position)
    return max(0, room)


@helper
def _arrive(side, ts, book, account, money, quotes, fills, orders, s):
    """The side's order on its way comes to the exchange, in place of what stands there."""
    _end(quotes, orders, side, ts, CANCELED)
    lots = quotes[side, NEXT_LOTS]
    tick = quotes[side, NEXT_TICK]
    order = quotes[side, NEXT_ORDER]
    until = quotes[side, NEXT_UNTIL]
    quotes[side, NEXT_FROM] = NO_TIME
    quotes[side, NEXT_ORDER] = 0
    quotes[side, NEXT_LOTS] = 0
    if lots == 0:
        return fills
    lots = min(lots, room_for(side, tick, account, money, book[0] + book[1], s))
    takes = tick >= book[1] if side == 0 else tick <= book[0]
    if lots == 0 or (takes and s.post_only):
        orders[order - 1, O_STATUS] = EXPIRED
        orders[order - 1, O_END] = ts
        return fills
    quotes[side, TICK] = tick
    quotes[side, LEAVES] = lots
    quotes[side, ORDER] = order
    quotes[side, UNTIL] = until
    orders[order - 1, O_STATUS] = NEW
    orders[order - 1, O_LOTS] = lots
    if takes:
        best = book[1 - side]
        fills = _fill(ts, side, lots, 2 * best, best, book, account, money, quotes, fills, orders, s, 0)
    return fills


@helper
def decide(ts, mid2, book, calibration, account, counters, settings, s):
    """Where to quote: ticks of bid and ask, γ, and the full spread in returns."""
    mid = 0.5 * mid2
    inventory = account[POSITION] * s.lot_size
    gamma = 0.0
    bid_depth = math.inf
    ask_depth = math.inf
    spread = 0.0
    if s.model == AVELLANEDA_STOIKOV:
        quote = return_quote(
            mid * s.tick_size,
            inventory,
            calibration[C_SIGMA],
            calibration[C_BID_KAPPA],
            calibration[C_ASK_KAPPA],
            settings,
        )
        gamma = quote.gamma
        bid_depth = mid - quote.raw_bid / s.tick_size
        ask_depth = quote.raw_ask / s.tick_size - mid
        narrow = min(quote.bid_spread, quote.ask_spread)
        wide = max(quote.bid_spread, quote.ask_spread)
    else:
        skew = calibration[C_SKEW] * inventory + calibration[C_SHIFT]
        bid_depth = calibration[C_BID_DEPTH] + skew
        ask_depth = calibration[C_ASK_DEPTH] - skew
        both = bid_depth + ask_depth
        kept = min(settings.max_spread * mid, max(settings.min_spread * mid, both))
        bid_depth += 0.5 * (kept - both)
        ask_depth += 0.5 * (kept - both)
        narrow = wide = kept / mid
    if narrow <= settings.min_spread:
        counters[AT_MIN] += 1
    if wide >= settings.max_spread:
        counters[AT_MAX] += 1
    spread = (bid_depth + ask_depth) / mid
    bid, ask, status = place_quotes(mid, bid_depth, ask_depth, book[0], book[1], s.post_only)
    if status & (BID_HELD_BACK | ASK_HELD_BACK):
        counters[HELD_BACK] += 1
    return bid, ask, gamma, spread


@helper
def _send(side, ts, tick, lots, quotes, orders, number, s):
    """Put an order (or, of no lots, a cancel) on its way, unless it is what stands there already."""
    if lots == quotes[side, LEAVES] and (lots == 0 or tick == quotes[side, TICK]):
        quotes[side, UNTIL] = ts + s.validity_ns
        return orders, number
    quotes[side, NEXT_TICK] = tick
    quotes[side, NEXT_LOTS] = lots
    quotes[side, NEXT_FROM] = ts + s.latency_ns
    quotes[side, NEXT_UNTIL] = ts + s.latency_ns + s.validity_ns
    quotes[side, NEXT_ORDER] = 0
    if lots > 0:
        if number == len(orders):
            more = np.zeros((2 * number, ORDER_COLUMNS), np.int64)
            more[:number] = orders
            orders = more
        row = orders[number]
        row[O_SIDE] = 1 - 2 * side
        row[O_TICK] = tick
        row[O_LOTS] = lots
        row[O_SUBMIT] = ts
        row[O_FROM] = ts + s.latency_ns
        number += 1
        quotes[side, NEXT_ORDER] = number
    return orders, number


@entry
def replay_quotes(
    book_ts,
    bid_tick,
    ask_tick,
    allowed_from,
    trade_ts,
    trade_side,
    trade_tick,
    trade_lots,
    calibration_ts,
    usable,
    calibrations,
    settings,
    s,
):
    """Go through all events; gives fills, orders, samples at each calibration, counters and the account.

    Parameters
    ----------
    book_ts : int64[N]
        Not decreasing, ns.
    bid_tick, ask_tick : int64[N]
        Best prices; `NO_BID_TICK`: no usable book from then on.
    allowed_from : int64[N]
        No quote on this book before that time (warm-up).
    trade_ts, trade_side, trade_tick, trade_lots : int64[M], int64[M], float64[M], int64[M]
        Executions and the taker's side; the tick need not be whole.
    calibration_ts, usable, calibrations : int64[K], bool[K], float64[K, CALIBRATION_COLUMNS]
    settings : ReturnQuoting
    s : ReplayNumbers
        Of `quote_replay`.
    """
    quotes = np.zeros((2, SIDE_WORDS), np.int64)
    quotes[:, NEXT_FROM] = NO_TIME
    account = np.zeros(ACCOUNT_WORDS, np.int64)
    money = np.zeros(3)  # 0: not used; fees; number of fills
    counters = np.zeros(COUNTERS, np.int64)
    fills = np.zeros((256, FILL_COLUMNS), np.int64)
    orders = np.zeros((1024, ORDER_COLUMNS), np.int64)
    samples = np.full((len(calibration_ts), SAMPLE_COLUMNS), np.nan)
    book = np.zeros(2, np.int64)
    number = 0  # of orders
    trade = 0
    current = -1  # calibration
    next_quote = np.int64(-(2**62))
    known = False  # whether `book` is one
    before = np.int64(0)
    last_mid2 = np.int64(0)
    for i in range(len(book_ts)):
        now = book_ts[i]
        # 1. What traded since the last book.
        while trade < len(trade_ts) and trade_ts[trade] <= now:
            ts = trade_ts[trade]
            side = 0 if trade_side[trade] == SELL_SIDE else 1
            if known and quotes[side, NEXT_FROM] < ts:
                fills = _settle(side, book, account, money, quotes, fills, orders, s)
                if quotes[side, NEXT_FROM] < ts:  # a cooldown may have taken it back
                    fills = _arrive(
                        side, quotes[side, NEXT_FROM], book, account, money, quotes, fills, orders, s
                    )
            if quotes[side, LEAVES] > 0 and ts <= quotes[side, UNTIL]:
                price = trade_tick[trade]
                beyond = quotes[side, TICK] - price if side == 0 else price - quotes[side, TICK]
                if beyond > 0.0 or (beyond == 0.0 and s.convention == TOUCH):
                    reached = int(np.rint(price))
                    if quotes[side, VOLUME] == 0:
                        quotes[side, FIRST_TS] = ts
                        quotes[side, EXTREME] = reached
                    farther = min(quotes[side, EXTREME], reached)
                    if side == 1:
                        farther = max(quotes[side, EXTREME], reached)
                    quotes[side, EXTREME] = farther
                    quotes[side, VOLUME] += trade_lots[trade]
            trade += 1
        # 2. The book, which may have gone through a quote without a trade that was recorded.
        usable_book = bid_tick[i] != NO_BID_TICK and ask_tick[i] != NO_ASK_TICK
        for side in range(2):
            if known and quotes[side, NEXT_FROM] < now:
                fills = _settle(side, book, account, money, quotes, fills, orders, s)
                if quotes[side, NEXT_FROM] < now:
                    fills = _arrive(
                        side, quotes[side, NEXT_FROM], book, account, money, quotes, fills, orders, s
                    )
            if usable_book and quotes[side, LEAVES] > 0 and now <= quotes[side, UNTIL]:
                opposite = ask_tick[i] if side == 0 else bid_tick[i]
                through = quotes[side, TICK] - opposite if side == 0 else opposite - quotes[side, TICK]
                if through >= 0:
                    if quotes[side, VOLUME] == 0:
                        quotes[side, FIRST_TS] = now
                        quotes[side, EXTREME] = opposite
                    farther = min(quotes[side, EXTREME], opposite)
                    if side == 1:
                        farther = max(quotes[side, EXTREME], opposite)
                    quotes[side, EXTREME] = farther
                    quotes[side, VOLUME] = max(quotes[side, VOLUME], quotes[side, LEAVES])
            fills = _settle(side, book, account, money, quotes, fills, orders, s)
            if quotes[side, LEAVES] > 0 and now > quotes[side, UNTIL]:
                _end(quotes, orders, side, quotes[side, UNTIL], EXPIRED)
            if known and i > 0:
                until = min(now, quotes[side, UNTIL])
                if quotes[side, LEAVES] > 0 and until > before:
                    counters[BID_TIME + side] += until - before
        if known:
            counters[WATCHED] += now - before
        before = now
        known = usable_book
        if not usable_book:
            for side in range(2):
                if quotes[side, LEAVES] > 0:
                    _end(quotes, orders, side, now, CANCELED)
                if quotes[side, NEXT_FROM] != NO_TIME:
                    _forget_next(quotes, orders, side, now, CANCELED)
            continue
        book[0] = bid_tick[i]
        book[1] = ask_tick[i]
        mid2 = book[0] + book[1]
        last_mid2 = mid2
        # 3. Calibrations that have become known.
        fresh = False
        while current + 1 < len(calibration_ts) and calibration_ts[current + 1] <= now:
            current += 1
            fresh = True
        quiet = now < allowed_from[i] or current < 0 or not usable[current]
        due = fresh or quiet
        if s.requote_ns >= 0:
            due = due or now >= next_quote or account[DIRTY] == 1
        busy = quotes[0, NEXT_FROM] != NO_TIME or quotes[1, NEXT_FROM] != NO_TIME
        gamma = 0.0
        spread = math.nan
        bid = NO_BID_TICK
        ask = NO_ASK_TICK
        # 4. The decision; one that is on its way is waited for.
        if due and (not busy or quiet):
            if quiet:
                if current >= 0 and not usable[current] and now >= allowed_from[i]:
                    counters[UNUSABLE] += 1
                for side in range(2):
                    if busy and quotes[side, NEXT_FROM] != NO_TIME:
                        _forget_next(quotes, orders, side, now, CANCELED)
                    orders, number = _send(side, now, 0, 0, quotes, orders, number, s)
            else:
                counters[DECISIONS] += 1
                bid, ask, gamma, spread = decide(
                    now, mid2, book, calibrations[current], account, counters, settings, s
                )
                size = s.order_lots
                if s.notional > 0.0:
                    size = math.floor(s.notional / (0.5 * mid2 * s.tick_size) / s.lot_size + 1e-9)
                for side in range(2):
                    tick = bid if side == 0 else ask
                    lots = size
                    if tick == NO_BID_TICK or tick == NO_ASK_TICK or now < quotes[side, COOL_UNTIL]:
                        lots = 0
                    else:
                        room = room_for(side, tick, account, money, mid2, s)
                        if room < lots:
                            counters[NO_ROOM] += 1
                        lots = min(lots, room)
                    orders, number = _send(side, now, tick, lots, quotes, orders, number, s)
                next_quote = now + max(0, s.requote_ns)
            account[DIRTY] = 0
            if s.latency_ns == 0:
                for side in range(2):
                    if quotes[side, NEXT_FROM] != NO_TIME:
                        fills = _arrive(side, now, book, account, money, quotes, fills, orders, s)
        if fresh:
            row = samples[current]
            row[S_TS] = now
            row[S_MID] = 0.5 * mid2
            row[S_POSITION] = account[POSITION]
            row[S_CASH] = account[CASH]
            row[S_FEES] = money[1]
            row[S_BID] = bid if bid != NO_BID_TICK else math.nan
            row[S_ASK] = ask if ask != NO_ASK_TICK else math.nan
            row[S_BID_FILLS] = account[BID_FILLS]
            row[S_ASK_FILLS] = account[ASK_FILLS]
            row[S_GAMMA] = gamma
            row[S_SPREAD] = spread
    for side in range(2):
        if quotes[side, LEAVES] > 0:
            _end(quotes, orders, side, before, CANCELED)
        if quotes[side, NEXT_FROM] != NO_TIME:
            _forget_next(quotes, orders, side, before, CANCELED)
    if s.close and account[POSITION] != 0 and last_mid2 != 0:
        # Closed as one would have to: across the spread, as a taker.
        side = 1 if account[POSITION] > 0 else 0
        best = book[1 - side]
        quotes[side, TICK] = best
        quotes[side, LEAVES] = abs(account[POSITION])
        fills = _fill(
            before,
            side,
            quotes[side, LEAVES],
            2 * best,
            best,
            book,
            account,
            money,
            quotes,
            fills,
            orders,
            s,
            0,
        )
    return fills[: int(money[2])], orders[:number], samples, counters, account, money[1]
