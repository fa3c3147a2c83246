"""What one collector writes: the archive, and beside it what its sink makes of the events."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from truefill.collect.archive import Period, RawArchive
from truefill.collect.live_checks import LiveChecks
from truefill.collect.settings import Layout
from truefill.collect.sinks import EventSink, NoSink, Sink, WideSink
from truefill.core.errors import ConfigError, DataError
from truefill.venues.orders_book import OrdersBook
from truefill.venues.stream import Stream

CONNECTION, UNREAD, REPEATED = "_connection", "_unread", "_repeated"
_SECOND = 1_000_000_000
_PERIODS = {"day": 86_400 * _SECOND, "hour": 3_600 * _SECOND}


class Store:
    """The files of one collector; whoever has it is the folder's only writer.

    Parameters
    ----------
    folder : Path
        Is made if there is none.
    streams : mapping
        Instruments, by the venue's name.
    channels : tuple of str
        Which of their streams there are.
    period : {"day", "hour"}
    fsync : bool
    layout : {"events", "wide", "none"}
    levels : int
        See `CollectSettings`.
    verify : bool
        Check the events as they come.

    Raises
    ------
    DataError
        Another collector writes to the folder, or it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        streams: Mapping[str, Stream],
        channels: tuple[str, ...],
        *,
        period: Period,
        fsync: bool,
        layout: Layout,
        levels: int,
        verify: bool = False,
    ) -> None:
        self.archive = RawArchive(folder / "raw", period=period, fsync=fsync)
        self.names = {native: file_name(native) for native in streams}
        try:
            self.sink = _sink(layout, folder, streams, self.names, levels, channels)
            self._checks = LiveChecks(folder, streams) if verify else None
        except BaseException:
            self.archive.close()
            raise
        self._length = _PERIODS[period]
        self._turn = 0  # receive time at which the next files of the sink begin

    def message(self, native: str, now: int, message: bytes) -> None:
        """Archive a message of an instrument."""
        self.archive.append(self.names[native], now, message)

    def rows(self, native: str, rows: np.ndarray, now: int) -> None:
        """Take events of an instrument; `now` never goes back, UTC ns."""
        self.sink.rows(native, rows, now)
        if self._checks is not None:
            self._checks.rows(native, rows)

    def save(self) -> list[str]:
        """Write what has come so far; gives the errors that the checks found since the last time."""
        self.sink.save()
        return [] if self._checks is None else self._checks.save()

    def turns_over(self, now: int) -> int:
        """Tell whether a day or an hour is over; from now on it is the next one.

        Returns
        -------
        int
            The last moment of the old one, UTC ns; 0: it goes on.
        """
        if now < self._turn:
            return 0
        old, self._turn = self._turn, (now // self._length + 1) * self._length
        return max(old - 1, 0)

    def close(self) -> DataError | None:
        """Bring what is in memory to its files, as much as they take; the first error of it."""
        first: DataError | None = None
        steps: list[Callable[[], None]] = [self.archive.flush, self.sink.close, self.archive.close]
        for step in steps:
            try:
                step()
            except DataError as error:
                first = first or error
        return first


def file_name(native: str) -> str:
    """An instrument's name as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", native)


def check_layout(layout: Layout, streams: Mapping[str, Stream], levels: int) -> None:
    """Refuse a layout that cannot be written.

    Raises
    ------
    ConfigError
        It is none, or one of levels for a venue of single orders.
    """
    if layout not in ("events", "wide", "none"):
        raise ConfigError("events, wide or none", repr(layout), "layout")
    if not 1 <= levels <= 1000:
        raise ConfigError("1 to 1000 levels", levels, "levels")
    for stream in streams.values():
        if layout == "wide" and isinstance(stream.book, OrdersBook):
            raise ConfigError(
                "a venue that sends levels, for the wide layout", f"{stream.symbol}, order by order", "layout"
            )


def _sink(
    layout: Layout,
    folder: Path,
    streams: Mapping[str, Stream],
    names: Mapping[str, str],
    levels: int,
    channels: tuple[str, ...],
) -> Sink:
    if layout == "events":
        return EventSink(folder, streams, names)
    if layout == "wide":
        return WideSink(folder, streams, names, levels, channels)
    return NoSink()
