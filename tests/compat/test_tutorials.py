"""The tutorials' strategies do the same in both packages: each order, each total at each step, each fill.

HftBacktest keeps no fills: those of both sides are read off the orders that were seen filled, and ours are
held against the run's own fill records, too. The data: made markets, and slices of real recordings.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compat.tutorials import COMPARED, OURS, THEIRS, TOTALS, Case, Diary, as_events, diary_of
from tests.differential import hft
from truefill.synthetic import ZeroIntelligence, make_market

MS = 1_000_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.compiled_only,
    pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed"),
]


# Cached data stays alive as long as the tests: HftBacktest does not keep the arrays that it reads (fault K).
@functools.cache
def made(seed: int, seconds: float = 60, orders: bool = False, **params: Any) -> np.ndarray:
    """A made market: tick and lot 0.01, around 100."""
    market = make_market(seconds, seed, ZeroIntelligence(**params), orders=orders)
    return as_events(np.concatenate(list(market)))


@functools.cache
def later(seed: int, by_ns: int, up: float) -> np.ndarray:
    """A made market later and elsewhere."""
    moved = made(seed).copy()
    moved["exch_ts"] += by_ns
    moved["local_ts"] += by_ns
    moved["px"] = np.round(moved["px"] + up, 2)
    return moved


CENT = (0.01, 0.01)
MADE = {
    "first-steps": Case(
        "first-steps",
        "two_quotes",
        lambda m: [m.make_asset(made(7), *CENT)],
        lambda m: (2, 1.0, 20.0),
        20,
    ),
    "grid": Case(
        "grid",
        "grid",
        lambda m: [m.make_asset(made(8), *CENT)],
        lambda m: (m.Params(100 * MS, 1, 2, 5, 0.5, 1.0, 20.0),),
        40,
    ),
    "glft": Case(
        "glft",
        "glft",
        lambda m: [m.make_asset(made(9, 90), *CENT)],
        lambda m: (m.Params(100 * MS, 300, 0.05, 1.0, 20.0),),
        20,
    ),
    "imbalance": Case(
        "imbalance",
        "imbalance",
        lambda m: [m.make_asset(made(10), *CENT, 90.0, 110.0)],
        lambda m: (m.Params(100 * MS, 10, 100, 0.5, 1.0, 0.1, 1.0, 20.0),),
        20,
        "ROIVector",
    ),
    "basis": Case(
        "basis",
        "basis",
        lambda m: [m.make_asset(rows, *CENT) for rows in (later(11, 200 * MS, 0.25), made(11))],
        lambda m: (m.Params(100 * MS, 100, 0.0001, 0.00001, 1.0, 20.0),),
        20,
    ),
    "apt": Case(
        "apt",
        "apt",
        lambda m: [m.make_asset(rows, *CENT) for rows in (later(12, 150 * MS, 0.0), made(12), made(13))],
        lambda m: (m.Params(100 * MS, 100.0, 0.9, 0.0001, 0.00001, 1.0, 20.0),),
        20,
    ),
    "single-orders": Case(
        "single-orders",
        "join_the_queue",
        lambda m: [m.make_asset(made(14, orders=True), *CENT)],
        lambda m: (100 * MS, 1, 2, 1.0, 20.0),
        20,
    ),
    "large-ticks": Case(
        "large-ticks",
        "stand_in_line",
        lambda m: [
            m.make_asset(made(15, limit_rate=12.0, window=10, market_rate=20.0, cancel_rate=0.5), *CENT)
        ],
        lambda m: (50 * MS, 0.5, 0.25, 1.0, 20.0),
        20,
    ),
    "latency": Case(
        "latency",
        "follow_the_best",
        lambda m: [m.make_asset(made(16), *CENT).constant_order_latency(50 * MS, 30 * MS)],
        lambda m: (20 * MS, 1.0, 20.0),
        20,
    ),
}


def compare(case: Case, folder: Path) -> Diary:
    """Run in both packages; every moment and every order is the same."""
    actual, ours = diary_of(case, OURS, folder)
    expected, theirs = diary_of(case, THEIRS, folder)
    assert theirs.close() == 0
    # At the end of the data HftBacktest's clock stays at the last step; ours goes to the last event.
    assert actual.times[:-1].tolist() == expected.times[:-1].tolist()
    scale = np.abs(expected.totals[..., TOTALS.index("trading_value")]) + 1.0
    for number, name in enumerate(TOTALS):
        off = np.abs(actual.totals[..., number] - expected.totals[..., number]) > 1e-9 * scale
        assert not off.any(), f"{name} first differs at moment {np.argmax(off.any(axis=1))}"
    same_orders(actual, expected)
    assert actual.fills == expected.fills
    assert len(actual.fills) >= case.fills
    recorded = sorted(
        (
            a,
            int(fill["order_id"]),
            int(fill["exch_ts"]),
            int(fill["price_tick"]),
            round(float(fill["qty"]), 9),
            int(fill["side"]),
            int(fill["maker"]),
        )
        for a in range(ours.num_assets)
        for fill in ours.bot.fills(a)
    )
    assert recorded == actual.fills
    return actual


def same_orders(actual: Diary, expected: Diary) -> None:
    """The same orders at the same moments, field by field."""
    for a, b in zip(actual.where, expected.where, strict=False):
        assert a.tolist() == b.tolist()
    assert len(actual.where) == len(expected.where) > 100
    for name in COMPARED:
        a, b = actual.orders[name], expected.orders[name]
        off = np.abs(a - b) > 1e-9 if a.dtype.kind == "f" else a != b
        if off.any():
            at = int(np.argmax(off))
            moment, asset = expected.where[at]
            pytest.fail(
                f"{name} at moment {moment} of asset {asset}: truefill {actual.orders[at]}, "
                f"hftbacktest {expected.orders[at]}"
            )


@pytest.mark.parametrize("name", MADE)
def test_on_made_markets(name: str, tmp_path: Path) -> None:
    """The page's strategy on a made market, like the page's own run."""
    compare(MADE[name], tmp_path)
