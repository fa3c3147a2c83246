"""The charts that are not over time: where the result came from, markouts, waiting, what became of orders."""

import numpy as np

from truefill.analysis.fills import (
    CURVE_HORIZONS,
    FillView,
    fill_view,
    joined,
    standard_error_bps,
    weighted_bps,
)
from truefill.analysis.formats import duration, fixed, number, trimmed
from truefill.analysis.plots import Chart, packed
from truefill.analysis.rates import Rates
from truefill.core.reasons import NO_REASON, REASON_NAMES
from truefill.core.run_data import NS_PER_SECOND, Floats, RunData

BINS = 30


def attribution_chart(found: dict[str, float], currency: str) -> Chart:
    """Draw how the net result adds up: earned against mid, inventory, fees."""
    parts = (found["SpreadPnL"], found["InventoryPnL"], -found["Fees"])
    names = ["Earned<br>against mid", "Inventory", "Rebates" if found["Fees"] < 0 else "Fees", "Net PnL"]
    net = float(np.sum(parts))
    title = f"Where the result came from, {currency}"
    if not np.isfinite(net):
        return unlinked("attribution", title, [], {})
    levels = np.concatenate([[0.0], np.cumsum(parts)])
    heights = [*parts, net]
    colours = ["$buy" if h >= 0 else "$sell" for h in parts] + ["$net"]
    trace = {
        "type": "bar",
        "x": names,
        "base": [*levels[:3].tolist(), 0.0],
        "y": [float(h) for h in heights],
        "text": [("+" if h > 0 else "") + number(h) for h in heights],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colours, "line": {"width": 0}},
        "width": 0.6,
        "hoverinfo": "skip",
    }
    low, high = float(min(levels.min(), 0.0)), float(max(levels.max(), 0.0))
    room = 0.16 * ((high - low) or 1.0)
    layout = {"yaxis": {"range": [low - room, high + room]}, "xaxis": {"type": "category", "showgrid": False}}
    note = "Earned: what fill prices were better than the mid. Inventory: what the mid did afterwards."
    return unlinked("attribution", title, [trace], layout, note)


def markout_chart(fills: FillView) -> Chart:
    """Draw the mean markout against the horizon, its 95 % band, and the realised spread.

    `fills` has its markouts at `CURVE_HORIZONS`.
    """
    edge = weighted_bps(fills.edge, fills.mid_value)
    mean = np.array([weighted_bps(fills.markouts[:, k], fills.mid_value) for k in range(len(CURVE_HORIZONS))])
    error = np.array(
        [
            standard_error_bps(fills.markouts[:, k], fills.mid_value, fills.local_ts, horizon)
            for k, horizon in enumerate(CURVE_HORIZONS)
        ]
    )
    known = np.isfinite(mean)
    x = [h / NS_PER_SECOND for h, k in zip(CURVE_HORIZONS, known, strict=True) if k]
    mean, error = mean[known], error[known]
    sure = np.isfinite(error)
    low, high = mean[sure] - 1.96 * error[sure], mean[sure] + 1.96 * error[sure]
    within = [h for h, k in zip(x, sure, strict=True) if k]
    band = {
        "type": "scatter",
        "mode": "lines",
        "hoverinfo": "skip",
        "line": {"width": 0},
        "showlegend": False,
    }
    traces = [
        {**band, "x": within, "y": _plain(low)},
        {**band, "x": within, "y": _plain(high), "fill": "tonexty", "fillcolor": "$net/0.14"},
        _curve("Markout", x, mean, "$net", "solid"),
        _curve("Realised spread (edge + markout)", x, mean + edge, "$buy", "dot"),
    ]
    ticks = [0.01, 0.1, 1, 10, 60, 300]
    layout = {
        "showlegend": True,
        "hovermode": "x unified",
        "xaxis": {
            "type": "log",
            "tickvals": ticks,
            "ticktext": ["10 ms", "100 ms", "1 s", "10 s", "1 min", "5 min"],
            "title": {"text": "time after the fill"},
        },
        "yaxis": {"title": {"text": "bps"}, "zeroline": True},
    }
    note = (
        "Side × move of the mid after a fill, by value; below zero: adverse selection. Band: 95 %. "
        "A book that comes in batches lags the trades: it moves edge and markout apart, not their sum."
    )
    return unlinked("markout", "Markout", traces if x else [], layout, note)


def queue_time_chart(fills: FillView) -> Chart:
    """Draw how long maker fills had waited, on a logarithmic axis."""
    waited = fills.queue_time[np.isfinite(fills.queue_time)]
    return _log_histogram("queue-time", "Time in queue of maker fills", waited, "$position")


def fill_size_chart(fills: FillView) -> Chart:
    """Draw how the sizes of fills are spread: one bar a size when there are few sizes, bins otherwise."""
    sizes, counts = np.unique(fills.qty, return_counts=True)
    if len(sizes) > BINS:
        counts, edges = np.histogram(fills.qty, BINS)
        labels = [number(float(e)) for e in (edges[:-1] + edges[1:]) / 2]
    else:
        labels = [f"{size:.10g}" for size in sizes]
    trace = {
        "type": "bar",
        "x": labels,
        "y": counts.tolist(),
        "marker": {"color": "$a1", "line": {"width": 0}},
        "hovertemplate": "%{x}: %{y:,} fills<extra></extra>",
    }
    layout = {
        "xaxis": {"type": "category", "title": {"text": "quantity"}, "nticks": 12, "showgrid": False},
        "yaxis": {"title": {"text": "fills"}},
        "bargap": 0.08,
    }
    return unlinked("fill-size", "Size of fills", [trace] if len(fills.qty) else [], layout)


