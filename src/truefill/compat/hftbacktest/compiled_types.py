"""The drop-in face in compiled code, its types: each an address, and `Values` with another one beside it.

A name that a type does not have is refused with the names that it has, where Numba would only say that the
attribute is unknown.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic

from truefill.backtest.compiled_types import BotType
from truefill.compat.hftbacktest import backtest, depth, order, orders, state
from truefill.compat.hftbacktest.face import FACE_ASSET_ROW, face_asset_at, face_at
from truefill.core.errors import BotError
from truefill.core.jit import helper
from truefill.core.pointer_types import passes_as, pointer_maker, pointer_type
from truefill.core.records import STATE

_INTEGERS = (types.Integer, types.Boolean, int)


def _face_type(python_class: type, more: Sequence[tuple[str, Any]] = ()) -> Any:
    """A Numba type for a class of the face: the address in its ``_p``, and `more` beside it."""
    name = python_class.__name__
    made = pointer_type(name, __name__, more)
    names = sorted(n for n in dir(python_class) if not n.startswith("__"))
    if python_class is order.Order:
        names = sorted({*names, *order.FIELDS})
    if python_class is state.StateValues:
        names = sorted({*names, *(STATE.names or ())})
    own = {"_address", *(f"_{field}" for field, _ in more)}

    @infer_getattr
    class Unknown(AttributeTemplate):  # type: ignore[misc]
        key = made

        def generic_resolve(self, value: Any, attr: str) -> Any:
            if attr not in names and attr not in own:
                public = ", ".join(n for n in names if not n.startswith("_") or n == "_goto_end")
                raise TypingError(f"truefill: expected a name that {name} has ({public}), got {attr!r}")

    if not more:
        passes_as(python_class, made)
    return made


HashMapMarketDepthBacktestType = _face_type(backtest.HashMapMarketDepthBacktest)
ROIVectorMarketDepthBacktestType = _face_type(backtest.ROIVectorMarketDepthBacktest)
HashMapMarketDepthType = _face_type(depth.HashMapMarketDepth)
ROIVectorMarketDepthType = _face_type(depth.ROIVectorMarketDepth)
OrderDictType = _face_type(orders.OrderDict)
OrderType = _face_type(order.Order)
StateValuesType = _face_type(state.StateValues)
ValuesType = _face_type(orders.Values, [("cursor", types.int64)])
values_type = ValuesType()

BACKTEST_TYPES = (HashMapMarketDepthBacktestType, ROIVectorMarketDepthBacktestType)
DEPTH_TYPES = (HashMapMarketDepthType, ROIVectorMarketDepthType)


make_bot = pointer_maker(BotType)
make_orders = pointer_maker(OrderDictType)
make_order = pointer_maker(OrderType)
make_state = pointer_maker(StateValuesType)
make_depth = {kind: pointer_maker(kind) for kind in DEPTH_TYPES}


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
