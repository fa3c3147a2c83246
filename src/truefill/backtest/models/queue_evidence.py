"""`EvidenceQueue`: what is proved about an order's place goes before what is estimated.

docs/queue-models.md has the rules and their reasons. Everything here happens at stops and rows that the
replay looks at for every model: its own level's rows, trades at its price or beyond, changes of a best price.
"""

from truefill.backtest.models.queue_probability import probability_behind
from truefill.backtest.records import resting_at
from truefill.backtest.resting import ranks_of
from truefill.core.address import i64_view
from truefill.core.jit import helper


@helper
def _stand_first(order):
    """Nothing is in front, and nothing that comes to be known later can change that."""
    order["front"] = 0.0
    order["traded"] = 0.0
    order["gone"] = 0.0
    order["moved"] = 0.0


@helper
def _alone(a, order):
    """Whether the feed's best price of the order's side is worse than the order's."""
    side = order["side"]
    best = a["x_bid"] if side > 0 else a["x_ask"]
    return best < 0 or side * (order["tick"] - i64_view(a["x_level_tick_addr"], a["x_levels"])[best]) > 0


@helper
def evidence_new_order(a, order):
    """An order comes to rest; a level beyond the best price is a left-over of the feed, not a queue."""
    order["gone"] = 0.0
    order["moved"] = 0.0
    order["traded_ts"] = order["entry_ts"]
    order["gone_ts"] = order["entry_ts"]
    order["row_since"] = 1
    if order["entry_ts"] != a["queue_clear_ts"] and _alone(a, order):
        order["front"] = 0.0


@helper
def evidence_trade(a, order, qty, timestamp):
    """A trade at its price: first it explains decreases that came before it, then those to come."""
    explained = 0.0
    if order["gone"] > 0.0 and timestamp - order["gone_ts"] <= a["queue_late_ns"]:
        explained = min(float(qty), order["gone"])
        moved_back = order["moved"] * (explained / order["gone"])
        order["front"] += moved_back
        order["moved"] -= moved_back
        order["gone"] -= explained
    order["front"] -= qty
    order["traded"] += qty - explained
    order["traded_ts"] = timestamp
    order["row_since"] = 0
    if order["front"] <= 0.0:  # everything that was in front has traded
        order["gone"] = 0.0
        order["moved"] = 0.0


@helper
def evidence_depth(a, order, previous, new, timestamp):
    """Its level changed: what trades explain is theirs, the rest of a decrease is split by probability."""
    late = a["queue_late_ns"]
    if order["row_since"] != 0 and timestamp - order["traded_ts"] > late:
        order["traded"] = 0.0
    order["row_since"] = 1
    front = order["front"]
    explained = min(order["traded"], max(float(previous - new), 0.0))
    order["traded"] -= explained
    change = previous - new - explained
    if change <= 0.0:
        order["front"] = min(front, float(new))
        return
    behind = max(previous - explained - front, 0.0)
    p = probability_behind(a, max(front, 0.0), behind)
    estimate = front - (1.0 - p) * change + min(behind - p * change, 0.0)
    after = max(min(estimate, float(new)), 0.0)
    if timestamp - order["gone_ts"] > late:
        order["gone"] = 0.0
        order["moved"] = 0.0
    order["gone"] += change
    order["moved"] += front - after
    order["gone_ts"] = timestamp
    order["front"] = after


@helper
def evidence_through(order):
    """A trade went past its price: whoever stood in front of it would have had to be served first."""
    _stand_first(order)


@helper
def evidence_best(a, timestamp):
    """A best price changed: an order that is better than the best of its side has nobody in front."""
    if timestamp == a["queue_clear_ts"]:
        return
    orders = resting_at(a["resting_addr"], a["resting_room"])
    for side in (1, -1):
        ranks = ranks_of(a, side)
        for i in range(len(ranks)):
            if not _alone(a, orders[ranks[i]]):
                break
            _stand_first(orders[ranks[i]])
