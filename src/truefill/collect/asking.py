"""What a collector asks of a venue beside its streams: instruments, books to compare with, missed trades.

All of it goes through one `Fetcher`, at the venue's pace; every answer is archived as it came.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from truefill.collect.backoff import Backoff
from truefill.collect.collector_state import CollectorState
from truefill.collect.fetching import Fetcher
from truefill.collect.session import Session
from truefill.collect.settings import Patience
from truefill.collect.sinks import make_folder
from truefill.collect.store import Store
from truefill.collect.trade_ids import TradeIds
from truefill.core.errors import DataError
from truefill.tape.npz import written
from truefill.venues import Symbol, Venue
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.instrument_lists import instruments_requests, read_instruments
from truefill.venues.instruments import Instrument
from truefill.venues.past_trades import read_trades, trades_url
from truefill.venues.stream import Stream
from truefill.venues.wants import Fetch
from truefill.venues.whole_books import book_url

INSTRUMENTS, SNAPSHOTS, MISSED = "_instruments", "_snapshots", "_trades"
_COLUMNS = ("native", "tick", "lot", "min_qty", "max_qty", "min_value", "contract_size")
_DAY = 86_400


class Host(Protocol):
    """The collector for which it is asked."""

    state: CollectorState
    trades: dict[str, TradeIds]

    def clock(self) -> tuple[int, int]:
        """Give the time as the clock has it, and one that never goes back, UTC ns."""

    def emit(self, native: str, rows: np.ndarray) -> None:
        """Take events of an instrument."""

    def take(self) -> None:
        """Pass the events on that wait."""

    def trouble(self, text: str, *values: object) -> None:
        """Tell the user."""


class Asker:
    """Asks; made and used in one loop.

    Parameters
    ----------
    venue : Venue
    folder : Path
        The collector's.
    host : Host
    store : Store
    fetcher : Fetcher
    patience : Patience
    """

    def __init__(
        self, venue: Venue, folder: Path, host: Host, store: Store, fetcher: Fetcher, patience: Patience
    ) -> None:
        self._venue = venue
        self._folder = folder
        self._host = host
        self._store = store
        self._fetcher = fetcher
        self._patience = patience
        self._missing: dict[str, int] = {}  # since which exchange time trades may be, ns

    # -- trades ----------------------------------------------------------------------------------------------

    def lost(self) -> None:
        """Take note that the connection is lost, and trades are missed from now on."""
        for native, ids in self._host.trades.items():
            self._missing.setdefault(native, ids.last_ts)

    async def missed_trades(self) -> None:
        """Ask for the trades that lost connections have missed, where the venue tells."""
        await asyncio.sleep(self._patience.trades_s)
        for native in list(self._missing):
            url = trades_url(self._venue, native)
            if url is None:
                return
            body = await self._ask(url)
            self._recover(native, body, self._missing.pop(native))

    def _recover(self, native: str, body: bytes, since: int) -> None:
        now = self._archive(f"{MISSED}-{self._store.names[native]}", body)
        self._host.take()  # what has come over the stream is not missed
        try:
            found = read_trades(self._venue, body)
            rows = self._host.trades[native].missed(found, since, now)
        except DataError as error:
            self._unread(error)
            return
        if len(rows):
            self._host.state.trades_recovered += len(rows)
            self._host.emit(native, rows)

    # -- instruments -----------------------------------------------------------------------------------------

    async def instruments(self, symbols: list[Symbol], natives: list[str]) -> None:
        """Ask for the venue's instruments now, and when a day begins."""
        while True:
            found: list[Instrument] = []
            whole = True
            for request in instruments_requests(self._venue, symbols):
                body = await self._ask(*request)
                self._archive(INSTRUMENTS, body)
                try:
                    found += read_instruments(self._venue, body)
                except DataError as error:
                    whole = False
                    self._unread(error)
            now, _ = self._host.clock()
            if found:
                self._write(found, now)
            known = {instrument.native for instrument in found}
            self._host.state.unknown = [n for n in natives if whole and n not in known]
            for native in self._host.state.unknown:
                self._host.trouble("%s is not among the instruments of %s", native, self._venue.value)
            await asyncio.sleep(_DAY - now / 1e9 % _DAY)

    def _write(self, found: list[Instrument], now: int) -> None:
        """Write the list as a table, one a day."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = {name: [getattr(i, name) for i in found] for name in _COLUMNS}
        table = pa.table({"symbol": [str(i.symbol) for i in found], **columns})
        folder = make_folder(self._folder / "instruments")
        day = datetime.fromtimestamp(now // 1_000_000_000, UTC).strftime("%Y%m%d")
        with written(folder / f"instruments_{day}.parquet") as file:
            pq.write_table(table, file, compression="zstd", compression_level=3)

    # -- books -----------------------------------------------------------------------------------------------

    async def snapshots(self, session: Session, streams: dict[str, Stream]) -> None:
        """Ask for whole books in turn, each so often; ends with the session."""
        while True:
            for native, stream in streams.items():
                await asyncio.sleep(self._patience.snapshots_s / len(streams))
                if not stream.book.valid:
                    continue
                if isinstance(stream.book, FetchedBook):
                    for want in session.codec.begin_again(stream):
                        if isinstance(want, Fetch):
                            await session.fetch(want)
                elif (url := book_url(self._venue, native)) is not None:
                    self._archive(f"{SNAPSHOTS}-{self._store.names[native]}", await self._ask(url))

    # -- all of them -----------------------------------------------------------------------------------------

    async def _ask(self, url: str, body: bytes | None = None) -> bytes:
        backoff = Backoff(self._patience.retry_s, self._patience.most_s)
        return await self._fetcher.fetch(url, backoff, body)

    def _archive(self, name: str, body: bytes) -> int:
        """Keep an answer; the time for events, UTC ns."""
        now, steady = self._host.clock()
        self._host.state.messages += 1
        self._store.archive.append(name, now, body)
        return steady

    def _unread(self, error: DataError) -> None:
        self._host.state.unread += 1
        self._host.trouble("an answer that cannot be read: %s", error)


def has_snapshots(venue: Venue, streams: dict[str, Stream]) -> bool:
    """Whether whole books can be asked for."""
    native, stream = next(iter(streams.items()))
    return isinstance(stream.book, FetchedBook) or book_url(venue, native) is not None
