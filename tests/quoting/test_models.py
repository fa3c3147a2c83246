"""Closed forms and exact solutions against published numbers, each other and slow twins."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

from tests.quoting.paper import GLFT_MODEL, MODEL
from truefill.core.errors import ConfigError
from truefill.quoting import (
    MarketModel,
    Risk,
    Unit,
    alpha_shift,
    alpha_step,
    asymmetric_coefficients,
    asymmetric_depths,
    avellaneda_stoikov_depths,
    avellaneda_stoikov_reservation,
    avellaneda_stoikov_steady_reservations,
    cartea_jaimungal,
    exact_quotes,
    glft_coefficients,
    glft_depths,
    glft_inventory_sd,
    tabulate,
)

TICKS = Risk(unit=Unit.TICK, gamma=0.01, max_inventory=30)
PRICES = Risk(unit=Unit.PRICE, gamma=0.1, max_inventory=30)


def test_avellaneda_stoikov_spread_and_skew() -> None:
    """Total spread γσ²τ + (2/γ) ln(1 + γ/k) at any inventory; the middle is the reservation price."""
    for q in (-3.0, 0.0, 5.0):
        bid, ask = avellaneda_stoikov_depths(q, 0.7, 2.0, 1.5, 1.5, 0.1, 1.0)
        assert bid + ask == pytest.approx(0.1 * 4 * 0.7 + 20 * math.log(1 + 0.1 / 1.5))
        assert 100 + (ask - bid) / 2 == pytest.approx(avellaneda_stoikov_reservation(100.0, q, 0.7, 2.0, 0.1))


def test_avellaneda_stoikov_without_a_horizon() -> None:
    """The paper's formula with ω = γ²σ²(q_max + 1)²/2, and no quote beyond the limit."""
    gamma, sigma, most = 0.3, 2.0, 4.0
    omega = 0.5 * gamma**2 * sigma**2 * (most + 1) ** 2
    for q in (-3.0, 0.0, 2.0):
        room = 2 * omega - gamma**2 * q**2 * sigma**2
        bid = 100 + math.log(1 + (-1 - 2 * q) * gamma**2 * sigma**2 / room) / gamma
        ask = 100 + math.log(1 + (1 - 2 * q) * gamma**2 * sigma**2 / room) / gamma
        assert (bid, ask) == pytest.approx(avellaneda_stoikov_steady_reservations(100.0, q, most, gamma))
    assert -math.inf == avellaneda_stoikov_steady_reservations(100.0, most, most, gamma)[0]
    assert math.inf == avellaneda_stoikov_steady_reservations(100.0, -most, most, gamma)[1]


def test_avellaneda_stoikov_skews_eight_times_too_much() -> None:
    bid, ask = avellaneda_stoikov_depths(0.0, 1.0, 2.0, 1.5, 1.5, 0.1, 1.0)
    exact = exact_quotes(MODEL, PRICES, tau=1.0)

    assert (bid, ask) == pytest.approx((0.8454, 0.8454), abs=5e-5)
    assert exact.at(0)[0] == pytest.approx(0.671628, abs=1e-6)
    assert exact.at(1)[0] - exact.at(0)[0] == pytest.approx(0.0525, abs=6e-5)
    assert avellaneda_stoikov_depths(1.0, 1.0, 2.0, 1.5, 1.5, 0.1, 1.0)[0] - bid == pytest.approx(0.4)
    assert glft_depths(0.0, 2.0, 140.0, 1.5, 0.1, 0.1, 1.0, 0.0, 0.0, 0.0)[0] == pytest.approx(
        0.671244, abs=1e-6
    )


