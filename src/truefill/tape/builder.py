"""Build a tape from events, in two passes and bounded memory.

Pass 1 takes the events as they come: checks them, keeps prices and quantities as integers, collects the
distinct prices, the steps and the least latency, and spills compact rows. Pass 2 reads those back in each
view's order and indexes them. Nothing is left behind when either fails.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np

from truefill.core.decimals import to_text
from truefill.core.errors import DataError, TapeError, shown
from truefill.core.events import DECIMAL_EVENT, EVENT, EXCH, LOCAL
from truefill.core.gate import text, truth, whole
from truefill.tape.events import tape_events
from truefill.tape.format import TapeHeader, content_hash, file_path, place_sections, write_file
from truefill.tape.gaps import GapFinder
from truefill.tape.indexer import ViewIndexer
from truefill.tape.kinds import count_kinds
from truefill.tape.layout import BLOCK_ROWS
from truefill.tape.order_stage import OrderStage, holds_orders, places
from truefill.tape.scanner import Scanner
from truefill.tape.sink import Sink
from truefill.tape.snapshots import Snapshot, end_snapshot, of_views, order_rows
from truefill.tape.spill import Spill, ordered
from truefill.tape.tape import Tape

Progress = Callable[[str, int, int], None]
"""Called with the stage (``"read"`` or ``"index"``), rows done, and rows in all (0: not known yet)."""


class TapeBuilder:
    """Turns events into a tape.

    Parameters
    ----------
    path : path or None
        The file to write; it appears when it is complete. None: the tape stays in memory.
    symbol : str
        Instrument and venue, ``BTCUSDT-PERP.BINANCE``.
    venue : str
        By default what stands after the symbol's last dot.
    tick_size, lot_size : str, float or Decimal, optional
        Steps; by default the greatest common divisors of the data's prices and quantities. A given step
        must divide the data, and may be finer than need be.
    base_latency_ns : int
        The least latency that remains when a clock that runs behind has to be corrected.
    strict : bool
        Refuse to correct a clock.
    progress : Progress, optional
    source : sequence of str or path
        Names of the files that the events come from.
    initial_snapshot : Snapshot or EVENT[], optional
        The book before the first event (`end_snapshot` of the tape before): the tape begins with it, at the
        times of its first event.

    Examples
    --------
    >>> import numpy as np
    >>> from truefill.core.events import BUY, DEPTH, EVENT, EXCH, LOCAL
    >>> events = np.zeros(1, EVENT)
    >>> events[0] = (DEPTH | EXCH | LOCAL | BUY, 1_000, 2_000, 100.5, 3.0, 0, 0, 0.0)
    >>> builder = TapeBuilder(None, symbol="X.TEST")
    >>> builder.append(events)
    >>> builder.finish().header.tick_size
    '100.5'
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        *,
        symbol: str,
        venue: str = "",
        tick_size: str | float | Decimal | None = None,
        lot_size: str | float | Decimal | None = None,
        base_latency_ns: int = 0,
        strict: bool = False,
        progress: Progress | None = None,
        source: Sequence[str | os.PathLike[str]] = (),
        initial_snapshot: Snapshot | np.ndarray | None = None,
    ) -> None:
        self.path = None if path is None else file_path(path)
        if self.path is not None and not self.path.parent.is_dir():
            raise TapeError("an existing folder for the tape", self.path.parent, self.path.name)
        if self.path is not None and self.path.is_dir():
            raise TapeError("a file name for the tape", "a folder", self.path)
        self.symbol = text(symbol, "a text as symbol", DataError)
        venue = text(venue, "a text as venue", DataError)
        self.venue = venue or (symbol.rpartition(".")[2] if "." in symbol else "")
        self.source = [file_path(s).name for s in source]
        self.notes: list[str] = []
        longest = "a base latency of 0 to 10**15 whole nanoseconds"
        self._base_latency_ns = whole(base_latency_ns, longest, 0, 10**15, DataError)
        self._strict = truth(strict, "True or False as strict", DataError)
        self._progress = progress
        self._initial = _snapshot(initial_snapshot)
        if self._initial is not None:
            self._initial.require_of(symbol, tick_size, lot_size)
        self._tape: Tape | None = None
        self._stages: dict[str, OrderStage] = {}
        self._scanner = Scanner(tick_size, lot_size)
        self._buffer = np.empty(0, EVENT)
        self._buffered = 0
        self._folder: Path | None = None
        if self.path is not None:
            name = f".{self.path.name}."
            self._folder = Path(tempfile.mkdtemp(prefix=name, suffix=".building", dir=self.path.parent))
        self._spill: Spill | None = Spill(self._folder)
        # Also when the builder is simply dropped, or the process ends in an orderly way.
        self._cleanup = weakref.finalize(self, _remove, self._folder, self._spill)

    @property
    def events(self) -> int:
        """Events appended so far."""
        return self._scanner.events + self._buffered

    def append(self, rows: np.ndarray) -> None:
        """Take the next events, in order of arrival.

        Parameters
        ----------
        rows : DECIMAL_EVENT[] or EVENT[]
            Copied; may be strided. The floats of EVENT become decimals by their shortest text.

        Raises
        ------
        DataError
            Not such an array, or an event that cannot be right; names the event and its time.
        TapeError
            A price off the given tick, or more than a tape can hold.
        """
        spill = self._alive()
        try:
            dtype = _event_dtype(rows)
            if self._buffer.dtype != dtype or len(self._buffer) == 0:
                self._flush(spill)
                self._buffer = np.empty(BLOCK_ROWS, dtype)
            start = 0
            while start < len(rows):
                room = min(BLOCK_ROWS - self._buffered, len(rows) - start)
                self._buffer[self._buffered : self._buffered + room] = rows[start : start + room]
                self._buffered += room
                start += room
                if self._buffered == BLOCK_ROWS:
                    self._flush(spill)
        except OSError as error:
            self.abort()
            raise self._cannot_write(error) from error
        except BaseException:
            self.abort()
            raise

    def finish(self) -> Tape:
        """Index what was appended and make the tape.

        Raises
        ------
        DataError
            Nothing was appended; or a clock would have to be corrected and the builder is strict.
        TapeError
            The tape cannot be written, or would be too large.
        """
        spill = self._alive()
        try:
            self._flush(spill)
            if self.events == 0:
                raise DataError("at least one event", "none", ", ".join(self.source))
            sink = Sink(self._folder)
            try:
                header = self._index(spill, sink)
                if self.path is None or self._folder is None:
                    self._tape = Tape(header, _arrays(sink, header))
                    return self._tape
                temporary = self._folder / "tape"
                write_file(temporary, header, {name: sink.chunks(name) for name in header.sections})
                temporary.replace(self.path)
            finally:
                sink.close()
            self._tape = Tape.open(self.path)
            return self._tape
        except OSError as error:
            raise self._cannot_write(error) from error
        finally:
            self.abort()

    def end_snapshot(self) -> Snapshot:
        """Give the book at the end of the tape, levels or single orders: what the next tape begins with.

        Raises
        ------
        TapeError
            The tape has not been finished.
        """
        if self._tape is None:
            raise TapeError("a builder that has finished its tape", "one that has not", self.symbol)
        if not self._stages:
            return end_snapshot(self._tape)
        header = self._tape.header
        quantity = Decimal(1).scaleb(self._scanner.steps().qty_exp)
        books = (
            order_rows(*self._stages[view].open_orders(), header.tick_size, quantity)
            for view in ("exch", "local")
        )
        return of_views(header, *books)

    def abort(self) -> None:
        """Give up and remove what was written so far. Does nothing after `finish`."""
        self._spill = None
        self._cleanup()

    def __enter__(self) -> "TapeBuilder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _alive(self) -> Spill:
        if self._spill is None:
            raise TapeError("a builder that is still open", "one that has finished or failed", self.symbol)
        return self._spill

    def _cannot_write(self, error: OSError) -> TapeError:
        return TapeError("a tape that can be written", error.strerror or error, self.path or "")

    def _flush(self, spill: Spill) -> None:
        """Scan and spill what is in the buffer."""
        if self._buffered:
            events = self._buffer[: self._buffered]
            if self._initial is not None:
                times = (_first(events, "exch_ts", EXCH), _first(events, "local_ts", LOCAL))
                spill.write(*self._scanner.scan(self._initial.at(*times)))
                self._initial = None
            rows, aux, block = self._scanner.scan(events)
            self._buffered = 0
            spill.write(rows, aux, block)
            if self._progress is not None:
                self._progress("read", self.events, 0)

    def _index(self, spill: Spill, sink: Sink) -> TapeHeader:
        """Pass 2: fill all sections; the header that describes them."""
        scanner = self._scanner
        steps = scanner.steps()
        level_tick, rank_of = scanner.levels()
        by_order = holds_orders(scanner.counts)
        shift = self._clock_correction()
        trade_index = self._trade_index(scanner.aux_rows)
        sink.add("level_tick", level_tick)
        local = ViewIndexer("local", sink, steps, rank_of, level_tick, trade_index, 0, by_order)
        gaps = GapFinder()
        total = scanner.local_rows + scanner.exch_rows
        stages = {name: OrderStage(steps, rank_of, level_tick) for name in ("exch", "local") if by_order}
        self._stages = stages
        batches = ordered(spill, True, steps.qty_exp, shift)
        for rows, aux, order in stages["local"].expand(batches) if by_order else batches:
            gaps.see(local.take(rows, aux, order))
            if self._progress is not None:
                self._progress("index", local.rows, total)
        local.finish()
        exch = ViewIndexer("exch", sink, steps, rank_of, level_tick, trade_index, local.overflows, by_order)
        batches = ordered(spill, False, steps.qty_exp, shift)
        for rows, aux, order in stages["exch"].expand(batches) if by_order else batches:
            exch.take(rows, aux, order)
            if by_order:
                sink.add("exch.prio", places(rows))
            if self._progress is not None:
                self._progress("index", local.rows + exch.rows, total)
        exch.finish()
        found = gaps.gaps()
        sink.add("gaps", found)
        best = [
            None if level < 0 else to_text(int(level_tick[level]) * steps.tick_size[0], steps.tick_size[1])
            for level in local.best
        ]
        header = TapeHeader(
            symbol=self.symbol,
            venue=self.venue,
            tick_size=to_text(*steps.tick_size),
            lot_size=to_text(*steps.lot_size),
            source=self.source,
            events=self.events,
            counts=count_kinds(scanner.counts),
            first_ts=local.times[0],
            last_ts=local.times[1],
            first_exch_ts=exch.times[0],
            last_exch_ts=exch.times[1],
            disorder=scanner.disorder,
            orders={name: stage.counts() for name, stage in stages.items()} or None,
            gaps=len(found),
            has_snapshot=scanner.has_snapshot,
            clock_correction_ns=shift,
            base_latency_ns=self._base_latency_ns,
            last_best_bid=best[0],
            last_best_ask=best[1],
            notes=self.notes,
            sections=place_sections(sink.sizes()),
        )
        return msgspec.structs.replace(header, content_hash=content_hash(header))

    def _clock_correction(self) -> int:
        """Nanoseconds to add to all local times, so that nothing arrives before it was sent."""
        least = self._scanner.least_lag_ns
        if least >= 0:
            return 0
        if self._strict:
            raise DataError(
                "local times at or after the exchange's",
                f"a local clock {-least} ns behind, which is corrected only when not strict",
                ", ".join(self.source),
            )
        shift = -least + self._base_latency_ns
        self.notes.append(
            f"local clock {-least / 1e6:,.3f} ms behind the exchange's: "
            f"{shift / 1e6:,.3f} ms added to all local times"
        )
        return shift

    def _trade_index(self, size: int) -> np.ndarray:
        """Index in `trades` of each AUX row, -1 for now; in a file, so that memory stays bounded."""
        if self._folder is None or size == 0:
            return np.full(size, -1, np.int32)
        table = np.memmap(self._folder / "trade_index", np.int32, "w+", shape=(size,))
        table[:] = -1
        return np.frombuffer(table, np.int32)  # a plain ndarray, which is what the kernel is compiled for


