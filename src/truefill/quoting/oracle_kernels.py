"""Moments of a policy's profit by dynamic programming, compiled: in steps, and in continuous time.

W(t, q) is the profit from t on: each fill gives its edge, the mid moves with the inventory held. Carried
back in time: E W^j for j up to 4, and ln E e^(-γW), in logarithms because at a far inventory it is beyond
any float. Carried forward: the law of the inventory, and the fills. Arrays over the
inventory have 2n + 1 nodes from -q_max to q_max. Kernels trust.
"""

import math

import numpy as np

from truefill.core.jit import entry, helper

MOMENTS = 5  # of order 0 to 4
_TERMS = 18  # of the exponential series, for steps no longer than one mean time between events


@helper
def _add_shifted(out, i, weight, source, k, g):  # type: ignore[no-untyped-def]
    """Add to row i of `out` the weighted moments E (g + W)^j, 1 to 4, W having those of row k of `source`."""
    zero, one, two, three = source[k, 0], source[k, 1], source[k, 2], source[k, 3]
    out[i, 1] += weight * (one + g * zero)
    out[i, 2] += weight * (two + g * (2.0 * one + g * zero))
    out[i, 3] += weight * (three + g * (3.0 * two + g * (3.0 * one + g * zero)))
    out[i, 4] += weight * (source[k, 4] + g * (4.0 * three + g * (6.0 * two + g * (4.0 * one + g * zero))))


@helper
def _centre(moments, centre, at):  # type: ignore[no-untyped-def]
    """Measure all profits from the mean at node `at`, so that high moments keep their digits."""
    shift = moments[at, 1]
    row = np.zeros((1, MOMENTS))
    for i in range(len(moments)):
        row[:] = 0.0
        _add_shifted(row, 0, 1.0, moments, i, -shift)
        for j in range(1, MOMENTS):
            moments[i, j] = row[0, j]
    return centre + shift


@entry
def carry_back_in_steps(
    bid_gain, ask_gain, bid_prob, ask_prob, both, price, growth, gamma, start, moments, disutility
):  # type: ignore[no-untyped-def]
    """Carry moments and utility back from the horizon, in place, fill first and move of the mid after.

    Parameters
    ----------
    bid_gain, ask_gain : ndarray
        float64[steps, nodes]: profit at a fill, adverse jump included.
    bid_prob, ask_prob : ndarray
        float64[steps, nodes]: independent of each other.
    both : float
        Profit that the jumps of two fills in one step take beyond the gains' own (see `oracle`).
    price : ndarray
        float64[nodes, 5]: moments of inventory times the mid's move in one step.
    growth : ndarray
        float64[nodes]: ln E e^(-γ inventory times move).
    gamma : float
        1 / profit.
    start : int
        Node that profits are measured from.
    moments : ndarray
        float64[nodes, 5], at the horizon (1, 0, 0, 0, 0).
    disutility : ndarray
        float64[nodes]: ln E e^(-γW), at the horizon 0.

    Returns
    -------
    float
        What to add to profits.
    """
    steps, nodes = bid_gain.shape
    after = np.empty((nodes, MOMENTS))
    worth = np.empty(nodes)
    centre = 0.0
    for k in range(steps - 1, -1, -1):
        for i in range(nodes):  # the mid moves with what is held after the fills
            p = price[i]
            m = moments[i]
            after[i, 0] = 1.0
            after[i, 1] = m[1] + p[1]
            after[i, 2] = m[2] + 2.0 * p[1] * m[1] + p[2]
            after[i, 3] = m[3] + 3.0 * p[1] * m[2] + 3.0 * p[2] * m[1] + p[3]
            after[i, 4] = m[4] + 4.0 * p[1] * m[3] + 6.0 * p[2] * m[2] + 4.0 * p[3] * m[1] + p[4]
            worth[i] = disutility[i] + growth[i]
        for i in range(nodes):
            buy, sell = bid_prob[k, i], ask_prob[k, i]
            gain, loss = bid_gain[k, i], ask_gain[k, i]
            neither = (1.0 - buy) * (1.0 - sell)
            two = buy * sell
            pair = gain + loss + both
            for j in range(1, MOMENTS):
                moments[i, j] = neither * after[i, j]
            _add_shifted(moments, i, two, after, i, pair)
            if buy > 0.0:
                _add_shifted(moments, i, buy * (1.0 - sell), after, i + 1, gain)
            if sell > 0.0:
                _add_shifted(moments, i, sell * (1.0 - buy), after, i - 1, loss)
            largest = worth[i]
            if buy > 0.0 and sell < 1.0:
                largest = max(largest, worth[i + 1] - gamma * gain)
            if sell > 0.0 and buy < 1.0:
                largest = max(largest, worth[i - 1] - gamma * loss)
            if two > 0.0:
                largest = max(largest, worth[i] - gamma * pair)
            value = neither * math.exp(worth[i] - largest)
            if buy > 0.0 and sell < 1.0:
                value += buy * (1.0 - sell) * math.exp(worth[i + 1] - gamma * gain - largest)
            if sell > 0.0 and buy < 1.0:
                value += sell * (1.0 - buy) * math.exp(worth[i - 1] - gamma * loss - largest)
            if two > 0.0:
                value += two * math.exp(worth[i] - gamma * pair - largest)
            disutility[i] = largest + math.log(value)
        centre = _centre(moments, centre, start)
    return centre


