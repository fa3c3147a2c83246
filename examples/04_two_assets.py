"""Two markets in one run: buy here when it is dear there. Any number of assets works the same way.

python examples/04_two_assets.py
"""

import truefill
from truefill import IOC, LIMIT


def strategy(bot):
    order_id = 0
    while bot.elapse(1_000_000_000) == 0:
        bot.clear_inactive_orders(0)
        bot.clear_inactive_orders(1)
        mids = [(bot.depth(a).best_bid + bot.depth(a).best_ask) / 2.0 for a in range(bot.num_assets)]
        cheap, dear = (0, 1) if mids[0] < mids[1] else (1, 0)
        if mids[dear] - mids[cheap] > 0.05 and abs(bot.position(cheap)) < 10.0:
            order_id += 1
            bot.submit_buy_order(cheap, order_id, bot.depth(cheap).best_ask, 1.0, IOC, LIMIT, False)
            bot.submit_sell_order(dear, order_id, bot.depth(dear).best_bid, 1.0, IOC, LIMIT, False)


assets = [
    truefill.Asset(
        truefill.build_tape(truefill.make_market(120, seed=seed), symbol=f"MADE{seed}-PERP.SYNTHETIC"),
        latency=truefill.ConstantLatency(2_000_000, 2_000_000),
        fees=truefill.TradingValueFees(maker=0.0, taker=0.0001),
        fee_currency="USD",
    )
    for seed in (1, 2)
]
result = truefill.run(truefill.Bot(assets), strategy)
for asset, state in zip(assets, result.states, strict=True):
    print(f"{asset.tape.symbol}: {state['num_trades']} trades, position {state['position']:+.2f}")
