"""One side's intensity by the estimator that is named: what rolling calibrations and commands choose of."""

import math

import numpy as np

from truefill.core.errors import ConfigError
from truefill.quoting.flow import SideFlow
from truefill.quoting.intensity import (
    IntensityFit,
    fit_lattice,
    fit_regression,
    fit_waiting_times,
    no_fit,
    virtual_waiting_times,
)

INTENSITIES = ("lattice", "waiting_times", "regression")
# Virtual quotes at so many prices, from the best price's usual distance outward.
_PROBES = 12


def fit_intensity(
    flow: SideFlow,
    method: str = "lattice",
    *,
    horizon: float = 10.0,
    min_events: int = 20,
    stale_after: float = math.inf,
) -> IntensityFit:
    """Fit A and k of one side.

    Parameters
    ----------
    flow : SideFlow
    method : str
        One of `INTENSITIES`.
    horizon : float
        Only for waiting times: how long a virtual quote waits, s.
    min_events : int
        Fewer orders are `FitStatus.FEW_EVENTS`.
    stale_after : float
        Only for the lattice: silence at the end, s, from which on a fit is `FitStatus.STALE`.

    Returns
    -------
    IntensityFit
        Lengths in ticks, touch convention.

    Raises
    ------
    ConfigError
        An estimator that there is not.
    """
    if method == "lattice":
        return fit_lattice(flow, min_events=min_events, stale_after=stale_after)
    if method == "regression":
        return fit_regression(flow, min_events=min_events)
    if method != "waiting_times":
        raise ConfigError("one of " + ", ".join(INTENSITIES), repr(method), "fit_intensity.method")
    distances, seconds = flow.exposure()
    if not len(seconds):
        return no_fit("waiting_times", 0, 0.0)
    order = np.argsort(distances)
    share = np.cumsum(seconds[order]) / seconds.sum()
    usual = float(distances[order][int(np.searchsorted(share, 0.5))])
    rows, past = flow.marks()
    reach = float(np.quantile(past, 0.98)) if len(rows) else 1.0
    step = max(1.0, math.ceil(reach / _PROBES))
    probes = usual + step * np.arange(_PROBES)
    depths, fills, waited = virtual_waiting_times(flow, probes, every=horizon)
    if len(np.unique(depths)) < 2:
        return no_fit("waiting_times", int(fills.sum()), float(seconds.sum()))
    return fit_waiting_times(depths, fills, waited, min_events=min_events)
