"""What a run leaves in its folder, and how its summary looks; shared by `backtest`, `report` and `demo`."""

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from truefill.cli.durations import format_duration
from truefill.cli.show import ACCENT, BAD, GOOD, WEAK, braille_chart, out, print_json
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.analysis import RunData
    from truefill.backtest import Result
    from truefill.cli.config import RunConfig

RUN_FILE = "run.json"
REPORT = "report.html"
LIST_WIDTH = 42  # of a list of numbers, characters


def check_folder(folder: Path) -> None:
    """Refuse to write results among files that are not a run's.

    Raises
    ------
    ConfigError
        If `folder` is a file, or holds something and no earlier run.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError("a folder for the results", "a file", folder)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / RUN_FILE).exists():
        raise ConfigError(
            "a new or empty folder, or one with an earlier run", "a folder with other files", folder
        )


def write_results(
    result: "Result", folder: Path, meta: dict[str, Any], settings: "RunConfig | None" = None
) -> "RunData":
    """Write the run and its report into `folder`; `meta` is added to what the run says about itself.

    Currency and rates of the totals are those of `settings`.
    """
    from truefill.analysis import report, save_run
    from truefill.cli.assets import remarks

    data = result.run_data()
    if settings is not None:
        data = dataclasses.replace(data, currency=settings.run.currency, rates=settings.rates)
    notes = [*data.meta.get("notes", []), *remarks(result.bot.assets)]
    data = dataclasses.replace(data, meta={**data.meta, **meta, "notes": notes})
    save_run(data, folder)
    report(data, folder / REPORT)
    return data


def print_summary(data: "RunData", json: bool) -> None:
    """Print a run's summary on stdout: equity as a chart and the numbers, or the numbers as JSON."""
    from truefill.analysis import summary

    if json:
        print_json(summary.to_dict(data))
        return
    console = out()
    console.print()
    if len(data.assets) == 1:
        console.print(Text.assemble(("  " + summary.title(data), "bold"), ("   " + _when(data), WEAK)))
        console.print()
        console.print(Padding(equity_chart(data, width=min(96, console.width - 16)), (0, 0, 1, 2)))
        console.print(Padding(side_by_side(data, console.width - 2), (0, 0, 0, 2)))
    else:
        console.print(equity_chart(data, width=min(96, console.width - 16)))
        console.print(summary.summary_table(data, brief=True))


def _when(data: "RunData") -> str:
    from truefill.analysis.summary import repeats
    from truefill.core.times import utc

    if data.span is None:
        return "no data"
    first, last = data.span
    run_hash = str(data.meta.get("run_hash") or "")[:12]
    return f"{utc(first)} UTC, {format_duration(last - first)}" + (
        f"   run {run_hash}{repeats(data)}" if run_hash else ""
    )


def side_by_side(data: "RunData", width: int) -> Table:
    """Lay the numbers of a run with one asset out as lists, two beside each other where there is room."""
    from truefill.analysis.formats import display
    from truefill.analysis.metrics import CATALOGUE, metrics
    from truefill.analysis.summary import BRIEF

    values = metrics(data, 0)
    lists: dict[str, Table] = {}
    for metric in CATALOGUE:
        value = values.get(metric.name, math.nan)
        if metric.name not in BRIEF or math.isnan(value):
            continue
        text, unit = display(metric, value, data.assets[0].currency)
        part = lists.setdefault(metric.group, _list(metric.group))
        part.add_row(metric.label, Text(text, style=_colour(metric.name, value)), unit)
    parts = list(lists.values())
    beside = 2 if width >= 2 * LIST_WIDTH + 6 else 1
    table = Table.grid(padding=(0, 6, 0, 0))
    for i in range(0, len(parts), beside):
        table.add_row(*parts[i : i + beside])
        table.add_row("")
    return table


def _list(title: str) -> Table:
    part = Table(
        box=SIMPLE_HEAD,
        header_style=f"bold {ACCENT}",
        pad_edge=False,
        show_edge=False,
        min_width=LIST_WIDTH,
        padding=(0, 1, 0, 0),
    )
    part.add_column(title, ratio=1, no_wrap=True)
    part.add_column("", justify="right", no_wrap=True)
    part.add_column("", style=WEAK, no_wrap=True)
    return part


def equity_chart(data: "RunData", width: int, height: int = 7) -> Table:
    """Draw the equity after fees over the run; green where it is above its start, red below."""
    import numpy as np

    from truefill.analysis.equity import equity_curves, total
    from truefill.analysis.formats import number

    table = Table.grid(padding=(0, 1, 0, 0))
    curve = total(equity_curves(data), data)
    if curve is None or np.isfinite(curve.equity).sum() < 2:
        return table
    equity = curve.equity - curve.equity[np.isfinite(curve.equity)][0]
    low, high = min(0.0, float(np.nanmin(equity))), max(0.0, float(np.nanmax(equity)))
    near = (high - low) / height / 2  # the row that zero is in belongs to neither colour

    def colour(value: float) -> str:
        return WEAK if abs(value) <= near else GOOD if value > 0 else BAD

    rows = braille_chart(equity.tolist(), max(20, width), height, colour)
    labels = {0: number(high), height - 1: number(low)}
    for i, row in enumerate(rows):
        table.add_row(
            Text(labels.get(i, ""), style=WEAK, justify="right"),
            Text("┤" if i in labels else "│", style=WEAK),
            row,
        )
    table.add_row("", "", Text(f"equity after fees, {curve.currency}", style=WEAK))
    return table


def _colour(name: str, value: float) -> str:
    if name not in ("Return", "GrossPnL", "SR", "Sortino", "Markout1s", "Markout10s") or value == 0:
        return "bold" if name == "Return" else ""
    return GOOD if value > 0 else BAD