def test_glft_published_quotes() -> None:
    """The parameters of the paper's figures: closed form, and exact at 600 s."""
    premium, skew = glft_coefficients(0.3, 0.9, 0.3, 0.01, 0.01, 1.0)
    exact = exact_quotes(GLFT_MODEL, TICKS, tau=600.0)
    numbers = {
        -10: (2.632802, 2.634257),
        -5: (2.972522, 2.973586),
        0: (3.313045, 3.312915),
        5: (3.653479, 3.652244),
        10: (3.992933, 3.991574),
        20: (4.665542, 4.670232),
        29: (6.130908, 5.281024),
    }

    assert (3.278982, 0.067866) == pytest.approx((premium, skew), abs=1e-6)
    for q, (solved, closed) in numbers.items():
        bid, ask = exact.at(q)
        assert solved == pytest.approx(bid, abs=1e-6)
        assert exact.at(-q)[1] == pytest.approx(bid, abs=1e-9)
        closed_bid, _ = glft_depths(float(q), 0.3, 0.9, 0.3, 0.01, 0.01, 1.0, 0.0, 0.0, 0.0)
        assert closed == pytest.approx(closed_bid, abs=1e-6)
        if q != 29:
            assert ask == pytest.approx(exact.at(-q)[0], abs=1e-9)
    assert 1290.625095 == pytest.approx(exact.value[30], abs=1e-6)


def test_glft_published_quotes_far_out() -> None:
    """Figure 4, right. At q = 20 eigenvectors in float64 give 11.245212, because the component is 1e-13 of
    the largest; 60 digits give 11.245444."""
    model = MarketModel.symmetric(Unit.TICK, sigma=1.0, rate=0.2, decay=0.3)
    exact = exact_quotes(model, TICKS, tau=600.0)

    assert (3.525651, 8.022747) == pytest.approx((exact.at(0)[0], exact.at(10)[0]), abs=1e-6)
    assert _sixty_digits(1.0, 0.2, 0.3, 0.01, 30, 20) == pytest.approx(exact.at(20)[0], abs=1e-6)
    assert 11.245444 == pytest.approx(exact.at(20)[0], abs=1e-6)
    closed = [glft_depths(q, 1.0, 0.2, 0.3, 0.01, 0.01, 1.0, 0.0, 0.0, 0.0)[0] for q in (0.0, 10.0, 20.0)]
    assert [3.518924, 8.317763, 13.116602] == pytest.approx(closed, abs=1e-6)


def _sixty_digits(sigma: float, rate: float, decay: float, gamma: float, most: int, q: int) -> float:
    """Bid depth of the long run, by inverse iteration on the tridiagonal matrix with 60 digits."""
    with localcontext() as context:
        context.prec = 60
        k, g, s = Decimal(str(decay)), Decimal(str(gamma)), Decimal(str(sigma))
        x = g / k
        eta = Decimal(str(rate)) * ((-(1 + 1 / x)) * (1 + x).ln()).exp()
        main = [k * g * s * s / 2 * n * n + 2 * eta for n in range(-most, most + 1)]
        v = [Decimal(1)] * len(main)
        for _ in range(40):
            upper, right = [-eta / main[0]], [v[0] / main[0]]
            for i in range(1, len(main)):
                pivot = main[i] + eta * upper[-1]
                upper.append(-eta / pivot)
                right.append((v[i] + eta * right[-1]) / pivot)
            for i in range(len(main) - 2, -1, -1):
                right[i] -= upper[i] * right[i + 1]
            v = [y / max(right) for y in right]
        return float((1 + x).ln() / g + (v[most + q] / v[most + q + 1]).ln() / k)


def test_glft_numbers_of_the_hftbacktest_notebook() -> None:
    premium, skew = glft_coefficients(10.69, 2.986162360812285, 0.04235741115084049, 0.05, 0.05, 1.0)

    assert 20.47208533844371 == pytest.approx(premium + 0.5 * skew, rel=1e-6)
    assert 9.76326865029227 == pytest.approx(skew, rel=1e-6)


