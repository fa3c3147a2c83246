"""Signals of the book and of trades, compiled: one step for a strategy, the same over arrays for research.

Where a side is empty or nothing has traded, a signal is 0 or the mid, never NaN.
"""

import math

import numpy as np

from truefill.core.jit import entry, helper


@helper
def imbalance(bid_qty, ask_qty):  # type: ignore[no-untyped-def]
    """(bid - ask) / (bid + ask), -1 to 1; 0 where there is neither.

    Of the best prices, or of sums over levels: the static order-book imbalance.
    """
    total = bid_qty + ask_qty
    return (bid_qty - ask_qty) / total if total > 0.0 else 0.0


@helper
def depth_imbalance(bid_qtys, ask_qtys, decay):  # type: ignore[no-untyped-def]
    """Imbalance over levels, best first, that count e^(-decay * level): all alike at 0.

    Parameters
    ----------
    bid_qtys, ask_qtys : ndarray
        float64[n], float64[m].
    decay : float
        Per level.

    Returns
    -------
    float
        -1 to 1.
    """
    bids = asks = 0.0
    for i in range(len(bid_qtys)):
        bids += bid_qtys[i] * math.exp(-decay * i)
    for i in range(len(ask_qtys)):
        asks += ask_qtys[i] * math.exp(-decay * i)
    return imbalance(bids, asks)


@helper
def weighted_mid(bid, ask, bid_qty, ask_qty):  # type: ignore[no-untyped-def]
    """Best prices weighted with the other side's quantity: bid (1 - I) + ask I, I = bid_qty / (bid_qty +
    ask_qty).
    """
    total = bid_qty + ask_qty
    if not total > 0.0:
        return 0.5 * (bid + ask)
    return (bid * ask_qty + ask * bid_qty) / total


@helper
def vamp(bids, bid_qtys, asks, ask_qtys):  # type: ignore[no-untyped-def]
    """Volume-adjusted mid over levels: Σ (P_bid Q_ask + P_ask Q_bid) / Σ (Q_bid + Q_ask), level by level.

    Parameters
    ----------
    bids, bid_qtys, asks, ask_qtys : ndarray
        float64[n] each, best first, one level at least.

    Returns
    -------
    float
        Price; the mid where there is no quantity.
    """
    above = below = 0.0
    for i in range(min(len(bids), len(asks))):
        above += bids[i] * ask_qtys[i] + asks[i] * bid_qtys[i]
        below += bid_qtys[i] + ask_qtys[i]
    return above / below if below > 0.0 else 0.5 * (bids[0] + asks[0])


@helper
def order_flow(bid, bid_qty, ask, ask_qty, last_bid, last_bid_qty, last_ask, last_ask_qty):  # type: ignore[no-untyped-def]
    """Order-flow imbalance of one change of the best prices (Cont, Kukanov, Stoikov, JFEC 12(1)), in
    quantity.

    1{P_b >= P_b'} q_b - 1{P_b <= P_b'} q_b' - 1{P_a <= P_a'} q_a + 1{P_a >= P_a'} q_a', primes for before.
    """
    flow = 0.0
    if bid >= last_bid:
        flow += bid_qty
    if bid <= last_bid:
        flow -= last_bid_qty
    if ask <= last_ask:
        flow -= ask_qty
    if ask >= last_ask:
        flow += last_ask_qty
    return flow


# Words of a trade flow's state.
_FLOW_TIME, _FLOW_BUYS, _FLOW_SELLS = 0, 1, 2
FLOW_WORDS = 3


@helper
def trade_flow_step(state, ts, side, qty, half_life):  # type: ignore[no-untyped-def]
    """Trade-flow imbalance after one trade: bought less sold over both, older trades fading.

    Parameters
    ----------
    state : ndarray
        float64[FLOW_WORDS] of zeros to begin with; changed.
    ts : float
        s, from any beginning, not decreasing.
    side : int
        Of the taker, +1 or -1.
    qty : float
    half_life : float
        s.

    Returns
    -------
    float
        -1 to 1.
    """
    fade = math.exp(-math.log(2.0) * (ts - state[_FLOW_TIME]) / half_life)
    state[_FLOW_TIME] = ts
    state[_FLOW_BUYS] *= fade
    state[_FLOW_SELLS] *= fade
    if side > 0:
        state[_FLOW_BUYS] += qty
    else:
        state[_FLOW_SELLS] += qty
    return imbalance(state[_FLOW_BUYS], state[_FLOW_SELLS])


# Words of a standardiser's state; the window's values follow.
_Z_COUNT, _Z_NEXT, _Z_MEAN, _Z_SQUARES, _Z_RING = 0, 1, 2, 3, 4


def standardiser(window: int) -> np.ndarray:
    """State of a rolling z-score over the last `window` values (2 or more), for `standardise`."""
    return np.zeros(_Z_RING + max(2, window))


