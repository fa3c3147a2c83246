"""Volatility estimators on a walk whose truth is known, with and without noise and jumps; rolling;
markouts."""

import math

import numpy as np
import pytest

from tests.quoting.made_flow import DECAY, NS, RATE, noisy_mid
from truefill.core.errors import ConfigError, DataError
from truefill.quoting import (
    FitStatus,
    RollingCalibration,
    calibration_series,
    fit_volatility,
    markouts,
    sample_path,
)
from truefill.quoting.volatility import METHODS

# Method, options, grid in steps of 0.1 s, published excess over 0.5 with noise; then without.
TABLE = [
    ("realised", {}, 1, 3.76, 0.0),
    ("realised", {}, 10, 0.78, 0.0),
    ("realised", {}, 50, 0.20, 0.0),
    ("realised", {}, 300, 0.03, 0.0),
    ("bipower", {}, 50, 0.19, 0.0),
    ("garman_klass", {"bar": 600}, 1, 0.25, -0.037),
    ("realised_kernel", {"bandwidth": 40}, 1, 0.038, 0.0),
    ("two_scale", {"scale": 50}, 1, 0.0, 0.0),
    ("ewma", {"half_life": 600.0}, 10, 0.78, 0.0),
]


@pytest.mark.parametrize(("method", "options", "grid", "noisy", "clean"), TABLE)
def test_published_table(method, options, grid, noisy, clean) -> None:  # type: ignore[no-untyped-def]
    """An hour of mids every 0.1 s, 0.5 ticks of noise; means of 12 runs, within three of their errors."""
    rng = np.random.default_rng(grid)
    for excess, noise in ((noisy, 0.5), (clean, 0.0)):
        found = []
        for _ in range(12):
            path = noisy_mid(rng, noise=noise)[::grid]
            found.append(fit_volatility(path, 0.1 * grid, method=method, **options).sigma / 0.5 - 1.0)
        error = float(np.std(found)) / math.sqrt(12)
        assert float(np.mean(found)) == pytest.approx(excess, abs=3.0 * error + 0.006)


def test_jumps() -> None:
    """Five jumps of 15 ticks: the sum of squares is half again too large, MedRV is not (here without
    noise)."""
    rng = np.random.default_rng(5)
    found: dict[str, list[float]] = {
        name: [] for name in ("realised", "two_scale", "bipower", "med_realised")
    }
    for _ in range(20):
        walk = noisy_mid(rng, noise=0.0)
        walk += 15.0 * np.searchsorted(np.sort(rng.integers(1, 36_000, 5)), np.arange(len(walk)))
        for name, values in found.items():
            grid = 1 if name == "two_scale" else 50
            values.append(fit_volatility(walk[::grid], 0.1 * grid, method=name).sigma / 0.5 - 1.0)
    excess = {name: float(np.mean(values)) for name, values in found.items()}

    assert (0.5, 0.5) == pytest.approx((excess["realised"], excess["two_scale"]), abs=0.06)
    assert excess["med_realised"] < 0.03 < excess["bipower"] < 0.3


def test_kernels_by_hand() -> None:
    path = np.array([0.0, 1.0, -1.0, 2.0, 2.0, 5.0])
    steps = np.array([1.0, -2.0, 3.0, 0.0, 3.0])

    assert METHODS["realised"](path, 0.5) == pytest.approx((steps @ steps) / 2.5)
    assert METHODS["realised"](path, 0.5, stride=2) == pytest.approx((1 + 1 + 9 + 9) / (4 * 2 * 0.5))
    assert METHODS["bipower"](path, 0.5) == pytest.approx(math.pi / 2 * (2 + 6 + 0 + 0) * 5 / 4 / 2.5)
    factor = math.pi / (6 - 4 * math.sqrt(3) + math.pi)
    assert METHODS["med_realised"](path, 0.5) == pytest.approx(factor * (4 + 4 + 9) * 5 / 3 / 2.5)
    weights = 0.5 ** (np.arange(5)[::-1] * 0.5 / 2.0)
    assert METHODS["ewma"](path, 0.5, half_life=2.0) == pytest.approx(
        weights @ steps**2 / weights.sum() / 0.5
    )
    assert METHODS["garman_klass"](path[:5], 0.5, bar=2) == pytest.approx(
        np.mean([0.5 * 4.0 - (2 * math.log(2) - 1) * 1.0, 0.5 * 9.0 - (2 * math.log(2) - 1) * 9.0])
    )


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(60):
        fit = fit_volatility(noisy_mid(rng, seconds=1800.0), 0.1, parts=20)
        held += fit.band[0] < 0.5 < fit.band[1]

    assert 51 <= held <= 60


