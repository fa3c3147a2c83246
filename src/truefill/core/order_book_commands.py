"""Commands in, reports out: what a stream of orders does to one book, in one compiled loop.

A command is a row of COMMAND_COLUMNS int64, a report a row of REPORT_COLUMNS. The rules:

* Price-time priority; a trade is at the resting order's price. Sizes and prices are integers.
* NEW with GTC rests what it could not take; IOC drops it (EXPIRED); FOK takes all or nothing;
  GTX (post-only) is rejected if it would take. A market order is an IOC whose limit is no limit:
  ``NO_ASK_TICK`` to buy, ``NO_BID_TICK`` to sell.
* MODIFY sets price and open quantity. Same price and not larger: the order keeps its place. Otherwise
  it leaves, takes what its new price crosses, and rests behind the others.
* REPLACE is a MODIFY that loses its place in any case. REDUCE takes quantity off; down to nothing, the
  order is cancelled.
* ADD rests an order without matching, for books rebuilt from a venue's feed: they may well be crossed.
  AMEND is to MODIFY what ADD is to NEW: the same rule for the place, and no matching.
* An order id is unique among resting orders, and free again when its order has left.

The loop stops between commands when the book must grow, and even inside one when the reports are full;
called again with the next commands (the same one, in the second case) it goes on as if nothing had been.
"""

from truefill.core.jit import entry, helper, inlined
from truefill.core.order_book_ids import find
from truefill.core.order_book_kernels import (
    available,
    full,
    inside,
    order_qty,
    order_side,
    order_tick,
    reduce_by,
    remove,
    rest,
)
from truefill.core.order_book_layout import (
    ASKS,
    AT_LEVELS,
    AT_ORDERS,
    BASE,
    BEST,
    BIDS,
    LEVELS,
    PENDING,
    PENDING_SIDE,
    PENDING_TAG,
    TAG,
)
from truefill.core.records import FOK, GTC, GTX, IOC

# Commands.
NEW, CANCEL, MODIFY, REPLACE, REDUCE, ADD, AMEND = 0, 1, 2, 3, 4, 5, 6
# Columns of a command.
OP, ORDER_ID, SIDE, TICK, QTY, TIME_IN_FORCE, ORDER_TAG = 0, 1, 2, 3, 4, 5, 6
COMMAND_COLUMNS = 7

# Kinds of reports.
ACCEPTED = 0  # a new order passed all checks; QTY is all of it
TRADE = 1  # QTY at TICK between the command's order and MAKER
CANCELLED = 2  # QTY left the book on request
EXPIRED = 3  # QTY of an incoming order was neither taken nor left to rest
MODIFIED = 4  # new TICK and open QTY; trades of it follow
REDUCED = 5  # QTY is what is still open
REJECTED = 6  # nothing changed; REASON says why
# Columns of a report. SIDE is +1 or -1: that of the command's order (records.BUY_SIDE, SELL_SIDE).
KIND, COMMAND, REPORT_SIDE, REPORT_ID, REPORT_TICK, REPORT_QTY = 0, 1, 2, 3, 4, 5
MAKER, MAKER_LEFT, MAKER_SLOT, MAKER_TAG = 6, 7, 8, 9  # of a TRADE
REASON = 6  # of a REJECTED
REPORT_COLUMNS = 10

# Reasons of a rejection.
UNKNOWN_ORDER, DUPLICATE_ID, BAD_QTY, WOULD_TAKE, BAD_COMMAND = 1, 2, 3, 4, 5

# Why the loop came back.
ALL_DONE, REPORTS_FULL, BOOK_FULL, OUTSIDE_WINDOW = 0, 1, 2, 3


@inlined
def report(reports, n, kind, command, side, order_id, tick, qty):  # type: ignore[no-untyped-def]
    """Write the columns that all reports share. `side` is BIDS or ASKS. Returns the next row."""
    reports[n, KIND] = kind
    reports[n, COMMAND] = command
    reports[n, REPORT_SIDE] = 1 - 2 * side
    reports[n, REPORT_ID] = order_id
    reports[n, REPORT_TICK] = tick
    reports[n, REPORT_QTY] = qty
    for column in range(MAKER, REPORT_COLUMNS):
        reports[n, column] = 0
    return n + 1


@helper
def take(words, links, side, limit, qty, reports, n, end, command, order_id):  # type: ignore[no-untyped-def]
    """Let an incoming order trade with the other side, best price first, oldest order first.

    Parameters
    ----------
    side : int
        BIDS: it buys. ASKS: it sells.
    limit : int
        Worst price tick it accepts.
    qty : int
        At most so much.
    reports, n, end : ndarray, int, int
        Trades are written to rows `n` to `end`; it stops when they are full.
    command, order_id : int
        Passed on to the reports.

    Returns
    -------
    (int, int)
        What is left of `qty`, and the next free report row.
    """
    other = 1 - side
    orders = words[AT_ORDERS]
    while qty > 0 and n < end:
        place = words[BEST + other]
        tick = words[BASE] + place
        if place < 0 or (side == BIDS and tick > limit) or (side == ASKS and tick < limit):
            break
        level = words[AT_LEVELS] + 2 * (other * words[LEVELS] + place)
        maker = links[2 * level + 2]
        order = orders + 4 * maker
        maker_id = words[order]
        open_qty = words[order + 1]
        traded = min(qty, open_qty)
        n = report(reports, n, TRADE, command, side, order_id, tick, traded)
        reports[n - 1, MAKER] = maker_id
        reports[n - 1, MAKER_LEFT] = open_qty - traded
        reports[n - 1, MAKER_SLOT] = maker
        reports[n - 1, MAKER_TAG] = links[2 * order + TAG]
        if traded == open_qty:
            remove(words, links, maker)
        else:
            reduce_by(words, links, maker, traded)
        qty -= traded
    return qty, n


