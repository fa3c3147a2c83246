"""The compiled switch: one side of an asset goes over to its next tape (docs/chains.md).

Each side goes when its own time comes, so that for a while the two are in different tapes. What a side knows
stays: its book, own orders and their places, the ledger, market trades that have not been cleared. Level
numbers are a tape's own; whatever holds one is moved by price.
"""

import numpy as np

from truefill.backtest.activity import leave_tape
from truefill.backtest.arguments import BROKEN
from truefill.backtest.chain_books import (
    carry_book,
    carry_codes,
    exchange_stops,
    join_levels,
    local_bests,
    other,
    replay_book,
    room,
    top_of,
)
from truefill.backtest.chain_records import (
    BLOCKS,
    GATHERED,
    L_BESTS,
    L_BOOK,
    L_CODE,
    L_STOPS,
    L_TICKS,
    L_TRADES,
    L_TS,
    SCRATCH,
    X_BOOK,
    X_CODE,
    X_OWN,
    X_PURE,
    X_STOPS,
    X_TICKS,
    blocks_at,
    chain_at,
    chain_tapes_at,
)
from truefill.backtest.chain_start import begin_with_orders, place_among_orders
from truefill.backtest.exchange_side import catch_up
from truefill.backtest.executions import later
from truefill.backtest.local_side import in_gap, sync_book, take_feed, trades_seen
from truefill.backtest.memory import keep_block
from truefill.backtest.queue_positions import fed_until
from truefill.backtest.records import (
    asset_at,
    bests_at,
    resting_at,
    stops_at,
    trades_at,
)
from truefill.backtest.resting import rank_of_tick, ranks_of
from truefill.backtest.seams import EXCHANGE_SIDE, NEXT_TAPE, ON_RUN
from truefill.backtest.waiting import last_trade_tick
from truefill.core.address import i32_view, i64_view, reallocate, u8_view
from truefill.core.events import EVENT, NO_TIME
from truefill.core.jit import Callback, helper
from truefill.core.l2book import TOP_SIZE
from truefill.core.records import OK
from truefill.core.tape_records import BEST, STOP

_EVENT_ROW = EVENT.itemsize
_STOP_ROW = STOP.itemsize
_BEST_ROW = BEST.itemsize


@helper
def _level_of(old, level, new):
    """The number of a level among others, -1 where its price is not among them."""
    if level < 0:
        return np.int64(-1)
    return rank_of_tick(new, old[level])


@helper
def _leave_exchange(a, chain):
    """Finish the exchange's tape: everything in it has happened."""
    catch_up(a, np.int64(NO_TIME))
    a["x_trade_tick"] = last_trade_tick(a)


@helper
def _market_book(a, chain):
    """The exchange's book at the end of its tape, as the feed tells it: takers used nothing up."""
    pure = i64_view(chain["x_pure_addr"], a["x_levels"] * 2)
    if chain["x_pure_row"] != a["x_rows"]:
        replay_book(
            pure,
            i64_view(a["x_level_tick_addr"], a["x_levels"]),
            i32_view(a["x_code_addr"], a["x_rows"]),
            i32_view(a["x_qty_addr"], a["x_rows"]),
            i64_view(a["x_overflow_addr"], a["x_overflow_len"]),
            stops_at(a["x_stops_addr"], a["x_stops"]),
        )
    return pure


