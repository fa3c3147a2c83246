"""A process that runs a strategy over several tapes: one after the other, or side by side.

    python -m benchmarks.chains chain STEP_NS TAPE...
    python -m benchmarks.chains assets STEP_NS TAPE...

One line of JSON on stdout: seconds of the run, steps, events, and the most anonymous memory while it ran.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.memory import memory
from truefill import Asset, Bot, Tape, run


def quote(bot: Any, step_ns: int) -> Any:
    """Step by step: best prices and quantities of each asset, and now and then a bid and its cancel."""
    steps = 0
    quantity = 0.0
    order = 0
    while bot.elapse(step_ns) == 0:
        steps += 1
        for a in range(bot.num_assets):
            depth = bot.depth(a)
            quantity += depth.best_bid_qty + depth.best_ask_qty
            if steps % 100 == 0 and depth.best_bid > 0.0:
                if order > 0:
                    bot.cancel(a, order)
                bot.clear_inactive_orders(a)
                bot.submit_buy_order(a, steps, depth.best_bid, depth.lot_size)
                bot.clear_last_trades(a)
        if steps % 100 == 0:
            order = steps
    fills = 0
    for a in range(bot.num_assets):
        fills += bot.state_values(a).num_trades
    return steps, quantity, fills


class _Watch:
    """The most anonymous memory of this process, looked at often."""

    def __init__(self) -> None:
        self.most = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, memory().get("own_bytes", 0))

    def stop(self) -> int:
        """Bytes."""
        self._done.set()
        self._thread.join()
        return max(self.most, memory().get("own_bytes", 0))


def measure(mode: str, step_ns: int, tapes: list[Path]) -> dict[str, Any]:
    """One run."""
    watch = _Watch()
    opening = time.perf_counter()
    assets = [Asset(list(tapes))] if mode == "chain" else [Asset(Tape.open(t)) for t in tapes]
    bot = Bot(assets)
    begin = time.perf_counter()
    result = run(bot, quote, step_ns)
    seconds = time.perf_counter() - begin
    if result.error is not None:
        raise result.error
    steps, quantity, fills = result.returned
    return {
        "seconds": seconds,
        "opening": begin - opening,
        "steps": steps,
        "quantity": quantity,
        "fills": fills,
        "events": sum(asset.tape.header.events for asset in assets),
        "own_bytes": watch.stop(),
    }


def main(arguments: list[str]) -> None:
    """Measure once, with everything compiled before."""
    mode, step, *paths = arguments
    tapes = [Path(path) for path in paths]
    run(Bot([Asset(Tape.open(tapes[0]))]), quote, 1 << 60)  # compiles
    if mode == "chain" and len(tapes) > 1:
        run(Bot([Asset([tapes[0], tapes[1]])]), quote, 1 << 60)
    print(json.dumps(measure(mode, int(step), tapes)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
