"""The matching engine's loop: commands in, reports out, for all symbols, in one compiled function.

The rules are those of `order_book_commands`, and these besides:

* A market order has no limit, or one so many ticks beyond the touch at its arrival (CAPPED). What it does not
  get expires; on an empty book, all of it.
* Amendments name the account that owns the order: another one's order is unknown. A larger size or another
  price goes to the back, and may trade; GTX in the amendment refuses it instead.
* Nothing that is rejected changes anything, and the reason is in the report.

The loop is flat: what a message needs is in locals, and the pieces (`matching_orders`, `matching_ladder`)
are inlined. It comes back between messages when an array must grow, and inside one when the reports are
full; called again with the rest of the messages (the same one first, in the second case) it goes on as if
nothing had been.
"""

import numpy as np

from truefill.core.address import i32_view, i64_view
from truefill.core.bits import prefetch
from truefill.core.jit import entry, helper, inlined
from truefill.core.matching_far import has_room
from truefill.core.matching_ladder import in_window, level_of, next_tick, u, window_level
from truefill.core.matching_layout import (
    ACCOUNT,
    ASKS,
    AT_BITS,
    AT_INDEX,
    AT_LEVELS,
    AT_NAMES,
    AT_ORDERS,
    AT_SYMBOLS,
    BASE,
    BEST,
    BIDS,
    BIT_WORDS,
    CAUSES,
    FREE,
    FRESH,
    HEADER,
    INDEX_SIZE,
    IS_SET,
    LADDER,
    LAST,
    LEVEL_WORDS,
    LIVE,
    LOW,
    NEXT,
    PENDING,
    PLACE_BITS,
    PREVIOUS,
    SEQUENCE,
    SLOTS,
    SYMBOL_WORDS,
    SYMBOLS,
    T_ACCOUNT,
    T_DONE,
    T_ID,
    T_LEFT,
    T_LIMIT,
    T_PRICE,
    T_RESTS,
    T_SELF_TRADE,
    T_SLOT,
    T_SYMBOL,
    TICK,
    TRADED,
    WANTS_MOVE,
)
from truefill.core.matching_orders import (
    account_of,
    enter_id,
    find_slot,
    forget_id,
    give_back,
    home,
    level_emptied,
    link,
    unlink,
)
from truefill.core.matching_types import (
    AMEND_TOTAL,
    CAPPED,
    DONE,
    FAR_OFF,
    MAKER_DONE,
    MAX_PRICE,
    MAX_QTY,
    MESSAGE_WORDS,
    ORDERS_FULL,
    REACH,
    REPORT_WORDS,
    REPORTS_FULL,
    TAKER_DONE,
)
from truefill.core.order_book_commands import (
    ACCEPTED,
    CANCEL,
    CANCELLED,
    EXPIRED,
    MODIFIED,
    MODIFY,
    NEW,
    REDUCE,
    REDUCED,
    REJECTED,
    REPLACE,
    TRADE,
)
from truefill.core.reasons import (
    BAD_MESSAGE,
    BAD_PRICE,
    BAD_QTY,
    BOOK_FULL,
    DUPLICATE_ID,
    NO_REASON,
    SELF_TRADE,
    UNFILLED,
    UNKNOWN_ACCOUNT,
    UNKNOWN_ORDER,
    UNKNOWN_SYMBOL,
    WOULD_TAKE,
)
from truefill.core.records import FOK, GTX, IOC, LIMIT, MARKET
from truefill.core.self_trade import ALLOW, DECREMENT, cuts

_NO_LIMIT = np.int64(1) << 61  # beyond every tick, nearer than NO_BEST
_BIG_BOOK = 1 << 14  # resting orders from which the caches no longer hold the book, and asking ahead pays
_AHEAD, _NEAR, _NEXT = 18, 12, 6  # messages by which each step of asking is ahead


@inlined
def write(reports, n, head, cause, kind, side, reason, symbol, order_id, maker_id, price, qty, account):
    """Write a report; returns the next row."""
    at = REPORT_WORDS * n
    head[SEQUENCE] += 1
    reports[u(at)] = head[SEQUENCE]
    reports[u(at + 1)] = cause
    reports[u(at + 2)] = kind | ((side & 255) << 8) | (reason << 16) | (symbol << 32)
    reports[u(at + 3)] = order_id
    reports[u(at + 4)] = maker_id
    reports[u(at + 5)] = price
    reports[u(at + 6)] = qty
    reports[u(at + 7)] = account & 0xFFFFFFFF
    return n + 1


