"""Do a tape's indices stay inside? Compiled readers trust every one of them, so this is asked at the gate.

A tape written by this program has no such fault; a file that somebody altered may. The check reads each
index column once, which is far less than a run does with it.
"""

from typing import TYPE_CHECKING

import numpy as np

from truefill.core.errors import TapeError
from truefill.core.tape_records import STOP_FILL, STOP_TRADE

if TYPE_CHECKING:
    from truefill.tape.tape import Tape


_PIECE = 1 << 15


def structure_faults(tape: "Tape") -> list[str]:
    """Indices that lead outside, and orders that are none; empty when all is well."""
    levels = len(tape.level_tick)
    bad: list[str] = []

    def within(name: str, values: np.ndarray, low: int, high: int) -> None:
        if len(values) and (values.min() < low or values.max() >= high):
            bad.append(f"{name} outside {low}..{high - 1}")

    def rising(
        name: str, values: np.ndarray, low: int | None = None, high: int = 0, strictly: bool = False
    ) -> None:
        """Ascending, and with `low` also in [low, high), which the ends then tell."""
        # in pieces: memory for a result of millions costs three times the comparison
        for start in range(0, len(values) - 1, _PIECE):
            later, earlier = values[start + 1 : start + 1 + _PIECE], values[start : start + _PIECE]
            wrong = later <= earlier[: len(later)] if strictly else later < earlier[: len(later)]
            if wrong.any():
                bad.append(f"{name} not ascending at {start + int(np.argmax(wrong)) + 1}")
                return
        if low is not None:
            within(name, np.concatenate([values[:1], values[-1:]]), low, high)

    rising("level_tick", tape.level_tick, strictly=True)
    seen: set[int] = set()  # columns that both views share are checked once
    for view_name in ("exch", "local"):
        # not `tape.view`, which works out columns that a run has no use for
        code, qty, group_ts, group_end, stop = (
            tape.section(f"{view_name}.{name}") for name in ("code", "qty", "group_ts", "group_end", "stops")
        )
        rows, stops, groups = len(code), len(stop), len(group_ts)
        if len(group_end) != groups or len(qty) != rows:
            bad.append(f"{view_name}: columns of different lengths")
            continue
        rising(f"{view_name}.group_ts", group_ts, strictly=True)
        rising(f"{view_name}.stops ts", stop["ts"])
        rising(f"{view_name}.stops row", stop["row"], 0, rows + 1)
        rising(f"{view_name}.group_end", group_end, 0, rows + 1)
        for name, column, low, high in (
            ("code", code, 0, 2 * levels),
            ("qty", qty, -len(tape.overflow), 1 << 31),
        ):
            place = column.__array_interface__["data"][0]
            if place not in seen:
                within(f"{view_name}.{name}", column, low, high)
            if len(column):
                seen.add(place)
        for side in ("bid", "ask"):
            within(f"{view_name}.stops {side}", stop[side], -1, levels)
        within(f"{view_name}.stops side", stop["side"], -1, 2)
        past = int(np.searchsorted(stop["ts"], group_ts[-1], side="right")) if groups else 0
        ends = (int(group_end[-1]), past) if groups else (0, 0)
        if ends != (rows, stops):
            bad.append(f"{view_name}: groups end at {ends}, not at {(rows, stops)}")
    exch_stops, exch_rows = tape.section("exch.stops"), len(tape.section("exch.code"))
    arg, kind = exch_stops["arg"], exch_stops["kind"]
    within("exch.stops arg", arg[kind == STOP_TRADE], -1, len(tape.trades))
    places = tape.section("exch.prio")
    if len(places) != (exch_rows if tape.by_order else 0):
        bad.append("exch.prio has not one place for each row")
    elif (places < 0).any() or (places > np.arange(len(places))).any():
        bad.append("exch.prio outside the rows before its own")
    within("exch.stops arg", arg[kind == STOP_FILL], -1, len(places) + 1)
    rising("trades local_ts", tape.trades["local_ts"])
    best = tape.section("local.best")
    rising("local.best ts", best["ts"], strictly=True)
    for side in ("bid", "ask"):
        within(f"local.best {side}", best[side], -1, levels)
    custom = tape.stored("custom")
    rising("custom group", custom["group"], 0, len(tape.section("local.group_ts")))
    rising("custom_more row", tape.section("custom_more")["row"], 0, len(custom), strictly=True)
    for name, rows in (("custom_runs", len(custom)), ("local.exch_runs", len(tape.section("local.code")))):
        runs = tape.section(name)
        rising(f"{name} row", runs["row"], 0, rows, strictly=True)
    if len(tape.section("local.group_exch_ts")) != len(tape.section("local.group_ts")):
        bad.append("local.group_exch_ts has not one row for each group")
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
