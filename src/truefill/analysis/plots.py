"""The charts over time: equity, drawdown, price with the fills on it, position.

A chart is a plain dictionary of what plotly.js draws: traces and a layout, arrays as base64. Colours are
names (``"$buy"``, ``"$net/0.15"``: 15 % opaque), which the page resolves for light or dark; `figure` makes
a plotly figure of a chart for a notebook. Times are UTC milliseconds.
"""

import base64
from typing import Any

import numpy as np

from truefill.analysis.equity import Curve, round_interval, total, with_own_payments
from truefill.analysis.formats import decimals, duration, fixed, number, trimmed
from truefill.analysis.rates import fee_names
from truefill.core.run_data import NS_PER_SECOND, AssetRun, Ints, RunData
from truefill.core.times import utc

Chart = dict[str, Any]

MAX_MARKERS = 3_000
# Of the light page; the page itself has both (page/report.css).
PALETTE = {
    "net": "#2563eb",
    "gross": "#94a3b8",
    "buy": "#0b9e78",
    "sell": "#e0484d",
    "price": "#334155",
    "position": "#7c5cf0",
    "muted": "#94a3b8",
    "ink": "#0f172a",
    "card": "#ffffff",
    "a1": "#0ea5e9",
    "a2": "#f59e0b",
    "a3": "#a855f7",
    "a4": "#84cc16",
}
ASSET_COLOURS = ("$a1", "$a2", "$a3", "$a4")


def packed(values: np.ndarray[Any, Any]) -> dict[str, str]:
    """Pack numbers as plotly.js takes them: a type and base64."""
    flat = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    kind = {"f": "f", "i": "i", "u": "u"}[flat.dtype.kind] + str(flat.dtype.itemsize)
    return {"dtype": kind, "bdata": base64.b64encode(flat.tobytes()).decode()}


def milliseconds(ts: Ints) -> dict[str, Any]:
    """Pack nanoseconds as milliseconds; an even grid needs no more than its ends, its step and its length."""
    if len(ts) > 3 and (np.diff(ts[:-1]) == ts[1] - ts[0]).all() and ts[-1] - ts[-2] <= ts[1] - ts[0]:
        step = float(ts[1] - ts[0]) / 1e6
        return {"from": float(ts[0]) / 1e6, "to": float(ts[-1]) / 1e6, "step": step, "count": len(ts)}
    return packed(ts / 1e6)


def equity_chart(curves: tuple[Curve, ...], run: RunData | None = None) -> Chart:
    """Draw equity with and without fees; with several assets, each one's equity thinly beside the total.

    With a `run`, what its accounts paid for no single asset is in the total.
    """
    added = _total(curves, run)
    traces = []
    if added is not None:
        traces.append(line("Net of fees", added.ts, added.equity, "$net", width=2, fill="$net/0.10"))
        traces.append(line("Before fees", added.ts, added.equity_gross, "$gross", width=1.5, dash="dot"))
    if len(curves) > 1:
        for k, curve in enumerate(curves):
            colour = ASSET_COLOURS[k % len(ASSET_COLOURS)]
            traces.append(line(curve.name, curve.ts, curve.equity, colour, width=1.2))
    currency = added.currency if added is not None else ", ".join(sorted({c.currency for c in curves}))
    note = "" if added is not None else "No total: the assets settle in different currencies (give rates)."
    return chart("equity", f"Equity, {currency}", traces, height=300, note=note)


def _total(curves: tuple[Curve, ...], run: RunData | None) -> Curve | None:
    added = total(curves)
    return added if added is None or run is None else with_own_payments(added, run)


def drawdown_chart(curve: Curve) -> Chart:
    """Draw how far equity is below its highest value so far."""
    traces = [line("Drawdown", curve.ts, curve.drawdown, "$sell", width=1.2, fill="$sell/0.16")]
    return chart("drawdown", f"Drawdown, {curve.currency}", traces, height=150)


def position_chart(key: str, curve: Curve) -> Chart:
    """Draw the position as the steps that it is."""
    trace = line("Position", curve.ts, curve.position, "$position", width=1.4, fill="$position/0.14")
    trace["line"]["shape"] = "hv"
    return chart(f"position-{key}", "Position", [trace], height=180)


def price_chart(key: str, asset: AssetRun, curve: Curve, most: int = MAX_MARKERS) -> Chart:
    """Draw the mid with at most `most` fills on it: buys point up, sells down, takers are hollow."""
    traces = [line("Mid", curve.ts, curve.mid, "$price", width=1.2)]
    traces[0]["hoverinfo"] = "skip"
    traces += [fill_markers(asset, 1, most), fill_markers(asset, -1, most)]
    shown = sum(len(t["text"]) for t in traces[1:])
    count = len(asset.reported)
    note = f"{shown:,} of {count:,} fills shown, evenly thinned." if shown < count else ""
    if count:
        note = f"Filled marks are maker fills, hollow ones taker fills. {note}".strip()
    return chart(f"price-{key}", "Price and fills", traces, height=380, note=note, closest=True)


