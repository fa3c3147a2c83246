"""The report on where the money came from: `attribution` as a table with its errors; fill rules compared."""

import math
from html import escape
from typing import Any

import numpy as np

from truefill.analysis.attribution import PARTS, Attribution, attribution
from truefill.analysis.formats import NOTHING, duration, number
from truefill.analysis.rates import Rates
from truefill.core.run_data import NS_PER_SECOND, RunData

_HEADS = ("Edge", "Markout", "Inventory", "Fees")
_CLEAR = 2.0  # standard errors from zero


def attribution_section(run: RunData) -> str:
    """Make a card for each asset that has fills."""
    rates = Rates(run)
    end = run.span[1] if run.span else None
    cards = [
        _card(attribution(asset, rates=rates, end_ts=end)) for asset in run.assets if len(asset.reported)
    ]
    band = sensitivity_card(run.meta.get("sensitivity"))
    if not cards and not band:
        return ""
    return f"<h2>Where the money came from</h2>{''.join(cards)}{band}"


def _card(found: Attribution) -> str:
    groups = {
        "All fills": None,
        "Bought": found.side == 1,
        "Sold": found.side == -1,
        "As maker": found.maker,
        "As taker": ~found.maker,
    }
    payments = list(found.payments)
    heads = "".join(f"<th>{escape(name)}</th>" for name in (*_HEADS, *payments, "Profit"))
    rows = []
    for name, mask in groups.items():
        if mask is not None and not mask.any():
            continue
        totals = found.totals(mask)
        amounts = [totals.get(part) for part in (*PARTS, *payments)]
        cells = "".join(_cell(found, a) for a in (*amounts, sum(totals.values())))
        rows.append(f"<tr><td>{name}</td>{cells}</tr>")
    errors = [found.error(part) for part in (*PARTS, "fills")]
    if np.isfinite(errors[:3]).all():
        blank = "<td></td>" * len(payments)
        shown = [f"<td>± {number(e)}</td>" for e in errors]
        rows.append(f"<tr><td>standard error</td>{''.join(shown[:4])}{blank}{shown[4]}</tr>")
    words = _words(found, errors)
    return (
        f'<section class="card"><h3>{escape(found.symbol)}, {escape(found.currency)}</h3>'
        f'<table class="fills"><thead><tr><th></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody></table>'
        f"<p>{words}</p></section>"
    )


def _cell(found: Attribution, amount: int | None) -> str:
    return "<td></td>" if amount is None else f"<td>{number(found.money(amount))}</td>"


def _words(found: Attribution, errors: list[float]) -> str:
    horizon = duration(found.horizon_ns / NS_PER_SECOND)
    text = (
        f"Edge: price against the mid at the fill. Markout: what the mid did in the {horizon} after its "
        "report (below zero: adverse selection). Inventory: what it did after that, until the end. The parts "
        f"add up to the profit exactly, in units of {found.unit:.3g} {escape(found.currency)}."
    )
    if not np.isfinite(errors[:3]).all():
        return text + " Too few fills to tell any of it from chance."
    weak = [
        head.lower()
        for part, head, error in zip(
            (*PARTS[:3], "fills"), (*_HEADS[:3], "profit"), (*errors[:3], errors[4]), strict=True
        )
        if abs(found.money(int(_total(found, part)))) < _CLEAR * error
    ]
    if weak:
        text += f" Not significant (less than two standard errors from zero): {', '.join(weak)}."
    return text


def _total(found: Attribution, part: str) -> int:
    return sum(found.fills.tolist()) if part == "fills" else found.totals()[part]


def sensitivity_card(band: Any) -> str:
    """Make a card of ``meta["sensitivity"]``: the same quotes under other fill rules and latencies.

    A list of dicts with ``rule`` (text), ``latency_ms``, ``profit`` and ``fills``, and ``currency``.
    """
    if not band:
        return ""
    delays = sorted({row["latency_ms"] for row in band})
    rules = list(dict.fromkeys(row["rule"] for row in band))
    heads = "".join(f"<th>{number(d) if d else '0'} ms</th>" for d in delays)
    found = {(row["rule"], row["latency_ms"]): row for row in band}
    lines = []
    for rule in rules:
        cells = ""
        for delay in delays:
            row = found.get((rule, delay))
            cells += (
                f"<td>{NOTHING}</td>"
                if row is None
                else f"<td>{number(row['profit'])}<small>{row['fills']} fills</small></td>"
            )
        lines.append(f"<tr><td>{escape(str(rule))}</td>{cells}</tr>")
    profits = [float(row["profit"]) for row in band]
    low, high = min(profits), max(profits)
    sign = "" if math.copysign(1, low) == math.copysign(1, high) else " Its sign depends on the fill rule."
    return (
        '<section class="card"><h3>Sensitivity: profit by fill rule and latency</h3>'
        f'<table class="fills"><thead><tr><th></th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
        f"<p>From {number(low)} to {number(high)} {escape(str(band[0]['currency']))}.{sign}</p></section>"
    )