@entry
def carry_law_in_steps(bid_prob, ask_prob, law):  # type: ignore[no-untyped-def]
    """Carry the inventory's law forward through all steps, in place. Returns mean fills of bid and ask."""
    steps, nodes = bid_prob.shape
    after = np.empty(nodes)
    bids = asks = 0.0
    for k in range(steps):
        after[:] = 0.0
        for i in range(nodes):
            p = law[i]
            buy, sell = bid_prob[k, i], ask_prob[k, i]
            bids += p * buy
            asks += p * sell
            after[i] += p * ((1.0 - buy) * (1.0 - sell) + buy * sell)
            if buy > 0.0:
                after[i + 1] += p * buy * (1.0 - sell)
            if sell > 0.0:
                after[i - 1] += p * sell * (1.0 - buy)
        law[:] = after
    return bids, asks


@entry
def carry_back_in_time(  # type: ignore[no-untyped-def]
    bid_gain, ask_gain, bid_rate, ask_rate, dt, risk, drift, gamma, start, moments, disutility
):
    """Like `carry_back_in_steps`, with fills as Poisson events: within a step the policy stands still.

    The exponential of the linear equation, as a series, over parts that are no longer than one mean time
    between events.

    Parameters
    ----------
    bid_gain, ask_gain : ndarray
        float64[steps, nodes].
    bid_rate, ask_rate : ndarray
        float64[steps, nodes], 1 / s.
    dt : float
        s.
    risk, drift : ndarray
        float64[nodes]: variance, and mean, of inventory times the mid's move, a second.
    gamma, start, moments, disutility
        As there.

    Returns
    -------
    float
        What to add to profits; NaN when the utilities of neighbouring inventories are too far apart.
    """
    steps, nodes = bid_gain.shape
    centre = 0.0
    term = np.empty((nodes, MOMENTS))
    change = np.empty((nodes, MOMENTS))
    up = np.zeros(nodes)
    down = np.zeros(nodes)
    stay = np.zeros(nodes)
    worth = np.empty(nodes)  # relative to the beginning of the part, so that it stays near 1
    turn = np.empty(nodes)
    total = np.empty(nodes)
    for k in range(steps - 1, -1, -1):
        left = dt
        while left > 0.0:
            fastest = 0.0
            for i in range(nodes):
                buy, sell = bid_rate[k, i], ask_rate[k, i]
                if buy > 0.0:
                    up[i] = buy * math.exp(disutility[i + 1] - disutility[i] - gamma * bid_gain[k, i])
                if sell > 0.0:
                    down[i] = sell * math.exp(disutility[i - 1] - disutility[i] - gamma * ask_gain[k, i])
                stay[i] = 0.5 * gamma * gamma * risk[i] - gamma * drift[i] - buy - sell
                fastest = max(fastest, abs(stay[i]) + up[i] + down[i], buy + sell)
            if not fastest < math.inf:
                return math.nan
            h = min(left, 1.0 / fastest) if fastest > 0.0 else left
            left -= h
            term[:] = moments
            worth[:] = 1.0
            total[:] = 1.0
            for n in range(1, _TERMS):
                for i in range(nodes):
                    buy, sell = bid_rate[k, i], ask_rate[k, i]
                    share = h / n
                    change[i, 0] = 0.0
                    for j in range(1, MOMENTS):
                        value = j * drift[i] * term[i, j - 1] - (buy + sell) * term[i, j]
                        if j > 1:
                            value += 0.5 * j * (j - 1) * risk[i] * term[i, j - 2]
                        change[i, j] = value * share
                    if buy > 0.0:
                        _add_shifted(change, i, buy * share, term, i + 1, bid_gain[k, i])
                    if sell > 0.0:
                        _add_shifted(change, i, sell * share, term, i - 1, ask_gain[k, i])
                    value = stay[i] * worth[i]
                    if buy > 0.0:
                        value += up[i] * worth[i + 1]
                    if sell > 0.0:
                        value += down[i] * worth[i - 1]
                    turn[i] = value * share
                for i in range(nodes):
                    for j in range(MOMENTS):
                        term[i, j] = change[i, j]
                        moments[i, j] += change[i, j]
                    worth[i] = turn[i]
                    total[i] += turn[i]
            for i in range(nodes):
                disutility[i] += math.log(total[i])
        centre = _centre(moments, centre, start)
    return centre


@entry
def carry_law_in_time(bid_rate, ask_rate, dt, law):  # type: ignore[no-untyped-def]
    """Like `carry_law_in_steps`, with fills as Poisson events."""
    steps, nodes = bid_rate.shape
    bids = asks = 0.0
    term = np.empty(nodes)
    change = np.empty(nodes)
    whole = np.empty(nodes)  # integral of the law over a part
    for k in range(steps):
        fastest = 0.0
        for i in range(nodes):
            fastest = max(fastest, bid_rate[k, i] + ask_rate[k, i])
        parts = math.ceil(max(1.0, fastest * dt))
        h = dt / parts
        for _ in range(parts):
            term[:] = law
            whole[:] = law
            for n in range(1, _TERMS):
                for i in range(nodes):
                    value = -(bid_rate[k, i] + ask_rate[k, i]) * term[i]
                    if i > 0:
                        value += bid_rate[k, i - 1] * term[i - 1]
                    if i + 1 < nodes:
                        value += ask_rate[k, i + 1] * term[i + 1]
                    change[i] = value * h / n
                for i in range(nodes):
                    term[i] = change[i]
                    law[i] += change[i]
                    whole[i] += change[i] / (n + 1)
            for i in range(nodes):
                bids += bid_rate[k, i] * whole[i] * h
                asks += ask_rate[k, i] * whole[i] * h
    return bids, asks
