"""The drop-in backtests in compiled code: what each attribute and method does.

Nearly all is the native bot's, by the address of its record.
"""

from typing import Any

import numpy as np
from numba.extending import overload_attribute, overload_method

from truefill.backtest.records import asset_at, run_at
from truefill.compat.hftbacktest.compiled_types import (
    BACKTEST_TYPES,
    DEPTH_TYPES,
    engine_address,
    face_asset_address,
    make_bot,
    make_depth,
    make_orders,
    make_state,
    wants_integer,
    wants_number,
)
from truefill.compat.hftbacktest.face import STATE_OFFSET, face_asset_at, face_at
from truefill.core.events import NO_TIME
from truefill.core.jit import helper

_ID, _PRICE, _QTY, _ASSET = "order id", "price", "quantity", "asset number"


@helper
def _bot(address):
    """The native bot of a backtest."""
    return make_bot(face_at(address)["run_addr"])


def _for_depth(backtest_type: Any, depth_type: Any) -> None:
    make = make_depth[depth_type]

    @overload_method(backtest_type, "depth")
    def _depth(hbt, asset_no):
        wants_integer(asset_no, _ASSET)
        return lambda hbt, asset_no: make(face_asset_address(hbt._address, asset_no))


def _attributes(kind: Any) -> None:
    @overload_attribute(kind, "current_timestamp")
    def _current_timestamp(hbt):
        return lambda hbt: run_at(face_at(hbt._address)["run_addr"])["now"]

    @overload_attribute(kind, "num_assets")
    def _num_assets(hbt):
        return lambda hbt: face_at(hbt._address)["num_assets"]

    @overload_method(kind, "position")
    def _position(hbt, asset_no):
        wants_integer(asset_no, _ASSET)
        return lambda hbt, asset_no: asset_at(engine_address(hbt._address, asset_no))["position"]

    @overload_method(kind, "state_values")
    def _state_values(hbt, asset_no):
        wants_integer(asset_no, _ASSET)
        return lambda hbt, asset_no: make_state(engine_address(hbt._address, asset_no) + STATE_OFFSET)

    @overload_method(kind, "orders")
    def _orders(hbt, asset_no):
        wants_integer(asset_no, _ASSET)
        return lambda hbt, asset_no: make_orders(face_asset_address(hbt._address, asset_no))


def _feed(kind: Any) -> None:
    @overload_method(kind, "last_trades")
    def _last_trades(hbt, asset_no):
        wants_integer(asset_no, _ASSET)

        def last_trades(hbt, asset_no):
            f = face_asset_at(face_asset_address(hbt._address, asset_no))
            trades = make_bot(f["run_addr"]).last_trades(f["number"])
            return trades if f["keeps_trades"] != 0 else trades[:0]

        return last_trades

    @overload_method(kind, "clear_last_trades")
    def _clear_last_trades(hbt, asset_no):
        wants_integer(asset_no, _ASSET)

        def clear_last_trades(hbt, asset_no):
            _bot(hbt._address).clear_last_trades(np.int64(asset_no))

        return clear_last_trades

    @overload_method(kind, "feed_latency")
    def _feed_latency(hbt, asset_no):
        wants_integer(asset_no, _ASSET)

        def feed_latency(hbt, asset_no):
            f = face_asset_at(face_asset_address(hbt._address, asset_no))
            times = make_bot(f["run_addr"]).feed_latency(f["number"])
            if times is None:
                return None
            exch_ts, local_ts = times
            if local_ts <= f["snapshot_ts"]:
                return None
            return exch_ts, local_ts

        return feed_latency

    @overload_method(kind, "order_latency")
    def _order_latency(hbt, asset_no):
        wants_integer(asset_no, _ASSET)

        def order_latency(hbt, asset_no):
            return _bot(hbt._address).order_latency(np.int64(asset_no))

        return order_latency


