"""How each package opens the market, builds a bot, and compiles and runs a strategy.

Nothing is imported before a peer is made, so that `startup` measures what a user's script would import.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

LATENCY_NS = 10_000_000  # of orders, there and back
MAKER_FEE, TAKER_FEE = -0.00005, 0.0004
END_OF_RUN = 1 << 60


class Params(NamedTuple):
    """What the strategies are told. Ticks, units of the instrument, nanoseconds."""

    tick_size: float
    step_ns: int
    timeout_ns: int
    max_steps: int
    far_tick: int
    order_qty: float
    max_position: float
    levels: int
    grid_ticks: int
    half_spread_ticks: int
    skew_ticks: float


def params_for(market: dict[str, Any], max_steps: int = END_OF_RUN) -> Params:
    """Parameters that suit a market (`market.Market` as a dictionary)."""
    spread = max(2, round(market["high"] / market["tick_size"] / 60_000))  # 10 ticks of BTCUSDT
    return Params(
        tick_size=market["tick_size"],
        step_ns=100_000_000,
        timeout_ns=3_600_000_000_000,
        max_steps=max_steps,
        far_tick=round(market["low"] * 0.995 / market["tick_size"]),
        order_qty=10 * market["lot_size"],
        max_position=200 * market["lot_size"],
        levels=10,
        grid_ticks=spread,
        half_spread_ticks=spread,
        skew_ticks=0.5 * spread,
    )


@dataclass(frozen=True)
class Timing:
    """One run of a strategy: seconds in it, and its check sums."""

    seconds: float
    checks: tuple[float, ...]


class Peer:
    """A package with the market open."""

    def bot(self, which: str) -> Any:
        """Build a bot on the ``full`` or the ``short`` market."""
        raise NotImplementedError

    def compile(self, strategy: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a strategy, lazily, as a user of the package would."""
        raise NotImplementedError

    def strategy(self, workloads: Any, name: str) -> Callable[..., Any]:
        """Find a workload's function for this package."""
        raise NotImplementedError

    def close(self, bot: Any) -> None:
        """Free a bot."""

    def time(self, compiled: Callable[..., Any], params: Params, which: str) -> Timing:
        """Run a compiled strategy on a fresh bot; only the strategy is timed."""
        bot = self.bot(which)
        begin = time.perf_counter()
        checks = compiled(bot, params)
        seconds = time.perf_counter() - begin
        self.close(bot)
        return Timing(seconds, tuple(checks))


class Truefill(Peer):
    """truefill on the tape: each bot has its own cursors, the memory map is shared."""

    def __init__(self, market: dict[str, Any], load: bool = True) -> None:
        import truefill

        self._package = truefill
        self._queue = truefill.L3FifoQueue() if market["by_order"] else truefill.LogProbQueue2()
        self._tapes = {which: truefill.open_tape(market[which]["tape"]) for which in ("full", "short")}

    def bot(self, which: str) -> Any:
        """Build a bot on the ``full`` or the ``short`` market."""
        t = self._package
        asset = t.Asset(
            self._tapes[which],
            latency=t.ConstantLatency(LATENCY_NS, LATENCY_NS),
            queue=self._queue,
            exchange=t.NoPartialFillExchange(),
            fees=t.TradingValueFees(MAKER_FEE, TAKER_FEE),
        )
        return t.Bot([asset])

    def compile(self, strategy: Callable[..., Any]) -> Callable[..., Any]:
        """Compile as ``truefill.run`` does: with a cache."""
        from truefill.core.jit import compile_user

        return compile_user(strategy)  # type: ignore[no-any-return]

    def strategy(self, workloads: Any, name: str) -> Callable[..., Any]:
        """Find a workload's function for this package."""
        return getattr(workloads, name, None) or getattr(workloads, f"{name}_truefill")


class HftBacktest(Peer):
    """HftBacktest with one of its two books, on the array in memory or (`load` False) on the file."""

    def __init__(self, market: dict[str, Any], book: str, load: bool = True) -> None:
        import hftbacktest
        import numpy as np

        self._package = hftbacktest
        self._market = market
        self._book = book
        self._data = {
            which: np.load(market[which]["events"]) if load else [market[which]["events"]]
            for which in ("full", "short")
        }

    def bot(self, which: str) -> Any:
        """Build a bot on the ``full`` or the ``short`` market."""
        market = self._market
        asset = (
            self._package.BacktestAsset()
            .data(self._data[which])
            .parallel_load(False)
            .linear_asset(1.0)
            .constant_order_latency(LATENCY_NS, LATENCY_NS)
            .no_partial_fill_exchange()
            .trading_value_fee_model(MAKER_FEE, TAKER_FEE)
            .tick_size(market["tick_size"])
            .lot_size(market["lot_size"])
        )
        asset = asset.l3_fifo_queue_model() if market["by_order"] else asset.log_prob_queue_model2()
        if self._book == "hashmap":
            return self._package.HashMapMarketDepthBacktest([asset])
        low, high = market["roi"]
        return self._package.ROIVectorMarketDepthBacktest([asset.roi_lb(low).roi_ub(high)])

    def compile(self, strategy: Callable[..., Any]) -> Callable[..., Any]:
        """Compile with ``@njit``, as in its tutorials; it cannot be cached."""
        import numba

        return numba.njit(strategy)  # type: ignore[no-any-return]

    def strategy(self, workloads: Any, name: str) -> Callable[..., Any]:
        """Find a workload's function for this package."""
        return getattr(workloads, name, None) or getattr(workloads, f"{name}_hftbacktest")

    def close(self, bot: Any) -> None:
        """Free a bot."""
        bot.close()


class DropIn(HftBacktest):
    """HftBacktest's face over truefill, on truefill's tape: what the face itself costs."""

    def __init__(self, market: dict[str, Any]) -> None:
        from truefill.compat import hftbacktest

        self._package = hftbacktest
        self._market = market
        self._book = "hashmap"
        self._data = {which: market[which]["tape"] for which in ("full", "short")}


PEERS = ("truefill", "hashmap", "roivector")
DROP_IN = "drop-in"
NAMES = {
    "truefill": "truefill",
    "hashmap": "HftBacktest, HashMap book",
    "roivector": "HftBacktest, ROIVector book",
    DROP_IN: "truefill, HftBacktest's face",
}


def open_peer(name: str, market: dict[str, Any], load: bool = True) -> Peer:
    """Open the market with one of `PEERS`, or `DROP_IN`."""
    if name == DROP_IN:
        return DropIn(market)
    if name == "truefill":
        return Truefill(market, load)
    return HftBacktest(market, name, load)


def read_market(path: str) -> dict[str, Any]:
    """Read a ``market.json``, and compute the price range for the dense book."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - pathlib is not needed by the peers
        market: dict[str, Any] = json.load(file)
    market["roi"] = [market["low"] * 0.99, market["high"] * 1.01]
    return market
