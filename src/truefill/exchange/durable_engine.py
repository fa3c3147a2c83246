"""A matching engine that outlives its process: every message is in a journal before the engine takes it."""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truefill.core import matching_layout as lay
from truefill.core.errors import DataError
from truefill.core.matching import Engine
from truefill.core.matching_image import VERSION, adopt, image_of
from truefill.core.matching_types import MESSAGE
from truefill.journal import Frame, Journal, Snapshots
from truefill.journal.writer import Durability


class Recovered(NamedTuple):
    """What an engine began with.

    Attributes
    ----------
    snapshot : int
        Message up to which a snapshot had everything; 0 without one.
    replayed : int
        Messages that were taken again from the journal.
    set_aside : tuple of Path
        What was found behind the last sound message.
    """

    snapshot: int
    replayed: int
    set_aside: tuple[Path, ...]


class DurableEngine(Engine):
    """`truefill.core.matching.Engine`, with a journal and snapshots in a folder.

    A message is in the journal before the engine sees it, so a report is never given for one that a crash
    could take back. Opened again, it stands where it stood: the newest snapshot, and the messages after it
    taken again.

    Parameters
    ----------
    folder : path
        Is made if there is none. One process at a time.
    symbols, window, orders, far_levels
        As of `Engine`. A folder of an engine with other symbols, window or far levels is refused.
    durability : {"buffered", "process", "disk"}
        What a call waits for, see `truefill.journal.Journal`: ``process`` outlives ``kill -9``, ``disk`` a
        power cut.
    snapshot_every : int
        Messages between two snapshots; 0: only when `snapshot` is called.
    accept_damage : bool
        Begin with the last sound message when the journal is damaged; by default that is refused.

    Attributes
    ----------
    recovered : Recovered

    Raises
    ------
    DataError
        The folder is another process's or another engine's, it cannot be written, or the journal is damaged:
        the message tells the last good sequence number.
    """

    def __init__(
        self,
        folder: str | PathLike[str],
        symbols: int = 1,
        *,
        window: int | None = None,
        orders: int = 1 << 12,
        far_levels: int = 1 << 20,
        durability: Durability = "process",
        snapshot_every: int = 50_000_000,
        accept_damage: bool = False,
    ) -> None:
        super().__init__(symbols, window=window, orders=orders, far_levels=far_levels)
        self.folder, self._every = Path(folder), snapshot_every
        head = self._head
        schema = (
            f"messages to an engine (layout {VERSION}) of {head[lay.SYMBOLS]} symbols, windows of "
            f"{1 << head[lay.PLACE_BITS]} ticks and {head[lay.FAR_LEVELS]} far levels"
        )
        self._snapshots = Snapshots(self.folder / "snapshots", schema)
        newest = self._snapshots.newest()
        if newest is not None:
            adopt(self, newest.payload)
        self._snapshot_at = begin = self.sequence
        self._journal = Journal(
            self.folder / "journal",
            schema,
            durability=durability,
            after=begin,
            replay=self._take_again,
            accept_damage=accept_damage,
        )
        self.recovered = Recovered(begin, self.sequence - begin, tuple(self._journal.set_aside))
        if self._journal.last != self.sequence:
            self.close()
            raise DataError(f"{self._journal.last} messages", f"an engine of {self.sequence}", self.folder)
        self._keeps = self._journal_first

    @property
    def sequence(self) -> int:
        """Messages that the engine has taken, ever."""
        return int(self._head[lay.CAUSES])

    def _take_again(self, frame: Frame) -> None:
        for _ in self._run(np.frombuffer(frame.payload, MESSAGE)):
            pass

    def _journal_first(self, orders: NDArray[Any]) -> None:
        if self._every and self.sequence - self._snapshot_at >= self._every:
            self.snapshot()
        self._journal.append(orders, len(orders))

    def stream(self, orders: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """As `Engine.stream`; all messages are taken before the first piece, as they are in the journal."""
        yield from [piece.copy() for piece in super().stream(orders)]

    def snapshot(self) -> Path:
        """Write the state to the disk, and wait until it is there.

        Raises
        ------
        DataError
            It cannot be written.
        """
        self._journal.flush(disk=True)
        path = self._snapshots.save(self.sequence, image_of(self))
        self._snapshot_at = self.sequence
        return path

    def close(self) -> None:
        """Write what waits to the disk, and let go of the folder; the engine takes nothing more."""
        self._journal.close()

    def __enter__(self) -> "DurableEngine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
