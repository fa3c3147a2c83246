"""A calibrated recording as one HTML page: what was fitted, how well, and how it changed with time.

The page around the charts is the report's; the numbers come from `truefill.analysis.calibration`.
"""

import math
import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.analysis.calibration import MarketCalibration, SideCalibration
from truefill.analysis.formats import duration, number
from truefill.analysis.html_page import brand, card, footer, page_html, time_sections
from truefill.analysis.plots import Chart, chart, line, packed
from truefill.analysis.plots_execution import unlinked
from truefill.analysis.tape_picture import filled
from truefill.quoting import FitStatus, Unit
from truefill.quoting.parameters import unit_factor
from truefill.tape.npz import written

Floats = NDArray[np.float64]
Facts = Sequence[tuple[str, object]]
SIDES = (("bid", "$buy"), ("ask", "$sell"))
MOST_POINTS = 400  # of a Q-Q line


def calibration_page(
    found: MarketCalibration,
    path: str | os.PathLike[str],
    *,
    unit: Unit = Unit.TICK,
    facts: Facts = (),
    notes: Sequence[str] = (),
) -> Path:
    """Write the page of a calibration.

    Parameters
    ----------
    found : MarketCalibration
    path : path
        The file; an older one is replaced when the new one is complete.
    unit : Unit
        What lengths are shown in.
    facts : sequence of (str, object)
        For the head.
    notes : sequence of str
        What the reader should know first: statuses, and what to do about them.

    Returns
    -------
    Path
    """
    with written(Path(path)) as file:
        file.write(calibration_html(found, unit=unit, facts=facts, notes=notes).encode())
    return Path(path)


def calibration_html(
    found: MarketCalibration, *, unit: Unit = Unit.TICK, facts: Facts = (), notes: Sequence[str] = ()
) -> str:
    """Make the page's text; see `calibration_page`."""
    market = found.market
    ends = market.start, market.end
    over_time = rolling_charts(found, unit)
    rest = fit_charts(found, unit)
    payload = {
        "span": [ends[0] / 1e6, ends[1] / 1e6],
        "gaps": [[begin / 1e6, end / 1e6] for begin, end in market.gaps.tolist()],
        "charts": [one for one in (*over_time, *rest) if one["data"]],
    }
    listed = "".join(f"<li><b>{escape(name)}</b>{escape(str(value))}</li>" for name, value in facts)
    told = "".join(f"<li>{escape(note)}</li>" for note in notes)
    body = [
        brand("calibration", market.symbol),
        f'<ul class="facts">{listed}</ul>' if listed else "",
        f'<div class="notes"><ul>{told}</ul></div>' if told else "",
        *time_sections([("As it was known at the time", over_time)], ends),
        "<h2>The whole recording</h2>",
        f'<div class="two">{"".join(card(one) for one in rest)}</div>',
        footer("touch convention: a quote at δ is filled by every order that reaches δ; it is first there"),
    ]
    return page_html(market.symbol, body, payload)


def length_of(unit: Unit, found: MarketCalibration) -> tuple[float, str]:
    """How much of a unit one tick is in this recording, and what the unit is called."""
    market = found.market
    factor = unit_factor(Unit.TICK, unit, tick_size=market.tick_size, mid=market.mean_mid)
    return factor, {Unit.TICK: "tick", Unit.PRICE: "price", Unit.RETURN: "return"}[unit]


def rolling_charts(found: MarketCalibration, unit: Unit = Unit.TICK) -> list[Chart]:
    """Draw κ, A and σ over time with their 95 % bands; what is not usable has no line."""
    size, name = length_of(unit, found)
    rows = found.rolling
    ts = np.array([row.timestamp for row in rows], np.int64)
    kappa: list[Chart] = []
    rate: list[Chart] = []
    for side, colour in SIDES:
        fits = [getattr(row, side) for row in rows]
        usable = np.array([fit.status in (FitStatus.OK, FitStatus.POOR_FIT) for fit in fits], bool)
        for charts, value, band, scale in (
            (kappa, "decay", "decay_band", 1.0 / size),
            (rate, "rate", "rate_band", 1.0),
        ):
            middle = np.array([getattr(fit, value) for fit in fits]) * scale
            bands = np.array([getattr(fit, band) for fit in fits]).reshape(-1, 2) * scale
            charts.extend(banded(side.capitalize(), ts, middle, bands, colour, usable))
    sigmas = [row.volatility for row in rows]
    sigma = banded(
        "σ",
        ts,
        np.array([fit.sigma for fit in sigmas]) * size,
        np.array([fit.band for fit in sigmas]).reshape(-1, 2) * size,
        "$net",
        np.array([fit.status is FitStatus.OK for fit in sigmas], bool),
    )
    window = duration(found.settings.window or 0.0)
    note = f"Fits of the {window} before each time, which see nothing of what came later. Shaded: 95 %."
    return [
        chart("kappa", f"κ, 1/{name}", kappa, height=260, note=note),
        chart("rate", "A, 1/s of one side at the mid", rate, height=240),
        chart("sigma", f"σ, {name}/√s", sigma, height=220),
    ]


