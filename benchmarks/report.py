"""The page that is written from what was measured, and its JSON."""

import datetime
import importlib.metadata
import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.market import Market
from benchmarks.peers import DROP_IN, LATENCY_NS, NAMES
from benchmarks.runner import Series

# Name of a workload: its title, and what its strategy does.
WORKLOADS = {
    "replay": (
        "Replay",
        "a step every 100 ms that reads the best prices and the quantities of five levels a side",
    ),
    "replay_resting": (
        "Replay, own order resting",
        "the same with an own bid 0.5 % below the lowest trade, so that the exchange's book is kept in step "
        "at every row as well",
    ),
    "best_prices": ("Best prices", "a step every 100 ms that reads the best prices only"),
    "grid": (
        "20-order grid",
        "every 100 ms ten post-only orders a side around the mid, moved against the position: what is off "
        f"the grid is cancelled, what is missing is placed; {LATENCY_NS // 10**6} ms to the exchange, "
        f"{LATENCY_NS // 10**6} ms back",
    ),
    "grid_dict": (
        "20-order grid with dictionaries",
        "the same as HftBacktest's own examples write it, the wanted orders in two Numba dictionaries made "
        "at each step; most of the time is the dictionaries'",
    ),
    "every_event": ("Every event", "woken by every arrival of feed; reads the best prices"),
}

# Those of them that are timed on single orders (L3).
ORDER_WORKLOADS = ("best_prices", "replay", "replay_resting")

# Those that are timed through HftBacktest's face over truefill.
DROP_IN_WORKLOADS = ("replay", "grid", "every_event")

_PACKAGES = ("truefill", "hftbacktest", "numba", "numpy", "llvmlite")


@dataclass(frozen=True)
class OrderResults:
    """What was measured on the market of single orders."""

    market: Market
    series: dict[str, Series]


def machine() -> dict[str, Any]:
    """Tell what the numbers were measured on."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "memory_bytes": _memory(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": versions,
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def write(
    page: Path,
    results: dict[str, Any],
    market: Market,
    series: dict[str, Series],
    drop_in: dict[str, Series],
    orders: OrderResults | None,
) -> None:
    """Write the page, and the results beside it as JSON."""
    parts = [
        _head(results, market),
        _speed(market, series),
        _meaning(series),
        _drop_in(market, drop_in),
        _orders(orders) if orders else "",
        _callbacks(results["callbacks"], market),
        _sweep(results["sweep"]),
        _chains(results["chains"]),
        _starts(results["starts"], market),
        _building(results, market),
        readers_section(results["readers"]),
        quoting_section(results["quoting"]),
        making_section(results["market_making"]),
    ]
    if results["matching"]:
        from benchmarks.matching import section  # which lays its tables out with this file's `table`

        parts.append(section(results["matching"]))
    _replace(page, "\n".join(part for part in parts if part))
    _replace(page.with_suffix(".json"), json.dumps(_without_folders(results), indent=1) + "\n")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _without_folders(results: dict[str, Any]) -> dict[str, Any]:
    def bare(measured: dict[str, Any]) -> dict[str, Any]:
        if not measured:
            return measured
        market = dict(measured["market"])
        for which in ("full", "short"):
            files = dict(market[which])
            market[which] = files | {name: Path(files[name]).name for name in ("tape", "events")}
        return {**measured, "market": market}

    return bare({**results, "orders": bare(results["orders"])})


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a Markdown table: the first column to the left, the others to the right."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _head(results: dict[str, Any], market: Market) -> str:
    memory = results["memory_bytes"]
    load = results["load"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    size = f", {memory / 2**30:.0f} GiB" if memory else ""
    busy = f", load {load:.1f} at the end" if load is not None else ""
    return f"""# Benchmarks

Written by `make bench` (`{results["command"].strip()}`); do not edit.

All numbers of a table come from one run of the script, the packages taking turns, {results["runs"]} runs
each. Medians are shown; ratios are medians of each turn's ratio. A time counts only if all packages came to
the same check sums: of the prices and quantities read, and where there are orders also of position, balance,
fees, number of fills and of requests.

