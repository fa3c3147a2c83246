"""The run hash: equal when a run is repeated, in other processes, in threads, and in all three modes."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numba
import pytest

from tests.backtest.determinism import RUNS, new_bot, rest_in_queues, run_hash
from truefill.backtest.result import collect

ROOT = Path(__file__).resolve().parents[2]
THREADS = (1, 2, 4)
NAMES = sorted(RUNS)


def in_another_process(interpreted: bool) -> list[str]:
    """The hashes of all runs, as a fresh process has them."""
    path = os.pathsep.join([str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "random"}
    environment["NUMBA_DISABLE_JIT"] = "1" if interpreted else "0"
    command = [sys.executable, "-m", "tests.backtest.determinism", *NAMES]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("name", NAMES)
def test_a_run_repeats_itself(name: str) -> None:
    """With every built-in model; the strategy compiled or not."""
    assert len({run_hash(name, compiled) for compiled in (True, False, True)}) == 1


def test_models_tell_runs_apart() -> None:
    """The hash sees what the models do: few of them leave the same fills (a user's do as built-in ones)."""
    assert len({run_hash(name, compiled=False) for name in NAMES}) > len(NAMES) * 0.6


@pytest.mark.slow
@pytest.mark.compiled_only
def test_other_processes_and_no_compiler_give_the_same_hashes(
    record_property: Callable[[str, object], None],
) -> None:
    """All runs: here, compiled in another process, and interpreted in a third."""
    here = [run_hash(name, compiled=True) for name in NAMES]

    assert here == in_another_process(interpreted=False)
    assert here == in_another_process(interpreted=True)
    record_property("proof", f"run hashes in three processes, one of them interpreted: {len(here)} equal")


@pytest.mark.compiled_only
@pytest.mark.parametrize("count", THREADS)
def test_threads_over_one_tape_give_the_same_hashes(count: int) -> None:
    """Each thread lets bots run over the tape that all share, without the GIL."""
    strategy = numba.njit(nogil=True)(rest_in_queues)
    names = NAMES * 2
    expected = {name: run_hash(name, compiled=True) for name in NAMES}
    strategy(new_bot(NAMES[0]))  # compile before the threads begin
    bots = [(name, new_bot(name)) for name in names]
    found: list[tuple[str, str]] = []
    start = threading.Barrier(count)

    def work(first: int) -> None:
        start.wait()
        for name, bot in bots[first::count]:
            strategy(bot)
            found.append((name, collect(bot).run_hash))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == len(names)
    assert all(expected[name] == got for name, got in found)
