"""Reports of the position as messages of their own, as from an account stream beside the order stream.

Each execution is told twice then: to its order, by the order's report, and to the ledger, by this one. They
wait in a line of their own. Without a latency for them, the ledger goes with the order's report. Both
functions are called by address and compiled only for runs that have such reports.
"""

from truefill.backtest.arguments import BROKEN
from truefill.backtest.memory import grown
from truefill.backtest.models.latency import message_latency
from truefill.backtest.overtaking import place_by_time
from truefill.backtest.records import POSITION_NEWS, POSITION_REPORT, asset_at, positions_at, run_at
from truefill.backtest.seams import HEAR_POSITIONS, TELL_POSITION
from truefill.core.events import NO_TIME
from truefill.core.jit import Callback
from truefill.core.records import OK

_ROW = POSITION_NEWS.itemsize


def _tell_position(
    address: int, asset_address: int, signed_lots: int, value: float, fee: float, timestamp: int
) -> int:
    """Put the news of an execution of `signed_lots` (negative: sold) on its way to the ledger."""
    try:
        run = run_at(address)
        a = asset_at(asset_address)
        if a["positions_count"] == a["positions_room"]:
            a["positions_addr"], a["positions_room"] = grown(a["positions_addr"], a["positions_room"], _ROW)
        latency = max(message_latency(run, a, POSITION_REPORT, timestamp), 0)
        arrival = timestamp + min(latency, NO_TIME - timestamp)
        rows = positions_at(a["positions_addr"], a["positions_room"])
        at = a["positions_count"]
        if a["overtaking"] != 0:
            at = place_by_time(rows, a["positions_head"], at, arrival)
        elif at > a["positions_head"]:
            arrival = max(arrival, rows[at - 1]["ts"])
        a["positions_count"] += 1
        news = rows[at]
        news["ts"] = arrival
        news["lots"] = signed_lots
        news["value"] = value
        news["fee"] = fee
        return OK
    except Exception:
        return BROKEN


tell_position_entry = Callback(_tell_position, TELL_POSITION)


def _hear_positions(asset_address: int, horizon: int) -> int:
    """Let the ledger take in what has arrived by `horizon`."""
    try:
        a = asset_at(asset_address)
        rows = positions_at(a["positions_addr"], a["positions_room"])
        while a["positions_head"] < a["positions_count"]:
            news = rows[a["positions_head"]]
            if news["ts"] > horizon:
                return OK
            a["positions_head"] += 1
            lots = news["lots"]
            side = 1 if lots > 0 else -1
            a["position_lots"] += lots
            a["volume_lots"] += lots * side
            a["balance"] -= news["value"] * side
            a["fee"] += news["fee"]
            a["num_trades"] += 1
            a["trading_value"] += news["value"]
        a["positions_head"] = 0
        a["positions_count"] = 0
        return OK
    except Exception:
        return BROKEN


hear_positions_entry = Callback(_hear_positions, HEAR_POSITIONS)