@pytest.mark.parametrize(
    ("sigma", "rate", "decay", "gamma", "size", "variance"),
    [
        (2.0, 140.0, 1.5, 0.1, 1.0, 2.5388**2),
        (0.3, 0.9, 0.3, 0.01, 1.0, 4.9556**2),
        (0.5, 2.0, 0.7, 0.03, 3.0, None),
    ],
)
def test_variance_of_the_inventory_under_linear_quotes(sigma, rate, decay, gamma, size, variance) -> None:  # type: ignore[no-untyped-def]
    """Var(q) = Δ / (2 k skew): the chain of the very quotes has it."""
    _, skew = glft_coefficients(sigma, rate, decay, gamma, gamma, size)
    model = MarketModel.symmetric(Unit.TICK, sigma=sigma, rate=rate, decay=decay)
    risk = Risk(unit=Unit.TICK, gamma=gamma, order_size=size, max_inventory=60 * size)
    table = tabulate(
        model, risk, lambda q: glft_depths(q, sigma, rate, decay, gamma, gamma, size, 0.0, 0.0, 0.0)
    )
    sd = glft_inventory_sd(decay, skew, size)

    assert table.implied(model).inventory_sd == pytest.approx(sd, rel=1e-6)
    if variance is not None:
        assert sd**2 == pytest.approx(variance, rel=1e-4)


def test_asymmetric_sides_published_quotes() -> None:
    """A 1.2 / 0.6 instead of 0.9: both quotes move by more than a tick, which decay alone would not tell."""
    model = MarketModel(unit=Unit.TICK, sigma=0.3, bid_rate=1.2, bid_decay=0.3, ask_rate=0.6, ask_decay=0.3)
    closed, sharp = (
        asymmetric_coefficients(0.3, 1.2, 0.3, 0.6, 0.3, 0.01, 0.01, 1.0, 0.0, sharpen)
        for sharpen in (False, True)
    )

    assert (4.4693, 2.1588) == pytest.approx(exact_quotes(model, TICKS).at(0), abs=5e-5)
    assert (4.4127, 2.2131) == pytest.approx(
        asymmetric_depths(0.0, *closed[:2], 0.3, 0.3, 0.01, 1.0), abs=5e-5
    )
    assert (4.4694, 2.1589) == pytest.approx(
        asymmetric_depths(0.0, *sharp[:2], 0.3, 0.3, 0.01, 1.0), abs=5e-5
    )
    assert 0 == closed[2] < sharp[2] <= 30


def test_asymmetric_closed_form_is_glft_where_the_sides_are_alike() -> None:
    a, b, _ = asymmetric_coefficients(0.3, 0.9, 0.3, 0.9, 0.3, 0.01, 0.0, 2.0, 0.02, False)
    for q in (-4.0, 0.0, 6.0):
        closed = glft_depths(q, 0.3, 0.9, 0.3, 0.01, 0.0, 2.0, 0.02, 0.0, 0.0)
        assert closed == pytest.approx(asymmetric_depths(q, a, b, 0.3, 0.3, 0.0, 2.0), rel=1e-12)


def test_an_aversion_that_sharpening_cannot_follow_keeps_the_first_expansion() -> None:
    first = asymmetric_coefficients(2.0, 0.1, 1.5, 0.1, 1.5, 50.0, 0.0, 1.0, 0.0, False)

    assert first == asymmetric_coefficients(2.0, 0.1, 1.5, 0.1, 1.5, 50.0, 0.0, 1.0, 0.0, True)


UNEVEN = MarketModel(
    unit=Unit.TICK,
    sigma=0.4,
    bid_rate=1.1,
    bid_decay=0.45,
    ask_rate=0.7,
    ask_decay=0.3,
    drift=0.004,
    fee=0.3,
    jump=0.2,
)
UNEVEN_RISK = Risk(unit=Unit.TICK, gamma=0.02, order_size=2.0, max_inventory=16.0, xi=0.01)


