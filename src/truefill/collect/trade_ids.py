"""Which trades of an instrument were stored: so many of the last ids, and the time of the last one."""

from collections import deque
from collections.abc import Iterable

import numpy as np

from truefill.core.decimals import to_float
from truefill.core.events import KIND_MASK, TRADE
from truefill.venues.past_trades import PastTrade
from truefill.venues.rows import RowBatch
from truefill.venues.streamed_book import BOTH

_KEPT = 20_000  # a venue's answer has at most a thousand


class TradeIds:
    """Ids of stored trades.

    Parameters
    ----------
    began_ts : int
        Trades of before are not missed, UTC ns.

    Attributes
    ----------
    last_ts : int
        Exchange time of the newest trade; at first `began_ts`.
    last_px : float
        Its price; NaN before any.
    """

    def __init__(self, began_ts: int) -> None:
        self.last_ts = began_ts
        self.last_px = np.nan
        self._ids: set[int] = set()
        self._order: deque[int] = deque()
        self._asked: set[int] = set()  # of those that were asked for; the stream may bring them yet

    def __contains__(self, trade_id: int) -> bool:
        return trade_id in self._ids

    def remember(self, rows: np.ndarray) -> np.ndarray:
        """Take note of the trades among events of the stream; those that were asked for are left out."""
        is_trade = (rows["ev"] & np.uint64(KIND_MASK)) == TRADE
        trades = rows[is_trade]
        if not len(trades):
            return rows
        if self._asked:
            again = is_trade & np.isin(rows["order_id"], list(self._asked))
            rows, trades = rows[~again], rows[is_trade & ~again]
        if len(trades):
            self._note(trades)
        return rows

    def _note(self, trades: np.ndarray) -> None:
        newest = trades[-1]
        if newest["exch_ts"] >= self.last_ts:
            self.last_px = to_float(int(newest["px"]), int(newest["px_exp"]))
        self.last_ts = max(self.last_ts, int(trades["exch_ts"].max()))
        for trade_id in trades["order_id"].tolist():
            if trade_id in self._ids:
                continue
            if len(self._order) == _KEPT:
                self._ids.discard(self._order.popleft())
            self._ids.add(trade_id)
            self._order.append(trade_id)

    def missed(self, trades: Iterable[PastTrade], since_ts: int, now: int) -> np.ndarray:
        """Give those trades that are not stored, as events; `since_ts` is when they began to be missed.

        Raises
        ------
        DataError
            A number is none.
        """
        rows = RowBatch()
        for t in trades:
            if t.trade_id not in self._ids and t.exch_ts >= since_ts:
                rows.pair(TRADE | BOTH | t.side, t.exch_ts, now, t.px, t.qty, t.trade_id, 0, 0)
        found = rows.take()
        if len(found):
            self._note(found)
            self._asked = set(found["order_id"].tolist()) | (
                self._asked if len(self._asked) < _KEPT else set()
            )
        return found
