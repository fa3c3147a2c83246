"""The page around charts: one HTML file that needs no network, no server and no other file.

plotly.js, style, script and data are in it; its content policy forbids the browser to load anything else.
The looks are in ``page/``. Knows nothing of what the charts show.
"""

import json
from collections.abc import Iterable
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from truefill.analysis.plots import Chart
from truefill.core.run_data import NS_PER_SECOND

LOGO = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><g fill="none" stroke-width="3" stroke-linecap="round">'
    '<path stroke="var(--buy)" d="M3 17h9M3 12h6"/><path stroke="var(--sell)" d="M12 7h9M15 12h6"/></g></svg>'
)
ZOOMS = (60, 300, 900, 3600, 6 * 3600, 86_400, 7 * 86_400)  # seconds


def page_html(title: str, body: Iterable[str], payload: dict[str, Any]) -> str:
    """Make the page's text.

    Parameters
    ----------
    title : str
        Of the window, plain text.
    body : iterable of str
        HTML, with a `card` for each chart.
    payload : dict
        What ``page/report.js`` draws: ``span`` and ``gaps`` in UTC milliseconds, ``charts``.
    """
    import plotly.offline  # type: ignore[import-untyped]

    page = files("truefill.analysis") / "page"
    parts = {
        "title": escape(title),
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


def brand(kind: str, title: str) -> str:
    """Make the head of the page: what kind of page it is, and of what."""
    return f'<div class="brand">{LOGO}truefill <span>{kind}</span></div><h1>{escape(title)}</h1>'


def footer(text: str) -> str:
    """Make the last line: the version that wrote the page, and a text."""
    return f"<footer>truefill {_version()} · {text}</footer>"


def time_sections(sections: list[tuple[str, list[Chart]]], ends: tuple[int, int]) -> Iterable[str]:
    """Give the charts over time below their headings, the buttons for the zoom beside the first."""
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
        yield from (card(chart) for chart in charts)


def _zoom_name(seconds: int) -> str:
    size, unit = next((s, u) for s, u in ((86_400, "d"), (3600, "h"), (60, "min")) if seconds >= s)
    return f"{seconds // size} {unit}"


def card(chart: Chart) -> str:
    """Make the place of a chart, with its title and note."""
    plot = "plot beside" if chart["linked"] and chart["layout"]["showlegend"] else "plot"
    inner = (
        f'<div class="{plot}" id="chart-{chart["id"]}" style="height:{chart["layout"]["height"]}px"></div>'
    )
    if not chart["data"]:
        inner = '<p class="nothing">n/a: nothing to show</p>'
    beside = escape(chart["note"]) if chart["linked"] else ""
    below = "" if chart["linked"] or not chart["note"] else f"<p>{escape(chart['note'])}</p>"
    head = f"<header><h3>{escape(chart['title'])}</h3><p>{beside}</p></header>"
    return f'<section class="card">{head}{below}{inner}</section>'


def _safe(text: str) -> str:
    """Keep JSON from ending the script element that it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _version() -> str:
    try:
        return version("truefill")
    except PackageNotFoundError:
        return ""
