"""Small markets written by hand: one method a row, all rows both at the exchange and here."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.core import events as ev
from truefill.core.events import EVENT
from truefill.tape import build_tape

START = 1_000_000
FEED_NS = 10  # from the exchange to here
TICK, LOT = 0.5, 1.0


class Market:
    """Rows of one asset; each call is one row, ``after`` ns behind the last one. Prices in ticks."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.ts = START

    def _add(self, kind: int, side: int, tick: int, lots: int, after: int) -> "Market":
        self.ts += after
        flags = kind | side | ev.EXCH | ev.LOCAL
        self.rows.append((flags, self.ts, self.ts + FEED_NS, tick * TICK, lots * LOT, 0, 0, 0.0))
        return self

    def bid(self, tick: int, lots: int, after: int = 100) -> "Market":
        """Set a bid level."""
        return self._add(ev.DEPTH, ev.BUY, tick, lots, after)

    def ask(self, tick: int, lots: int, after: int = 100) -> "Market":
        """Set an ask level."""
        return self._add(ev.DEPTH, ev.SELL, tick, lots, after)

    def buys(self, tick: int, lots: int, after: int = 100) -> "Market":
        """A trade that a buyer started."""
        return self._add(ev.TRADE, ev.BUY, tick, lots, after)

    def sells(self, tick: int, lots: int, after: int = 100) -> "Market":
        """A trade that a seller started."""
        return self._add(ev.TRADE, ev.SELL, tick, lots, after)

    def clear(self, after: int = 100) -> "Market":
        """Clear both sides."""
        return self._add(ev.DEPTH_CLEAR, 0, 0, 0, after)

    def clear_bids(self, upto: int, after: int = 100) -> "Market":
        """Clear the bids from the best down to a tick."""
        return self._add(ev.DEPTH_CLEAR, ev.BUY, upto, 0, after)

    def quiet(self, after: int = 100_000) -> "Market":
        """A row that changes nothing, to keep the data from ending."""
        return self._add(ev.INDEX_PRICE, 0, 1, 0, after)

    @property
    def events(self) -> NDArray[Any]:
        """The rows as events."""
        return np.array(self.rows, dtype=EVENT)

    def bot(self, *more: "Market", **models: Any) -> Bot:
        """A bot on this market (and others), with the models of ``Asset``."""
        return Bot([asset(market.events, **models) for market in (self, *more)])


def asset(events: NDArray[Any], **models: Any) -> Asset:
    """An asset of the hand-made units."""
    tape = build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))
    return Asset(tape, **models)


def book() -> Market:
    """10 bid at tick 100, 10 offered at tick 102."""
    return Market().bid(100, 10).ask(102, 10)
