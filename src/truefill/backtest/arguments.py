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
BAD_SIDE = -10
BAD_TRIGGER = -11
BAD_DISPLAY = -12
BAD_EXPIRY = -13
BAD_FLAGS = -14
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
        raise BotError("a time in force GTC 0, GTX 1, FOK 2, IOC 3 or GTD 4", tif)
    if code == BAD_ORDER_TYPE:
        raise BotError("an order type LIMIT 0, MARKET 1, or a stop or take-profit from 2 to 5", kind)
    if code == BAD_ORDER_ID:
        raise BotError("an order id from 0 to 2**64 - 1", number)
    if code == BAD_DURATION:
        raise BotError("a duration from 0 to 2**63 - 1 ns", number)
    if code == BAD_TICK:
        raise BotError("a price in ticks that fits 64 bits", number)
    if code == BAD_SIDE:
        raise BotError("a side BUY_SIDE 1 or SELL_SIDE -1", number)
    if code == BAD_TRIGGER:
        raise BotError("a finite trigger price > 0 for stops and take-profits, and only for them", kind)
    if code == BAD_DISPLAY:
        raise BotError("a display quantity in whole lots, at most the quantity, for orders with a limit", qty)
    if code == BAD_EXPIRY:
        raise BotError("an expire_ts > 0 with GTD, and only with it", tif)
    if code == BAD_FLAGS:
        raise BotError("post_only_slide for orders with a limit, and GTC, GTX or GTD", tif)
    raise BotError("the engine to work (this is a fault of truefill: please report it)", code)
