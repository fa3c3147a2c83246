"""A queue model of one's own: three small functions that run at the speed of the built-in ones.

The built-in models say: when a level shrinks without a trade, some of what went was ahead of us. This one
says: a fixed share of it was.

    python examples/03_own_queue_model.py
"""

import truefill
from truefill import GTX, LIMIT


def new_order(order, level_qty, params):
    order["front"] = level_qty  # we come to rest behind everything that is there


def trade(order, qty, params):
    order["front"] -= qty  # trades take the orders ahead of us first


def depth(order, previous, new, params):
    cancelled = previous - new
    if cancelled > 0:
        order["front"] -= params[0] * cancelled
    order["front"] = max(min(order["front"], new), 0.0)


def strategy(bot):
    order_id = 0
    while bot.elapse(1_000_000_000) == 0:
        bot.clear_inactive_orders(0)
        if len(bot.orders(0)) == 0:
            order_id += 1
            bot.submit_buy_order(0, order_id, bot.depth(0).best_bid, 1.0, GTX, LIMIT, False)


tape = truefill.build_tape(truefill.make_market(120, seed=5), symbol="MADE-PERP.SYNTHETIC")
for share in (0.0, 0.5, 1.0):
    queue = truefill.UserQueue(new_order, trade, depth, params=[share])
    asset = truefill.Asset(tape, latency=truefill.ConstantLatency(1_000_000, 1_000_000), queue=queue)
    result = truefill.run(truefill.Bot([asset]), strategy)
    print(f"{share:.0%} of the cancelled were ahead of us: {len(result.fills)} fills")
