"""Tapes of one instrument that follow each other, as one tape."""

import os
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from truefill.core.decimals import parse_decimal
from truefill.core.errors import TapeError
from truefill.core.events import BUY, EVENT, EXCH, GAP_BEGIN, GAP_END, KIND_MASK, LOCAL, NO_BID_TICK, SELL
from truefill.core.l2book import TOP_ASK, TOP_BID
from truefill.core.tape_records import STOP_CLEAR, STOP_TRADE
from truefill.core.times import utc
from truefill.tape.arrivals import arrivals
from truefill.tape.builder import TapeBuilder, build_tape
from truefill.tape.cutting import open_places
from truefill.tape.format import TapeHeader
from truefill.tape.kinds import count_kinds
from truefill.tape.replay import book_before, last_book
from truefill.tape.splice import Part, moved, splice, whole
from truefill.tape.stream import local_pieces
from truefill.tape.tape import Tape
from truefill.tape.windows import windows

LONGEST_PAUSE_NS = 60_000_000_000
_VIEWS = ("exch", "local")


def join(
    tapes: Sequence[Tape | str | os.PathLike[str]],
    path: str | os.PathLike[str] | None = None,
    *,
    gap_ns: int = LONGEST_PAUSE_NS,
) -> Tape:
    """Put tapes of one instrument one behind the other.

    A piece that was cut and begins with the very books with which the tape before it ends goes on where that
    one ended: what it begins with is left out, and the trades that the cut split are put together again.

    Parameters
    ----------
    tapes : sequence of Tape or path
        In order of time.
    path : path, optional
        The file to write; else the tape is in memory.
    gap_ns : int
        Where more time than this lies between the last event of one and the first of the next, there is a
        gap, up to the next snapshot.

    Raises
    ------
    TapeError
        Another instrument or other steps; single orders and levels; times that overlap.
    """
    opened = [tape if isinstance(tape, Tape) else Tape.open(tape) for tape in tapes]
    if not opened:
        raise TapeError("at least one tape", "none", "join")
    for tape in opened:
        tape.require_sound()
        _require_like(opened[0], tape)
    parts = [whole(opened[0])]
    notes: list[str] = []
    marks = 0
    anew = True  # each tape that does not go on begins with an empty book, as its best prices say
    start = base = 0  # the row of the last part that is its first here, and where that is
    for before, tape in pairwise(opened):
        part = whole(tape)
        if _goes_on(before, tape):
            begins = {view: int(_starts_with_book(tape, view)) for view in _VIEWS}
            part = part._replace(exch=(begins["exch"], part.exch[1]), local=(begins["local"], part.local[1]))
            if tape.by_order and begins["exch"]:
                # the places that the orders of the book in front have in the part before
                places, _ = open_places(before, len(before.section("exch.group_ts")))
                part = part._replace(older=moved(places, parts[-1].older, start, base))
        else:
            anew = anew and all(_begins_anew(tape, view) for view in _VIEWS)
            pause = _pause(before, tape)
            if pause > gap_ns:
                parts.append(whole(_gap(before, tape)))
                marks += 1
                notes.append(
                    f"gap of {pause / 1e9:,.3f} s before local time {utc(tape.header.first_ts or 0, 9)}"
                )
        base = sum(_rows(one) for one in parts)
        start = _rows(part._replace(exch=(0, part.exch[0])))
        parts.append(part)
    if not anew:
        return _built(parts, opened[0].header, notes, path)
    parts = _relink(parts)
    return splice(parts, _header(opened, [part for part in parts if part.tape in opened], notes, marks), path)


def _rows(part: Part) -> int:
    """Rows of a part in the exchange's view."""
    ends = part.tape.section("exch.group_end")
    begin, end = (int(ends[at - 1]) if at else 0 for at in part.exch)
    return end - begin


def _begins_anew(tape: Tape, view: str) -> bool:
    """Whether a view of a tape clears all of the book before anything else."""
    times, stops = tape.section(f"{view}.group_ts"), tape.section(f"{view}.stops")
    if not len(times):
        return True
    first = stops[(stops["row"] == 0) & (stops["ts"] == times[0]) & (stops["kind"] == STOP_CLEAR)]
    sides = set(first["side"][(first["side"] == 0) | (first["tick"] == NO_BID_TICK)].tolist())
    return 0 in sides or {1, -1} <= sides


