"""The made market's clock, compiled: one event after another through the order-by-order book.

The time to the next event is exponential with the sum of all rates, its kind is drawn in proportion to the
rates (Gillespie's method, which is exact). A market order that finds nothing is lost, as in the paper.

What becomes public: after each event the new quantity of every level that changed, before that the trades
if there were any (one for each resting order that was hit), all at the event's exchange time and with one
latency. Local time never runs backward. Or, instead of the levels, each order: added, cancelled, and hit (a
trade, the fill that names the order, and what is left of it).
"""

from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH,
    EXCH,
    FILL,
    LOCAL,
    MODIFY_ORDER,
    NO_ASK_TICK,
    NO_BID_TICK,
    SELL,
    TRADE,
)
from truefill.core.jit import entry, helper
from truefill.core.order_book_commands import (
    MAKER,
    MAKER_LEFT,
    MAKER_SLOT,
    REPORT_QTY,
    REPORT_TICK,
    take,
)
from truefill.core.order_book_kernels import (
    best_tick,
    full,
    inside,
    level_qty,
    order_side,
    order_tick,
    remove,
    rest,
)
from truefill.core.order_book_layout import ASKS, AT_ORDERS, BEST, BIDS, LIVE
from truefill.synthetic.draws import GAP, KIND, LATENCY, PLACE, SIZE

# Words of a market's state, int64.
CLOCK = 0  # exchange time, ns
LOCAL_CLOCK = 1  # local time of the last row, ns
NEXT_ORDER = 2  # id of the next order
NEXT_TRADE = 3  # id of the next trade
MESSAGES = 4  # events so far; a trade's sequence number
REFERENCE = 5  # and 6: best bid and ask, the last known ones while a side is empty
WANTED_TICK = 7  # the price that did not fit in the window
PUBLISH = 8  # NOTHING while the market warms up, then BY_LEVEL or BY_ORDER
LIMIT_ORDERS, MARKET_ORDERS, CANCELS = 9, 10, 11
LIMIT_LOTS, MARKET_LOTS, TRADED_LOTS, CANCELLED_LOTS = 12, 13, 14, 15
TRADES = 16
SPREAD_TIME = 17  # spread in ticks times ns, while there are two sides
TWO_SIDED_TIME = 18  # ns
LIVE_TIME = 19  # resting orders times ns
STATE_WORDS = 24

NOTHING, BY_LEVEL, BY_ORDER = 0, 1, 2

# Numbers of a market, float64.
LIMIT_RATE = 0  # limit orders a second on one side, all prices together
MARKET_RATE = 1
CANCEL_RATE = 2
# Whole numbers of a market, int64.
WINDOW, TICK_UP, TICK_DOWN, LOT_UP, LOT_DOWN = 0, 1, 2, 3, 4

# Why `advance` came back.
TIME_REACHED, NO_DRAWS, ROWS_FULL, BOOK_FULL, OUTSIDE_WINDOW = 0, 1, 2, 3, 4


@helper
def put_row(out, n, ev, state, sizes, tick, qty, order_id, sequence):  # type: ignore[no-untyped-def]
    """Write one event at the market's present times. Returns the next row."""
    row = out[n]
    row["ev"] = ev
    row["exch_ts"] = state[CLOCK]
    row["local_ts"] = state[LOCAL_CLOCK]
    # Both factors are exact in float64, so the quotient is the float nearest to the decimal price.
    row["px"] = tick * sizes[TICK_UP] / sizes[TICK_DOWN]
    row["qty"] = qty * sizes[LOT_UP] / sizes[LOT_DOWN]
    row["order_id"] = order_id
    row["ival"] = sequence
    row["fval"] = 0.0
    return n + 1


@helper
def _put_level(words, out, n, state, sizes, side, tick):  # type: ignore[no-untyped-def]
    flag = BUY if side == BIDS else SELL
    ev = EXCH | LOCAL | DEPTH | flag
    return put_row(out, n, ev, state, sizes, tick, level_qty(words, side, tick), 0, 0)