@helper
def process(head, messages, count, reports, room):
    """Take messages until they are done or something is full.

    Parameters
    ----------
    head : ndarray of int64
        The engine's header (`matching_layout`).
    messages : ndarray of int64
        Records of MESSAGE_WORDS words.
    count : int
        How many of them.
    reports : ndarray of int64
        Room for records of REPORT_WORDS words.
    room : int
        How many of them fit; at least 4.

    Returns
    -------
    (int, int, int)
        Messages finished, reports written, and why it came back.
    """
    words = i64_view(head[AT_LEVELS], head[LEVEL_WORDS])
    links = i32_view(head[AT_LEVELS], 2 * head[LEVEL_WORDS])
    bits = i64_view(head[AT_BITS], head[BIT_WORDS])
    slots = head[SLOTS]
    orders = i64_view(head[AT_ORDERS], 4 * slots)
    halves = i32_view(head[AT_ORDERS], 8 * slots)
    names = i64_view(head[AT_NAMES], 2 * slots)
    size = head[INDEX_SIZE]
    index = i32_view(head[AT_INDEX], size)
    all_symbols = head[SYMBOLS]
    symbols = i64_view(head[AT_SYMBOLS], SYMBOL_WORDS * all_symbols)
    place_bits = head[PLACE_BITS]
    places = np.int64(1) << place_bits
    causes = head[CAUSES]
    n = np.int64(0)
    last_row = room - 1  # kept free for the end of a message's story
    big = head[LIVE] > _BIG_BOOK
    why = DONE
    i = np.int64(0)
    while i < count:
        if n + 2 > last_row:
            why = REPORTS_FULL
            break
        at = MESSAGE_WORDS * i
        cause = causes + i + 1
        if big and i + _AHEAD < count:
            # Ask for what a later message will touch, in three steps: each needs what the one before brought.
            later = MESSAGE_WORDS * (i + _AHEAD)
            prefetch(index, home(messages[u(later + 2)], size))
            near = MESSAGE_WORDS * (i + _NEAR)
            if (messages[u(near)] & 255) == NEW:
                symbol = messages[u(near + 1)] & 0xFFFFFFFF
                if symbol < all_symbols:
                    ladder = np.int64(ASKS if (messages[u(near)] & 0x8000) != 0 else BIDS)
                    tick = messages[u(near + 3)] - symbols[u(symbol * SYMBOL_WORDS + BASE)]
                    prefetch(words, window_level(4 * symbol + ladder, place_bits, tick))
            else:
                slot = np.int64(index[u(home(messages[u(near + 2)], size))])
                prefetch(orders, 4 * slot)
                prefetch(names, 2 * slot)
            near = MESSAGE_WORDS * (i + _NEXT)
            if (messages[u(near)] & 255) == NEW:
                symbol = messages[u(near + 1)] & 0xFFFFFFFF
                if symbol < all_symbols:
                    ladder = np.int64(ASKS if (messages[u(near)] & 0x8000) != 0 else BIDS)
                    tick = messages[u(near + 3)] - symbols[u(symbol * SYMBOL_WORDS + BASE)]
                    level = window_level(4 * symbol + ladder, place_bits, tick)
                    prefetch(orders, 4 * np.int64(links[u(2 * level + 1)]))
            else:
                slot = np.int64(index[u(home(messages[u(near + 2)], size))])
                tick = np.int64(halves[u(8 * slot + TICK)])
                prefetch(words, window_level(np.int64(halves[u(8 * slot + LADDER)]), place_bits, tick))
                prefetch(orders, 4 * np.int64(halves[u(8 * slot + PREVIOUS)]))
                prefetch(orders, 4 * np.int64(halves[u(8 * slot + NEXT)]))

        if head[PENDING] == 0:
            first, second = messages[u(at)], messages[u(at + 1)]
            order_id, price, qty = messages[u(at + 2)], messages[u(at + 3)], messages[u(at + 4)]
            op = first & 255
            sell = (first >> 15) & 1
            order_type = (first >> 16) & 255
            time_in_force = (first >> 24) & 255
            flags = (first >> 32) & 0xFFFF
            self_trade = (first >> 48) & 255
            symbol = second & 0xFFFFFFFF
            account = second >> 32
            is_known = symbol < all_symbols
            if not is_known:
                symbol = np.int64(0)
            reason = np.int64(NO_REASON)
            slot = np.int64(0)
            done = np.int64(0)
            if op == NEW:
                side = (first >> 8) & 255
                ladder = sell
                if (
                    (side != 1 and side != 255)
                    or order_type > MARKET
                    or time_in_force > IOC
                    or self_trade > DECREMENT
                ):
                    reason = np.int64(BAD_MESSAGE)
                elif not is_known:
                    reason = np.int64(UNKNOWN_SYMBOL)
                elif account < 0:
                    reason = np.int64(UNKNOWN_ACCOUNT)
                elif qty <= 0 or qty > MAX_QTY:
                    reason = np.int64(BAD_QTY)
                elif price > MAX_PRICE or price < -MAX_PRICE:
                    reason = np.int64(BAD_PRICE)
                else:
                    if find_slot(index, names, size, order_id) != 0:
                        reason = np.int64(DUPLICATE_ID)
                    if head[FREE] == 0 and head[FRESH] >= slots:
                        why = ORDERS_FULL
                        break
            else:
                ladder = sell
                slot = find_slot(index, names, size, order_id)
                if slot == 0 or account_of(halves, slot) != account:
                    reason = np.int64(UNKNOWN_ORDER)
                    slot = np.int64(0)
                else:
                    number = np.int64(halves[u(8 * slot + LADDER)])
                    symbol = number >> 2
                    ladder = number & 1
                    done = names[u(2 * slot + 1)]
                if op == CANCEL or reason != NO_REASON:
                    pass
                elif (op > REDUCE and op != AMEND_TOTAL) or self_trade > DECREMENT:
                    reason = np.int64(BAD_MESSAGE)
                elif qty <= 0 or qty > MAX_QTY:
                    reason = np.int64(BAD_QTY)
                elif op != REDUCE and (price > MAX_PRICE or price < -MAX_PRICE):
                    reason = np.int64(BAD_PRICE)
            row = symbol * SYMBOL_WORDS
            side = 1 - 2 * ladder
            limit = np.int64(0)
            if reason == NO_REASON and op != CANCEL and op != REDUCE:
                limit = price - symbols[u(row + BASE)]
            rests = time_in_force <= GTX
            if op == NEW and reason == NO_REASON:
                if symbols[u(row + IS_SET)] == 0 and order_type == LIMIT:
                    symbols[row + IS_SET] = 1
                    symbols[row + BASE] = price
                    symbols[row + LOW] = -(places >> 1)
                    limit = np.int64(0)
                if order_type != LIMIT:
                    rests = False
                    limit = side * _NO_LIMIT
                    touch = symbols[u(row + BEST + 1 - ladder)]
                    if (flags & CAPPED) != 0 and touch < _NO_LIMIT and touch > -_NO_LIMIT:
                        limit = touch + side * max(price, 0)
            may_rest = rests if op == NEW else (op == MODIFY or op == REPLACE or op == AMEND_TOTAL)
            if reason == NO_REASON and may_rest:
                if limit >= REACH or limit <= -REACH:
                    reason = np.int64(BAD_PRICE)
                elif not in_window(symbols, row, place_bits, limit) and not has_room(head):
                    reason = np.int64(BOOK_FULL)
                elif time_in_force == GTX and side * (limit - symbols[u(row + BEST + 1 - ladder)]) >= 0:
                    reason = np.int64(WOULD_TAKE)
            if reason != NO_REASON:
                n = write(
                    reports, n, head, cause, REJECTED, side, reason, symbol, order_id, op, price, qty, account
                )
                i += 1
                continue

            if op == NEW:
                n = write(
                    reports, n, head, cause, ACCEPTED, side, reason, symbol, order_id, 0, price, qty, account
                )
                left = qty
                if time_in_force == FOK:
                    # Count what there is before anything is touched.
                    found = np.int64(0)
                    other = 4 * symbol + 1 - ladder
                    tick = symbols[u(row + BEST + 1 - ladder)]
                    is_own = False
                    while found < qty and side * (limit - tick) >= 0 and not is_own:
                        level, _ = level_of(head, links, symbols, other, place_bits, tick)
                        if self_trade == ALLOW:
                            found += words[u(level + 1)]
                        else:  # up to the first order of its own
                            maker = np.int64(links[u(2 * level)])
                            while maker != 0 and found < qty and not is_own:
                                is_own = account_of(halves, maker) == account
                                if not is_own:
                                    found += orders[u(4 * maker)]
                                    maker = np.int64(halves[u(8 * maker + NEXT)])
                        tick = next_tick(head, links, bits, symbols, other, place_bits, tick)
                    if found < qty:
                        n = write(
                            reports,
                            n,
                            head,
                            cause,
                            EXPIRED,
                            side,
                            SELF_TRADE if is_own else UNFILLED,
                            symbol,
                            order_id,
                            0,
                            price,
                            qty,
                            account,
                        )
                        i += 1
                        continue
            else:
                here = np.int64(halves[u(8 * slot + TICK)])
                open_qty = orders[u(4 * slot)]
                left = qty
                if op == AMEND_TOTAL:
                    left = qty - done
                elif op == REDUCE:
                    left = open_qty - qty
                if op == REDUCE:
                    limit = here
                if op == CANCEL or left <= 0:
                    left = np.int64(0)
                elif op != REPLACE and limit == here and left <= open_qty:
                    orders[u(4 * slot)] = left
                    level, _ = level_of(head, links, symbols, 4 * symbol + ladder, place_bits, here)
                    words[u(level + 1)] -= open_qty - left
                    price = symbols[u(row + BASE)] + here
                    kind = REDUCED if op == REDUCE else MODIFIED
                    n = write(
                        reports, n, head, cause, kind, side, 0, symbol, order_id, 0, price, left, account
                    )
                    i += 1
                    continue
                unlink(head, words, links, bits, halves, orders, symbols, place_bits, slot)
                if left == 0:
                    forget_id(index, names, size, order_id, slot)
                    give_back(head, halves, slot)
                    head[LIVE] -= 1
                    price = symbols[u(row + BASE)] + here
                    n = write(
                        reports,
                        n,
                        head,
                        cause,
                        CANCELLED,
                        side,
                        0,
                        symbol,
                        order_id,
                        0,
                        price,
                        open_qty,
                        account,
                    )
                    i += 1
                    continue
                n = write(
                    reports, n, head, cause, MODIFIED, side, 0, symbol, order_id, 0, price, left, account
                )
                rests = True
        else:  # the rest of a message whose reports did not fit
            ladder = head[PENDING] - 1
            order_id, symbol, limit, left = head[T_ID], head[T_SYMBOL], head[T_LIMIT], head[T_LEFT]
            rests, account, slot, done = head[T_RESTS] != 0, head[T_ACCOUNT], head[T_SLOT], head[T_DONE]
            row = symbol * SYMBOL_WORDS
            side = 1 - 2 * ladder
            price, self_trade = head[T_PRICE], head[T_SELF_TRADE]
            head[PENDING] = 0

        # ---- trade: best price first, oldest order first -------------------------------------------------
        other = 4 * symbol + 1 - ladder
        tick = symbols[u(row + BEST + 1 - ladder)]
        if side * (limit - tick) >= 0:
            base = symbols[u(row + BASE)]
            while left > 0 and side * (limit - tick) >= 0 and n + 1 < last_row:
                level, node = level_of(head, links, symbols, other, place_bits, tick)
                maker = np.int64(links[u(2 * level)])
                total = words[u(level + 1)]
                while n + 1 < last_row:
                    open_qty = orders[u(4 * maker)]
                    maker_id = names[u(2 * maker)]
                    if self_trade != 0 and account_of(halves, maker) == account:
                        cut, maker_cut = cuts(self_trade, left, open_qty)
                        left -= cut
                        total -= maker_cut
                        if maker_cut > 0:
                            is_gone = maker_cut == open_qty
                            n = write(
                                reports,
                                n,
                                head,
                                cause,
                                CANCELLED if is_gone else REDUCED,
                                -side,
                                SELF_TRADE,
                                symbol,
                                maker_id,
                                0,
                                base + tick,
                                maker_cut if is_gone else open_qty - maker_cut,
                                account,
                            )
                        if cut > 0:
                            n = write(
                                reports,
                                n,
                                head,
                                cause,
                                EXPIRED if left == 0 else REDUCED,
                                side,
                                SELF_TRADE,
                                symbol,
                                order_id,
                                0,
                                price,
                                cut if left == 0 else left,
                                account,
                            )
                        if maker_cut < open_qty:
                            orders[u(4 * maker)] = open_qty - maker_cut
                            break
                    else:
                        symbols[u(row + LAST)] = tick
                        symbols[u(row + TRADED)] = 1
                        traded = min(left, open_qty)
                        left -= traded
                        done += traded
                        total -= traded
                        n = write(
                            reports,
                            n,
                            head,
                            cause,
                            TRADE,
                            side,
                            0,
                            symbol,
                            order_id,
                            maker_id,
                            base + tick,
                            traded,
                            account,
                        )
                        out = REPORT_WORDS * (n - 1)
                        reports[u(out + 7)] |= account_of(halves, maker) << 32
                        if left == 0:
                            reports[u(out + 2)] |= TAKER_DONE << 24
                        if traded < open_qty:
                            orders[u(4 * maker)] = open_qty - traded
                            names[u(2 * maker + 1)] += traded
                            break
                        reports[u(out + 2)] |= MAKER_DONE << 24
                    after = np.int64(halves[u(8 * maker + NEXT)])
                    forget_id(index, names, size, maker_id, maker)
                    give_back(head, halves, maker)
                    head[LIVE] -= 1
                    maker = after
                    if maker == 0:
                        break
                    if left == 0:
                        break
                links[u(2 * level)] = maker
                words[u(level + 1)] = total
                if maker == 0:
                    links[u(2 * level + 1)] = 0
                    level_emptied(head, links, bits, symbols, other, place_bits, tick, node)
                    tick = symbols[u(row + BEST + 1 - ladder)]
                else:
                    halves[u(8 * maker + PREVIOUS)] = 0
            if left > 0 and n + 1 >= last_row and side * (limit - tick) >= 0:
                head[PENDING] = ladder + 1
                head[T_ID], head[T_SYMBOL], head[T_LIMIT], head[T_LEFT] = order_id, symbol, limit, left
                head[T_RESTS], head[T_ACCOUNT], head[T_SLOT], head[T_DONE] = (
                    np.int64(rests),
                    account,
                    slot,
                    done,
                )
                head[T_PRICE], head[T_SELF_TRADE] = price, self_trade
                why = REPORTS_FULL
                break

        # ---- what is left rests or ends
        # ----------------------------------------------------------------------
        if left > 0 and rests:
            if slot == 0:
                slot = head[FREE]
                if slot != 0:
                    head[FREE] = np.int64(halves[u(8 * slot + NEXT)])
                else:
                    slot = head[FRESH]
                    head[FRESH] = slot + 1
                head[LIVE] += 1
                names[u(2 * slot)] = order_id
                halves[u(8 * slot + ACCOUNT)] = account
                enter_id(index, size, order_id, slot)
            names[u(2 * slot + 1)] = done
            link(
                head,
                words,
                links,
                bits,
                halves,
                orders,
                symbols,
                4 * symbol + ladder,
                place_bits,
                slot,
                limit,
                left,
            )
        else:
            if slot != 0:
                forget_id(index, names, size, order_id, slot)
                give_back(head, halves, slot)
                head[LIVE] -= 1
            if left > 0:
                n = write(
                    reports,
                    n,
                    head,
                    cause,
                    EXPIRED,
                    side,
                    UNFILLED,
                    symbol,
                    order_id,
                    0,
                    price,
                    left,
                    account,
                )
        i += 1
        if head[WANTS_MOVE] != 0:
            why = FAR_OFF
            break
    head[CAUSES] = causes + i
    return i, n, why


@entry
def run(head_address, messages_address, count, reports_address, room):
    """Process messages, all by address. Returns messages finished, reports written, why it came back."""
    head = i64_view(head_address, HEADER)
    messages = i64_view(messages_address, MESSAGE_WORDS * count)
    reports = i64_view(reports_address, REPORT_WORDS * room)
    return process(head, messages, count, reports, room)
