"""An account as the strategy knows it: from reported executions and payments, and marks that were seen."""

import numpy as np

from truefill.backtest.account_payments import take_news
from truefill.backtest.account_records import account_state_at, payments_at
from truefill.backtest.account_state import (
    account_of,
    balance_of,
    cash_of_account,
    cash_total,
    cross_equity,
    cross_maintenance,
    fold_fills,
    folds_of,
    holdings_of,
    maintenance_of,
    marked_value,
    needs,
    profit_total,
    rates_of,
    set_aside,
    spending,
    worth_in,
)
from truefill.backtest.arguments import BROKEN
from truefill.backtest.records import run_at
from truefill.backtest.seams import ON_ACCOUNT
from truefill.backtest.table import asset_of
from truefill.core.jit import Callback, helper
from truefill.core.records import FUNDING_PAYMENT, INSURANCE, INTEREST, LIQUIDATION_FEE


@helper
def hear_payments(acc, now):
    """Take in the payments whose reports have arrived. Returns nothing; totals go into the state."""
    rows = payments_at(acc["payments_addr"], acc["payments_count"])
    state = account_state_at(acc["state_addr"])
    rates = rates_of(acc, True)
    cash = cash_of_account(acc, True)
    holdings = holdings_of(acc)
    folds = folds_of(acc, True)
    number = acc["payments_heard"]
    while number < len(rows) and rows[number]["local_ts"] <= now:
        row = rows[number]
        cash[row["currency"]] += row["amount"]
        amount = worth_in(rates, row["currency"], row["amount"])
        if row["kind"] == FUNDING_PAYMENT:
            state["funding"] += amount
            for k in range(acc["holdings"]):
                if holdings[k]["asset"] == row["asset"] and holdings[k]["isolated"] != 0:
                    folds[k]["margin"] += row["amount"] if folds[k]["lots"] != 0 else 0.0
        elif row["kind"] == INTEREST:
            state["interest"] += amount
        elif row["kind"] == LIQUIDATION_FEE:
            state["liquidation_fees"] += amount
            state["liquidations"] += 1
        elif row["kind"] == INSURANCE:
            state["insurance"] += amount
        number += 1
    acc["payments_heard"] = number


@helper
def fill_state(run, acc):
    """Bring the account's state up to what is known here now."""
    # the clock stays behind when the data ends; what has arrived is what the feed's time says
    now = max(run["now"], asset_of(run, 0)["feed_ts"])
    fold_fills(run, acc, True)
    take_news(acc, True, now)
    hear_payments(acc, now)
    state = account_state_at(acc["state_addr"])
    state["cash"] = cash_total(run, acc, True)
    state["unrealized"] = profit_total(run, acc, True, True)
    state["equity"] = state["cash"] + state["unrealized"]
    none = np.int64(-1)
    need = 0.0
    maintenance = 0.0
    if acc["margin"] != 0:
        need = needs(run, acc, True, none, none, none, 0.0, 0.0, 0.0)
        state["available"] = cross_equity(run, acc, True) - need
        maintenance = cross_maintenance(run, acc, True)
        holdings = holdings_of(acc)
        folds = folds_of(acc, True)
        rates = rates_of(acc, True)
        for k in range(acc["holdings"]):
            if holdings[k]["isolated"] != 0:
                value = marked_value(asset_of(run, holdings[k]["asset"]), folds[k])
                margin = maintenance_of(holdings[k], value)
                maintenance += worth_in(rates, holdings[k]["settled_in"], margin)
    else:
        rates = rates_of(acc, True)
        state["available"] = state["equity"]
        for c in range(acc["currencies"]):
            spent = spending(run, acc, True, c, none, none, none, 0.0, 0.0)
            state["available"] -= worth_in(rates, c, spent)
    state["initial_margin"] = need + set_aside(acc, True)
    state["maintenance_margin"] = maintenance
    if state["equity"] < 0.0 or state["insurance"] > 0.0:
        state["bankrupt"] = 1


def _read_account(address, number, currency):
    """Fill in the state of account `number`, and its balance in `currency` (-1: of none)."""
    try:
        run = run_at(address)
        acc = account_of(run, number)
        fill_state(run, acc)
        if currency >= 0:
            acc["balance_out"] = balance_of(run, acc, True, currency)
        return np.int64(0)
    except Exception:
        return np.int64(BROKEN)


read_account_entry = Callback(_read_account, ON_ACCOUNT)