def _built(
    parts: list[Part], header: TapeHeader, notes: list[str], path: str | os.PathLike[str] | None
) -> Tape:
    """Index the tapes anew: a book goes on in a tape whose own best prices know nothing of it."""
    if parts[0].tape.by_order:
        wanted = "tapes of single orders that begin with a clear, or with the book of the one before"
        raise TapeError(wanted, "one that does not", header.symbol)
    with TapeBuilder(
        path,
        symbol=header.symbol,
        venue=header.venue,
        tick_size=header.tick_size,
        lot_size=header.lot_size,
        source=list(dict.fromkeys(name for part in parts for name in part.tape.header.source)),
    ) as builder:
        own = [note for part in parts for note in part.tape.header.notes]
        builder.notes += dict.fromkeys([*own, *notes])
        last = dict.fromkeys(_VIEWS, 0)
        for part in parts:
            for view in _VIEWS:
                times = part.tape.section(f"{view}.group_ts")
                if len(times) and int(times[0]) < last[view]:
                    wanted = f"{view} times from {last[view]}, where the tape before ends"
                    raise TapeError(wanted, f"{int(times[0])} (overlap)", part.tape.path or header.symbol)
                last[view] = int(times[-1]) if len(times) else last[view]
            for window in windows(part.tape):
                builder.append(arrivals(window))
        return builder.finish()


def _require_like(first: Tape, tape: Tape) -> None:
    for name in ("symbol", "tick_size", "lot_size"):
        expected, got = getattr(first.header, name), getattr(tape.header, name)
        if expected != got:
            wanted = f"{name.replace('_', ' ')} {expected} as of {first.path or 'the first tape'}"
            raise TapeError(wanted, got, tape.path or tape.symbol)
    if first.by_order != tape.by_order:
        raise TapeError("tapes of single orders, or tapes of levels", "both", tape.path or tape.symbol)


def _starts_with_book(tape: Tape, view: str) -> bool:
    times = tape.section(f"{view}.group_ts")
    return bool(len(times)) and tape.header.book_at is not None and int(times[0]) == tape.header.book_at


def _goes_on(before: Tape, tape: Tape) -> bool:
    """Whether a tape is a piece that begins with the books with which the tape before it ends."""
    if tape.header.book_at is None:
        return False
    for view in _VIEWS:
        (qty, top), (qty2, top2) = (
            last_book(before, view),
            book_before(tape, view, int(_starts_with_book(tape, view))),
        )
        if _by_price(before, qty, top) != _by_price(tape, qty2, top2):
            return False
    return True


def _by_price(tape: Tape, qty: np.ndarray, top: np.ndarray) -> tuple[list[int], list[int], list[int]]:
    """A book without the levels' numbers: ticks and sides, lots, best prices."""
    held = np.flatnonzero(qty)
    ticks = 2 * tape.level_tick[held >> 1] + (held & 1)
    best = [-1 if top[side] < 0 else int(tape.level_tick[top[side]]) for side in (TOP_BID, TOP_ASK)]
    return ticks.tolist(), qty[held].tolist(), best


def _pause(before: Tape, tape: Tape) -> int:
    """Local time that lies between two tapes, ns."""
    times = tape.section("local.group_ts")
    if not len(times) or before.header.last_ts is None:
        return 0
    skip = int(_starts_with_book(tape, "local") and len(times) > 1)
    return int(times[skip]) - before.header.last_ts


