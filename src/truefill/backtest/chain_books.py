"""Carrying a book over to the next tape, by price, and what that tape's best prices are on top of it.

A tape's levels are the prices that it names itself, and its best prices are those of a book that was empty
at its beginning. When the tape goes on with a book that was there before, its levels are joined with the
prices that still hold something, and stops and best prices are worked out again.
"""

import numpy as np

from truefill.backtest.chain_records import BLOCKS, blocks_at
from truefill.backtest.exchange_side import clear_book, store_rows
from truefill.backtest.records import bests_at, stops_at
from truefill.core.address import reallocate
from truefill.core.jit import helper
from truefill.core.l2book import ASK_LEVELS, BID_LEVELS, TOP_ASK, TOP_BID, set_level
from truefill.core.tape_records import BEST, STOP, STOP_BEST, STOP_CLEAR
from truefill.tape.index import apply_clear

_STOP_ROW = STOP.itemsize
_BEST_ROW = BEST.itemsize


@helper
def room(blocks_addr, number, size):
    """Address of a block with room for `size` bytes; what it held stays."""
    block = blocks_at(blocks_addr, BLOCKS)[number]
    if block["size"] < size or block["addr"] == 0:
        wanted = max(size, 64)
        address = reallocate(block["addr"], wanted)
        if address == 0:
            raise MemoryError
        block["addr"] = address
        block["size"] = wanted
    return block["addr"]


@helper
def other(blocks_addr, number, in_use):
    """Which of the blocks `number` and `number` + 1 is not in use."""
    if blocks_at(blocks_addr, BLOCKS)[number]["addr"] == in_use:
        return number + 1
    return number


@helper
def replay_book(book, ticks, code, qty, overflow, stops):
    """Put all rows of a view into a book."""
    row = np.int64(0)
    for s in range(len(stops)):
        if stops[s]["kind"] == STOP_CLEAR:
            store_rows(book, code, qty, overflow, row, stops[s]["row"])
            row = np.int64(stops[s]["row"])
            clear_book(book, ticks, stops[s])
    store_rows(book, code, qty, overflow, row, len(code))


@helper
def join_levels(old, book, market, new, out):
    """Write the levels `new`, and those of `old` at which one of two books holds something; their number."""
    count = 0
    j = 0
    for i in range(len(old)):
        held = book[2 * i] > 0 or book[2 * i + 1] > 0 or market[2 * i] > 0 or market[2 * i + 1] > 0
        if not held:
            continue
        while j < len(new) and new[j] < old[i]:
            out[count] = new[j]
            count += 1
            j += 1
        if j < len(new) and new[j] == old[i]:
            j += 1
        out[count] = old[i]
        count += 1
    while j < len(new):
        out[count] = new[j]
        count += 1
        j += 1
    return count


@helper
def carry_book(old, old_book, new, book):
    """Put the quantities of a book where the same prices are among other levels."""
    for i in range(len(book)):
        book[i] = 0
    j = 0
    for i in range(len(old)):
        if old_book[2 * i] > 0 or old_book[2 * i + 1] > 0:
            while j < len(new) and new[j] < old[i]:
                j += 1
            if j < len(new) and new[j] == old[i]:
                book[2 * j] = old_book[2 * i]
                book[2 * j + 1] = old_book[2 * i + 1]


@helper
def carry_codes(old, new, code, ranks, out):
    """Give a tape's rows the levels `new`, which have all of its levels `old`. `ranks`: room for `old`."""
    j = 0
    for i in range(len(old)):
        while new[j] != old[i]:
            j += 1
        ranks[i] = j
    for r in range(len(code)):
        out[r] = ranks[code[r] >> 1] * 2 + (code[r] & 1)


