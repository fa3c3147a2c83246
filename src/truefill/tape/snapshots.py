"""End-of-day snapshots: the book at the end of one tape, as the rows with which the next one begins.

A snapshot is EVENT rows: a clear, then one row for each level from the best price outward, or for each open
order of a tape of single orders in the order of the queues. The file is HftBacktest's (``data`` in a
``.npz``), with a second array that says which instrument it is.
"""

import os
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from truefill.core.errors import DataError, TapeError
from truefill.core.events import ADD_ORDER, BUY, DEPTH_CLEAR, DEPTH_SNAPSHOT, EVENT, EXCH, LOCAL, SELL
from truefill.core.l2book import ASK, BID, TOP_ASK, TOP_BID
from truefill.tape.format import TapeHeader, file_path
from truefill.tape.npz import read_npz, written
from truefill.tape.replay import last_book
from truefill.tape.tape import Tape

_BOTH = EXCH | LOCAL


class _About(msgspec.Struct, frozen=True):
    """What stands in the file beside the rows."""

    symbol: str
    tick_size: str
    lot_size: str


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A book at one moment.

    Attributes
    ----------
    symbol : str
        Instrument and venue. Empty: not known (a file of HftBacktest's).
    tick_size, lot_size : str
        Exact steps; empty: not known.
    rows : EVENT[]
        A clear, then levels or orders. Rows that only one side's book has carry that side's flag alone.
    """

    symbol: str
    tick_size: str
    lot_size: str
    rows: np.ndarray

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Snapshot":
        """Read a snapshot that `save` wrote, or HftBacktest's ``.npz``, which does not name its instrument.

        Raises
        ------
        DataError
            The file is missing, damaged, or holds something else.
        """
        rows = read_npz(path)
        about = _About("", "", "")
        try:
            with np.load(file_path(path), allow_pickle=False) as loaded:
                if "about" in loaded.files:
                    about = msgspec.json.decode(loaded["about"].tobytes(), type=_About)
        except (OSError, ValueError, zipfile.BadZipFile, msgspec.DecodeError) as error:
            raise DataError("a file with a snapshot", error, path) from error
        return cls(about.symbol, about.tick_size, about.lot_size, rows)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the snapshot to a ``.npz`` file, whole or not at all. Returns the path.

        Raises
        ------
        DataError
            The name does not end in ``.npz``, or it cannot be written.
        """
        target = file_path(path)
        if target.suffix != ".npz":
            raise DataError("a name that ends in .npz", target.name)
        about = msgspec.json.encode(_About(self.symbol, self.tick_size, self.lot_size))
        with written(target) as file:
            np.savez_compressed(file, data=self.rows, about=np.frombuffer(about, np.uint8))
        return target

    def require_of(self, symbol: str, tick_size: object, lot_size: object) -> None:
        """Make sure that this is the book of an instrument; steps that are None are not compared.

        Raises
        ------
        TapeError
            It is another one's.
        """
        if self.symbol and self.symbol != symbol:
            raise TapeError(f"a snapshot of {symbol}", f"one of {self.symbol}", "initial_snapshot")
        for what, own, given in (
            ("tick size", self.tick_size, tick_size),
            ("lot size", self.lot_size, lot_size),
        ):
            if own and given is not None and Decimal(own) != Decimal(str(given)):
                raise TapeError(f"a snapshot with the {what} {given}", own, "initial_snapshot")

    def at(self, exch_ts: int, local_ts: int) -> np.ndarray:
        """The rows at given times, ns: EVENT[]. They may be in any order: the two sides begin apart."""
        rows = self.rows.copy()
        flags = rows["ev"] & np.uint64(_BOTH)
        rows["ev"] |= np.where(flags == 0, np.uint64(_BOTH), np.uint64(0))
        rows["exch_ts"], rows["local_ts"] = exch_ts, local_ts
        if local_ts >= exch_ts:
            return rows
        # nothing arrives before it happened: each side has rows of its own
        sides = []
        for flag, ts in ((EXCH, exch_ts), (LOCAL, local_ts)):
            seen = rows[rows["ev"] & np.uint64(flag) != 0]
            seen["ev"] = (seen["ev"] & ~np.uint64(_BOTH)) | np.uint64(flag)
            seen["exch_ts"] = seen["local_ts"] = ts
            sides.append(seen)
        return np.concatenate(sides)


def end_snapshot(tape: Tape | str | os.PathLike[str]) -> Snapshot:
    """Give the book at the end of a tape of levels.

    Unlike HftBacktest's ``create_last_snapshot`` it is never crossed: a level that a better price of the
    other side has crossed, and that the feed has not deleted yet, is no part of it.

    Raises
    ------
    TapeError
        No such tape; or one of single orders, which does not keep the numbers of the orders: take the
        snapshot from its builder (`TapeBuilder.end_snapshot`).
    """
    if not isinstance(tape, Tape):
        tape = Tape.open(tape)
    if tape.by_order:
        raise TapeError(
            "a tape of levels (of single orders, TapeBuilder.end_snapshot knows the book)",
            "one of single orders",
            tape.path or tape.symbol,
        )
    tape.require_sound()
    return of_views(tape.header, *(_levels(tape, view) for view in ("exch", "local")))


def of_views(header: TapeHeader, exch: np.ndarray, local: np.ndarray) -> Snapshot:
    """Make a snapshot of the two sides' books, which as a rule are the same."""
    times = (header.last_exch_ts or 0, header.last_ts or 0)
    parts = [(exch, _BOTH)] if exch.tobytes() == local.tobytes() else [(exch, EXCH), (local, LOCAL)]
    rows = np.concatenate([_cleared(book, flags) for book, flags in parts])
    rows["exch_ts"], rows["local_ts"] = times
    return Snapshot(header.symbol, header.tick_size, header.lot_size, rows)


def _cleared(book: np.ndarray, flags: int) -> np.ndarray:
    rows = np.zeros(len(book) + 1, EVENT)
    rows[0]["ev"] = DEPTH_CLEAR
    rows[1:] = book
    rows["ev"] |= np.uint64(flags)
    return rows


def _levels(tape: Tape, view: str) -> np.ndarray:
    """One row for each level of a side's book, from the best outward, bids first; without times."""
    qty, top = last_book(tape, view)
    parts = []
    for side, flag, best in ((BID, BUY, top[TOP_BID]), (ASK, SELL, top[TOP_ASK])):
        held = np.flatnonzero(qty[side::2] > 0)
        if best < 0:
            held = held[:0]
        held = held[held <= best][::-1] if side == BID else held[held >= best]
        rows = np.zeros(len(held), EVENT)
        rows["ev"] = DEPTH_SNAPSHOT | flag
        rows["px"] = in_units(tape.level_tick[held], tape.header.tick_size)
        rows["qty"] = in_units(qty[side::2][held], tape.header.lot_size)
        parts.append(rows)
    return np.concatenate(parts)


def in_units(counts: np.ndarray, step: str) -> np.ndarray:
    """Counts of a decimal step as the floats nearest to their exact values."""
    exact = Decimal(step)
    return np.array([float(int(count) * exact) for count in counts], np.float64)


def order_rows(entries: np.ndarray, ticks: np.ndarray, tick_size: str, quantity: Decimal) -> np.ndarray:
    """One row for each open order of a side's book, those that came to rest first in front; without times.

    Parameters
    ----------
    entries : ENTRY[]
        Open orders, as `tape.orders` keeps them.
    ticks : int64[]
        Of each of them its price.
    tick_size : str
    quantity : Decimal
        What an entry's quantity counts.
    """
    order = np.argsort(entries["prio"], kind="stable")
    entries, ticks = entries[order], ticks[order]
    rows = np.zeros(len(entries), EVENT)
    rows["ev"] = np.where(entries["level"] & 1, ADD_ORDER | SELL, ADD_ORDER | BUY)
    rows["px"] = in_units(ticks, tick_size)
    rows["qty"] = [float(int(qty) * quantity) for qty in entries["qty"]]
    rows["order_id"] = entries["order_id"].view(np.uint64)
    return rows
