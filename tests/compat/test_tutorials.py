"""The tutorials' strategies do the same in both packages: each order, each total at each step, each fill.

HftBacktest keeps no fills: those of both sides are read off the orders that were seen filled, and ours are
held against the run's own fill records, too. The data: made markets, and slices of real recordings.
"""

import functools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compat.tutorials import COMPARED, OURS, THEIRS, TOTALS, Case, Diary, as_events, diary_of
from tests.differential import cme, hft
from tests.support.shared import shared_data
from truefill.collect.recording import convert
from truefill.synthetic import ZeroIntelligence, make_market
from truefill.tape import Tape
from truefill.tape.events import tape_events

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
# Many orders a price. On single orders, where a price has few, an own one is often all that is left of it,
# and a hit of a worse one does not fill it in HftBacktest ("inside" in tests/differential/faults.py).
DENSE = {"limit_rate": 12.0, "window": 10, "market_rate": 20.0, "cancel_rate": 0.5}
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
        lambda m: [m.make_asset(made(14, orders=True, **DENSE), *CENT)],
        lambda m: (100 * MS, 1, 2, 1.0, 20.0),
        10,
    ),
    "large-ticks": Case(
        "large-ticks",
        "stand_in_line",
        lambda m: [m.make_asset(made(15, **DENSE), *CENT)],
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


def compare(case: Case) -> Diary:
    """Run in both packages; every moment and every order is the same."""
    actual, ours = diary_of(case, OURS)
    expected, theirs = diary_of(case, THEIRS)
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
def test_on_made_markets(name: str) -> None:
    """The page's strategy on a made market, like the page's own run."""
    compare(MADE[name])


@functools.cache
def recorded(name: str, venue: str, seconds: float) -> tuple[np.ndarray, float, float]:
    """A slice of a recording by local time: rows, tick, lot."""
    source = shared_data(f"raw/binance_{venue.replace('-', '_')}/{name}")
    symbol = name.split("_", maxsplit=1)[0].upper()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "a.tape"
        convert([source], venue=f"binance-{venue}", symbol=symbol, out=out)
        tape = Tape.open(out)
        rows = tape_events(tape)
    begin = int(rows["local_ts"].min())
    rows = rows[rows["local_ts"] < begin + int(seconds * 1e9)]
    return as_events(rows), tape.tick_size, tape.lot_size


@functools.cache
def single_orders(minutes: int) -> np.ndarray:
    """The first minutes of a trading day at CME, order by order, behind the book that they began with.

    No hit behind an own order that is better than the market's best (``inside`` in
    tests/differential/faults.py) is among those that the cases below meet.
    """
    begin = cme.OPEN + 60_000 * MS
    return as_events(cme.minutes_of(begin, begin + minutes * 60_000 * MS))


BTC = ("btcusdt_20240808.gz", "usdm", 60)
ETH = ("ethusdt_20240808.gz", "usdm", 60)
SPOT = ("btcusdt_20240808.gz", "spot", 60)
NEXO = ("nexousdt_20240723.dat.gz", "spot", 1200)
REAL = {
    "first-steps": Case(
        "first-steps",
        "two_quotes",
        lambda m: [m.make_asset(*recorded(*BTC))],
        lambda m: (20, 0.01, 0.2),
        10,
    ),
    "grid": Case(
        "grid",
        "grid",
        lambda m: [m.make_asset(*recorded(*BTC))],
        lambda m: (m.Params(100 * MS, 10, 20, 5, 5.0, 0.01, 0.2),),
        10,
    ),
    "glft": Case(
        "glft",
        "glft",
        lambda m: [m.make_asset(*recorded(*ETH))],
        lambda m: (m.Params(100 * MS, 100, 0.05, 0.01, 20.0),),
        10,
    ),
    "imbalance": Case(
        "imbalance",
        "imbalance",
        lambda m: [m.make_asset(*recorded(*BTC), 50_000.0, 70_000.0)],
        lambda m: (m.Params(100 * MS, 200, 100, 10.0, 20.0, 2.0, 0.01, 20.0),),
        10,
        "ROIVector",
    ),
    "basis": Case(
        "basis",
        "basis",
        lambda m: [m.make_asset(*recorded(*which)) for which in (BTC, SPOT)],
        lambda m: (m.Params(100 * MS, 100, 0.00002, 0.000002, 0.01, 20.0),),
        10,
    ),
    "apt": Case(
        "apt",
        "apt",
        lambda m: [m.make_asset(*recorded(*which)) for which in (ETH, BTC, SPOT)],
        lambda m: (m.Params(100 * MS, 100.0, 0.9, 0.00002, 0.000002, 0.01, 20.0),),
        10,
    ),
    "single-orders": Case(
        "single-orders",
        "join_the_queue",
        lambda m: [m.make_asset(single_orders(7), cme.TICK, 1.0)],
        lambda m: (100 * MS, 1, 2, 1.0, 10.0),
        10,
    ),
    "single-orders-at-the-best": Case(
        "single-orders",
        "join_the_queue",
        lambda m: [m.make_asset(single_orders(3), cme.TICK, 1.0)],
        lambda m: (100 * MS, 0, 1, 1.0, 10.0),
        40,
    ),
    "large-ticks": Case(
        "large-ticks",
        "stand_in_line",
        lambda m: [m.make_asset(*recorded(*NEXO))],
        lambda m: (100 * MS, 0.3, 0.1, 10.0, 200.0),
        5,
    ),
    "latency": Case(
        "latency",
        "follow_the_best",
        lambda m: [m.make_asset(*recorded(*BTC)).constant_order_latency(50 * MS, 30 * MS)],
        lambda m: (50 * MS, 0.01, 0.2),
        10,
    ),
}


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", REAL)
def test_on_recordings(name: str) -> None:
    """The same on Binance's futures and spot, of minutes that moved, and on CME's single orders."""
    compare(REAL[name])
