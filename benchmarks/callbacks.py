"""Callbacks against the same strategy as a loop: ``python -m benchmarks.callbacks MARKET.json CPU RUNS``.

Two strategies. One is woken by every arrival of feed and reads the best prices: nothing but the cost of being
called. The other quotes: it follows each change of the best prices, sends and cancels, hears of its orders.
Both styles have to come to the same check sums. Interpreted, a class with methods, runs the opening of the
market. One line of JSON is written.
"""

import json
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers import open_peer, read_market
from truefill.core.jit import compile_user
from truefill.strategy import Callbacks, Strategy, compile_callbacks, new_state

FOREVER = 1 << 60
EXPIRED, FILLED, CANCELED = 2, 3, 4


def read_loop(bot, qty):
    """Best prices at every arrival of feed."""
    steps = 0
    ticks = 0
    code = 2
    while code == 2:
        code = bot.wait_next_feed(False, 1 << 60)
        depth = bot.depth(0)
        ticks += depth.best_bid_tick + depth.best_ask_tick
        steps += 1
    return steps, ticks, 0.0


def read_on_bookl2(bot, state, book):
    """The same, called."""
    depth = bot.depth(book.asset)
    state.ticks += depth.best_bid_tick + depth.best_ask_tick
    state.steps += 1


def quote_loop(bot, qty):
    """A bid that follows the best price: cancelled when it is away from it, sent anew when there is none."""
    steps = 0
    ticks = 0
    last_id = 0
    bid_id = 0
    bid_tick = 0
    ask_tick = 0
    code = 0
    while code != 1:
        code = bot.wait_next_feed(True, 1 << 60)
        if code > 3:
            break
        depth = bot.depth(0)
        if depth.best_bid_tick != bid_tick or depth.best_ask_tick != ask_tick:
            bid_tick = depth.best_bid_tick
            ask_tick = depth.best_ask_tick
            steps += 1
            if not math.isnan(depth.best_bid + depth.best_ask):  # a market opens one side after the other
                ticks += bid_tick + ask_tick
                if bid_id == 0:
                    last_id += 1
                    bid_id = last_id
                    bot.submit_buy_order(0, bid_id, depth.best_bid, qty, 1)
                elif bid_id in bot.orders(0):
                    order = bot.orders(0).get(bid_id)
                    if order.cancellable and order.price_tick != bid_tick:
                        bot.cancel(0, bid_id)
        if code == 3 or code == 1:
            for order in bot.orders(0):
                if order.status == 2 or order.status == 3 or order.status == 4:
                    if order.status == 3:
                        last_id += 1
                        bot.submit_sell_order(0, last_id, order.price + 20 * order.tick_size, order.qty, 1)
                    if order.order_id == bid_id:
                        bid_id = 0
            bot.clear_inactive_orders(0)
    state = bot.state_values(0)
    return steps, ticks, state.balance


def quote_on_bookl1(bot, state, book):
    """Follow the best price."""
    state.steps += 1
    if math.isnan(book.bid + book.ask):
        return
    state.ticks += book.bid_tick + book.ask_tick
    if state.bid_id == 0:
        state.last_id += 1
        state.bid_id = state.last_id
        bot.submit_buy_order(0, state.bid_id, book.bid, state.qty, 1)
    elif state.bid_id in bot.orders(0):
        order = bot.orders(0).get(state.bid_id)
        if order.cancellable and order.price_tick != book.bid_tick:
            bot.cancel(0, state.bid_id)


def quote_on_filled_order(bot, state, order):
    """Sell what was bought, buy what was sold, further away."""
    state.last_id += 1
    bot.submit_sell_order(0, state.last_id, order.price + 20 * order.tick_size, order.qty, 1)
    if order.order_id == state.bid_id:
        state.bid_id = 0


def quote_on_ended_order(bot, state, order):
    """Forget an order that is gone."""
    if order.order_id == state.bid_id:
        state.bid_id = 0


class Reader(Strategy):
    """`read_on_bookl2` as a method."""

    def __init__(self, qty: float) -> None:
        self.steps = self.ticks = 0

    def on_bookl2(self, book: Any) -> None:
        depth = self.bot.depth(book.asset)
        self.ticks += depth.best_bid_tick + depth.best_ask_tick
        self.steps += 1


class Quoter(Strategy):
    """The quoting callbacks as methods."""

    l1_quantities = False

    def __init__(self, qty: float) -> None:
        self.steps = self.ticks = self.bid_id = self.last_id = 0
        self.qty = qty

    def on_bookl1(self, book: Any) -> None:
        quote_on_bookl1(self.bot, self, book)

    def on_filled_order(self, order: Any) -> None:
        quote_on_filled_order(self.bot, self, order)

    def on_canceled_order(self, order: Any) -> None:
        quote_on_ended_order(self.bot, self, order)

    def on_expired_order(self, order: Any) -> None:
        quote_on_ended_order(self.bot, self, order)


CASES: dict[str, tuple[Callable[..., Any], Callbacks, type]] = {
    "every_feed": (read_loop, Callbacks(on_bookl2=read_on_bookl2), Reader),
    "quotes": (
        quote_loop,
        Callbacks(
            on_bookl1=quote_on_bookl1,
            on_filled_order=quote_on_filled_order,
            on_canceled_order=quote_on_ended_order,
            on_expired_order=quote_on_ended_order,
            l1_quantities=False,
        ),
        Quoter,
    ),
}


def main(arguments: list[str]) -> None:
    """Time both styles in turn and write what was found."""
    market_file, cpu, runs = arguments
    market = read_market(market_file)
    peer = open_peer("truefill", market)
    qty = 10 * market["lot_size"]
    compiled = {name: (compile_user(c[0]), compile_callbacks(c[1])) for name, c in CASES.items()}

    def once(name: str, style: int, which: str) -> tuple[float, tuple[float, ...]]:
        bot = peer.bot(which)
        if style == 0:
            begin = time.perf_counter()
            checks = compiled[name][0](bot, qty)
            return time.perf_counter() - begin, tuple(float(c) for c in checks)
        state = new_state(steps=0, ticks=0, bid_id=0, last_id=0, qty=qty)
        work = CASES[name][1].plan(1).work(state, bot, attributes=False)
        begin = time.perf_counter()
        compiled[name][1](bot, work)
        seconds = time.perf_counter() - begin
        balance = bot.state_values(0).balance if name == "quotes" else 0.0
        return seconds, (float(state.steps), float(state.ticks), float(balance))

    def interpreted(name: str) -> tuple[float, int]:
        from truefill.strategy import run_events

        strategy = CASES[name][2](qty)
        begin = time.perf_counter()
        error = run_events(peer.bot("short"), strategy).error
        if error is not None:
            raise error
        return time.perf_counter() - begin, int(once(name, 0, "short")[1][0])

    for name in CASES:
        for style in (0, 1):
            once(name, style, "short")
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})
    found: dict[str, Any] = {}
    for name in CASES:
        seconds: list[list[float]] = [[], []]
        checks = ()
        for _ in range(int(runs)):
            (loop, checks), (callbacks, same) = once(name, 0, "full"), once(name, 1, "full")
            if checks != same:
                raise SystemExit(f"{name}: expected the loop's {checks} from the callbacks, got {same}")
            seconds[0].append(loop)
            seconds[1].append(callbacks)
        plain, steps = interpreted(name)
        found[name] = {
            "loop": seconds[0],
            "callbacks": seconds[1],
            "steps": checks[0],
            "interpreted": plain,
            "interpreted_steps": steps,
        }
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