def volume_chart(key: str, asset: AssetRun, span: tuple[int, int]) -> Chart:
    """Draw the quantity bought (up) and sold (down) in each bucket of time."""
    width = round_interval(span[1] - span[0], 74)
    edges = np.arange(span[0], span[1] + width + 1, width)
    fills = asset.reported
    traces = []
    for name, side, colour in (("Bought", 1, "$buy"), ("Sold", -1, "$sell")):
        mine = fills[fills["side"] == side]
        sums, _ = np.histogram(mine["local_ts"], edges, weights=mine["qty"])
        traces.append(
            {
                "type": "bar",
                "name": name,
                "x": milliseconds(edges[:-1] + width // 2),
                "y": packed(side * sums),
                "width": width / 1e6 * 0.86,
                "marker": {"color": colour, "line": {"width": 0}},
                "hovertemplate": "%{y}",
            }
        )
    label = duration(width / NS_PER_SECOND)
    return chart(f"volume-{key}", f"Quantity filled per {label}", traces, height=170, barmode="relative")


def fill_markers(asset: AssetRun, side: int, most: int = MAX_MARKERS) -> Chart:
    """Mark the fills of one side, with what a trader wants to know of each on hover."""
    rows = asset.reported
    paid_in = fee_names(asset, rows)
    mine = np.flatnonzero(rows["side"] == side)
    room = max(1, int(most * len(mine) / max(1, len(rows))))
    if len(rows) > most and len(mine) > room:
        mine = mine[np.unique(np.linspace(0, len(mine) - 1, room).round().astype(np.int64))]
    colour = "$buy" if side > 0 else "$sell"
    done = "Bought" if side > 0 else "Sold"
    places = decimals(asset.tick_size)
    text = []
    for i in mine:
        row = rows[i]
        waited = ""
        if row["maker"]:
            waited = (
                f"<br>queue ahead {trimmed(row['queue_ahead'], 4)}, "
                f"waited {duration((row['exch_ts'] - row['entry_ts']) / NS_PER_SECOND)}"
            )
        text.append(
            f"<b>{done} {trimmed(row['qty'], 8)} at {fixed(row['price'], places)}</b>"
            f"<br>{'maker' if row['maker'] else 'taker'}, order {row['order_id']}"
            f"<br>fee {number(row['fee'])} {paid_in[i]}{waited}<br>{utc(int(row['local_ts']), 3)} UTC"
        )
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "Buys" if side > 0 else "Sells",
        "x": milliseconds(rows["local_ts"][mine]),
        "y": packed(rows["price"][mine]),
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": [
                ("triangle-up" if side > 0 else "triangle-down") + ("" if maker else "-open")
                for maker in rows["maker"][mine] == 1
            ],
            "size": 8 if len(rows) <= 400 else 5,
            "color": colour,
            "opacity": 0.9 if len(rows) <= 400 else 0.75,
            "line": {"width": 1, "color": colour},
        },
    }


def line(
    name: str,
    ts: Ints,
    values: np.ndarray[Any, Any],
    colour: str,
    *,
    width: float,
    fill: str = "",
    dash: str = "solid",
) -> Chart:
    """Make a line over time, filled down to zero with the colour `fill` if there is one."""
    trace: Chart = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": milliseconds(ts),
        "y": packed(values),
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": "%{y:,.6~f}",
    }
    if fill:
        trace |= {"fill": "tozeroy", "fillcolor": fill}
    return trace


def chart(
    key: str,
    title: str,
    traces: list[Chart],
    *,
    height: int,
    note: str = "",
    closest: bool = False,
    barmode: str = "",
) -> Chart:
    """Put a chart over time together; the page gives all of them the same zoom."""
    layout: Chart = {
        "height": height,
        "showlegend": len(traces) > 1,
        "hovermode": "closest" if closest else "x unified",
        "xaxis": {"type": "date", "hoverformat": "%Y-%m-%d %H:%M:%S.%3f"},
    }
    if barmode:
        layout["barmode"] = barmode
    return {"id": key, "title": title, "note": note, "linked": True, "data": traces, "layout": layout}


def time_charts(run: RunData, curves: tuple[Curve, ...]) -> list[tuple[str, list[Chart]]]:
    """Make all charts over time, in sections: the account first, then each asset.

    Returns
    -------
    list of (str, list of dict)
        Title of the section and its charts.
    """
    span = run.span
    if span is None:
        return []
    added = _total(curves, run)
    account = [equity_chart(curves, run)]
    if added is not None:
        account.append(drawdown_chart(added))
    sections = [("Account", account)]
    share = MAX_MARKERS / max(MAX_MARKERS, sum(len(asset.reported) for asset in run.assets))
    for k, (asset, curve) in enumerate(zip(run.assets, curves, strict=True)):
        charts = [
            price_chart(str(k), asset, curve, int(share * len(asset.reported))),
            position_chart(str(k), curve),
        ]
        sections.append((asset.symbol, [*charts, volume_chart(str(k), asset, span)]))
    return sections


def figure(drawn: Chart) -> Any:
    """Make a plotly figure (``plotly.graph_objects.Figure``) of a chart, in the light colours."""
    import plotly.graph_objects as go  # type: ignore[import-untyped]

    layout = {
        **drawn["layout"],
        "title": {"text": drawn["title"]},
        "template": "plotly_white",
    }
    return go.Figure({"data": coloured(drawn["data"]), "layout": coloured(layout)})


def coloured(part: Any) -> Any:
    """Replace the names of colours by those of the light palette, anywhere in a chart."""
    if isinstance(part, dict) and "step" in part and "count" in part:
        return np.minimum(part["from"] + part["step"] * np.arange(part["count"]), part["to"])
    if isinstance(part, dict):
        return {key: coloured(value) for key, value in part.items()}
    if isinstance(part, list):
        return [coloured(value) for value in part]
    if isinstance(part, str) and part.startswith("$"):
        name, _, opacity = part[1:].partition("/")
        red, green, blue = (int(PALETTE[name][k : k + 2], 16) for k in (1, 3, 5))
        return f"rgba({red},{green},{blue},{opacity or 1})"
    return part
