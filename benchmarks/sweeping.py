"""A process that times a parameter sweep: the grid strategy with many parameter sets over one market.

    python -m benchmarks.sweeping PEER MARKET.json WORKERS SETS

truefill runs the sets with ``run_many`` on WORKERS threads; HftBacktest one after the other, as its tutorials
do. Beside it a control is timed: as much arithmetic on one thread and on WORKERS, which tells what so many
processors of this machine can do at best at this moment.
"""

import json
import sys
import threading
import time
from typing import Any

from benchmarks import workloads
from benchmarks.peers import Params, open_peer, params_for, read_market


def parameter_sets(base: Params, count: int) -> list[Params]:
    """Half spreads in tens, skews in steps of a tenth: `count` sets in all."""
    return [
        base._replace(
            half_spread_ticks=base.half_spread_ticks * (1 + i % 10),
            skew_ticks=base.skew_ticks * (i // 10) / 5,
        )
        for i in range(count)
    ]


def main(arguments: list[str]) -> None:
    """Run all sets once; one line of JSON on stdout."""
    name, market_file, workers, count = arguments
    market = read_market(market_file)
    peer = open_peer(name, market)
    strategy = peer.strategy(workloads, "grid")
    compiled = peer.compile(strategy)
    base = params_for(market)
    peer.time(compiled, base, "short")  # compiles
    sets = parameter_sets(base, int(count))
    threads = int(workers) if name == "truefill" else 1
    begin = time.perf_counter()
    checks = (
        _truefill(peer, strategy, sets, threads) if name == "truefill" else _in_turn(peer, compiled, sets)
    )
    seconds = time.perf_counter() - begin
    values: dict[str, Any] = {"seconds": seconds, "threads": threads, "checks": checks}
    if name == "truefill":
        values["control_scaling"] = control_scaling(threads)
    print(json.dumps(values), flush=True)


def _truefill(peer: Any, strategy: Any, sets: list[Params], threads: int) -> list[list[float]]:
    from truefill.sweep import run_many

    sweep = run_many(
        lambda params: peer.bot("full"),
        strategy,
        sets,
        workers=threads,
        reduce=lambda result: result.returned,
    )
    for trial in sweep.failed:
        raise trial.error or RuntimeError(trial.params)
    return [[float(c) for c in trial.value] for trial in sweep]


def _in_turn(peer: Any, compiled: Any, sets: list[Params]) -> list[list[float]]:
    return [[float(c) for c in peer.time(compiled, params, "full").checks] for params in sets]


def control_scaling(threads: int) -> float:
    """How many times faster `threads` threads do pure arithmetic than one does."""
    import numba

    @numba.njit(nogil=True)  # type: ignore[untyped-decorator]
    def spin(count: int) -> int:
        x = 1
        for i in range(count):
            x = (x * 6364136223846793005 + i) ^ (x >> 7)
        return x

    spin(1)
    begin = time.perf_counter()
    for _ in range(threads):
        spin(300_000_000)
    alone = time.perf_counter() - begin
    pool = [threading.Thread(target=spin, args=(300_000_000,)) for _ in range(threads)]
    begin = time.perf_counter()
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    return alone / (time.perf_counter() - begin)


if __name__ == "__main__":
    main(sys.argv[1:])
