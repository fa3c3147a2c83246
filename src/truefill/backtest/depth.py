"""The book that a strategy reads: best prices, and quantities by level, as they have arrived here.

Compiled code sees the same class as a one-pointer type (`depth_compiled`).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from truefill.backtest.executions import units
from truefill.backtest.local_side import in_gap
from truefill.core.address import i64_view
from truefill.core.errors import BotError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.gate import refusal, whole
from truefill.core.records import LEVEL

if TYPE_CHECKING:
    from truefill.backtest.bot import Bot

_AT_FIRST = 64  # levels that are looked at before more of them are
_MOST = 1 << 62


class Depth:
    """Best prices and quantities by level, as they have arrived here."""

    __slots__ = ("_a", "_bot")

    def __init__(self, bot: "Bot", a: np.void) -> None:
        self._bot = bot
        self._a = a

    def _tick_of(self, level: int) -> int:
        return int(i64_view(self._a["level_tick_addr"], self._a["levels"])[level])

    def _quantity(self, tick: int, side: int) -> float:
        tick = whole(tick, "a price in ticks that fits 64 bits", NO_BID_TICK, NO_ASK_TICK, BotError)
        bot = self._bot
        lots = bot._status(bot._call["level_lots"](bot._p, int(self._a["number"]), tick, side))
        return float(units(self._a, lots))

    @property
    def tick_size(self) -> float:
        """Price step."""
        return float(self._a["tick_size"])

    @property
    def lot_size(self) -> float:
        """Smallest quantity of an order, and its step."""
        return float(units(self._a, int(self._a["order_lots"])))

    @property
    def best_bid_tick(self) -> int:
        """Best bid in ticks; the smallest int64 when there is none."""
        level = self._a["bid"]
        return self._tick_of(level) if level >= 0 else NO_BID_TICK

    @property
    def best_ask_tick(self) -> int:
        """Best ask in ticks; the largest int64 when there is none."""
        level = self._a["ask"]
        return self._tick_of(level) if level >= 0 else NO_ASK_TICK

    @property
    def best_bid(self) -> float:
        """Best bid; NaN when there is none."""
        level = self._a["bid"]
        return self._tick_of(level) * self.tick_size if level >= 0 else float("nan")

    @property
    def best_ask(self) -> float:
        """Best ask; NaN when there is none."""
        level = self._a["ask"]
        return self._tick_of(level) * self.tick_size if level >= 0 else float("nan")

    @property
    def best_bid_qty(self) -> float:
        """Quantity at the best bid; 0 when there is none."""
        level = self._a["bid"]
        return self._quantity(self._tick_of(level), 0) if level >= 0 else 0.0

    @property
    def best_ask_qty(self) -> float:
        """Quantity at the best ask; 0 when there is none."""
        level = self._a["ask"]
        return self._quantity(self._tick_of(level), 1) if level >= 0 else 0.0

    def bid_qty_at_tick(self, tick: int) -> float:
        """Quantity bid at a price in ticks."""
        return self._quantity(tick, 0)

    def ask_qty_at_tick(self, tick: int) -> float:
        """Quantity offered at a price in ticks."""
        return self._quantity(tick, 1)

    def bids(self, n: int | None = None) -> np.recarray:
        """Give the best `n` bid levels, best first; all of them when `n` is None.

        Parameters
        ----------
        n : int, optional
            At most so many.

        Returns
        -------
        LEVEL[]
            ``price``, ``price_tick`` and ``qty`` (in units) of each level that holds something, a copy. Bids
            above the best bid, which a crossing ask has passed, are not among them.
        """
        return self._levels(0, n)

    def asks(self, n: int | None = None) -> np.recarray:
        """Give the best `n` ask levels, best first; as `bids`."""
        return self._levels(1, n)

    def fill_bids(self, out: np.ndarray) -> int:
        """Write the best bid levels into `out`, a 1-D array of LEVEL; returns how many there were.

        For loops that must not allocate: make `out` once, before the loop.
        """
        return self._fill(0, out)

    def fill_asks(self, out: np.ndarray) -> int:
        """Write the best ask levels into `out`; as `fill_bids`."""
        return self._fill(1, out)

    def _levels(self, side: int, n: int | None) -> np.recarray:
        wanted = "a number of levels from 0 to 2**62, or None for all"
        most = _MOST if n is None else whole(n, wanted, 0, _MOST, BotError)
        found, lots = self._found(side, most)
        levels = np.zeros(len(found), LEVEL)
        self._write(levels, found, lots)
        return levels.view(np.recarray)

    def _fill(self, side: int, out: Any) -> int:
        if not isinstance(out, np.ndarray) or out.dtype != LEVEL or out.ndim != 1:
            raise refusal(BotError, "a 1-D array of LEVEL", out)
        if not out.flags.writeable:
            raise BotError("an array that can be written to", "one that is read-only")
        found, lots = self._found(side, len(out))
        self._write(out[: len(found)], found, lots)
        return len(found)

    def _found(self, side: int, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Numbers and lots of the best levels of a side (0 bid, 1 ask) that hold something."""
        a = self._a
        best = int(a["ask"] if side else a["bid"])
        if best < 0 or most == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if a["feed_ts"] > a["l_synced_ts"]:
            self._bot._status(self._bot._call["sync_book"](self._bot._p, int(a["number"])))
        column = i64_view(a["l_book_addr"], a["levels"] * 2)[side::2]
        outward = column[best:] if side else column[best::-1]
        looked = min(most, _AT_FIRST)
        while True:  # the levels near the touch are mostly full: look no further than needed
            found = np.flatnonzero(outward[:looked])[:most]
            if len(found) == most or looked >= len(outward):
                break
            looked *= 4
        lots = outward[found]
        return (best + found if side else best - found), lots

    def _write(self, out: np.ndarray, found: np.ndarray, lots: np.ndarray) -> None:
        a = self._a
        ticks = i64_view(a["level_tick_addr"], a["levels"])[found]
        out["price_tick"] = ticks
        out["price"] = ticks * a["tick_size"]
        out["qty"] = units(a, lots)

    @property
    def in_gap(self) -> bool:
        """Whether the recording has a gap here: the book is suspect until the next snapshot."""
        return bool(in_gap(self._a))