@helper
def top_of(book, bid, ask, top):
    """State of best prices for `core.l2book`: the best levels as they are, and how many hold something."""
    top[TOP_BID] = bid
    top[TOP_ASK] = ask
    top[BID_LEVELS] = 0
    top[ASK_LEVELS] = 0
    for i in range(len(book) // 2):
        if book[2 * i] > 0:
            top[BID_LEVELS] += 1
        if book[2 * i + 1] > 0:
            top[ASK_LEVELS] += 1


@helper
def _clear(book, top, ticks, stop):
    apply_clear(book, top, ticks, np.int64(stop["side"]), stop["tick"])


@helper
def _new_stop(blocks_addr, number, count, top):
    """Append a stop with the best levels as they are; the caller fills in the rest."""
    size = blocks_at(blocks_addr, BLOCKS)[number]["size"]
    if (count + 1) * _STOP_ROW > size:
        room(blocks_addr, number, max(2 * size, 64 * _STOP_ROW))
    out = stops_at(blocks_at(blocks_addr, BLOCKS)[number]["addr"], count + 1)[count]
    out["bid"] = top[TOP_BID]
    out["ask"] = top[TOP_ASK]
    return out


@helper
def exchange_stops(book, top, ticks, code, qty, overflow, ts, ends, stops, blocks_addr, number):
    """Work out the stops of an exchange's view that goes on with `book`, which all rows are put into.

    The stops go to block `number`. Returns how many.
    """
    count = np.int64(0)
    group = 0
    row = np.int64(0)
    for s in range(len(stops) + 1):
        end = np.int64(stops[s]["row"]) if s < len(stops) else np.int64(len(code))
        while row < end:
            lots = np.int64(qty[row])
            if lots < 0:
                lots = overflow[-lots - 1]
            index = np.int64(code[row])
            row += 1
            if set_level(book, top, index, lots):
                while ends[group] < row:
                    group += 1
                out = _new_stop(blocks_addr, number, count, top)
                count += 1
                out["ts"] = ts[group]
                out["qty"] = 0
                out["tick"] = 0
                out["row"] = row
                out["arg"] = 0
                out["kind"] = STOP_BEST
                out["side"] = 1 - 2 * (index & 1)
        if s < len(stops) and stops[s]["kind"] != STOP_BEST:
            if stops[s]["kind"] == STOP_CLEAR:
                _clear(book, top, ticks, stops[s])
            out = _new_stop(blocks_addr, number, count, top)
            count += 1
            out["ts"] = stops[s]["ts"]
            out["qty"] = stops[s]["qty"]
            out["tick"] = stops[s]["tick"]
            out["row"] = stops[s]["row"]
            out["arg"] = stops[s]["arg"]
            out["kind"] = stops[s]["kind"]
            out["side"] = stops[s]["side"]
    return count


@helper
def local_bests(book, top, ticks, code, qty, overflow, ts, ends, stops, blocks_addr, number):
    """Work out the changes of best prices in a local view that goes on with a copy of its `book`.

    They go to block `number`. Returns how many.
    """
    count = np.int64(0)
    row = np.int64(0)
    s = 0
    bid = top[TOP_BID]
    ask = top[TOP_ASK]
    for group in range(len(ts)):
        while True:
            here = s < len(stops) and stops[s]["ts"] <= ts[group]
            end = np.int64(stops[s]["row"]) if here else np.int64(ends[group])
            while row < end:
                lots = np.int64(qty[row])
                if lots < 0:
                    lots = overflow[-lots - 1]
                set_level(book, top, np.int64(code[row]), lots)
                row += 1
            if not here:
                break
            if stops[s]["kind"] == STOP_CLEAR:
                _clear(book, top, ticks, stops[s])
            s += 1
        if top[TOP_BID] != bid or top[TOP_ASK] != ask:
            bid = top[TOP_BID]
            ask = top[TOP_ASK]
            size = blocks_at(blocks_addr, BLOCKS)[number]["size"]
            if (count + 1) * _BEST_ROW > size:
                room(blocks_addr, number, max(2 * size, 64 * _BEST_ROW))
            out = bests_at(blocks_at(blocks_addr, BLOCKS)[number]["addr"], count + 1)[count]
            out["ts"] = ts[group]
            out["bid"] = bid
            out["ask"] = ask
            count += 1
    return count
