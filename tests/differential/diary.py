"""What a package shows at each step of a strategy, written down."""

from collections.abc import Iterator
from typing import Any

from truefill.core.records import FILLED


class Diary:
    """What one package shows at each step of a strategy, and the fills read off its orders."""

    def __init__(self, bot: Any, strategy: Iterator[None]) -> None:
        self.steps: list[dict[str, Any]] = []
        self.fills: set[tuple[Any, ...]] = set()
        for _ in strategy:
            orders = {int(o["order_id"]): o for o in bot.orders(0)}
            self.fills |= {_fill_of(o) for o in orders.values() if o["status"] == FILLED}
            depth = bot.depth(0)
            self.steps.append(
                {
                    "now": bot.current_timestamp,
                    "best": (depth.best_bid_tick, depth.best_ask_tick),
                    "orders": orders,
                    "state": bot.state_values(0),
                    "feed_latency": bot.feed_latency(0),
                }
            )


def _fill_of(order: dict[str, Any]) -> tuple[Any, ...]:
    qty = round(order["exec_qty"], 9)
    maker = bool(order["maker"])
    return (
        order["order_id"],
        order["exch_timestamp"],
        order["exec_price_tick"],
        qty,
        order["side"],
        maker,
    )