def build_tape(
    events: np.ndarray | Iterable[np.ndarray],
    *,
    symbol: str = "TEST.TEST",
    venue: str = "",
    path: str | os.PathLike[str] | None = None,
    tick_size: str | float | Decimal | None = None,
    lot_size: str | float | Decimal | None = None,
    base_latency_ns: int = 0,
    strict: bool = False,
    initial_snapshot: Snapshot | np.ndarray | None = None,
) -> Tape:
    """Build a tape from events: one array, or batches as `make_market` yields them. See `TapeBuilder`."""
    with TapeBuilder(
        path,
        symbol=symbol,
        venue=venue,
        tick_size=tick_size,
        lot_size=lot_size,
        base_latency_ns=base_latency_ns,
        strict=strict,
        initial_snapshot=initial_snapshot,
    ) as builder:
        batches = [events] if isinstance(events, np.ndarray) else events
        if not isinstance(batches, Iterable) or isinstance(batches, str | bytes):
            raise DataError("an array of EVENT or DECIMAL_EVENT, or several", shown(events))
        for batch in batches:
            builder.append(batch)
        return builder.finish()


def begin_with(tape: Tape, snapshot: Snapshot, path: str | os.PathLike[str] | None = None) -> Tape:
    """Build a tape of levels anew, beginning with a book; in memory, or as a file at `path`.

    Raises
    ------
    TapeError
        The snapshot is another instrument's; or the tape is one of single orders, which does not keep their
        numbers: give the snapshot to the builder (`build_tape(..., initial_snapshot=)`).
    """
    header = tape.header
    if tape.by_order:
        wanted = "a tape of levels (of single orders, build_tape takes initial_snapshot)"
        raise TapeError(wanted, "one of single orders", tape.path or tape.symbol)
    snapshot.require_of(header.symbol, header.tick_size, header.lot_size)
    with TapeBuilder(
        path,
        symbol=header.symbol,
        venue=header.venue,
        tick_size=header.tick_size,
        lot_size=header.lot_size,
        source=header.source,
        initial_snapshot=snapshot,
    ) as builder:
        builder.append(tape_events(tape))
        return builder.finish()


