"""Binance's depth archive of futures (T_DEPTH): a file with the book, one with its changes, of each day.

The book is a DEPTH_CLEAR and a DEPTH_SNAPSHOT for each level; each change a DEPTH with the new quantity.
Changes that the snapshot already holds are dropped. ``pu`` is the id of the message before: where the file
has it, one that is not the last one seen begins a gap, which lasts to the next snapshot. Without it (ids are
not consecutive) nobody can tell, and the reader says so.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.core.events import (
    BUY,
    DECIMAL_EVENT,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    LOCAL,
    SELL,
)
from truefill.vendors import table_kernels as k
from truefill.vendors.binance_layouts import columns_of
from truefill.vendors.epochs import epoch_ns
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.table import TableBlock, read_table, word, word_text

_BOTH = EXCH | LOCAL
_BID, _ASK = word("b"), word("a")
_SET, _SNAP = word("set"), word("snap")


class BinanceDepthReader(FileReader):
    """Events of a snapshot and its changes, or of either. See `read_binance_archive`."""

    def __init__(
        self,
        paths: Sequence[Path],
        places: tuple[int, int],
        feed_latency_ns: int,
        progress: Progress | None,
    ) -> None:
        self.paths = tuple(paths)
        super().__init__(progress)
        self._places = places
        self._latency = feed_latency_ns

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        state = _State()
        for path in self.paths:
            columns, has_names = columns_of(path, "T_DEPTH", self._places)
            if not any(column.name == "pu" for column in columns):
                note = "no pu column: whether changes are missing cannot be seen"
                if note not in self.counters.notes:
                    self.counters.notes.append(note)
            table = (lambda head, its=columns: its) if has_names else columns
            for block in read_table(path, table, self._progress):
                if not len(block.lines):
                    continue
                self._check(block, state, path)
                yield self._events(block, state, path)

    def _check(self, block: TableBlock, state: "_State", path: Path) -> None:
        c = block.columns
        state.symbol = state.symbol if state.symbol is not None else int(c["symbol"][0])
        for wrong, expected, got in (
            (c["symbol"] != state.symbol, "rows of one instrument", "another symbol"),
            ((c["side"] != _BID) & (c["side"] != _ASK), "a (ask) or b (bid) as side", ""),
            ((c["update_type"] != _SET) & (c["update_type"] != _SNAP), "set or snap as update_type", ""),
            (c["price"] <= 0, "a price above 0", ""),
            (c["qty"] < 0, "a quantity of 0 or more", ""),
        ):
            if wrong.any():
                at = int(np.argmax(wrong))
                shown = got or self._shown(c, expected, at)
                raise DataError(expected, shown, f"{path}:{int(block.lines[at])}")

    def _shown(self, c: dict[str, NDArray[np.int64]], expected: str, at: int) -> str:
        for name in ("side", "update_type"):
            if expected.endswith(name):
                return repr(word_text(c[name][at]))
        name, places = ("price", self._places[0]) if "price" in expected else ("qty", self._places[1])
        return f"{int(c[name][at])}e-{places}"

    def _events(self, block: TableBlock, state: "_State", path: Path) -> np.ndarray:
        c, lines = block.columns, block.lines
        times = epoch_ns(c["time"], ("ms", "us"), "timestamp", lambda row: f"{path}:{int(lines[row])}")
        snap = c["update_type"] == _SNAP
        last = c["last_update_id"]
        before = np.concatenate([[state.last], last[:-1]])
        was_snap = np.concatenate([[state.in_snapshot], snap[:-1]])
        begins = snap & (~was_snap | (last != before))
        # The id of the newest snapshot at each row; changes up to it are in it.
        loaded = np.maximum.accumulate(np.where(snap, last, state.loaded))
        stale = ~snap & (last <= loaded)
        gap = self._gaps(c, snap, stale, last, loaded, state)
        self.counters.count("snapshots", int(begins.sum()))
        self.counters.count("updates_that_the_snapshot_holds", int(stale.sum()))
        self.counters.count("gaps", int(gap.sum()))
        state.last, state.in_snapshot, state.loaded = int(last[-1]), bool(snap[-1]), int(loaded[-1])

        side = np.where(c["side"] == _BID, np.uint64(BUY), np.uint64(SELL))
        rows = np.zeros(len(last), DECIMAL_EVENT)
        rows["ev"] = np.where(snap, np.uint64(DEPTH_SNAPSHOT | _BOTH), np.uint64(DEPTH | _BOTH)) | side
        rows["exch_ts"], rows["local_ts"] = times, times + self._latency
        rows["px"], rows["qty"] = c["price"], c["qty"]
        rows["px_exp"], rows["qty_exp"] = -self._places[0], -self._places[1]
        marks = np.flatnonzero(begins | gap)
        extra = np.zeros(len(marks), DECIMAL_EVENT)
        extra["ev"] = np.where(begins[marks], np.uint64(DEPTH_CLEAR | _BOTH), np.uint64(GAP_BEGIN | _BOTH))
        extra["exch_ts"], extra["local_ts"] = rows["exch_ts"][marks], rows["local_ts"][marks]
        kept = np.flatnonzero(~stale)
        # Each mark comes just before its row.
        order = np.argsort(np.concatenate([2 * marks, 2 * kept + 1]), kind="stable")
        out = np.concatenate([extra, rows[kept]])[order]
        self.lines = np.concatenate([lines[marks], lines[kept]])[order]
        self.counters.rows += len(rows)
        self.counters.events += len(out)
        return out

    def _gaps(
        self,
        c: dict[str, NDArray[np.int64]],
        snap: NDArray[np.bool_],
        stale: NDArray[np.bool_],
        last: NDArray[np.int64],
        loaded: NDArray[np.int64],
        state: "_State",
    ) -> NDArray[np.bool_]:
        """Rows that begin a message which does not follow the message before."""
        gap = np.zeros(len(last), np.bool_)
        if "pu" not in c:
            return gap
        follows = c["pu"]
        updates = np.flatnonzero(~snap & (follows > 0) & (follows != k.NO_NUMBER))
        if len(updates):
            ids = last[updates]
            before = np.concatenate([[state.update], ids[:-1]])
            broken = (ids != before) & (follows[updates] != before) & (before > 0)
            # What is missing before the snapshot, or in it, is in the snapshot.
            gap[updates] = broken & ~stale[updates] & (follows[updates] > loaded[updates])
            state.update = int(ids[-1])
        return gap


class _State:
    """What goes over from block to block and from file to file."""

    def __init__(self) -> None:
        self.symbol: int | None = None
        self.last = -1  # last_update_id of the last row
        self.in_snapshot = False
        self.loaded = -1  # id of the newest snapshot
        self.update = -1  # last_update_id of the last update
