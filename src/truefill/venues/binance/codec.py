"""Binance's market data: bytes of a message and the time of its arrival in, event rows out.

No socket, no file, no clock: a reader of recordings and a live connector feed the same codec. One codec
serves one instrument; combined-stream (``{"stream":..,"data":..}``) and bare messages, REST depth answers
and answers to requests may come in any mixture, in the order of their arrival.

Times of the exchange. Futures: ``T``, the matching engine's, for depth, trade and bookTicker. Spot: ``E`` for
depth (it has no other), ``T`` for trades; its bookTicker has none at all and gets the latest exchange time
seen before it. Mark, index and funding: ``E``, because their ``T`` is the next funding time. What has no time
and comes before any waits until one is seen, and gets that or its local time, whichever is earlier.

Trades carry the venue's trade id in `order_id`. trade and aggTrade share these ids (an aggTrade covers a
range of them), so whichever stream brings an id first wins, and one that has been seen is dropped.
"""

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from truefill.core.errors import DataError
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
from truefill.venues.binance.messages import (
    Envelope,
    MarketMessage,
    decode_envelope,
    nanoseconds,
    read_levels,
    read_pairs,
    read_text,
    shown,
)
from truefill.venues.book_rows import BOTH, BookRows
from truefill.venues.book_session import BookSession, Difference, Snapshot
from truefill.venues.counters import MarketCounters
from truefill.venues.fusing import Ticker
from truefill.venues.levels import ReadPairs
from truefill.venues.rows import RowBatch
from truefill.venues.symbols import Symbol
from truefill.venues.venue import Venue

_MOST_HELD = 1000  # messages without a time, before any time is known


