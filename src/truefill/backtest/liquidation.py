"""Liquidation: what the venue does when equity is down to the maintenance margin.

It looks whenever a mark price, a rate or a payment has changed something. Own orders are cancelled, positions
closed against the visible book as a taker, at whatever price; what the book cannot take is taken over at the
bankruptcy price, where the closing leaves nothing of the equity (of several positions each has its share by
value). Then the liquidation fee. A loss beyond the account's own money stays as negative equity, or is paid
by the venue's insurance fund, as a payment of its own; the account is marked bankrupt in both cases.
"""

import math

import numpy as np

from truefill.backtest.account_payments import pay
from truefill.backtest.account_state import (
    balance_of,
    cross_equity,
    cross_maintenance,
    fold_fills,
    folds_of,
    holdings_of,
    lots_value,
    maintenance_of,
    marked_value,
    profit_of,
    rates_of,
    worth_in,
)
from truefill.backtest.exchange_side import catch_up, own_orders
from truefill.backtest.executions import execute, report, units
from truefill.backtest.records import FILL_REPORT, fills_at, resting_at
from truefill.backtest.resting import new_resting, ranks_of, remove_rank
from truefill.backtest.table import asset_of
from truefill.backtest.taking import best_opposite, take
from truefill.backtest.waiting import free_resting, remove_waiting, waiting_slots
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.margin import bankruptcy_price
from truefill.core.order_states import CANCEL as CANCELLED, EXPIRE, FILL_ALL
from truefill.core.reasons import LIQUIDATED
from truefill.core.records import INSURANCE, IOC, LIQUIDATION_FEE, MARKET

_LAST_ID = np.uint64((1 << 64) - 1)


@helper
def liquidate_if_due(run, acc, timestamp):
    """Look at the account's margins; fills are folded, marks are those of `timestamp`."""
    if acc["margin"] == 0:
        return
    holdings = holdings_of(acc)
    folds = folds_of(acc, False)
    for k in range(acc["holdings"]):
        if holdings[k]["isolated"] != 0 and folds[k]["lots"] != 0:
            a = asset_of(run, holdings[k]["asset"])
            equity = folds[k]["margin"] + profit_of(a, holdings[k], folds[k])
            if equity <= maintenance_of(holdings[k], marked_value(a, folds[k])):
                _liquidate_isolated(run, acc, k, equity, timestamp)
    equity = cross_equity(run, acc, False)
    if equity < 0.0:
        acc["bankrupt"] = 1
    if _exposure(run, acc) > 0.0 and equity <= cross_maintenance(run, acc, False):
        _liquidate_cross(run, acc, timestamp)


@helper
def lots_to_close(run, acc, number):
    """Signed lots that a liquidation closes: the position; of spot what is owed, or what pays debts."""
    holding = holdings_of(acc)[number]
    if holding["spot"] == 0:
        return folds_of(acc, False)[number]["lots"]
    a = asset_of(run, holding["asset"])
    coins = balance_of(run, acc, False, holding["base"])
    if coins < 0.0:
        return -np.int64(math.ceil(-coins / a["lot_size"] - 1e-9))
    if balance_of(run, acc, False, holding["settled_in"]) < 0.0:
        return np.int64(math.floor(coins / a["lot_size"] + 1e-9))
    return np.int64(0)


@helper
def _closing_value(run, acc, number):
    """What a liquidation would close of a holding, at the mark, in the account's currency; never negative."""
    holding = holdings_of(acc)[number]
    fold = folds_of(acc, False)[number]
    if holding["isolated"] != 0:
        return 0.0
    a = asset_of(run, holding["asset"])
    if holding["spot"] == 0:
        return worth_in(rates_of(acc, False), holding["settled_in"], marked_value(a, fold))
    lots = abs(lots_to_close(run, acc, number))
    if lots == 0 or math.isnan(fold["mark"]):
        return 0.0
    return worth_in(rates_of(acc, False), holding["settled_in"], lots_value(a, lots, fold["mark"]))


