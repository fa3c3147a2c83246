"""The bot's face in compiled code, its types: `Bot`, `Depth` and `Orders` as one pointer each.

The types, and the checks of arguments that all methods share. What the attributes and methods do is in
`bot_compiled`, `depth_compiled` and `orders_compiled`.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core.errors import TypingError

from truefill.backtest.arguments import BAD_DURATION, BAD_ORDER_ID, raise_bad_argument
from truefill.backtest.bot import Bot
from truefill.backtest.executions import later
from truefill.backtest.records import ASSET, run_at
from truefill.backtest.seams import ON_ASSET
from truefill.core.address import caller
from truefill.core.errors import BotError
from truefill.core.jit import helper
from truefill.core.pointer_types import passes_as, pointer_maker, pointer_type

_ROW = ASSET.itemsize
call_on_asset = caller(ON_ASSET)

BotType = pointer_type("Bot", __name__)
DepthType = pointer_type("Depth", __name__)
OrdersType = pointer_type("Orders", __name__)
passes_as(Bot, BotType)
make_depth, make_orders = pointer_maker(DepthType), pointer_maker(OrdersType)


@helper
def asset_address(address, asset_no):
    """Address of an asset's row; BotError when there is no such asset."""
    run = run_at(address)
    if asset_no < 0 or asset_no >= run["num_assets"]:
        raise BotError("an asset number below the number of assets", asset_no, run["num_assets"])
    return run["assets_addr"] + asset_no * _ROW


@helper
def until(address, duration):
    """The moment `duration` ns from now, at most NO_TIME; BotError when it is below zero."""
    whole = np.int64(duration)  # an unsigned one would make the sum a float
    if duration < 0 or whole < 0:
        raise_bad_argument(BAD_DURATION, whole, 0.0, 0.0, 0, 0, 0)
    return later(run_at(address)["now"], whole)


@helper
def checked(status, number, price, qty, tif, kind):
    """A status of the engine, or BotError when it says that an argument cannot be meant."""
    if status < 0:
        raise_bad_argument(status, number, price, qty, tif, kind, 0)
    return status


def wants_integer(value: Any, what: str) -> None:
    """Refuse a float where Numba would silently cut it."""
    if not isinstance(value, types.Integer | types.Boolean | types.Omitted | int):
        raise TypingError(f"truefill: expected a whole number as {what}, got {value}")


@helper
def checked_order_id(order_id):
    """An order id, or BotError when it is below zero."""
    if order_id < 0:
        raise_bad_argument(BAD_ORDER_ID, np.int64(order_id), 0.0, 0.0, 0, 0, 0)
    return np.uint64(order_id)
