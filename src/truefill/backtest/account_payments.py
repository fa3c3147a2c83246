"""Money that an account receives or pays without an order: the log of payments, funding, interest.

A payment counts at the exchange when it is made, and here when its report has arrived, which takes as long as
the report of an execution. None overtakes an earlier one.
"""

import math

from truefill.backtest.account_records import (
    FUNDING_DUE,
    INTEREST_DUE,
    MARK_CHANGE,
    RATE_CHANGE,
    money_events_at,
    payments_at,
)
from truefill.backtest.account_state import (
    balance_of,
    cash_of_account,
    folds_of,
    holdings_of,
    marked_value,
    rates_of,
)
from truefill.backtest.executions import later, units
from truefill.backtest.memory import grown
from truefill.backtest.models.latency import message_latency
from truefill.backtest.records import FILL_REPORT
from truefill.backtest.table import asset_of
from truefill.core.address import f64_view
from truefill.core.events import NO_TIME
from truefill.core.jit import helper
from truefill.core.margin import borrow_interest, funding_payment
from truefill.core.records import FUNDING_PAYMENT, INTEREST, PAYMENT

_ROW = PAYMENT.itemsize


@helper
def pay(run, acc, kind, number, currency, amount, rate, qty, price, timestamp):
    """Make a payment (negative: the account pays); `number`: of the holding it is about, -1 none."""
    if acc["payments_count"] == acc["payments_room"]:
        acc["payments_addr"], acc["payments_room"] = grown(acc["payments_addr"], acc["payments_room"], _ROW)
    rows = payments_at(acc["payments_addr"], acc["payments_room"])
    at = acc["payments_count"]
    acc["payments_count"] += 1
    holding = holdings_of(acc)[max(number, 0)]
    a = asset_of(run, holding["asset"])
    arrival = later(timestamp, max(message_latency(run, a, FILL_REPORT, timestamp), 0))
    if at > 0:
        arrival = max(arrival, rows[at - 1]["local_ts"])
    row = rows[at]
    row["exch_ts"] = timestamp
    row["local_ts"] = arrival
    row["amount"] = amount
    row["rate"] = rate
    row["qty"] = qty
    row["price"] = price
    row["account"] = acc["number"]
    row["asset"] = holding["asset"] if number >= 0 else -1
    row["kind"] = kind
    row["currency"] = currency
    cash_of_account(acc, False)[currency] += amount


@helper
def pay_funding(run, acc, number, rate, timestamp):
    """Settle funding of one asset: position x mark x rate, in the currency of the contract."""
    holding = holdings_of(acc)[number]
    fold = folds_of(acc, False)[number]
    if fold["lots"] == 0 or rate == 0.0:
        return
    a = asset_of(run, holding["asset"])
    side = 1 if fold["lots"] > 0 else -1
    amount = funding_payment(side, marked_value(a, fold), rate)
    qty = units(a, fold["lots"])
    pay(run, acc, FUNDING_PAYMENT, number, holding["settled_in"], amount, rate, qty, fold["mark"], timestamp)
    if holding["isolated"] != 0:
        fold["margin"] += amount


@helper
def pay_interest(run, acc, duration, timestamp):
    """Charge interest for `duration` ns on whatever the account owes now."""
    rates = f64_view(acc["borrow_rates_addr"], acc["currencies"])
    for c in range(acc["currencies"]):
        if rates[c] > 0.0:
            debt = -balance_of(run, acc, False, c)
            if debt > 0.0:
                amount = -borrow_interest(debt, rates[c], duration)
                pay(run, acc, INTEREST, -1, c, amount, rates[c], debt, math.nan, timestamp)


@helper
def set_rates(acc, here):
    """Rates of base currencies follow the marks of the spot assets that give them."""
    rates = rates_of(acc, here)
    holdings = holdings_of(acc)
    folds = folds_of(acc, here)
    for k in range(acc["holdings"]):
        if holdings[k]["rates_base"] != 0:
            rates[holdings[k]["base"]] = folds[k]["mark"] * rates[holdings[k]["settled_in"]]


@helper
def next_money_ts(acc):
    """Time of the account's next event, or NO_TIME."""
    if acc["x_event"] == acc["x_events"]:
        return NO_TIME
    return money_events_at(acc["x_events_addr"], acc["x_events"])[acc["x_event"]]["ts"]


@helper
def take_news(acc, here, timestamp):
    """Take in the changes of marks and rates up to `timestamp`, as far as they come before a payment."""
    events = money_events_at(acc["x_events_addr"], acc["x_events"])
    number = acc["x_event"]
    if here:
        events = money_events_at(acc["l_events_addr"], acc["l_events"])
        number = acc["l_event"]
    folds = folds_of(acc, here)
    first = number
    while number < len(events) and events[number]["ts"] <= timestamp:
        event = events[number]
        if event["kind"] == MARK_CHANGE:
            folds[event["number"]]["mark"] = event["value"]
        elif event["kind"] == RATE_CHANGE:
            rates_of(acc, here)[event["number"]] = event["value"]
        else:
            break
        number += 1
    if number == first:
        return
    if here:
        acc["l_event"] = number
    else:
        acc["x_event"] = number
    set_rates(acc, here)


@helper
def take_money_events(run, acc, timestamp):
    """Carry out everything that happens to the account's money up to `timestamp`. All fills are folded."""
    events = money_events_at(acc["x_events_addr"], acc["x_events"])
    while acc["x_event"] < acc["x_events"] and events[acc["x_event"]]["ts"] <= timestamp:
        take_news(acc, False, timestamp)
        if next_money_ts(acc) > timestamp:
            return
        event = events[acc["x_event"]]
        acc["x_event"] += 1
        if event["kind"] == FUNDING_DUE:
            pay_funding(run, acc, event["number"], event["value"], event["ts"])
        elif event["kind"] == INTEREST_DUE:
            pay_interest(run, acc, event["value"], event["ts"])
