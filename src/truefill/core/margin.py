"""Margin, liquidation and funding as venues publish them: functions of plain numbers.

For simulator, exchange and live alike. A `value` is a quantity at a price in the settlement currency
(`core.contracts`), never negative unless it says "signed". `sign` tells how money follows the price: 1 for
linear and quanto contracts (a value grows with the price), -1 for inverse ones (it shrinks). ``side`` is 1
for long and -1 for short. Rates are shares (0.004 is 0.4 %).

Sources: Binance, "How to Calculate Liquidation Price of USD-M / COIN-M Futures Contracts"; Bybit,
"Liquidation Price Calculation under Isolated Mode" (Unified Trading Account); OKX, "Perpetual swap: isolated
margin, estimated liquidation price".
"""

import math

from truefill.core.jit import helper

LINEAR_SIGN, INVERSE_SIGN = 1, -1
NS_PER_YEAR = 365 * 86_400 * 1_000_000_000
# A need within so much of the funds (relative) is met: the sums of both are floats.
_TOLERANCE = 1e-12


@helper
def maintenance_margin(value, rate, deduction):
    """Equity that a position of `value` must not fall to: ``value * rate - deduction``, Binance's tiers.

    `deduction` is the tier's maintenance amount ("cum"), which makes the margin continuous across tiers.
    """
    return max(value * rate - deduction, 0.0)


@helper
def tier_deduction(floor, rate, previous_rate, previous_deduction):
    """Maintenance amount of a tier that begins at `floor`: Binance's formula."""
    return floor * (rate - previous_rate) + previous_deduction


@helper
def unrealized_profit(sign, side, value, cost):
    """Profit of an open position: `value` of it now, `cost` what it was worth when it was opened."""
    return sign * side * (value - cost)


@helper
def side_margin(value, orders, loss, rate):
    """Margin that a position takes up if all its open orders of one side are filled, and what those lose.

    Parameters
    ----------
    value : float
        Signed value of the position, positive when the orders are of its own direction.
    orders, loss : float
        Value of the orders, and what they lose at once (`open_loss`). Of both only the part counts that
        opens: what closes a position the other way needs nothing.
    rate : float
        Initial margin rate, 1 / leverage.
    """
    opens = orders - max(-value, 0.0)
    if opens <= 0.0:
        return rate * max(value, 0.0)
    return rate * (value + orders) + loss * (opens / orders)


@helper
def initial_margin(value, buys, sells, buy_loss, sell_loss, rate):
    """Margin that a position and its open orders take up, one-way mode.

    The larger of what it would be if all buys, or all sells, were filled: Binance's order cost is the
    difference that one more order makes to it.

    Parameters
    ----------
    value : float
        Signed value of the position at the mark price.
    buys, sells : float
        Value of the open orders that may add to a position, each at its own price.
    buy_loss, sell_loss : float
        What they would lose at once.
    rate : float
        Initial margin rate, 1 / leverage.
    """
    return max(side_margin(value, buys, buy_loss, rate), side_margin(-value, sells, sell_loss, rate))


@helper
def open_loss(sign, side, order_value, mark_value):
    """What an order loses at once if it is filled at its price while the position is valued at the mark."""
    return max(-unrealized_profit(sign, side, mark_value, order_value), 0.0)


@helper
def covers(funds, need):
    """Whether `funds` are enough for `need`, but for the rounding of sums."""
    return need <= funds + _TOLERANCE * max(abs(funds), need)


@helper
def funding_payment(side, value, rate):
    """What a position receives at a funding time: negative where it pays. Longs pay a positive rate."""
    return -side * value * rate


@helper
def borrow_interest(debt, annual_rate, duration):
    """Interest on `debt` for `duration` ns at a simple annual rate (a year has 365 days)."""
    return debt * annual_rate * (duration / NS_PER_YEAR)


@helper
def liquidation_price(sign, side, size, cost, funds, rate, deduction):
    """Mark price at which equity is down to the maintenance margin; NaN: never.

    Binance's LP1 with ``size`` quantity x multiplier, ``cost`` the position's value at entry and `funds` the
    wallet balance, less the maintenance margin and plus the unrealized profit of other positions
    (``WB - TMM1 + UPNL1``). Bybit's isolated inverse price is the same with the position's margin as `funds`.
    """
    if sign > 0:
        below = size * (rate - side)
        price = (funds + deduction - side * cost) / below if below != 0.0 else math.nan
    else:
        above = funds + deduction + side * cost
        price = size * (rate + side) / above if above != 0.0 else math.nan
    return price if price > 0.0 else math.nan


@helper
def bankruptcy_price(sign, side, size, mark, equity):
    """Price at which closing a position of `size` leaves nothing of the equity that it has at `mark`.

    May be at or below 0 (a long position that its own money pays for), or infinite (a short inverse one).
    """
    if sign > 0:
        return mark - side * equity / size
    below = size / mark + side * equity
    return size / below if below > 0.0 else math.inf


@helper
def reduced(sign, side, cost, lots, closed, value):
    """Close `closed` of `lots` of a position at `value`. Returns (cost of what is left, realized profit)."""
    if closed == lots:
        return 0.0, unrealized_profit(sign, side, value, cost)
    part = cost * (closed / lots)
    return cost - part, unrealized_profit(sign, side, value, part)
