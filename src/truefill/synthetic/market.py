"""A made market as a stream of events: `Market`, and `make_market` for those who only want the stream.

The market owns its book, its random numbers and its clock; the kernel does the living. It makes events in
batches, so that a day of it needs no more memory than a minute.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError
from truefill.core.events import ADD_ORDER, BUY, DEPTH_SNAPSHOT, EVENT, EXCH, LOCAL, SELL
from truefill.core.order_book import OrderBook
from truefill.core.order_book_commands import REPORT_COLUMNS
from truefill.core.order_book_layout import ORDERS
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.synthetic import kernels as k
from truefill.synthetic.draws import Draws
from truefill.synthetic.zero_intelligence import ZeroIntelligence, decimal_step

_DRAW_ROWS = 1 << 14


class Market:
    """A zero-intelligence market that can be watched while it lives.

    Parameters
    ----------
    seed : int
        The same seed and parameters give the same events, byte for byte.
    params : ZeroIntelligence, optional
        The model's parameters.
    orders : bool
        Publish single orders (L3) instead of levels. The market itself is the same.

    Attributes
    ----------
    book : OrderBook
        The order-by-order book behind the published levels. To read, not to write.
    """

    def __init__(
        self, seed: int = 1, params: ZeroIntelligence | None = None, *, orders: bool = False
    ) -> None:
        if not 0 <= seed < 1 << 64:
            raise ConfigError("a seed from 0 to 2**64 - 1", seed)
        self._by_order = orders
        self.params = p = ZeroIntelligence() if params is None else params
        self._draws = Draws(seed, p.mean_size, p.fixed_size, p.feed_latency * 1e9, p.feed_latency_spread)
        self._rows, self._cursor = self._draws.rows(_DRAW_ROWS), 0
        self._rates = np.array([p.limit_rate * p.window, p.market_rate, p.cancel_rate])
        self._sizes = np.array(
            [
                p.window,
                *decimal_step(p.tick_size, "tick_size"),
                *decimal_step(p.lot_size, "lot_size"),
            ]
        )
        self.state = np.zeros(k.STATE_WORDS, np.int64)
        self.state[[k.NEXT_ORDER, k.NEXT_TRADE]] = 1
        self.state[[k.REFERENCE, k.REFERENCE + 1]] = p.start_tick, p.start_tick + 1
        self._start(p)

    def _start(self, p: ZeroIntelligence) -> None:
        """Fill the book to its mean depth, let it live for the warm-up, set the clock to `start_ts`."""
        levels = 1 << (6 * p.window).bit_length()
        orders = int(1.3 * p.expected_orders) + 256
        self.book = OrderBook(p.start_tick - levels // 2, levels, orders)
        self._alive: NDArray[np.int32] = np.zeros(0, np.int32)
        self._where: NDArray[np.int32] = np.zeros(0, np.int32)
        self._make_room(orders)
        counts = self._draws.poisson(p.limit_rate / p.cancel_rate, 2 * p.window)
        sides = np.repeat([0, 1], p.window)
        ticks = np.concatenate([p.start_tick - np.arange(p.window), p.start_tick + 1 + np.arange(p.window)])
        seeds = np.repeat(np.stack([sides, ticks], axis=1), counts * (ticks > 0), axis=0)
        sizes = self._draws.rows(len(seeds))[:, 3].astype(np.int64)
        self._make_room(len(seeds))
        seeds = np.concatenate([seeds, sizes[:, None]], axis=1)
        k.seed_orders(self.book.words, self.book.links, self.state, self._alive, self._where, seeds)
        for _ in self._live(round(p.warm_up / p.cancel_rate * 1e9), np.zeros(1024, EVENT)):
            pass  # nothing is published yet
        self.state[k.CLOCK] = self.state[k.LOCAL_CLOCK] = p.start_ts
        self.state[k.MESSAGES] = 0
        self.state[k.LIMIT_ORDERS :] = 0
        self.state[k.LIMIT_LOTS] = self.book.to_array()[:, 3].sum()
        self.state[k.PUBLISH] = k.BY_ORDER if self._by_order else k.BY_LEVEL

    def _make_room(self, orders: int) -> None:
        if orders > self.book.words[ORDERS]:
            self.book.grow(orders=orders)
        more = np.zeros(max(0, orders + 1 - len(self._alive)), np.int32)
        self._alive = np.concatenate([self._alive, more])
        self._where = np.concatenate([self._where, more])
        # A market order has no more trades than lots, nor than there are orders.
        self._reports = np.zeros((min(self._draws.largest_size, orders) + 1, REPORT_COLUMNS), np.int64)

    @property
    def exch_ts(self) -> int:
        """Exchange time now, UTC ns."""
        return int(self.state[k.CLOCK])

    @property
    def counters(self) -> dict[str, int]:
        """What happened since the opening snapshot, by name; `limit_lots` begins with what rested then."""
        names = ("limit_orders", "market_orders", "cancels", "limit_lots", "market_lots", "traded_lots")
        first = self.state[k.LIMIT_ORDERS : k.LIMIT_ORDERS + len(names)]
        return dict(zip(names, first.tolist(), strict=True)) | {"trades": int(self.state[k.TRADES])}

    @property
    def mean_spread(self) -> float:
        """Time average of the spread since the opening snapshot, in ticks; NaN before there is any."""
        time = int(self.state[k.TWO_SIDED_TIME])
        return int(self.state[k.SPREAD_TIME]) / time if time else float("nan")

    def snapshot(self) -> NDArray[np.void]:
        """Make the rows of a snapshot of now: bids from the best down, then asks from the best up.

        Levels, or single orders, the oldest of a price first.
        """
        latency = int(self._draws.rows(1)[0, 4] + 0.5)
        self.state[k.LOCAL_CLOCK] = max(self.state[k.LOCAL_CLOCK], self.exch_ts + max(1, latency))
        kind = ADD_ORDER if self._by_order else DEPTH_SNAPSHOT
        flags = {BUY_SIDE: EXCH | LOCAL | kind | BUY, SELL_SIDE: EXCH | LOCAL | kind | SELL}
        if self._by_order:
            resting = self.book.to_array()[:, :4].tolist()
        else:
            resting = [(s, t, 0, q) for s in (BUY_SIDE, SELL_SIDE) for t, q, _ in self.book.levels(s)]
        rows = np.zeros(len(resting), EVENT)
        for n, (side, tick, order_id, qty) in enumerate(resting):
            k.put_row(rows, n, flags[side], self.state, self._sizes, tick, qty, order_id, 0)
        return rows

    def run(self, seconds: float, batch_rows: int = 65536) -> Iterator[NDArray[np.void]]:
        """Let the market live on and yield what it publishes.

        Parameters
        ----------
        seconds : float
            Simulated time.
        batch_rows : int
            About how many rows a batch has; the events do not depend on it.

        Yields
        ------
        ndarray of EVENT
            Depth and trade rows with both flags, in exchange order, which is local order too.
        """
        if not 0 <= seconds < 1e9:
            raise ConfigError("0 to 1e9 seconds", seconds)
        out = np.zeros(max(batch_rows, 1024), EVENT)
        return self._live(self.exch_ts + round(seconds * 1e9), out)

    def _live(self, until: int, out: NDArray[np.void]) -> Iterator[NDArray[np.void]]:
        while True:
            n, self._cursor, why = k.advance(
                self.book.words,
                self.book.links,
                self.state,
                self._alive,
                self._where,
                self._rates,
                self._sizes,
                self._rows,
                self._cursor,
                until,
                out,
                self._reports,
            )
            if n:
                yield out[:n].copy()
            if why == k.TIME_REACHED:
                return
            if why == k.NO_DRAWS:
                self._rows, self._cursor = self._draws.rows(_DRAW_ROWS), 0
            elif why == k.BOOK_FULL:
                self._make_room(2 * int(self.book.words[ORDERS]))
            elif why == k.OUTSIDE_WINDOW:
                self.book.include(int(self.state[k.WANTED_TICK]))
            elif n == 0:  # one market order needs more rows than there are
                out = np.zeros(2 * len(out), EVENT)


def make_market(
    seconds: float,
    seed: int = 1,
    params: ZeroIntelligence | None = None,
    batch_rows: int = 65536,
    *,
    orders: bool = False,
) -> Iterator[NDArray[np.void]]:
    """Make a market: an opening snapshot, then depth differences and trades; or single orders.

    Parameters
    ----------
    seconds : float
        Simulated time.
    seed : int
        The same seed and parameters give the same events, byte for byte.
    params : ZeroIntelligence, optional
        The model's parameters.
    batch_rows : int
        About how many rows a batch has; the events do not depend on it.
    orders : bool
        Publish single orders (L3) instead of levels: the same market, seen order by order.

    Yields
    ------
    ndarray of EVENT
        Rows with both flags, in exchange order, which is local order too.

    Examples
    --------
    >>> events = np.concatenate(list(make_market(10, seed=7)))
    >>> bool((np.diff(events["local_ts"]) >= 0).all())
    True
    """
    market = Market(seed, params, orders=orders)
    yield market.snapshot()
    yield from market.run(seconds, batch_rows)
