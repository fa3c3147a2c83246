"""Signals against their definitions written out with NumPy, compiled as strategies use them, and at empty
books."""

import math

import numba
import numpy as np
import pytest

from truefill.core.errors import DataError
from truefill.quoting import (
    depth_imbalance,
    fit_micro_price,
    imbalance,
    micro_price,
    order_flow_series,
    standardise,
    standardise_series,
    standardiser,
    trade_flow_series,
    vamp,
    vpin_series,
    vpin_state,
    vpin_step,
    weighted_mid,
)

RNG = np.random.default_rng(21)


def test_of_one_book() -> None:
    bids, asks = np.array([99.0, 98.0, 96.0]), np.array([101.0, 102.0, 105.0])
    bid_qty, ask_qty = np.array([3.0, 1.0, 2.0]), np.array([1.0, 4.0, 1.0])
    weights = np.exp(-0.5 * np.arange(3))

    assert 0.5 == imbalance(3.0, 1.0)
    assert depth_imbalance(bid_qty, ask_qty, 0.5) == pytest.approx(
        (weights @ bid_qty - weights @ ask_qty) / (weights @ (bid_qty + ask_qty))
    )
    assert 0.0 == depth_imbalance(bid_qty, ask_qty, 0.0)
    assert weighted_mid(99.0, 101.0, 3.0, 1.0) == pytest.approx(99 * 0.25 + 101 * 0.75)
    assert vamp(bids, bid_qty, asks, ask_qty) == pytest.approx(
        (bids @ ask_qty + asks @ bid_qty) / (bid_qty + ask_qty).sum()
    )


def test_nothing_there_is_no_nan() -> None:
    none = np.zeros(2)
    assert 0.0 == imbalance(0.0, 0.0) == depth_imbalance(none, none, 0.1)
    assert (
        100.0 == weighted_mid(99.0, 101.0, 0.0, 0.0) == vamp(np.array([99.0]), none, np.array([101.0]), none)
    )
    assert 0.0 == vpin_step(vpin_state(10.0, 5), 1, 3.0)
    assert [0.0, 0.0, 0.0] == standardise_series(standardiser(5), np.full(3, 0.1)).tolist()


def test_order_flow_by_its_definition() -> None:
    bid = RNG.integers(98, 101, 200).astype(float)
    ask = bid + RNG.integers(1, 3, 200)
    bid_qty, ask_qty = RNG.integers(1, 9, (2, 200)).astype(float)
    flow = order_flow_series(bid, bid_qty, ask, ask_qty)
    for i in range(1, 200):
        expected = (
            (bid[i] >= bid[i - 1]) * bid_qty[i]
            - (bid[i] <= bid[i - 1]) * bid_qty[i - 1]
            - (ask[i] <= ask[i - 1]) * ask_qty[i]
            + (ask[i] >= ask[i - 1]) * ask_qty[i - 1]
        )
        assert expected == flow[i]
    assert 0.0 == flow[0]


def test_trade_flow_by_its_definition() -> None:
    ts = np.sort(RNG.uniform(0.0, 30.0, 100))
    side, qty = RNG.choice([-1, 1], 100), RNG.uniform(0.1, 2.0, 100)
    found = trade_flow_series(ts, side, qty, 4.0)
    for i in (0, 7, 99):
        weight = qty[: i + 1] * 0.5 ** ((ts[i] - ts[: i + 1]) / 4.0)
        assert found[i] == pytest.approx((weight * side[: i + 1]).sum() / weight.sum())


def test_standardised_by_its_definition() -> None:
    """Far from zero, where sums of squares would lose their digits."""
    values = 1e6 + RNG.normal(0.0, 1.0, 300)
    found = standardise_series(standardiser(40), values)
    for i in (1, 20, 39, 40, 41, 150, 299):
        window = values[max(0, i - 39) : i + 1]
        assert found[i] == pytest.approx((values[i] - window.mean()) / window.std(), rel=1e-7)


