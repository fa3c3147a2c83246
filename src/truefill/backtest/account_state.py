"""What an account has and needs: folds over executions, balances, equity, margins.

Each function takes `here`: 0 for what the exchange knows, 1 for what has been reported to the strategy. Both
have folds, balances, rates and marks of their own. All of it is compiled only for runs with accounts.
"""

import math

import numpy as np

from truefill.backtest.account_records import (
    ACCOUNT_ROW,
    account_at,
    folds_at,
    holdings_at,
    tiers_at,
)
from truefill.backtest.executions import units
from truefill.backtest.models.contracts import trade_value
from truefill.backtest.order_table import is_over
from truefill.backtest.records import fills_at, metas_at, orders_at, resting_at
from truefill.backtest.resting import ranks_of
from truefill.backtest.table import asset_of
from truefill.backtest.waiting import waiting_slots
from truefill.core.address import f64_view, i64_view
from truefill.core.jit import helper
from truefill.core.margin import initial_margin, maintenance_margin, open_loss, reduced, unrealized_profit
from truefill.core.order_rules import has_limit
from truefill.core.records import LIMIT, MARKET, REDUCE_ONLY


@helper
def account_of(run, number):
    """Record of account `number`, which is in range."""
    return account_at(run["accounts_addr"] + number * ACCOUNT_ROW)


@helper
def holdings_of(acc):
    """The account's assets."""
    return holdings_at(acc["holdings_addr"], acc["holdings"])


@helper
def folds_of(acc, here):
    """The folds of the account's assets."""
    return folds_at(acc["l_folds_addr"] if here else acc["x_folds_addr"], acc["holdings"])


@helper
def rates_of(acc, here):
    """What one unit of each currency is worth in the account's currency; NaN: not known."""
    return f64_view(acc["l_rates_addr"] if here else acc["x_rates_addr"], acc["currencies"])


@helper
def cash_of_account(acc, here):
    """Deposits and payments so far, by currency."""
    return f64_view(acc["l_cash_addr"] if here else acc["x_cash_addr"], acc["currencies"])


@helper
def lots_value(a, lots, price):
    """Value of so many lots (>= 0) at a price."""
    return trade_value(a, price, units(a, lots))


@helper
def fold_fills(run, acc, here):
    """Take all executions up to now into the folds: those at the exchange, or those reported here."""
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    for k in range(acc["holdings"]):
        a = asset_of(run, holdings[k]["asset"])
        until = a["fills_seen"] if here else a["fills_count"]
        _fold_asset(a, holdings[k], folds[k], until)


@helper
def _fold_asset(a, holding, fold, until):
    fills = fills_at(a["fills_addr"], a["fills_count"])
    for i in range(fold["fills"], until):
        fill = fills[i]
        side = np.int64(fill["side"])
        if fill["fee_currency"] == a["fee_currency"]:
            fold["fees"] += fill["fee"]
        else:
            fold["coin_fees"] += fill["fee"]
        value = trade_value(a, fill["price"], fill["qty"])
        if holding["spot"] != 0:
            fold["realized"] -= side * value
            fold["lots"] += side * fill["qty_lots"]
            continue
        _fold_fill(holding, fold, side, fill["qty_lots"], value)
    fold["fills"] = until


@helper
def _fold_fill(holding, fold, side, lots, value):
    """One execution of a contract: it adds to the position, or closes of it, or turns it."""
    held = fold["lots"]
    if held * side < 0:
        size = abs(held)
        closed = min(size, lots)
        part = value * (closed / lots)
        fold["cost"], profit = reduced(holding["sign"], -side, fold["cost"], size, closed, part)
        fold["realized"] += profit
        fold["margin"] = 0.0 if closed == size else fold["margin"] * ((size - closed) / size)
        fold["lots"] += side * closed
        lots -= closed
        value -= part
    if lots > 0:
        fold["cost"] += value
        fold["lots"] += side * lots
        if holding["isolated"] != 0:
            fold["margin"] += value * holding["initial_rate"]


@helper
def balance_of(run, acc, here, currency):
    """The account's money in one currency: deposits, payments, profit, fees, coins."""
    total = cash_of_account(acc, here)[currency]
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    for k in range(acc["holdings"]):
        if holdings[k]["settled_in"] == currency:
            total += folds[k]["realized"]
        if holdings[k]["fees_in"] == currency:
            total -= folds[k]["fees"]
        if holdings[k]["base"] == currency:
            coins = units(asset_of(run, holdings[k]["asset"]), folds[k]["lots"])
            total += coins - folds[k]["coin_fees"]
    return total


@helper
def marked_value(a, fold):
    """Value of a position, never negative, at the mark; at its cost before the first mark."""
    if fold["lots"] == 0:
        return 0.0
    if math.isnan(fold["mark"]):
        return fold["cost"]
    return lots_value(a, abs(fold["lots"]), fold["mark"])


