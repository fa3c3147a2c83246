"""Check a stream of events as it arrives: times, numbers, the book against itself and against the venue.

The rows may come from a tape, a file or a live feed: `StreamVerifier` takes them in pieces, in the order in
which they arrived, and can tell at any time what it has found. What it keeps is one book and a few counters,
however long the stream is.
"""

import msgspec
import numpy as np

from truefill.core.errors import ConfigError, DataError, shown
from truefill.core.events import BUY, DEPTH_SNAPSHOT, EVENT, EXCH, GAP_BEGIN, GAP_END, KIND_MASK, LOCAL, SELL
from truefill.core.tape_records import STOP, STOP_GAP_BEGIN, STOP_GAP_END, STOP_SNAPSHOT
from truefill.tape import verify_book as b
from truefill.tape.checks import Finding
from truefill.tape.decimal_events import float_values
from truefill.tape.gaps import GapFinder
from truefill.tape.kinds import count_kinds
from truefill.tape.verify_findings import findings_of
from truefill.tape.verify_kernels import finish_rows, take_rows

_BLOCK = 1 << 14  # rows at a time: the book's arrays have room for as many new levels
_MARKS = {GAP_BEGIN: STOP_GAP_BEGIN, GAP_END: STOP_GAP_END, DEPTH_SNAPSHOT: STOP_SNAPSHOT}


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a stream, or in a file. Times are local, in UTC nanoseconds.

    Attributes
    ----------
    findings : list of Finding
        Errors first.
    rows : int
        Rows of the local view.
    counts : dict
        Of those, by kind.
    first_ts, last_ts : int or None
    messages : int
        Distinct local times in a row.
    crossed_ns, locked_ns : int
        How long the book was so, gaps left out.
    snapshots, compared : int
        Snapshots of the venue, and how many of them could be compared with the book before them (not the
        first one, and none that ends a gap).
    silent_ns, silent_book_ns : int
        Time in silences that were longer than `stale_ns`: of everything, and of the book.
    longest_silence_ns, longest_book_silence_ns : int
    gaps : list of (int, int)
        Begin and end of each span in which the book is suspect; an end that never came is NO_TIME.
    """

    findings: list[Finding]
    rows: int
    counts: dict[str, int]
    first_ts: int | None
    last_ts: int | None
    messages: int
    crossed_ns: int
    locked_ns: int
    snapshots: int
    compared: int
    silent_ns: int
    silent_book_ns: int
    longest_silence_ns: int
    longest_book_silence_ns: int
    gaps: list[tuple[int, int]]

    @property
    def errors(self) -> int:
        """How many findings make results wrong."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings may make results wrong."""
        return sum(finding.severity == "warning" for finding in self.findings)

    def sound(self, strict: bool = False) -> bool:
        """Whether there is no error, and if strict no warning either."""
        return self.errors == 0 and not (strict and self.warnings)


