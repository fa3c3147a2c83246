"""Plays a script on a bot and writes down everything that a strategy could have seen after each action."""

from collections.abc import Callable
from typing import Any, Protocol

from tests.differential import scripts
from tests.differential.scripts import Action

Trace = list[dict[str, Any]]


class DrivenBot(Protocol):
    """The Bot's face, with plain containers: what the twin is, and what the adapters make of the others."""

    current_timestamp: int
    num_assets: int

    def orders(self, asset: int) -> list[dict[str, Any]]:
        """Own orders by field name."""

    def state_values(self, asset: int) -> dict[str, Any]:
        """Totals by field name."""


def play(
    bot: Any,
    script: list[Action],
    units: list[tuple[float, float]],
    ticks: list[range],
    avoid: Callable[[Action, Any], Action | None] | None = None,
    track: bool = False,
) -> Trace:
    """Play a script.

    Parameters
    ----------
    bot : DrivenBot
    script : list of Action
    units : list of (tick size, lot size), one for each asset
    ticks : list of range
        The levels of each asset's book to write down.
    avoid : callable, optional
        Sees each action and the bot before it, and returns the action to take or None.
    track : bool
        Write down the places of own orders in their queues, too.
    """
    trace: Trace = []
    for action in script:
        chosen = avoid(action, bot) if avoid else action
        code = None if chosen is None else act(bot, chosen, units)
        trace.append({"action": chosen, "code": code, **observe(bot, ticks, track)})
    return trace


def act(bot: Any, action: Action, units: list[tuple[float, float]]) -> int | None:
    """Make one call."""
    a, order_id = action.asset, action.order_id
    match action.kind:
        case scripts.ELAPSE:
            return bot.elapse(action.duration)
        case scripts.WAIT_FEED:
            return bot.wait_next_feed(action.include_response, action.duration)
        case scripts.WAIT_RESPONSE:
            return bot.wait_order_response(a, order_id, action.duration)
        case scripts.CLEAR_ORDERS:
            return bot.clear_inactive_orders(a)
        case scripts.CLEAR_TRADES:
            return bot.clear_last_trades(a)
        case scripts.CANCEL:
            return bot.cancel(a, order_id, action.wait)
    price, qty = action.tick * units[a][0], action.lots * units[a][1]
    if action.kind == scripts.MODIFY:
        return bot.modify(a, order_id, price, qty, action.wait)
    if action.beyond:
        more = {
            "trigger_price": action.trigger_tick * units[a][0],
            "display_qty": action.display * units[a][1],
            "expire_ts": bot.current_timestamp + action.lasts if action.lasts else 0,
            "reduce_only": action.reduce_only,
            "post_only_slide": action.slide,
        }
        terms = (price, qty, action.time_in_force, action.order_type, action.wait)
        return bot.submit_order(a, order_id, action.side, *terms, **more)
    submit = bot.submit_buy_order if action.side == 1 else bot.submit_sell_order
    return submit(a, order_id, price, qty, action.time_in_force, action.order_type, action.wait)


def observe(bot: Any, ticks: list[range], track: bool = False) -> dict[str, Any]:
    """Everything that can be seen now."""
    seen: dict[str, Any] = {"now": bot.current_timestamp}
    for a in range(bot.num_assets):
        depth = bot.depth(a)
        seen[f"best{a}"] = (depth.best_bid_tick, depth.best_ask_tick, depth.best_bid, depth.best_ask)
        seen[f"gap{a}"] = depth.in_gap
        seen[f"bids{a}"] = [depth.bid_qty_at_tick(t) for t in ticks[a]]
        seen[f"asks{a}"] = [depth.ask_qty_at_tick(t) for t in ticks[a]]
        if hasattr(depth, "bids"):  # HftBacktest's has no such thing
            most = (None, 0, 1, 3, 8)[seen["now"] % 5]
            seen[f"levels{a}"] = [
                [tuple(row) for row in rows] for rows in (depth.bids(most), depth.asks(most))
            ]
        seen[f"orders{a}"] = {int(o["order_id"]): o for o in bot.orders(a)}
        if track:
            ids = sorted(seen[f"orders{a}"])
            seen[f"places{a}"] = {i: float(bot.queue_position(a, i)) for i in [*ids, 999]}
        seen[f"state{a}"] = bot.state_values(a)
        seen[f"position{a}"] = bot.position(a)
        seen[f"feed_latency{a}"] = bot.feed_latency(a)
        seen[f"order_latency{a}"] = bot.order_latency(a)
        seen[f"trades{a}"] = [
            (
                int(t["ev"]) & 0x300000FF,
                int(t["exch_ts"]),
                int(t["local_ts"]),
                float(t["px"]),
                float(t["qty"]),
            )
            for t in bot.last_trades(a)
        ]
        seen[f"fills{a}"] = bot.fills(a)
    return seen
