"""Put groups of tapes one behind the other into a new tape, column by column: what cutting and joining share.

Nothing is indexed anew: rows, stops, groups and trades are taken as they are, and only what points to another
place (levels, rows, trades, places in queues) is moved. So a tape that was cut and is joined again is the
tape that it was, to the content hash. Memory is bounded by a piece of columns, a tape's levels, and one byte
a trade.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from truefill.core.decimals import parse_decimal, to_text
from truefill.core.errors import TapeError
from truefill.core.events import EXCH
from truefill.core.tape_records import STOP_FILL, STOP_TRADE
from truefill.tape.format import TapeHeader, content_hash, file_path, place_sections, write_file
from truefill.tape.gaps import GapFinder
from truefill.tape.sink import Sink
from truefill.tape.stream import first_from
from truefill.tape.tape import Tape

_PIECE = 1 << 18  # items of a column at a time


class Part(NamedTuple):
    """Groups of a tape, exclusive ends: ``exch`` and ``local`` of one tape need not be of the same times."""

    tape: Tape
    exch: tuple[int, int]
    local: tuple[int, int]
    # Of an order-by-order tape: what the places in queues become that were taken before the part, int32[].
    older: np.ndarray | None = None
    # Of the tape's exchange stops about trades that arrived in the next part: their trade there.
    relinked: dict[int, int] | None = None
    whole_trades: frozenset[int] = frozenset()  # the other half: trades whose stop is in the part before


def whole(tape: Tape) -> Part:
    """All of a tape."""
    return Part(tape, (0, len(tape.section("exch.group_ts"))), (0, len(tape.section("local.group_ts"))))


def splice(parts: Sequence[Part], header: TapeHeader, path: str | os.PathLike[str] | None) -> Tape:
    """Make one tape of parts; of the header what the columns tell is filled in.

    Raises
    ------
    TapeError
        Times of the parts overlap, or the file cannot be written.
    """
    target = None if path is None else file_path(path)
    if target is not None and not target.parent.is_dir():
        raise TapeError("an existing folder for the tape", target.parent, target.name)
    folder = None
    if target is not None:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".building", dir=target.parent))
    sink = Sink(folder)
    try:
        made = _Splicer(parts, sink).header(header)
        if target is None or folder is None:
            return Tape(made, {name: sink.array(name) for name in made.sections})
        temporary = folder / "tape"
        write_file(temporary, made, {name: sink.chunks(name) for name in made.sections})
        temporary.replace(target)
    except OSError as error:
        raise TapeError("a tape that can be written", error.strerror or error, target or "") from error
    finally:
        sink.close()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
    return Tape.open(target)


class _Splicer:
    """Writes the columns of the parts."""

    def __init__(self, parts: Sequence[Part], sink: Sink) -> None:
        self._sink = sink
        self._parts = parts
        self.level_tick = _levels(parts)
        self._maps = [
            # one more place, so that -1 (no level) stays -1
            np.append(np.searchsorted(self.level_tick, part.tape.level_tick), -1).astype(np.int32)
            for part in parts
        ]
        self._overflows = 0
        self._times: dict[str, tuple[int | None, int | None]] = {}
        self._best = (-1, -1)
        self._gaps = GapFinder()
        self._linked = [_linked(part) for part in parts]
        sink.add("level_tick", self.level_tick)
        self._view("local")
        self._view("exch")
        self.gaps = self._gaps.gaps()
        sink.add("gaps", self.gaps)

    def header(self, header: TapeHeader) -> TapeHeader:
        """The header with what the columns tell."""
        ticks = [None if level < 0 else int(self.level_tick[level]) for level in self._best]
        mantissa, exponent = parse_decimal(header.tick_size)
        best = [None if tick is None else to_text(tick * mantissa, exponent) for tick in ticks]
        made = msgspec.structs.replace(
            header,
            first_ts=self._times["local"][0],
            last_ts=self._times["local"][1],
            first_exch_ts=self._times["exch"][0],
            last_exch_ts=self._times["exch"][1],
            gaps=len(self.gaps),
            last_best_bid=best[0],
            last_best_ask=best[1],
            sections=place_sections(self._sink.sizes()),
        )
        return msgspec.structs.replace(made, content_hash=content_hash(made))

    def _view(self, view: str) -> None:
        sink, local = self._sink, view == "local"
        rows = groups = trades = customs = 0
        held: tuple[int, int] | None = None  # the last group so far: the next part may go on with its time
        first = None
        for number, part in enumerate(self._parts):
            begin, end = part.local if local else part.exch
            tape = part.tape
            ends, times = tape.section(f"{view}.group_end"), tape.section(f"{view}.group_ts")
            start = int(ends[begin - 1]) if begin else 0
            stop = int(ends[end - 1]) if end else 0
            if end > begin:
                opens = int(times[begin])
                first = opens if first is None else first
                if held is not None and (opens < held[0] or (local and opens == held[0])):
                    which = "local" if local else "exchange"
                    wanted = f"{which} times after {held[0]}, where the tape before ends"
                    raise TapeError(wanted, f"{opens} (overlap)", tape.path or tape.symbol)
                if held is not None and opens != held[0]:
                    self._group(view, held)
                for low, high in _pieces(begin, end - 1):
                    sink.add(f"{view}.group_ts", times[low:high])
                    sink.add(f"{view}.group_end", ends[low:high] - np.int32(start - rows))
                held = (int(times[end - 1]), stop - start + rows)
            self._rows(view, number, start, stop, rows)
            trade = (
                self._local_only(number, begin, end, rows - start, groups - begin, customs) if local else None
            )
            self._stops(view, number, begin, end, start, rows, trades)
            if trade is not None:
                customs = trade
            trades += len(self._linked[number])
            rows += stop - start
            groups += end - begin
        if held is not None:
            self._group(view, held)
        self._times[view] = (first, None if held is None else held[0])

    def _group(self, view: str, group: tuple[int, int]) -> None:
        self._sink.add(f"{view}.group_ts", np.array([group[0]], np.int64))
        self._sink.add(f"{view}.group_end", np.array([group[1]], np.int32))

    def _rows(self, view: str, number: int, start: int, stop: int, base: int) -> None:
        """Depth rows: levels, quantities, places."""
        part, levels = self._parts[number], self._maps[number]
        tape = part.tape
        for low, high in _pieces(start, stop):
            code = tape.section(f"{view}.code")[low:high]
            self._sink.add(f"{view}.code", levels[code >> 1] << 1 | code & 1)
            qty = tape.section(f"{view}.qty")[low:high].copy()
            over = np.flatnonzero(qty < 0)
            if len(over):
                self._sink.add("overflow", tape.overflow[-qty[over] - 1])
                qty[over] = -1 - self._overflows - np.arange(len(over))
                self._overflows += len(over)
            self._sink.add(f"{view}.qty", qty)
            if view == "exch" and len(tape.section("exch.prio")):
                places = tape.section("exch.prio")[low:high]
                self._sink.add("exch.prio", moved(places, part.older, start, base))

    def _stops(
        self, view: str, number: int, begin: int, end: int, start: int, base: int, trades: int
    ) -> None:
        part, levels = self._parts[number], self._maps[number]
        low, high = _range(part.tape, view, f"{view}.stops", "ts", begin, end)
        first_trade = _trade_range(part)[0]
        for a, b in _pieces(low, high):
            stops = _copied(part.tape.section(f"{view}.stops")[a:b])
            stops["row"] += base - start
            for side in ("bid", "ask"):
                stops[side] = levels[stops[side]]
            trade = stops["kind"] == STOP_TRADE
            if trade.any():
                arg = stops["arg"][trade].astype(np.int64) - first_trade
                known = (arg >= 0) & (arg < len(self._linked[number]))
                arg = np.where(known, arg + trades, -1)
                for at, to in (part.relinked or {}).items():
                    if a <= at < b:
                        arg[np.count_nonzero(trade[: at - a])] = to + trades + len(self._linked[number])
                stops["arg"][trade] = arg
            fill = (stops["kind"] == STOP_FILL) & (stops["arg"] >= 0)
            stops["arg"][fill] = moved(stops["arg"][fill], part.older, start, base)
            if view == "local":
                self._gaps.see(stops)
            self._sink.add(f"{view}.stops", stops)

    def _local_only(self, number: int, begin: int, end: int, rows: int, groups: int, customs: int) -> int:
        """What only the local view has. Returns how many custom rows there are now."""
        part, levels, sink = self._parts[number], self._maps[number], self._sink
        tape = part.tape
        sink.add("local.group_exch_ts", tape.section("local.group_exch_ts")[begin:end])
        low, high = _range(tape, "local", "local.best", "ts", begin, end)
        best = _copied(tape.section("local.best")[low:high])
        for side in ("bid", "ask"):
            best[side] = levels[best[side]]
        # what a part takes over from the one before it is no change
        if len(best) and (int(best["bid"][0]), int(best["ask"][0])) == self._best:
            best = best[1:]
        sink.add("local.best", best)
        if len(best):
            self._best = (int(best["bid"][-1]), int(best["ask"][-1]))
        ends = tape.section("local.group_end")
        start, stop = (int(ends[at - 1]) if at else 0 for at in (begin, end))
        self._runs("local.exch_runs", tape, start, stop, rows)
        first, last = _trade_range(part)
        for a, b in _pieces(first, last):
            trades = _copied(tape.trades[a:b])
            alone = ~self._linked[number][a - first : b - first]
            trades["ev"][alone] &= ~np.uint64(EXCH)
            for at in part.whole_trades:
                if a <= at < b:
                    trades["ev"][at - a] |= np.uint64(EXCH)
            sink.add("trades", trades)
        stored = tape.stored("custom")
        low, high = first_from(stored["group"], begin), first_from(stored["group"], end)
        for a, b in _pieces(low, high):
            custom = _copied(stored[a:b])
            custom["group"] += groups
            sink.add("custom", custom)
        self._runs("custom_runs", tape, low, high, customs - low)
        more = tape.section("custom_more")
        some = _copied(more[first_from(more["row"], low) : first_from(more["row"], high)])
        some["row"] += customs - low
        sink.add("custom_more", some)
        return customs + high - low

    def _runs(self, name: str, tape: Tape, start: int, stop: int, by: int) -> None:
        runs = tape.section(name)
        some = _copied(runs[first_from(runs["row"], start) : first_from(runs["row"], stop)])
        some["row"] += by
        self._sink.add(name, some)


def _levels(parts: Sequence[Part]) -> np.ndarray:
    """Ticks of all levels that the parts' rows use."""
    ticks = [np.empty(0, np.int64)]
    for part in parts:
        used = np.zeros(len(part.tape.level_tick), bool)
        for view, (begin, end) in (("exch", part.exch), ("local", part.local)):
            ends = part.tape.section(f"{view}.group_end")
            start, stop = (int(ends[at - 1]) if at else 0 for at in (begin, end))
            for low, high in _pieces(start, stop):
                used[part.tape.section(f"{view}.code")[low:high] >> 1] = True
        ticks.append(part.tape.level_tick[used])
    return np.asarray(np.unique(np.concatenate(ticks)))


