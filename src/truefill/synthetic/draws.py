"""Random numbers for a generator, drawn ahead in blocks from a seed of its own.

Compiled kernels get arrays and no generator: so the same seed gives the same bytes compiled and
interpreted, whatever the batch size. The stream is PCG64's raw output, which NumPy promises not to change
(its distributions it does not), turned into numbers by the formulas below.
"""

import numpy as np
from numpy.typing import NDArray

GAP, KIND, PLACE, SIZE, LATENCY = 0, 1, 2, 3, 4
COLUMNS = 5
_RAW = 6  # 64-bit words a row uses


class Draws:
    """Rows of independent random numbers, one row an event.

    Parameters
    ----------
    seed : int
        The same seed gives the same rows.
    mean_size : int
        Mean of column SIZE, in lots.
    fixed_size : bool
        True: SIZE is `mean_size` in each row. False: geometric, at least 1.
    latency_ns : float
        Median of column LATENCY, in nanoseconds.
    latency_spread : float
        Standard deviation of its logarithm.
    """

    def __init__(
        self, seed: int, mean_size: int, fixed_size: bool, latency_ns: float, latency_spread: float
    ) -> None:
        self._bits = np.random.PCG64(seed)
        self._mean_size = mean_size
        self._fixed = fixed_size or mean_size == 1
        self._latency_ns = latency_ns
        self._latency_spread = latency_spread

    @property
    def largest_size(self) -> int:
        """No drawn size is larger: the logarithm of the smallest uniform number is above -37."""
        return self._mean_size if self._fixed else 37 * self._mean_size + 1

    def rows(self, n: int) -> NDArray[np.float64]:
        """Draw the next `n` rows.

        Returns
        -------
        ndarray of float64, shape (n, COLUMNS)
            GAP exponential with mean 1; KIND and PLACE uniform in [0, 1); SIZE whole lots; LATENCY ns.
        """
        raw = self._bits.random_raw(n * _RAW).reshape(n, _RAW)
        uniform = (raw >> np.uint64(11)) * 2.0**-53
        out = np.empty((n, COLUMNS))
        out[:, GAP] = -np.log1p(-uniform[:, 0])
        out[:, KIND] = uniform[:, 1]
        out[:, PLACE] = uniform[:, 2]
        if self._fixed:
            out[:, SIZE] = self._mean_size
        else:
            out[:, SIZE] = 1 + np.floor(np.log1p(-uniform[:, 3]) / np.log1p(-1 / self._mean_size))
        # Box and Muller's normal number
        normal = np.sqrt(-2 * np.log1p(-uniform[:, 4])) * np.cos(2 * np.pi * uniform[:, 5])
        out[:, LATENCY] = self._latency_ns * np.exp(self._latency_spread * normal)
        return out

    def poisson(self, mean: float, n: int) -> NDArray[np.int64]:
        """Draw `n` Poisson numbers with a moderate mean: as many unit-rate gaps as fit into it."""
        out = np.zeros(n, np.int64)
        time = np.zeros(n)
        while True:
            time -= np.log1p(-((self._bits.random_raw(n) >> np.uint64(11)) * 2.0**-53))
            fits = time < mean
            if not fits.any():
                return out
            out += fits
