"""Many runs over the same tapes: parameter grids on all processors."""

from truefill.sweep.grid import grid
from truefill.sweep.many import run_many
from truefill.sweep.overfitting import (
    Overfitting,
    backtest_overfitting,
    deflated_sharpe,
    expected_best_sharpe,
    probabilistic_sharpe,
)
from truefill.sweep.trials import Sweep, Trial, metrics_of
from truefill.sweep.walk_forward import Candidate, Fold, WalkForward, walk_forward

__all__ = [
    "Candidate",
    "Fold",
    "Overfitting",
    "Sweep",
    "Trial",
    "WalkForward",
    "backtest_overfitting",
    "deflated_sharpe",
    "expected_best_sharpe",
    "grid",
    "metrics_of",
    "probabilistic_sharpe",
    "run_many",
    "walk_forward",
]
