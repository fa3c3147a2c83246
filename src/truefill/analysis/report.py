"""The report: one HTML file that needs no network, no server and no other file.

plotly.js, style, script and data are in it; its content policy forbids the browser to load anything else.
The words and tables are made here, the charts in `plots` and `plots_execution`, the looks in ``page/``.
"""

import json
import os
from collections.abc import Iterable, Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from truefill.analysis.equity import PLOT_POINTS, Curve, equity_curves, total
from truefill.analysis.formats import display, duration, number, span, utc
from truefill.analysis.metrics import CATALOGUE, sampling_interval
from truefill.analysis.performance import max_drawdown
from truefill.analysis.plots import Chart, time_charts
from truefill.analysis.plots_execution import execution_charts
from truefill.analysis.rates import Rates
from truefill.analysis.report_accounts import accounts_section
from truefill.analysis.report_fills import fills_section
from truefill.analysis.summary import SHORT, columns, repeats, title
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_SECOND, RunData

LOGO = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><g fill="none" stroke-width="3" stroke-linecap="round">'
    '<path stroke="var(--buy)" d="M3 17h9M3 12h6"/><path stroke="var(--sell)" d="M12 7h9M15 12h6"/></g></svg>'
)
METRICS = {metric.name: metric for metric in CATALOGUE}
ZOOMS = (60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)  # seconds


def report(run: RunData, path: str | os.PathLike[str], **options: Any) -> Path:
    """Write the report of a run.

    Parameters
    ----------
    run : RunData
        At least one asset.
    path : path
        The file, e.g. ``report.html``; an older one is replaced when the new one is complete.
    **options
        Of `truefill.analysis.metrics.metrics`: ``book_size``, ``interval_ns``, ``trading_days_per_year``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        For a run without assets.
    """
    path = Path(path)
    text = report_html(run, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def report_html(run: RunData, **options: Any) -> str:
    """Make the report's text; see `report`."""
    import plotly.offline  # type: ignore[import-untyped]

    if not run.assets:
        raise InputError("a run with at least one asset", "none", "report")
    points = PLOT_POINTS if len(run.assets) < 3 else 12_000 // len(run.assets)
    curves = equity_curves(run, max_points=points, into=Rates(run).common())
    found = columns(run, **options)
    name = next(iter(found))  # the total, or the only asset; with several currencies the first
    values, currency = found[name]
    sections = time_charts(run, curves)
    quality = execution_charts(run, values, currency)
    ends = run.span or (0, 0)
    gaps = [[begin / 1e6, min(end, ends[1]) / 1e6] for begin, end in run.meta.get("gaps") or []]
    payload = {
        "span": [ends[0] / 1e6, ends[1] / 1e6],
        "gaps": gaps,
        "charts": [c for _, charts in sections for c in charts] + [c for c in quality if c["data"]],
    }
    body = [
        _header(run),
        _cards(values, currency, total(curves, run) or curves[0], options, sampling_interval(run)),
        *_time_sections(sections, ends),
        "<h2>Execution</h2>",
        f'<div class="two">{"".join(_card(c) for c in quality)}</div>',
        "<h2>All numbers</h2>",
        _groups(found, options.get("book_size")),
        fills_section(run),
        *filter(None, [accounts_section(run)]),
        _configuration(run),
        f"<footer>truefill {_version()} · metrics named as in HftBacktest have its definitions</footer>",
    ]
    page = files("truefill.analysis") / "page"
    parts = {
        "title": escape(title(run)),
        "css": (page / "report.css").read_text(encoding="utf-8"),
        "body": "\n".join(body),
        "payload": _safe(json.dumps(payload, separators=(",", ":"), allow_nan=False)),
        "plotly": plotly.offline.get_plotlyjs(),
        "script": (page / "report.js").read_text(encoding="utf-8"),
    }
    text = (page / "report.html").read_text(encoding="utf-8")
    pieces = text.split("{{")
    return pieces[0] + "".join(
        parts[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:])
    )


