"""Measure, and write the page: ``python -m benchmarks`` or ``make bench``."""

import argparse
import importlib.util
import sys
import time
from pathlib import Path

from benchmarks.market import load_market, recording_path
from benchmarks.matching import time_matching
from benchmarks.order_market import ORDER_RECORDING, load_order_market
from benchmarks.peers import DROP_IN, PEERS
from benchmarks.report import (
    DROP_IN_WORKLOADS,
    ORDER_WORKLOADS,
    WORKLOADS,
    OrderResults,
    machine,
    write,
)
from benchmarks.runner import (
    ROOT,
    BenchmarkError,
    as_plain,
    time_callbacks,
    time_chains,
    time_collecting,
    time_conversion,
    time_market_making,
    time_quoting,
    time_readers,
    time_starts,
    time_storage,
    time_sweep,
    time_workloads,
)
from truefill.core.jit import kernel_hash

SWEEP_RUNS = 2  # HftBacktest takes a minute for one


def main() -> int:
    """Run the benchmarks; 0 when all packages agreed on all check sums."""
    options = _options()
    begin = time.perf_counter()

    def say(text: str) -> None:
        print(f"[{time.perf_counter() - begin:6.1f} s] {text}", flush=True)

    peers = [peer for peer in PEERS if peer in options.peers]
    if importlib.util.find_spec("hftbacktest") is None:
        say("hftbacktest is not installed: truefill alone is timed, nothing is compared")
        peers = ["truefill"]
    sources = kernel_hash.__wrapped__()
    recording = None if options.synthetic else recording_path()
    orders: OrderResults | None = None
    try:
        market = load_market(options.events, options.cache, recording, say)
        market_file = Path(market.full.tape).with_name("market.json")
        series, ready = time_workloads(market_file, peers, options.workloads, options.runs, say)
        drop_in, _ = time_workloads(market_file, ("truefill", DROP_IN), DROP_IN_WORKLOADS, options.runs, say)
        if options.order_events:
            order_recording = None if options.synthetic else recording_path(ORDER_RECORDING)
            order_market = load_order_market(options.order_events, options.cache, order_recording, say)
            order_file = Path(order_market.full.tape).with_name("market.json")
            timed, _ = time_workloads(order_file, peers, ORDER_WORKLOADS, options.runs, say)
            orders = OrderResults(order_market, timed)
        callbacks = time_callbacks(market_file, options.runs, say)
        starts = time_starts(market_file, peers, "grid", say) if not options.brief else {}
        sweep = time_sweep(market_file, peers, options.sweep, SWEEP_RUNS, say) if options.sweep else {}
        chains = time_chains(Path(market.full.tape), options.days, options.assets, say)
        readers = time_readers(options.reader_rows, options.runs, say) if options.reader_rows else []
        storage = time_storage(Path(market.full.tape), say)
        quoting = time_quoting(say) if not options.brief else {}
        making = time_market_making(say) if not options.brief else {}
        matching = (
            time_matching(options.matching_orders, options.runs, say) if options.matching_orders else {}
        )
        collecting = time_collecting(options.messages, say) if options.messages else {}
        conversion = time_conversion(recording, peers, say) if recording and not options.brief else {}
        if kernel_hash.__wrapped__() != sources:
            raise BenchmarkError("truefill's sources were edited while it was measured: run it again")
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    results = {
        **machine(),
        "command": "python -m benchmarks " + " ".join(sys.argv[1:]),
        "runs": options.runs,
        "wall_seconds": time.perf_counter() - begin,
        **as_plain(market, series),
        "drop_in": as_plain(market, drop_in)["workloads"],
        "orders": as_plain(orders.market, orders.series) if orders else {},
        "ready": ready,
        "callbacks": callbacks,
        "chains": chains,
        "starts": starts,
        "sweep": {"sets": options.sweep, "cases": sweep},
        "conversion": conversion,
        "readers": readers,
        "storage": storage,
        "quoting": quoting,
        "market_making": making,
        "matching": matching,
        "collecting": collecting,
    }
    write(options.out, results, market, series, drop_in, orders)
    say(f"written: {options.out} and {options.out.with_suffix('.json')}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--events", type=_count, default=10_000_000, help="at least so many (10_000_000)")
    parser.add_argument(
        "--order-events",
        type=int,
        default=5_000_000,
        help="at least so many events of the market of single orders; 0: none of it (5_000_000)",
    )
    parser.add_argument("--runs", type=_count, default=5, help="runs of each workload and package (5)")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument(
        "--synthetic", action="store_true", help="a made market, also when a recording is there"
    )
    parser.add_argument("--brief", action="store_true", help="no starts, no conversion")
    parser.add_argument("--sweep", type=int, default=100, help="parameter sets of the sweep; 0: none (100)")
    parser.add_argument("--days", type=_count, default=30, help="tapes of the chain (30)")
    parser.add_argument("--assets", type=_count, default=10, help="assets side by side (10)")
    parser.add_argument(
        "--reader-rows",
        type=int,
        default=300_000,
        help="rows of files for the readers; 0: none (300_000)",
    )
    parser.add_argument(
        "--matching-orders",
        type=int,
        default=1_000_000,
        help="orders of a stream for the matching engine; 0: none of it (1_000_000)",
    )
    parser.add_argument(
        "--messages", type=int, default=200_000, help="messages for the collector; 0: none (200_000)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md", help="the page to write")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / ".cache" / "benchmarks", help="where markets are kept"
    )
    options = parser.parse_args()
    options.cache = options.cache.absolute()
    if "truefill" not in options.peers:
        parser.error("--peers without truefill")
    return options


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, got {text}")
    return value


if __name__ == "__main__":
    sys.exit(main())