@helper
def profit_of(a, holding, fold):
    """Unrealized profit of a contract's position at the mark, in its own currency."""
    if fold["lots"] == 0 or holding["spot"] != 0:
        return 0.0
    side = 1 if fold["lots"] > 0 else -1
    return unrealized_profit(holding["sign"], side, marked_value(a, fold), fold["cost"])


@helper
def maintenance_of(holding, value):
    """Maintenance margin of a position of `value`, by the tier that it is in."""
    tiers = tiers_at(holding["tiers_addr"], holding["tiers"])
    number = 0
    while number + 1 < len(tiers) and value >= tiers[number + 1]["floor"]:
        number += 1
    if len(tiers) == 0:
        return 0.0
    return maintenance_margin(value, tiers[number]["rate"], tiers[number]["deduction"])


@helper
def worth_in(rates, currency, amount):
    """An amount in the account's currency; nothing is worth nothing even where no rate is known."""
    if amount == 0.0:
        return 0.0
    return amount * rates[currency]


@helper
def cash_total(run, acc, here):
    """All balances in the account's currency."""
    rates = rates_of(acc, here)
    total = 0.0
    for c in range(acc["currencies"]):
        total += worth_in(rates, c, balance_of(run, acc, here, c))
    return total


@helper
def profit_total(run, acc, here, isolated):
    """Unrealized profit in the account's currency: of all assets, or without the isolated ones."""
    rates = rates_of(acc, here)
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    total = 0.0
    for k in range(acc["holdings"]):
        if isolated or holdings[k]["isolated"] == 0:
            profit = profit_of(asset_of(run, holdings[k]["asset"]), holdings[k], folds[k])
            total += worth_in(rates, holdings[k]["settled_in"], profit)
    return total


@helper
def set_aside(acc, here):
    """Money of isolated positions, in the account's currency."""
    rates = rates_of(acc, here)
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    total = 0.0
    for k in range(acc["holdings"]):
        total += worth_in(rates, holdings[k]["settled_in"], folds[k]["margin"])
    return total


@helper
def cross_equity(run, acc, here):
    """Equity that all assets but the isolated ones share."""
    return cash_total(run, acc, here) + profit_total(run, acc, here, False) - set_aside(acc, here)


@helper
def debts(run, acc, here):
    """Worth of what is owed in currencies that may be borrowed for spot, open orders apart."""
    rates = rates_of(acc, here)
    counts = i64_view(acc["debts_addr"], acc["currencies"])
    total = 0.0
    for c in range(acc["currencies"]):
        if counts[c] != 0:
            total += worth_in(rates, c, max(-balance_of(run, acc, here, c), 0.0))
    return total


@helper
def cross_maintenance(run, acc, here):
    """Maintenance margin of all positions but the isolated ones, and of debts."""
    rates = rates_of(acc, here)
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    total = acc["debt_maintenance_rate"] * debts(run, acc, here)
    for k in range(acc["holdings"]):
        holding = holdings[k]
        if holding["isolated"] == 0 and holding["spot"] == 0:
            value = marked_value(asset_of(run, holding["asset"]), folds[k])
            total += worth_in(rates, holding["settled_in"], maintenance_of(holding, value))
    return total


# -- open orders -----------------------------------------------------------------------------------------


@helper
def order_price(a, here, order_type, tick, trigger, side, mark):
    """Price at which an order is valued: limit or trigger; a market order at the opposite best, or mark."""
    if order_type == LIMIT or has_limit(order_type):
        return tick * a["tick_size"]
    if order_type != MARKET:
        return trigger * a["tick_size"]
    if here:
        level = a["ask"] if side > 0 else a["bid"]
        if level >= 0:
            return i64_view(a["level_tick_addr"], a["levels"])[level] * a["tick_size"]
        return mark
    level = a["x_ask"] if side > 0 else a["x_bid"]
    if level >= 0:
        return i64_view(a["x_level_tick_addr"], a["x_levels"])[level] * a["tick_size"]
    return mark


@helper
def _order(a, holding, fold, side, lots, price):
    """(value, what it loses at once, quantity) of an open order."""
    qty = units(a, lots)
    if math.isnan(price) or price <= 0.0:
        return 0.0, 0.0, qty
    value = lots_value(a, lots, price)
    loss = 0.0
    if holding["spot"] == 0 and not math.isnan(fold["mark"]):
        loss = open_loss(holding["sign"], side, value, lots_value(a, lots, fold["mark"]))
    return value, loss, qty