class MarketDataCodec:
    """Turn the messages of one Binance instrument into event rows.

    Parameters
    ----------
    symbol : Symbol
        The instrument; its venue decides between the protocols of spot, USD-M and COIN-M.
    fuse_tickers : bool
        Let the book ticker change the book as well: DEPTH rows beside its own. See `fusing`.
    careful : bool
        Look at all numbers of a message before anything else, so that a bad one leaves the book as it was. A
        reader of files, which stops there, need not.

    Examples
    --------
    >>> from truefill.venues import parse_symbol
    >>> codec = MarketDataCodec(parse_symbol("BTCUSDT-PERP.BINANCE"))
    >>> rows = codec.feed(
    ...     b'{"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,'
    ...     b'"p":"61800.30","q":"0.006","X":"MARKET","m":false}',
    ...     1723161255088176367,
    ... )
    >>> int(rows["px"][0]), int(rows["px_exp"][0]), int(rows["order_id"][0])
    (618003, -1, 5266583935)
    """

    def __init__(self, symbol: Symbol, fuse_tickers: bool = False, careful: bool = False) -> None:
        self.careful = careful
        self.symbol = symbol
        self.counters = MarketCounters()
        self.notices: list[str] = []  # what the venue said apart from market data, the first few
        self.book = BookSession(overlap=symbol.venue is Venue.BINANCE_SPOT)
        self.rows = RowBatch()
        self._native = symbol.native
        self._venue = symbol.venue
        self._futures = symbol.venue.futures
        self._exch_ts = 0  # latest exchange time seen, ns
        self._held: list[tuple[Envelope | MarketMessage, int, int]] = []
        self._last_trade = -1
        self._last_ticker = -1
        self.book_rows = BookRows(
            self.rows, self.counters, _as_read if careful else read_levels, fuse_tickers
        )

    @property
    def last_exch_ts(self) -> int:
        """Latest exchange time seen, ns; 0 before any."""
        return self._exch_ts

    @property
    def position(self) -> tuple[int, int, int]:
        """Last numbers of the book, the trades and the book ticker; -1 before any."""
        return self.book.last, self._last_trade, self._last_ticker

    def __len__(self) -> int:
        """Rows that wait to be taken."""
        return len(self.rows)

    def feed(self, message: bytes, local_ts: int) -> NDArray[np.void]:
        """Take one message and return its rows: `add` and `take` in one.

        Parameters
        ----------
        message : bytes
            As received.
        local_ts : int
            When, UTC ns.

        Returns
        -------
        DECIMAL_EVENT[n]
            Often empty: acknowledgements, duplicates.

        Raises
        ------
        DataError
            See `add`.
        """
        self.add(message, local_ts)
        return self.take()

    def add(self, message: bytes, local_ts: int, place: int = 0) -> None:
        """Take one message; its rows wait for `take`.

        Parameters
        ----------
        message : bytes
            As received.
        local_ts : int
            When, UTC ns.
        place : int
            What the `where` of an error will say, e.g. a line number.

        Raises
        ------
        DataError
            It is no complete JSON, or not a message of this venue and instrument.
        """
        self.counters.messages += 1
        try:
            envelope = decode_envelope(message)
        except msgspec.ValidationError as error:
            raise self._foreign(message, place, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DataError("one complete JSON message", f"{shown(message)} ({error})", place) from None
        inner = envelope.data
        body: Envelope | MarketMessage = envelope if inner is None else inner
        if not self._handle(body, local_ts, place):
            raise self._foreign(message, place)

    def take(self) -> NDArray[np.void]:
        """Return the rows of what was added since the last call.

        Returns
        -------
        DECIMAL_EVENT[n]
            In the order of arrival; `EXCH` and `LOCAL` set, but for differences repeated after a snapshot.

        Raises
        ------
        DataError
            A price or quantity is none.
        """
        return self.rows.take()

    def end(self) -> None:
        """Tell that nothing follows: what waited for an exchange time gets its local time."""
        self._release(None)

    def _handle(self, m: Envelope | MarketMessage, local_ts: int, place: int) -> bool:
        """Write the rows of one message; False: it is none of Binance's."""
        try:
            return self._dispatch(m, local_ts, place)
        except DataError:
            raise
        except ValueError as error:  # a number that the fusion of tickers cannot read
            raise DataError("decimal numbers", error, place) from None

    def _dispatch(self, m: Envelope | MarketMessage, local_ts: int, place: int) -> bool:
        event = m.event
        if event == "depthUpdate":
            self._depth(m, local_ts, place)
        elif event == "bookTicker" or (event == "" and m.bid_qty and m.symbol):
            self._ticker(m, local_ts, place)
        elif event == "trade":
            self._trade(m, m.trade_id, m.trade_id, local_ts, place)
        elif event == "aggTrade":
            self._trade(m, m.first_trade, m.last_trade, local_ts, place)
        elif event == "markPriceUpdate":
            self._mark(m, local_ts, place)
        elif event == "indexPriceUpdate":
            self._index(m, local_ts, place)
        elif event:
            self._check_symbol(m, place)
            self.counters.ignored += 1
        elif isinstance(m, Envelope):
            return self._answer(m, local_ts, place)
        else:
            return False
        return True

    def _depth(self, m: MarketMessage, local_ts: int, place: int) -> None:
        self._check_symbol(m, place)
        if self._futures:
            if m.previous_id < 0 or not m.time:
                raise self._wrong_venue("a depthUpdate without pu or T, as of binance-spot", place)
            if self._venue is Venue.BINANCE_COINM and not m.pair:
                raise self._wrong_venue("a depthUpdate without ps, as of binance-usdm", place)
            follows, exch_ts = m.previous_id, nanoseconds(m.time)
        else:
            if m.previous_id >= 0 or m.time:
                raise self._wrong_venue("a depthUpdate with pu or T, as of futures", place)
            follows, exch_ts = m.first_id - 1, nanoseconds(m.event_time)
        if not m.last_id or not exch_ts or not m.bids or not m.asks:
            raise DataError("a depthUpdate with U, u, E, b and a", "one that lacks some", place)
        bids, asks = self._levels(m.bids, place), self._levels(m.asks, place)
        self._see_time(exch_ts)
        d = Difference(follows, m.last_id, exch_ts, local_ts, bids, asks, place)
        for action in self.book.difference(d):
            self.book_rows.act(action)

    def _trade(
        self, m: MarketMessage, first_id: int | str, last_id: int | str, local_ts: int, place: int
    ) -> None:
        self._check_symbol(m, place)
        if (
            not isinstance(first_id, int)
            or not isinstance(last_id, int)
            or last_id < 0
            or m.buyer_made is None
            or not m.time
        ):
            raise DataError("a trade with an id, m and T", "one that lacks some", place)
        exch_ts = nanoseconds(m.time)
        self._see_time(exch_ts)
        counters = self.counters
        if first_id <= self._last_trade:
            counters.trades_dropped += 1
            return
        self._last_trade = last_id
        if m.origin and m.origin != "MARKET":  # insurance fund, ADL: not a trade of the book
            counters.trades_not_market += 1
            return
        counters.trades += 1
        side = SELL if m.buyer_made else BUY
        self.rows.pair(TRADE | BOTH | side, exch_ts, local_ts, m.price, m.qty, last_id, 0, place)

    def _ticker(self, m: MarketMessage, local_ts: int, place: int) -> None:
        self._check_symbol(m, place)
        if self._futures != bool(m.time):
            kind = "with T, as of futures" if m.time else "without T, as of binance-spot"
            raise self._wrong_venue(f"a bookTicker {kind}", place)
        if self._futures:
            exch_ts = nanoseconds(m.time)
            self._see_time(exch_ts)
        elif self._hold(m, local_ts, place):
            return
        else:
            exch_ts = self._exch_ts
        if m.last_id <= self._last_ticker:
            self.counters.tickers_dropped += 1
            return
        self._last_ticker = m.last_id
        self.counters.tickers += 1
        bid, ask = read_text(m.bids, place), read_text(m.asks, place)
        self.rows.pair(TICKER_BID | BOTH, exch_ts, local_ts, bid, m.bid_qty, 0, m.last_id, place)
        self.rows.pair(TICKER_ASK | BOTH, exch_ts, local_ts, ask, m.ask_qty, 0, m.last_id, place)
        ticker = Ticker(m.last_id, bid, m.bid_qty, ask, m.ask_qty, exch_ts)
        self.book_rows.ticker(ticker, local_ts, place)

    def _mark(self, m: MarketMessage, local_ts: int, place: int) -> None:
        self._check_symbol(m, place)
        exch_ts = nanoseconds(m.event_time)
        self._see_time(exch_ts)
        self.counters.marks += 1
        add = self.rows.pair
        add(MARK_PRICE | BOTH, exch_ts, local_ts, m.price, "0", 0, 0, place)
        if isinstance(m.index, str) and m.index:
            add(INDEX_PRICE | BOTH, exch_ts, local_ts, m.index, "0", 0, 0, place)
        if m.funding_rate:  # empty for contracts with a day of delivery
            add(FUNDING | BOTH, exch_ts, local_ts, m.funding_rate, "0", 0, nanoseconds(m.time), place)

    def _index(self, m: MarketMessage, local_ts: int, place: int) -> None:
        if m.index != self.symbol.pair:  # this stream is of the pair, not of one contract
            raise DataError(f"messages of {self.symbol.pair}", f"one of {m.index}", place)
        exch_ts = nanoseconds(m.event_time)
        self._see_time(exch_ts)
        self.counters.marks += 1
        self.rows.pair(INDEX_PRICE | BOTH, exch_ts, local_ts, m.price, "0", 0, 0, place)

    def _answer(self, m: Envelope, local_ts: int, place: int) -> bool:
        """Handle what carries no event: a REST snapshot, an acknowledgement, an error."""
        if m.snapshot_id >= 0 and m.snapshot_bids and m.snapshot_asks:
            self._snapshot(m, local_ts, place)
        elif m.code or m.error:
            self.counters.venue_errors += 1
            text = f"{m.code} {m.reason}" if m.code else bytes(m.error).decode(errors="replace")
            if len(self.notices) < 10:
                self.notices.append(text)
        elif m.request_id and m.result:
            self.counters.answers += 1
        else:
            return False
        return True

    def _snapshot(self, m: Envelope, local_ts: int, place: int) -> None:
        if self._futures != bool(m.time):
            kind = "with T, as of futures" if m.time else "without T, as of binance-spot"
            raise self._wrong_venue(f"a depth snapshot {kind}", place)
        if m.snapshot_symbol and m.snapshot_symbol != self._native:
            raise DataError(f"messages of {self._native}", f"a snapshot of {m.snapshot_symbol}", place)
        exch_ts = nanoseconds(m.time) if m.time else None
        bids, asks = self._levels(m.snapshot_bids, place), self._levels(m.snapshot_asks, place)
        if exch_ts is None and self._hold(m, local_ts, place):
            return
        snapshot = Snapshot(m.snapshot_id, exch_ts, local_ts, bids, asks, place)
        for action in self.book.snapshot(snapshot, self._exch_ts):
            self.book_rows.act(action)

    def _levels(self, text: Raw, place: int) -> Raw | ReadPairs:
        """Read levels before the book takes note of their message, if they are to be refused by then."""
        return read_pairs(text, place) if self.careful else text

    def _see_time(self, exch_ts: int) -> None:
        if exch_ts > self._exch_ts:
            if self._held:
                self._release(exch_ts)
            self._exch_ts = exch_ts

    def _hold(self, m: Envelope | MarketMessage, local_ts: int, place: int) -> bool:
        """Keep a message that has no time while none is known."""
        if self._exch_ts:
            return False
        self._held.append((m, local_ts, place))
        if len(self._held) >= _MOST_HELD:
            self._release(None)
        return True

    def _release(self, exch_ts: int | None) -> None:
        held, self._held = self._held, []
        for m, local_ts, place in held:
            self._exch_ts = local_ts if exch_ts is None else min(local_ts, exch_ts)
            self._handle(m, local_ts, place)

    def _check_symbol(self, m: MarketMessage, place: int) -> None:
        if m.symbol != self._native:
            raise DataError(f"messages of {self._native}", f"one of {m.symbol or 'no symbol'}", place)

    def _wrong_venue(self, got: str, place: int) -> DataError:
        return DataError(f"messages of {self._venue.value}", got, place)

    def _foreign(self, message: bytes, place: int, why: str = "") -> DataError:
        got = f"{shown(message)} ({why})" if why else shown(message)
        return DataError(f"a market-data message of {self._venue.value}", got, place)


def _as_read(levels: ReadPairs, place: int) -> ReadPairs:
    return levels
