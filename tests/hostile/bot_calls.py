"""Every method of a bot, interpreted: by default arguments that are right, some of them replaced."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.hostile.market import new_bot
from tests.hostile.report import Report
from tests.hostile.values import any_value
from truefill.backtest.bot import Bot
from truefill.backtest.result import collect

# By name, of a bot, its `depth(0)` and its `orders(0)`: arguments that are right.
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
    "account": (0,),
    "account_balance": (0, 0),
    "record": (),
}
DEPTH_METHODS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("bid_qty_at_tick", "ask_qty_at_tick", "bids", "asks"), (1,)),
    **dict.fromkeys(("fill_bids", "fill_asks"), (np.zeros((3, 2)),)),
}
ORDERS_METHODS: dict[str, tuple[Any, ...]] = {
    "get": (1,),
    "take_changed": (),
    "rows_from": (0,),
    "__contains__": (1,),
}
ENDING = ("interrupt", "close")  # nothing can be passed, and the bot does not work on
OF: tuple[tuple[Callable[[Bot], Any], dict[str, tuple[Any, ...]]], ...] = (
    (lambda bot: bot, METHODS),
    (lambda bot: bot.depth(0), DEPTH_METHODS),
    (lambda bot: bot.orders(0), ORDERS_METHODS),
)
CALLS = 60  # on one bot


def throw(rng: random.Random, count: int, report: Report) -> None:
    """Call methods with hostile arguments; each bot works on, and its results can be had."""
    for _ in range(-(-count // CALLS)):
        bot = new_bot(furnished=rng.random() < 0.5)
        for _ in range(CALLS):
            face, methods = rng.choices(OF, (5, 1, 1))[0]
            name = rng.choice([*methods])
            arguments = list(methods[name])
            for place in rng.sample(range(len(arguments)), min(len(arguments), rng.choice((1, 1, 1, 2)))):
                arguments[place] = any_value(rng)
            now = bot.current_timestamp
            report.call(name, _called(getattr(face(bot), name)), *arguments)
            report.require(f"{name} turned time back", bot.current_timestamp >= now)
        report.require("the bot no longer moves", bot.elapse(1) in (0, 1))
        report.require("the results are gone", len(collect(bot).orders) >= 1)


def _called(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method; what it gives one by one is asked for."""

    def call(*arguments: Any) -> Any:
        found = method(*arguments)
        return list(found) if isinstance(found, Iterator) else found

    return call


def public_methods(face: type) -> set[str]:
    """Names of the methods of a class that users call."""
    return {name for name, what in vars(face).items() if callable(what) and not name.startswith("_")}