def moved(places: np.ndarray, older: np.ndarray | None, start: int, base: int) -> np.ndarray:
    """Places in queues: those of rows from `start` on move to `base`, `older` tells of the others."""
    own = places - start + base
    if older is None or not len(older):
        return np.asarray(own.astype(np.int32))
    return np.where(places >= start, own, older[np.minimum(places, len(older) - 1)]).astype(np.int32)


def _linked(part: Part) -> np.ndarray:
    """Of each local trade of a part whether the exchange's view of the part has it, too."""
    first, last = _trade_range(part)
    linked = np.zeros(last - first, bool)
    low, high = _range(part.tape, "exch", "exch.stops", "ts", *part.exch)
    for a, b in _pieces(low, high):
        stops = part.tape.section("exch.stops")[a:b]
        arg = stops["arg"][stops["kind"] == STOP_TRADE].astype(np.int64) - first
        linked[arg[(arg >= 0) & (arg < len(linked))]] = True
    return linked


def _trade_range(part: Part) -> tuple[int, int]:
    """First and last (exclusive) of the part's local trades."""
    return _span(part.tape.trades["local_ts"], part.tape.section("local.group_ts"), *part.local)


def _range(tape: Tape, view: str, section: str, field: str, begin: int, end: int) -> tuple[int, int]:
    """Items of a section that belong to some groups of a view, by time."""
    return _span(tape.section(section)[field], tape.section(f"{view}.group_ts"), begin, end)


def _span(times: np.ndarray, groups: np.ndarray, begin: int, end: int) -> tuple[int, int]:
    if begin >= end:
        return 0, 0
    high = len(times) if end == len(groups) else first_from(times, int(groups[end]))
    return first_from(times, int(groups[begin])), high


def _pieces(begin: int, end: int) -> Iterator[tuple[int, int]]:
    for low in range(begin, end, _PIECE):
        yield low, min(low + _PIECE, end)


def _copied(values: np.ndarray) -> np.ndarray:
    """A copy to the byte: NumPy's own leaves whatever was in memory between the fields of records."""
    return values.view(np.uint8).copy().view(values.dtype) if len(values) else values
