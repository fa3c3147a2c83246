"""The truth about queues, from an order-by-order stream: where would an order have stood, and when filled?

Probes are hypothetical orders of no size at the end of the queue of their level. The stream says who
stands where, so a probe's place is known at every moment and nothing has to be modelled:

* in front of it are the orders that joined its level before it and have not left;
* it is filled when an order behind it at its level is executed, or one at a worse price of its side
  (either would have had to wait for it), or when an order of the other side comes to rest at its price or
  beyond (it would have taken the probe first);
* it is filled by a trade at a worse price, or at its own with nobody in front, whoever the other party was:
  a hidden order has to wait for those that are shown.

An aggressor that takes exactly what is in front, and would have taken more, cannot be told from one that
had enough: such fills are dated by the next one of the above, a little late. A clear of the book ends all
probes unfilled, since nobody knows what stood where after it.

The same pass writes what a feed by level would have published.
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from truefill.backtest.queue_truth_kernels import DEPTH_ROW, ROW, follow
from truefill.core import events as ev
from truefill.core.errors import InputError
from truefill.core.events import EVENT, NO_TIME

# A hypothetical (or an own) order, and what became of it.
PROBE = np.dtype(
    [
        ("entry_ts", "<i8"),  # came to rest at the exchange, ns
        ("end_ts", "<i8"),  # watched up to here (own orders: cancelled, or the end of the data)
        ("fill_ts", "<i8"),  # first executed, NO_TIME: not by `end_ts`
        ("tick", "<i8"),
        ("ahead", "<f8"),  # quantity in front at entry; own orders: NaN where it is not known
        ("side", "i1"),
    ],
    align=True,
)


class OrderStream:
    """An order-by-order stream, ready to be asked about queues.

    Parameters
    ----------
    events : EVENT[]
        ADD_ORDER, CANCEL_ORDER, MODIFY_ORDER, FILL, TRADE and DEPTH_CLEAR rows in the exchange's order, as
        the readers of `truefill.vendors` give them; rows of other kinds are passed over.
    tick_size, lot_size : float
        Steps of prices and quantities.
    """

    def __init__(self, events: NDArray[np.void], tick_size: float, lot_size: float) -> None:
        if events.dtype != EVENT:
            raise InputError("an array of EVENT", events.dtype)
        self.tick_size, self.lot_size = tick_size, lot_size
        events = events[(events["ev"] & ev.EXCH) != 0]
        kinds = events["ev"] & ev.KIND_MASK
        about_orders = np.isin(kinds, (ev.ADD_ORDER, ev.CANCEL_ORDER, ev.MODIFY_ORDER, ev.FILL))
        sided_trade = (kinds == ev.TRADE) & (side_of(events["ev"]) != 0)
        if not about_orders.any():
            raise InputError("a stream with rows about orders", "none")
        if (np.diff(events["exch_ts"]) < 0).any():
            raise InputError("rows in the order of their exchange times", "a step back in time")
        self._events = events
        self._source = np.flatnonzero(about_orders | sided_trade | (kinds == ev.DEPTH_CLEAR))
        kept, kinds = events[self._source], kinds[self._source]
        px = np.where(kinds == ev.DEPTH_CLEAR, events["px"][about_orders][0], kept["px"])
        ticks = np.rint(px / tick_size).astype(np.int64)
        self._ticks, first, levels = np.unique(ticks, return_index=True, return_inverse=True)
        self._px = px[first]  # as the stream has them: a product with the tick size would not be exact
        self._qty_digits = max(0, -int(Decimal(str(lot_size)).as_tuple().exponent))
        _, orders = np.unique(kept["order_id"], return_inverse=True)
        self._orders = int(orders.max()) + 1
        self._rows = np.zeros(len(kept), ROW)
        self._rows["ts"] = kept["exch_ts"]
        self._rows["lots"] = np.rint(kept["qty"] / lot_size).astype(np.int64)
        self._rows["level"] = levels
        self._rows["order"] = orders
        self._rows["kind"] = kinds
        self._rows["side"] = side_of(kept["ev"])

    @property
    def first_ts(self) -> int:
        """Exchange time of the first row."""
        return int(self._rows["ts"][0])

    @property
    def last_ts(self) -> int:
        """Exchange time of the last row."""
        return int(self._rows["ts"][-1])

    def probes(
        self,
        every_ns: int,
        horizon_ns: int,
        offsets: tuple[int, ...] = (0,),
        start_ts: int | None = None,
        end_ts: int | None = None,
    ) -> NDArray[np.void]:
        """Place probes on both sides at regular times and follow each to its fill.

        Parameters
        ----------
        every_ns : int
            Time between two placings.
        horizon_ns : int
            How long each is watched.
        offsets : tuple of int
            How many ticks behind the best price of its side; 0 is the touch, -1 one tick inside the spread.
        start_ts, end_ts : int, optional
            Exchange times between which probes are placed; by default as far as the stream goes.

        Returns
        -------
        PROBE[]
            Those that could be placed: both sides had a best price, the prices had not crossed, nor would
            the probe have, and the stream names its price at some time.
        """
        if every_ns <= 0 or horizon_ns <= 0:
            raise InputError("times above 0", (every_ns, horizon_ns), "probes(every_ns, horizon_ns)")
        start = self.first_ts + every_ns if start_ts is None else start_ts
        end = self.last_ts if end_ts is None else min(end_ts, self.last_ts)
        times = np.arange(start, end, every_ns, dtype=np.int64)
        each = [(side, offset) for side in (1, -1) for offset in offsets]
        probes = np.zeros(len(times) * len(each), PROBE)
        probes["entry_ts"] = np.repeat(times, len(each))
        probes["end_ts"] = np.minimum(probes["entry_ts"] + horizon_ns, self.last_ts)
        probes["fill_ts"] = NO_TIME
        probes["side"] = np.tile([side for side, _ in each], len(times))
        probes["ahead"] = np.nan
        behind = np.tile(np.array([offset for _, offset in each], np.int64), len(times))
        self._replay(probes, behind)
        placed: NDArray[np.void] = probes[~np.isnan(probes["ahead"])]
        return placed

    def _replay(self, probes: NDArray[np.void], behind: NDArray[np.int64]) -> NDArray[np.void]:
        depth = np.zeros(2 * len(self._rows), DEPTH_ROW)
        written = follow(self._rows, self._ticks, self._orders, probes, behind, depth)
        probes["ahead"] *= self.lot_size
        return depth[:written]

    def level_events(self) -> NDArray[np.void]:
        """What a feed by level would have published: DEPTH, TRADE and DEPTH_CLEAR rows (EVENT).

        Of the changes of a level at one time only the last is a row, unless a trade came between: a trade
        that takes five orders shrinks its level once.
        """
        depth = self._replay(np.zeros(0, PROBE), np.zeros(0, np.int64))
        kinds = self._events["ev"] & ev.KIND_MASK
        others = np.flatnonzero((kinds == ev.TRADE) | (kinds == ev.DEPTH_CLEAR))
        source = self._source[depth["row"]]
        before = np.searchsorted(others, source)
        keys = np.stack([self._events["exch_ts"][source], before, depth["level"], depth["side"]])
        last = np.lexsort((np.arange(len(depth)), *keys[::-1]))
        is_last = np.ones(len(depth), bool)
        is_last[:-1] = (keys[:, last[1:]] != keys[:, last[:-1]]).any(axis=0)
        chosen = np.sort(last[is_last])
        depth, source = depth[chosen], source[chosen]
        rows = self._events[source]
        out = np.zeros(len(rows), EVENT)
        for name in ("exch_ts", "local_ts"):
            out[name] = rows[name]
        out["px"] = self._px[depth["level"]]
        out["qty"] = np.round(depth["lots"] * self.lot_size, self._qty_digits)
        side = np.where(depth["side"] > 0, np.uint64(ev.BUY), np.uint64(ev.SELL))
        out["ev"] = (rows["ev"] & np.uint64(ev.EXCH | ev.LOCAL)) | np.uint64(ev.DEPTH) | side
        order = np.argsort(np.concatenate([source, others]), kind="stable")
        return np.concatenate([out, self._events[others]])[order]


def side_of(flags: NDArray[np.uint64]) -> NDArray[np.int64]:
    """1 for BUY, -1 for SELL, 0 for neither."""
    side: NDArray[np.int64] = ((flags & ev.BUY) != 0).astype(np.int64) - ((flags & ev.SELL) != 0)
    return side
