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
import time
from collections.abc import Coroutine, Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from truefill.collect.archive import Period
from truefill.collect.asking import Asker, has_snapshots
from truefill.collect.backoff import Backoff
from truefill.collect.collector_state import (
    CollectorState,
    InstrumentState,
    read_collector_state,
    write_collector_state,
)
from truefill.collect.connection import NO_CONNECTION
from truefill.collect.endpoints import Endpoint, endpoint
from truefill.collect.fetching import Fetcher
from truefill.collect.handover import Handover
from truefill.collect.renewal import change_over, renewals
from truefill.collect.session import Session, cancel
from truefill.collect.settings import INSTRUMENTS, SNAPSHOTS, Layout, Patience
from truefill.collect.store import CONNECTION, REPEATED, UNREAD, Store, check_layout
from truefill.collect.trade_ids import TradeIds
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Symbol, market_codec, parse_symbol
from truefill.venues.codec import CHANNELS, DEPTH, TRADES, VenueCodec
from truefill.venues.instrument_lists import instruments_requests
from truefill.venues.wants import Fetch

__all__ = ["Collector", "Patience"]

_LOG = logging.getLogger("truefill.collect")
_BATCH = 256  # messages whose events are taken together
_SECOND = 1_000_000_000
_LONGEST_STALE_S = 3600.0
_SHOWN = 10  # troubles that are told between two states; what follows is in the log at level DEBUG


class Usage(NamedTuple):
    """What a run of a collector has used.

    Attributes
    ----------
    connected : bool
    bytes : int
        Written to the archive, packed.
    requests, limited : int
        Over REST; refused as too many.
    """

    connected: bool = False
    bytes: int = 0
    requests: int = 0
    limited: int = 0