def banded(
    name: str, ts: NDArray[np.int64], values: Floats, bands: Floats, colour: str, usable: NDArray[np.bool_]
) -> list[Chart]:
    """Make a line in its band; nothing of nothing. Holes where it is not usable."""
    shown = usable & np.isfinite(values)
    if not shown.any():
        return []
    known = shown & np.isfinite(bands).all(axis=1)
    low, high = (np.where(known, bands[:, k], np.nan) for k in (0, 1))
    drawn = line(name, ts, np.where(shown, values, np.nan), colour, width=1.6)
    drawn["mode"] = "lines+markers"
    drawn["marker"] = {"size": 4, "color": colour}
    band = [filled(ts, low, high, f"{colour}/0.16", shape="linear")] if known.any() else []
    return [*band, drawn]


def fit_charts(found: MarketCalibration, unit: Unit = Unit.TICK) -> list[Chart]:
    """Draw what the fits of the whole recording are judged by."""
    size, name = length_of(unit, found)
    return [
        histogram_chart(found),
        qq_chart(found),
        signature_chart(found, size, name),
        adverse_chart(found, size, name),
        *(queue_chart(side, getattr(found, side)) for side, _ in SIDES),
    ]


def histogram_chart(found: MarketCalibration) -> Chart:
    """Draw how far orders went past the best price, and the fitted law."""
    traces: list[Chart] = []
    for side, colour in SIDES:
        one: SideCalibration = getattr(found, side)
        past, width, seen, expected = one.histogram
        if not len(past):
            continue
        traces.append(
            {
                "type": "bar",
                "name": f"{side.capitalize()}, seen",
                "x": (past + 0.5 * (width - 1)).tolist(),
                "y": packed(np.where(seen > 0, seen, np.nan).astype(np.float64)),
                "marker": {"color": f"{colour}/0.45", "line": {"width": 0}},
                "hovertemplate": "%{y:,} orders",
            }
        )
        if np.isfinite(expected).any():
            likely = expected >= 0.3
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers",
                    "name": f"{side.capitalize()}, fitted",
                    "x": (past + 0.5 * (width - 1))[likely].tolist(),
                    "y": packed(expected[likely]),
                    "line": {"color": colour, "width": 1.6},
                    "marker": {"size": 5, "color": colour},
                    "hovertemplate": "%{y:,.1f} expected",
                }
            )
    chances = ", ".join(f"{side} {_chance(getattr(found, side).fit.fit_probability)}" for side, _ in SIDES)
    note = f"The fitted law is a straight line here. Probability of depths so far from it: {chances}."
    layout = {
        "showlegend": True,
        "hovermode": "x unified",
        "bargap": 0.1,
        "xaxis": {"title": {"text": "ticks past the best price"}, "rangemode": "nonnegative"},
        "yaxis": {"type": "log", "title": {"text": "orders"}},
    }
    return unlinked("depths", "Depth of market orders against the fit", traces, layout, note)


def qq_chart(found: MarketCalibration) -> Chart:
    """Draw rescaled times between orders against the exponential law that they should have."""
    traces: list[Chart] = []
    most = 0.0
    for side, colour in SIDES:
        one: SideCalibration = getattr(found, side)
        for label, gaps, dash in (
            (f"{side.capitalize()}, constant A", one.gaps, "solid"),
            (f"{side.capitalize()}, clusters (Hawkes)", one.cluster_gaps, "dot"),
        ):
            if len(gaps) < 20:
                continue
            x, y = _quantiles(gaps)
            most = max(most, float(x[-1]))
            traces.append(_plain_line(label, x, y, colour, dash))
    if traces:
        straight = np.array([0.0, most])
        traces.insert(0, _plain_line("as it should be", straight, straight, "$muted", "dash"))
    layout = {
        "showlegend": True,
        "xaxis": {"title": {"text": "exponential quantile"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "seen"}, "rangemode": "tozero"},
    }
    told = ", ".join(f"{side} {_share(getattr(found, side).clusters.branching)}" for side, _ in SIDES)
    note = f"Times between orders as the fitted rate counts them. Orders that follow from orders: {told}."
    return unlinked("qq", "Q-Q of rescaled times", traces, layout, note)


