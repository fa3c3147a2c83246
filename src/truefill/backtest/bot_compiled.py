"""The bot's face in compiled code: `Bot`, `Depth` and `Orders` as one-pointer Numba types.

Everything that Numba must know about them is in this file: each type's model, how a Python `Bot` becomes
one pointer, and what each attribute and method does. Methods that move time or send orders call the
engine's entries by the addresses in the RUN record, so that a strategy compiles in a fraction of a second
and the same compiled strategy runs wherever there is a RUN record.
"""

import math
import operator
from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer, signature
from numba.extending import (
    NativeValue,
    intrinsic,
    make_attribute_wrapper,
    models,
    overload,
    overload_attribute,
    overload_method,
    register_model,
    typeof_impl,
    unbox,
)
from numba.np.numpy_support import from_dtype

from truefill.backtest.arguments import (
    BAD_DISPLAY,
    BAD_DURATION,
    BAD_ORDER_ID,
    BAD_SIDE,
    BAD_TICK,
    raise_bad_argument,
)
from truefill.backtest.bot import ALL_ASSETS, Bot
from truefill.backtest.executions import later, units
from truefill.backtest.local_side import feed_times, find_order, in_gap, level_lots, trades_seen
from truefill.backtest.records import ASSET, asset_at, fills_at, orders_at, run_at, trades_at
from truefill.backtest.seams import (
    ADVANCE,
    CANCEL_ORDER,
    MODIFY_ORDER,
    ON_ASSET,
    ON_RUN,
    SUBMIT,
    WAIT_FEED,
    WAIT_FEED_OR_RESPONSE,
    WAIT_NOTHING,
    WAIT_ORDER,
)
from truefill.core.address import caller, i64_view, record_view
from truefill.core.errors import BotError
from truefill.core.events import EVENT, NO_ASK_TICK, NO_BID_TICK
from truefill.core.jit import helper, kernel_hash
from truefill.core.records import GTC, LIMIT, ORDER, REDUCE_ONLY, SLIDE, STATE

_ROW = ASSET.itemsize
_EVENT_ROW = EVENT.itemsize
_STATE_OFFSET = ASSET.fields["position"][1]  # type: ignore[index]
_state_at = record_view(STATE)

_call_advance = caller(ADVANCE)
_call_submit = caller(SUBMIT)
_call_modify = caller(MODIFY_ORDER)
_call_cancel = caller(CANCEL_ORDER)
_call_on_asset = caller(ON_ASSET)
_call_on_run = caller(ON_RUN)


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


_make_depth, _make_orders = _maker(depth_type), _maker(orders_type)


# ---- arguments ----------------------------------------------------------------------------------------


@helper
def _asset_address(address, asset_no):
    run = run_at(address)
    if asset_no < 0 or asset_no >= run["num_assets"]:
        raise BotError("an asset number below the number of assets", asset_no, run["num_assets"])
    return run["assets_addr"] + asset_no * _ROW


@helper
def _until(address, duration):
    whole = np.int64(duration)  # an unsigned one would make the sum a float
    if duration < 0 or whole < 0:
        raise_bad_argument(BAD_DURATION, whole, 0.0, 0.0, 0, 0, 0)
    return later(run_at(address)["now"], whole)


@helper
def _checked(status, number, price, qty, tif, kind):
    if status < 0:
        raise_bad_argument(status, number, price, qty, tif, kind, 0)
    return status


def _wants_integer(value: Any, what: str) -> None:
    """Refuse a float where Numba would silently cut it."""
    if not isinstance(value, types.Integer | types.Boolean | types.Omitted | int):
        raise TypingError(f"truefill: expected a whole number as {what}, got {value}")


@helper
def _order_id(order_id):
    if order_id < 0:
        raise_bad_argument(BAD_ORDER_ID, np.int64(order_id), 0.0, 0.0, 0, 0, 0)
    return np.uint64(order_id)


# ---- Bot ----------------------------------------------------------------------------------------------


@overload_attribute(BotType, "current_timestamp")
def _current_timestamp(bot):
    return lambda bot: run_at(bot._address)["now"]


@overload_attribute(BotType, "num_assets")
def _num_assets(bot):
    return lambda bot: run_at(bot._address)["num_assets"]


@overload_attribute(BotType, "interrupted")
def _interrupted(bot):
    return lambda bot: run_at(bot._address)["stop"] != 0


@overload_method(BotType, "depth")
def _depth(bot, asset_no):
    _wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: _make_depth(_asset_address(bot._address, asset_no))


@overload_method(BotType, "orders")
def _orders(bot, asset_no):
    _wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: _make_orders(_asset_address(bot._address, asset_no))


