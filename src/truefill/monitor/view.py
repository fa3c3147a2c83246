"""Collectors on a terminal: a table that is drawn anew each second."""

import asyncio
import math
import time
from collections.abc import Callable, Iterable

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from truefill.monitor.readings import Reading

_MOST = 40  # instruments that are shown
_COLUMNS = ("venue", "instrument", "messages/s", "messages", "lag", "gaps", "last price", "book")


class View:
    """Makes the table; rates are those since the last time.

    Parameters
    ----------
    readings : callable
        Gives what is shown.
    clock : callable
        Gives the time, s.
    """

    def __init__(
        self, readings: Callable[[], Iterable[Reading]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._readings = readings
        self._clock = clock
        self._before: dict[tuple[str, str], int] = {}
        self._at = clock()

    def table(self) -> Table:
        """Draw it as it is now."""
        readings = list(self._readings())
        now = self._clock()
        seconds, self._at = now - self._at, now
        table = Table(box=SIMPLE_HEAD, header_style="bold cyan", pad_edge=False, caption=_caption(readings))
        for column in _COLUMNS:
            table.add_column(column, justify="left" if column in ("venue", "instrument") else "right")
        shown = [(reading, i) for reading in readings for i in reading.instruments]
        for reading, i in shown:
            key = i.venue, i.name
            rate = self._rate(key, i.messages, seconds)
            if len(table.rows) == _MOST:
                continue
            state = Text("whole", "green") if i.valid else Text("suspect", "yellow")
            table.add_row(
                i.venue, i.name, rate, f"{i.messages:,}", _lag(i.lag_s), f"{i.gaps:,}",
                f"{i.last_px:g}" if math.isfinite(i.last_px) else "",
                state if reading.connected else Text("no connection", "red"),
            )  # fmt: skip
        if len(shown) > _MOST:
            table.add_row("", f"and {len(shown) - _MOST} more")
        return table

    def _rate(self, key: tuple[str, str], messages: int, seconds: float) -> str:
        before = self._before.get(key)
        self._before[key] = messages
        if before is None or seconds <= 0.0:
            return ""
        return f"{(messages - before) / seconds:,.0f}"


async def show(view: View, console: Console, every_s: float = 1.0) -> None:
    """Draw on a terminal until it is cancelled."""
    with Live(view.table(), console=console, auto_refresh=False, transient=True) as live:
        while True:
            await asyncio.sleep(every_s)
            live.update(view.table(), refresh=True)


def _lag(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f} ms" if math.isfinite(seconds) else ""


def _caption(readings: list[Reading]) -> str:
    megabytes = sum(reading.bytes for reading in readings) / 1e6
    unread = sum(reading.unread for reading in readings)
    return f"{megabytes:,.1f} MB written, {unread:,} messages unread; Ctrl-C ends it"
