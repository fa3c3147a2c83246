"""The drop-in face in compiled code, its types: each an address, and `Values` with another one beside it.

A name that a type does not have is refused with the names that it has, where Numba would only say that the
attribute is unknown.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import (
    NativeValue,
    intrinsic,
    make_attribute_wrapper,
    models,
    register_model,
    typeof_impl,
    unbox,
)

from truefill.backtest.compiled_types import BotType
from truefill.compat.hftbacktest import backtest, depth, order, orders, state
from truefill.compat.hftbacktest.face import FACE_ASSET_ROW, face_asset_at, face_at
from truefill.core.errors import BotError
from truefill.core.jit import helper, kernel_hash
from truefill.core.records import STATE

_PLACE = "truefill.compat.hftbacktest"
_INTEGERS = (types.Integer, types.Boolean, int)


def _pointer_type(python_class: type, fields: list[tuple[str, Any]] | None = None) -> Any:
    """A Numba type for a class of the face: the address in its ``_p``, and more fields where it has any.

    The kernel hash in its name makes users' caches honest.
    """
    name = python_class.__name__
    full = f"{_PLACE}.{name}_{kernel_hash()}"

    class PointerType(types.Type):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name=full)

    PointerType.__name__ = PointerType.__qualname__ = f"{name}Type"
    globals()[f"{name}Type"] = PointerType  # found by pickle, which Numba's cache uses
    names = sorted(n for n in dir(python_class) if not n.startswith("__"))
    if python_class is order.Order:
        names = sorted({*names, *order.FIELDS})
    if python_class is state.StateValues:
        names = sorted({*names, *(STATE.names or ())})

    @register_model(PointerType)
    class Model(models.StructModel):  # type: ignore[misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, [("address", types.int64), *(fields or ())])

    make_attribute_wrapper(PointerType, "address", "_address")
    for field, _ in fields or ():
        make_attribute_wrapper(PointerType, field, f"_{field}")
    own = {"_address", *(f"_{field}" for field, _ in fields or ())}

    @infer_getattr
    class Unknown(AttributeTemplate):  # type: ignore[misc]
        key = PointerType

        def generic_resolve(self, value: Any, attr: str) -> Any:
            if attr not in names and attr not in own:
                public = ", ".join(n for n in names if not n.startswith("_") or n == "_goto_end")
                raise TypingError(f"truefill: expected a name that {name} has ({public}), got {attr!r}")

    @typeof_impl.register(python_class)
    def typeof(value: Any, context: Any) -> Any:
        return PointerType() if fields is None else None

    @unbox(PointerType)
    def unbox_pointer(typ: Any, obj: Any, context: Any) -> NativeValue:
        attribute = context.pyapi.object_getattr_string(obj, "_p")
        native = context.unbox(types.int64, attribute)
        context.pyapi.decref(attribute)
        struct = cgutils.create_struct_proxy(typ)(context.context, context.builder)
        struct.address = native.value
        return NativeValue(struct._getvalue(), is_error=native.is_error)

    return PointerType


HashMapMarketDepthBacktestType = _pointer_type(backtest.HashMapMarketDepthBacktest)
ROIVectorMarketDepthBacktestType = _pointer_type(backtest.ROIVectorMarketDepthBacktest)
HashMapMarketDepthType = _pointer_type(depth.HashMapMarketDepth)
ROIVectorMarketDepthType = _pointer_type(depth.ROIVectorMarketDepth)
OrderDictType = _pointer_type(orders.OrderDict)
OrderType = _pointer_type(order.Order)
StateValuesType = _pointer_type(state.StateValues)
ValuesType = _pointer_type(orders.Values, [("cursor", types.int64)])
values_type = ValuesType()

BACKTEST_TYPES = (HashMapMarketDepthBacktestType, ROIVectorMarketDepthBacktestType)
DEPTH_TYPES = (HashMapMarketDepthType, ROIVectorMarketDepthType)


def _maker(pointer_type: Any) -> Any:
    made = pointer_type()

    @intrinsic
    def make(typingctx, address):
        def codegen(context, builder, sig, args):
            struct = cgutils.create_struct_proxy(made)(context, builder)
            struct.address = context.cast(builder, args[0], sig.args[0], types.int64)
            return struct._getvalue()

        return made(address), codegen

    return make


make_bot = _maker(BotType)
make_orders = _maker(OrderDictType)
make_order = _maker(OrderType)
make_state = _maker(StateValuesType)
make_depth = {kind: _maker(kind) for kind in DEPTH_TYPES}


@intrinsic
def make_values(typingctx, address, cursor):
    """Own orders of an asset's row, and the address of the slot that the iterator stands at."""

    def codegen(context, builder, sig, args):
        struct = cgutils.create_struct_proxy(values_type)(context, builder)
        struct.address = args[0]
        struct.cursor = args[1]
        return struct._getvalue()

    return values_type(types.int64, types.int64), codegen


@helper
def face_asset_address(address, asset_no):
    """Address of an asset's FACE_ASSET row; BotError when there is no such asset."""
    face = face_at(address)
    number = np.int64(asset_no)
    if number < 0 or number >= face["num_assets"]:
        raise BotError("an asset number below the number of assets", number, face["num_assets"])
    return face["assets_addr"] + number * FACE_ASSET_ROW


@helper
def engine_address(address, asset_no):
    """Address of an asset's row of the engine."""
    return face_asset_at(face_asset_address(address, asset_no))["asset_addr"]


def wants_number(value: Any, what: str) -> None:
    """Refuse what is no number; a float is cut, as by HftBacktest's C functions."""
    value = getattr(value, "value", value) if isinstance(value, types.Omitted) else value
    if not isinstance(value, (*_INTEGERS, types.Float, float)):
        raise TypingError(f"truefill: expected a number as {what}, got {value}")


def wants_integer(value: Any, what: str) -> None:
    """Refuse what is no whole number."""
    value = getattr(value, "value", value) if isinstance(value, types.Omitted) else value
    if not isinstance(value, _INTEGERS):
        raise TypingError(f"truefill: expected a whole number as {what}, got {value}")