@helper
def _exposure(run, acc):
    total = 0.0
    for k in range(acc["holdings"]):
        total += _closing_value(run, acc, k)
    return total


@helper
def _liquidate_isolated(run, acc, number, equity, timestamp):
    """Close one position; its loss must not go beyond the money set aside for it."""
    holding = holdings_of(acc)[number]
    fold = folds_of(acc, False)[number]
    own = fold["margin"]
    before = fold["realized"] - fold["fees"] * (1.0 if holding["fees_in"] == holding["settled_in"] else 0.0)
    _cancel_orders(run, acc, number, timestamp)
    fee = _close(run, acc, number, fold["lots"], equity, timestamp)
    after = fold["realized"] - fold["fees"] * (1.0 if holding["fees_in"] == holding["settled_in"] else 0.0)
    left = own + after - before - fee
    if left < 0.0:
        acc["bankrupt"] = 1
        if acc["insurance"] != 0:
            currency = holding["settled_in"]
            pay(run, acc, INSURANCE, number, currency, -left, math.nan, math.nan, math.nan, timestamp)


@helper
def _liquidate_cross(run, acc, timestamp):
    """Cancel all orders of the account but those of isolated assets, then close asset by asset."""
    holdings = holdings_of(acc)
    for k in range(acc["holdings"]):
        if holdings[k]["isolated"] == 0:
            _cancel_orders(run, acc, k, timestamp)
    rates = rates_of(acc, False)
    for k in range(acc["holdings"]):
        lots = lots_to_close(run, acc, k)
        if holdings[k]["isolated"] != 0 or lots == 0:
            continue
        value = _closing_value(run, acc, k)
        share = value / _exposure(run, acc) if value > 0.0 else 0.0
        rate = rates[holdings[k]["settled_in"]]
        equity = cross_equity(run, acc, False) * share / rate if rate > 0.0 else 0.0
        _close(run, acc, k, lots, equity, timestamp)
    left = cross_equity(run, acc, False)
    if left < 0.0:
        acc["bankrupt"] = 1
        if acc["insurance"] != 0:
            amount = -left / rates[acc["currency"]]
            pay(run, acc, INSURANCE, -1, acc["currency"], amount, math.nan, math.nan, math.nan, timestamp)


@helper
def _cancel_orders(run, acc, number, timestamp):
    a = asset_of(run, holdings_of(acc)[number]["asset"])
    if own_orders(a) == 0:  # else the replay has kept the book in step
        catch_up(a, timestamp if run["ended"] == 0 else np.int64(NO_TIME))
    for side in (1, -1):
        while len(ranks_of(a, side)) > 0:
            slot = np.int64(ranks_of(a, side)[0])
            remove_rank(a, side, 0)
            _tell_end(run, a, slot, timestamp)
    while len(waiting_slots(a)) > 0:
        slot = np.int64(waiting_slots(a)[0])
        remove_waiting(a, slot)
        _tell_end(run, a, slot, timestamp)


@helper
def _tell_end(run, a, slot, timestamp):
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["reason"] = LIQUIDATED
    report(run, a, FILL_REPORT, CANCELLED, timestamp, 0, order, 0, 0, 0, 0)
    free_resting(a, slot)


@helper
def _venue_order(run, a, order_id, side, lots, timestamp):
    """An order of the venue's in the account's name. Returns its slot."""
    slot = new_resting(a, order_id)
    order = resting_at(a["resting_addr"], a["resting_room"])[slot]
    order["tick"] = 0
    order["qty"] = lots
    order["leaves"] = lots
    order["side"] = side
    order["tif"] = IOC
    order["order_type"] = MARKET
    order["flags"] = 0
    order["trigger"] = 0
    order["display"] = 0
    order["shown"] = lots
    order["expire_ts"] = NO_TIME
    order["waits"] = 0
    order["reason"] = 0
    order["entry_ts"] = timestamp
    return slot