def _snapshot(given: object) -> Snapshot | None:
    """What a tape begins with; HftBacktest's array does not name its instrument."""
    if given is None or isinstance(given, Snapshot):
        return given
    if isinstance(given, np.ndarray) and _event_dtype(given) == EVENT:
        return Snapshot("", "", "", given)
    raise DataError("a Snapshot, or an array of EVENT", shown(given), "initial_snapshot")


def _first(events: np.ndarray, name: str, flag: int) -> int:
    """The first time of the rows of one view."""
    times = events[name][events["ev"] & np.uint64(flag) != 0]
    return int(times.min() if len(times) else events[name].min())


def _event_dtype(rows: object) -> np.dtype:
    """EVENT or DECIMAL_EVENT, whichever `rows` is an array of."""
    if not isinstance(rows, np.ndarray) or isinstance(rows, np.ma.MaskedArray):
        raise DataError("an array of EVENT or DECIMAL_EVENT", type(rows).__name__)
    if rows.ndim != 1:
        raise DataError("an array of one dimension", f"{rows.ndim} dimensions")
    for dtype in (EVENT, DECIMAL_EVENT):
        if rows.dtype == dtype:
            return dtype
    raise DataError("an array of EVENT or DECIMAL_EVENT", f"dtype {rows.dtype}")


def _arrays(sink: Sink, header: TapeHeader) -> dict[str, np.ndarray]:
    """Sections in memory; those of equal bytes are one array, as they are one place in a file."""
    made: dict[tuple[int, str], np.ndarray] = {}
    arrays = {}
    for name, info in header.sections.items():
        key = (info.offset, info.dtype) if info.count else (-1, name)
        if key not in made:
            made[key] = sink.array(name)
        arrays[name] = made[key]
    return arrays


def _remove(folder: Path | None, spill: Spill) -> None:
    spill.close()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