def test_statuses_and_gate() -> None:
    assert FitStatus.FEW_EVENTS is fit_volatility(np.zeros(20), 1.0).status
    still = fit_volatility(np.full(1000, 5.0), 1.0)
    assert (FitStatus.BOUNDARY, 0.0) == (still.status, still.sigma)
    with pytest.raises(ConfigError, match="two_scale"):
        fit_volatility(np.zeros(1000), 1.0, method="garch")
    with pytest.raises(DataError, match="finite"):
        fit_volatility(np.array([1.0, math.nan] * 200), 1.0)
    with pytest.raises(DataError, match="step back"):
        sample_path([2, 1], [0.0, 0.0], every=1.0, start=0, end=5)


def test_sampling_takes_the_last_value_until_then() -> None:
    times = [0, 5, 10, 20, 21]
    path = sample_path(times, [1.0, math.nan, 2.0, 3.0, 9.0], every=5e-9, start=-5, end=21)

    assert [1.0, 1.0, 2.0, 2.0, 3.0] == path.tolist()


Row = tuple[int, str, float, float]


def _rows(until: int, beyond: bool) -> list[Row]:
    """Ten minutes of a made market, and, `beyond`, wild things at and after `until`."""
    rng = np.random.default_rng(12)
    mid = 1000.0
    rows: list[Row] = []
    for i in range(6000):
        mid += float(rng.choice([-0.5, 0.0, 0.5], p=[0.1, 0.8, 0.1]))
        bid, ask = math.floor(mid - 0.25), math.ceil(mid + 0.25)
        rows.append((i * NS // 10, "book", bid, ask))
        for side in (1, -1):
            if rng.random() < 0.09:
                best = ask if side > 0 else bid
                rows.append((i * NS // 10 + 1, "trade", side, best))
                rows.append((i * NS // 10 + 1, "trade", side, best + side * float(rng.geometric(0.26) - 1)))
    if beyond:
        rows = [r for r in rows if r[0] < until] + [(until + i, "trade", 1, 5000.0) for i in range(1000)]
        rows += [(until + 1000, "book", 4000.0, 6000.0)]
    return rows


def _fed(until: int, beyond: bool) -> RollingCalibration:
    rolling = RollingCalibration(300.0)
    for ts, kind, a, b in _rows(until, beyond):
        if kind == "book":
            rolling.book(ts, a, b)
        else:
            rolling.execution(ts, int(a), b)
    return rolling


def test_whole_recordings_give_what_rolling_gives() -> None:
    """At every time the same numbers, though all of the recording is there, with a wild end."""
    rows = _rows(500 * NS, True)
    books = [r for r in rows if r[1] == "book"]
    trades = [r for r in rows if r[1] == "trade"]
    columns = [[r[0] for r in books], [r[2] for r in books], [r[3] for r in books]]
    columns += [[r[0] for r in trades], [r[2] for r in trades], [r[3] for r in trades]]
    times = [0, 5 * NS, 123_456_789_012, 300 * NS, 499 * NS]
    series = calibration_series(times, *columns, window=300.0)
    rolling = RollingCalibration(300.0)
    for ts, known in zip(times, series, strict=True):
        for when, kind, a, b in rows:
            if rolling._last < when < ts and kind == "book":
                rolling.book(when, a, b)
            elif rolling._last <= when < ts and kind == "trade":
                rolling.execution(when, int(a), b)
        assert repr(rolling.at(ts)) == repr(known)
    assert FitStatus.OK is series[-1].ask.status


def test_nothing_from_later_gets_into_a_fit() -> None:
    """What is fed at and after t changes nothing at t; and orders' many executions count once."""
    until = 400 * NS
    plain, wild = _fed(until, False).at(until), _fed(until, True).at(until)

    assert plain == wild
    assert FitStatus.OK is plain.bid.status is plain.ask.status
    assert 200 < plain.bid.events < 330
    assert plain.bid.decay == pytest.approx(DECAY, abs=0.08)
    assert plain.bid.rate == pytest.approx(RATE, abs=0.4)
    assert plain.bid.seconds == pytest.approx(300.0)
    # Steps of half a tick that best prices round: about 0.22 * sqrt(10) ticks.
    assert plain.volatility.sigma == pytest.approx(0.707, rel=0.25)
    assert plain.volatility.band[0] < plain.volatility.sigma < plain.volatility.band[1]


def test_rolling_is_the_fit_of_its_window() -> None:
    """A slow twin: the same rows in one flow."""
    rolling = RollingCalibration(4.0, min_events=1, sample_every=0.5)
    rolling.book(0, 10.0, 12.0)
    rolling.execution(1 * NS, -1, 10.0)
    rolling.execution(2 * NS, -1, 9.0)
    rolling.execution(2 * NS, -1, 7.0)
    rolling.book(3 * NS, 10.0, 11.0)
    rolling.execution(3 * NS, -1, 9.0)  # it saw the book of before: 10 to 12
    rolling.book(5 * NS, math.nan, 11.0)
    fit = rolling.at(6 * NS)

    assert (2, 3.0) == (fit.bid.events, fit.bid.seconds)
    assert fit.bid.decay == pytest.approx(math.log(1 + 1 / 2.0))  # 3 and 1 ticks past the best bid
    assert fit.bid.rate == pytest.approx(
        2 / (1 * math.exp(-fit.bid.decay) + 2 * math.exp(-0.5 * fit.bid.decay))
    )
    assert FitStatus.FEW_EVENTS is fit.ask.status
    assert FitStatus.FEW_EVENTS is fit.volatility.status


def test_rolling_gate() -> None:
    rolling = RollingCalibration(60.0)
    assert FitStatus.FEW_EVENTS is rolling.at(5).bid.status
    rolling.book(100, 1.0, 2.0)
    with pytest.raises(DataError, match="do not decrease"):
        rolling.execution(99, 1, 2.0)
    with pytest.raises(DataError, match="bid under the ask"):
        rolling.book(101, 2.0, 2.0)
    with pytest.raises(DataError, match="a side"):
        rolling.execution(101, 0, 2.0)
    with pytest.raises(ConfigError, match="window"):
        RollingCalibration(0.0)
    rolling.book(200 * NS, 1.0, 2.0)
    with pytest.raises(DataError, match="not long past"):
        rolling.at(100 * NS)


def test_a_long_feed_needs_no_more_memory_than_its_window() -> None:
    rolling = RollingCalibration(1.0)
    for i in range(20_000):
        rolling.book(i * NS // 100, 10.0, 11.0 + i % 3)

    assert len(rolling._books.times) <= 2048
    assert rolling.at(200 * NS).volatility.seconds == pytest.approx(1.0, abs=1.01)


def test_markouts_by_hand() -> None:
    mid_times, mids = np.array([0, 10, 20, 30]) * NS, [100.0, 101.0, 103.0, 102.0]
    found = markouts([5 * NS, 15 * NS], [1, -1], [1.0, 3.0], mid_times, mids, [5.0, 10.0, 20.0])

    assert (1 * 1.0 + 3 * -2.0) / 4 == pytest.approx(found.mean[0])
    assert (1 * 1.0 + 3 * -2.0) / 4 == pytest.approx(found.mean[1])
    assert 3.0 == found.mean[2]  # of the other fill, the horizon is beyond the data
    assert [2, 2, 1] == found.fills.tolist()
    assert FitStatus.FEW_EVENTS is found.status


def test_adverse_selection_is_found_again() -> None:
    """Each fill moves the mid 0.4 against it within a second; clusters of fills do not fool the error."""
    rng = np.random.default_rng(14)
    held = 0
    for _ in range(60):
        times = np.sort(rng.integers(0, 7200, 400))
        sides = rng.choice([-1, 1], 400)
        steps = rng.normal(0.0, 0.3, 7200 + 400)
        np.add.at(steps, times + 1, -0.4 * sides)
        found = markouts(times * NS + 1, sides, np.ones(400), np.arange(7600) * NS, steps.cumsum())
        assert FitStatus.OK is found.status
        held += abs(found.jump - 0.4) < 1.96 * found.jump_error
    assert held >= 50


def test_markouts_gate() -> None:
    with pytest.raises(DataError, match="one length"):
        markouts([1], [1, 1], [1.0], [0], [1.0])
    with pytest.raises(DataError, match="sides"):
        markouts([1], [2], [1.0], [0], [1.0])
