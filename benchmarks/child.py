"""A process that times one package, command by command, so that packages can take turns.

    python -m benchmarks.child PEER MARKET.json CPU WORKLOAD...

It opens the market, compiles each workload on a short market, and answers ``ready`` with the seconds that
took; then each line on stdin is a workload to run, answered with one line of JSON.
"""

import json
import os
import sys
import time
from typing import Any

from benchmarks import dictionaries, workloads
from benchmarks.peers import open_peer, params_for, read_market


def main(arguments: list[str]) -> None:
    """Serve until stdin ends."""
    name, market_file, cpu, *names = arguments
    market = read_market(market_file)
    begin = time.perf_counter()
    peer = open_peer(name, market)
    opened = time.perf_counter() - begin
    params = params_for(market)
    compiled = {}
    begin = time.perf_counter()
    for workload in names:
        module = dictionaries if workload == "grid_dict" else workloads
        compiled[workload] = peer.compile(peer.strategy(module, workload))
        peer.time(compiled[workload], params, "short")
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})  # not before: processes compile side by side
    answer({"ready": name, "open_seconds": opened, "compile_seconds": time.perf_counter() - begin})
    for line in sys.stdin:
        timing = peer.time(compiled[line.strip()], params, "full")
        answer({"seconds": timing.seconds, "checks": [float(c) for c in timing.checks]})


def answer(values: dict[str, Any]) -> None:
    """Write one line of JSON."""
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
