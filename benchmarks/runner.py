"""Who is measured when. Packages take turns, so that what else the machine does hits them alike."""

import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.days import make_days
from benchmarks.market import Market
from benchmarks.workloads import CHECKS

Say = Callable[[str], None]
ROOT = Path(__file__).resolve().parents[1]
_WHOLE = {"steps", "ticks", "fills", "requests"}  # check sums that must be equal to the last digit

CHAIN_STEP_NS, ASSETS_STEP_NS = "100000000", "100000000"  # of the strategy, as arguments


class BenchmarkError(Exception):
    """A measurement that cannot be trusted."""


@dataclass(frozen=True)
class Series:
    """All runs of one workload: seconds of each run, by package; and the check sums that all agreed on."""

    seconds: dict[str, list[float]]
    checks: dict[str, float]

    def median(self, peer: str) -> float:
        """Median seconds of a package."""
        return statistics.median(self.seconds[peer])

    def ratio(self, peer: str, other: str) -> float:
        """Median over the rounds of how many times longer `other` took than `peer`."""
        pairs = zip(self.seconds[other], self.seconds[peer], strict=True)
        return statistics.median(theirs / ours for theirs, ours in pairs)


class Child:
    """A process that times one package (`benchmarks.child`)."""

    def __init__(self, peer: str, market_file: Path, cpu: str, workloads: Sequence[str]) -> None:
        self.peer = peer
        command = [sys.executable, "-m", "benchmarks.child", peer, str(market_file), cpu, *workloads]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )

    def answer(self) -> dict[str, Any]:
        """Wait for the next line of JSON."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # HftBacktest may print lines of its own
                values: dict[str, Any] = json.loads(line)
                return values
        raise BenchmarkError(f"{self.peer}: the process ended with code {self._process.wait()}")

    def run(self, workload: str) -> dict[str, Any]:
        """Run a workload once."""
        assert self._process.stdin is not None
        self._process.stdin.write(workload + "\n")
        self._process.stdin.flush()
        return self.answer()

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def quiet_cpu() -> str:
    """Name the processor that the timed processes are pinned to: the last one there is, or none."""
    if not hasattr(os, "sched_setaffinity"):
        return "any"
    return str(max(os.sched_getaffinity(0)))


def time_workloads(
    market_file: Path, peers: Sequence[str], workloads: Sequence[str], runs: int, say: Say
) -> tuple[dict[str, Series], dict[str, Any]]:
    """Time workloads, the packages taking turns.

    Returns
    -------
    (series by workload, what each process said when it was ready)

    Raises
    ------
    BenchmarkError
        The packages do not agree on what happened.
    """
    say("filling truefill's compile cache")
    first = Child("truefill", market_file, "any", workloads)
    try:
        first.answer()
    finally:
        first.close()  # what is timed loads its machine code, as every process of a user but the first does
    children = [Child(peer, market_file, quiet_cpu(), workloads) for peer in peers]
    try:
        say("compiling the strategies in each package's process")
        ready = {child.peer: child.answer() for child in children}
        found = {}
        for workload in workloads:
            seconds: dict[str, list[float]] = {peer: [] for peer in peers}
            checks: dict[str, float] | None = None
            for _ in range(runs):
                for child in children:
                    answer = child.run(workload)
                    seconds[child.peer].append(answer["seconds"])
                    sums = dict(zip(CHECKS, answer["checks"], strict=True))
                    checks = checks or sums
                    must_agree(workload, peers[0], checks, child.peer, sums)
            found[workload] = Series(seconds, checks or {})
            medians = ", ".join(f"{peer} {found[workload].median(peer):.4f} s" for peer in peers)
            say(f"{workload}: {medians}")
        return found, ready
    finally:
        for child in children:
            child.close()


def must_agree(
    workload: str, one: str, expected: dict[str, float], other: str, actual: dict[str, float]
) -> None:
    """Refuse times of runs that did not compute the same."""
    for name, value in expected.items():
        got = actual[name]
        # Sums of prices times quantities: rounding grows with what was added up, not with what is left.
        same = got == value if name in _WHOLE else math.isclose(got, value, rel_tol=1e-9, abs_tol=1e-4)
        if not same:
            raise BenchmarkError(
                f"{workload}: expected the same {name} from both packages, "
                f"got {value!r} from {one} and {got!r} from {other}"
            )


def time_starts(market_file: Path, peers: Sequence[str], workload: str, say: Say) -> dict[str, Any]:
    """Time from process start to the end of the first step, and the memory of a whole run.

    Truefill: nothing compiled yet; an edited strategy; a second start. HftBacktest cannot cache, so that its
    second start is like its first, and only that is taken.
    """
    found: dict[str, Any] = {}
    source = ROOT / "benchmarks" / "workloads.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first, edited = folder / "first.py", folder / "edited.py"
        shutil.copyfile(source, first)
        edited.write_text(source.read_text() + "\n# edited\n")
        for peer in peers:
            cache = folder / f"cache-{peer}"
            cases = {"cold": first, "edited": edited, "warm": first}
            if peer != "truefill":
                _start(peer, market_file, first, workload, folder / "warm-up")  # files into the page cache
                cases = {"cold": first}
            found[peer] = {
                case: _start(peer, market_file, path, workload, cache) for case, path in cases.items()
            }
            times = ", ".join(f"{case} {run['start_seconds']:.2f} s" for case, run in found[peer].items())
            say(f"from process start to the first step, {peer}: {times}")
    return found


def _start(peer: str, market_file: Path, strategies: Path, workload: str, cache: Path) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.startup",
        peer,
        str(market_file),
        str(strategies),
        workload,
    ]
    begin = time.monotonic()
    # As a user's shell has it: Python's own compiled files are kept, for both packages.
    values = _json_of(command, {"NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": ""})
    values["start_seconds"] = values.pop("first_step") - begin
    return values


def time_sweep(market_file: Path, peers: Sequence[str], sets: int, runs: int, say: Say) -> dict[str, Any]:
    """Time a sweep: truefill on one thread and on all processors, HftBacktest's faster book in turn.

    Returns
    -------
    dict
        Name of the case to its runs; every parameter set has to come to the same check sums in all of them.
    """
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cases = {"truefill, one thread": ("truefill", 1), "truefill": ("truefill", workers)}
    if "roivector" in peers:
        cases["roivector"] = ("roivector", 1)
    found: dict[str, Any] = {case: [] for case in cases}
    expected: list[list[float]] | None = None
    for _ in range(runs):
        for case, (peer, threads) in cases.items():
            command = [sys.executable, "-m", "benchmarks.sweeping", peer, str(market_file)]
            values = _json_of([*command, str(threads), str(sets)], {})
            checks = values.pop("checks")
            expected = expected or checks
            for one, other in zip(expected, checks, strict=True):
                sums, theirs = dict(zip(CHECKS, one, strict=True)), dict(zip(CHECKS, other, strict=True))
                must_agree("sweep", "truefill", sums, peer, theirs)
            found[case].append(values)
            say(f"sweep of {sets} sets, {case}: {values['seconds']:.2f} s on {values['threads']} threads")
    return found


def time_callbacks(market_file: Path, runs: int, say: Say) -> dict[str, Any]:
    """Time strategies of callbacks against the same strategies as loops, in turn, in one process."""
    command = [sys.executable, "-m", "benchmarks.callbacks", str(market_file), quiet_cpu(), str(runs)]
    values = _json_of(command, {})
    for name, case in values.items():
        loop, callbacks = (statistics.median(case[style]) for style in ("loop", "callbacks"))
        say(f"{name}: as a loop {loop:.4f} s, as callbacks {callbacks:.4f} s")
    return values


def time_conversion(recording: Path, peers: Sequence[str], say: Say) -> dict[str, Any]:
    """Time the conversion of a recording by truefill, and by HftBacktest if it is measured."""
    found = {}
    wanted = ["truefill"] + (["hftbacktest"] if len(peers) > 1 else [])
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            command = [sys.executable, "-m", "benchmarks.building", name, str(recording), folder]
            found[name] = _json_of(command, {})
            say(f"converting {recording.name}, {name}: {found[name]['seconds']:.2f} s")
    return found


def time_collecting(messages: int, say: Say) -> dict[str, Any]:
    """Time the collector, from a WebSocket on loopback to the disk."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.collecting", str(messages), folder]
        found = _json_of(command, {})
    say(f"collecting: {found['messages'] / found['cpu_seconds']:,.0f} messages a second of its processor")
    return found


