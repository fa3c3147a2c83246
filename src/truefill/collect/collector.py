"""Collects the market data of one venue: every message to the raw archive, its events to Parquet.

Needs the extra ``collect``. One connection has all instruments of the venue; its codec says what to send,
what to fetch and when to begin again. A message is archived whatever the codec thinks of it::

    FOLDER/raw/BTCUSDT_20240808.gz              <receive time, UTC ns> <message>, of one instrument
    FOLDER/raw/_connection_20240808.gz          answers, heartbeats: what is about no instrument
    FOLDER/raw/_unread_20240808.gz              what the codec refused
    FOLDER/events/BTCUSDT_20240808_000.parquet  events, a new part each day (or hour) and each run
    FOLDER/state.json                           counters, every 30 s
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from truefill.collect.archive import Period, RawArchive
from truefill.collect.backoff import Backoff
from truefill.collect.collector_state import (
    CollectorState,
    InstrumentState,
    read_collector_state,
    write_collector_state,
)
from truefill.collect.connection import NO_CONNECTION, Connection, connect
from truefill.collect.endpoints import Endpoint, endpoint
from truefill.collect.event_parts import EventParts
from truefill.collect.fetching import Fetcher
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Symbol, Venue, market_codec, parse_symbol
from truefill.venues.codec import DEPTH, KLINES, MARKS, TRADES
from truefill.venues.wants import Fetch, Reconnect, Send

CONNECTION, UNREAD = "_connection", "_unread"
_LOG = logging.getLogger("truefill.collect")
_BATCH = 256  # messages whose events are taken together
_SECOND = 1_000_000_000
_PERIODS = {"day": 86_400 * _SECOND, "hour": 3_600 * _SECOND}
_LONGEST_STALE_S = 3600.0
_SHOWN = 10  # troubles that are told between two states; what follows is in the log at level DEBUG


@dataclass(frozen=True)
class Patience:
    """How long a collector waits, s.

    Attributes
    ----------
    stale_s : float
        An instrument of which nothing came for so long makes the connection be opened anew. An instrument for
        which that did not help is given twice the time.
    silent_s : float
        A subscription of which nothing has come so long after it was asked for is named in log and state.
    retry_s, most_s : float
        Before the first and before any later try to connect, or to fetch; drawn from the upper half.
    state_s : float
        Between two states.
    """

    stale_s: float = 60.0
    silent_s: float = 30.0
    retry_s: float = 0.5
    most_s: float = 60.0
    state_s: float = 30.0


class Collector:
    """Collects instruments of one venue into a folder, until it is told to stop.

    Parameters
    ----------
    symbols : sequence of Symbol or str
        ``BTCUSDT-PERP.BINANCE``; all of one venue.
    folder : path
        Is made if there is none. It has one collector at a time.
    channels : sequence of str
        Of `truefill.venues.codec.CHANNELS`.
    period : {"day", "hour"}
        How long a file goes on.
    parquet : bool
        Write events, too.
    fsync : bool
        See `RawArchive`.
    at : Endpoint, optional
        Other addresses than the venue's own.
    patience : Patience, optional

    Raises
    ------
    ConfigError
        The symbols are of several venues, or of one that cannot be collected, or a channel is.
    DataError
        The folder is of another venue.
    """

    def __init__(
        self,
        symbols: Iterable[Symbol | str],
        folder: str | PathLike[str],
        *,
        channels: Sequence[str] = (DEPTH, TRADES),
        period: Period = "day",
        parquet: bool = True,
        fsync: bool = False,
        at: Endpoint | None = None,
        patience: Patience | None = None,
    ) -> None:
        wanted = [parse_symbol(symbol) if isinstance(symbol, str) else symbol for symbol in symbols]
        self.codec = market_codec(wanted, channels)
        if self.codec.venue is Venue.BINANCE_USDM and {MARKS, KLINES} & set(channels):
            # Since 2026-04 these come by another route, and stay silent on that of the book.
            raise ConfigError("depth, trades or best of binance-usdm", ", ".join(channels), "channels")
        self.endpoint = endpoint(self.codec.venue) if at is None else at
        self.folder = Path(folder)
        self.patience = patience or Patience()
        self.state = read_collector_state(self.folder, self.codec.venue.value)
        self._period: Period = period
        self._parquet = parquet
        self._fsync = fsync
        self._names = {native: _file_name(native) for native in self.codec.streams}
        self._heard: dict[str, float] = {}  # by the venue's name: time of the loop
        self._stale_s = dict.fromkeys(self.codec.streams, self.patience.stale_s)
        self._parts: dict[str, EventParts] = {}
        self._archive: RawArchive
        self._fetcher: Fetcher
        self._connection: Connection | None = None
        self._backoff = Backoff(self.patience.retry_s, self.patience.most_s)
        self._fetches: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._clock = 0  # the clock's last time
        self._now = 0
        self._turn = 0  # receive time at which the next parts of events begin
        self._waiting = 0  # messages whose events were not taken yet
        self._troubles = 0

    def stop(self) -> None:
        """Let `run` end in order."""
        self._stop.set()
        if self._connection is not None:
            self._connection.disconnect()

    async def run(self) -> CollectorState:
        """Collect until `stop`; also to be cancelled.

        Returns
        -------
        CollectorState

        Raises
        ------
        DataError
            Another collector writes to the folder, or it cannot be written any more: what was complete is.
        """
        events = self.folder / "events"
        with RawArchive(self.folder / "raw", period=self._period, fsync=self._fsync) as self._archive:
            try:
                await self._collect(events)
            finally:
                self._drain_all()
        if self._failure is not None:
            raise self._failure
        return self.state

    async def _collect(self, events: Path) -> None:
        state = self.state
        state.runs += 1
        state.running = True
        for native, stream in self.codec.streams.items():
            state.instruments.setdefault(native, InstrumentState())
            if self._parquet:
                try:
                    events.mkdir(exist_ok=True)
                except OSError as error:
                    raise DataError("a folder that can be written", error.strerror, events) from error
                self._parts[native] = EventParts(events, self._names[native], str(stream.symbol))
        self._fetcher = Fetcher(self.endpoint)
        helpers = [asyncio.create_task(self._each_second())]
        if self.endpoint.heartbeat_s is not None and self.codec.heartbeat() is not None:
            helpers.append(asyncio.create_task(self._heartbeats(self.endpoint.heartbeat_s)))
        try:
            while not self._stop.is_set():
                await self._connect()
                if not self._stop.is_set():
                    await self._sleep(self._backoff.next())
        finally:
            await _cancel([*helpers, *self._fetches])
            await self._fetcher.close()

    async def _connect(self) -> None:
        """Open the connection, and stay until it is closed."""
        try:
            self._connection = await connect(self.endpoint.stream, self._receive)
        except NO_CONNECTION as error:
            self._trouble("no connection to %s: %s", self.endpoint.stream, error)
            return
        try:
            self.state.connections += 1
            self.state.silent = []
            now = asyncio.get_running_loop().time()
            self._heard = dict.fromkeys(self.codec.streams, now)
            self.codec.connected(self._time())
            self._do_wants()
            if self._stop.is_set():
                self._connection.disconnect()
            await self._connection.closed()
        finally:
            self._connection.disconnect()
            self._connection = None
            await _cancel(self._fetches)
        if not self._stop.is_set():
            self._trouble("the connection to %s is closed", self.endpoint.stream)

    # -- messages -------------------------------------------------------------------------------------------

    def _time(self) -> int:
        """Give the time as the clock has it; `_now` never goes back, as whoever reads the archive has it."""
        now = time.time_ns()
        self.state.clock_steps += now < self._clock
        self._clock = now
        self._now = max(self._now, now)
        return now

    def _receive(self, message: bytes) -> None:
        """Take one message off the socket."""
        if self._failure is not None:
            return
        try:
            now = self._time()
            try:
                self.codec.add(message, self._now, self.state.messages)
            except DataError as error:
                self._unread(now, message, error)
            else:
                self._keep(now, message)
            self._do_wants()
        except (
            Exception
        ) as error:  # the folder cannot be written, or a fault of ours: nothing may go on unseen
            self._fail(error)

    def _keep(self, now: int, message: bytes) -> None:
        """Archive a message that was read, with each of its instruments; take events now and then."""
        about = self.codec.about
        self.state.messages += 1
        if not about:
            self._archive.append(CONNECTION, now, self.codec.line(message))
            return
        line = self.codec.line(message)
        heard = asyncio.get_running_loop().time()
        for native in dict.fromkeys(stream.native for stream in about):
            self._archive.append(self._names[native], now, line)
            own = self.state.instruments[native]
            own.messages += 1
            own.last_ts = now
            self._heard[native] = heard
        self._backoff.reset()
        self._waiting += 1
        if self._waiting >= _BATCH:
            self._take()

    def _unread(self, now: int, message: bytes, error: DataError) -> None:
        self.state.messages += 1
        self.state.unread += 1
        self._trouble("a message that cannot be read: %s", error)
        self._archive.append(UNREAD, now, self.codec.line(message))

    def _take(self) -> None:
        """Pass the events on."""
        self._waiting = 0
        taken = None
        while taken is None:
            try:
                taken = self.codec.take()
            except DataError as error:  # a number that is too long; its instrument begins again
                self.state.unread += 1
                self._trouble("events that cannot be written: %s", error)
        self.codec.klines()  # bars are no events; the archive has them
        for symbol, rows in taken:
            native = self.codec.native(symbol)
            self.state.instruments[native].events += len(rows)
            if self._parquet:
                self._parts[native].append(rows, self._now)

    def _turn_over(self) -> None:
        """Begin the next parts of events, if their day or hour has begun."""
        if self._now < self._turn:
            return
        length = _PERIODS[self._period]
        self._take()
        for part in self._parts.values():
            part.close()
        self._turn = (self._now // length + 1) * length

    # -- what the codec wants --------------------------------------------------------------------------------

    def _do_wants(self) -> None:
        for want in self.codec.wants():
            if isinstance(want, Send):
                if self._connection is not None:
                    self._connection.send(want.text)
            elif isinstance(want, Fetch):
                task = asyncio.create_task(self._fetch(want))
                self._fetches.add(task)
                task.add_done_callback(self._fetches.discard)
            elif isinstance(want, Reconnect):
                self._trouble("connecting anew: %s", want.reason)
                if self._connection is not None:
                    self._connection.disconnect()

    async def _fetch(self, want: Fetch) -> None:
        """Fetch once; cancelled when the connection ends. The codec asks again if it could not read it."""
        body = await self._fetcher.fetch(want.url, Backoff(self.patience.retry_s, self.patience.most_s))
        now = self._time()
        try:
            self._turn_over()
            try:
                self.codec.fetched(want, body, self._now, self.state.messages)
            except DataError as error:
                self._unread(now, body, error)
            else:
                self._keep(now, body)
            self._do_wants()
        except Exception as error:
            self._fail(error)

    async def _heartbeats(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            beat = self.codec.heartbeat()
            if beat is not None and self._connection is not None:
                self._connection.send(beat.text)

    # -- each second -----------------------------------------------------------------------------------------

    async def _each_second(self) -> None:
        loop = asyncio.get_running_loop()
        saved = loop.time() - self.patience.state_s
        while True:
            try:
                self._archive.flush()
                self._take()
                self._do_wants()
                self._look(loop.time())
                if loop.time() - saved >= self.patience.state_s:
                    self._save()
                    saved = loop.time()
            except Exception as error:
                self._fail(error)
                return
            await asyncio.sleep(1.0)

    def _look(self, now: float) -> None:
        """Notice streams that are silent, and open the connection anew for an instrument that is."""
        if self._connection is None:
            return
        self._time()
        silent = [
            f"{s.channel} {s.native}"
            for s in self.codec.silent(self._now, int(self.patience.silent_s * _SECOND))
        ]
        for name in set(silent) - set(self.state.silent):
            self._trouble("subscribed, and nothing has come: %s", name)
        self.state.silent = silent
        stale = [native for native, at in self._heard.items() if now - at >= self._stale_s[native]]
        for native in stale:
            self._trouble("nothing of %s for %.0f s: connecting anew", native, self._stale_s[native])
            self._stale_s[native] = min(
                2 * self._stale_s[native], max(_LONGEST_STALE_S, self._stale_s[native])
            )
        if stale:
            self._connection.disconnect()

    def _save(self) -> None:
        self._troubles = 0
        self.state.saved_ts = time.time_ns()
        write_collector_state(self.folder, self.state)

    def _drain_all(self) -> None:
        """At the end: what is in memory to its files, as much as they take."""
        self.state.running = False
        for step in (self._archive.flush, self._take, *(p.close for p in self._parts.values()), self._save):
            try:
                step()
            except DataError as error:
                self._failure = self._failure or error

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self.stop()

    def _trouble(self, text: str, *values: object) -> None:
        self._troubles += 1
        level = logging.WARNING if self._troubles <= _SHOWN else logging.DEBUG
        _LOG.log(level, text, *values)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)


def _file_name(native: str) -> str:
    """An instrument's name as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", native)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    left = list(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