@helper
def standardise(state, value):  # type: ignore[no-untyped-def]
    """How many standard deviations a value is from the mean of the last ones, itself included.

    Parameters
    ----------
    state : ndarray
        From `standardiser`; changed.
    value : float

    Returns
    -------
    float
        0 while there are fewer than two values, or all are alike.
    """
    window = len(state) - _Z_RING
    place = _Z_RING + int(state[_Z_NEXT])
    state[_Z_NEXT] = (state[_Z_NEXT] + 1.0) % window
    before = state[_Z_MEAN]
    if state[_Z_COUNT] < window:
        state[_Z_COUNT] += 1.0
        state[_Z_MEAN] += (value - before) / state[_Z_COUNT]
        state[_Z_SQUARES] += (value - before) * (value - state[_Z_MEAN])
    else:
        old = state[place]
        state[_Z_MEAN] += (value - old) / window
        state[_Z_SQUARES] += (value - old) * (value - state[_Z_MEAN] + old - before)
    state[place] = value
    if state[_Z_NEXT] == 0.0:
        # Once a round anew: differences of what went in and out would gather rounding without end.
        count = int(state[_Z_COUNT])
        mean = 0.0
        for i in range(count):
            mean += state[_Z_RING + i] / count
        squares = 0.0
        for i in range(count):
            squares += (state[_Z_RING + i] - mean) ** 2
        state[_Z_MEAN] = mean
        state[_Z_SQUARES] = squares
    deviation = math.sqrt(max(0.0, state[_Z_SQUARES]) / state[_Z_COUNT])
    apart = value - state[_Z_MEAN]
    return apart / deviation if deviation > 1.0e-12 * (abs(state[_Z_MEAN]) + abs(value)) else 0.0


# Words of VPIN's state; |bought - sold| of the last full buckets follow.
_V_SIZE, _V_BUYS, _V_SELLS, _V_COUNT, _V_NEXT, _V_RING = 0, 1, 2, 3, 4, 5


def vpin_state(bucket: float, buckets: int) -> np.ndarray:
    """State of VPIN over the last `buckets` buckets of `bucket` quantity each, for `vpin_step`."""
    state = np.zeros(_V_RING + max(1, buckets))
    state[_V_SIZE] = bucket
    return state


@helper
def vpin_step(state, side, qty):  # type: ignore[no-untyped-def]
    """VPIN after one trade: mean of |bought - sold| / bucket over the last full buckets of equal volume.

    Easley, López de Prado, O'Hara, Review of Financial Studies 25(5), with the taker's side as recorded
    instead of one guessed from prices. A trade that is too large for a bucket goes on in the next.

    Parameters
    ----------
    state : ndarray
        From `vpin_state`; changed.
    side : int
        Of the taker, +1 or -1.
    qty : float

    Returns
    -------
    float
        0 to 1; 0 until a bucket is full.
    """
    ring = len(state) - _V_RING
    size = state[_V_SIZE]
    while qty > 0.0:
        part = min(qty, size - state[_V_BUYS] - state[_V_SELLS])
        qty -= part
        if side > 0:
            state[_V_BUYS] += part
        else:
            state[_V_SELLS] += part
        # What float64 leaves of a bucket is none.
        if state[_V_BUYS] + state[_V_SELLS] >= size * (1.0 - 1.0e-12):
            state[_V_RING + int(state[_V_NEXT])] = abs(state[_V_BUYS] - state[_V_SELLS]) / size
            state[_V_NEXT] = (state[_V_NEXT] + 1.0) % ring
            state[_V_COUNT] = min(state[_V_COUNT] + 1.0, 1.0 * ring)
            state[_V_BUYS] = state[_V_SELLS] = 0.0
    count = int(state[_V_COUNT])
    total = 0.0
    for i in range(count):
        total += state[_V_RING + i]
    return total / count if count else 0.0


@entry
def order_flow_series(bid, bid_qty, ask, ask_qty):  # type: ignore[no-untyped-def]
    """`order_flow` of each row against the row before; 0 in the first. Arrays float64[n]."""
    out = np.zeros(len(bid))
    for i in range(1, len(bid)):
        j = i - 1
        out[i] = order_flow(bid[i], bid_qty[i], ask[i], ask_qty[i], bid[j], bid_qty[j], ask[j], ask_qty[j])
    return out


@entry
def trade_flow_series(ts, side, qty, half_life):  # type: ignore[no-untyped-def]
    """`trade_flow_step` after each trade; `ts` in s."""
    state = np.zeros(FLOW_WORDS)
    out = np.zeros(len(ts))
    for i in range(len(ts)):
        out[i] = trade_flow_step(state, ts[i], side[i], qty[i], half_life)
    return out


@entry
def standardise_series(state, values):  # type: ignore[no-untyped-def]
    """`standardise` of each value, with a state from `standardiser`."""
    out = np.zeros(len(values))
    for i in range(len(values)):
        out[i] = standardise(state, values[i])
    return out


@entry
def vpin_series(state, side, qty):  # type: ignore[no-untyped-def]
    """`vpin_step` after each trade, with a state from `vpin_state`."""
    out = np.zeros(len(side))
    for i in range(len(side)):
        out[i] = vpin_step(state, side[i], qty[i])
    return out