def _gap(before: Tape, tape: Tape) -> Tape:
    """Marks one nanosecond behind a tape; for one without a book the mark that ends the gap, too."""
    header = before.header
    rows = np.zeros(1 if len(tape.section("local.code")) else 2, EVENT)
    rows["ev"] = GAP_BEGIN | EXCH | LOCAL
    rows["local_ts"] = (header.last_ts or 0) + 1
    rows["exch_ts"] = min((header.last_exch_ts or 0) + 1, int(rows["local_ts"][0]))
    if len(rows) == 2:  # nothing could be wrong about
        rows["ev"][1] = GAP_END | EXCH | LOCAL
        rows["local_ts"][1] = int(tape.section("local.group_ts")[0]) - 1
        rows["exch_ts"][1] = max(int(rows["exch_ts"][0]), int(tape.section("exch.group_ts")[0]) - 1)
    return build_tape(rows, symbol=header.symbol, tick_size=header.tick_size, lot_size=header.lot_size)


def _relink(parts: list[Part]) -> list[Part]:
    """Put trades together that a cut has split: the exchange's half is in the part before the local one's."""
    out = list(parts)
    for number, (one, other) in enumerate(pairwise(parts)):
        if other.local[0] == 0 and other.exch[0] == 0:
            continue  # not a piece that goes on
        stops = one.tape.section("exch.stops")
        alone = np.flatnonzero((stops["kind"] == STOP_TRADE) & (stops["arg"] < 0))
        trades = other.tape.trades
        waiting: dict[tuple[int, ...], list[int]] = {}
        for at in np.flatnonzero(trades["ev"] & np.uint64(EXCH) == 0)[::-1]:
            waiting.setdefault(_trade_key(other.tape, trades[at]), []).append(int(at))
        found = {}
        for at in alone:
            stop = stops[at]
            key = (int(stop["ts"]), int(stop["side"]), int(stop["tick"]), int(stop["qty"]))
            if waiting.get(key):
                found[int(at)] = waiting[key].pop()
        out[number] = out[number]._replace(relinked=found)
        out[number + 1] = out[number + 1]._replace(whole_trades=frozenset(found.values()))
    return out


def _trade_key(tape: Tape, trade: np.void) -> tuple[int, ...]:
    ev = int(trade["ev"])
    side = 1 if ev & BUY else -1 if ev & SELL else 0
    counts = []
    for name, step in (("px", tape.header.tick_size), ("qty", tape.header.lot_size)):
        mantissa, exponent = parse_decimal(step)
        counts.append(round(float(trade[name]) / (mantissa * 10.0**exponent)))
    return (int(trade["exch_ts"]), side, *counts)


def _header(tapes: Sequence[Tape], own_parts: list[Part], notes: list[str], marks: int) -> TapeHeader:
    """The first tape's header, with what all of them have."""
    counts: dict[str, int] = {}
    for tape, part in zip(tapes, own_parts, strict=True):
        for kind, count in tape.header.counts.items():
            counts[kind] = counts.get(kind, 0) + count
        for rows in local_pieces(tape, groups=(0, part.local[0])):  # the book in front, which is left out
            kinds = np.bincount((rows["ev"] & np.uint64(KIND_MASK)).astype(np.int64), minlength=KIND_MASK + 1)
            for kind, count in count_kinds(kinds).items():
                counts[kind] -= count
    if marks:
        counts["gap_begin"] = counts.get("gap_begin", 0) + marks
    header = tapes[0].header
    own = [note for tape in tapes for note in tape.header.notes]
    return msgspec.structs.replace(
        header,
        source=list(dict.fromkeys(name for tape in tapes for name in tape.header.source)),
        events=sum(counts.values()),
        counts={kind: count for kind, count in counts.items() if count},
        disorder={},
        orders=_orders(tapes),
        has_snapshot=any(tape.header.has_snapshot for tape in tapes),
        notes=list(dict.fromkeys([*own, *notes])),
    )


def _orders(tapes: Sequence[Tape]) -> dict[str, dict[str, int]] | None:
    """Counters of single orders: the most, the last, and sums of the faults."""
    if not tapes[0].by_order:
        return None
    made: dict[str, dict[str, int]] = {}
    for tape in tapes:
        for view, its in (tape.header.orders or {}).items():
            into = made.setdefault(view, {})
            for name, count in its.items():
                before = into.get(name, 0)
                if name == "most_open":
                    into[name] = max(before, count)
                else:
                    into[name] = count if name == "open_at_end" else before + count
    return made