def _header(run: RunData) -> str:
    meta = run.meta
    facts: list[tuple[str, str]] = [("Asset", escape(asset.symbol)) for asset in run.assets]
    if run.span is not None:
        first, last = run.span
        facts.append(("From", f"{utc(first)} UTC"))
        facts.append(("To", f"{utc(last)} UTC"))
        facts.append(("Length", span((last - first) / NS_PER_SECOND)))
    models = meta.get("models") or {}
    facts += [(escape(str(key)).capitalize(), escape(str(text))) for key, text in models.items()]
    if meta.get("run_hash"):
        facts.append(("Run", _hash(str(meta["run_hash"])) + repeats(run)))
    if meta.get("started"):
        facts.append(("Made", escape(str(meta["started"]))))
    listed = "".join(f"<li><b>{key}</b>{text}</li>" for key, text in facts)
    notes = "".join(f"<li>{escape(str(note))}</li>" for note in meta.get("notes") or [])
    strategy = meta.get("strategy") if meta.get("name") else None
    return (
        f'<div class="brand">{LOGO}truefill <span>run report</span></div><h1>{escape(title(run))}</h1>'
        + (f'<p class="lead">{escape(str(strategy))}</p>' if strategy else "")
        + f'<ul class="facts">{listed}</ul>'
        + (f'<div class="notes"><ul>{notes}</ul></div>' if notes else "")
    )


def _hash(text: str) -> str:
    return f'<code title="{escape(text)}">{escape(text[:SHORT])}</code>'


def _cards(
    values: dict[str, float], currency: str, curve: Curve, options: dict[str, Any], default_interval: int
) -> str:
    def text(name: str) -> str:
        return " ".join(display(METRICS[name], values[name], currency, options.get("book_size"))).strip()

    every = duration((options.get("interval_ns") or default_interval) / NS_PER_SECOND)
    deepest = max_drawdown(curve.equity[np.isfinite(curve.equity)])
    days = f"{options.get('trading_days_per_year', 252):g}"
    cards = (
        ("Return", f"{text('GrossPnL')} before fees", _sparkline(curve.equity)),
        ("SR", f"each {every}, year of {days} days", ""),
        ("MaxDrawdown", f"of {every} samples; {number(deepest)} in the chart", ""),
        ("MaxPositionValue", f"mean {text('MeanPositionValue')}", ""),
        ("NumberOfTrades", f"{text('MakerShare')} of the value as maker", ""),
        ("TradingValue", f"net {text('ReturnOverTrade')}, fees {text('FeeBps')}", ""),
        ("FillRatio", f"{text('OrdersFilled')} of {text('OrdersSubmitted')} orders filled", ""),
        ("Markout1s", f"edge {text('EdgeBps')}, in queue {text('MedianTimeInQueue')}", ""),
    )
    signed = {"Return", "SR", "Markout1s"}
    made = []
    for name, below, extra in cards:
        metric = METRICS[name]
        shown, unit = display(metric, values[name], currency, options.get("book_size"))
        tone = ""
        if name in signed and np.isfinite(values[name]) and values[name] != 0:
            tone = " gain" if values[name] > 0 else " loss"
        made.append(
            f'<div class="kpi" title="{escape(metric.meaning)}"><h3>{metric.label}</h3>{extra}'
            f'<div class="value{tone}">{shown}<small>{escape(unit)}</small></div><p>{escape(below)}</p></div>'
        )
    return f'<div class="kpis">{"".join(made)}</div>'


