"""Fill rules of the user's: how many lots a resting order gets of a trade, or of a book that crosses it.

The engine finds the orders that an event reaches, best price first, then time; keeps the queue model in step;
asks the user for each order; and carries out what is answered. Takers follow `taking`, as under the model
that the user's one is based on.
"""

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.fill_rules import fill_resting, open_lots
from truefill.backtest.models.exchanges import CROSSED, SIGNATURE, TRADED
from truefill.backtest.models.queue import queue_excess, queue_through, queue_trade
from truefill.backtest.models.user import fail
from truefill.backtest.records import EXCHANGE_MODEL, asset_at, fill_chance_at, resting_at, run_at
from truefill.backtest.resting import ranks_of
from truefill.backtest.seams import FILL_BY_USER
from truefill.backtest.table import asset_address
from truefill.backtest.taking import uses_up
from truefill.core.address import caller, i64_view
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.jit import Callback, helper
from truefill.core.records import OK

_call = caller(SIGNATURE)


@helper
def _ask(run, a, event, order, timestamp):
    """Lots that the order gets, by the user's function; what the event is stands in the record already."""
    chance = fill_chance_at(a["chance_addr"], 1)[0]
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    chance["event"] = event
    chance["timestamp"] = timestamp
    chance["order_id"] = order["order_id"]
    chance["side"] = order["side"]
    chance["tick"] = order["tick"]
    chance["qty"] = order["qty"]
    chance["leaves"] = order["leaves"]
    chance["filled"] = order["filled"]
    chance["entry_ts"] = order["entry_ts"]
    chance["front"] = order["front"]
    chance["front_at_entry"] = order["ahead"]
    chance["level_qty"] = 0
    if order["book_index"] >= 0:
        chance["level_qty"] = i64_view(a["x_book_addr"], a["x_levels"] * 2)[order["book_index"]]
    chance["bid_tick"] = ticks[a["x_bid"]] if a["x_bid"] >= 0 else NO_BID_TICK
    chance["ask_tick"] = ticks[a["x_ask"]] if a["x_ask"] >= 0 else NO_ASK_TICK
    if _call(a["exchange_call"], (asset_address(run, a), event)) != 0:
        fail(run, a, EXCHANGE_MODEL, event, timestamp, 0.0, 0.0, 0.0, 0.0)
        return np.int64(0)
    return a["model_out_i"]


@helper
def _by_trade(run, a, aggressor, tick, lots, timestamp):
    """A trade of `lots` at `tick` meets the own orders opposite."""
    side = -aggressor
    chance = fill_chance_at(a["chance_addr"], 1)[0]
    chance["trade_tick"] = tick
    chance["trade_qty"] = lots
    chance["opposite_qty"] = 0
    used = np.int64(0)
    newest = a["arrivals"]
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if order["arrival"] > newest:  # an iceberg's next tip
            position += 1
            continue
        through = aggressor * (tick - order["tick"])
        if through < 0:
            break
        chance["through"] = through
        chance["given"] = used
        chance["reached"] = lots
        if through > 0:
            queue_through(run, a, slot, lots, timestamp)
        if through == 0:
            queue_trade(run, a, slot, lots, timestamp)
            chance["reached"] = min(queue_excess(a, slot), lots)
        if run["error"] != 0:
            break
        got = _ask(run, a, TRADED, order, timestamp)
        if run["error"] != 0:
            break
        got = min(got, open_lots(a, order, through == 0))
        used += got
        if got > 0 and fill_resting(run, a, side, position, got, timestamp):
            continue
        position += 1


@helper
def _shown(a, opposite, level, limit):
    """Lots of side `opposite` in the book from `level` to the price `limit`."""
    ticks = i64_view(a["x_level_tick_addr"], a["x_levels"])
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    total = np.int64(0)
    while 0 <= level < a["x_levels"] and opposite * (ticks[level] - limit) >= 0:
        total += max(book[level * 2 + (1 - opposite) // 2], 0)
        level -= opposite
    return total


@helper
def _use_up(a, opposite, level, lots):
    """Take `lots` out of the book of side `opposite`, from `level` outward."""
    book = i64_view(a["x_book_addr"], a["x_levels"] * 2)
    while lots > 0 and 0 <= level < a["x_levels"]:
        index = level * 2 + (1 - opposite) // 2
        taken = min(max(book[index], 0), lots)
        book[index] -= taken
        lots -= taken
        level -= opposite


@helper
def _by_crossing(run, a, opposite, level, timestamp):
    """The market's best price of side `opposite` moved to `level`, onto own orders."""
    side = -opposite
    best = i64_view(a["x_level_tick_addr"], a["x_levels"])[level]
    chance = fill_chance_at(a["chance_addr"], 1)[0]
    chance["trade_tick"] = 0
    chance["trade_qty"] = 0
    chance["reached"] = 0
    used = np.int64(0)
    newest = a["arrivals"]
    position = 0
    while position < len(ranks_of(a, side)):
        slot = np.int64(ranks_of(a, side)[position])
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        if order["arrival"] > newest:  # an iceberg's next tip
            position += 1
            continue
        through = opposite * (best - order["tick"])
        if through < 0:
            break
        shown = _shown(a, opposite, level, order["tick"])
        chance["through"] = through
        chance["given"] = used
        chance["opposite_qty"] = shown
        got = _ask(run, a, CROSSED, order, timestamp)
        if run["error"] != 0:
            break
        got = min(got, open_lots(a, order, False))
        used += got
        if uses_up(a):
            _use_up(a, opposite, level, min(got, shown))
        if got > 0 and fill_resting(run, a, side, position, got, timestamp):
            continue
        position += 1


def _fill_by_user(address, asset_address, event, direction, where, lots, timestamp):
    try:
        run = run_at(address)
        a = asset_at(asset_address)
        if event == TRADED:
            _by_trade(run, a, direction, where, lots, timestamp)
        else:
            _by_crossing(run, a, direction, where, timestamp)
        return OK
    except Exception:
        return BROKEN


fill_by_user = Callback(_fill_by_user, FILL_BY_USER)
