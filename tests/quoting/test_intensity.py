"""Intensities from flows whose truth is known: the bake-off's rows of ours, coverage of intervals,
statuses."""

import math

import numpy as np
import pytest

from tests.quoting.made_flow import DECAY, NS, RATE, made_flow
from truefill.core.errors import ConfigError, DataError
from truefill.quoting import (
    FitStatus,
    SideFlow,
    Unit,
    arrivals_probability,
    bootstrap_lattice,
    fit_lattice,
    fit_regression,
    fit_waiting_times,
    market_model,
    merge_executions,
    virtual_waiting_times,
)
from truefill.quoting.fit_status import chi_square_tail, kolmogorov_smirnov

PROBES = np.arange(0.5, 9.0, 1.0)


def test_bake_off(record_property) -> None:  # type: ignore[no-untyped-def]
    """200 runs of 600 s, truth k 0.3, A 0.9, the mean of both sides as in the reference: 0.3008 ± 0.0096."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(200):
        sides = []
        for _ in range(2):
            lattice = fit_lattice(made_flow(rng, 600.0))
            still = made_flow(rng, 600.0, best_at=0.5)  # probes want the lattice of prices to stand still
            waiting = fit_waiting_times(*virtual_waiting_times(still, PROBES, every=10.0))
            line = fit_regression(still)
            sides.append([x for f in (lattice, waiting, line) for x in (f.decay, f.rate)])
        rows.append(np.mean(sides, axis=0))
    mean, sd = np.mean(rows, axis=0), np.std(rows, axis=0)

    assert (0.3008, 0.901) == pytest.approx((mean[0], mean[1]), abs=0.004)
    assert 0.0085 < sd[0] < 0.012
    assert (0.301, 0.904) == pytest.approx((mean[2], mean[3]), abs=0.02)
    assert sd[0] < sd[2] < 0.025
    assert mean[4] == pytest.approx(DECAY, abs=0.05)
    assert sd[4] > 1.8 * sd[0]  # the line through tail rates
    record_property(
        "proof",
        "k of 0.3: "
        + ", ".join(
            f"{n} {mean[i]:.4f} ± {sd[i]:.4f}" for n, i in (("lattice", 0), ("waiting", 2), ("line", 4))
        ),
    )


def _coverage(branching: float, seconds: float, runs: int) -> tuple[float, float, float]:
    """Share of runs whose interval holds the truth: of k, of A, and of A had orders been Poisson."""
    rng = np.random.default_rng(2)
    held = np.zeros(3)
    for _ in range(runs):
        fit = fit_lattice(made_flow(rng, seconds, branching=branching))
        poisson = math.sqrt(max(0.0, fit.log_rate_error**2 - (fit.dispersion - 1.0) / fit.events))
        held += [
            fit.decay_band[0] < DECAY < fit.decay_band[1],
            fit.rate_band[0] < RATE < fit.rate_band[1],
            abs(math.log(fit.rate / RATE)) < 1.96 * poisson,
        ]
    return tuple(held / runs)  # type: ignore[return-value]


def test_intervals_cover_the_truth() -> None:
    decay, rate, _ = _coverage(0.0, 900.0, 200)

    assert 0.91 <= decay <= 0.99
    assert 0.91 <= rate <= 1.0


def test_intervals_survive_clustering() -> None:
    """At a branching ratio of 0.6 Poisson intervals of A hold the truth 57 % of the time; ours still do."""
    decay, rate, poisson = _coverage(0.6, 1800.0, 150)

    assert 0.91 <= decay <= 0.99
    assert 0.88 <= rate <= 0.99
    assert poisson < 0.75


def test_short_windows_fall_back_to_poisson() -> None:
    assert 1.0 == fit_lattice(made_flow(np.random.default_rng(3), 599.0, branching=0.6)).dispersion
    assert 1.0 < fit_lattice(made_flow(np.random.default_rng(3), 900.0, branching=0.6)).dispersion


def test_bootstrap_agrees_with_the_formula() -> None:
    flow = made_flow(np.random.default_rng(4), 3600.0)
    fit = fit_lattice(flow)
    rate, decay = bootstrap_lattice(flow, np.random.default_rng(5))

    assert rate == pytest.approx(fit.rate_band, rel=0.03)
    assert decay == pytest.approx(fit.decay_band, rel=0.03)


def test_the_estimate_is_the_likelihoods_maximum() -> None:
    """Written out: geometric marks, and Poisson counts with the exposure."""
    flow = made_flow(np.random.default_rng(6), 300.0)
    fit = fit_lattice(flow)
    _, past = flow.marks()
    distance, seconds = flow.exposure()

    def conditional(k: float) -> float:
        return float(len(past) * math.log(-math.expm1(-k)) - k * past.sum())

    assert conditional(fit.decay) > max(conditional(fit.decay * 1.001), conditional(fit.decay * 0.999))
    assert fit.rate * float(seconds @ np.exp(-fit.decay * distance)) == pytest.approx(fit.events)
    assert fit.seconds == pytest.approx(300.0)


def test_exposure_by_hand() -> None:
    """Three orders, a gap, a change of the best price at the very time of an order (which saw the old
    one)."""
    flow = SideFlow(
        np.array([1, 4, 9]) * NS,
        np.array([1.5, 2.5, 9.0]),
        np.array([0, 4, 6, 8]) * NS,
        np.array([0.5, 1.5, np.nan, 1.0]),
        0,
        10 * NS,
    )
    rows, past = flow.marks()

    assert [0, 1, 2] == rows.tolist()
    assert [1, 2, 8] == past.tolist()
    assert ([0.5, 1.5, 1.0], [4.0, 2.0, 2.0]) == tuple(x.tolist() for x in flow.exposure())
    cut = flow.cut(5 * NS, 9 * NS)  # from 5 s on, the order at 9 s is outside
    assert [] == cut.times.tolist()
    assert ([1.5, 1.0], [1.0, 1.0]) == tuple(x.tolist() for x in cut.exposure())


def test_statuses() -> None:
    rng = np.random.default_rng(7)
    flow = made_flow(rng, 600.0)
    assert FitStatus.OK is fit_lattice(flow).status
    assert FitStatus.FEW_EVENTS is fit_lattice(flow, min_events=10_000).status
    assert FitStatus.FEW_EVENTS is fit_lattice(flow.cut(0, 1)).status
    assert math.isnan(fit_lattice(flow.cut(0, 1)).rate)
    only_best = SideFlow(flow.times[:50], np.full(50, 0.5), [0], [0.5], 0, flow.end)
    assert FitStatus.BOUNDARY is fit_lattice(only_best).status
    quiet = SideFlow(flow.times, flow.depths, flow.best_times, flow.best_distances, 0, 900 * NS)
    assert FitStatus.STALE is fit_lattice(quiet, stale_after=60.0).status
    two = np.where(rng.random(len(flow.times)) < 0.5, 0.5, 12.5)
    assert FitStatus.POOR_FIT is fit_lattice(SideFlow(flow.times, two, [0], [0.5], 0, flow.end)).status
    rising = fit_waiting_times([1.0, 2.0, 3.0], [10, 20, 40], [100.0] * 3)
    assert FitStatus.BOUNDARY is rising.status
    assert FitStatus.FEW_EVENTS is fit_waiting_times([1.0, 2.0], [0, 3], [100.0] * 2).status
    assert FitStatus.FEW_EVENTS is fit_regression(flow.cut(0, 1)).status


def test_goodness_of_fit_is_uniform_under_the_truth() -> None:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(100):
        flow = made_flow(rng, 600.0)
        fit = fit_lattice(flow)
        found.append((fit.fit_probability, arrivals_probability(flow, fit)))
    depths, arrivals = np.array(found).T

    assert kolmogorov_smirnov(depths) > 1e-3
    assert np.quantile(arrivals, 0.05) > 0.02
    clustered = made_flow(rng, 1800.0, branching=0.8)
    assert arrivals_probability(clustered, fit_lattice(clustered)) < 1e-6


def test_distributions() -> None:
    """Known tails: chi-square 95 % points, and e^(-x/2) for two degrees."""
    for freedom, point in ((1, 3.841459), (10, 18.307038), (100, 124.342113)):
        assert 0.05 == pytest.approx(chi_square_tail(point, freedom), rel=1e-6)
    assert math.exp(-4.0) == pytest.approx(chi_square_tail(8.0, 2))
    assert 1.0 == chi_square_tail(0.0, 3)
    assert kolmogorov_smirnov(np.linspace(0.0, 1.0, 101)) > 0.99
    assert kolmogorov_smirnov(np.linspace(0.0, 0.5, 101)) < 1e-9
    scores = [kolmogorov_smirnov(np.random.default_rng(i).random(50)) for i in range(200)]
    assert 0.02 < np.mean(np.array(scores) < 0.05) < 0.09


def test_censored_waiting_by_hand() -> None:
    """Quotes at 0, 10 and 20 s: filled after 4 s, after 2 s, never; an order at 14 s fills nothing more."""
    flow = SideFlow(np.array([4, 12, 14]) * NS, [3.0, 3.0, 1.0], [0], [0.5], 0, 30 * NS)
    depths, fills, seconds = virtual_waiting_times(flow, [2.0, 5.0], every=10.0)

    assert ([2.0, 5.0], [2.0, 0.0]) == (depths.tolist(), fills.tolist())
    assert [16.0, 30.0] == pytest.approx(seconds)


def test_waiting_times_of_exact_rates() -> None:
    """Where fills are what A e^(-k δ) says, it finds A and k."""
    depths = np.array([1.0, 2.0, 4.0])
    fit = fit_waiting_times(depths, 1000 * 2.0 * np.exp(-0.5 * depths), [1000.0] * 3)

    assert (2.0, 0.5) == pytest.approx((fit.rate, fit.decay), rel=1e-9)


def test_through_convention() -> None:
    fit = fit_lattice(made_flow(np.random.default_rng(9), 600.0))

    assert fit.through().rate == pytest.approx(fit.rate * math.exp(-fit.decay))
    assert fit.through().decay == fit.decay
    assert fit.through() == fit.through().through()


def test_executions_of_one_time_and_side_are_one_order() -> None:
    times, sides, depths, sizes = merge_executions(
        [1, 1, 1, 2, 2], [1, -1, 1, 1, 1], [1.0, 4.0, 3.0, 1.0, 2.0], [1.0, 2.0, 3.0, 4.0, 5.0]
    )

    assert [1, 1, 2] == times.tolist()
    assert [-1, 1, 1] == sides.tolist()
    assert [4.0, 3.0, 2.0] == depths.tolist()
    assert [2.0, 4.0, 9.0] == sizes.tolist()
    assert 0 == len(merge_executions([], [], [], [])[0])


def test_a_model_is_made_of_good_fits_only() -> None:
    rng = np.random.default_rng(10)
    good, bad = fit_lattice(made_flow(rng, 600.0)), fit_lattice(made_flow(rng, 600.0).cut(0, 5 * NS))
    model = market_model(good, good, 0.4, fee=0.1, jump=0.2)

    assert (Unit.TICK, good.rate, good.decay, 0.1) == (model.unit, model.bid_rate, model.ask_decay, model.fee)
    with pytest.raises(ConfigError, match=r"ask side.*few_events"):
        market_model(good, bad, 0.4)
    with pytest.raises(ConfigError, match="one convention"):
        market_model(good, good.through(), 0.4)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"times": [2, 1]}, "row 1"),
        ({"depths": [1.0]}, "as many"),
        ({"depths": [1.0, math.nan]}, "numbers"),
        ({"end": 0}, "start before the end"),
        ({"best_times": [[0]]}, "one column"),
    ],
)
def test_gate(change: dict[str, object], named: str) -> None:
    given = {
        "times": [1, 2],
        "depths": [1.0, 2.0],
        "best_times": [0],
        "best_distances": [0.5],
        "start": 0,
        "end": 9,
    }
    with pytest.raises(DataError, match=named):
        SideFlow(**{**given, "start": 0, "end": 9, **change})  # type: ignore[arg-type]


def test_gates_of_the_others() -> None:
    with pytest.raises(DataError, match="step back"):
        merge_executions([2, 1], [1, 1], [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ConfigError, match="two depths"):
        fit_waiting_times([1.0, 1.0], [1, 1], [1.0, 1.0])
    with pytest.raises(ConfigError, match="positive seconds"):
        fit_waiting_times([1.0, 2.0], [1, 1], [1.0, 0.0])