def test_steady_quotes_solve_the_equation() -> None:
    """Written out anew: at every inventory the right hand side is the same growth."""
    m, r = UNEVEN, UNEVEN_RISK
    table = exact_quotes(m, r)
    growths = []
    for i, q in enumerate(table.inventory):
        total = m.drift * q - 0.5 * r.gamma * m.sigma**2 * q * q
        for side in (1, -1):
            if not 0 <= i + side < len(table.inventory):
                continue
            rate, k, depth = (
                (m.bid_rate, m.bid_decay, table.bid_depth[i])
                if side > 0
                else (m.ask_rate, m.ask_decay, table.ask_depth[i])
            )
            # The jump moves the mid against what is held after the fill.
            lost = m.jump * side * table.inventory[i + side]
            gain = r.order_size * (depth - m.fee) - lost + table.value[i + side] - table.value[i]
            worth = [
                rate * math.exp(-k * (depth + h)) * -math.expm1(-r.xi * (gain + h * r.order_size)) / r.xi
                for h in (-1e-3, 0.0, 1e-3)
            ]
            assert worth[1] > max(worth[0], worth[2])  # the depth is the best one
            total += worth[1]
        growths.append(total)

    assert growths == pytest.approx([table.growth] * len(growths), rel=1e-9)


def test_a_long_horizon_is_no_horizon() -> None:
    """Three ways to one solution: Newton, Runge-Kutta, eigenvectors."""
    steady = exact_quotes(UNEVEN, UNEVEN_RISK)
    later, long = (exact_quotes(UNEVEN, UNEVEN_RISK, tau=tau) for tau in (900.0, 1000.0))
    assert long.bid_depth == pytest.approx(steady.bid_depth, abs=1e-6)
    assert long.ask_depth == pytest.approx(steady.ask_depth, abs=1e-6)
    assert (long.value - later.value) / 100.0 == pytest.approx([steady.growth] * 17, rel=1e-6)

    same = MarketModel(unit=Unit.TICK, sigma=0.4, bid_rate=1.1, bid_decay=0.45, ask_rate=0.7, ask_decay=0.45)
    nearly = MarketModel(
        unit=Unit.TICK, sigma=0.4, bid_rate=1.1, bid_decay=0.45, ask_rate=0.7, ask_decay=0.45 * (1 + 1e-13)
    )
    by_vectors, by_steps = (
        exact_quotes(m, UNEVEN_RISK, tau=20.0, terminal_penalty=0.1) for m in (same, nearly)
    )
    assert by_vectors.value == pytest.approx(by_steps.value, abs=1e-6)


def test_at_the_horizon_only_the_terminal_penalty_speaks() -> None:
    table = exact_quotes(MODEL, PRICES, tau=0.0, terminal_penalty=0.25)
    premium = 10 * math.log(1 + 0.1 / 1.5)

    assert -0.25 * table.inventory**2 == pytest.approx(table.value)
    assert table.at(3)[0] == pytest.approx(premium + 0.25 * (16 - 9))
    assert table.at(3)[1] == pytest.approx(premium - 0.25 * (9 - 4))


def test_fees_and_jumps_move_both_quotes_out() -> None:
    """Depth + fee, and the rate thinned by e^(-k fee), exactly; half a jump likewise (GLFT, section 5.2)."""
    plain = MarketModel.symmetric(Unit.PRICE, sigma=2.0, rate=140.0 * math.exp(-1.5 * 0.2), decay=1.5)
    for change in ({"fee": 0.2}, {"jump": 0.4}):
        costly = MarketModel.symmetric(Unit.PRICE, sigma=2.0, rate=140.0, decay=1.5, **change)
        table, reference = exact_quotes(costly, PRICES), exact_quotes(plain, PRICES)
        assert table.bid_depth == pytest.approx(reference.bid_depth + 0.2)
        closed = glft_depths(
            2.0, 2.0, 140.0, 1.5, 0.1, 0.1, 1.0, 0.0, change.get("fee", 0.0), change.get("jump", 0.0)
        )
        premium, skew = glft_coefficients(2.0, 140.0, 1.5, 0.1, 0.1, 1.0)
        assert closed[0] == pytest.approx(premium + 0.2 + 2.5 * skew * math.exp(1.5 * 0.2 / 2))


