"""Random setups of the differential tests, played through both packages' faces, and what the twin expects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.compat import strategy
from tests.compat.strategy import ACTION, MONEY, Pages, play
from tests.differential import scripts
from tests.differential.driver import Trace
from tests.differential.scripts import Action
from tests.differential.setups import Setup, assets_of

LEVELS = 13
_KINDS = {
    scripts.ELAPSE: strategy.ELAPSE,
    scripts.WAIT_FEED: strategy.WAIT_FEED,
    scripts.WAIT_RESPONSE: strategy.WAIT_RESPONSE,
    scripts.CLEAR_ORDERS: strategy.CLEAR_ORDERS,
    scripts.CLEAR_TRADES: strategy.CLEAR_TRADES,
    scripts.CANCEL: strategy.CANCEL,
    scripts.MODIFY: strategy.MODIFY,
}


def backtest_of(package: Any, setup: Setup, data: list[Any]) -> Any:
    """A backtest with the setup's book."""
    books = {"hashmap": "HashMapMarketDepthBacktest", "roivector": "ROIVectorMarketDepthBacktest"}
    return getattr(package, books[setup.book])(assets_of(package, setup, data))


def actions_of(setup: Setup, chosen: list[Action | None]) -> NDArray[Any]:
    """Actions as records."""
    rows = np.zeros(len(chosen), ACTION)
    for row, action in zip(rows, chosen, strict=True):
        if action is None:
            continue
        tick, lot = setup.units[action.asset] if action.asset >= 0 else (0.0, 0.0)
        buy_or_sell = strategy.BUY if action.side == 1 else strategy.SELL
        wait = action.include_response if action.kind == scripts.WAIT_FEED else action.wait
        row["kind"] = _KINDS.get(action.kind, buy_or_sell)
        row["asset"], row["order_id"], row["wait"] = action.asset, action.order_id, wait
        row["price"], row["qty"] = action.tick * tick, action.lots * lot
        row["time_in_force"], row["order_type"] = action.time_in_force, action.order_type
        row["duration"] = action.duration
    return rows


def run(hbt: Any, setup: Setup, actions: NDArray[Any], player: Any = play) -> Pages:
    """Play on one backtest."""
    pages = Pages(len(actions), len(setup.markets), LEVELS)
    first = np.array([ticks[0] for ticks in setup.ticks])
    assert all(len(ticks) == LEVELS for ticks in setup.ticks)
    writable = tuple(page.view(np.recarray) if page.dtype.names else page for page in pages.all())
    player(hbt, actions.view(np.recarray), first, *writable)
    return pages


def pages_of(trace: Trace, assets: int) -> Pages:
    """What the twin saw, as `play` writes it down."""
    pages = Pages(len(trace), assets, LEVELS)
    for n, step in enumerate(trace):
        pages.steps[n] = (step["code"] or 0, step["now"])
        for a in range(assets):
            seen = pages.seen[n, a]
            names = ("bid_tick", "ask_tick", "bid", "ask")
            for name, value in zip(names, step[f"best{a}"], strict=True):
                seen[name] = value
            pages.levels[n, a] = step[f"bids{a}"], step[f"asks{a}"]
            state = step[f"state{a}"]
            for name in ("balance", "fee", "num_trades", "trading_volume", "trading_value"):
                seen[name] = state[name]
            seen["state_position"], seen["position"] = state["position"], step[f"position{a}"]
            if step[f"feed_latency{a}"] is not None:
                seen["feed_exch_ts"], seen["feed_local_ts"] = step[f"feed_latency{a}"]
            trades = step[f"trades{a}"]
            seen["trades"] = len(trades)
            seen["trades_value"] = sum(t[3] * t[4] for t in trades)
            seen["trades_ts"] = trades[-1][2] if trades else 0
            seen["orders"] = len(step[f"orders{a}"])
            for order_id, order in step[f"orders{a}"].items():
                row = pages.orders[n, a, order_id]
                row["there"] = 1
                for name in set(strategy.ORDER.names) - {"there", "price", "exec_price"}:
                    row[name] = order[name]
                row["price"] = order["price"]
                row["exec_price"] = order["exec_price"]
    return pages


def difference(expected: Pages, actual: Pages, clean: int, whole: int) -> str | None:
    """The first difference within `clean` steps (of money: within `whole`), in words; None: there is none."""
    found = [
        *_differences("", expected.steps, actual.steps, clean, {}),
        *_differences("seen.", expected.seen, actual.seen, clean, dict.fromkeys(MONEY, whole)),
        *_differences("order.", expected.orders, actual.orders, clean, {}),
    ]
    if not np.array_equal(expected.levels[:clean], actual.levels[:clean]):
        apart = ~np.isclose(expected.levels[:clean], actual.levels[:clean], rtol=1e-9, atol=1e-12)
        if apart.any():
            found.append((int(np.argwhere(apart)[0][0]), "levels"))
    return None if not found else "step {}: {}".format(*min(found))


def _differences(
    prefix: str, expected: NDArray[Any], actual: NDArray[Any], clean: int, limits: dict[str, int]
) -> list[tuple[int, str]]:
    found = []
    scale = 1e-3
    if "trading_value" in (expected.dtype.names or ()):
        scale = max(scale, float(expected["trading_value"].max(initial=0.0)))
    for name in expected.dtype.names or ():
        steps = limits.get(name, clean)
        a, b = expected[name][:steps], actual[name][:steps]
        if a.dtype.kind == "f":
            tolerance = 1e-9 * (scale if name in ("balance", "fee", "trading_value") else 1e-3)
            apart = ~np.isclose(a, b, rtol=1e-9, atol=tolerance, equal_nan=True)
        else:
            apart = a != b
        if apart.any():
            at = tuple(np.argwhere(apart)[0])
            found.append((int(at[0]), f"{prefix}{name}{list(at[1:])}: {a[at]!r} != {b[at]!r}"))
    return found
