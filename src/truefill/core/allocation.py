"""How one trade is shared among the orders that rest at its price: a part by time, the rest by size.

The scheme is CME Globex' split of FIFO and pro-rata ("Configurable", algorithm K; pure pro-rata is
algorithm C), from its published "Matching Algorithm Steps": a share of the trade goes to the orders in the
order of their arrival; each order then gets ``floor(rest * its size / size of the level)``, nothing when
that is below a minimum; what the rounding leaves goes by time again.
"""

import math

import numpy as np

from truefill.core.jit import helper

# Products of numbers below this are exact in int64.
_SMALL = 1 << 31


@helper
def time_part(lots, time_share):
    """Lots of a trade that are given out in the order of arrival: `time_share` of them, to the nearest lot.

    Parameters
    ----------
    lots : int
        Size of the trade.
    time_share : float
        From 0 (all by size) to 1 (all by time).
    """
    return min(np.int64(math.floor(lots * time_share + 0.5)), np.int64(lots))


@helper
def size_part(lots, own, level, least):
    """Lots of ``lots`` that an order of size ``own`` gets in a level of size ``level``.

    Rounded down, at most its size, and 0 when that is below ``least``.
    """
    if level <= 0 or lots <= 0 or own <= 0:
        return np.int64(0)
    if lots >= level:
        return np.int64(own)
    if lots < _SMALL and own < _SMALL:
        share = np.int64(lots) * np.int64(own) // np.int64(level)
    else:
        share = np.int64(math.floor(float(lots) * (float(own) / float(level))))
    share = min(share, np.int64(own))
    return share if share >= least else np.int64(0)
