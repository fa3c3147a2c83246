"""Arguments that no exchange would understand, as errors: the same in compiled and interpreted runs."""

from truefill.core.errors import BotError
from truefill.core.jit import helper

BAD_ASSET = -1
BAD_PRICE = -2
BAD_QTY = -3
QTY_OFF_LOT = -4
BAD_TIME_IN_FORCE = -5
BAD_ORDER_TYPE = -6
BAD_ORDER_ID = -7
BAD_DURATION = -8
BAD_TICK = -9
BROKEN = -99  # an exception inside the engine itself


@helper
def raise_bad_argument(code, number, price, qty, tif, kind, assets):
    """Raise BotError for an entry's negative status."""
    if code == BAD_ASSET:
        raise BotError("an asset number below the number of assets", number, assets)
    if code == BAD_PRICE:
        raise BotError("a finite price > 0", price)
    if code == BAD_QTY:
        raise BotError("a finite quantity > 0", qty)
    if code == QTY_OFF_LOT:
        raise BotError("a quantity that is a multiple of the lot", qty)
    if code == BAD_TIME_IN_FORCE:
        raise BotError("a time in force GTC 0, GTX 1, FOK 2 or IOC 3", tif)
    if code == BAD_ORDER_TYPE:
        raise BotError("an order type LIMIT 0 or MARKET 1", kind)
    if code == BAD_ORDER_ID:
        raise BotError("an order id from 0 to 2**64 - 1", number)
    if code == BAD_DURATION:
        raise BotError("a duration from 0 to 2**63 - 1 ns", number)
    if code == BAD_TICK:
        raise BotError("a price in ticks that fits 64 bits", number)
    raise BotError("the engine to work (this is a fault of truefill: please report it)", code)
