"""The picture of a tape: one HTML file with price, spread, depth and message rate over time, gaps shaded.

The numbers come from `truefill.tape.picture_data`, a fixed count of them however long the tape is; the page
around the charts is the report's.
"""

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from truefill.analysis.formats import decimals, duration
from truefill.analysis.html_page import brand, card, footer, page_html, time_sections
from truefill.analysis.plots import Chart, chart, line, milliseconds, packed
from truefill.core.errors import DataError
from truefill.core.events import NO_TIME
from truefill.core.run_data import NS_PER_SECOND, Floats, Ints
from truefill.core.times import utc
from truefill.tape import Tape
from truefill.tape.npz import written
from truefill.tape.picture_data import LEVELS, Range, TapePicture, tape_picture_data

Facts = Sequence[tuple[str, object]]

MOST_SHADED = 500  # gaps; of more, those less than a bucket apart are shaded as one
MOST_LISTED = 100  # gaps in the table
STEPS = "hvh"  # a step midway between two points: at the edge of the buckets whose middles they are


def tape_picture(tape: Tape, path: str | os.PathLike[str], facts: Facts = ()) -> Path:
    """Write the picture of a tape.

    Parameters
    ----------
    tape : Tape
    path : path
        The file, e.g. ``tape.html``; an older one is replaced when the new one is complete.
    facts : sequence of (str, object)
        Names and values for the table at the top.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        The file cannot be written, or is the tape itself.
    """
    path = Path(path)
    if tape.path is not None and path.exists() and tape.path.exists() and path.samefile(tape.path):
        raise DataError("another file than the tape", path, "the picture of a tape")
    with written(path) as file:  # first: a folder that is not there is told before the work
        file.write(tape_picture_html(tape, facts).encode())
    return path


def tape_picture_html(tape: Tape, facts: Facts = ()) -> str:
    """Make the picture's text; see `tape_picture`."""
    picture = tape_picture_data(tape)
    edges = picture.edges if len(picture.edges) else np.zeros(2, np.int64)
    ends = int(edges[0]), int(edges[-1])
    charts = tape_charts(tape, picture)
    payload = {
        "span": [ends[0] / 1e6, ends[1] / 1e6],
        "gaps": [[begin / 1e6, end / 1e6] for begin, end in shaded(picture).tolist()],
        "charts": [one for one in charts if one["data"]],
    }
    body = [brand("tape", tape.symbol), _about(facts)]
    if len(picture.edges):
        body += [*time_sections([("Market as it arrived", charts)], ends), _gaps(tape)]
    else:
        body += ["<h2>Market as it arrived</h2>", *(card(one) for one in charts)]
    return page_html(
        tape.symbol, [*body, footer("times are local, after the clock correction, in UTC")], payload
    )


def tape_charts(tape: Tape, picture: TapePicture) -> list[Chart]:
    """Draw price, spread, depth and message rate of a tape, all over local time."""
    tick, lot = decimals(tape.tick_size), decimals(tape.lot_size)
    places = _Places(picture)
    note = ""
    if len(picture.edges):
        bucket = duration(float(picture.seconds[0]))
        note = f"Lines: the value at the end of each {bucket}. Shaded: from its lowest to its highest."
    price = places.band("Best bid", picture.bid, "$buy", tick)
    price += places.band("Best ask", picture.ask, "$sell", tick)
    if not price:
        price = places.band("Trades", picture.trade, "$price", tick)
    best, depth = (
        places.band("Bid", bid, "$buy", lot) + places.band("Ask", ask, "$sell", lot)
        for bid, ask in ((picture.bid_qty, picture.ask_qty), (picture.bid_depth, picture.ask_depth))
    )
    return [
        chart("price", "Price", price, height=380, note=note),
        _from_zero(
            chart("spread", "Spread, ticks", places.band("Spread", picture.spread, "$price", 0), height=180)
        ),
        _from_zero(chart("depth", "Quantity at the best prices", best, height=200)),
        _from_zero(chart("levels", f"Quantity at the best {LEVELS} prices of a side", depth, height=200)),
        _from_zero(chart("rate", "Messages a second", _rates(picture, places), height=200)),
    ]


def shaded(picture: TapePicture) -> Ints:
    """Give the spans to shade, ns, int64[m, 2]: the gaps, or as many as there is room for."""
    gaps = picture.gaps
    if len(gaps) <= MOST_SHADED:
        return gaps
    apart = np.append(True, gaps[1:, 0] - gaps[:-1, 1] >= picture.edges[1] - picture.edges[0])
    first = np.flatnonzero(apart)
    return np.column_stack([gaps[first, 0], gaps[np.append(first[1:], len(gaps)) - 1, 1]])


