"""What a contract makes of quantity and price: the arithmetic, in one place for all who ask.

With size `s`, price `p`, traded quantity `q` and held position `n` (negative: short):

    kind      settled in           value of a trade    worth of a position    equity without fees
    linear    the price's          s * p * q           s * p * n              balance + worth
    quanto    a third currency     s * p * q           s * p * n              balance + worth
    spot      the price's (quote)  p * q               p * n                  balance + worth
    inverse   the underlying coin  s * q / p           -s * n / p             -balance + worth

`balance` is HftBacktest's for every kind: minus the value on a buy, plus on a sell. Of an inverse contract
that is minus the coins that came in (long contracts gain when fewer coins are worth them), hence the sign.

Sources: HftBacktest ``assettype.rs`` (LinearAsset, InverseAsset). Binance, "COIN-M futures: profit and loss":
``PnL = contracts * contract multiplier * (1 / entry price - 1 / exit price)``. BitMEX, "Perpetual contracts
guide", quanto: ``PnL = contracts * multiplier * (exit price - entry price)``.
"""

from truefill.core.jit import helper

LINEAR, INVERSE, QUANTO, SPOT = 0, 1, 2, 3
CONTRACT_NAMES = ("linear", "inverse", "quanto", "spot")


@helper
def value_of(kind, size, price, qty):
    """Value of `qty` (>= 0) at `price`, in the settlement currency."""
    if kind == INVERSE:
        return size * qty / price
    return size * price * qty


@helper
def worth_of(kind, size, price, position):
    """What an open `position` adds to the equity at `price`, in the settlement currency."""
    if kind == INVERSE:
        return -(size * position / price)
    return size * price * position


@helper
def cash_of(kind, balance):
    """What HftBacktest's `balance` adds to the equity."""
    if kind == INVERSE:
        return -balance
    return balance


@helper
def equity_of(kind, size, balance, position, price, fee):
    """Equity after fees, in the settlement currency; without a position the price plays no part."""
    cash = cash_of(kind, balance) - fee
    if position == 0.0:
        return cash
    return cash + worth_of(kind, size, price, position)
