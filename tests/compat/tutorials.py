"""The tutorials' strategies, taken from their pages, for either package; and what a run of one looks like.

A page's ``python title="name.py"`` block is its strategy. For HftBacktest only the import is changed.
"""

import functools
import importlib
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numba import float64, from_dtype, int64
from numba.experimental import jitclass

from tests.test_docs import ROOT, blocks
from truefill.core.events import EVENT
from truefill.core.records import FILLED

OURS, THEIRS = "truefill.compat.hftbacktest", "hftbacktest"
PAGES = ROOT / "docs" / "tutorials"

# HftBacktest's layout of an order, its own copy.
ORDER = np.dtype(
    [
        *((name, "f8") for name in ("qty", "leaves_qty", "exec_qty")),
        *((name, "i8") for name in ("exec_price_tick", "price_tick")),
        ("tick_size", "f8"),
        *((name, "i8") for name in ("exch_timestamp", "local_timestamp")),
        *((name, "u8") for name in ("order_id", "_q1", "_q2")),
        ("maker", "bool"),
        *((name, "u1") for name in ("order_type", "req", "status")),
        ("side", "i1"),
        ("time_in_force", "u1"),
    ],
    align=True,
)
COMPARED = [name for name in ORDER.names or () if name not in ("_q1", "_q2", "tick_size")]
TOTALS = ("position", "balance", "fee", "num_trades", "trading_volume", "trading_value")


@jitclass(
    [
        ("times", int64[:]),
        ("totals", float64[:, :, :]),
        ("moments", int64),
        ("orders", from_dtype(ORDER)[:]),
        ("where", int64[:, :]),
        ("count", int64),
    ]
)
class Probe:
    """A recorder for `recorder.record(hbt)` that writes down every order, too."""

    def __init__(self, assets: int, moments: int, orders: int) -> None:
        self.times = np.zeros(moments, np.int64)
        self.totals = np.zeros((moments, assets, 6))
        self.moments = 0
        self.orders = np.zeros(orders, ORDER)
        self.where = np.zeros((orders, 2), np.int64)
        self.count = 0

    def record(self, hbt) -> None:
        """Write down time, totals and orders."""
        if self.moments == len(self.times):
            raise IndexError("more moments than expected")
        self.times[self.moments] = hbt.current_timestamp
        for a in range(hbt.num_assets):
            state = hbt.state_values(a)
            row = self.totals[self.moments, a]
            row[0] = state.position
            row[1] = state.balance
            row[2] = state.fee
            row[3] = state.num_trades
            row[4] = state.trading_volume
            row[5] = state.trading_value
            values = hbt.orders(a).values()
            while values.has_next():
                order = values.get()
                if self.count == len(self.orders):
                    raise IndexError("more orders than expected")
                self.orders[self.count] = order.arr[0]
                self.where[self.count, 0] = self.moments
                self.where[self.count, 1] = a
                self.count += 1
        self.moments += 1


@dataclass(frozen=True)
class Case:
    """A strategy on some data.

    Parameters
    ----------
    page, function : str
        The page, and the function there that is the strategy.
    make : callable
        (module, data...) -> list of assets.
    arguments : callable
        module -> arguments of the strategy behind the recorder.
    fills : int
        At least so many.
    """

    page: str
    function: str
    make: Callable[..., list[Any]]
    arguments: Callable[[Any], tuple[Any, ...]]
    fills: int
    book: str = "HashMap"


@dataclass
class Diary:
    """What was seen in a run: at each moment the totals and orders of each asset."""

    times: np.ndarray
    totals: np.ndarray
    orders: np.ndarray
    where: np.ndarray

    @property
    def fills(self) -> list[tuple[Any, ...]]:
        """(asset, order, exchange time, price, quantity, side, maker) of each order seen filled, in order."""
        done = np.flatnonzero(self.orders["status"] == FILLED)
        found = {
            (int(self.where[i, 1]), *(_plain(self.orders[i][name]) for name in FILL_FIELDS)) for i in done
        }
        return sorted(found)


FILL_FIELDS = ("order_id", "exch_timestamp", "exec_price_tick", "exec_qty", "side", "maker")


def _plain(value: Any) -> Any:
    return round(float(value), 9) if isinstance(value, float) else int(value)


@functools.cache  # so is what was compiled of it
def strategy_module(page: str, package: str) -> ModuleType:
    """Import the strategy of a page, written for `package`."""
    (block,) = [block for block in blocks(PAGES / f"{page}.md") if block.title]
    assert f"from {OURS} import" in block.body
    source = block.body.replace(OURS, package)
    name = f"tutorial_{Path(block.title).stem}_{package.split('.', maxsplit=1)[0]}"
    module = ModuleType(name)
    sys.modules[name] = module  # Numba looks functions of a module up there
    exec(compile(source, name, "exec"), module.__dict__)
    return module


@functools.cache
def backtests(package: str) -> ModuleType:
    """The package that has the backtests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(package)


def diary_of(case: Case, package: str) -> tuple[Diary, Any]:
    """Run a page's strategy in `package`; give what was seen, and the backtest (closed by the caller)."""
    module = strategy_module(case.page, package)
    made = case.make(module)
    hbt = getattr(backtests(package), f"{case.book}MarketDepthBacktest")(made)
    probe = Probe(len(made), 30_000, 400_000)
    getattr(module, case.function)(hbt, probe, *case.arguments(module))
    probe.record(hbt)
    times, where = probe.times[: probe.moments].copy(), probe.where[: probe.count].copy()
    orders = probe.orders[: probe.count].copy()
    in_order = np.lexsort((orders["order_id"], where[:, 1], where[:, 0]))
    return Diary(times, probe.totals[: probe.moments].copy(), orders[in_order], where[in_order]), hbt


def as_events(rows: Any) -> np.ndarray:
    """An array of events that nothing else refers to a part of."""
    return np.ascontiguousarray(rows, EVENT)
