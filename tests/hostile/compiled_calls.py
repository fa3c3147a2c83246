"""The same methods in compiled code: one small function for each argument, compiled for each type."""

import math
import random
from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from tests.hostile.market import new_bot
from tests.hostile.report import Report

BUY, SUBMIT, ORDER = "submit_buy_order", "submit_sell_order", "submit_order"
MODIFY, CANCEL = "modify", "cancel"
CALLS = (
    *(
        f"bot.{name}(x)"
        for name in ("position", "feed_latency", "order_latency", "clear_last_trades", "elapse")
    ),
    *("bot.depth(x).best_bid", "bot.state_values(x).balance", "bot.clear_inactive_orders(x)"),
    *(f"len(bot.{name}(x))" for name in ("orders", "fills", "last_trades")),
    *(f"bot.{BUY}({args})" for args in ("x, 1, 100.0, 1.0", "0, x, 100.0, 1.0", "0, 2, x, 1.0")),
    *(f"bot.{SUBMIT}({args})" for args in ("x, 1, 100.0, 1.0", "0, x, 100.0, 1.0", "0, 2, x, 1.0")),
    *(f"bot.{SUBMIT}(0, {args})" for args in ("3, 100.0, x", "4, 100.0, 1.0, x", "5, 100.0, 1.0, 0, x")),
    f"bot.{SUBMIT}(0, 6, 100.0, 1.0, 0, 0, x)",
    f"bot.{ORDER}(0, 7, x, 100.0, 1.0)",
    f"bot.{ORDER}(0, 7, 1, 100.0, 1.0, 4, 0, False, 0.0, 0.0, x)",
    *(f"bot.{ORDER}(0, 7, 1, 100.0, 2.0, 0, {args})" for args in ("2, False, x", "0, False, 0.0, x")),
    *(f"bot.{ORDER}(0, 7, 1, 100.0, 2.0, 0, 0, False, 0.0, 0.0, 0, {args})" for args in ("x", "False, x")),
    *(f"bot.{MODIFY}({args})" for args in ("x, 1, 100.0, 1.0", "0, x, 100.0, 1.0", "0, 1, x, 1.0")),
    *(f"bot.{MODIFY}({args})" for args in ("0, 1, 100.0, x", "0, 1, 100.0, 1.0, x")),
    *(f"bot.{CANCEL}({args})" for args in ("x, 1", "0, x", "0, 1, x")),
    *("bot.wait_next_feed(x, 1)", "bot.wait_next_feed(True, x)"),
    *(f"bot.wait_order_response({args})" for args in ("x, 1, 1", "0, x, 1", "0, 1, x")),
    *("bot.depth(0).bid_qty_at_tick(x)", "bot.depth(0).ask_qty_at_tick(x)"),
    *("len(bot.depth(0).bids(x))", "len(bot.depth(0).asks(x))", "bot.depth(0).fill_bids(x)"),
    *("bot.queue_position(x, 1)", "bot.queue_position(0, x)", "bot.activity(x).trades"),
    *("bot.orders(0).get(x).qty", "x in bot.orders(0)", "bot.orders(0).take_changed()"),
    "sum([order.qty for order in bot.orders(0).rows_from(x)])",
    *("len(bot.fills(x))", "len(bot.fills(0, x))", "bot.depth(0).fill_asks(x)"),
    *("sum([event.px for event in bot.last_events(x)])", "bot.clear_last_events(x)"),
    *("bot.account(x).equity", "bot.account_balance(x, 0)", "bot.account_balance(0, x)"),
    "bot.record()",
)
# what only a bot with a feed, an account and tracked places can answer
FURNISHED = ("last_events", "account", "queue_position")
# by type, since each type is compiled anew
VALUES: tuple[tuple[Any, ...], ...] = (
    (0, 1, -1, 7, 2**31, -(2**31), 2**62, 2**63 - 1, -(2**63)),
    (0.0, 1.5, -1.5, math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-300, 9.3e18),
    (np.uint64(0), np.uint64(1), np.uint64(2**63), np.uint64(2**64 - 1)),
    (np.int8(-1), np.int8(1)),
    (True, False),
    (np.float32("nan"), np.float32(1)),
    (None,),
    ("a",),
    ((1,),),
    (np.array([1]),),
    (1j,),
)


def throw(rng: random.Random, count: int, report: Report) -> None:
    """Call with hostile arguments; the bot works on, and does what it does interpreted."""
    for _ in range(count):
        source = rng.choice(CALLS)
        function = _function(source)
        furnished = any(name in source for name in FURNISHED)
        compiled = numba.njit(function)
        for value in rng.choice(VALUES):
            bot, other = new_bot(furnished=furnished), new_bot(furnished=furnished)
            before = len(report.faults)
            answers = [report.call(source, f, b, value) for f, b in ((compiled, bot), (function, other))]
            if len(report.faults) == before and " in " not in source and not isinstance(value, bool):
                report.require(f"{source} of {value!r}: {answers}", _same(*answers))
                same = bot.current_timestamp == other.current_timestamp
                report.require(f"{source} of {value!r}: other times", same)
            report.require(f"{source} of {value!r}: the bot no longer moves", bot.elapse(1) in (0, 1))


def _function(source: str) -> Callable[[Any, Any], Any]:
    names: dict[str, Any] = {}
    exec(f"def function(bot, x):\n    return {source}\n", names)
    return names["function"]  # type: ignore[no-any-return]


def _same(a: Any, b: Any) -> bool:
    both_nan = isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b)
    return both_nan or bool(a == b)
