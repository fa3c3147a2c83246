"""Do a tape's indices stay inside? Compiled readers trust every one of them, so this is asked at the gate.

A tape written by this program has no such fault; a file that somebody altered may. The check reads each
index column once, which is far less than a run does with it.
"""

from typing import TYPE_CHECKING

import numpy as np

from truefill.core.errors import TapeError
from truefill.core.tape_records import STOP_TRADE

if TYPE_CHECKING:
    from truefill.tape.tape import Tape


def structure_faults(tape: "Tape") -> list[str]:
    """Indices that lead outside, and orders that are none; empty when all is well."""
    levels = len(tape.level_tick)
    bad: list[str] = []

    def within(name: str, values: np.ndarray, low: int, high: int) -> None:
        if len(values) and (values.min() < low or values.max() >= high):
            bad.append(f"{name} outside {low}..{high - 1}")

    def rising(name: str, values: np.ndarray, strictly: bool = False) -> None:
        later, earlier = values[1:], values[:-1]
        wrong = later <= earlier if strictly else later < earlier
        if wrong.any():
            bad.append(f"{name} not ascending at {int(np.argmax(wrong)) + 1}")

    rising("level_tick", tape.level_tick, strictly=True)
    for view_name in ("exch", "local"):
        view = tape.view(view_name)
        rows, stops, groups = len(view.code), len(view.stops), len(view.group_ts)
        lengths = {
            len(column) for column in (view.group_end, view.group_stop, view.group_bid, view.group_ask)
        }
        if lengths != {groups} or len(view.qty) != rows:
            bad.append(f"{view_name}: columns of different lengths")
            continue
        rising(f"{view_name}.group_ts", view.group_ts, strictly=True)
        rising(f"{view_name}.stops ts", view.stops["ts"])
        rising(f"{view_name}.stops row", view.stops["row"])
        rising(f"{view_name}.group_end", view.group_end)
        rising(f"{view_name}.group_stop", view.group_stop)
        within(f"{view_name}.code", view.code, 0, 2 * levels)
        within(f"{view_name}.qty", view.qty, -len(tape.overflow), 1 << 31)
        within(f"{view_name}.group_end", view.group_end, 0, rows + 1)
        within(f"{view_name}.group_stop", view.group_stop, 0, stops + 1)
        within(f"{view_name}.stops row", view.stops["row"], 0, rows + 1)
        for side in ("bid", "ask"):
            within(f"{view_name}.group_{side}", getattr(view, f"group_{side}"), -1, levels)
            within(f"{view_name}.stops {side}", view.stops[side], -1, levels)
        ends = (int(view.group_end[-1]), int(view.group_stop[-1])) if groups else (0, 0)
        if ends != (rows, stops):
            bad.append(f"{view_name}: groups end at {ends}, not at {(rows, stops)}")
    trade_stops = tape.exch.stops[tape.exch.stops["kind"] == STOP_TRADE]
    within("exch.stops arg", trade_stops["arg"], -1, len(tape.trades))
    arrived = tape.section("local.group_trade")
    rising("local.group_trade", arrived)
    within("local.group_trade", arrived, 0, len(tape.trades) + 1)
    for name in ("local.group_exch_ts", "local.group_trade"):
        if len(tape.section(name)) != len(tape.local.group_ts):
            bad.append(f"{name} has not one row for each group")
    return bad


def require_structure(tape: "Tape") -> None:
    """Raise TapeError when an index of the tape leads outside.

    Raises
    ------
    TapeError
        With the first fault; `tape check` lists all.
    """
    faults = structure_faults(tape)
    if faults:
        wanted = "a tape as it was written (truefill tape check tells more)"
        raise TapeError(wanted, "; ".join(faults[:3]), tape.path or tape.symbol)
