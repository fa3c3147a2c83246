"""The report's table of fills: the last ones, the best and the worst."""

from html import escape

import numpy as np

from truefill.analysis.fills import HORIZONS, FillView, fill_view, joined
from truefill.analysis.formats import NOTHING, decimals, duration, fixed, number, trimmed
from truefill.analysis.rates import Rates, fee_names
from truefill.core.run_data import AssetRun, RunData
from truefill.core.times import utc

SHOWN = 12
NO_FILLS = '<section class="card"><p class="nothing">n/a: nothing filled in this run</p></section>'
_HEADS = (
    *("Time, UTC", "Side", "", "Price", "Quantity", "Order", "Fee"),
    *("Queue ahead", "Waited", "Edge", "1 s", "10 s"),
)


def fills_section(run: RunData) -> str:
    """Make the table: last, best and worst fills, judged by their worth ten seconds later, after fees.

    Where the prices end before that, by what it was worth at the mid of that moment.
    """
    rows = np.concatenate([a.reported for a in run.assets])
    owner = np.concatenate([np.full(len(a.reported), k) for k, a in enumerate(run.assets)])
    if not len(rows):
        return f"<h2>Fills</h2>{NO_FILLS}"
    order = np.argsort(rows["local_ts"], kind="stable")  # as `joined` does
    rows, owner = rows[order], owner[order]
    rates = Rates(run)
    into = rates.common()
    view = joined([fill_view(asset, rates=rates, into=into) for asset in run.assets])
    paid = np.concatenate([np.array(fee_names(a, a.reported), object) for a in run.assets])[order]
    paid_in = paid if len(set(paid)) > 1 or paid[0] != into else np.full(len(rows), "", object)

    later = view.markouts[:, len(HORIZONS) - 1]
    worth = view.edge + np.where(np.isfinite(later), later, 0.0) - view.fee
    ranked = np.argsort(worth, kind="stable")
    ranked = ranked[np.isfinite(worth[ranked])]
    choices = {
        "Last": np.arange(len(rows))[::-1][:SHOWN],
        "Best": ranked[::-1][:SHOWN],
        "Worst": ranked[:SHOWN],
    }
    buttons, tables, many = [], [], len(run.assets) > 1
    heads = (*_HEADS[:1], *(["Asset"] if many else []), *_HEADS[1:], "Worth after fee")
    head = "".join(f"<th>{h}</th>" for h in heads)
    for k, (name, chosen) in enumerate(choices.items()):
        selected = "true" if k == 0 else "false"
        buttons.append(f'<button role="tab" data-tab="fills-{k}" aria-selected="{selected}">{name}</button>')
        body = "".join(
            _row(view, i, rows[i], run.assets[owner[i]], float(worth[i]), many, paid_in[i])
            for i in chosen.tolist()
        )
        hidden = "" if k == 0 else " hidden"
        tables.append(
            f'<div class="scroll" id="fills-{k}"{hidden}><table class="fills"><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>"
        )
    return (
        "<h2>Fills<small>edge and markouts in bps of the mid; worth: edge and 10 s markout, less the fee"
        f'</small></h2><section class="card"><div class="tabs" role="tablist">{"".join(buttons)}</div>'
        f"{''.join(tables)}</section>"
    )


def _row(
    view: FillView, i: int, fill: np.void, asset: AssetRun, worth: float, many: bool, paid_in: str
) -> str:
    bought, maker = fill["side"] > 0, bool(fill["maker"])
    cells = [
        utc(int(fill["local_ts"]), 3),
        *([escape(asset.symbol)] if many else []),
        f'<span class="{"gain" if bought else "loss"}">{"buy" if bought else "sell"}</span>',
        "maker" if maker else "taker",
        fixed(float(fill["price"]), decimals(asset.tick_size)),
        trimmed(float(fill["qty"]), 8),
        str(fill["order_id"]),
        f"{number(float(fill['fee']))} {escape(paid_in)}".strip(),
        trimmed(float(fill["queue_ahead"]), 4) if maker else "",
        duration(float(view.queue_time[i])) if maker else "",
        _bps(view.edge[i], view.mid_value[i]),
        _bps(view.markouts[i, 1], view.mid_value[i]),
        _bps(view.markouts[i, 2], view.mid_value[i]),
        f'<span class="{"gain" if worth > 0 else "loss"}">{number(worth)}</span>',
    ]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _bps(money: float, value: float) -> str:
    share = money / value * 1e4 if value > 0 else np.nan
    return fixed(share, 3) if np.isfinite(share) else NOTHING
