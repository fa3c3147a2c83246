"""Level 2 logs of GDAX (Coinbase, 2018) as CSV: a snapshot of asks and bids, and the updates after it.

The snapshot, ``side,price,size``, has no time and gets that of the first update. Updates,
``side,price,size,time``, give a level's new size, 0 removes it. Sizes went through a float on their way
(``0.11244000000000001``): they become the nearest number of 8 decimal places, which is what the venue has.
"""

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import POWERS_I8
from truefill.core.errors import DataError
from truefill.core.events import BUY, DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, SELL
from truefill.vendors import table_kernels as k
from truefill.vendors.decimals import Decimals, column
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.options import require_latency
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.rows import Place, Times, coded, filled, names_of, place_of, refuse
from truefill.vendors.table import Column, TableBlock, read_table

_SNAPSHOT = ["side", "price", "size"]
_UPDATES = [*_SNAPSHOT, "time"]
_NAME = re.compile(r"(l2update_15min_\d+|snapshot_(asks|bids))\.csv")
_PLACES = 8
_NOISE = 100  # a hundredth of the last place is what a float may be off
_SIDES = {"buy": BUY, "sell": SELL}


def looks_like_gdax(path: Path, line: str) -> bool:
    """Tell these files by their first line, or by their name: the reader tells what is wrong."""
    return line.split(",") in (_SNAPSHOT, _UPDATES) or _NAME.match(path.name) is not None


class GdaxReader(FileReader):
    """Events of one product. See `read_gdax`."""

    def __init__(
        self,
        snapshots: Sequence[Path],
        updates: Sequence[Path],
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        super().__init__(progress)
        self._snapshots = snapshots
        self._updates = updates
        self._latency = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        self.counters.notes.append(f"one clock: local times are the exchange's and {self._latency:,} ns")
        if self._snapshots:
            start = np.array([_first_time(self._updates[0])], np.int64)
            self.lines = np.ones(1, np.int64)
            self.counters.count("snapshots")
            yield self._told(filled(DEPTH_CLEAR, Times(start, start + self._latency)), 0)
        for path in self._snapshots:
            for block in read_table(path, _columns(_SNAPSHOT), self._progress, header=True):
                exch = np.full(len(block.lines), start[0])
                yield self._rows(block, exch, DEPTH_SNAPSHOT, place_of(path, block))
        for path in self._updates:
            for block in read_table(path, _columns(_UPDATES), self._progress, header=True):
                place = place_of(path, block)
                yield self._rows(block, _update_times(block, place), DEPTH, place)

    def _rows(self, block: TableBlock, exch: NDArray[np.int64], kind: int, place: Place) -> np.ndarray:
        side = coded(block.columns["side"], _SIDES, "side", place).astype(np.uint64)
        size = column(block, "size")
        refuse(size.mantissa < 0, "sizes of 0 or more", size, "size", place)
        size, repaired = repaired_sizes(size, place)
        self.counters.count("sizes_repaired", repaired)
        self.lines = block.lines
        times = Times(exch, exch + self._latency)
        rows = filled(side | np.uint64(kind), times, column(block, "price"), size)
        return self._told(rows, len(rows))

    def _told(self, rows: np.ndarray, read: int) -> np.ndarray:
        self.counters.rows += read
        self.counters.events += len(rows)
        return rows


def repaired_sizes(sizes: Decimals, place: Place) -> tuple[Decimals, int]:
    """Sizes of at most 8 decimal places, and how many of them had more.

    Raises
    ------
    DataError
        One is further from the nearest such number than a float that stood for it.
    """
    fine = np.flatnonzero(sizes.exponent < -_PLACES)
    mantissa, exponent = sizes.mantissa.copy(), sizes.exponent.copy()
    unit = POWERS_I8[np.minimum(-_PLACES - exponent[fine], len(POWERS_I8) - 1)]
    near = (mantissa[fine] + unit // 2) // unit
    off = np.abs(mantissa[fine] - near * unit)
    wrong = off > unit // _NOISE
    if wrong.any():
        at = int(fine[int(np.argmax(wrong))])
        got = f"{sizes.mantissa[at]}e{sizes.exponent[at]}"
        raise DataError(f"a size of at most {_PLACES} decimal places", got, place(at, "size"))
    mantissa[fine], exponent[fine] = near, -_PLACES
    return Decimals(mantissa, exponent), int((off > 0).sum())


def _columns(names: Sequence[str]) -> list[Column]:
    kinds = {"side": k.WORD, "price": k.DECIMAL, "size": k.DECIMAL, "time": k.TIME}
    return [Column(name, kinds[name]) for name in names]


def _update_times(block: TableBlock, place: Place) -> NDArray[np.int64]:
    return epoch_ns(block.columns["time"], ("ns",), "time", lambda at: place(at, "time"))


def _first_time(path: Path) -> int:
    for block in read_table(path, _columns(_UPDATES), header=True):
        if len(block.lines):
            return int(block.columns["time"].min())
    raise DataError("updates", "none", path)


def read_gdax(
    *paths: str | PathLike[str],
    feed_latency_ns: int = 0,
    progress: Progress | None = None,
) -> GdaxReader:
    """Read a GDAX level 2 log: the snapshot's files, if there are any, and the updates' in order of time.

    Parameters
    ----------
    *paths : path
        Plain, gzip, xz, zstd or zip.
    feed_latency_ns : int
        What a message takes to the local side: the files have only the exchange's time.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        A file is missing, or not what it has to be: with file, line and column; or there are no updates.
    ConfigError
        A latency below 0.
    """
    require_latency(feed_latency_ns)
    snapshots: list[Path] = []
    updates: list[Path] = []
    for path in map(Path, paths):
        names = names_of(path)
        if names not in (_SNAPSHOT, _UPDATES):
            expected = f"the columns {','.join(_UPDATES)} (updates) or {','.join(_SNAPSHOT)} (a snapshot)"
            raise DataError(expected, ",".join(names or [])[:120], f"{path}:1")
        (snapshots if names == _SNAPSHOT else updates).append(path)
    if not updates:
        raise DataError("updates, which have the time of the snapshot", "none", paths[0] if paths else "")
    updates.sort(key=_first_time)
    return GdaxReader(snapshots, updates, feed_latency_ns, progress)
