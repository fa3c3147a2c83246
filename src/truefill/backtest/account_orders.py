"""Whether an account can carry an order that has arrived: asked at the exchange, before the order is taken.

A cash account must hold what all its open orders would spend. A margin account must cover the initial margin
of its positions and of all open orders; an order that needs no more margin than there was without it
(one that closes, a smaller one in place of a larger) is always taken. Reduce-only orders always pass.
"""

import numpy as np

from truefill.backtest.account_records import account_at
from truefill.backtest.account_state import (
    balance_of,
    cross_equity,
    fold_fills,
    folds_of,
    holdings_of,
    lots_value,
    needs,
    order_price,
    spending,
)
from truefill.backtest.arguments import BROKEN
from truefill.backtest.executions import units
from truefill.backtest.records import asset_at, requests_at, run_at
from truefill.backtest.seams import ACCOUNT_REFUSAL
from truefill.core.jit import Callback, helper
from truefill.core.margin import covers, open_loss
from truefill.core.reasons import DUPLICATE_ID, INSUFFICIENT_BALANCE, INSUFFICIENT_MARGIN, NO_REASON
from truefill.core.records import FIRST_LIQUIDATION_ID, REDUCE_ONLY


@helper
def account_reason(run, a, request, replaced):
    """NO_REASON, or why the account cannot carry a request; `replaced`: slot of the order it changes, -1."""
    acc = account_at(a["account_addr"])
    if request["order_id"] >= np.uint64(FIRST_LIQUIDATION_ID):
        return DUPLICATE_ID
    if (request["flags"] & REDUCE_ONLY) != 0:
        return NO_REASON
    fold_fills(run, acc, False)
    number = a["holding"]
    holding = holdings_of(acc)[number]
    fold = folds_of(acc, False)[number]
    side = np.int64(request["side"])
    kind = np.int64(request["order_type"])
    price = order_price(a, False, kind, request["tick"], request["trigger"], side, fold["mark"])
    value = 0.0
    loss = 0.0
    if price > 0.0:  # nor NaN: nobody knows one, and nothing will be executed
        value = lots_value(a, request["qty"], price)
        if holding["spot"] == 0 and fold["mark"] > 0.0:
            loss = open_loss(holding["sign"], side, value, lots_value(a, request["qty"], fold["mark"]))
    qty = units(a, request["qty"])
    none = np.int64(-1)
    if acc["margin"] == 0:
        spent = holding["settled_in"] if side > 0 else holding["base"]
        all_spent = spending(run, acc, False, spent, number, replaced, side, value, qty)
        if covers(balance_of(run, acc, False, spent), all_spent):
            return NO_REASON
        if replaced >= 0 and covers(spending(run, acc, False, spent, none, none, side, 0.0, 0.0), all_spent):
            return NO_REASON
        return INSUFFICIENT_BALANCE
    before = needs(run, acc, False, none, none, side, 0.0, 0.0, 0.0)
    after = needs(run, acc, False, number, replaced, side, value, loss, qty)
    if covers(before, after) or covers(cross_equity(run, acc, False), after):
        return NO_REASON
    return INSUFFICIENT_MARGIN


def _account_refusal(address, asset_address, replaced):
    try:
        a = asset_at(asset_address)
        request = requests_at(a["requests_addr"], a["requests_room"])[a["requests_head"] - 1]
        return np.int64(account_reason(run_at(address), a, request, replaced))
    except Exception:
        return np.int64(BROKEN)


account_refusal_entry = Callback(_account_refusal, ACCOUNT_REFUSAL)