def _sparkline(values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    known = values[np.isfinite(values)]
    if len(known) < 2 or known.min() == known.max():
        return ""
    points = known[np.linspace(0, len(known) - 1, 80).round().astype(int)]
    y = 28 - 26 * (points - known.min()) / (known.max() - known.min())
    drawn = " ".join(f"{k / 79 * 96:.1f},{v:.1f}" for k, v in enumerate(y))
    return (
        f'<svg viewBox="0 0 96 30" aria-hidden="true"><polyline points="{drawn}" fill="none" '
        'stroke="var(--net)" stroke-width="1.5" stroke-linejoin="round"/></svg>'
    )


def _time_sections(sections: list[tuple[str, list[Chart]]], ends: tuple[int, int]) -> Iterable[str]:
    seconds = (ends[1] - ends[0]) / NS_PER_SECOND
    fitting = [z for z in ZOOMS if z < seconds / 2][-4:]
    names = [_zoom_name(z) for z in fitting]
    pairs = zip(fitting, names, strict=True)
    buttons = "".join(f'<button data-zoom="{z * 1000}">{name}</button>' for z, name in pairs)
    for k, (name, charts) in enumerate(sections):
        tools = ""
        if k == 0:
            tools = "<small>times are UTC · drag to zoom all charts, double-click for everything</small>"
            tools += f'<span class="zoom">{buttons}<button data-zoom="0">All</button></span>'
        yield f"<h2>{escape(name)}{tools}</h2>"
        yield from (_card(chart) for chart in charts)


def _zoom_name(seconds: int) -> str:
    size, unit = next((s, u) for s, u in ((86_400, "d"), (3600, "h"), (60, "min")) if seconds >= s)
    return f"{seconds // size} {unit}"


def _card(chart: Chart) -> str:
    plot = "plot beside" if chart["linked"] and chart["layout"]["showlegend"] else "plot"
    inner = (
        f'<div class="{plot}" id="chart-{chart["id"]}" style="height:{chart["layout"]["height"]}px"></div>'
    )
    if not chart["data"]:
        inner = '<p class="nothing">n/a: nothing to show in this run</p>'
    beside = escape(chart["note"]) if chart["linked"] else ""
    below = "" if chart["linked"] or not chart["note"] else f"<p>{escape(chart['note'])}</p>"
    head = f"<header><h3>{escape(chart['title'])}</h3><p>{beside}</p></header>"
    return f'<section class="card">{head}{below}{inner}</section>'


def _groups(found: dict[str, tuple[dict[str, float], str]], book_size: float | None) -> str:
    many = len(found) > 1
    made = []
    for group in dict.fromkeys(metric.group for metric in CATALOGUE):
        head = "".join(f"<th>{escape(name)}</th>" for name in found) if many else ""
        rows = []
        for metric in CATALOGUE:
            if metric.group != group or not all(metric.name in values for values, _ in found.values()):
                continue
            cells = ""
            for values, currency in found.values():
                shown, unit = display(metric, values[metric.name], currency, book_size)
                cells += f"<td>{shown}<small>{escape(unit)}</small></td>"
            rows.append(f'<tr><td title="{escape(metric.meaning)}">{metric.label}</td>{cells}</tr>')
        head = f"<thead><tr><th></th>{head}</tr></thead>" if many else ""
        table = f"<table>{head}<tbody>{''.join(rows)}</tbody></table>"
        made.append(f'<section class="card"><h3>{group}</h3>{table}</section>')
    return f'<div class="groups{" wide" if many else ""}">{"".join(made)}</div>'


def _configuration(run: RunData) -> str:
    config = run.meta.get("config")
    if not config:
        return ""
    lines = "\n".join(_toml(config)).strip()
    return f'<h2>Configuration</h2><section class="card"><pre>{lines}</pre></section>'


def _toml(table: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    """Write a nested configuration as TOML, escaped for HTML; plain values before tables, as TOML wants."""
    tables = []
    for key, value in table.items():
        rows = list(value) if isinstance(value, list | tuple) else None
        if isinstance(value, Mapping):
            tables.append((f"[{prefix}{key}]", key, value))
        elif rows and all(isinstance(row, Mapping) for row in rows):
            tables += [(f"[[{prefix}{key}]]", key, row) for row in rows]
        elif value is not None:
            yield escape(f"{key} = {json.dumps(value, default=str, ensure_ascii=False)}")
    for head, key, inner in tables:
        yield f"\n<b>{escape(head)}</b>"
        yield from _toml(inner, f"{prefix}{key}.")


def _safe(text: str) -> str:
    """Keep JSON from ending the script element that it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _version() -> str:
    try:
        return version("truefill")
    except PackageNotFoundError:
        return ""
