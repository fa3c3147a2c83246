"""The same path from Python: a market, a bot, a strategy, results as tables, a report.

python examples/02_from_python.py
"""

from rich import print

import truefill
from truefill import GTX, LIMIT


def strategy(bot):
    order_id = 0
    while bot.elapse(500_000_000) == 0:  # every half second: replace a bid and an ask at the best prices
        bot.clear_inactive_orders(0)
        for order in bot.orders(0):
            if order.cancellable:
                bot.cancel(0, order.order_id, False)
        depth = bot.depth(0)
        order_id += 2
        if bot.position(0) < 5.0:
            bot.submit_buy_order(0, order_id, depth.best_bid, 1.0, GTX, LIMIT, False)
        if bot.position(0) > -5.0:
            bot.submit_sell_order(0, order_id + 1, depth.best_ask, 1.0, GTX, LIMIT, False)


tape = truefill.build_tape(truefill.make_market(300, seed=5), symbol="MADE-PERP.SYNTHETIC")
asset = truefill.Asset(
    tape,
    latency=truefill.ConstantLatency(entry_ns=5_000_000, response_ns=5_000_000),
    queue=truefill.PowerProbQueue(2.0),
    fees=truefill.TradingValueFees(maker=0.00005, taker=0.0005),
    fee_currency="USD",
)
result = truefill.run(truefill.Bot([asset]), strategy)

run = result.run_data()
print(truefill.summary_table(run, brief=True))
print(truefill.fills_frame(run).tail(5))
print("Report:", truefill.report(result, "report.html"))