@helper
def _next_exchange_tape(a):
    chain = chain_at(a["chain_addr"])
    blocks = chain["blocks_addr"]
    _leave_exchange(a, chain)
    chain["x_tape"] += 1
    tapes = chain_tapes_at(chain["tapes_addr"], chain["tapes"])
    t = tapes[chain["x_tape"]]
    anew = t["x_anew"] != 0
    old = i64_view(a["x_level_tick_addr"], a["x_levels"])
    old_book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    own_ticks = i64_view(t["level_tick_addr"], t["levels"])

    # levels and books
    levels = t["levels"]
    ticks_addr = t["level_tick_addr"]
    bid = a["x_bid"]
    ask = a["x_ask"]
    starts = t["x_start_clears"] > 0
    old_pure = old_book
    if not anew or (starts and a["fills_count"] > 0):
        old_pure = _market_book(a, chain)
    if not anew:
        number = other(blocks, X_TICKS, a["x_level_tick_addr"])
        ticks_addr = room(blocks, number, (levels + a["x_levels"]) * 8)
        levels = join_levels(old, old_book, old_pure, own_ticks, i64_view(ticks_addr, levels + a["x_levels"]))
    ticks = i64_view(ticks_addr, levels)
    book_addr = room(blocks, other(blocks, X_BOOK, a["x_book_addr"]), levels * 16)
    pure_addr = room(blocks, other(blocks, X_PURE, chain["x_pure_addr"]), levels * 16)
    book = i64_view(book_addr, levels * 2)
    pure = i64_view(pure_addr, levels * 2)
    if anew:
        for i in range(levels * 2):
            book[i] = 0
            pure[i] = 0
        a["x_bid"] = -1
        a["x_ask"] = -1
        if not starts:
            a["queue_clear_ts"] = t["x_first_ts"]
    else:
        carry_book(old, old_book, ticks, book)
        carry_book(old, old_pure, ticks, pure)
        a["x_bid"] = _level_of(old, bid, ticks)
        a["x_ask"] = _level_of(old, ask, ticks)
    a["x_book_addr"] = book_addr
    chain["x_pure_addr"] = pure_addr
    chain["x_pure_row"] = 0

    # rows and stops
    a["x_rows"] = t["x_rows"]
    a["x_groups"] = t["x_groups"]
    a["x_stops"] = t["x_stops"]
    a["x_code_addr"] = t["x_code_addr"]
    a["x_qty_addr"] = t["x_qty_addr"]
    a["x_ts_addr"] = t["x_ts_addr"]
    a["x_end_addr"] = t["x_end_addr"]
    a["x_stops_addr"] = t["x_stops_addr"]
    a["x_clears"] = t["x_clears"]
    a["x_prio_addr"] = t["x_prio_addr"]
    a["x_levels"] = levels
    a["x_level_tick_addr"] = ticks_addr
    a["x_overflow_addr"] = t["overflow_addr"]
    a["x_overflow_len"] = t["overflow_len"]
    if not anew:
        if levels != t["levels"]:
            code_addr = room(blocks, X_CODE, t["x_rows"] * 4)
            ranks = i32_view(room(blocks, SCRATCH, t["levels"] * 4), t["levels"])
            code = i32_view(t["x_code_addr"], t["x_rows"])
            carry_codes(own_ticks, ticks, code, ranks, i32_view(code_addr, t["x_rows"]))
            a["x_code_addr"] = code_addr
        top = np.empty(TOP_SIZE, np.int64)
        top_of(pure, a["x_bid"], a["x_ask"], top)
        a["x_stops"] = exchange_stops(
            pure,
            top,
            ticks,
            i32_view(a["x_code_addr"], t["x_rows"]),
            i32_view(t["x_qty_addr"], t["x_rows"]),
            i64_view(t["overflow_addr"], t["overflow_len"]),
            i64_view(t["x_ts_addr"], t["x_groups"]),
            i32_view(t["x_end_addr"], t["x_groups"]),
            stops_at(t["x_stops_addr"], t["x_stops"]),
            blocks,
            X_STOPS,
        )
        a["x_stops_addr"] = blocks_at(blocks, BLOCKS)[X_STOPS]["addr"]
        chain["x_pure_row"] = t["x_rows"]
    a["x_group"] = 0
    a["x_row"] = 0
    a["x_stop"] = 0
    same = starts and begin_with_orders(a, t, old, old_book, old_pure, bid, ask, pure)
    _move_own_orders(a, blocks)
    if t["by_order"] != 0:
        place_among_orders(a, t, same, old, old_pure)
    a["x_until"] = NO_TIME
    if chain["x_tape"] + 1 < chain["tapes"]:
        a["x_until"] = tapes[chain["x_tape"] + 1]["x_first_ts"] - 1


@helper
def _move_own_orders(a, blocks):
    """Own orders stay where they stand, at their prices."""
    a["x_own_addr"] = room(blocks, X_OWN, a["x_levels"] * 2)
    own = u8_view(a["x_own_addr"], a["x_levels"] * 2)
    for i in range(len(own)):
        own[i] = 0
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            order = orders[np.int64(ranks[i])]
            level = rank_of_tick(ticks, order["tick"])
            order["book_index"] = -1
            if level >= 0:
                order["book_index"] = level * 2 + (1 - side) // 2
                own[order["book_index"]] = 1


