"""Compilation: lazy, cached, and honest when a source file changes."""

import gc
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import truefill
from truefill.core.jit import _NamedByContent, _no_collections, compile_count, kernel_hash

PACKAGE = Path(truefill.__file__).parent

# A strategy file of a user's, cached by Numba's own cache, and what runs it.
STRATEGY = """
import numba

@numba.njit(cache=True)
def strategy(bot):
    while bot.elapse(100_000_000) == 0:
        pass
    return bot.depth(0).best_bid
"""
RUN = """
import sys
sys.path.insert(0, sys.argv[1])
from user_strategy import strategy
from truefill.backtest import Asset, Bot, TradingValueFees
from truefill.core.jit import kernel_hash
from truefill.synthetic import make_market
from truefill.tape import build_tape

tape = build_tape(make_market(2, seed=3), symbol="DEMO-PERP.SYNTH", venue="synthetic")
bot = Bot([Asset(tape, fees=TradingValueFees(0.0, 0.001))])
bot.elapse(1_000_000_000)
bot.submit_buy_order(0, 1, bot.depth(0).best_ask, 0.01, 3, 1, True)
hits = sum(strategy.stats.cache_hits.values())
value, returned = bot.state_values(0).trading_value, strategy(bot)
hits = sum(strategy.stats.cache_hits.values()) - hits
print(value, returned, hits, kernel_hash())
"""


def test_the_hash_is_the_same_each_time() -> None:
    """It depends on the sources and nothing else."""
    assert kernel_hash() == kernel_hash()
    assert len(kernel_hash()) == 16


def test_importing_compiles_nothing_and_is_quick() -> None:
    """`import truefill` takes neither numba nor a compilation; the backtest room compiles nothing either."""
    script = (
        "import sys, truefill\n"
        "assert 'numba' not in sys.modules and 'polars' not in sys.modules\n"
        "import truefill.backtest\n"
        "from truefill.core.jit import compile_count\n"
        "assert compile_count() == 0, compile_count()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=PACKAGE.parents[1])


@pytest.mark.compiled_only
def test_running_compiles_nothing_new() -> None:
    """After a first run, a second one compiles nothing: what a live loop will count on."""
    from tests.backtest.strategies import quote_both_sides
    from truefill.backtest import Asset, Bot, run
    from truefill.synthetic import make_market
    from truefill.tape import build_tape

    tape = build_tape(make_market(2, seed=3), symbol="DEMO-PERP.SYNTH", venue="synthetic")
    run(Bot([Asset(tape)]), quote_both_sides, compiled=False)
    before = compile_count()
    run(Bot([Asset(tape)]), quote_both_sides, compiled=False)

    assert compile_count() == before


def test_names_of_compiled_code_are_this_process_s_own() -> None:
    """Numba's counter starts elsewhere in each process and after each fork, so no two symbols meet."""
    script = (
        "import os\n"
        "import truefill.core.jit\n"
        "from numba.core.bytecode import FunctionIdentity as F\n"
        "child = os.fork() if hasattr(os, 'fork') else -1\n"
        "os.write(1, b'%d\\n' % next(F._unique_ids))\n"
        "if child == 0: os._exit(0)\n"
        "if child > 0: os.waitpid(child, 0)\n"
    )
    numbers = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        numbers += [int(line) for line in done.stdout.split()]
    numbers.sort()

    assert len(numbers) >= 2
    assert min(b - a for a, b in pairwise(numbers)) > 1_000_000


@pytest.mark.compiled_only
def test_cached_data_files_are_named_by_content(tmp_path: Path) -> None:
    """Another source, another data file; and those of older sources go."""
    file = _NamedByContent(str(tmp_path), "module.function-1.py311", "first")
    file.save("a", 1)
    file.save("b", 2)
    names = {p.name for p in tmp_path.glob("*.nbc")}
    other = _NamedByContent(str(tmp_path), "module.function-1.py311", "second")
    assert other.load("a") is None
    other.save("a", 3)

    assert (file.load("a"), other.load("a"), other.load("b")) == (None, 3, None)
    assert not names & {p.name for p in tmp_path.glob("*.nbc")}


@pytest.mark.slow
@pytest.mark.compiled_only
def test_an_edit_in_another_file_is_seen_by_our_cache_and_by_the_users(tmp_path: Path) -> None:
    """Numba's own cache would keep the old code (numba issue 1833); ours and the user's must not."""
    copy = tmp_path / "lib" / "truefill"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "user_strategy.py").write_text(STRATEGY)
    environment = {**os.environ, "PYTHONPATH": str(copy.parent), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def once() -> tuple[float, float, int, str]:
        done = subprocess.run(
            [sys.executable, "-c", RUN, str(tmp_path)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        value, bid, hits, stamp = done.stdout.split()
        return float(value), float(bid), int(hits), stamp

    def edit(file: str, old: str, new: str) -> None:
        path = copy / file
        source = path.read_text()
        assert source.count(old) == 1
        path.write_text(source.replace(old, new))

    cold = once()
    warm = once()
    assert warm[:2] == cold[:2]
    assert (cold[2], warm[2]) == (0, 1), "the second process must find the user's function in its cache"

    edit("core/contracts.py", "return size * price * qty", "return size * price * qty * 2.0")
    bid = 'a["bid"] = np.int64(bests[number - 1]["bid"])'
    edit("backtest/local_side.py", bid, 'a["bid"] = np.int64(-1)')
    edited = once()

    assert edited[0] == pytest.approx(2 * cold[0])
    assert str(edited[1]) == "nan", "the user's cached function must see the new engine"
    assert edited[2] == 0
    assert edited[3] != cold[3]


@pytest.mark.compiled_only
@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_as_it_was_before_compiling(enabled: bool) -> None:
    """Off while a callback is compiled; then as the user had it, also when the compiler fails."""
    seen = []
    with pytest.raises(ZeroDivisionError):
        try:
            (gc.enable if enabled else gc.disable)()
            with _no_collections():
                seen.append(gc.isenabled())
                raise ZeroDivisionError
        finally:
            seen.append(gc.isenabled())
            gc.enable()
    assert [False, enabled] == seen
