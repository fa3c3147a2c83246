"""The tape: what the compiled side reads, opened from a file or held in memory."""

import functools
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from truefill.core.errors import TapeError
from truefill.core.events import EVENT
from truefill.core.gate import text
from truefill.tape.format import OPTIONAL, SECTIONS, TapeHeader, file_path, map_file, raw_bytes, write_file
from truefill.tape.remote import is_remote, is_url, local, sent
from truefill.tape.structure import require_structure


class View(NamedTuple):
    """Columns of one side's view of a tape.

    The last three are not in the file: stops and changes of best prices have times, and a reader that goes
    forward compares those. They are worked out at the first use, for whoever looks anything up.
    """

    code: np.ndarray  # int32[N], level * 2 + side
    qty: np.ndarray  # int32[N], new quantity in lots; below 0: overflow[-qty - 1]
    group_ts: np.ndarray  # int64[G], one for each distinct time
    group_end: np.ndarray  # int32[G], rows below it are applied by then
    stops: np.ndarray  # STOP[S]
    group_stop: np.ndarray  # int32[G], stops below it are past by then
    group_bid: np.ndarray  # int32[G], best levels after the group, -1 none
    group_ask: np.ndarray


class Tape:
    """A market recording, indexed for two views: the exchange's and the local one.

    Arrays may be written to without harm to the file: the memory map is copy-on-write.

    Attributes
    ----------
    header : TapeHeader
    path : Path or None
        None for a tape that is only in memory.
    """

    def __init__(self, header: TapeHeader, sections: dict[str, np.ndarray], path: Path | None = None) -> None:
        self.header = header
        self.path = path
        self._sections = {name: np.empty(0, SECTIONS[name]) for name in OPTIONAL} | sections
        self._views: dict[str, View] = {}
        # what this process has built itself is in order; a file may have been altered since
        self._sound = path is None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Tape":
        """Open a tape file by memory map; takes the same few milliseconds whatever its length.

        ``s3://bucket/key`` is fetched first, unless this version of it is here already (`tape.remote`).

        Raises
        ------
        TapeError
            The file is missing, no tape, of a later version, or truncated.
        """
        file = file_path(local(path) if is_url(path) else path)
        header, sections = map_file(file)
        return cls(header, sections, file)

    def save(self, path: str | os.PathLike[str]) -> "Tape":
        """Write this tape to a file, whole or not at all, and open that."""
        if is_remote(path):
            with sent(path) as file:
                self.save(file)
            return Tape.open(path)
        target = file_path(local(path) if is_url(path) else path)
        if not target.parent.is_dir():
            raise TapeError("an existing folder for the tape", target.parent, target.name)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            write_file(
                temporary,
                self.header,
                {name: [raw_bytes(self._sections[name])] for name in self.header.sections},
            )
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        return Tape.open(target)

    def section(self, name: str) -> np.ndarray:
        """Array of a section, e.g. ``"exch.code"``; ``truefill.tape.format.SECTIONS`` lists all.

        ``"custom"`` gives the rows with their times, as the attribute does.
        """
        name = text(name, "a text as name of a section", TapeError)
        if name == "custom":
            return self.custom
        try:
            return self._sections[name]
        except KeyError:
            raise TapeError(f"one of the sections {', '.join(SECTIONS)}", name) from None

    def stored(self, name: str) -> np.ndarray:
        """Array of a section exactly as it is in the file."""
        return self._sections[name]

    def view(self, name: str) -> View:
        """Give the columns of ``"exch"`` or ``"local"``."""
        if text(name, '"exch" or "local"', TapeError) not in ("exch", "local"):
            raise TapeError('"exch" or "local"', name)
        if name not in self._views:
            code, qty, ts, end, stops = (self._sections[f"{name}.{column}"] for column in View._fields[:5])
            group_stop = np.searchsorted(stops["ts"], ts, side="right").astype(np.int32)
            # Every change of a best price at the exchange is a stop.
            best = self._sections["local.best"] if name == "local" else stops
            last = group_stop if name == "exch" else np.searchsorted(best["ts"], ts, side="right")
            bid, ask = (np.append(np.int32(-1), best[side])[last] for side in ("bid", "ask"))
            self._views[name] = View(code, qty, ts, end, stops, group_stop, bid, ask)
        return self._views[name]

    @property
    def exch(self) -> View:
        """What the exchange saw, in exchange time."""
        return self.view("exch")

    @property
    def local(self) -> View:
        """What arrived here, in local time."""
        return self.view("local")

    @property
    def symbol(self) -> str:
        """Instrument and venue, e.g. ``BTCUSDT-PERP.BINANCE``."""
        return self.header.symbol

    @property
    def tick_size(self) -> float:
        """Price step; exact as text in the header."""
        return float(self.header.tick_size)

    @property
    def lot_size(self) -> float:
        """Smallest quantity step of the data; exact as text in the header."""
        return float(self.header.lot_size)

    @property
    def by_order(self) -> bool:
        """Whether the tape was built from single orders, so that places in the queue are exact."""
        return self.header.orders is not None

    @property
    def level_tick(self) -> np.ndarray:
        """int64[L]: price of each level in ticks, ascending."""
        return self._sections["level_tick"]

    @property
    def trades(self) -> np.ndarray:
        """EVENT[T]: trades as they arrived."""
        return self._sections["trades"]

    @functools.cached_property
    def custom(self) -> np.ndarray:
        """EVENT[C]: rows of other kinds as they arrived (put together at the first use)."""
        self.require_sound()
        rows = self._sections["custom"]
        out = np.zeros(len(rows), EVENT)
        for name in ("px", "qty", "ival", "ev"):
            out[name] = rows[name]
        out["local_ts"] = self._sections["local.group_ts"][rows["group"]]
        out["exch_ts"] = self.exch_times(rows["group"], self._sections["custom_runs"])
        more = self._sections["custom_more"]
        for name in ("order_id", "fval"):
            out[name][more["row"]] = more[name]
        return out

    def depth_exch_ts(self) -> np.ndarray:
        """Exchange time of each row of the local view, int64[N]."""
        self.require_sound()
        ends = self._sections["local.group_end"]
        groups = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
        return self.exch_times(groups, self._sections["local.exch_runs"])

    def exch_times(self, groups: np.ndarray, runs: np.ndarray) -> np.ndarray:
        """Exchange times of rows that follow each other in the local view: their group's, or their run's.

        Parameters
        ----------
        groups : int[n]
            Group of each row.
        runs : EXCH_RUN[]
            The runs that begin in these rows, counted from the first of them.
        """
        exch_ts = self._sections["local.group_exch_ts"][groups]
        if len(runs):
            begin = runs["row"]
            end = np.append(begin[1:], np.int32(len(groups)))
            last = np.searchsorted(groups, groups[begin], side="right")  # a run ends with its group
            length = np.minimum(end, last) - begin
            at = np.repeat(begin - np.append(0, np.cumsum(length)[:-1]), length) + np.arange(length.sum())
            exch_ts[at] = np.repeat(runs["exch_ts"], length)
        return np.asarray(exch_ts)

    @property
    def overflow(self) -> np.ndarray:
        """int64[K]: quantities too large for the columns."""
        return self._sections["overflow"]

    @property
    def gaps(self) -> np.ndarray:
        """GAP[]: spans in which the book is suspect."""
        return self._sections["gaps"]

    @property
    def nbytes(self) -> int:
        """Bytes of all sections together; what two sections share counts once."""
        places = {(a.__array_interface__["data"][0], a.nbytes) for a in self._sections.values() if a.nbytes}
        return sum(size for _, size in places)

    def lots(self, view: str) -> np.ndarray:
        """Quantities of a view's depth rows in lots, int64[N], with the overflow looked up."""
        qty = self._sections[f"{view}.qty"].astype(np.int64)
        over = qty < 0
        qty[over] = self.overflow[-qty[over] - 1]
        return qty

    def require_sound(self) -> None:
        """Make sure, once, that every index stays inside; compiled readers trust them.

        Raises
        ------
        TapeError
            The file was altered.
        """
        if not self._sound:
            require_structure(self)
            self._sound = True

    def __reduce__(self) -> tuple[Any, ...]:
        # A file's tape is reopened by the other process: the pages are shared, nothing is copied.
        if self.path is not None:
            return (Tape.open, (self.path.absolute(),))
        return (Tape, (self.header, self._sections))

    def __repr__(self) -> str:
        return f"<Tape {self.header.symbol}: {self.header.events} events, {self.nbytes} bytes>"
