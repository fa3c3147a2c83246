"""What the book session says is to be done to the book, as event rows; with the book ticker, if wanted."""

from collections.abc import Callable
from typing import Any

from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    SELL,
)
from truefill.venues.book_session import Action, Again, Difference, GapBegin, Load
from truefill.venues.counters import MarketCounters
from truefill.venues.fusing import Pairs, Ticker, TickerFusion
from truefill.venues.levels import ReadPairs, Side, read_levels
from truefill.venues.rows import RowBatch

BOTH = EXCH | LOCAL


Read = Callable[[Any, int], Pairs]


class Shadow:
    """A book beside the rows, to tell whether it is crossed."""

    def __init__(self) -> None:
        self.bids, self.asks = Side(1), Side(-1)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is above the best ask."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid > ask

    def apply(self, bids: Pairs, asks: Pairs) -> None:
        """Set levels to new totals."""
        for side, pairs in ((self.bids, bids), (self.asks, asks)):
            if type(pairs) is ReadPairs:
                side.apply(zip(pairs.prices, pairs.quantities, pairs, strict=True))
            else:
                side.apply(read_levels(pairs))

    def load(self, bids: Pairs, asks: Pairs, whole: bool) -> None:
        """Load a snapshot; `whole` False: it replaces its own range of prices only."""
        for side, pairs in ((self.bids, bids), (self.asks, asks)):
            levels = read_levels(pairs)
            if not whole and levels:
                side.clear_upto(levels[-1][0])
                side.apply(levels)
            elif whole:
                side.load(levels)


class BookRows:
    """Writes the rows of the book.

    Parameters
    ----------
    rows : RowBatch
        Where to.
    counters : MarketCounters
        Counts levels here.
    read : callable
        Makes pairs of text out of the levels that stand in an action, and takes the place that an error
        names.
    fuse_tickers : bool
        Whether `ticker` changes the book.
    watch : Shadow, optional
        Told of everything that happens to the book.
    """

    def __init__(
        self,
        rows: RowBatch,
        counters: MarketCounters,
        read: "Read",
        fuse_tickers: bool = False,
        watch: "Shadow | None" = None,
    ) -> None:
        self._rows = rows
        self._read = read
        self.watch = watch
        self._counters = counters
        self._fusion = TickerFusion() if fuse_tickers else None

    def act(self, action: Action) -> None:
        """Write the rows of one action of the session.

        Raises
        ------
        DataError
            The levels of a message are malformed.
        """
        if isinstance(action, Difference):
            self._difference(action)
        elif isinstance(action, Load):
            self._load(action)
        elif isinstance(action, Again):
            d = action.difference
            bids, asks = self._read(d.bids, d.place), self._read(d.asks, d.place)
            self._counters.repeated_levels += len(bids) + len(asks)
            views = BOTH if action.exchange_too else LOCAL
            self._levels(views, action.exch_ts, action.local_ts, bids, asks, d)
        else:
            kind = GAP_BEGIN if isinstance(action, GapBegin) else GAP_END
            self._rows.mark(kind | BOTH, action.exch_ts, action.local_ts, action.place)

    def ticker(self, ticker: Ticker, local_ts: int, place: int) -> None:
        """Let a book ticker change the book, if that is wanted."""
        if self._fusion is not None:
            self._fuse(self._fusion, ticker, BOTH, ticker.exch_ts, local_ts, place)

    def _difference(self, d: Difference) -> None:
        """A difference, for the first time."""
        bids, asks = self._read(d.bids, d.place), self._read(d.asks, d.place)
        counters = self._counters
        counters.depth += 1
        counters.levels += len(bids) + len(asks)
        for pairs in (bids, asks):
            if type(pairs) is ReadPairs:
                counters.zero_levels += pairs.quantities.count(0.0)
            else:
                counters.zero_levels += sum(not qty.strip("0.") for _, qty in pairs)
        self._levels(BOTH, d.exch_ts, d.local_ts, bids, asks, d)

    def _levels(
        self, views: int, exch_ts: int, local_ts: int, bids: Pairs, asks: Pairs, d: Difference
    ) -> None:
        if self.watch is not None:
            self.watch.apply(bids, asks)
        if self._fusion is not None:
            before = len(bids) + len(asks)
            bids, asks = self._fusion.difference(bids, asks, d.last)
            self._counters.outdated_levels += before - len(bids) - len(asks)
        self._rows.levels(DEPTH | BUY | views, exch_ts, local_ts, bids, d.place)
        self._rows.levels(DEPTH | SELL | views, exch_ts, local_ts, asks, d.place)

    def _load(self, load: Load) -> None:
        place, exch_ts, local_ts = load.snapshot.place, load.exch_ts, load.local_ts
        bids, asks = self._read(load.snapshot.bids, place), self._read(load.snapshot.asks, place)
        if self.watch is not None:
            self.watch.load(bids, asks, load.whole)
        if load.whole:
            self._rows.mark(DEPTH_CLEAR | BOTH, exch_ts, local_ts, place)
        else:
            for side, pairs in ((BUY, bids), (SELL, asks)):
                upto = [(px, "0") for px, _ in pairs[-1:]]  # levels are listed from the best price outward
                self._rows.levels(DEPTH_CLEAR | BOTH | side, exch_ts, local_ts, upto, place)
        self._rows.levels(DEPTH_SNAPSHOT | BOTH | BUY, exch_ts, local_ts, bids, place)
        self._rows.levels(DEPTH_SNAPSHOT | BOTH | SELL, exch_ts, local_ts, asks, place)
        self._counters.snapshot_levels += len(bids) + len(asks)
        if self._fusion is not None:
            self._fusion.load(bids, asks, load.snapshot.last, load.whole)
            ticker = self._fusion.again()
            if ticker is not None:  # if later, it stands after the snapshot in the exchange's order already
                views = BOTH if ticker.exch_ts <= exch_ts else LOCAL
                self._fuse(self._fusion, ticker, views, max(exch_ts, ticker.exch_ts), local_ts, place)

    def _fuse(
        self, fusion: TickerFusion, ticker: Ticker, views: int, exch_ts: int, local_ts: int, place: int
    ) -> None:
        bids, asks = fusion.ticker(ticker)
        self._counters.fused_levels += len(bids) + len(asks)
        self._rows.levels(DEPTH | BUY | views, exch_ts, local_ts, bids, place)
        self._rows.levels(DEPTH | SELL | views, exch_ts, local_ts, asks, place)