class _Places:
    """Where the buckets stand on the time axis: in their middles, with a hole for each gap between two."""

    def __init__(self, picture: TapePicture) -> None:
        edges, gaps = picture.edges, picture.gaps
        middle = edges[:-1] + np.diff(edges) // 2
        gap = np.searchsorted(gaps[:, 0], middle, side="right") - 1
        self.in_gap = np.zeros(len(middle), bool)
        if len(gaps):
            self.in_gap = (gap >= 0) & (middle < gaps[gap, 1])
        before, first = np.unique(np.searchsorted(middle, gaps[:, 0]), return_index=True)
        self._holes = before
        self.ts = np.insert(middle, before, gaps[first, 0])

    def values(self, values: Floats, hidden: np.ndarray) -> Floats:
        """Values at `ts`: NaN in holes and where hidden."""
        return np.asarray(np.insert(np.where(hidden, np.nan, values), self._holes, np.nan))

    def band(self, name: str, values: Range, colour: str, digits: int) -> list[Chart]:
        """Draw the last values as a line, in a band from the lowest to the highest; nothing of nothing."""
        low, high, last = (self.values(part, self.in_gap) for part in values)
        if not np.isfinite(high).any():
            return []
        lines = [
            line(name, self.ts, last, colour, width=1.3),
            line(f"{name}, highest", self.ts, high, f"{colour}/0.5", width=0),
            line(f"{name}, lowest", self.ts, low, f"{colour}/0.5", width=0),
        ]
        for one in lines:
            one["hovertemplate"] = f"%{{y:,.{digits}f}}"
            one["line"]["shape"] = STEPS
        for edge in lines[1:]:
            edge["showlegend"] = False
        return [filled(self.ts, low, high, f"{colour}/0.22"), *lines]


def filled(ts: Ints, low: Floats, high: Floats, colour: str, shape: str = STEPS) -> Chart:
    """Fill between two lines: one closed outline for each stretch without a hole.

    plotly's "tonexty" would fill across holes.
    """
    known = np.isfinite(low)
    turns = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]))).reshape(-1, 2)
    x: list[Ints] = []
    y: list[Floats] = []
    for first, end in turns:
        there = slice(first, end)
        x += [ts[there], ts[there][::-1], ts[end - 1 : end]]
        y += [low[there], high[there][::-1], np.array([np.nan])]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": milliseconds(np.concatenate(x)),
        "y": packed(np.concatenate(y)),
        "line": {"width": 0, "shape": shape},
        "fill": "toself",
        "fillcolor": colour,
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _rates(picture: TapePicture, places: _Places) -> list[Chart]:
    """Draw rows and trades a second; where a gap is and nothing came there is no line."""
    if not len(picture.edges):
        return []
    silent = places.in_gap & (picture.events == 0)
    events, trades = (
        places.values(count / picture.seconds, silent) for count in (picture.events, picture.trades)
    )
    lines = [
        line("Events", places.ts, events, "$net", width=1.2),
        line("Trades", places.ts, trades, "$a2", width=1.2),
    ]
    for one in lines:
        one["hovertemplate"] = "%{y:,.1f}"
        one["line"]["shape"] = STEPS
    return lines


def _from_zero(drawn: Chart) -> Chart:
    drawn["layout"]["yaxis"] = {"rangemode": "tozero"}
    return drawn


def _about(facts: Facts) -> str:
    """Make the table of facts, in two columns; one without a name goes on with the one before."""
    if not facts:
        return ""
    cells: list[list[str]] = []
    for name, value in facts:
        if name or not cells:
            cells.append([escape(name), escape(str(value))])
        else:
            cells[-1][1] += f"<br>{escape(str(value))}"
    rows = [f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in cells]
    half = (len(rows) + 1) // 2
    columns = (f"<table><tbody>{''.join(part)}</tbody></table>" for part in (rows[:half], rows[half:]))
    return f'<section class="card about two">{"".join(columns)}</section>'


def _gaps(tape: Tape) -> str:
    """List the first gaps with their local times."""
    if not len(tape.gaps):
        return ""
    count = f"{len(tape.gaps):,} in all" if len(tape.gaps) > MOST_LISTED else ""
    head = f"<h2>Gaps<small>the book is suspect; shaded in the charts {count and '· ' + count}</small></h2>"
    rows = "".join(_gap_rows(tape))
    table = f"<thead><tr><th>From</th><th>To</th><th>Length</th></tr></thead><tbody>{rows}</tbody>"
    table = f'<div class="scroll"><table class="fills">{table}</table></div>'
    return f'{head}<section class="card gaps">{table}</section>'


def _gap_rows(tape: Tape) -> Iterable[str]:
    for gap in tape.gaps[:MOST_LISTED]:
        begin, end = int(gap["begin_local"]), int(gap["end_local"])
        to, length = "never", "n/a"
        if end != NO_TIME:
            to, length = utc(end, 6), duration((end - begin) / NS_PER_SECOND)
        yield f"<tr><td>{utc(begin, 6)}</td><td>{to}</td><td>{length}</td></tr>"
