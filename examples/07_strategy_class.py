"""A strategy as a class: plain Python, with methods that are called when something happens.

python examples/07_strategy_class.py
"""

import truefill
from truefill.strategy import Strategy


class Maker(Strategy):
    """Keep one bid at the touch, and sell what it bought one tick above."""

    timers = ("50ms",)
    klines = ("1s",)

    def on_start(self):
        self.bid = 0
        self.traded = 0.0

    def on_timer(self, timer):
        depth = self.bot.depth(0)
        if not self.bid and self.position(0) < 5.0 and depth.best_bid < depth.best_ask:
            self.bid = self.buy(0, depth.best_bid, 1.0, truefill.GTX)

    def on_bookl1(self, book):
        if self.bid in self.bot.orders(0):
            order = self.bot.orders(0).get(self.bid)
            if order.cancellable and order.price_tick != book.bid_tick:
                self.cancel_order(0, self.bid)

    def on_fill(self, fill):
        if fill.side == truefill.BUY_SIDE:
            self.sell(0, fill.price + self.bot.depth(0).tick_size, fill.qty)

    def on_filled_order(self, order):
        self.forget(order)

    def on_canceled_order(self, order):
        self.forget(order)

    def on_expired_order(self, order):
        self.forget(order)

    def forget(self, order):
        if order.order_id == self.bid:
            self.bid = 0

    def on_kline(self, kline):
        self.traded += kline.volume


tape = truefill.build_tape(truefill.make_market(60, seed=1), symbol="MADE-PERP.SYNTHETIC")
asset = truefill.Asset(tape, latency=truefill.ConstantLatency(2_000_000, 2_000_000))
result = truefill.run_events(truefill.Bot([asset]), Maker())
print(
    f"{len(result.fills)} fills, position {result.states[0]['position']:+.2f}, "
    f"{result.returned.traded:,.2f} traded in the market"
)