def signature_chart(found: MarketCalibration, size: float, name: str) -> Chart:
    """Draw volatility by the interval at which it is measured, and what the estimators say."""
    traces: list[Chart] = []
    if found.signature:
        x = np.array([every for every, _ in found.signature])
        y = np.array([sigma for _, sigma in found.signature]) * size
        traces.append(_plain_line("plain, at each interval", x, y, "$net", "solid", marks=True))
        for method, colour in (("two_scale", "$buy"), ("realised_kernel", "$a2"), ("med_realised", "$a3")):
            fit = next(fit for fit in found.volatility if fit.method == method)
            if fit.status is FitStatus.OK:
                level = np.full(2, fit.sigma * size)
                traces.append(_plain_line(method, x[[0, -1]], level, colour, "dash"))
    layout = {
        "showlegend": True,
        "xaxis": {"type": "log", "title": {"text": "interval, s"}},
        "yaxis": {"title": {"text": f"σ, {name}/√s"}, "rangemode": "tozero"},
    }
    note = "Higher on the left: noise of the mid between ticks. Take an interval from where it is flat."
    return unlinked("signature", "Signature plot", traces, layout, note)


def adverse_chart(found: MarketCalibration, size: float, name: str) -> Chart:
    """Draw where the mid goes after everybody's fills, for the maker."""
    marks = found.adverse
    known = np.isfinite(marks.mean)
    x, mean = marks.horizons[known], marks.mean[known] * size
    error = np.nan_to_num(marks.error[known] * size)
    traces: list[Chart] = []
    if known.any():
        edge: Chart = {
            "type": "scatter",
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
            "x": x.tolist(),
        }
        traces = [
            {**edge, "y": packed(mean - 1.96 * error)},
            {**edge, "y": packed(mean + 1.96 * error), "fill": "tonexty", "fillcolor": "$sell/0.14"},
            _plain_line("Markout", x, mean, "$sell", "solid", marks=True),
        ]
    layout = {
        "xaxis": {"type": "log", "title": {"text": "s after the fill"}},
        "yaxis": {"title": {"text": name}, "zeroline": True},
    }
    note = (
        f"Of every trade, for the maker, by size; below zero: against. Jump for the quotes: "
        f"{number(marks.jump * size)} ± {number(1.96 * marks.jump_error * size)} {name} ({marks.status})."
    )
    return unlinked("adverse", "Adverse selection", traces, layout, note)


def queue_chart(side: str, one: SideCalibration) -> Chart:
    """Draw rates by the size of the best queue."""
    queue = one.queue
    traces = []
    for label, rates, colour in (
        ("Limit orders", queue.limit, "$buy"),
        ("Cancellations", queue.cancel, "$a2"),
        ("Market orders", queue.market, "$sell"),
    ):
        known = np.isfinite(rates) & (queue.seconds > 0.001 * queue.seconds.sum())
        if known.any():
            traces.append(_plain_line(label, queue.sizes[known], rates[known], colour, "solid", marks=True))
    layout = {
        "showlegend": True,
        "xaxis": {"title": {"text": "orders of mean size in the queue"}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": "1/s"}, "rangemode": "tozero"},
    }
    note = (
        f"{queue.events:,} events. The law that the rates imply is {number(queue.distance)} from the one "
        f"seen ({queue.status}). The last size stands for all larger ones."
    )
    return unlinked(f"queue-{side}", f"Queue at the best {side}", traces, layout, note)


def _quantiles(gaps: Floats) -> tuple[Floats, Floats]:
    """Exponential quantiles and ordered gaps, thinned in the middle and whole at the ends."""
    n = len(gaps)
    at = np.unique(
        np.concatenate(
            [
                np.linspace(0, n - 1, min(n, MOST_POINTS)),
                n - 1 - np.geomspace(1, n, min(n, MOST_POINTS // 2)) + 1,
            ]
        ).astype(np.int64)
    )
    ranks = (at + 0.5) / n
    return -np.log1p(-ranks), np.sort(gaps)[at]


def _plain_line(
    name: str, x: NDArray[np.generic], y: Floats, colour: str, dash: str, *, marks: bool = False
) -> Chart:
    trace: Chart = {
        "type": "scatter",
        "mode": "lines+markers" if marks else "lines",
        "name": name,
        "x": packed(np.asarray(x, np.float64)),
        "y": packed(np.asarray(y, np.float64)),
        "line": {"color": colour, "width": 1.8, "dash": dash},
        "hovertemplate": "%{y:,.5~g}",
    }
    if marks:
        trace["marker"] = {"size": 5, "color": colour}
    return trace


def _chance(value: float) -> str:
    return "under 0.001" if value < 0.001 else number(value)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "n/a"


def figures(found: MarketCalibration, unit: Unit = Unit.TICK) -> Iterable[Chart]:
    """All charts of a calibration, e.g. for `truefill.analysis.plots.figure` in a notebook."""
    yield from (*rolling_charts(found, unit), *fit_charts(found, unit))
