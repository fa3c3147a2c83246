"""Every method of a bot, interpreted: by default arguments that are right, some of them replaced."""

import random
from typing import Any

from tests.hostile.market import new_bot
from tests.hostile.report import Report
from tests.hostile.values import any_value
from truefill.backtest.result import collect

METHODS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("depth", "position", "state_values", "orders", "fills", "last_trades"), (0,)),
    **dict.fromkeys(("feed_latency", "order_latency", "clear_last_trades", "activity"), (0,)),
    **dict.fromkeys(("last_events", "clear_last_events"), (0,)),
    "clear_inactive_orders": (0,),
    "submit_buy_order": (0, 1, 100.0, 1.0, 0, 0, False),
    "submit_sell_order": (0, 2, 100.0, 1.0, 0, 0, False),
    "submit_order": (0, 3, 1, 100.0, 2.0, 4, 3, False, 100.0, 1.0, 1 << 40, False, False),
    "queue_position": (0, 1),
    "modify": (0, 1, 100.0, 1.0, False),
    "cancel": (0, 1, False),
    "elapse": (5,),
    "wait_next_feed": (True, 5),
    "wait_order_response": (0, 1, 5),
}
OTHERS = {
    "bid_qty_at_tick": lambda bot, x: bot.depth(0).bid_qty_at_tick(x),
    "ask_qty_at_tick": lambda bot, x: bot.depth(0).ask_qty_at_tick(x),
    "bids": lambda bot, x: bot.depth(0).bids(x),
    "fill_asks": lambda bot, x: bot.depth(0).fill_asks(x),
    "orders.get": lambda bot, x: bot.orders(0).get(x),
    "in orders": lambda bot, x: x in bot.orders(0),
}
CALLS = 60  # on one bot


def throw(rng: random.Random, count: int, report: Report) -> None:
    """Call methods with hostile arguments; each bot works on, and its results can be had."""
    for _ in range(-(-count // CALLS)):
        bot = new_bot()
        for _ in range(CALLS):
            name = rng.choice([*METHODS, *OTHERS])
            if name in OTHERS:
                report.call(name, OTHERS[name], bot, any_value(rng))
                continue
            arguments = list(METHODS[name])
            for place in rng.sample(range(len(arguments)), min(len(arguments), rng.choice((1, 1, 1, 2)))):
                arguments[place] = any_value(rng)
            now = bot.current_timestamp
            report.call(name, getattr(bot, name), *arguments)
            report.require(f"{name} turned time back", bot.current_timestamp >= now)
        report.require("the bot no longer moves", bot.elapse(1) in (0, 1))
        report.require("the results are gone", len(collect(bot).orders) >= 1)
