"""Exact solutions of the market maker's equation on the inventory's grid, compiled.

θ(q) is what the inventory q is worth beyond its value at the mid. With p_bid = (θ(q) - θ(q + Δ)) / Δ,
p_ask = (θ(q) - θ(q - Δ)) / Δ and H_s(p) = (A_s C_s / k_s) e^(-k_s p), it solves

    -dθ/dt = -γσ²q²/2 + μq + Δ (H_bid(p_bid) + H_ask(p_ask)),    |q| <= q_max

(Guéant 2017, eq. 3.2, for two different sides). Costs are in the rates by now: `after_cost`. Kernels trust.
"""

import math

import numpy as np

from truefill.core.jit import entry, helper

# Rows of a problem's numbers, float64.
RISK, DRIFT, ORDER_SIZE, BID_PULL, BID_DECAY, ASK_PULL, ASK_DECAY = 0, 1, 2, 3, 4, 5, 6

_ROUNDS = 2000
_LARGEST = 700.0  # exponent that float64 still holds
_CALM = 2.0  # no quote moves further than this many 1/k in one round: e^2 in its rate


@helper
def slopes(theta, problem, q, i, rates):  # type: ignore[no-untyped-def]
    """Fill rates (times C) of bid and ask at node i into `rates`; returns the right hand side there."""
    size = problem[ORDER_SIZE]
    value = problem[DRIFT] * q - 0.5 * problem[RISK] * q * q
    rates[0] = rates[1] = 0.0
    if i + 1 < len(theta):
        p = (theta[i] - theta[i + 1]) / size
        rates[0] = problem[BID_PULL] * math.exp(min(_LARGEST, -problem[BID_DECAY] * p))
        value += size * rates[0] / problem[BID_DECAY]
    if i > 0:
        p = (theta[i] - theta[i - 1]) / size
        rates[1] = problem[ASK_PULL] * math.exp(min(_LARGEST, -problem[ASK_DECAY] * p))
        value += size * rates[1] / problem[ASK_DECAY]
    return value


@entry
def solve_steady(problem, theta):  # type: ignore[no-untyped-def]
    """Solve the equation without a horizon, in place, by Newton's method (which is policy iteration).

    Each round solves for the value of the policy at hand: the inventory is a birth-death chain, so that its
    steady law gives the growth rate, and differences of the value follow by recurrence, from both ends
    towards the likeliest inventory, the direction in which that is stable. No matrix.

    Parameters
    ----------
    problem : ndarray
        float64[7]: γσ² (unit / (quantity s)), drift (unit / s), Δ, A_bid C_bid (1 / s), k_bid (1 / unit),
        A_ask C_ask, k_ask.
    theta : ndarray
        float64[2n + 1]: a guess, from -q_max to q_max, unit * quantity; becomes the solution, 0 at q = 0.

    Returns
    -------
    tuple of (float, float)
        Growth of the certainty equivalent, unit * quantity / s; largest move of a quote in the last round,
        in 1/k (not small: it has not converged).
    """
    count = len(theta)
    middle = count // 2
    size = problem[ORDER_SIZE]
    calm = _CALM / max(problem[BID_DECAY], problem[ASK_DECAY])
    up = np.empty(count)
    down = np.empty(count)
    right = np.empty(count)
    law = np.empty(count)
    step = np.empty(count)  # step[i] = change of theta[i + 1] - theta[i]
    rates = np.empty(2)
    growth = 0.0
    moved = math.inf
    for _ in range(_ROUNDS):
        for i in range(count):
            right[i] = slopes(theta, problem, (i - middle) * size, i, rates)
            # What the right hand side does with the neighbours' value: rates of a chain.
            up[i] = rates[0]
            down[i] = rates[1]
        mode = 0
        law[0] = 0.0  # in logarithms, because it spans more than a float does
        pulls = math.log(problem[BID_PULL]) - math.log(problem[ASK_PULL])
        for i in range(1, count):
            rise = (theta[i] - theta[i - 1]) / size * (problem[BID_DECAY] + problem[ASK_DECAY])
            law[i] = law[i - 1] + pulls + rise
            if law[i] > law[mode]:
                mode = i
        total = 0.0
        growth = 0.0
        for i in range(count):
            weight = math.exp(law[i] - law[mode])
            total += weight
            growth += weight * right[i]
        growth /= total
        for i in range(mode):
            before = down[i] * step[i - 1] if i > 0 else 0.0
            step[i] = (growth - right[i] + before) / up[i]
        for i in range(count - 1, mode, -1):
            after = up[i] * step[i] if i + 1 < count else 0.0
            step[i - 1] = (after - growth + right[i]) / down[i]
        worst = 0.0
        for i in range(count - 1):
            worst = max(worst, abs(step[i]))
        if not worst < math.inf:
            return growth, math.inf
        shift = 0.0
        for i in range(middle, count - 1):
            shift += min(calm * size, max(-calm * size, step[i]))
            theta[i + 1] += shift
        shift = 0.0
        for i in range(middle - 1, -1, -1):
            shift -= min(calm * size, max(-calm * size, step[i]))
            theta[i] += shift
        last = moved
        moved = worst / size * max(problem[BID_DECAY], problem[ASK_DECAY])
        # Past 1e-9 Newton's next round is at the rounding floor; stop where it moves no closer.
        if moved < 1.0e-13 or (moved < 1.0e-9 and moved >= last):
            break
    return growth, moved


