"""A process that does what a user's first script does, and says when its first step was done.

    python -m benchmarks.startup PEER MARKET.json STRATEGIES.py WORKLOAD

Imports the package, opens the files, compiles the strategy and makes one step; then runs the strategy over
the whole market, and tells how much memory all that took.
"""

import importlib.util
import json
import sys
import time
from typing import Any

from benchmarks.memory import memory
from benchmarks.peers import open_peer, params_for, read_market


def main(arguments: list[str]) -> None:
    """Run once; one line of JSON on stdout."""
    name, market_file, strategies, workload = arguments
    market = read_market(market_file)
    spec = importlib.util.spec_from_file_location("strategies", strategies)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["strategies"] = module
    spec.loader.exec_module(module)
    peer = open_peer(name, market, load=False)
    compiled = peer.compile(peer.strategy(module, workload))
    peer.time(compiled, params_for(market, max_steps=1), "full")
    first_step = time.monotonic()
    timing = peer.time(compiled, params_for(market), "full")
    usage: dict[str, Any] = {
        "first_step": first_step,
        "run_seconds": timing.seconds,
        "checks": [float(c) for c in timing.checks],
    }
    print(json.dumps(usage | memory()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