* **Market**: {market.name}, repeated {_times(market.repeats)}: {market.full.count:,} events
  ({market.full.rows:,} rows for HftBacktest, where an event out of order stands twice),
  {market.seconds / 3600:.2f} hours of market time
* **Machine**: {results["cpu"]}, {results["cpus"]} processors{size}, {results["system"]}{busy}
* **Versions**: {results["python"]}, {versions}
* **Date**: {results["date"]}
"""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _speed(market: Market, series: dict[str, Series]) -> str:
    text = (
        "One thread; the strategy's own time is in it; data open, code compiled (truefill's loaded from its\n"
        "cache, as in every process but the first; HftBacktest's compiled in the process)."
    )
    return f"## Speed\n\n{text}\n\n{_speed_table(market, series)}"


def _speed_table(market: Market, series: dict[str, Series]) -> str:
    peers = list(next(iter(series.values())).seconds)
    others = [peer for peer in peers if peer != "truefill"]
    rows = []
    for name, s in series.items():
        each = [f"{s.median(peer) / market.full.count * 1e9:.2f}" for peer in peers]
        ratios = [f"{s.ratio('truefill', other):.1f}×" for other in others]
        rows.append([WORKLOADS[name][0], *each, *ratios])
    head = [
        "ns an event",
        *(NAMES[p] for p in peers),
        *(f"ratio to {NAMES[p].removeprefix('HftBacktest, ')}" for p in others),
    ]
    return table(head, rows)


def _meaning(series: dict[str, Series]) -> str:
    lines = []
    for name, s in series.items():
        title, text = WORKLOADS[name]
        facts = [f"{s.checks['steps']:,.0f} steps"]
        if s.checks["requests"] > 1:
            facts += [f"{s.checks['requests']:,.0f} requests", f"{s.checks['fills']:,.0f} fills"]
        lines.append(f"* **{title}**: {text} ({', '.join(facts)})")
    return (
        "\n".join(lines)
        + """

