"""What a connection knows of one instrument: its book, its rows, what has been seen."""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from truefill.core.events import (
    BUY,
    FUNDING,
    INDEX_PRICE,
    MARK_PRICE,
    SELL,
    TICKER_ASK,
    TICKER_BID,
    TRADE,
)
from truefill.venues.counters import MarketCounters
from truefill.venues.fetched_book import FetchedBook
from truefill.venues.orders_book import OrdersBook
from truefill.venues.rows import RowBatch
from truefill.venues.streamed_book import BOTH, At, StreamedBook
from truefill.venues.symbols import Symbol

_KEPT_IDS = 20_000  # of trades; what venues repeat after a reconnect is at most a thousand
_HISTORY_NS = 1_000_000_000  # what traded so long before anything else on the connection is history


Position = tuple[int, ...]
"""The venue's last numbers of an instrument: of its book, its trades, its best prices."""


class Kline(NamedTuple):
    """One bar as the venue sent it; prices and volume as text."""

    start_ts: int  # ns
    interval_ns: int
    open: str
    high: str
    low: str
    close: str
    volume: str  # in the base currency, or contracts
    closed: bool | None  # None: the venue does not say
    local_ts: int  # ns


@dataclass(slots=True)
class Seen:
    """Ids of the last trades."""

    ids: set[int]
    order: deque[int]

    def new(self, trade_id: int) -> bool:
        """Whether the id is new; from now on it is not."""
        if trade_id in self.ids:
            return False
        if len(self.order) == _KEPT_IDS:
            self.ids.discard(self.order.popleft())
        self.ids.add(trade_id)
        self.order.append(trade_id)
        return True


class Stream:
    """The rows of one instrument in the making.

    Parameters
    ----------
    symbol : Symbol
        The instrument.
    native : str
        Its name in messages.
    """

    book: StreamedBook | FetchedBook | OrdersBook

    def __init__(self, symbol: Symbol, native: str) -> None:
        self.symbol = symbol
        self.native = native
        self.rows = RowBatch()
        self.counters = MarketCounters()
        self.klines: list[Kline] = []
        self._seen = Seen(set(), deque())
        self.last_ts = 0  # latest exchange time, ns
        self.last_local_ts = 0
        self.asked_ts = 0  # local time of the request for a snapshot that has not come yet, ns; 0: none
        self.patience_ns = 0  # with which it is waited for
        self._began: int | None = None  # earliest exchange time of the first connection
        self._ticker: tuple[str, str, str, str] = ("", "", "", "")
        self._ticker_id = -1

    def position(self) -> Position:
        """Tell how far it has come, in numbers that are the same on every connection; (): it has none."""
        return ()

    def see(self, at: At) -> None:
        """Take note of the times of a message."""
        self.last_local_ts = at.local_ts
        if at.exch_ts > self.last_ts:
            self.last_ts = at.exch_ts
            if self._began is None:
                self._began = at.exch_ts

    def trade(self, at: At, side: int, px: str, qty: str, trade_id: int = 0, sequence: int = 0) -> None:
        """Add a trade.

        Parameters
        ----------
        at : At
            Its own time.
        side : int
            BUY or SELL, the aggressor's; 0: not known.
        trade_id : int
            0: the venue has none. One that has been seen is dropped.
        sequence : int
            The venue's number of the message or of the trade in its market.
        """
        if trade_id and not self._seen.new(trade_id):
            self.counters.trades_dropped += 1
            return
        if self._began is not None and at.exch_ts < self._began - _HISTORY_NS:
            self.counters.trades_replayed += 1
            return
        self.counters.trades += 1
        flags = TRADE | BOTH | side
        self.rows.pair(flags, at.exch_ts, at.local_ts, px, qty, trade_id, sequence, at.place)

    def best(self, at: At, bid: str, bid_qty: str, ask: str, ask_qty: str, update_id: int = 0) -> None:
        """Add the best prices, from a stream of their own; "": none on that side, or as before."""
        if update_id:
            if update_id <= self._ticker_id:
                self.counters.tickers_dropped += 1
                return
            self._ticker_id = update_id
        now = bid, bid_qty, ask, ask_qty
        if now == self._ticker:
            self.counters.tickers_dropped += 1
            return
        self._ticker = now
        self.counters.tickers += 1
        for kind, px, qty in ((TICKER_BID, bid, bid_qty), (TICKER_ASK, ask, ask_qty)):
            if px:
                self.rows.pair(kind | BOTH, at.exch_ts, at.local_ts, px, qty or "0", 0, update_id, at.place)

    def marks(
        self, at: At, mark: str = "", index: str = "", funding: str = "", next_funding_ts: int = 0
    ) -> None:
        """Add a mark price, an index price and a funding rate, those that are not ""."""
        if not (mark or index or funding):
            return
        self.counters.marks += 1
        for kind, number, ival in (
            (MARK_PRICE, mark, 0),
            (INDEX_PRICE, index, 0),
            (FUNDING, funding, next_funding_ts),
        ):
            if number:
                self.rows.pair(kind | BOTH, at.exch_ts, at.local_ts, number, "0", 0, ival, at.place)

    def kline(self, kline: Kline) -> None:
        """Keep a bar for whoever takes it."""
        self.counters.klines += 1
        self.klines.append(kline)


def side_flag(buys: bool) -> int:
    """BUY or SELL."""
    return BUY if buys else SELL