class StreamVerifier:
    """Checks rows in the order in which they arrived.

    Parameters
    ----------
    tick_size : float or str, optional
        Price step; without it prices are not compared with one.
    stale_ns : int
        A silence longer than this is one.
    ghost_ns : int
        A level that newer prices of the other side have crossed for so long is a ghost.

    by_order : bool
        The levels are made of single orders: they cross while an auction collects orders, which is then a
        warning, and need no snapshot.

    Examples
    --------
    >>> import numpy as np
    >>> from truefill.core.events import BUY, DEPTH, EVENT, EXCH, LOCAL, SELL
    >>> rows = np.zeros(2, EVENT)
    >>> rows[0] = (DEPTH | EXCH | LOCAL | BUY, 1_000, 2_000, 101.0, 3.0, 0, 0, 0.0)
    >>> rows[1] = (DEPTH | EXCH | LOCAL | SELL, 1_000, 2_000, 100.0, 3.0, 0, 0, 0.0)
    >>> verifier = StreamVerifier()
    >>> verifier.feed(rows)
    >>> [finding.kind for finding in verifier.report().findings if finding.severity == "error"]
    ['crossed']
    """

    def __init__(
        self,
        *,
        tick_size: float | str | None = None,
        stale_ns: int = 5_000_000_000,
        ghost_ns: int = 1_000_000_000,
        by_order: bool = False,
    ) -> None:
        tick = 0.0 if tick_size is None else float(tick_size)
        if tick_size is not None and not (np.isfinite(tick) and tick > 0):
            raise ConfigError("a positive tick_size", tick_size, "StreamVerifier")
        for name, value in (("stale_ns", stale_ns), ("ghost_ns", ghost_ns)):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 62:
                raise ConfigError(f"{name} of 1 ns or more", shown(value), "StreamVerifier")
        self._tick_text = "" if tick_size is None else str(tick_size)
        self._by_order = by_order
        self._settings = (tick, stale_ns, ghost_ns)
        self._state = np.zeros(b.STATE_SIZE, np.int64)
        self._state[[b.CROSSED_SINCE, b.LOCKED_SINCE]] = -1
        self._faults = np.zeros((b.FAULTS, 4), np.int64)
        self._lowest = np.full(2, np.inf)
        self._found = np.zeros(3, np.int64)
        self._kinds = np.zeros(KIND_MASK + 1, np.int64)
        self._gaps = GapFinder()
        self._levels = _levels(1024)

    @property
    def messages(self) -> int:
        """Messages so far: rows of one local time each."""
        return int(self._state[b.GROUPS])

    def feed(self, rows: np.ndarray) -> None:
        """Take the next rows.

        Parameters
        ----------
        rows : EVENT[] or DECIMAL_EVENT[]
            Those with the flag LOCAL count, others are passed over.

        Raises
        ------
        DataError
            Not such an array.
        """
        if (
            not isinstance(rows, np.ndarray)
            or rows.ndim != 1
            or not {*(EVENT.names or ())} <= {*(rows.dtype.names or ())}
        ):
            raise DataError("an array of EVENT or DECIMAL_EVENT", shown(rows), "StreamVerifier.feed")
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            local = part["ev"] & np.uint64(LOCAL) != 0
            self._take(part if local.all() else part[local])

    def report(self) -> VerifyReport:
        """Tell what was found so far; more rows may follow."""
        arrays = [array.copy() for array in self._arrays()]
        state, faults = arrays[5:7]
        still = int(state[b.MARKED : b.MARKED + 2].sum())
        finish_rows(_places(arrays), self._settings[2])
        seen = int(state[b.ROW]) > 0
        gaps = self._gaps.gaps()
        return VerifyReport(
            findings=findings_of(state, faults, gaps, self._kinds, self._tick_text, still, self._by_order),
            rows=int(state[b.ROW]),
            counts=count_kinds(self._kinds),
            first_ts=int(state[b.FIRST_TS]) if seen else None,
            last_ts=int(state[b.LAST_TS]) if seen else None,
            messages=int(state[b.GROUPS]),
            crossed_ns=int(state[b.CROSSED_NS]),
            locked_ns=int(state[b.LOCKED_NS]),
            snapshots=int(state[b.SNAPSHOTS]),
            compared=int(state[b.COMPARED]),
            silent_ns=int(state[b.SILENT_NS]),
            silent_book_ns=int(state[b.SILENT_BOOK_NS]),
            longest_silence_ns=int(faults[b.STALE, b.WORST]),
            longest_book_silence_ns=int(faults[b.STALE_BOOK, b.WORST]),
            gaps=[(int(gap["begin_local"]), int(gap["end_local"])) for gap in gaps],
        )

    def _take(self, rows: np.ndarray) -> None:
        if not len(rows):
            return
        ev = np.ascontiguousarray(rows["ev"]).view(np.int64)
        kinds = ev & KIND_MASK
        self._kinds += np.bincount(kinds, minlength=KIND_MASK + 1)
        self._see_gaps(rows, kinds)
        need = int(self._state[: b.ARRAYS].max()) + len(rows)
        if need > self._levels[0].shape[1]:
            longer = _levels(2 * need)
            for old, new in zip(self._levels, longer, strict=True):
                new[:, : old.shape[1]] = old
            self._levels = longer
        tick, stale_ns, ghost_ns = self._settings
        take_rows(
            kinds,
            ((ev & BUY) != 0).astype(np.int64) - ((ev & SELL) != 0),
            (ev & EXCH) != 0,
            np.ascontiguousarray(rows["local_ts"]),
            np.ascontiguousarray(rows["exch_ts"]),
            np.ascontiguousarray(float_values(rows, "px")),
            np.ascontiguousarray(float_values(rows, "qty")),
            _places(self._arrays()),
            tick,
            stale_ns,
            ghost_ns,
        )

    def _arrays(self) -> list[np.ndarray]:
        """All that the kernel keeps, in the order of `verify_book.Kept`."""
        return [*self._levels, self._state, self._faults, self._lowest, self._found]

    def _see_gaps(self, rows: np.ndarray, kinds: np.ndarray) -> None:
        """Pass marks on, and of each snapshot the first row of the piece."""
        first = kinds == DEPTH_SNAPSHOT
        first[1:] &= ~first[:-1]
        chosen = np.flatnonzero(first | (kinds == GAP_BEGIN) | (kinds == GAP_END))
        if len(chosen):
            stops = np.zeros(len(chosen), STOP)
            stops["kind"] = [_MARKS[int(kind)] for kind in kinds[chosen]]
            stops["ts"], stops["qty"] = rows["local_ts"][chosen], rows["exch_ts"][chosen]
            self._gaps.see(stops)


def _levels(size: int) -> list[np.ndarray]:
    """Keys, slots, quantities, stamps and marks of the kernel's six sides."""
    shape = (b.ARRAYS, size)
    slots = np.tile(np.arange(size, dtype=np.int32), (b.ARRAYS, 1))
    return [np.zeros(shape), slots, np.zeros(shape), np.zeros(shape, np.int64), np.full(shape, -1, np.int64)]


def _places(arrays: list[np.ndarray]) -> np.ndarray:
    """Room of a side, and where the arrays are; they have to live as long as this is used."""
    return np.array([arrays[0].shape[1], *(array.ctypes.data for array in arrays)], np.int64)
