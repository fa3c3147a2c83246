"""The bot's face in compiled code, its types: `Bot`, `Depth` and `Orders` as one pointer each.

Each type's model, how a Python `Bot` becomes one pointer, and the checks of arguments that all methods
share. What the attributes and methods do is in `bot_compiled`, `depth_compiled` and `orders_compiled`.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import (
    NativeValue,
    intrinsic,
    make_attribute_wrapper,
    models,
    register_model,
    typeof_impl,
    unbox,
)

from truefill.backtest.arguments import BAD_DURATION, BAD_ORDER_ID, raise_bad_argument
from truefill.backtest.bot import Bot
from truefill.backtest.executions import later
from truefill.backtest.records import ASSET, run_at
from truefill.backtest.seams import ON_ASSET
from truefill.core.address import caller
from truefill.core.errors import BotError
from truefill.core.jit import helper, kernel_hash

_ROW = ASSET.itemsize
call_on_asset = caller(ON_ASSET)


def _pointer_type(name: str) -> Any:
    """A Numba type that is one address; the kernel hash in its name makes users' caches honest."""
    full = f"truefill.{name}_{kernel_hash()}"

    class PointerType(types.Type):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=full)

    PointerType.__name__ = PointerType.__qualname__ = f"{name}Type"
    globals()[f"{name}Type"] = PointerType  # found by pickle, which Numba's cache uses

    @register_model(PointerType)
    class Model(models.StructModel):  # type: ignore[misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, [("address", types.int64)])

    make_attribute_wrapper(PointerType, "address", "_address")
    return PointerType


BotType = _pointer_type("Bot")
DepthType = _pointer_type("Depth")
OrdersType = _pointer_type("Orders")
bot_type, depth_type, orders_type = BotType(), DepthType(), OrdersType()


@typeof_impl.register(Bot)
def _typeof_bot(value: Bot, context: Any) -> Any:
    return bot_type


@unbox(BotType)
def _unbox_bot(typ: Any, obj: Any, context: Any) -> NativeValue:
    attribute = context.pyapi.object_getattr_string(obj, "_p")
    native = context.unbox(types.int64, attribute)
    context.pyapi.decref(attribute)
    struct = cgutils.create_struct_proxy(typ)(context.context, context.builder)
    struct.address = native.value
    return NativeValue(struct._getvalue(), is_error=native.is_error)


def _maker(pointer_type: Any) -> Any:
    @intrinsic
    def make(typingctx, address):
        def codegen(context, builder, sig, args):
            struct = cgutils.create_struct_proxy(pointer_type)(context, builder)
            struct.address = args[0]
            return struct._getvalue()

        return pointer_type(types.int64), codegen

    return make


make_depth, make_orders = _maker(depth_type), _maker(orders_type)


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
