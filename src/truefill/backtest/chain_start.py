"""How the exchange's side goes over to a tape of single orders (docs/chains.md).

Such a tape begins with a clear and the orders that were open, one row each, at its first moment. That is a
book and not what happened: it is put in place at once, and nobody is told of its rows one by one. Where it is
the book that the tape before ended with, nothing has happened at all.
"""

import numpy as np

from truefill.backtest.chain_books import carry_book
from truefill.backtest.exchange_side import store_rows
from truefill.backtest.models.queue import queue_depth
from truefill.backtest.records import BY_LEVEL, resting_at, run_at, stops_at
from truefill.backtest.resting import rank_of_tick, ranks_of
from truefill.core.address import i32_view, i64_view
from truefill.core.events import NO_BID_TICK
from truefill.core.jit import helper
from truefill.core.tape_records import STOP_BEST


@helper
def _held(book):
    """How many places of a book hold something."""
    count = 0
    for i in range(len(book)):
        if book[i] != 0:
            count += 1
    return count


@helper
def _rows_until(book, wanted, differing, code, qty, overflow, rows):
    """Put rows into an empty `book` until it is the book `wanted`: how many that took, -1: it never is.

    differing : int
        Places that hold something in `wanted`, and those for which the tape has no price.
    """
    row = 0
    while differing > 0 and row < rows:
        index = np.int64(code[row])
        lots = np.int64(qty[row])
        if lots < 0:
            lots = overflow[-lots - 1]
        if book[index] != wanted[index]:
            differing -= 1
        if lots != wanted[index]:
            differing += 1
        book[index] = lots
        row += 1
    return row if differing == 0 else -1


@helper
def _stops_until(stops, clears, rows):
    """How many stops tell of the start alone: its clears, and the best prices that its rows made."""
    number = clears
    while number < len(stops) and stops[number]["kind"] == STOP_BEST and stops[number]["row"] <= rows:
        number += 1
    return number


@helper
def _tick(ticks, level):
    return ticks[level] if level >= 0 else np.int64(NO_BID_TICK)


@helper
def begin_with_orders(a, t, old, old_book, market, bid, ask, scratch):
    """Put the start of a tape in place. True: it is the book that there was, and all goes on as it was.

    The asset's row has the tape's columns already, and its book is empty.

    Parameters
    ----------
    t : CHAIN_TAPE
    old, old_book, market : int64[]
        The tape before: its levels, its book, and that without what own orders took from it.
    bid, ask : int
        Its best levels.
    scratch : int64[]
        As long as the new book. Zero at the end.
    """
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    code = i32_view(a["x_code_addr"], a["x_rows"])
    qty = i32_view(a["x_qty_addr"], a["x_rows"])
    overflow = i64_view(a["x_overflow_addr"], a["x_overflow_len"])
    stops = stops_at(a["x_stops_addr"], a["x_stops"])
    clears = t["x_start_clears"]

    carry_book(old, market, ticks, scratch)
    row = _rows_until(book, scratch, _held(market), code, qty, overflow, t["x_start_rows"])
    for i in range(len(scratch)):
        scratch[i] = 0
    if row >= 0:
        number = _stops_until(stops, clears, row)
        last = stops[number - 1]
        new_bid = np.int64(last["bid"])
        new_ask = np.int64(last["ask"])
        if _tick(ticks, new_bid) == _tick(old, bid) and _tick(ticks, new_ask) == _tick(old, ask):
            carry_book(old, old_book, ticks, book)
            a["x_bid"] = new_bid
            a["x_ask"] = new_ask
            a["x_row"] = row
            a["x_stop"] = number
            return True
    store_rows(book, code, qty, overflow, max(row, 0), t["x_start_rows"])
    a["x_row"] = t["x_start_rows"]
    a["x_stop"] = _stops_until(stops, clears, t["x_start_rows"])
    if a["x_stop"] > clears:  # the last one is met at its time: own orders may stand beyond the new prices
        a["x_stop"] -= 1
        a["x_bid"] = _level_of(ticks, old, bid)
        a["x_ask"] = _level_of(ticks, old, ask)
    a["queue_clear_ts"] = t["x_first_ts"]
    return False


@helper
def _level_of(ticks, old, level):
    if level < 0:
        return np.int64(-1)
    return rank_of_tick(ticks, old[level])


@helper
def place_among_orders(a, t, same, old, market):
    """Own orders keep their places where the book that a tape begins with says who stands there.

    Of another book, a model that estimates from levels is told what has become of the level; and of those
    that were in front of an order whose place is known, as many are as still can be.
    """
    run = run_at(a["run_addr"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            order = orders[np.int64(ranks[i])]
            if a["by_order"] != BY_LEVEL:
                _find_place(a, t, same, order)
                continue
            if same or t["x_start_clears"] == 0:
                continue
            before = np.int64(0)
            level = rank_of_tick(old, order["tick"])
            if level >= 0:
                before = market[level * 2 + (1 - side) // 2]
            now = np.int64(0)
            if order["book_index"] >= 0:
                now = book[order["book_index"]]
            if now != before:
                queue_depth(run, a, np.int64(ranks[i]), before, now, t["x_first_ts"])


@helper
def _find_place(a, t, same, order):
    """Where an own order stands among the orders that a tape begins with.

    Those rows tell, level by level, what the orders up to each place hold together. Where the book is the
    one that there was, those in front and what has traded of them, which the book has yet to tell, are whole
    orders of it.
    """
    code = i32_view(a["x_code_addr"], a["x_rows"])
    qty = i32_view(a["x_qty_addr"], a["x_rows"])
    overflow = i64_view(a["x_overflow_addr"], a["x_overflow_len"])
    wanted = order["front"] + order["traded"] if same else order["front"]
    front = np.int64(0)
    rows = a["x_row"] if t["x_start_clears"] > 0 else np.int64(0)
    place = rows
    for row in range(rows):
        if code[row] == order["book_index"]:
            lots = np.int64(qty[row])
            if lots < 0:
                lots = overflow[-lots - 1]
            if lots > wanted:
                place = np.int64(row)
                break
            front = lots
    order["entry_row"] = place
    if not same:
        order["front"] = float(front)
        order["traded"] = 0.0
