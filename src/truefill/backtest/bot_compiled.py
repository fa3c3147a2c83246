"""The bot's face in compiled code: what each attribute and method of `Bot` does.

Methods that move time or send orders call the
engine's entries by the addresses in the RUN record, so that a strategy compiles in a fraction of a second
and the same compiled strategy runs wherever there is a RUN record.
"""

import numpy as np
from numba.extending import (
    overload_attribute,
    overload_method,
)

from truefill.backtest.account_records import ACCOUNT_ROW, account_at, account_state_at
from truefill.backtest.activity import Activity, activity_of
from truefill.backtest.arguments import (
    BAD_DISPLAY,
    BAD_SIDE,
)
from truefill.backtest.bot import ALL_ASSETS, TRACKED
from truefill.backtest.compiled_types import (
    BotType,
    asset_address,
    call_on_asset,
    checked,
    checked_order_id,
    make_depth,
    make_orders,
    until,
    wants_integer,
)
from truefill.backtest.feed_events import feed_of, read_events
from truefill.backtest.local_side import clear_trades, feed_times, trades_seen
from truefill.backtest.records import ASSET, asset_at, fills_at, run_at, trades_at
from truefill.backtest.seams import (
    ADVANCE,
    CANCEL_ORDER,
    MODIFY_ORDER,
    ON_ACCOUNT,
    ON_RUN,
    QUEUE_POSITION,
    SUBMIT,
    WAIT_FEED,
    WAIT_FEED_OR_RESPONSE,
    WAIT_NOTHING,
    WAIT_ORDER,
)
from truefill.core.address import caller, record_view
from truefill.core.errors import BotError
from truefill.core.events import EVENT
from truefill.core.jit import helper
from truefill.core.records import FILL, GTC, LIMIT, REDUCE_ONLY, SLIDE, STATE

_EVENT_ROW = EVENT.itemsize
_FILL_ROW = FILL.itemsize
_STATE_OFFSET = ASSET.fields["position"][1]  # type: ignore[index]
_state_at = record_view(STATE)

_call_advance = caller(ADVANCE)
_call_submit = caller(SUBMIT)
_call_modify = caller(MODIFY_ORDER)
_call_cancel = caller(CANCEL_ORDER)
_call_on_run = caller(ON_RUN)
_call_queue_position = caller(QUEUE_POSITION)
_call_read_account = caller(ON_ACCOUNT)


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
    wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: make_depth(asset_address(bot._address, asset_no))


@overload_method(BotType, "orders")
def _orders(bot, asset_no):
    wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: make_orders(asset_address(bot._address, asset_no))


@overload_method(BotType, "position")
def _position(bot, asset_no):
    wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: asset_at(asset_address(bot._address, asset_no))["position"]


@overload_method(BotType, "state_values")
def _state_values(bot, asset_no):
    wants_integer(asset_no, "asset number")
    return lambda bot, asset_no: _state_at(asset_address(bot._address, asset_no) + _STATE_OFFSET)


@overload_method(BotType, "account")
def _account(bot, account_no):
    wants_integer(account_no, "account number")

    def account(bot, account_no):
        return account_state_at(_read_account(bot._address, account_no, -1)["state_addr"])

    return account


@overload_method(BotType, "account_balance")
def _account_balance(bot, account_no, currency_no):
    wants_integer(account_no, "account number")
    wants_integer(currency_no, "currency number")

    def account_balance(bot, account_no, currency_no):
        if currency_no < 0:
            raise BotError("a currency number of 0 or more", currency_no)
        return _read_account(bot._address, account_no, currency_no)["balance_out"]

    return account_balance


@helper
def _read_account(address, account_no, currency_no):
    """The account's record after its state has been brought up to now."""
    run = run_at(address)
    if account_no < 0 or account_no >= run["num_accounts"]:
        raise BotError("an account number below the number of accounts", account_no, run["num_accounts"])
    acc = account_at(run["accounts_addr"] + account_no * ACCOUNT_ROW)
    if currency_no >= acc["currencies"]:
        raise BotError("a currency number below the number of currencies", currency_no, acc["currencies"])
    checked(_call_read_account(run["f_read_account"], (address, account_no, currency_no)), 0, 0.0, 0.0, 0, 0)
    return acc


@overload_method(BotType, "fills")
def _fills(bot, asset_no, first=0):
    wants_integer(asset_no, "asset number")
    wants_integer(first, "number of fills")

    def fills(bot, asset_no, first=0):
        a = asset_at(asset_address(bot._address, asset_no))
        begin = np.int64(first)  # below zero, too, what is unsigned and too large
        if first < 0 or begin < 0:
            raise BotError("a number of fills from 0", first)
        begin = min(begin, a["fills_seen"])
        return fills_at(a["fills_addr"] + begin * _FILL_ROW, a["fills_seen"] - begin)

    return fills


