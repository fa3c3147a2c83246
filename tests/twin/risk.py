"""Limits on requests, asked before they leave, with every sum made anew from the orders."""

from dataclasses import dataclass

from tests.twin.orders import TwinOrder


@dataclass(frozen=True)
class TwinLimits:
    """None: no such limit. Quantities in lots, value in money."""

    position: int | None = None
    lots: int | None = None
    value: float | None = None
    orders: int | None = None

    def reason(
        self, side: int, lots: int, value: float | None, position: int, others: list[TwinOrder], orders: int
    ) -> int:
        """Number of the first limit that would not be kept; `orders` are open when it is carried out."""
        if self.lots is not None and lots > self.lots:
            return 1
        worst = side * position + lots + sum(o.open_lots for o in others if o.side == side)
        if self.position is not None and worst > self.position:
            return 2
        if self.value is not None and (value is None or value > self.value):
            return 3
        if self.orders is not None and orders > self.orders:
            return 4
        return 0
