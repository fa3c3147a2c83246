"""The records of accounts: what compiled code reaches from one address when a run has any.

ACCOUNT is a venue's wallet; HOLDING, one row for each of its assets, says how that asset counts; FOLD is what
an asset's executions have come to, once as the exchange knows it and once as it has been reported here.
Times are UTC ns, rates shares, money in the currency whose number (of the run's list) stands beside it.
"""

import numpy as np

from truefill.core.address import array_view, record_view
from truefill.core.records import ACCOUNT_STATE, PAYMENT

I8, F8 = "<i8", "<f8"

# What happens to money without an order (kinds of MONEY_EVENT), in their order at equal times.
RATE_CHANGE, MARK_CHANGE, FUNDING_DUE, INTEREST_DUE = 0, 1, 2, 3

MONEY_EVENT = np.dtype(
    [
        ("ts", I8),
        ("kind", I8),
        ("number", I8),  # of the holding in its account; RATE_CHANGE: of the currency
        ("value", F8),  # price, rate; INTEREST_DUE: ns that interest is for
    ],
    align=True,
)

# Maintenance margin from `floor` on: value * rate - deduction.
TIER = np.dtype([("floor", F8), ("rate", F8), ("deduction", F8)], align=True)

FOLD = np.dtype(
    [
        ("fills", I8),  # executions that are in here
        ("lots", I8),  # position; spot: bought less sold
        ("cost", F8),  # value of the position when it was opened
        ("realized", F8),  # profit of what was closed; spot: quote money received less paid
        ("fees", F8),
        ("coin_fees", F8),  # spot: taken from the coins that were received
        ("margin", F8),  # isolated: money set aside for the position
        ("mark", F8),  # NaN: none yet
    ],
    align=True,
)

HOLDING = np.dtype(
    [
        ("asset", I8),
        ("sign", I8),  # core.margin: 1 linear and quanto, -1 inverse
        ("spot", I8),
        ("isolated", I8),
        ("settled_in", I8),  # currency of values and profit
        ("fees_in", I8),
        ("base", I8),  # spot: currency of the position, else -1
        ("rates_base", I8),  # spot: its mark is the rate of the base currency
        ("initial_rate", F8),
        ("liquidation_fee", F8),
        ("fee_reserve", F8),  # cash accounts: share of an order's value kept for its fee
        ("tiers_addr", I8),
        ("tiers", I8),
        ("orders", I8),  # of liquidations so far
    ],
    align=True,
)

ACCOUNT = np.dtype(
    [
        ("number", I8),
        ("run_addr", I8),
        ("margin", I8),  # 0: a cash account
        ("insurance", I8),
        ("currency", I8),  # that equity is counted in
        ("currencies", I8),
        ("holdings", I8),
        ("holdings_addr", I8),
        ("borrow_rates_addr", I8),  # annual, by currency
        ("debts_addr", I8),  # by currency: 1 where a debt takes up margin (spot on credit)
        ("debt_initial_rate", F8),
        ("debt_maintenance_rate", F8),
        # at the exchange
        ("x_folds_addr", I8),
        ("x_cash_addr", I8),  # deposits and payments, by currency
        ("x_rates_addr", I8),
        ("x_events_addr", I8),
        ("x_events", I8),
        ("x_event", I8),  # next one
        ("liquidations", I8),
        ("bankrupt", I8),
        # as it has been reported here
        ("l_folds_addr", I8),
        ("l_cash_addr", I8),
        ("l_rates_addr", I8),
        ("l_events_addr", I8),
        ("l_events", I8),
        ("l_event", I8),
        ("state_addr", I8),  # ACCOUNT_STATE
        ("balance_out", F8),  # where a balance is put for who asked
        # payments so far
        ("payments_addr", I8),
        ("payments_count", I8),
        ("payments_room", I8),
        ("payments_heard", I8),
    ],
    align=True,
)

account_at = record_view(ACCOUNT)
holdings_at = array_view(HOLDING)
folds_at = array_view(FOLD)
money_events_at = array_view(MONEY_EVENT)
tiers_at = array_view(TIER)
payments_at = array_view(PAYMENT)
account_state_at = record_view(ACCOUNT_STATE)
ACCOUNT_ROW = ACCOUNT.itemsize