@helper
def _leave_local(a, chain):
    """Let the rest of the local side's tape arrive, and count what the strategy has not cleared."""
    take_feed(a, a["l_until"])
    in_gap(a)
    leave_tape(a)
    if a["places_room"] > 0:
        fed_until(a)
    a["places_group"] = 0
    seen = trades_seen(a)
    uncleared = seen - a["trades_cleared"]
    if uncleared > 0:
        if a["trades_carried"] == 0:
            chain["carry_tape"] = chain["l_tape"]
            chain["carry_from"] = a["trades_cleared"]
            chain["gathered"] = 0
        a["trades_carried"] += uncleared
    a["trades_seen"] = 0
    a["trades_cleared"] = 0


@helper
def _next_local_tape(a):
    chain = chain_at(a["chain_addr"])
    blocks = chain["blocks_addr"]
    _leave_local(a, chain)
    chain["l_tape"] += 1
    tapes = chain_tapes_at(chain["tapes_addr"], chain["tapes"])
    t = tapes[chain["l_tape"]]
    anew = t["l_anew"] != 0
    offset = chain["offset"]
    if not anew:
        sync_book(a)
    old = i64_view(a["level_tick_addr"], a["levels"])
    old_book = i64_view(a["l_book_addr"], a["levels"] * 2)
    own_ticks = i64_view(t["level_tick_addr"], t["levels"])

    levels = t["levels"]
    ticks_addr = t["level_tick_addr"]
    if not anew:
        number = other(blocks, L_TICKS, a["level_tick_addr"])
        ticks_addr = room(blocks, number, (levels + a["levels"]) * 8)
        levels = join_levels(old, old_book, old_book, own_ticks, i64_view(ticks_addr, levels + a["levels"]))
    ticks = i64_view(ticks_addr, levels)
    book_addr = room(blocks, other(blocks, L_BOOK, a["l_book_addr"]), levels * 16)
    book = i64_view(book_addr, levels * 2)
    if anew:
        for i in range(levels * 2):
            book[i] = 0
        a["bid"] = -1
        a["ask"] = -1
    else:
        carry_book(old, old_book, ticks, book)
        a["bid"] = _level_of(old, a["bid"], ticks)
        a["ask"] = _level_of(old, a["ask"], ticks)
    a["l_book_addr"] = book_addr
    if t["l_suspect"] != 0:
        a["in_gap"] = 1

    a["l_rows"] = t["l_rows"]
    a["l_groups"] = t["l_groups"]
    a["l_stops"] = t["l_stops"]
    a["l_bests"] = t["l_bests"]
    a["l_code_addr"] = t["l_code_addr"]
    a["l_qty_addr"] = t["l_qty_addr"]
    a["l_ts_addr"] = t["l_ts_addr"]
    a["l_exch_ts_addr"] = t["l_exch_ts_addr"]
    a["l_end_addr"] = t["l_end_addr"]
    a["l_best_addr"] = t["l_best_addr"]
    a["l_stops_addr"] = t["l_stops_addr"]
    a["levels"] = levels
    a["level_tick_addr"] = ticks_addr
    a["overflow_addr"] = t["overflow_addr"]
    a["overflow_len"] = t["overflow_len"]
    a["trades_addr"] = t["trades_addr"]
    a["trades_len"] = t["trades_len"]
    if not anew:
        if levels != t["levels"]:
            code_addr = room(blocks, L_CODE, t["l_rows"] * 4)
            ranks = i32_view(room(blocks, SCRATCH, t["levels"] * 4), t["levels"])
            code = i32_view(t["l_code_addr"], t["l_rows"])
            carry_codes(own_ticks, ticks, code, ranks, i32_view(code_addr, t["l_rows"]))
            a["l_code_addr"] = code_addr
        replayed = i64_view(room(blocks, SCRATCH, levels * 16), levels * 2)
        for i in range(levels * 2):
            replayed[i] = book[i]
        top = np.empty(TOP_SIZE, np.int64)
        top_of(book, a["bid"], a["ask"], top)
        a["l_bests"] = local_bests(
            replayed,
            top,
            ticks,
            i32_view(a["l_code_addr"], t["l_rows"]),
            i32_view(t["l_qty_addr"], t["l_rows"]),
            i64_view(t["overflow_addr"], t["overflow_len"]),
            i64_view(t["l_ts_addr"], t["l_groups"]),
            i32_view(t["l_end_addr"], t["l_groups"]),
            stops_at(t["l_stops_addr"], t["l_stops"]),
            blocks,
            L_BESTS,
        )
        a["l_best_addr"] = blocks_at(blocks, BLOCKS)[L_BESTS]["addr"]
    if offset != 0:
        _move_times(a, blocks, offset)
    a["l_best"] = 0
    a["l_group"] = 0
    a["l_group_ts"] = a["feed_ts"]
    a["l_row"] = 0
    a["l_stop"] = 0
    a["l_gap_stop"] = 0
    a["l_until"] = NO_TIME
    if chain["l_tape"] + 1 < chain["tapes"]:
        a["l_until"] = later(tapes[chain["l_tape"] + 1]["l_first_ts"], offset) - 1