def test_drift_moves_both_quotes_the_same_way() -> None:
    flat = glft_depths(1.0, 0.3, 0.9, 0.3, 0.01, 0.01, 1.0, 0.0, 0.0, 0.0)
    up = glft_depths(1.0, 0.3, 0.9, 0.3, 0.01, 0.01, 1.0, 0.0009, 0.0, 0.0)
    skew = glft_coefficients(0.3, 0.9, 0.3, 0.01, 0.01, 1.0)[1]

    assert (flat[0] - skew, flat[1] + skew) == pytest.approx(
        up
    )  # 0.0009 / (0.01 * 0.09) = 1 unit of inventory
    drifting = MarketModel.symmetric(Unit.TICK, sigma=0.3, rate=0.9, decay=0.3, drift=0.0009)
    assert exact_quotes(drifting, TICKS).at(0)[0] == pytest.approx(3.313045 - skew, abs=2e-3)


def test_cartea_jaimungal_is_glft_without_fill_aversion() -> None:
    """φ = γσ²/2, ξ = 0; and the book's own matrix ω = e^(Aτ) z."""
    phi, alpha, tau, most = 0.004, 0.02, 30.0, 6
    table = cartea_jaimungal(
        GLFT_MODEL,
        running_penalty=phi,
        terminal_penalty=alpha,
        tau=tau,
        max_inventory=most,
        market_order_impact=0.5,
    )
    q = np.arange(-most, most + 1)
    k, rate = 0.3, 0.9
    matrix = np.diag(-phi * k * q**2.0) + rate / math.e * (np.eye(13, k=1) + np.eye(13, k=-1))
    values, vectors = np.linalg.eigh(matrix)
    omega = vectors @ (np.exp(values * tau) * (vectors.T @ np.exp(-alpha * k * q**2.0)))
    h = np.log(omega) / k

    assert table.value == pytest.approx(h, abs=1e-9)
    assert table.bid_depth[:-1] == pytest.approx(1 / k + h[:-1] - h[1:] + 0.5)
    assert table.ask_depth[1:] == pytest.approx(1 / k + h[1:] - h[:-1] + 0.5)


def test_short_term_alpha() -> None:
    """The shift is the integral of the decaying drift; a kick at each market order."""
    t = (np.arange(10_000) + 0.5) * 2.0 / 10_000
    assert alpha_shift(0.3, 1.7, 2.0) == pytest.approx(float((0.3 * np.exp(-1.7 * t)).mean()) * 2.0, rel=1e-7)
    assert 0.6 == alpha_shift(0.3, 0.0, 2.0)
    assert alpha_step(0.3, 1.7, 0.5, 2.0, 1.0, 0.05) == pytest.approx(0.3 * math.exp(-0.85) + 0.05)


def test_exact_quotes_refuse_what_they_cannot_serve() -> None:
    with pytest.raises(ConfigError, match="one unit"):
        exact_quotes(MODEL, TICKS)
    with pytest.raises(ConfigError, match="horizon"):
        exact_quotes(MODEL, PRICES, terminal_penalty=1.0)
    with pytest.raises(ConfigError, match="leave some fills"):
        exact_quotes(MarketModel.symmetric(Unit.PRICE, sigma=2.0, rate=140.0, decay=1.5, fee=1e4), PRICES)
    with pytest.raises(ConfigError, match="tau"):
        exact_quotes(MODEL, PRICES, tau=-1.0)


@pytest.mark.parametrize("gamma", [1e-9, 1e-3, 10.0, 1e4])
@pytest.mark.parametrize("decays", [(1.5, 1.5), (0.2, 9.0)])
def test_any_aversion_has_finite_quotes(gamma: float, decays: tuple[float, float]) -> None:
    """From no fear to absurd fear: finite depths, rising with inventory on the bid and falling on the ask."""
    model = MarketModel(
        unit=Unit.PRICE, sigma=2.0, bid_rate=140.0, bid_decay=decays[0], ask_rate=3.0, ask_decay=decays[1]
    )
    table = exact_quotes(model, Risk(unit=Unit.PRICE, gamma=gamma, max_inventory=20))

    assert np.isfinite(table.bid_depth[:-1]).all()
    assert np.isfinite(table.ask_depth[1:]).all()
    assert (np.diff(table.bid_depth[:-1]) > -1e-9).all()
    assert (np.diff(table.ask_depth[1:]) < 1e-9).all()
