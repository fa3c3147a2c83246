"""The report: one HTML file that needs no network, no server and no other file.

The words and tables are made here, the charts in `plots` and `plots_execution`, the page around them in
`html_page`.
"""

import json
import os
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from truefill.analysis.equity import PLOT_POINTS, Curve, equity_curves, total
from truefill.analysis.formats import display, duration, number, span
from truefill.analysis.html_page import brand, card, footer, page_html, time_sections
from truefill.analysis.metrics import CATALOGUE, sampling_interval
from truefill.analysis.performance import max_drawdown
from truefill.analysis.plots import time_charts
from truefill.analysis.plots_execution import execution_charts
from truefill.analysis.rates import Rates
from truefill.analysis.report_accounts import accounts_section
from truefill.analysis.report_attribution import attribution_section
from truefill.analysis.report_fills import fills_section
from truefill.analysis.summary import SHORT, columns, repeats, title
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_SECOND, RunData
from truefill.core.times import utc

METRICS = {metric.name: metric for metric in CATALOGUE}


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
        *time_sections(sections, ends),
        "<h2>Execution</h2>",
        f'<div class="two">{"".join(card(c) for c in quality)}</div>',
        *filter(None, [attribution_section(run)]),
        "<h2>All numbers</h2>",
        _groups(found, options.get("book_size")),
        fills_section(run),
        *filter(None, [accounts_section(run)]),
        _configuration(run),
        footer("metrics named as in HftBacktest have its definitions"),
    ]
    return page_html(title(run), body, payload)


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
        brand("run report", title(run))
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