def time_chains(tape: Path, days: int, assets: int, say: Say) -> dict[str, Any]:
    """Time a chain of `days` copies of a tape, and `assets` copies side by side against each alone.

    Each copy is a file of its own; all are removed afterwards.
    """
    command = [sys.executable, "-m", "benchmarks.chains"]
    with tempfile.TemporaryDirectory() as folder:
        files = [str(path) for path in make_days(tape, Path(folder), days)]
        chain = _json_of([*command, "chain", CHAIN_STEP_NS, *files], {})
        say(
            f"chain of {days} tapes: {chain['seconds']:.2f} s, {chain['opening']:.2f} s to open, "
            f"{chain['own_bytes'] / 1e6:.0f} MB of its own"
        )
        few = _json_of([*command, "chain", CHAIN_STEP_NS, *files[:3]], {})
    with tempfile.TemporaryDirectory() as folder:
        files = [str(path) for path in make_days(tape, Path(folder), assets, 1_000_003)]
        alone = [_json_of([*command, "assets", ASSETS_STEP_NS, file], {}) for file in files]
        together = _json_of([*command, "assets", ASSETS_STEP_NS, *files], {})
        ratio = together["seconds"] / sum(one["seconds"] for one in alone)
        say(f"{assets} assets: {together['seconds']:.2f} s, {ratio:.2f} times the sum of each alone")
    return {
        "days": days,
        "chain": chain,
        "three": few,
        "assets": assets,
        "alone": alone,
        "together": together,
    }