def order_reasons(run: RunData) -> dict[str, int]:
    """Count the orders that were refused, or ended, for a reason; the most frequent first."""
    codes = np.concatenate([asset.orders["reason"] for asset in run.assets])
    counts = np.bincount(codes[codes != NO_REASON])
    order = np.argsort(-counts, kind="stable")
    return {REASON_NAMES[code]: int(counts[code]) for code in order if counts[code]}


def outcome_chart(found: dict[str, float], reasons: dict[str, int]) -> Chart:
    """Draw what became of the orders."""
    rows = [
        ("Filled", "OrdersFilled", "$buy"),
        ("Cancelled", "OrdersCancelled", "$gross"),
        ("Expired", "OrdersExpired", "$a2"),
        ("Rejected", "OrdersRejected", "$sell"),
        ("Open at the end", "OrdersOpen", "$net"),
    ]
    sent = found["OrdersSubmitted"]
    counts = [found[key] for _, key, _ in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [name for name, _, _ in rows],
        "x": counts,
        "text": [f"{fixed(c, 0)}  ({fixed(100 * c / sent, 1)} %)" if sent else "" for c in counts],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [colour for *_, colour in rows], "line": {"width": 0}},
        "width": 0.62,
        "hoverinfo": "skip",
    }
    layout = {
        "yaxis": {"type": "category", "autorange": "reversed", "showgrid": False},
        "xaxis": {"range": [0, 1.3 * max(counts, default=0.0) or 1.0]},
        "margin": {"l": 110},
    }
    note = f"{fixed(sent, 0)} orders sent, {fixed(found['OrdersModified'], 0)} of them modified on the way."
    if reasons:
        told = ", ".join(f"{name.replace('_', ' ')} {fixed(count, 0)}" for name, count in reasons.items())
        note += f" Refused, or ended, because: {told}."
    return unlinked("outcome", "What became of the orders", [trace] if sent else [], layout, note)


def execution_charts(run: RunData, found: dict[str, float], currency: str) -> list[Chart]:
    """Make all charts of this file for a run.

    Parameters
    ----------
    run : RunData
    found : dict of str to float
        Its metrics.
    currency : str
        Of those.
    """
    rates = Rates(run)
    into = rates.common()
    fills = joined([fill_view(asset, CURVE_HORIZONS, rates, into) for asset in run.assets])
    return [
        attribution_chart(found, currency),
        markout_chart(fills),
        queue_time_chart(fills),
        outcome_chart(found, order_reasons(run)),
        fill_size_chart(fills),
        _log_histogram("queue-ahead", "Queue ahead at entry, maker fills", _ahead(run), "$a2", "quantity"),
    ]


def _ahead(run: RunData) -> Floats:
    return np.concatenate([a.reported["queue_ahead"][a.reported["maker"] == 1] for a in run.assets])


def _log_histogram(key: str, title: str, values: Floats, colour: str, axis: str = "") -> Chart:
    """Draw a histogram with logarithmic bins; what is zero or less has a bar of its own, at the left."""
    write = number if axis else duration
    tick = trimmed if axis else duration
    values = values[np.isfinite(values)]
    above = values[values > 0]
    labels: list[str] = []
    ticks: dict[float, str] = {}
    counts: list[int] = []
    if len(above):
        low, high = np.log10(above.min()), np.log10(above.max())
        edges = np.logspace(low, high if high > low else low + 0.1, BINS + 1)
        edges[0], edges[-1] = 0.0, np.inf
        counts = np.histogram(above, edges)[0].tolist()
        middles = 10 ** (low + (np.arange(BINS) + 0.5) * ((high - low) or 0.1) / BINS)
        labels = [write(float(m)) for m in middles]
        # Ticks at round numbers: their place among the bins, which are even in the logarithm.
        decades = 10.0 ** np.arange(np.floor(low), np.ceil(high) + 1)
        places = (np.log10(decades) - low) / ((high - low) or 0.1) * BINS - 0.5
        ticks = {float(at): tick(float(v)) for at, v in zip(places, decades, strict=True) if -1 <= at <= BINS}
    none = len(values) - len(above)
    if none:
        labels, counts = ["0", *labels], [none, *counts]
        ticks = {0.0: "0"} | {at + 1: label for at, label in ticks.items()}
    trace = {
        "type": "bar",
        "x": list(range(len(counts))),
        "y": counts,
        "customdata": labels,
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "about %{customdata}: %{y:,} fills<extra></extra>",
    }
    layout = {
        "bargap": 0.06,
        "xaxis": {
            "tickvals": list(ticks),
            "ticktext": list(ticks.values()),
            "title": {"text": axis or "time waited"},
            "showgrid": False,
        },
        "yaxis": {"title": {"text": "fills"}},
    }
    note = ""
    if len(values):
        note = (
            f"Median {write(float(np.median(values)))}, mean {write(float(values.mean()))}. Logarithmic bins."
        )
    return unlinked(key, title, [trace] if len(values) else [], layout, note)


def _curve(name: str, x: list[float], y: Floats, colour: str, dash: str) -> Chart:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": x,
        "y": _plain(y),
        "line": {"color": colour, "width": 2, "dash": dash},
        "marker": {"size": 5, "color": colour},
        "hovertemplate": "%{y:.4f} bps",
    }


def _plain(values: Floats) -> dict[str, str]:
    return packed(np.asarray(values, np.float64))


def unlinked(key: str, title: str, traces: list[Chart], layout: Chart, note: str = "") -> Chart:
    """Put a chart together that is not over time."""
    layout = {"height": 300, "showlegend": False, "hovermode": "closest", **layout}
    return {"id": key, "title": title, "note": note, "linked": False, "data": traces, "layout": layout}