@helper
def _close(run, acc, number, held, equity, timestamp):
    """Close `held` lots (signed) of a holding that has `equity` of its own, in its own currency.

    Returns the liquidation fee.
    """
    holding = holdings_of(acc)[number]
    a = asset_of(run, holding["asset"])
    fold = folds_of(acc, False)[number]
    side = -1 if held > 0 else 1
    lots = np.int64(abs(held))
    acc["liquidations"] += 1
    number_of = holding["orders"]
    holding["orders"] += 1
    first = a["fills_count"]
    left = lots
    level = best_opposite(a, side)
    if level >= 0:
        order_id = _LAST_ID - np.uint64(2 * number_of + 1)  # even, from 2**64 - 2 down
        slot = _venue_order(run, a, order_id, side, lots, timestamp)
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        last_lots, last_tick = take(run, a, order, level, timestamp)
        left = order["leaves"]
        order["reason"] = LIQUIDATED
        event = FILL_ALL if left == 0 else EXPIRE
        done = 1 if last_lots > 0 else 0
        report(run, a, FILL_REPORT, event, timestamp, 0, order, done, 0, last_lots, last_tick)
        free_resting(a, slot)
    if left > 0:
        tick = _takeover_tick(a, holding, fold, first, side, lots, left, equity)
        order_id = _LAST_ID - np.uint64(2 * number_of)
        slot = _venue_order(run, a, order_id, side, left, timestamp)
        order = resting_at(a["resting_addr"], a["resting_room"])[slot]
        order["tick"] = tick
        execute(run, a, order_id, side, 0, tick, left, timestamp, timestamp, 0.0)
        order["leaves"] = 0
        order["filled"] = left
        order["reason"] = LIQUIDATED
        report(run, a, FILL_REPORT, FILL_ALL, timestamp, 0, order, 1, 0, left, tick)
        free_resting(a, slot)
    fills = fills_at(a["fills_addr"], a["fills_count"])
    value = 0.0
    for i in range(first, a["fills_count"]):
        value += lots_value(a, fills[i]["qty_lots"], fills[i]["price"])
    fold_fills(run, acc, False)
    rate = holding["liquidation_fee"]
    fee = value * rate
    qty = units(a, lots)  # without a fee it is still on record
    pay(run, acc, LIQUIDATION_FEE, number, holding["settled_in"], 0.0 - fee, rate, qty, math.nan, timestamp)
    return fee


@helper
def _takeover_tick(a, holding, fold, first, side, lots, left, equity):
    """Bankruptcy price of the `left` lots that the book could not take, as a tick in the account's favour.

    `equity` was there at the mark before the book took the others, at its prices and fees.
    """
    mark = fold["mark"]
    if math.isnan(mark):  # none yet: the price at which the position was opened
        held = units(a, abs(fold["lots"])) * a["multiplier"]
        mark = fold["cost"] / held if holding["sign"] > 0 else held / fold["cost"]
    fills = fills_at(a["fills_addr"], a["fills_count"])
    for i in range(first, a["fills_count"]):
        taken = fills[i]["qty_lots"]
        gained = lots_value(a, taken, fills[i]["price"]) - lots_value(a, taken, mark)
        equity += holding["sign"] * side * -gained
        if holding["fees_in"] == holding["settled_in"]:
            equity -= fills[i]["fee"]
    size = a["multiplier"] * units(a, left)
    price = bankruptcy_price(holding["sign"], -side, size, mark, equity)
    ticks = price / a["tick_size"]
    if not ticks < 4e18:  # a short inverse position that its own money pays for
        ticks = 2.0 * mark / a["tick_size"]
    # a long position is sold at the next tick above, a short one bought at the next below
    tick = math.ceil(ticks - 1e-9) if side < 0 else math.floor(ticks + 1e-9)
    return max(np.int64(tick), np.int64(1))
