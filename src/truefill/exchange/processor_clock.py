"""How long a count of the processor's counter is: measured, once a process."""

import functools
import time

from numba.core import config

from truefill.core.cycles import cycles
from truefill.core.jit import entry

_MEASURED_NS = 20_000_000


@entry
def read_cycles():
    """`core.cycles.cycles`, for Python."""
    return cycles()


@functools.cache
def ns_per_cycle() -> float:
    """Length of a count, ns, against the system's monotonic clock over 20 ms.

    0 where kernels run as plain Python, or the machine's counter stands still: durations are then 0.
    """
    if config.DISABLE_JIT:
        return 0.0
    read_cycles()  # compiles
    begin, first = time.perf_counter_ns(), int(read_cycles())
    while (now := time.perf_counter_ns()) - begin < _MEASURED_NS:
        pass
    counted = int(read_cycles()) - first
    return (now - begin) / counted if counted > 0 else 0.0