@helper
def _why_not(words, links, side, tick, qty, time_in_force, order_id):  # type: ignore[no-untyped-def]
    """Reason to reject a new order, or 0."""
    if qty <= 0:
        return BAD_QTY
    if time_in_force < GTC or time_in_force > IOC:
        return BAD_COMMAND
    if find(words, links, order_id) != 0:
        return DUPLICATE_ID
    if time_in_force == GTX and available(words, links, side, tick, 1) > 0:
        return WOULD_TAKE
    return 0


@helper
def _enter(words, links, row, side, qty, tag, time_in_force, reports, n, i):  # type: ignore[no-untyped-def]
    """Trade with what is there, then rest or drop what is left. Returns open quantity, next row."""
    order_id, tick = row[ORDER_ID], row[TICK]
    left = qty
    if time_in_force != FOK or available(words, links, side, tick, qty) >= qty:
        left, n = take(words, links, side, tick, qty, reports, n, len(reports) - 1, i, order_id)
    if left > 0 and n == len(reports) - 1:
        return left, n  # the last row is kept free for the end of the story
    if left > 0:
        if time_in_force >= FOK:  # FOK or IOC
            n = report(reports, n, EXPIRED, i, side, order_id, tick, left)
        else:
            rest(words, links, order_id, side, tick, left, tag)
    return 0, n


@entry
def execute(words, links, commands, reports):  # type: ignore[no-untyped-def]
    """Execute commands on a book until they are done or something is full.

    Parameters
    ----------
    words, links : ndarray of int64, ndarray of int32
        The book's two views.
    commands : ndarray of int64, shape (n, COMMAND_COLUMNS)
    reports : ndarray of int64, shape (m, REPORT_COLUMNS), m > 2
        Filled from row 0.

    Returns
    -------
    (int, int, int)
        Commands finished, reports written, and why it came back.
    """
    n = 0
    room = len(reports) - 2
    for i in range(len(commands)):
        if n >= room:
            return i, n, REPORTS_FULL
        row = commands[i]
        op, order_id, tick, qty = row[OP], row[ORDER_ID], row[TICK], row[QTY]
        time_in_force = GTC
        slot = 0
        side = BIDS if row[SIDE] > 0 else ASKS
        tag = row[ORDER_TAG]
        adds = op in (NEW, ADD)
        if op == NEW:
            time_in_force = row[TIME_IN_FORCE]
        if not adds:
            slot = find(words, links, order_id)
            if slot != 0:
                side = order_side(words, links, slot)
                tag = links[2 * (words[AT_ORDERS] + 4 * slot) + TAG]

        if words[PENDING] == 0:
            reason = 0
            if adds:
                reason = _why_not(words, links, side, tick, qty, time_in_force, order_id)
            elif op < NEW or op > AMEND:
                reason = BAD_COMMAND
            elif slot == 0:
                reason = UNKNOWN_ORDER
            elif op != CANCEL and qty <= 0:
                reason = BAD_QTY
            if reason != 0:
                n = report(reports, n, REJECTED, i, side, order_id, tick, qty)
                reports[n - 1, REASON] = reason
                continue
            may_rest = op in (MODIFY, REPLACE, AMEND) or (adds and time_in_force <= GTX)
            if may_rest and not inside(words, tick):
                return i, n, OUTSIDE_WINDOW
            if may_rest and adds and full(words):
                return i, n, BOOK_FULL

            if op == CANCEL or (op == REDUCE and qty >= order_qty(words, slot)):
                tick = order_tick(words, links, slot)
                open_qty = remove(words, links, slot)
                n = report(reports, n, CANCELLED, i, side, order_id, tick, open_qty)
                continue
            if op == REDUCE:
                reduce_by(words, links, slot, qty)
                tick = order_tick(words, links, slot)
                n = report(reports, n, REDUCED, i, side, order_id, tick, order_qty(words, slot))
                continue
            if adds:
                n = report(reports, n, ACCEPTED, i, side, order_id, tick, qty)
                if op == ADD:
                    rest(words, links, order_id, side, tick, qty, tag)
                    continue
            else:
                n = report(reports, n, MODIFIED, i, side, order_id, tick, qty)
                open_qty = order_qty(words, slot)
                same_place = op != REPLACE and tick == order_tick(words, links, slot) and qty <= open_qty
                if same_place:
                    reduce_by(words, links, slot, open_qty - qty)
                    continue
                remove(words, links, slot)
                if op == AMEND:
                    rest(words, links, order_id, side, tick, qty, tag)
                    continue
        else:  # the rest of a command whose reports did not fit; a modified order has left the book by now
            qty, side, tag = words[PENDING], words[PENDING_SIDE], words[PENDING_TAG]

        words[PENDING_SIDE], words[PENDING_TAG] = side, tag
        words[PENDING], n = _enter(words, links, row, side, qty, tag, time_in_force, reports, n, i)
        if words[PENDING] > 0:
            return i, n, REPORTS_FULL
    return len(commands), n, ALL_DONE