**What is compared, and what truefill leaves out.** Both packages get the same events, latencies, queue
model (`log_prob_queue_model2`), fees and fill rules (HftBacktest's `NoPartialFillExchange`, because its
partial fills lose fills; truefill's own default is `fifo`), and run the same source. HftBacktest applies
every row to two books, the exchange's and the local one, in the order of time. truefill keeps the best
prices of each moment in the tape and works them out once, when the tape is built; its local book is brought
up to date when a quantity is read, and its exchange book when an own order is there or arrives. So
*best prices* touches no depth row at all, *replay* keeps only the local book, *replay, own order resting*
keeps both books row by row as HftBacktest does, and *every event* pays for waking the strategy and not for
books. The results are the same to the last fill. HftBacktest reads an array that is already in memory,
truefill the memory map of the tape. HftBacktest's ROIVector book is given the traded price range and 1 %
more on both sides; it ignores rows outside.
"""
    )


def _drop_in(market: Market, series: dict[str, Series]) -> str:
    rows = []
    for name, s in series.items():
        each = [f"{s.median(peer) / market.full.count * 1e9:.2f}" for peer in ("truefill", DROP_IN)]
        rows.append([WORKLOADS[name][0], *each, f"{s.ratio('truefill', DROP_IN):.2f}×"])
    head = ["ns an event", NAMES["truefill"], NAMES[DROP_IN], "its face takes"]
    return f"""## HftBacktest's face

The same strategies through `truefill.compat.hftbacktest`: HftBacktest's source, with the import changed,
on the same tape, against truefill's own face. Check sums agree.

{table(head, rows)}"""


def _orders(orders: OrderResults) -> str:
    market, series = orders.market, orders.series
    files = Path(market.full.tape), Path(market.full.events)
    tape, events = (file.stat().st_size / market.full.count for file in files)
    rate = market.full.rows / market.build_seconds
    steps = series[ORDER_WORKLOADS[0]].checks["steps"]
    return f"""## Single orders (L3)

{market.name}, repeated {_times(market.repeats)}: {market.full.count:,} messages about single orders,
{market.seconds / 3600:.2f} hours of market time, {steps:,.0f} steps. The strategies are those above;
the queue is exact (`L3FifoQueue`, HftBacktest's `l3_fifo_queue_model`). Each repeat begins with the
orders that were open when trading began and ends with cancels of all that are open.

{_speed_table(market, series)}
HftBacktest keeps every order of the market in two books while it runs. truefill follows the orders once,
when the tape is built: that takes {1e9 / rate:,.0f} ns a message ({rate / 1e6:.2f} million a second), and
the tape has {tape:.1f} bytes a message ({events:.1f} for HftBacktest). With an own order at rest, each
message at its price tells by the place of its order whether it was in front.
"""


CALLBACKS = {
    "every_feed": "`on_bookl2` at every arrival of feed, which reads the best prices",
    "quotes": "`on_bookl1` and order callbacks: a bid that follows the best price",
}


def _callbacks(cases: dict[str, Any], market: Market) -> str:
    rows = []
    for name, case in cases.items():
        events = market.full.count
        ratios = [b / a for a, b in zip(case["loop"], case["callbacks"], strict=True)]
        each = [statistics.median(case[style]) / events * 1e9 for style in ("loop", "callbacks")]
        plain = case["interpreted"] / market.short.count * 1e9
        rows.append(
            [
                CALLBACKS[name],
                *(f"{ns:.1f}" for ns in each),
                f"{statistics.median(ratios):.2f}×",
                f"{plain:,.0f}",
            ]
        )
    head = ["ns an event", "as a loop", "as callbacks", "ratio", "a class, interpreted"]
    return f"""## Callbacks

The same strategy as a loop of its own and as callbacks, both compiled; and as a class whose methods run as
plain Python over the compiled engine, on the opening of the market.

{table(head, rows)}"""


def _sweep(sweep: dict[str, Any]) -> str:
    cases = sweep["cases"]
    if not cases:
        return ""
    names = {"truefill, one thread": "truefill", "truefill": "truefill", "roivector": NAMES["roivector"]}
    ours = [run["seconds"] for run in cases["truefill"]]
    rows = []
    for case, runs in cases.items():
        seconds = [run["seconds"] for run in runs]
        ratios = [theirs / own for theirs, own in zip(seconds, ours, strict=True)]
        rows.append(
            [
                names[case],
                str(runs[0]["threads"]),
                f"{statistics.median(seconds):.2f} s",
                "" if case == "truefill" else f"{statistics.median(ratios):.1f}×",
            ]
        )
    control = statistics.median(run["control_scaling"] for run in cases["truefill"])
    return f"""## Sweep

{sweep["sets"]} parameter sets of the 20-order grid over the market above, each on a bot of its own:
truefill's `run_many`, which shares the tape among its threads, and HftBacktest one after the other. Results
of all sets agree. Everything that a sweep does is in the time: making bots, collecting orders and fills,
hashing them. As a control, pure arithmetic in the same process was {control:.2f} times as fast
on all threads as on one.

{table(["", "threads", "time", "truefill on all threads is faster by"], rows)}"""


def _chains(chains: dict[str, Any]) -> str:
    chain, three, together = chains["chain"], chains["three"], chains["together"]
    alone = sum(run["seconds"] for run in chains["alone"])
    rows = [
        [
            f"{chains['days']} tapes one after the other",
            f"{chain['events']:,}",
            f"{chain['seconds']:.2f} s",
            f"{chain['own_bytes'] / 1e6:.0f} MB",
        ],
        [
            "the first three of them",
            f"{three['events']:,}",
            f"{three['seconds']:.2f} s",
            f"{three['own_bytes'] / 1e6:.0f} MB",
        ],
        [
            f"{chains['assets']} assets side by side",
            f"{together['events']:,}",
            f"{together['seconds']:.2f} s",
            f"{together['own_bytes'] / 1e6:.0f} MB",
        ],
        [f"{chains['assets']} runs of one asset", f"{together['events']:,}", f"{alone:.2f} s", ""],
    ]
    return f"""## Many tapes

Copies of the tape, each a file of its own, in a run that quotes each 10 s and looks at the book each 100 ms:
as a chain, where each copy is moved behind the one before, and as assets that trade at the same time.
The memory is what is the process's own (anonymous), at most, with interpreter and compiler.
Side by side takes {together["seconds"] / alone:.2f} times the sum of the runs alone; opening the chain took
{chain["opening"]:.2f} s before its run.

{table(["", "events", "time", "own memory"], rows)}"""


def readers_section(readers: list[dict[str, Any]]) -> str:
    """Speed of the readers of vendors' files."""
    if not readers:
        return ""
    rows = [
        [
            case["title"],
            f"{case['rows']:,}",
            f"{case['bytes'] / 1e6:.0f} MB",
            f"{case['bytes'] / case['seconds'] / 1e6:.0f} MB/s",
            f"{case['rows'] / case['seconds'] / 1e3:,.0f} k/s",
            f"{case['events'] / case['seconds'] / 1e3:,.0f} k/s",
            f"{case['bytes'] / case['other'] / 1e6:.0f} MB/s, {case['beside']}",
        ]
        for case in readers
    ]
    return f"""## Vendors' files

Made files, not packed, from the file to checked events with exact prices; processor time on one core. Polars,
on one core too, reads the same file into a table of floats and does nothing with it; Databento's own library,
databento-dbn, makes an object of each record.

{table(["", "rows", "file", "truefill", "rows", "events", "the same file raw"], rows)}"""


def _starts(starts: dict[str, Any], market: Market) -> str:
    if not starts:
        return ""
    cases = {
        "cold": "nothing compiled yet",
        "edited": "the strategy was edited",
        "warm": "started again",
    }
    time_rows, memory_rows = [], []
    for peer, runs in starts.items():
        time_rows.append([NAMES[peer]])
        for case in cases:
            run = runs.get(case)
            time_rows[-1].append(f"{run['start_seconds']:.2f} s" if run else "as the first")
        last = list(runs.values())[-1]
        split = [f"{last[k] / 2**20:,.0f} MiB" if k in last else "-" for k in ("own_bytes", "mapped_bytes")]
        memory_rows.append([NAMES[peer], f"{last['peak_bytes'] / 2**20:,.0f} MiB", *split])
    return f"""## Start

From the start of the process to the end of the first step of the grid on the market above: imports, opening
the file, compiling, one step. HftBacktest cannot cache what it compiles: every start is its first.

{table(["", *cases.values()], time_rows)}
## Memory

The grid on {market.full.count:,} events, from the file (HftBacktest: `.npy`, loaded without unpacking).
Mapped pages are the file's, shared between processes and given back when memory is short.

{table(["", "peak", "own, at the end", "mapped, at the end"], memory_rows)}"""


def _building(results: dict[str, Any], market: Market) -> str:
    tape, events = Path(market.full.tape), Path(market.full.events)
    count = market.full.count
    rate = market.full.rows / market.build_seconds
    sizes = [file.stat().st_size / count for file in (tape, events)]
    text = f"""## Files and building

The tape has {sizes[0]:.1f} bytes an event (both views, index, trades and everything else), the events for
HftBacktest {sizes[1]:.1f}, in memory and as `.npy`. Building the tape from events in memory:
{rate / 1e6:.2f} million rows a second ({1e9 / rate:,.0f} ns a row), when the market was made.
"""
    conversion = results["conversion"]
    if conversion:
        rows = []
        for name, c in conversion.items():
            rows.append(
                [
                    "truefill, to a tape" if name == "truefill" else "HftBacktest, to packed `.npz`",
                    f"{c['events']:,}",
                    f"{c['seconds']:.2f} s",
                    f"{c['events'] / c['seconds']:,.0f}",
                    f"{c['file_bytes'] / c['events']:.1f}",
                    f"{c['peak_bytes'] / 2**20:,.0f} MiB",
                ]
            )
        head = ["Conversion of the recording", "events", "time", "events/s", "bytes an event", "peak memory"]
        text += "\n" + table(head, rows)
    return text + "\n" + _storage(results["storage"]) + _collecting(results["collecting"])


def _collecting(one: dict[str, Any]) -> str:
    if not one:
        return ""
    count = one["messages"]
    rate, wall, size = count / one["cpu_seconds"], count / one["seconds"], one["file_bytes"] / count
    return f"""

## Collecting

`truefill collect`, end to end: {count:,} depth, trade and best-price messages of Binance's protocol from a
WebSocket on loopback, sent as fast as they are taken, to the raw archive and Parquet.
**{rate:,.0f} messages a second** of one processor ({1e6 / rate:.1f} µs each); {wall:,.0f} a second
by the wall clock; {size:.1f} bytes each on the disk. The server runs on another processor, its messages
spelled before the clock starts.
"""


def _storage(storage: dict[str, Any]) -> str:
    names = {
        "write": "truefill, a tape to Parquet",
        "read": "truefill, Parquet to a tape",
        "raw": "polars, the same file into memory, nothing made of it",
    }
    rows = [
        [
            names[what],
            f"{one['events']:,}",
            f"{one['seconds']:.2f} s",
            f"{one['events'] / one['seconds']:,.0f}",
            f"{one['file_bytes'] / 1e6 / one['seconds']:.1f}",
            f"{one['peak_bytes'] / 2**20:,.0f} MiB",
        ]
        for what, one in storage.items()
    ]
    size = storage["write"]["file_bytes"] / storage["write"]["events"]
    head = ["Events as Parquet, one processor", "events", "time", "events/s", "MB/s", "peak memory"]
    text = (
        f"The same market as [Parquet](storage.md): {size:.1f} bytes an event. MB/s are of the packed file."
    )
    return f"{text}\n\n{table(head, rows)}"


def quoting_section(quoting: dict[str, Any]) -> str:
    """Calibration and exact quotes, beside scipy; nothing of nothing."""
    if not quoting:
        return ""

    def row(name: str, case: dict[str, Any]) -> list[str]:
        ours, theirs = case["seconds"], case["scipy_seconds"]
        other = ["n/a", ""] if theirs is None else [f"{theirs * 1e3:.3g} ms", f"{theirs / ours:.1f}×"]
        return [name, f"{ours * 1e3:.3g} ms", *other]

    rows = [row(f"intensity of {quoting['intensity']['orders']:,} orders", quoting["intensity"])]
    rows += [row(f"exact quotes, {case['rows']} inventories", case) for case in quoting["exact"]]
    day = quoting["day"]
    steady = ", ".join(f"{case['steady_seconds'] * 1e3:.2g} ms" for case in quoting["exact"])
    return f"""## Quoting

One processor. The intensity: `fit_lattice`, which also has intervals and goodness of fit, and the same
likelihood given to `scipy.optimize.minimize`. The quotes: `exact_quotes` 600 s before the horizon, and
`scipy.linalg.expm` of the same dense matrix; without a horizon ours take {steady}. Both come to the same
numbers.

{table(["", "truefill", "scipy", "ratio"], rows)}
A day of {day["books"]:,} books and {day["trades"]:,} executions, calibrated every ten minutes on a window of
an hour ({day["fits"]} times both sides and the volatility): {day["seconds"]:.2f} s.
"""


def making_section(day: dict[str, Any]) -> str:
    """A market maker's day, and a walk forward; nothing of nothing."""
    if not day:
        return ""
    rows = [["calibration", f"{day['calibrate_s']:.2f} s", f"{day['calibrate_cpu_s']:.2f} s", "", ""]]
    for name in ("documented clocks", "requoted each second", "GLFT, each second"):
        case = day[name]
        times = [f"{case['seconds']:.2f} s", f"{case['cpu_s']:.2f} s"]
        rows.append([name, *times, f"{case['orders']:,}", f"{case['fills']:,}"])
    text = f"""## A market maker's day

{day["books"]:,} books, one each 100 ms, and {day["trades"]:,} trades, made: calibrated
{day["calibrations"]} times on a window of an hour, then traded by
[`truefill backtest-as`](market-making.md)'s event loop. Calibrated and requoted each second, the
day takes {day["day_s"]:.2f} s.

{table(["", "time", "processor", "orders", "fills"], rows)}"""
    if walk := day.get("walk_forward"):
        text += f"""
A walk forward of {walk["candidates"]} candidates over {walk["folds"]} folds takes
{walk["one_thread_s"]:.2f} s on one thread and {walk["seconds"]:.2f} s on {walk["workers"]}:
{walk["scaling"]:.2f} times as fast, where pure arithmetic is {walk["control_scaling"]:.2f}
times as fast in the same run.
"""
    return text