@helper
def open_orders(a, holding, fold, here, skipped):
    """Sums over the open orders that may add to a position; `skipped`: the slot of one that is left out.

    Stops that wait count as if they rested, at their limit or trigger; reduce-only orders do not count.

    Returns
    -------
    (float, float, float, float, float)
        Value of buys and of sells, what buys and sells would lose at once, quantity of sells.
    """
    buys = 0.0
    sells = 0.0
    buy_loss = 0.0
    sell_loss = 0.0
    sold = 0.0
    if here:
        orders = orders_at(a["orders_addr"], a["orders_room"])
        metas = metas_at(a["orders_meta_addr"], a["orders_room"])
        for i in range(a["orders_count"]):
            order = orders[i]
            if is_over(order["status"]) or (order["flags"] & REDUCE_ONLY) != 0:
                continue
            kind = np.int64(order["order_type"])
            side = np.int64(order["side"])
            price = order_price(
                a, here, kind, order["price_tick"], order["trigger_price_tick"], side, fold["mark"]
            )
            value, loss, qty = _order(a, holding, fold, side, metas[i]["leaves"], price)
            if side > 0:
                buys += value
                buy_loss += loss
            else:
                sells += value
                sell_loss += loss
                sold += qty
        return buys, sells, buy_loss, sell_loss, sold
    resting = resting_at(a["resting_addr"], a["resting_room"])
    for part in range(3):
        slots = waiting_slots(a)
        if part == 0:
            slots = ranks_of(a, 1)
        elif part == 1:
            slots = ranks_of(a, -1)
        for i in range(len(slots)):
            if slots[i] == skipped:
                continue
            rests = resting[slots[i]]
            if (rests["flags"] & REDUCE_ONLY) != 0:
                continue
            side = rests["side"]
            price = order_price(
                a, here, rests["order_type"], rests["tick"], rests["trigger"], side, fold["mark"]
            )
            value, loss, qty = _order(a, holding, fold, side, rests["leaves"], price)
            if side > 0:
                buys += value
                buy_loss += loss
            else:
                sells += value
                sell_loss += loss
                sold += qty
    return buys, sells, buy_loss, sell_loss, sold


@helper
def margin_need(a, holding, fold, buys, sells, buy_loss, sell_loss):
    """Initial margin that a contract's position and open orders take up, in its own currency.

    Of an isolated position only what its orders need beyond what is set aside for it already.
    """
    value = marked_value(a, fold)
    side = 1 if fold["lots"] > 0 else -1
    need = initial_margin(side * value, buys, sells, buy_loss, sell_loss, holding["initial_rate"])
    if holding["isolated"] != 0:
        return max(need - value * holding["initial_rate"], 0.0)
    return need


@helper
def needs(run, acc, here, changed, skipped, side, value, loss, qty):
    """Initial margin of everything, in the account's currency, with one order more.

    Parameters
    ----------
    changed : int
        Number of the holding that the order is for; -1: no order.
    skipped : int
        Slot of the order that it replaces, -1: none.
    side, value, loss, qty
        Of the order; `value` 0: none.
    """
    rates = rates_of(acc, here)
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    counts = i64_view(acc["debts_addr"], acc["currencies"])
    total = 0.0
    for k in range(acc["holdings"]):
        holding = holdings[k]
        if holding["spot"] != 0:
            continue
        a = asset_of(run, holding["asset"])
        left_out = skipped if k == changed else np.int64(-1)
        buys, sells, buy_loss, sell_loss, _ = open_orders(a, holding, folds[k], here, left_out)
        if k == changed:
            if side > 0:
                buys += value
                buy_loss += loss
            else:
                sells += value
                sell_loss += loss
        need = margin_need(a, holding, folds[k], buys, sells, buy_loss, sell_loss)
        total += worth_in(rates, holding["settled_in"], need)
    if acc["debt_initial_rate"] > 0.0:
        owed = 0.0
        for c in range(acc["currencies"]):
            if counts[c] != 0:
                spent = spending(run, acc, here, c, changed, skipped, side, value, qty)
                left = balance_of(run, acc, here, c) - spent
                owed += worth_in(rates, c, max(-left, 0.0))
        total += acc["debt_initial_rate"] * owed
    return total


@helper
def spending(run, acc, here, currency, changed, skipped, side, value, qty):
    """What open spot orders, and one order more (as for `needs`), would spend of a currency."""
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    total = 0.0
    for k in range(acc["holdings"]):
        holding = holdings[k]
        if holding["spot"] == 0:
            continue
        left_out = skipped if k == changed else np.int64(-1)
        a = asset_of(run, holding["asset"])
        buys, _, _, _, sold = open_orders(a, holding, folds[k], here, left_out)
        if k == changed:
            if side > 0:
                buys += value
            else:
                sold += qty
        if holding["settled_in"] == currency:
            total += buys * (1.0 + holding["fee_reserve"])
        if holding["base"] == currency:
            total += sold
    return total
