"""Many runs over the same tapes: parameter grids on all processors."""

from truefill.sweep.grid import grid
from truefill.sweep.many import run_many
from truefill.sweep.trials import Sweep, Trial, metrics_of

__all__ = [
    "Sweep",
    "Trial",
    "grid",
    "metrics_of",
    "run_many",
]