@helper
def _change(theta, problem, out, rates):  # type: ignore[no-untyped-def]
    middle = len(theta) // 2
    for i in range(len(theta)):
        out[i] = slopes(theta, problem, (i - middle) * problem[ORDER_SIZE], i, rates)


@entry
def solve_horizon(problem, theta, tau, tolerance, largest_steps):  # type: ignore[no-untyped-def]
    """Carry θ from the horizon back by `tau`, in place: Dormand and Prince's 5(4) pair, steps by error.

    Parameters
    ----------
    problem, theta : ndarray
        As `solve_steady` takes them; `theta` at the horizon.
    tau : float
        Seconds.
    tolerance : float
        Error a step that is allowed, in 1/k of a quote.
    largest_steps : int
        Give up after so many.

    Returns
    -------
    int
        Steps that were tried; more than `largest_steps` when it gave up.
    """
    count = len(theta)
    k = np.empty((7, count))
    trial = np.empty(count)
    rates = np.empty(2)
    size = problem[ORDER_SIZE]
    scale = size / max(problem[BID_DECAY], problem[ASK_DECAY]) * tolerance
    pull = max(problem[BID_PULL] * problem[BID_DECAY], problem[ASK_PULL] * problem[ASK_DECAY])
    h = min(tau, 0.01 / pull)
    left = tau
    tried = 0
    _change(theta, problem, k[0], rates)
    while left > 0.0:
        tried += 1
        if tried > largest_steps:
            return tried
        h = min(h, left)
        for i in range(count):
            trial[i] = theta[i] + h * 0.2 * k[0, i]
        _change(trial, problem, k[1], rates)
        for i in range(count):
            trial[i] = theta[i] + h * (3.0 / 40.0 * k[0, i] + 9.0 / 40.0 * k[1, i])
        _change(trial, problem, k[2], rates)
        for i in range(count):
            trial[i] = theta[i] + h * (44.0 / 45.0 * k[0, i] - 56.0 / 15.0 * k[1, i] + 32.0 / 9.0 * k[2, i])
        _change(trial, problem, k[3], rates)
        for i in range(count):
            trial[i] = theta[i] + h * (
                19372.0 / 6561.0 * k[0, i]
                - 25360.0 / 2187.0 * k[1, i]
                + 64448.0 / 6561.0 * k[2, i]
                - 212.0 / 729.0 * k[3, i]
            )
        _change(trial, problem, k[4], rates)
        for i in range(count):
            trial[i] = theta[i] + h * (
                9017.0 / 3168.0 * k[0, i]
                - 355.0 / 33.0 * k[1, i]
                + 46732.0 / 5247.0 * k[2, i]
                + 49.0 / 176.0 * k[3, i]
                - 5103.0 / 18656.0 * k[4, i]
            )
        _change(trial, problem, k[5], rates)
        for i in range(count):
            trial[i] = theta[i] + h * (
                35.0 / 384.0 * k[0, i]
                + 500.0 / 1113.0 * k[2, i]
                + 125.0 / 192.0 * k[3, i]
                - 2187.0 / 6784.0 * k[4, i]
                + 11.0 / 84.0 * k[5, i]
            )
        _change(trial, problem, k[6], rates)
        error = 0.0
        for i in range(count):
            off = h * (
                71.0 / 57600.0 * k[0, i]
                - 71.0 / 16695.0 * k[2, i]
                + 71.0 / 1920.0 * k[3, i]
                - 17253.0 / 339200.0 * k[4, i]
                + 22.0 / 525.0 * k[5, i]
                - 1.0 / 40.0 * k[6, i]
            )
            if not abs(off) <= error:  # a value that is no number fails, too
                error = abs(off)
        if error <= scale:
            left -= h
            for i in range(count):
                theta[i] = trial[i]
                k[0, i] = k[6, i]
        if error < math.inf:
            h *= min(5.0, max(0.2, 0.9 * (scale / max(error, 1.0e-300)) ** 0.2))
        else:
            h *= 0.1
    return tried


@entry
def steady_law(bid_rates, ask_rates, law):  # type: ignore[no-untyped-def]
    """Law of the inventory in the long run, from the fill rates at each inventory, into `law` (sums to 1)."""
    law[0] = 0.0
    largest = 0.0
    for i in range(1, len(law)):
        law[i] = law[i - 1] + math.log(bid_rates[i - 1]) - math.log(ask_rates[i])
        largest = max(largest, law[i])
    total = 0.0
    for i in range(len(law)):
        law[i] = math.exp(law[i] - largest)
        total += law[i]
    for i in range(len(law)):
        law[i] /= total
