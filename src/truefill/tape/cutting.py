"""A stretch of a tape as a tape of its own, which begins with the book as it was."""

import os
from decimal import Decimal

import msgspec
import numpy as np

from truefill.core.errors import TapeError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    GAP_BEGIN,
    LOCAL,
    SELL,
)
from truefill.core.l2book import TOP_ASK, TOP_BID
from truefill.core.tape_records import STOP_CLEAR
from truefill.tape.builder import build_tape
from truefill.tape.format import TapeHeader
from truefill.tape.kinds import count_kinds
from truefill.tape.replay import book_before
from truefill.tape.settle import settling
from truefill.tape.snapshots import in_units
from truefill.tape.splice import Part, splice
from truefill.tape.stream import first_from, local_pieces
from truefill.tape.tape import Tape

_FLAGS = {"exch": EXCH, "local": LOCAL}


def cut(
    tape: Tape,
    begin: int | None = None,
    end: int | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Tape:
    """Take what happened from `begin` to `end`.

    Each side's view is cut by its own clock: the exchange's at what had happened there by then, the local one
    at what had arrived. The piece begins with both books, one nanosecond before `begin`; pieces that follow
    each other make the whole again (`truefill.tape.join`). A trade that happened before a cut and arrived
    behind it is in both pieces, in each for one side.

    Parameters
    ----------
    tape : Tape
        Of levels or of single orders (of these, memory grows with the rows before `begin`).
    begin, end : int, optional
        Times, ns UTC; the end is exclusive. None: the tape's own.
    path : path, optional
        The file to write; else the piece is in memory.

    Raises
    ------
    TapeError
        Nothing lies between, or the file cannot be written.
    """
    tape.require_sound()
    times = {view: tape.section(f"{view}.group_ts") for view in _FLAGS}
    groups = {
        view: (
            0 if begin is None else first_from(ts, begin),
            len(ts) if end is None else first_from(ts, end),
        )
        for view, ts in times.items()
    }
    if all(low >= high for low, high in groups.values()):
        raise TapeError(
            f"a time from {tape.header.first_ts} to {tape.header.last_ts}",
            f"{'the beginning' if begin is None else begin} to {'the end' if end is None else end}: "
            "nothing lies between",
            tape.path or tape.symbol,
        )
    groups = {view: (low, max(low, high)) for view, (low, high) in groups.items()}
    places = open_places(tape, groups["exch"][0]) if tape.by_order else None
    # an order's place becomes its rank among those that are open
    older = None if places is None else np.searchsorted(places[0], np.arange(_row(tape, groups["exch"][0])))
    piece = Part(tape, groups["exch"], groups["local"], None if older is None else older.astype(np.int32))
    parts = [piece]
    if begin is not None:
        book = _book(tape, groups, begin - 1, places)
        if len(book):
            header = tape.header
            start = build_tape(book, symbol=tape.symbol, tick_size=header.tick_size, lot_size=header.lot_size)
            parts.insert(0, Part(start, (0, _groups(start, "exch")), (0, _groups(start, "local"))))
    return splice(parts, _header(tape, parts, begin), path)


def _row(tape: Tape, group: int) -> int:
    """Rows before a group of the exchange's view."""
    return int(tape.section("exch.group_end")[group - 1]) if group else 0


def _groups(tape: Tape, view: str) -> int:
    return len(tape.section(f"{view}.group_ts"))


def _header(tape: Tape, parts: list[Part], begin: int | None) -> TapeHeader:
    """The tape's header, with counts of what the piece has."""
    counts = np.zeros(256, np.int64)
    for part in parts:
        for rows in local_pieces(part.tape, groups=part.local):
            counts += np.bincount((rows["ev"] & np.uint64(0xFF)).astype(np.int64), minlength=256)
    return msgspec.structs.replace(
        tape.header,
        events=int(counts.sum()),
        counts=count_kinds(counts),
        disorder={},
        has_snapshot=bool(counts[DEPTH_SNAPSHOT]),
        book_at=begin - 1 if begin is not None and len(parts) > 1 else None,
    )


def _book(
    tape: Tape, groups: dict[str, tuple[int, int]], ts: int, places: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """Events of both books before the piece, and the gap that is open there; nothing if they are empty."""
    parts = []
    for view, flag in _FLAGS.items():
        if not groups[view][0]:
            continue
        if view == "exch" and places is not None:
            rows = _orders(tape, *places)
        else:
            rows = levels(tape, view, groups[view][0])
            if tape.by_order:  # the local view has no orders: one for each level stands for them
                rows["ev"] = rows["ev"] - np.uint64(DEPTH_SNAPSHOT) + np.uint64(ADD_ORDER)
                rows["order_id"] = np.arange(1, len(rows) + 1)
        clear = np.zeros(1, EVENT)
        clear["ev"] = DEPTH_CLEAR
        rows = np.concatenate(
            [clear, rows, settling(tape, rows, book_before(tape, view, groups[view][0])[1])]
        )
        if any(int(gap[f"begin_{view}"]) <= ts < int(gap[f"end_{view}"]) for gap in tape.gaps):
            gap = np.zeros(1, EVENT)
            gap["ev"] = GAP_BEGIN
            rows = np.concatenate([rows, gap])
        rows["ev"] |= np.uint64(flag)
        parts.append(rows)
    book = np.concatenate(parts) if parts else np.zeros(0, EVENT)
    book["exch_ts"] = book["local_ts"] = ts
    return book


def levels(tape: Tape, view: str, group: int) -> np.ndarray:
    """DEPTH_SNAPSHOT rows that make the book of a view before a group, as it stands and as it was crossed.

    Levels that a newer price has crossed come first: what comes behind crosses them again.
    """
    qty, top = book_before(tape, view, group)
    sides = []
    for side, flag, best in ((0, BUY, int(top[TOP_BID])), (1, SELL, int(top[TOP_ASK]))):
        held = np.flatnonzero(qty[side::2] > 0)
        held = held[::-1] if side == 0 else held
        if best < 0:
            crossed, rest = held, held[:0]
        else:
            crossed = held[held > best] if side == 0 else held[held < best]
            rest = held[held <= best] if side == 0 else held[held >= best]
        for chosen in (crossed, rest):
            rows = np.zeros(len(chosen), EVENT)
            rows["ev"] = DEPTH_SNAPSHOT | flag
            rows["px"] = in_units(tape.level_tick[chosen], tape.header.tick_size)
            rows["qty"] = in_units(qty[side::2][chosen], tape.header.lot_size)
            sides.append(rows)
    return np.concatenate([sides[0], sides[2], sides[1], sides[3]])


def open_places(tape: Tape, group: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of the orders that are open before a group of the exchange's view, and their lots."""
    rows = _row(tape, group)
    code = tape.section("exch.code")[:rows]
    lots = tape.lots("exch")[:rows]
    cleared = np.zeros(2 * len(tape.level_tick), np.int64)  # rows of a level below this were cleared
    stops = tape.section("exch.stops")
    for stop in stops[(stops["kind"] == STOP_CLEAR) & (stops["row"] <= rows)]:
        if group and int(stop["ts"]) > int(tape.section("exch.group_ts")[group - 1]):
            break
        tick, side = int(stop["tick"]), int(stop["side"])
        everything = tick in (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
        if side >= 0:
            cleared[0::2][(tape.level_tick >= tick) | everything | (side == 0)] = stop["row"]
        if side <= 0:
            cleared[1::2][(tape.level_tick <= tick) | everything | (side == 0)] = stop["row"]
    valid = np.flatnonzero(np.arange(rows) >= cleared[code])
    order = valid[np.argsort(code[valid], kind="stable")]
    change = np.diff(lots[order], prepend=0)
    begins = np.ones(len(order), bool)
    begins[1:] = code[order][1:] != code[order][:-1]
    change[begins] = lots[order][begins]
    open_lots = np.zeros(rows, np.int64)
    np.add.at(open_lots, tape.section("exch.prio")[order], change)
    places = np.flatnonzero(open_lots > 0)
    return places, open_lots[places]


def _orders(tape: Tape, places: np.ndarray, lots: np.ndarray) -> np.ndarray:
    """ADD_ORDER rows of open orders, in the order of their places."""
    code = tape.section("exch.code")[places]
    rows = np.zeros(len(places), EVENT)
    rows["ev"] = np.where(code & 1, ADD_ORDER | SELL, ADD_ORDER | BUY)
    rows["px"] = in_units(tape.level_tick[code >> 1], tape.header.tick_size)
    lot = Decimal(tape.header.lot_size)
    rows["qty"] = [float(int(n) * lot) for n in lots]
    rows["order_id"] = np.arange(1, len(rows) + 1)
    return rows