def _submit(kind: Any, name: str, buy: bool) -> None:
    @overload_method(kind, name)
    def _submit_order(hbt, asset_no, order_id, price, qty, time_in_force, order_type, wait):
        wants_integer(asset_no, _ASSET)
        wants_number(order_id, _ID)
        wants_number(price, _PRICE)
        wants_number(qty, _QTY)
        wants_number(time_in_force, "time in force")
        wants_number(order_type, "order type")
        wants_integer(wait, "wait")

        def submit(hbt, asset_no, order_id, price, qty, time_in_force, order_type, wait):
            bot = _bot(hbt._address)
            number, uid = np.int64(asset_no), np.uint64(order_id)
            tif, kind_of_order = np.int64(time_in_force), np.int64(order_type)
            if buy:
                return bot.submit_buy_order(number, uid, price, qty, tif, kind_of_order, wait)
            return bot.submit_sell_order(number, uid, price, qty, tif, kind_of_order, wait)

        return submit


def _requests(kind: Any) -> None:
    _submit(kind, "submit_buy_order", True)
    _submit(kind, "submit_sell_order", False)

    @overload_method(kind, "modify")
    def _modify(hbt, asset_no, order_id, price, qty, wait):
        wants_integer(asset_no, _ASSET)
        wants_number(order_id, _ID)
        wants_number(price, _PRICE)
        wants_number(qty, _QTY)
        wants_integer(wait, "wait")

        def modify(hbt, asset_no, order_id, price, qty, wait):
            bot = _bot(hbt._address)
            return bot.modify(np.int64(asset_no), np.uint64(order_id), price, qty, wait)

        return modify

    @overload_method(kind, "cancel")
    def _cancel(hbt, asset_no, order_id, wait):
        wants_integer(asset_no, _ASSET)
        wants_number(order_id, _ID)
        wants_integer(wait, "wait")

        def cancel(hbt, asset_no, order_id, wait):
            bot = _bot(hbt._address)
            return bot.cancel(np.int64(asset_no), np.uint64(order_id), wait)

        return cancel

    @overload_method(kind, "clear_inactive_orders")
    def _clear_inactive_orders(hbt, asset_no):
        wants_integer(asset_no, _ASSET)

        def clear_inactive_orders(hbt, asset_no):
            _bot(hbt._address).clear_inactive_orders(np.int64(asset_no))

        return clear_inactive_orders


def _elapse(kind: Any, name: str) -> None:
    @overload_method(kind, name)
    def _elapse(hbt, duration):
        wants_number(duration, "duration in ns")
        return lambda hbt, duration: _bot(hbt._address).elapse(np.int64(duration))


def _time(kind: Any) -> None:
    _elapse(kind, "elapse")
    _elapse(kind, "elapse_bt")

    @overload_method(kind, "_goto_end")
    def _goto_end(hbt):
        return lambda hbt: _bot(hbt._address).elapse(NO_TIME)

    @overload_method(kind, "wait_order_response")
    def _wait_order_response(hbt, asset_no, order_id, timeout):
        wants_integer(asset_no, _ASSET)
        wants_number(order_id, _ID)
        wants_number(timeout, "timeout in ns")

        def wait_order_response(hbt, asset_no, order_id, timeout):
            bot = _bot(hbt._address)
            return bot.wait_order_response(np.int64(asset_no), np.uint64(order_id), np.int64(timeout))

        return wait_order_response

    @overload_method(kind, "wait_next_feed")
    def _wait_next_feed(hbt, include_order_resp, timeout):
        wants_integer(include_order_resp, "include_order_resp")
        wants_number(timeout, "timeout in ns")

        def wait_next_feed(hbt, include_order_resp, timeout):
            bot = _bot(hbt._address)
            return bot.wait_next_feed(include_order_resp, np.int64(timeout))

        return wait_next_feed

    @overload_method(kind, "close")
    def _close(hbt):
        return lambda hbt: _bot(hbt._address).close()


for _kind, _depth_kind in zip(BACKTEST_TYPES, DEPTH_TYPES, strict=True):
    _for_depth(_kind, _depth_kind)
    for _register in (_attributes, _feed, _requests, _time):
        _register(_kind)
