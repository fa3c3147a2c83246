"""Events onto the instrument's grid, as HftBacktest reads them: prices by the tick, quantities by the lot.

HftBacktest takes ``round(px / tick_size)`` for the price of every row and keeps quantities as they are,
where a level below half a lot is none. A tape counts whole steps of both. Here prices go to their ticks by
the same rounding, and quantities to the lot, or to a lot that is 10, 100, ... 10**6 times finer where the
data is finer than the lot that was given.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from truefill.core import events as ev
from truefill.core.decimals import step_decimal
from truefill.core.errors import DataError

CHUNK_ROWS = 1 << 20
MOST_DIGITS = 6  # decimals that quantities may have beyond the lot's
FEED_ONLY = 99  # kind of a row that reaches the strategy's feed and no book: outside a range of interest
_DEPTH_KINDS = (ev.DEPTH, ev.DEPTH_SNAPSHOT)
_PRICED_KINDS = (*_DEPTH_KINDS, ev.TRADE, ev.ADD_ORDER, ev.CANCEL_ORDER, ev.MODIFY_ORDER, ev.FILL)
_NEAR = 1e-6  # of a step: float noise
_WHOLE_FLOAT = 2.0**53


class FinerError(Exception):
    """Quantities have more decimals than was thought."""

    def __init__(self, digits: int) -> None:
        super().__init__(digits)
        self.digits = digits


@dataclass(frozen=True)
class Grid:
    """How rows become rows of a tape.

    Parameters
    ----------
    tick_size, lot_size : float
    digits : int
        Decimals that quantities keep beyond the lot's.
    latency_offset : int
        Added to all local times, ns.
    roi : (int, int), optional
        First and last tick of the dense book; depth outside of it reaches no book.
    """

    tick_size: float
    lot_size: float
    digits: int = 0
    latency_offset: int = 0
    roi: tuple[int, int] | None = None

    @property
    def step(self) -> tuple[int, int]:
        """Lot size of the tape as mantissa and exponent."""
        mantissa, exponent = step_decimal(self.lot_size, "lot_size")
        return mantissa, exponent - self.digits

    def place(self, rows: np.ndarray) -> np.ndarray:
        """A copy of EVENT rows on the grid.

        Raises
        ------
        FinerError
            Quantities need more digits.
        DataError
            With the latency offset a row arrives before it happened.
        """
        rows = rows.copy()
        if self.latency_offset:
            self._move(rows)
        kind = rows["ev"] & np.uint64(ev.KIND_MASK)
        depth = np.isin(kind, _DEPTH_KINDS)
        priced = np.isin(kind, _PRICED_KINDS)
        # a clear up to 0, or to no number, clears all
        clear = (kind == ev.DEPTH_CLEAR) & np.isfinite(rows["px"]) & (rows["px"] != 0.0)
        ticks = self._prices(rows, priced | clear)
        self._quantities(rows, priced, depth)
        if self.roi is not None:
            low, high = self.roi
            outside = depth & ((ticks < low) | (ticks > high))
            rows["ev"][outside] = (rows["ev"][outside] & ~np.uint64(ev.KIND_MASK)) | np.uint64(FEED_ONLY)
        return rows

    def _move(self, rows: np.ndarray) -> None:
        rows["local_ts"] += self.latency_offset
        early = rows["local_ts"] <= rows["exch_ts"]
        if early.any():
            at = int(np.argmax(early))
            wanted = "local times after the exchange's, with the latency offset"
            got = f"{rows['local_ts'][at]} after {rows['exch_ts'][at]}"
            raise DataError(wanted, got, f"row {at}, latency_offset {self.latency_offset}")

    def _prices(self, rows: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Round the prices of the chosen rows; the tick of every row (0 where it has none)."""
        mantissa, exponent = step_decimal(self.tick_size, "tick_size")
        ticks = np.zeros(len(rows))
        px = rows["px"][chosen]
        rounded = round_half_away(px / self.tick_size)
        usable = np.abs(rounded) * mantissa < _WHOLE_FLOAT  # what is not, the builder refuses by name
        rows["px"][chosen] = np.where(usable, nearest(rounded, mantissa, exponent), px)
        ticks[chosen] = rounded
        return ticks

    def _quantities(self, rows: np.ndarray, priced: np.ndarray, depth: np.ndarray) -> None:
        lots = rows["qty"] / self.lot_size
        if self.roi is None:  # the dense book keeps dust, the other deletes the level
            rows["qty"][depth & (lots > 0) & (round_half_away(lots) == 0)] = 0.0
        qty = rows["qty"][priced]
        usable = np.isfinite(qty)
        for digits in range(self.digits, MOST_DIGITS + 1):
            mantissa, exponent = step_decimal(self.lot_size, "lot_size")
            exponent -= digits
            count = qty / nearest(np.ones(1), mantissa, exponent)[0]
            whole = round_half_away(count)
            near = np.abs(count - whole) <= _NEAR + np.abs(count) * 1e-12
            if digits == MOST_DIGITS or near[usable].all():
                break
        if digits != self.digits:
            raise FinerError(digits)
        usable &= np.abs(whole) * mantissa < _WHOLE_FLOAT
        rows["qty"][priced] = np.where(usable, nearest(whole, mantissa, exponent), qty)


def round_half_away(values: np.ndarray) -> np.ndarray:
    """Nearest whole numbers, halves away from zero: what Rust's ``f64::round`` does."""
    whole = np.trunc(values)
    return np.asarray(whole + np.sign(values) * (np.abs(values - whole) >= 0.5))


def nearest(counts: np.ndarray, mantissa: int, exponent: int) -> np.ndarray:
    """The floats nearest to ``counts * mantissa * 10 ** exponent``, so that their text is on the grid."""
    whole = counts * mantissa
    power = 10.0 ** abs(exponent)
    return np.asarray(whole / power if exponent < 0 else whole * power)


def in_chunks(arrays: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Parts of arrays, none longer than CHUNK_ROWS."""
    for rows in arrays:
        for start in range(0, len(rows), CHUNK_ROWS):
            yield rows[start : start + CHUNK_ROWS]
