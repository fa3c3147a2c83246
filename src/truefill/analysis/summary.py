"""The summary of a run: one table, grouped, with units; a polars frame, a rich table, a plain dictionary."""

import math
from typing import TYPE_CHECKING, Any

from truefill.analysis.formats import display, span
from truefill.analysis.metrics import CATALOGUE, metrics
from truefill.analysis.rates import Rates
from truefill.core.run_data import NS_PER_SECOND, RunData
from truefill.core.times import utc

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

TOTAL = "total"
SHORT = 12  # characters of a run hash that are shown
# Shown even to those in a hurry; the rest only where there is room.
BRIEF = frozenset(
    (
        *("Return", "GrossPnL", "Fees", "SpreadPnL", "InventoryPnL", "ReturnOverTrade"),
        *("Funding", "Interest", "LiquidationFees", "Insurance"),
        *("SR", "Sortino", "MaxDrawdown", "ReturnOverMDD", "MaxPositionValue", "MaxLeverage"),
        *("NumberOfTrades", "TradingValue", "Turnover", "OrdersSubmitted", "OrdersFilled", "OrdersCancelled"),
        *("FillRatio", "MakerShare", "MedianTimeInQueue", "MeanSpreadTicksAtFill", "EdgeBps"),
        *("Markout1s", "Markout10s"),
    )
)


def columns(run: RunData, **options: Any) -> dict[str, tuple[dict[str, float], str]]:
    """Compute the metrics of each column of a summary: the assets, and their total where it exists.

    Parameters
    ----------
    run : RunData
    **options
        Of `truefill.analysis.metrics.metrics`.

    Returns
    -------
    dict of str to (dict of str to float, str)
        Metrics and currency by column name, the total first; one asset has one column, its own.
    """
    found = {}
    for i, asset in enumerate(run.assets):
        taken = [a.symbol for a in run.assets[:i]].count(asset.symbol)
        name = f"{asset.symbol} #{taken + 1}" if taken else asset.symbol
        found[name] = (metrics(run, i, **options), asset.currency)
    into = Rates(run).common()
    if into is None or (len(run.assets) == 1 and into == run.assets[0].currency):
        return found
    return {TOTAL: (metrics(run, **options), into)} | found


def summary_frame(run: RunData, **options: Any) -> "pl.DataFrame":
    """Make the summary a polars frame.

    Parameters
    ----------
    run : RunData
    **options
        Of `truefill.analysis.metrics.metrics`.

    Returns
    -------
    polars.DataFrame
        Columns group, metric (its label), name, unit, meaning, then one column of values for each of
        `columns`. Units are those of the catalogue, "money" being the currency in the column.
    """
    import polars as pl

    found = columns(run, **options)
    listed = [m for m in CATALOGUE if any(m.name in values for values, _ in found.values())]
    frame = {
        "group": [m.group for m in listed],
        "metric": [m.label for m in listed],
        "name": [m.name for m in listed],
        "unit": [m.unit for m in listed],
        "meaning": [m.meaning for m in listed],
    }
    schema = dict.fromkeys(frame, pl.String) | dict.fromkeys(found, pl.Float64)
    values = {column: [numbers[m.name] for m in listed] for column, (numbers, _) in found.items()}
    return pl.DataFrame(frame | values, schema=schema)


def summary_table(run: RunData, *, brief: bool = False, **options: Any) -> "Table":
    """Make the summary a rich table for the terminal.

    Parameters
    ----------
    run : RunData
    brief : bool
        Only the two dozen numbers that one looks at first.
    **options
        Of `truefill.analysis.metrics.metrics`.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    found = columns(run, **options)
    book_size = options.get("book_size")
    table = Table(title=title(run), caption=caption(run), box=box.SIMPLE_HEAD, pad_edge=False)
    table.title_justify = table.caption_justify = "left"
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right", no_wrap=True)
        table.add_column("", style="dim", no_wrap=True)
    group = ""
    for metric in CATALOGUE:
        if not any(metric.name in values for values, _ in found.values()):
            continue
        if brief and metric.name not in BRIEF:
            continue
        if metric.group != group:
            if group:
                table.add_section()
            group = metric.group
            table.add_row(Text(group, style="bold cyan"))
        cells: list[Text | str] = [Text("  " + metric.label)]
        for values, currency in found.values():
            value = values[metric.name]
            text, unit = display(metric, value, currency, book_size)
            cells += [Text(text, style=_colour(metric.name, value)), unit]
        table.add_row(*cells)
    return table


def to_dict(run: RunData, **options: Any) -> dict[str, Any]:
    """Make the summary plain values for JSON; numbers that do not exist are None.

    Parameters
    ----------
    run : RunData
    **options
        Of `truefill.analysis.metrics.metrics`.

    Returns
    -------
    dict
        ``name``, ``run_hash``, ``repeats``, ``first_ts``, ``last_ts`` (ns), ``currency`` and ``metrics``,
        both by column; ``accounts`` where there are any.
    """
    found = columns(run, **options)
    ends = run.span or (None, None)
    return {
        "name": run.meta.get("name"),
        "run_hash": run.meta.get("run_hash"),
        "repeats": run.meta.get("repeats", True),
        "first_ts": ends[0],
        "last_ts": ends[1],
        **({"accounts": run.meta["accounts"]} if run.meta.get("accounts") else {}),
        "currency": {name: currency for name, (_, currency) in found.items()},
        "metrics": {
            name: {key: value if math.isfinite(value) else None for key, value in values.items()}
            for name, (values, _) in found.items()
        },
    }


def title(run: RunData) -> str:
    """Name a run: its own name, else its strategy's."""
    return str(run.meta.get("name") or run.meta.get("strategy") or "Run")


def caption(run: RunData) -> str:
    """Say when it was and which it is."""
    ends = run.span
    if ends is None:
        when = "no data"
    else:
        when = f"{utc(ends[0])} to {utc(ends[1])} UTC, {span((ends[1] - ends[0]) / NS_PER_SECOND)}"
    run_hash = run.meta.get("run_hash")
    return f"{when}   run {str(run_hash)[:SHORT]}{repeats(run)}" if run_hash else when


def repeats(run: RunData) -> str:
    """What to say beside a run's hash: nothing, or that another run will have another one."""
    return "" if run.meta.get("repeats", True) else " (does not repeat)"


def _colour(name: str, value: float) -> str:
    """Green and red for what is won or lost, nothing for the rest."""
    signed = ("Return", "GrossPnL", "PnLPerTrade", "ReturnOverTrade", "SR", "Sortino", "Markout")
    if not name.startswith(signed) or not math.isfinite(value) or value == 0:
        return ""
    return "green" if value > 0 else "red"