@helper
def _move_times(a, blocks, offset):
    """Copies of the current tape's local times, moved to another location."""
    groups = a["l_groups"]
    source = i64_view(a["l_ts_addr"], groups)
    a["l_ts_addr"] = room(blocks, L_TS, groups * 8)
    target = i64_view(a["l_ts_addr"], groups)
    for i in range(groups):
        target[i] = source[i] + offset
    stops = stops_at(a["l_stops_addr"], a["l_stops"])
    a["l_stops_addr"] = room(blocks, L_STOPS, a["l_stops"] * _STOP_ROW)
    moved = stops_at(a["l_stops_addr"], a["l_stops"])
    for i in range(len(stops)):
        moved[i] = stops[i]
        moved[i]["ts"] += offset
    bests = bests_at(a["l_best_addr"], a["l_bests"])
    a["l_best_addr"] = room(blocks, L_BESTS, a["l_bests"] * _BEST_ROW)
    changes = bests_at(a["l_best_addr"], a["l_bests"])
    for i in range(len(bests)):
        changes[i] = bests[i]
        changes[i]["ts"] += offset
    trades = trades_at(a["trades_addr"], a["trades_len"])
    a["trades_addr"] = room(blocks, L_TRADES, a["trades_len"] * _EVENT_ROW)
    later_trades = trades_at(a["trades_addr"], a["trades_len"])
    for i in range(len(trades)):
        later_trades[i] = trades[i]
        later_trades[i]["local_ts"] += offset


def _next_tape(address, side):
    try:
        if side == EXCHANGE_SIDE:
            _next_exchange_tape(asset_at(address))
        else:
            _next_local_tape(asset_at(address))
        return OK
    except Exception:
        return BROKEN


next_tape_entry = Callback(_next_tape, NEXT_TAPE)


@helper
def _gather(a):
    """Put the market trades of several tapes side by side: those not cleared, in the order of arrival."""
    chain = chain_at(a["chain_addr"])
    block = blocks_at(chain["blocks_addr"], BLOCKS)[GATHERED]
    wanted = a["trades_carried"] + trades_seen(a) - a["trades_cleared"]
    if wanted * _EVENT_ROW > block["size"]:
        size = max(2 * wanted, 64) * _EVENT_ROW
        address = reallocate(0, size)
        if address == 0:
            raise MemoryError
        if block["addr"] != 0:
            keep_block(a, block["addr"])  # a strategy may still look at it
        block["addr"] = address
        block["size"] = size
        chain["gathered"] = 0
    rows = trades_at(block["addr"], wanted)
    tapes = chain_tapes_at(chain["tapes_addr"], chain["tapes"])
    number = chain["carry_tape"]
    first = chain["carry_from"]
    at = np.int64(0)
    while at < wanted:
        trades = trades_at(tapes[number]["trades_addr"], tapes[number]["trades_len"])
        count = min(len(trades) - first, wanted - at)
        for i in range(max(chain["gathered"] - at, 0), count):
            rows[at + i] = trades[first + i]
            rows[at + i]["local_ts"] += chain["offset"]
        at += count
        number += 1
        first = np.int64(0)
    chain["gathered"] = wanted
    return block["addr"]


def _gather_trades(address):
    try:
        return np.int64(_gather(asset_at(address)))
    except Exception:
        return np.int64(0)


gather_trades = Callback(_gather_trades, ON_RUN)
