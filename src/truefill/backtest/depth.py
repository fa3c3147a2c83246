"""The book that a strategy reads: best prices, and quantities by level, as they have arrived here.

Compiled code sees the same class as a one-pointer type (`depth_compiled`).
"""

from typing import TYPE_CHECKING

import numpy as np

from truefill.backtest.executions import units
from truefill.backtest.local_side import in_gap
from truefill.core.address import i64_view
from truefill.core.errors import BotError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.gate import whole

if TYPE_CHECKING:
    from truefill.backtest.bot import Bot


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

    @property
    def in_gap(self) -> bool:
        """Whether the recording has a gap here: the book is suspect until the next snapshot."""
        return bool(in_gap(self._a))