class Collector:
    """Collects instruments of one venue into a folder, until it is told to stop.

    Parameters
    ----------
    symbols : sequence of Symbol or str
        ``BTCUSDT-PERP.BINANCE``; all of one venue.
    folder : path
        Is made if there is none. It has one collector at a time.
    channels : sequence of str
        Of `truefill.collect.settings.COLLECTED`.
    period : {"day", "hour"}
        How long a file goes on.
    parquet : bool
        False: as ``layout="none"``.
    layout : {"events", "wide", "none"}
        What is written beside the archive.
    levels : int
        Of a side of a book in the wide layout.
    fsync : bool
        See `RawArchive`.
    verify : bool
        Check the events as they come, and write what is found to ``verify.json``.
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
        layout: Layout = "events",
        levels: int = 20,
        fsync: bool = False,
        verify: bool = False,
        at: Endpoint | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.symbols = [parse_symbol(symbol) if isinstance(symbol, str) else symbol for symbol in symbols]
        self._asked = tuple(name for name in channels if name in (INSTRUMENTS, SNAPSHOTS))
        streamed = [name for name in channels if name not in self._asked]
        if not streamed:
            raise ConfigError("at least one of " + ", ".join(CHANNELS), ", ".join(channels), "channels")
        self.codec = market_codec(self.symbols, streamed)
        self._check_asked()
        check_layout(layout, self.codec.streams, levels)
        self.endpoint = endpoint(self.codec.venue) if at is None else at
        self.folder = Path(folder)
        self.patience = patience or Patience()
        self.state = read_collector_state(self.folder, self.codec.venue.value)
        self._period: Period = period
        self._layout: Layout = layout if parquet else "none"
        self._levels = levels
        self._fsync = fsync
        self._verify = verify
        self._heard: dict[str, float] = {}  # by the venue's name: time of the loop
        self._stale_s = dict.fromkeys(self.codec.streams, self.patience.stale_s)
        self._store: Store
        self._fetcher: Fetcher
        self._asker: Asker
        self.session: Session
        self.sessions: list[Session] = []  # that one, and the one that takes its place
        self.handover: Handover | None = None
        self.trades: dict[str, TradeIds] = {}
        self._books = False  # whether the store wants to see them
        self._backoff = Backoff(self.patience.retry_s, self.patience.most_s)
        self._stop = asyncio.Event()
        self._failure: BaseException | None = None
        self._clock = 0  # the clock's last time
        self._now = 0
        self._waiting = 0  # messages whose events were not taken yet
        self._troubles = 0
        self._loop_time = time.monotonic  # the loop's own, once there is one

    @property
    def usage(self) -> Usage:
        """What this run has used so far."""
        if not self.sessions:
            return Usage()
        fetcher = self._fetcher
        written = self._store.archive.bytes
        return Usage(self.session.is_open, written, fetcher.requests, fetcher.limited)

    def _check_asked(self) -> None:
        venue = self.codec.venue
        offered = {
            INSTRUMENTS: bool(instruments_requests(venue, self.symbols)),
            SNAPSHOTS: has_snapshots(venue, self.codec.streams),
        }
        for name in self._asked:
            if not offered[name]:
                raise ConfigError(f"a venue that can be asked for {name}", venue.value, "channels")

    def stop(self) -> None:
        """Let `run` end in order."""
        self._stop.set()
        for session in self.sessions:
            session.disconnect()

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
        self._store = Store(
            self.folder, self.codec.streams, self.codec.channels,
            period=self._period, fsync=self._fsync, layout=self._layout, levels=self._levels,
            verify=self._verify,
        )  # fmt: skip
        try:
            await self._collect()
        finally:
            self._end()
        if self._failure is not None:
            raise self._failure
        return self.state

    async def _collect(self) -> None:
        state = self.state
        state.runs += 1
        state.running = True
        for native in self.codec.streams:
            state.instruments.setdefault(native, InstrumentState())
        self._books = self._store.sink.wants_books
        self._loop_time = asyncio.get_running_loop().time
        self._fetcher = Fetcher(self.endpoint)
        self.session = self.new_session(self.codec)
        now = self.time()
        self.trades = {native: TradeIds(now) for native in self.codec.streams}
        self._asker = Asker(self.codec.venue, self.folder, self, self._store, self._fetcher, self.patience)
        work = [self._each_second(), renewals(self)]
        if INSTRUMENTS in self._asked:
            work.append(self._asker.instruments(self.symbols, list(self.codec.streams)))
        helpers = [asyncio.create_task(self._guarded(one)) for one in work]
        try:
            while not self._stop.is_set():
                await self._connect()
                if not self._stop.is_set():
                    await self._sleep(self._backoff.next())
        finally:
            await cancel(helpers)
            await self._fetcher.close()

    def new_session(self, codec: VenueCodec) -> Session:
        """Make a session, beside the one that there is."""
        session = Session(codec, self.endpoint, self.patience, self._fetcher, self)
        self.sessions.append(session)
        return session

    async def _connect(self) -> None:
        """Open the connection, and stay until it, or the one that took its place, is closed."""
        session = self.session
        again = session.since > 0.0
        try:
            await session.open()
        except NO_CONNECTION as error:
            self.trouble("no connection to %s: %s", self.endpoint.stream, error)
            return
        self.state.connections += 1
        self.state.silent = []
        self._heard = dict.fromkeys(self.codec.streams, session.since)
        if again and TRADES in self.codec.channels:
            session.start(self._guarded(self._asker.missed_trades()))
        self.begin_snapshots(session)
        while True:
            if self._stop.is_set():
                session.disconnect()
            await session.closed()
            cut = self.handover is not None and self.handover.old is session.codec
            if cut and not self._stop.is_set():
                change_over(self)
            if session is self.session:
                break
            session = self.session
        self._asker.lost()
        if not self._stop.is_set():
            self.trouble("the connection to %s is closed", self.endpoint.stream)

    def begin_snapshots(self, session: Session) -> None:
        """Ask for books from now on, over this session, if they are wanted."""
        if SNAPSHOTS in self._asked:
            session.start(self._guarded(self._asker.snapshots(session, session.codec.streams)))

    # -- messages -------------------------------------------------------------------------------------------

    def _time(self) -> int:
        """Give the time as the clock has it; `_now` never goes back, as whoever reads the archive has it."""
        now = time.time_ns()
        self.state.clock_steps += now < self._clock
        self._clock = now
        self._now = max(self._now, now)
        return now

    def clock(self) -> tuple[int, int]:
        """Give the time as the clock has it, and one that never goes back."""
        return self._time(), self._now

    def time(self) -> int:
        """Give the time as a codec shall have it: it never goes back."""
        self._time()
        return self._now

    def received(self, session: Session, message: bytes) -> None:
        """Take one message off the socket."""
        if self._failure is not None:
            return
        try:
            now = self._time()
            self._turn_over()
            try:
                session.codec.add(message, self._now, self.state.messages)
            except DataError as error:
                self._unread(now, message, error)
            else:
                self._keep(session, now, message)
            session.do_wants()
        except (
            Exception
        ) as error:  # the folder cannot be written, or a fault of ours: nothing may go on unseen
            self._fail(error)

    def fetched(self, session: Session, want: Fetch, body: bytes) -> None:
        """Take the answer to a request."""
        now = self._time()
        try:
            self._turn_over()
            try:
                session.codec.fetched(want, body, self._now, self.state.messages)
            except DataError as error:
                self._unread(now, body, error)
            else:
                self._keep(session, now, body)
            session.do_wants()
        except Exception as error:
            self._fail(error)

    def _keep(self, session: Session, now: int, message: bytes) -> None:
        """Archive a message that was read, with each of its instruments; take events now and then."""
        codec = session.codec
        about = codec.about
        self.state.messages += 1
        line = codec.line(message)
        if not about:
            self._store.archive.append(CONNECTION, now, line)
            return
        if self.handover is not None or session is not self.session:
            self._keep_one(session, now, line)
            return
        heard = self._loop_time()
        for stream in about if len(about) == 1 else dict.fromkeys(about):
            native = stream.native
            self._store.message(native, now, line)
            own = self.state.instruments[native]
            own.messages += 1
            own.last_ts = now
            self._heard[native] = heard
            if self._books:
                self._store.sink.book(stream)
        if self._backoff.tries:
            self._backoff.reset()
        self._waiting += 1
        if self._waiting >= _BATCH:
            self.take()

    def _keep_one(self, session: Session, now: int, line: bytes) -> None:
        """As `_keep`, while there are two connections: of each instrument one of them counts."""
        codec, handover = session.codec, self.handover
        about = {stream.native: stream for stream in codec.about}
        counts = {n for n, stream in about.items() if handover is not None and handover.heard(codec, stream)}
        if len(counts) < len(about):
            self._store.archive.append(REPEATED, now, line)
        for native in counts:
            self._store.message(native, now, line)
            own = self.state.instruments[native]
            own.messages += 1
            own.last_ts = now
            self._heard[native] = asyncio.get_running_loop().time()
        for symbol, rows in self._taken(codec):
            if codec.native(symbol) in counts:
                self._emit(codec.native(symbol), rows, self._now)
        for native in counts if self._books else ():
            self._store.sink.book(about[native])

    def _unread(self, now: int, message: bytes, error: DataError) -> None:
        self.state.messages += 1
        self.state.unread += 1
        self.trouble("a message that cannot be read: %s", error)
        self._store.archive.append(UNREAD, now, self.codec.line(message))

    def take(self, now: int = 0) -> None:
        """Pass the events on, as of `now`."""
        self._waiting = 0
        for symbol, rows in self._taken(self.codec):
            self._emit(self.codec.native(symbol), rows, now or self._now)

    def emit(self, native: str, rows: np.ndarray) -> None:
        """Take events that came another way."""
        self._add(native, rows, self._now)

    def _taken(self, codec: VenueCodec) -> list[tuple[Symbol, np.ndarray]]:
        """Take the events of a codec."""
        taken = None
        while taken is None:
            try:
                taken = codec.take()
            except DataError as error:  # a number that is too long; its instrument begins again
                self.state.unread += 1
                self.trouble("events that cannot be written: %s", error)
        codec.klines()  # bars are no events; the archive has them
        return taken

    def _emit(self, native: str, rows: np.ndarray, now: int) -> None:
        rows = self.trades[native].remember(rows)
        if len(rows):
            self._add(native, rows, now)

    def _add(self, native: str, rows: np.ndarray, now: int) -> None:
        self.state.instruments[native].events += len(rows)
        self._store.rows(native, rows, now)

    def _turn_over(self) -> None:
        """Begin the next files of events, if their day or hour has begun."""
        if over := self._store.turns_over(self._now):
            self.take(over)
            self._store.sink.turn_over()

    # -- each second -----------------------------------------------------------------------------------------

    async def _each_second(self) -> None:
        loop = asyncio.get_running_loop()
        saved = loop.time() - self.patience.state_s
        while True:
            try:
                self._store.archive.flush()
                self.take()
                self.session.do_wants()
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
        if not self.session.is_open:
            return
        self._time()
        silent = [
            f"{s.channel} {s.native}"
            for s in self.codec.silent(self._now, int(self.patience.silent_s * _SECOND))
        ]
        for name in set(silent) - set(self.state.silent):
            self.trouble("subscribed, and nothing has come: %s", name)
        self.state.silent = silent
        stale = [native for native, at in self._heard.items() if now - at >= self._stale_s[native]]
        for native in stale:
            self.trouble("nothing of %s for %.0f s: connecting anew", native, self._stale_s[native])
            self._stale_s[native] = min(
                2 * self._stale_s[native], max(_LONGEST_STALE_S, self._stale_s[native])
            )
        if stale:
            self.session.disconnect()

    def _save(self) -> None:
        self._troubles = 0
        for found in self._store.save():
            self.trouble("verify: %s", found)
        self.state.saved_ts = time.time_ns()
        write_collector_state(self.folder, self.state)

    def _end(self) -> None:
        """At the end: what is in memory to its files, as much as they take."""
        self.state.running = False
        for step in (self.take, self._save):
            try:
                step()
            except DataError as error:
                self._failure = self._failure or error
        self._failure = self._failure or self._store.close()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the messages; when it fails, so does the run."""
        try:
            await work
        except Exception as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self.stop()

    def trouble(self, text: str, *values: object) -> None:
        """Tell the user, not more often than he can read."""
        self._troubles += 1
        level = logging.WARNING if self._troubles <= _SHOWN else logging.DEBUG
        _LOG.log(level, text, *values)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)