@helper
def _put_order(out, n, state, sizes, kind, side, tick, qty, order_id):  # type: ignore[no-untyped-def]
    flag = BUY if side == BIDS else SELL
    return put_row(out, n, EXCH | LOCAL | kind | flag, state, sizes, tick, qty, order_id, 0)


@helper
def _forget(alive, where, k, last):  # type: ignore[no-untyped-def]
    """Take the k-th of the living orders from the list that cancellations are drawn from."""
    moved = alive[last]
    alive[k] = moved
    where[moved] = k


@helper
def _tick_clock(words, state, until):  # type: ignore[no-untyped-def]
    """Move the exchange clock on, and the integrals over time with it."""
    elapsed = until - state[CLOCK]
    if words[BEST] >= 0 and words[BEST + 1] >= 0:
        state[SPREAD_TIME] += (words[BEST + 1] - words[BEST]) * elapsed
        state[TWO_SIDED_TIME] += elapsed
    state[LIVE_TIME] += words[LIVE] * elapsed
    state[CLOCK] = until


@helper
def add_order(words, links, state, alive, where, side, tick, qty):  # type: ignore[no-untyped-def]
    """Rest a new order and list it among the living."""
    slot = rest(words, links, state[NEXT_ORDER], side, tick, qty, 0)
    state[NEXT_ORDER] += 1
    state[LIMIT_LOTS] += qty
    where[slot] = words[LIVE] - 1
    alive[words[LIVE] - 1] = slot


@entry
def seed_orders(words, links, state, alive, where, orders):  # type: ignore[no-untyped-def]
    """Rest the orders (rows side, tick, quantity) of a book's beginning."""
    for i in range(len(orders)):
        add_order(words, links, state, alive, where, orders[i, 0], orders[i, 1], orders[i, 2])


@entry
def advance(words, links, state, alive, where, rates, sizes, draws, cursor, until, out, reports):  # type: ignore[no-untyped-def]
    """Let the market live until `until`, or until something is used up.

    Parameters
    ----------
    words, links : ndarray
        The book.
    state : ndarray of int64
        STATE_WORDS words.
    alive, where : ndarray of int32
        Slots of the resting orders without holes, and the place of each slot in that list.
    rates, sizes : ndarray of float64, ndarray of int64
        The market's numbers.
    draws, cursor : ndarray of float64, int
        Random rows, and the first one not used yet.
    until : int
        Exchange time, ns.
    out : ndarray of EVENT
        Filled from row 0.
    reports : ndarray of int64
        Room for the trades of one market order: as many rows as it has lots, or as there are orders.

    Returns
    -------
    (int, int, int)
        Rows written, the new cursor, and why it came back.
    """
    n = 0
    limit_rate, market_rate, cancel_rate = rates[LIMIT_RATE], rates[MARKET_RATE], rates[CANCEL_RATE]
    while state[CLOCK] < until:
        if cursor >= len(draws):
            return n, cursor, NO_DRAWS
        draw = draws[cursor]
        total = 2 * limit_rate + market_rate + cancel_rate * words[LIVE]
        now = state[CLOCK] + max(1, int(draw[GAP] / total * 1e9 + 0.5))
        if now > until:  # nothing happens before: the process has no memory, so the next draw starts there
            _tick_clock(words, state, until)
            return n, cursor + 1, TIME_REACHED
        qty = int(draw[SIZE])
        kind = draw[KIND] * total

        if kind < 2 * limit_rate:
            side = BIDS if kind < limit_rate else ASKS
            distance = 1 + int(draw[PLACE] * sizes[WINDOW])
            tick = state[REFERENCE + 1] - distance if side == BIDS else state[REFERENCE] + distance
            if n >= len(out):
                return n, cursor, ROWS_FULL
            if full(words):
                return n, cursor, BOOK_FULL
            if tick > 0 and not inside(words, tick):
                state[WANTED_TICK] = tick
                return n, cursor, OUTSIDE_WINDOW
            _begin(words, state, now, draw)
            if tick > 0:  # there are no prices below one tick: such an order is lost
                add_order(words, links, state, alive, where, side, tick, qty)
                state[LIMIT_ORDERS] += 1
                if state[PUBLISH] == BY_LEVEL:
                    n = _put_level(words, out, n, state, sizes, side, tick)
                elif state[PUBLISH] == BY_ORDER:
                    new = state[NEXT_ORDER] - 1
                    n = _put_order(out, n, state, sizes, ADD_ORDER, side, tick, qty, new)

        elif kind < 2 * limit_rate + market_rate:
            if n + 3 * min(qty, words[LIVE]) > len(out):
                return n, cursor, ROWS_FULL
            side = BIDS if kind < 2 * limit_rate + 0.5 * market_rate else ASKS
            _begin(words, state, now, draw)
            n = _market_order(words, links, state, alive, where, sizes, side, qty, out, n, reports)

        else:
            if n >= len(out):
                return n, cursor, ROWS_FULL
            _begin(words, state, now, draw)
            if words[LIVE] > 0:  # rounding could get here with none
                k = int(draw[PLACE] * words[LIVE])
                slot = alive[k]
                side = order_side(words, links, slot)
                tick = order_tick(words, links, slot)
                order_id = words[words[AT_ORDERS] + 4 * slot]
                gone = remove(words, links, slot)
                state[CANCELLED_LOTS] += gone
                _forget(alive, where, k, words[LIVE])
                state[CANCELS] += 1
                if state[PUBLISH] == BY_LEVEL:
                    n = _put_level(words, out, n, state, sizes, side, tick)
                elif state[PUBLISH] == BY_ORDER:
                    n = _put_order(out, n, state, sizes, CANCEL_ORDER, side, tick, gone, order_id)

        cursor += 1
        for side in (BIDS, ASKS):
            if words[BEST + side] >= 0:
                state[REFERENCE + side] = best_tick(words, side)
    return n, cursor, TIME_REACHED