def test_vpin_by_its_definition() -> None:
    """Each unit of quantity one by one into the buckets."""
    side, qty = RNG.choice([-1, 1], 60), RNG.integers(1, 40, 60)
    found = vpin_series(vpin_state(25.0, 4), side, qty.astype(float))
    units = np.repeat(side, qty)
    for i in (0, 5, 30, 59):
        until = int(qty[: i + 1].sum()) // 25
        full = [abs(units[25 * b : 25 * b + 25].sum()) / 25 for b in range(until)][-4:]
        assert found[i] == pytest.approx(np.mean(full) if full else 0.0)
    tenths = vpin_series(vpin_state(0.3, 10), np.ones(30, np.int64), np.full(30, 0.1))
    assert 1.0 == pytest.approx(tenths[-1])  # 0.1 + 0.1 + 0.1 is not 0.3, and still one bucket


def _chain(n: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Spread one tick; the mid goes a tick up with the bid's share as probability, one row in five."""
    bid = np.zeros(n, np.int64)
    share = rng.choice([0.05, 0.35, 0.65, 0.95], n)
    for i in range(1, n):
        move = 0
        if rng.random() < 0.2:
            move = 1 if rng.random() < share[i - 1] else -1
        bid[i] = bid[i - 1] + move
    return bid, bid + 1, share, 1.0 - share


def test_micro_price_finds_the_expected_move() -> None:
    """Imbalance is drawn anew each row: the next move has mean 2 * share - 1, later ones none."""
    bid, ask, bid_qty, ask_qty = _chain(60_000, np.random.default_rng(1))
    table = fit_micro_price(bid, ask, bid_qty, ask_qty, buckets=4, max_spread=2)
    # First move: now with probability 0.2, else after a fresh draw of mean 0.
    expected = [0.2 * (2 * s - 1) for s in (0.05, 0.35, 0.65, 0.95)]

    assert expected == pytest.approx(table[0], abs=0.015)
    assert table[0] == pytest.approx(-table[0][::-1], abs=1e-12)  # odd in the imbalance
    assert [0.0] * 4 == table[1].tolist()  # never seen: no guess
    assert micro_price(table, 10, 11, 0.95, 0.05) == 10.5 + table[0, 3]
    assert 11.5 == micro_price(table, 10, 13, 1.0, 1.0)  # wider than the table
    assert 10.5 == micro_price(table, 10, 11, 0.0, 0.0)


def test_micro_price_of_a_dead_market_is_the_mid() -> None:
    n = 50
    table = fit_micro_price(np.zeros(n), np.ones(n), RNG.uniform(1, 2, n), RNG.uniform(1, 2, n))

    assert 0.0 == np.abs(table).max()


def test_micro_price_gate() -> None:
    with pytest.raises(DataError, match="one length"):
        fit_micro_price([1], [2, 3], [1.0], [1.0])
    with pytest.raises(DataError, match="bids under asks"):
        fit_micro_price([2], [2], [1.0], [1.0])
    with pytest.raises(DataError, match="buckets"):
        fit_micro_price([1], [2], [1.0], [1.0], buckets=1)


def _all_signals(table, levels, z, v):  # type: ignore[no-untyped-def]
    return (
        depth_imbalance(levels, levels[::-1], 0.3),
        weighted_mid(99.0, 101.0, 2.0, 1.0),
        vamp(levels, levels, levels + 9.0, levels[::-1]),
        micro_price(table, 10, 11, 3.0, 1.0),
        standardise(z, 2.0) + standardise(z, 3.0),
        vpin_step(v, 1, 30.0),
    )


@pytest.mark.compiled_only
@pytest.mark.slow
def test_strategies_can_compile_them() -> None:
    table, levels = RNG.normal(size=(2, 4)), np.array([1.0, 2.0, 5.0])
    expected = _all_signals(table, levels, standardiser(5), vpin_state(10.0, 4))
    got = numba.njit(_all_signals)(table, levels, standardiser(5), vpin_state(10.0, 4))

    assert expected == pytest.approx(got, rel=1e-12)
    assert all(math.isfinite(x) for x in got)
