"""From a recording of an exchange to its book, without any trading.

python examples/05_recording.py btcusdt_20240808.gz binance-usdm BTCUSDT
"""

import sys

import truefill

file, venue, symbol = sys.argv[1:]
report = truefill.convert(file, venue=venue, symbol=symbol, out="recording.tape")
for note in report.notes:
    print("note:", note)

tape = truefill.open_tape("recording.tape")
print(f"{tape.symbol}: {tape.header.events:,} events, tick {tape.header.tick_size}, {tape.header.gaps} gaps")


def strategy(bot):
    """Print the book once a minute. Plain Python: `compiled=False` below."""
    while bot.elapse(60_000_000_000) == 0:
        depth = bot.depth(0)
        bid = f"{depth.best_bid_qty:10.3f} {depth.best_bid:10.2f}"
        print(f"{bid} | {depth.best_ask:10.2f} {depth.best_ask_qty:10.3f}")


truefill.run(truefill.Bot([truefill.Asset(tape)]), strategy, compiled=False)
