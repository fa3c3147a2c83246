"""Where HftBacktest 2.4.4 is wrong or truefill means to differ: by name, and how comparisons step around it.

The letters are those of the list of proven faults in the project's reference on HftBacktest.

========  =============================================================  ====================================
fault     what HftBacktest does                                          here
========  =============================================================  ====================================
A         partial fills, and all but the last part of a sweep, are       with ``PartialFillExchange`` totals
          not in position and balance                                    compare up to the first (`LOSING`)
B         an order that a trade fills exactly stays, and ends the run    ends the comparison (`touched`)
          when it is met again (``PartialFillExchange``)
E         takers never consume the book; a trade is given to every own   so do the two models that follow it;
          order                                                          ``fifo`` is proved against the twin
rest      what a crossing GTC cannot take is filled at its limit         ends the comparison (`touched`)
status    a partly filled order that is modified in place stays           ends the comparison (`touched`)
          PARTIALLY_FILLED with ``PartialFillExchange``; here it is NEW
sweep     a market order sweeps 100 ticks (to sell 101), FOK or not      ends the comparison (`touched`)
C         cancelling or modifying a FILLED order credits it again        not sent (`avoid`)
D         a modify executes the old open quantity; a refused one         modifies keep the open quantity or
          leaves its price and quantity in the local order               shrink it in place (`avoid`); others
                                                                         end the comparison (`touched`)
F         a market order on an empty side fills at 2^63 ticks            ends the comparison (`touched`)
G         a clear up to a price skips one level when it looks for the    streams have whole clears only; the
          next best price; a scan for the next best price stops at a     rest ends the comparison (`touched`)
          bound that is forgotten when a side runs empty
H, N      order_latency gives a cancel the submit's time, is             not compared (`IGNORED`)
          overwritten by passive fills, and depends on a hash seed
J         NaN in the queue models sends the order to the back            ends the comparison (`touched`)
K         arrays that Python has freed are read on                       the adapter keeps the arrays
L         no clock before the first step; long times overflow            scripts step first, times are short
M         ``Order.tick_size`` is the price tick                          the adapter reads the stored field
half      exactly half a lot past an order rounds either way, by the     ends the comparison (`touched`)
          rounding error of float quantities; truefill counts lots
inside    on single orders, an own order better than the market's best    ends the comparison (`touched`)
          price is not filled when an order behind it is hit
clear     on single orders, a clear expires own orders                    ends the comparison (`touched`)
taker     on single orders, a resting order that is modified to cross,  such fills are left out of the
          and named in a fill, is taken for hit at its old place        recording; not in random streams
crossed   on single orders, one that grows at a crossed price is no      ends the comparison (`touched`)
          news of that price
modify    on single orders, a modify to a marketable price rests crossed  ends the comparison (`touched`)
underway  the report of a partial fill makes an order look free while    ends the comparison (`touched`)
          a request of it is under way, and shows it as it was before
arrays    of a list of arrays it waits for ever when one side is through     lists are of files
          with an array before the other begins with it; files are fine
ids       a refused cancel expires a new order of the same id sent at    an order with a request under way is
          the same time                                                  not cleared (`avoid`)
========  =============================================================  ====================================
"""

from dataclasses import replace
from typing import Any

from tests.differential import scripts
from tests.differential.scripts import Action
from truefill.core.records import CANCELED, EXPIRED, FILLED, NONE

# Not compared: H and N; and what only truefill has.
IGNORED = {
    "order_latency",
    "gap",
    "fills",
    "filled_qty",
    "queue_ahead",
    "price",
    "exec_price",
    "tick_size",
    "reason",
}

# The twin notes in ``touched`` when a run comes to one of these; from there on nothing is compared.
ENDING = frozenset(
    {
        "C",
        "D",
        "F",
        "G",
        "J",
        "half",
        "B",
        "rest",
        "sweep",
        "status",
        "inside",
        "clear",
        "marketable modify",
        "crossed modify",
        "underway",
    }
)
# From here on its totals are wrong, and its orders still right.
LOSING = ENDING | {"A"}
# What those totals are.
TOTALS = {"state", "position"}

OVER = (CANCELED, EXPIRED, FILLED)


def avoid(action: Action, bot: Any) -> Action | None:
    """The action, or one like it, or none, so that HftBacktest's faults C and D do not show."""
    if action.kind == scripts.CLEAR_ORDERS:
        assets = range(bot.num_assets) if action.asset < 0 else [action.asset]
        busy = any(o["status"] in OVER and o["req"] != NONE for a in assets for o in bot.orders(a))
        return None if busy else action
    if action.kind not in (scripts.CANCEL, scripts.MODIFY):
        return action
    order = next((o for o in bot.orders(action.asset) if o["order_id"] == action.order_id), None)
    if order is None:
        return action
    if order["status"] == FILLED:
        return None
    if action.kind == scripts.MODIFY:
        return _harmless_modify(action, order, bot.depth(action.asset).lot_size)
    return action


def _harmless_modify(action: Action, order: dict[str, Any], lot_size: float) -> Action | None:
    if order["status"] in OVER:
        return None
    leaves = round(order["leaves_qty"] / lot_size)
    if action.tick != order["price_tick"]:
        return replace(action, lots=leaves)
    return replace(action, lots=min(action.lots, leaves))