def time_storage(tape: Path, say: Say) -> dict[str, Any]:
    """Time a tape to Parquet, that file to a tape, and polars reading the same file raw, on one processor."""
    command = [sys.executable, "-m", "benchmarks.storage"]
    with tempfile.TemporaryDirectory() as folder:
        parquet = f"{folder}/events.parquet"
        pieces = {"write": [tape, parquet], "read": [parquet, f"{folder}/again.tape"], "raw": [parquet]}
        timed = {
            what: _json_of([*command, what, *map(str, files)], {"POLARS_MAX_THREADS": "1"})
            for what, files in pieces.items()
        }
    for what, one in timed.items():
        say(f"Parquet, {what}: {one['seconds']:.2f} s for {one['events']:,} events")
    return timed


def time_quoting(
    say: Say, orders: int = 100_000, books: int = 864_000, trades: int = 1_000_000
) -> dict[str, Any]:
    """Time an intensity fit and exact quotes beside scipy, and the calibration of a long day."""
    command = [sys.executable, "-m", "benchmarks.quoting", str(orders), str(books), str(trades), "5"]
    timed = _json_of(command, {"OPENBLAS_NUM_THREADS": "1"})
    say(f"quoting: a day calibrated in {timed['day']['seconds']:.2f} s")
    return timed


def time_market_making(
    say: Say, books: int = 864_000, trades: int = 1_000_000, candidates: int = 200
) -> dict[str, Any]:
    """Time a market maker's day, calibration and trading, and a walk forward on all processors."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    sizes = [str(number) for number in (books, trades, candidates, workers)]
    timed = _json_of([sys.executable, "-m", "benchmarks.market_making", *sizes], {})
    say(f"market making: a day calibrated and traded in {timed['day_s']:.2f} s")
    return timed


def _json_of(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environment}, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise BenchmarkError(f"{' '.join(command[2:4])}: ended with code {done.returncode}")
    values: dict[str, Any] = json.loads(lines[-1])
    return values


def as_plain(market: Market, series: dict[str, Series]) -> dict[str, Any]:
    """Plain values of what was measured, for JSON."""
    return {
        "market": asdict(market),
        "workloads": {name: {"seconds": s.seconds, "checks": s.checks} for name, s in series.items()},
    }


def time_readers(rows: int, runs: int, say: Say) -> list[dict[str, Any]]:
    """Time the readers of table formats on made files, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.readers", str(rows), str(runs)]
    found: list[dict[str, Any]] = _json_of(command, {})["cases"]
    for case in found:
        say(f"reading {case['title']}: {case['bytes'] / case['seconds'] / 1e6:.0f} MB/s")
    return found