@overload_method(BotType, "queue_position")
def _queue_position(bot, asset_no, order_id):
    wants_integer(asset_no, "asset number")
    wants_integer(order_id, "order id")

    def queue_position(bot, asset_no, order_id):
        run = run_at(bot._address)
        asset_address(bot._address, asset_no)
        known_id = checked_order_id(order_id)
        if run["f_queue_position"] == 0:
            raise BotError(TRACKED, "a bot that does not track them")
        ahead = _call_queue_position(run["f_queue_position"], (bot._address, asset_no, known_id))
        if ahead < 0.0:
            checked(np.int64(ahead), 0, 0.0, 0.0, 0, 0)
        return ahead

    return queue_position


@overload_method(BotType, "last_trades")
def _last_trades(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def last_trades(bot, asset_no):
        address = asset_address(bot._address, asset_no)
        a = asset_at(address)
        first = a["trades_cleared"]
        count = trades_seen(a) - first
        if a["trades_carried"] > 0:
            rows = _call_on_run(run_at(bot._address)["f_gather_trades"], (address,))
            return trades_at(rows, a["trades_carried"] + count)
        return trades_at(a["trades_addr"] + first * _EVENT_ROW, count)

    return last_trades


@overload_method(BotType, "activity")
def _activity(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def activity(bot, asset_no):
        feed_events, best_changes, trades, volume = activity_of(
            asset_at(asset_address(bot._address, asset_no))
        )
        return Activity(feed_events, best_changes, trades, volume)

    return activity


@overload_method(BotType, "clear_last_trades")
def _clear_last_trades(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def clear_last_trades(bot, asset_no):
        if asset_no == ALL_ASSETS:
            for k in range(run_at(bot._address)["num_assets"]):
                a = asset_at(asset_address(bot._address, k))
                clear_trades(a)
        else:
            a = asset_at(asset_address(bot._address, asset_no))
            clear_trades(a)

    return clear_last_trades


@overload_attribute(BotType, "num_feeds")
def _num_feeds(bot):
    return lambda bot: run_at(bot._address)["num_feeds"]


@helper
def _feed(address, number):
    """Feed behind the assets' numbers; BotError when there is none."""
    run = run_at(address)
    if number < 0 or number >= run["num_assets"] + run["num_feeds"]:
        raise BotError("the number of an asset, or behind them of a feed", number, run["num_feeds"])
    return feed_of(run, np.int64(number) - run["num_assets"])


@overload_method(BotType, "last_events")
def _last_events(bot, number):
    wants_integer(number, "number of an asset or feed")

    def last_events(bot, number):
        if 0 <= number < run_at(bot._address)["num_assets"]:
            a = asset_at(asset_address(bot._address, number))
            count = read_events(a)
            return trades_at(a["events_addr"], count)
        feed = _feed(bot._address, number)
        first = feed["cleared"]
        return trades_at(feed["events_addr"] + first * _EVENT_ROW, feed["seen"] - first)

    return last_events


@helper
def _clear_events(address, number):
    if 0 <= number < run_at(address)["num_assets"]:
        a = asset_at(asset_address(address, number))
        read_events(a)
        a["events_count"] = 0
    else:
        feed = _feed(address, number)
        feed["cleared"] = feed["seen"]


@overload_method(BotType, "clear_last_events")
def _clear_last_events(bot, number):
    wants_integer(number, "number of an asset or feed")

    def clear_last_events(bot, number):
        run = run_at(bot._address)
        if number == ALL_ASSETS:
            for k in range(run["num_assets"] + run["num_feeds"]):
                _clear_events(bot._address, k)
        else:
            _clear_events(bot._address, number)

    return clear_last_events


@overload_method(BotType, "clear_inactive_orders")
def _clear_inactive_orders(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def clear_inactive_orders(bot, asset_no):
        run = run_at(bot._address)
        if asset_no == ALL_ASSETS:
            for k in range(run["num_assets"]):
                checked(call_on_asset(run["f_clear_inactive"], (bot._address, k)), k, 0.0, 0.0, 0, 0)
        else:
            asset_address(bot._address, asset_no)
            checked(
                call_on_asset(run["f_clear_inactive"], (bot._address, asset_no)), asset_no, 0.0, 0.0, 0, 0
            )

    return clear_inactive_orders


@overload_method(BotType, "feed_latency")
def _feed_latency(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def feed_latency(bot, asset_no):
        exch_ts, local_ts = feed_times(asset_at(asset_address(bot._address, asset_no)))
        if local_ts == 0:
            return None
        return exch_ts, local_ts

    return feed_latency


@overload_method(BotType, "order_latency")
def _order_latency(bot, asset_no):
    wants_integer(asset_no, "asset number")

    def order_latency(bot, asset_no):
        a = asset_at(asset_address(bot._address, asset_no))
        if a["order_response_ts"] == 0:
            return None
        return a["order_request_ts"], a["order_exch_ts"], a["order_response_ts"]

    return order_latency


def _submit_overload(name: str, side: int) -> None:
    """Both submit methods; the signature with its defaults is that of `Bot.submit_buy_order`."""

    @overload_method(BotType, name)
    def _submit(bot, asset_no, order_id, price, qty, time_in_force=GTC, order_type=LIMIT, wait=False):
        wants_integer(asset_no, "asset number")
        wants_integer(order_id, "order id")
        wants_integer(time_in_force, "time in force")
        wants_integer(order_type, "order type")
        wants_integer(wait, "wait")

        def submit(bot, asset_no, order_id, price, qty, time_in_force=GTC, order_type=LIMIT, wait=False):
            status = _call_submit(
                run_at(bot._address)["f_submit"],
                (
                    bot._address,
                    asset_no,
                    side,
                    checked_order_id(order_id),
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
            return checked(status, asset_no, float(price), float(qty), time_in_force, order_type)

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
    wants_integer(asset_no, "asset number")
    wants_integer(order_id, "order id")
    wants_integer(side, "side")
    wants_integer(time_in_force, "time in force")
    wants_integer(order_type, "order type")
    wants_integer(wait, "wait")
    wants_integer(expire_ts, "expiry in ns")
    wants_integer(reduce_only, "reduce_only")
    wants_integer(post_only_slide, "post_only_slide")

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
                checked_order_id(order_id),
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
        return checked(status, number, float(price), shown, time_in_force, order_type)

    return submit_order


_submit_overload("submit_buy_order", 1)
_submit_overload("submit_sell_order", -1)


@overload_method(BotType, "modify")
def _modify(bot, asset_no, order_id, price, qty, wait=False):
    wants_integer(asset_no, "asset number")
    wants_integer(order_id, "order id")
    wants_integer(wait, "wait")

    def modify(bot, asset_no, order_id, price, qty, wait=False):
        status = _call_modify(
            run_at(bot._address)["f_modify"],
            (bot._address, asset_no, checked_order_id(order_id), float(price), float(qty), np.int64(wait)),
        )
        return checked(status, asset_no, float(price), float(qty), 0, 0)

    return modify


@overload_method(BotType, "cancel")
def _cancel(bot, asset_no, order_id, wait=False):
    wants_integer(asset_no, "asset number")
    wants_integer(order_id, "order id")
    wants_integer(wait, "wait")

    def cancel(bot, asset_no, order_id, wait=False):
        status = _call_cancel(
            run_at(bot._address)["f_cancel"],
            (bot._address, asset_no, checked_order_id(order_id), np.int64(wait)),
        )
        return checked(status, asset_no, 0.0, 0.0, 0, 0)

    return cancel


@helper
def _advance(address, stop, wait, asset_no, order_id):
    status = _call_advance(run_at(address)["f_advance"], (address, stop, wait, asset_no, order_id))
    return checked(status, 0, 0.0, 0.0, 0, 0)


@overload_method(BotType, "elapse")
def _elapse(bot, duration):
    wants_integer(duration, "duration in ns")

    def elapse(bot, duration):
        return _advance(bot._address, until(bot._address, duration), WAIT_NOTHING, 0, np.uint64(0))

    return elapse


@overload_method(BotType, "wait_next_feed")
def _wait_next_feed(bot, include_order_resp, timeout):
    wants_integer(timeout, "timeout in ns")
    wants_integer(include_order_resp, "include_order_resp")

    def wait_next_feed(bot, include_order_resp, timeout):
        wait = WAIT_FEED_OR_RESPONSE if include_order_resp else WAIT_FEED
        return _advance(bot._address, until(bot._address, timeout), wait, 0, np.uint64(0))

    return wait_next_feed


@overload_method(BotType, "wait_order_response")
def _wait_order_response(bot, asset_no, order_id, timeout):
    wants_integer(asset_no, "asset number")
    wants_integer(order_id, "order id")
    wants_integer(timeout, "timeout in ns")

    def wait_order_response(bot, asset_no, order_id, timeout):
        asset_address(bot._address, asset_no)
        return _advance(
            bot._address, until(bot._address, timeout), WAIT_ORDER, asset_no, checked_order_id(order_id)
        )

    return wait_order_response


@overload_method(BotType, "record")
def _record(bot):
    def record(bot):
        checked(_call_on_run(run_at(bot._address)["f_record"], (bot._address,)), 0, 0.0, 0.0, 0, 0)

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
