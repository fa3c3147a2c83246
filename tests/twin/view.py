"""What the twin shows: plain dictionaries with the field names of truefill's records."""

import math
from dataclasses import dataclass
from typing import Any

from tests.twin.book import ASK, BID, TwinBook
from tests.twin.ledger import TwinLedger
from tests.twin.orders import TwinFill, TwinOrder
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK


@dataclass(frozen=True)
class TwinDepth:
    """The local book."""

    book: TwinBook
    tick_size: float
    lot_size: float
    in_gap: bool = False

    @property
    def best_bid_tick(self) -> int:
        """Best bid in ticks."""
        best = self.book.best[BID]
        return NO_BID_TICK if best is None else best

    @property
    def best_ask_tick(self) -> int:
        """Best ask in ticks."""
        best = self.book.best[ASK]
        return NO_ASK_TICK if best is None else best

    @property
    def best_bid(self) -> float:
        """Best bid, NaN when there is none."""
        return price(self.book.best[BID], self.tick_size)

    @property
    def best_ask(self) -> float:
        """Best ask, NaN when there is none."""
        return price(self.book.best[ASK], self.tick_size)

    def bid_qty_at_tick(self, tick: int) -> float:
        """Quantity of a bid level."""
        return self.book.lots(BID, tick) * self.lot_size

    def ask_qty_at_tick(self, tick: int) -> float:
        """Quantity of an ask level."""
        return self.book.lots(ASK, tick) * self.lot_size

    def bids(self, n: int | None = None) -> list[tuple[float, int, float]]:
        """Levels from the best bid outward: price, tick, quantity."""
        return self._levels(BID, n)

    def asks(self, n: int | None = None) -> list[tuple[float, int, float]]:
        """Levels from the best ask outward."""
        return self._levels(ASK, n)

    def _levels(self, side: int, n: int | None) -> list[tuple[float, int, float]]:
        best = self.book.best[side]
        ticks = [t for t, lots in self.book.levels[side].items() if lots and t * side <= (best or 0) * side]
        ticks = [] if best is None else sorted(ticks, key=lambda t: -t * side)[:n]
        return [(t * self.tick_size, t, self.book.lots(side, t) * self.lot_size) for t in ticks]


def price(tick: int | None, tick_size: float) -> float:
    """Price of a tick, NaN for none."""
    return math.nan if tick is None else tick * tick_size


def order_view(order: TwinOrder, tick_size: float, lot_size: float, asset: int) -> dict[str, Any]:
    """An order by the field names of ``core.records.ORDER``."""
    return {
        "order_id": order.order_id,
        "price": order.price_tick * tick_size,
        "price_tick": order.price_tick,
        "qty": order.qty * lot_size,
        "leaves_qty": order.leaves * lot_size,
        "exec_qty": order.exec_qty * lot_size,
        "exec_price": order.exec_price_tick * tick_size,
        "exec_price_tick": order.exec_price_tick,
        "filled_qty": order.filled * lot_size,
        "exch_timestamp": order.exch_ts,
        "local_timestamp": order.local_ts,
        "tick_size": tick_size,
        "queue_ahead": order.queue_ahead * lot_size,
        "side": order.side,
        "order_type": order.order_type,
        "time_in_force": order.time_in_force,
        "status": order.status,
        "req": order.req,
        "maker": int(order.maker),
        "cancellable": int(order.cancellable),
        "trigger_price": order.trigger_tick * tick_size,
        "trigger_price_tick": order.trigger_tick,
        "display_qty": order.display * lot_size,
        "expire_ts": order.expire_ts,
        "flags": int(order.reduce_only) + 2 * int(order.slide),
        "reason": order.reason,
        "asset": asset,
    }


def fill_view(fill: TwinFill, ledger: TwinLedger, asset: int) -> dict[str, Any]:
    """A fill by the field names of ``core.records.FILL``."""
    return {
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "exch_ts": fill.exch_ts,
        "local_ts": fill.local_ts,
        "entry_ts": fill.entry_ts,
        "price_tick": fill.price_tick,
        "qty_lots": fill.lots,
        "price": fill.price_tick * ledger.tick_size,
        "qty": fill.lots * ledger.lot_size,
        "fee": ledger.fee_of(fill),
        "queue_ahead": fill.queue_ahead * ledger.lot_size,
        "bid": price(fill.bid, ledger.tick_size),
        "ask": price(fill.ask, ledger.tick_size),
        "asset": asset,
        "side": fill.side,
        "maker": int(fill.maker),
    }


def state_view(ledger: TwinLedger) -> dict[str, Any]:
    """Totals by the field names of ``core.records.STATE``."""
    return {
        "position": ledger.position_lots * ledger.lot_size,
        "balance": ledger.balance,
        "fee": ledger.fee,
        "num_trades": ledger.trades,
        "trading_volume": ledger.volume_lots * ledger.lot_size,
        "trading_value": ledger.value,
    }
