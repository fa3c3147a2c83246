"""Events of a stream as claims about levels: what `fuse_kernels` works on."""

from typing import NamedTuple

import numpy as np

from truefill.core.decimals import float_decimals
from truefill.core.errors import DataError, TapeError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH,
    DEPTH_BBO,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    FILL,
    GAP_BEGIN,
    KIND_MASK,
    NO_TIME,
    SELL,
    TICKER_ASK,
    TICKER_BID,
)
from truefill.core.l2book import ASK, BID
from truefill.tape.decimal_events import float_values
from truefill.tape.faults import number_text
from truefill.tape.fuse_kernels import BEST, CLAIM, CLEAR, LEVEL, LOST, SNAPSHOT
from truefill.tape.fuse_own import EVERYTHING

_LARGEST = 1 << 62


class Grid(NamedTuple):
    """A step and its power of ten."""

    mantissa: int
    exponent: int
    name: str  # "tick" or "lot"
    text: str


def claims_of(
    events: np.ndarray, stream: int, tick: Grid, lot: Grid, by_sequence: bool, number: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Claims of events, and which events they take the place of.

    Parameters
    ----------
    events : EVENT[] or DECIMAL_EVENT[]
    stream : int
        Of which stream they are.
    tick, lot : Grid
    by_sequence : bool
        The age of a claim is its event's `ival`, not its exchange time.
    number : int
        Running number of the first event, for errors.

    Returns
    -------
    claims : CLAIM[]
        In the order of the events; `src` is the index of the event.
    taken : bool[]
        Events that are nothing but claims. Tickers and gaps are not: they stay what they are beside.

    Raises
    ------
    DataError
        An event of single orders, a level without a side, a price or quantity that is none.
    TapeError
        A price off the tick, a quantity off the lot.
    """
    ev = events["ev"].astype(np.int64)
    kind = ev & KIND_MASK
    orders = (kind >= ADD_ORDER) & (kind <= FILL)
    if orders.any():
        at = int(np.argmax(orders))
        raise DataError(
            "streams of levels", f"kind {int(kind[at])}: a single order", _where(events, at, number)
        )
    clear = kind == DEPTH_CLEAR
    ticker = (kind == TICKER_BID) | (kind == TICKER_ASK)
    best = (kind == DEPTH_BBO) | ticker
    level = (kind == DEPTH) | (kind == DEPTH_SNAPSHOT)
    gap = kind == GAP_BEGIN
    buy = (ev & BUY != 0) | (kind == TICKER_BID)
    sell = (ev & SELL != 0) | (kind == TICKER_ASK)
    one_side = buy != sell
    wrong = ((level | best) & ~one_side) | (clear & buy & sell)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataError("one side, BUY or SELL", f"ev {int(ev[at]):#x}", _where(events, at, number))
    ages = events["ival" if by_sequence else "exch_ts"]
    bad = (level | best | clear) & ((ages < 0) | (ages >= NO_TIME))
    if bad.any():
        at = int(np.argmax(bad))
        what = "a sequence number (ival)" if by_sequence else "an exchange time"
        raise DataError(f"{what} from 0 on", int(ages[at]), _where(events, at, number))
    both = clear & ~one_side
    # A clear of both sides is two claims, the bids' first.
    src = np.repeat(np.arange(len(events)), np.where(both, 2, (level | best | clear | gap).astype(np.int64)))
    claims = np.zeros(len(src), CLAIM)
    second = np.zeros(len(src), bool)
    second[1:] = src[1:] == src[:-1]
    claims["src"] = src
    claims["stream"] = stream
    claims["key"] = ages[src]
    claims["ts"] = events["exch_ts"][src]
    claims["side"] = np.where(sell[src] | second, ASK, BID)
    claims["what"] = np.select(
        [clear[src], best[src], gap[src], kind[src] == DEPTH_SNAPSHOT], [CLEAR, BEST, LOST, SNAPSHOT], LEVEL
    )
    px, qty = float_values(events[src], "px"), float_values(events[src], "qty")
    priced = np.isfinite(px) & np.where(clear[src] | best[src], px > 0, True)
    priced &= ~both[src]
    claims["tick"] = EVERYTHING
    counted = level[src] | (best[src] & priced)
    for name, values, wanted in (("px", px, level[src]), ("qty", qty, counted)):
        bad = wanted & ~np.isfinite(values)
        if name == "qty":
            bad |= wanted & (values < 0)
        if bad.any():
            at = int(np.argmax(bad))
            expected = "a finite px" if name == "px" else "a finite qty of 0 or more"
            raise DataError(expected, float(values[at]), _where(events, int(src[at]), number))
    claims["tick"][counted] = _counts(events, src[counted], "px", tick, number)
    claims["lots"][counted] = _counts(events, src[counted], "qty", lot, number)
    partial = clear[src] & priced
    claims["tick"][partial] = _clear_ticks(events, src[partial], claims["side"][partial], tick, number)
    return claims, (level | best | clear) & ~ticker


def _where(events: np.ndarray, at: int, number: int) -> str:
    return f"event {number + at} at local time {int(events['local_ts'][at])}"


def _decimals(events: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    if events.dtype == EVENT:
        return float_decimals(events[name])
    return events[name].copy(), events[f"{name}_exp"].copy()


def _common(
    events: np.ndarray, src: np.ndarray, name: str, grid: Grid, number: int
) -> tuple[np.ndarray, int]:
    """Numbers of chosen events, and the step, as integers of one unit."""
    mantissa, exponent = _decimals(events[src], name)
    exponent = np.where(mantissa == 0, grid.exponent, exponent).astype(np.int64)
    unit = min(int(exponent.min(initial=grid.exponent)), grid.exponent)
    power = exponent - unit
    too_fine = grid.exponent - unit > 18 or grid.mantissa * 10 ** (grid.exponent - unit) >= _LARGEST
    large = (power > 18) | (np.abs(mantissa) >= _LARGEST // 10.0 ** np.minimum(power, 18))
    if too_fine or large.any():
        at = int(src[np.argmax(large) if large.any() else np.argmin(exponent)])
        raise TapeError(_wanted(name, grid), number_text(events[at], name), _where(events, at, number))
    return mantissa * 10**power, grid.mantissa * 10 ** (grid.exponent - unit)


def _wanted(name: str, grid: Grid) -> str:
    what = "a price on the tick" if name == "px" else "a quantity on the lot"
    return f"{what} {grid.text}"


def _counts(events: np.ndarray, src: np.ndarray, name: str, grid: Grid, number: int) -> np.ndarray:
    """Whole ticks or lots of chosen events."""
    if not len(src):
        return np.empty(0, np.int64)
    units, step = _common(events, src, name, grid, number)
    off = units % step != 0
    if off.any():
        at = int(src[np.argmax(off)])
        raise TapeError(_wanted(name, grid), number_text(events[at], name), _where(events, at, number))
    return np.asarray(units // step)


def _clear_ticks(
    events: np.ndarray, src: np.ndarray, side: np.ndarray, grid: Grid, number: int
) -> np.ndarray:
    """Last tick that a clear reaches: its price need not be on the tick."""
    if not len(src):
        return np.empty(0, np.int64)
    units, step = _common(events, src, "px", grid, number)
    return np.where(side == BID, -((-units) // step), units // step)


def message_ends(claims: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Where each message ends in claims of `events`: rows of one stream with the same two times, int64[]."""
    new = np.zeros(len(claims), bool)
    for values in (claims["stream"], claims["ts"], events["local_ts"][claims["src"]]):
        new[1:] |= values[1:] != values[:-1]
    return np.append(np.flatnonzero(new), len(claims)) if len(claims) else np.empty(0, np.int64)
