"""Which of the three test modes this is, and how many random runs it can pay for."""

import os

INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
BOUNDS_CHECKED = os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")


def runs(compiled: int) -> int:
    """Number of random runs: interpreted, with coverage, a run takes twenty times as long."""
    return max(compiled // 8, 2) if INTERPRETED else compiled