@overload_method(BotType, "position")
def _position(bot, asset_no):
    _wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: asset_at(_asset_address(bot._address, asset_no))["position"]


@overload_method(BotType, "state_values")
def _state_values(bot, asset_no):
    _wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: _state_at(_asset_address(bot._address, asset_no) + _STATE_OFFSET)


@overload_method(BotType, "fills")
def _fills(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def fills(bot, asset_no):
        a = asset_at(_asset_address(bot._address, asset_no))
        return fills_at(a["fills_addr"], a["fills_seen"])

    return fills


@overload_method(BotType, "last_trades")
def _last_trades(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def last_trades(bot, asset_no):
        a = asset_at(_asset_address(bot._address, asset_no))
        first = a["trades_cleared"]
        return trades_at(a["trades_addr"] + first * _EVENT_ROW, trades_seen(a) - first)

    return last_trades


@overload_method(BotType, "clear_last_trades")
def _clear_last_trades(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def clear_last_trades(bot, asset_no):
        if asset_no == ALL_ASSETS:
            for k in range(run_at(bot._address)["num_assets"]):
                a = asset_at(_asset_address(bot._address, k))
                a["trades_cleared"] = trades_seen(a)
        else:
            a = asset_at(_asset_address(bot._address, asset_no))
            a["trades_cleared"] = trades_seen(a)

    return clear_last_trades


@overload_method(BotType, "clear_inactive_orders")
def _clear_inactive_orders(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def clear_inactive_orders(bot, asset_no):
        run = run_at(bot._address)
        if asset_no == ALL_ASSETS:
            for k in range(run["num_assets"]):
                _checked(_call_on_asset(run["f_clear_inactive"], (bot._address, k)), k, 0.0, 0.0, 0, 0)
        else:
            _asset_address(bot._address, asset_no)
            _checked(
                _call_on_asset(run["f_clear_inactive"], (bot._address, asset_no)), asset_no, 0.0, 0.0, 0, 0
            )

    return clear_inactive_orders


@overload_method(BotType, "feed_latency")
def _feed_latency(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def feed_latency(bot, asset_no):
        exch_ts, local_ts = feed_times(asset_at(_asset_address(bot._address, asset_no)))
        if local_ts == 0:
            return None
        return exch_ts, local_ts

    return feed_latency


@overload_method(BotType, "order_latency")
def _order_latency(bot, asset_no):
    _wants_integer(asset_no, "asset number")

    def order_latency(bot, asset_no):
        a = asset_at(_asset_address(bot._address, asset_no))
        if a["order_response_ts"] == 0:
            return None
        return a["order_request_ts"], a["order_exch_ts"], a["order_response_ts"]

    return order_latency


def _submit_overload(name: str, side: int) -> None:
    """Both submit methods; the signature with its defaults is that of `Bot.submit_buy_order`."""

    @overload_method(BotType, name)
    def _submit(bot, asset_no, order_id, price, qty, time_in_force=GTC, order_type=LIMIT, wait=False):
        _wants_integer(asset_no, "asset number")
        _wants_integer(order_id, "order id")
        _wants_integer(time_in_force, "time in force")
        _wants_integer(order_type, "order type")
        _wants_integer(wait, "wait")

        def submit(bot, asset_no, order_id, price, qty, time_in_force=GTC, order_type=LIMIT, wait=False):
            status = _call_submit(
                run_at(bot._address)["f_submit"],
                (
                    bot._address,
                    asset_no,
                    side,
                    _order_id(order_id),
                    float(price),
                    float(qty),
                    time_in_force,
                    order_type,
                    np.int64(wait),
                    0.0,
                    0.0,
                    0,
                    0,
                ),
            )
            return _checked(status, asset_no, float(price), float(qty), time_in_force, order_type)

        return submit


@overload_method(BotType, "submit_order")
def _submit_order(
    bot,
    asset_no,
    order_id,
    side,
    price,
    qty,
    time_in_force=GTC,
    order_type=LIMIT,
    wait=False,
    trigger_price=0.0,
    display_qty=0.0,
    expire_ts=0,
    reduce_only=False,
    post_only_slide=False,
):
    _wants_integer(asset_no, "asset number")
    _wants_integer(order_id, "order id")
    _wants_integer(side, "side")
    _wants_integer(time_in_force, "time in force")
    _wants_integer(order_type, "order type")
    _wants_integer(wait, "wait")
    _wants_integer(expire_ts, "expiry in ns")
    _wants_integer(reduce_only, "reduce_only")
    _wants_integer(post_only_slide, "post_only_slide")

    def submit_order(
        bot,
        asset_no,
        order_id,
        side,
        price,
        qty,
        time_in_force=GTC,
        order_type=LIMIT,
        wait=False,
        trigger_price=0.0,
        display_qty=0.0,
        expire_ts=0,
        reduce_only=False,
        post_only_slide=False,
    ):
        flags = (REDUCE_ONLY if reduce_only else 0) | (SLIDE if post_only_slide else 0)
        status = _call_submit(
            run_at(bot._address)["f_submit"],
            (
                bot._address,
                asset_no,
                side,
                _order_id(order_id),
                float(price),
                float(qty),
                time_in_force,
                order_type,
                np.int64(wait),
                float(trigger_price),
                float(display_qty),
                expire_ts,
                flags,
            ),
        )
        number = side if status == BAD_SIDE else asset_no
        shown = float(display_qty) if status == BAD_DISPLAY else float(qty)
        return _checked(status, number, float(price), shown, time_in_force, order_type)

    return submit_order


_submit_overload("submit_buy_order", 1)
_submit_overload("submit_sell_order", -1)


@overload_method(BotType, "modify")
def _modify(bot, asset_no, order_id, price, qty, wait=False):
    _wants_integer(asset_no, "asset number")
    _wants_integer(order_id, "order id")
    _wants_integer(wait, "wait")

    def modify(bot, asset_no, order_id, price, qty, wait=False):
        status = _call_modify(
            run_at(bot._address)["f_modify"],
            (bot._address, asset_no, _order_id(order_id), float(price), float(qty), np.int64(wait)),
        )
        return _checked(status, asset_no, float(price), float(qty), 0, 0)

    return modify


@overload_method(BotType, "cancel")
def _cancel(bot, asset_no, order_id, wait=False):
    _wants_integer(asset_no, "asset number")
    _wants_integer(order_id, "order id")
    _wants_integer(wait, "wait")

    def cancel(bot, asset_no, order_id, wait=False):
        status = _call_cancel(
            run_at(bot._address)["f_cancel"], (bot._address, asset_no, _order_id(order_id), np.int64(wait))
        )
        return _checked(status, asset_no, 0.0, 0.0, 0, 0)

    return cancel


@helper
def _advance(address, stop, wait, asset_no, order_id):
    status = _call_advance(run_at(address)["f_advance"], (address, stop, wait, asset_no, order_id))
    return _checked(status, 0, 0.0, 0.0, 0, 0)


@overload_method(BotType, "elapse")
def _elapse(bot, duration):
    _wants_integer(duration, "duration in ns")

    def elapse(bot, duration):
        return _advance(bot._address, _until(bot._address, duration), WAIT_NOTHING, 0, np.uint64(0))

    return elapse


@overload_method(BotType, "wait_next_feed")
def _wait_next_feed(bot, include_order_resp, timeout):
    _wants_integer(timeout, "timeout in ns")
    _wants_integer(include_order_resp, "include_order_resp")

    def wait_next_feed(bot, include_order_resp, timeout):
        wait = WAIT_FEED_OR_RESPONSE if include_order_resp else WAIT_FEED
        return _advance(bot._address, _until(bot._address, timeout), wait, 0, np.uint64(0))

    return wait_next_feed


@overload_method(BotType, "wait_order_response")
def _wait_order_response(bot, asset_no, order_id, timeout):
    _wants_integer(asset_no, "asset number")
    _wants_integer(order_id, "order id")
    _wants_integer(timeout, "timeout in ns")

    def wait_order_response(bot, asset_no, order_id, timeout):
        _asset_address(bot._address, asset_no)
        return _advance(
            bot._address, _until(bot._address, timeout), WAIT_ORDER, asset_no, _order_id(order_id)
        )

    return wait_order_response


@overload_method(BotType, "record")
def _record(bot):
    def record(bot):
        _checked(_call_on_run(run_at(bot._address)["f_record"], (bot._address,)), 0, 0.0, 0.0, 0, 0)

    return record


@overload_method(BotType, "interrupt")
def _interrupt(bot):
    def interrupt(bot):
        run_at(bot._address)["stop"] = 1

    return interrupt


@overload_method(BotType, "close")
def _close(bot):
    def close(bot):
        run_at(bot._address)["stop"] = 1
        return 0

    return close


# ---- Depth --------------------------------------------------------------------------------------------


@helper
def _tick_of_level(a, level, nothing):
    if level < 0:
        return np.int64(nothing)
    return i64_view(a["level_tick_addr"], a["levels"])[level]


@helper
def _price_of_level(a, level):
    if level < 0:
        return math.nan
    return i64_view(a["level_tick_addr"], a["levels"])[level] * a["tick_size"]


@helper
def _quantity(a, tick, book_side):
    whole = np.int64(tick)
    if (tick < 0) != (whole < 0):  # an unsigned one that does not fit
        raise_bad_argument(BAD_TICK, whole, 0.0, 0.0, 0, 0, 0)
    _sync(a)
    return units(a, level_lots(a, whole, book_side))


@helper
def _sync(a):
    if a["feed_ts"] > a["l_synced_ts"]:
        run = run_at(a["run_addr"])
        _checked(_call_on_asset(run["f_sync_book"], (a["run_addr"], a["number"])), 0, 0.0, 0.0, 0, 0)


@helper
def _quantity_of_level(a, level, book_side):
    if level < 0:
        return 0.0
    _sync(a)
    return units(a, i64_view(a["l_book_addr"], a["levels"] * 2)[level * 2 + book_side])


def _always(implementation: Any) -> Any:
    """An overload that gives the same implementation whatever the types."""

    def attribute(depth):
        return implementation

    return attribute


def _depth_attributes() -> None:
    """One table: attribute name to what it computes from the asset's row."""
    table = {
        "best_bid_tick": lambda depth: _tick_of_level(
            asset_at(depth._address), asset_at(depth._address)["bid"], NO_BID_TICK
        ),
        "best_ask_tick": lambda depth: _tick_of_level(
            asset_at(depth._address), asset_at(depth._address)["ask"], NO_ASK_TICK
        ),
        "best_bid": lambda depth: _price_of_level(asset_at(depth._address), asset_at(depth._address)["bid"]),
        "best_ask": lambda depth: _price_of_level(asset_at(depth._address), asset_at(depth._address)["ask"]),
        "best_bid_qty": lambda depth: _quantity_of_level(
            asset_at(depth._address), asset_at(depth._address)["bid"], 0
        ),
        "best_ask_qty": lambda depth: _quantity_of_level(
            asset_at(depth._address), asset_at(depth._address)["ask"], 1
        ),
        "tick_size": lambda depth: asset_at(depth._address)["tick_size"],
        "lot_size": lambda depth: units(asset_at(depth._address), asset_at(depth._address)["order_lots"]),
        "in_gap": lambda depth: in_gap(asset_at(depth._address)) != 0,
    }
    for name, implementation in table.items():
        overload_attribute(DepthType, name)(_always(implementation))


_depth_attributes()


@overload_method(DepthType, "bid_qty_at_tick")
def _bid_qty_at_tick(depth, tick):
    _wants_integer(tick, "price in ticks")
    return lambda depth, tick: _quantity(asset_at(depth._address), tick, 0)


@overload_method(DepthType, "ask_qty_at_tick")
def _ask_qty_at_tick(depth, tick):
    _wants_integer(tick, "price in ticks")
    return lambda depth, tick: _quantity(asset_at(depth._address), tick, 1)


# ---- Orders -------------------------------------------------------------------------------------------


@helper
def _order_rows(address):
    a = asset_at(address)
    return orders_at(a["orders_addr"], a["orders_count"])


@overload(len)
def _len_orders(orders):
    if isinstance(orders, OrdersType):
        return lambda orders: asset_at(orders._address)["orders_count"]
    return None


@overload(operator.contains)
def _order_in(orders, order_id):
    if isinstance(orders, OrdersType):
        _wants_integer(order_id, "order id")
        return lambda orders, order_id: (
            find_order(asset_at(orders._address), np.uint64(order_id)) >= 0 and order_id >= 0
        )
    return None


@overload_method(OrdersType, "get")
def _get_order(orders, order_id):
    _wants_integer(order_id, "order id")

    def get(orders, order_id):
        slot = find_order(asset_at(orders._address), np.uint64(order_id))
        if slot < 0 or order_id < 0:
            raise BotError("the id of an order in the table", order_id)
        return _order_rows(orders._address)[slot]

    return get


_ORDER_ARRAY = types.Array(from_dtype(ORDER), 1, "C")


@infer
class _IterateOrders(AbstractTemplate):  # type: ignore[misc]
    key = "getiter"

    def generic(self, args: Any, kws: Any) -> Any:
        if isinstance(args[0], OrdersType):
            return signature(types.ArrayIterator(_ORDER_ARRAY), args[0])
        return None


@lower_builtin("getiter", OrdersType)
def _getiter_orders(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    rows = context.compile_internal(
        builder, lambda orders: _order_rows(orders._address), signature(_ORDER_ARRAY, sig.args[0]), args
    )
    return context.get_function("getiter", signature(sig.return_type, _ORDER_ARRAY))(builder, (rows,))