@helper
def _begin(words, state, now, draw):  # type: ignore[no-untyped-def]
    """Start an event: both clocks move, local time never backward."""
    _tick_clock(words, state, now)
    state[LOCAL_CLOCK] = max(state[LOCAL_CLOCK], now + max(1, int(draw[LATENCY] + 0.5)))
    state[MESSAGES] += 1


@helper
def _market_order(words, links, state, alive, where, sizes, side, qty, out, n, reports):  # type: ignore[no-untyped-def]
    """Execute one market order and publish its trades, then the levels that it changed."""
    other = 1 - side
    limit = NO_ASK_TICK if side == BIDS else NO_BID_TICK
    living = words[LIVE]
    left, m = take(words, links, side, limit, qty, reports, 0, len(reports), 0, state[NEXT_ORDER])
    state[NEXT_ORDER] += 1
    state[MARKET_ORDERS] += 1
    state[MARKET_LOTS] += qty
    state[TRADED_LOTS] += qty - left
    state[TRADES] += m
    aggressor = BUY if side == BIDS else SELL
    for i in range(m):
        if reports[i, MAKER_LEFT] == 0:
            living -= 1
            _forget(alive, where, where[reports[i, MAKER_SLOT]], living)
        if state[PUBLISH]:
            ev = EXCH | LOCAL | TRADE | aggressor
            tick, traded = reports[i, REPORT_TICK], reports[i, REPORT_QTY]
            n = put_row(out, n, ev, state, sizes, tick, traded, state[NEXT_TRADE], state[MESSAGES])
            state[NEXT_TRADE] += 1
            if state[PUBLISH] == BY_ORDER:
                hit, left_of_it = reports[i, MAKER], reports[i, MAKER_LEFT]
                n = _put_order(out, n, state, sizes, FILL, other, tick, traded, hit)
                what = CANCEL_ORDER if left_of_it == 0 else MODIFY_ORDER
                n = _put_order(out, n, state, sizes, what, other, tick, left_of_it, hit)
    if state[PUBLISH] == BY_LEVEL:
        for i in range(m):
            tick = reports[i, REPORT_TICK]
            if i == m - 1 or reports[i + 1, REPORT_TICK] != tick:
                n = _put_level(words, out, n, state, sizes, other, tick)
    return n
