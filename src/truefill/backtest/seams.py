"""Everything that is called by address: the signatures of the engine's entries, and where it calls itself.

As to its own calls: LLVM would inline everything into `advance`, several times over, and take four times
as long to compile it. By address (2 ns a call) the pieces stay apart: one for a span of the exchange's time,
one for a request that arrives, one for a stop that may fill own orders.
"""

import numpy as np
from numba import types

from truefill.backtest.table import asset_address, asset_of
from truefill.core.address import caller
from truefill.core.events import NO_TIME
from truefill.core.jit import helper

i8, u8, f8 = types.int64, types.uint64, types.float64

# A strategy's calls.
ADVANCE = i8(i8, i8, i8, i8, u8)  # run, stop time, what to wait for, asset number, order id -> code
# run, asset, side, id, price, qty, tif, type, wait, trigger price, display qty, expiry, flags -> code
SUBMIT = i8(i8, i8, i8, u8, f8, f8, i8, i8, i8, f8, f8, i8, i8)
MODIFY_ORDER = i8(i8, i8, u8, f8, f8, i8)  # run, asset, id, price, qty, wait -> code
CANCEL_ORDER = i8(i8, i8, u8, i8)  # run, asset, id, wait -> code
COMPUTE = i8(i8, i8, i8, u8)  # run, what to wait for, asset number, order id -> code
ON_ASSET = i8(i8, i8)
ON_RUN = i8(i8)
# run, asset's address, kind, slot (-1: new), order id, side, tick, lots, order type -> 0 or a return code
CHECK_RISK = i8(i8, i8, i8, i8, u8, i8, i8, i8, i8)
QUEUE_POSITION = f8(i8, i8, u8)  # run, asset, order id -> quantity ahead, NaN not known
LEVEL = i8(i8, i8, i8, i8)  # run, asset, tick, side of the book -> lots

# What `advance` waits for besides its stop time.
WAIT_NOTHING, WAIT_FEED, WAIT_FEED_OR_RESPONSE, WAIT_ORDER = 0, 1, 2, 3

# The engine's own.
RUN_EXCHANGE = i8(i8, i8, i8, i8, u8)  # run, asset, horizon, watch, watched id -> arrival
ARRIVE = i8(i8, i8, i8)  # run, asset, what (below) -> status
MEET = i8(i8, i8, i8)  # run, asset, stop's number -> status

# run, asset's address, what happened, its direction, tick or level, lots, time -> status
FILL_BY_USER = i8(i8, i8, i8, i8, i8, i8, i8)
# run, asset's address, side, first of the ranks at the price, lots, of those used up, time -> status
SHARE_OUT = i8(i8, i8, i8, i8, i8, i8, i8)
TELL_POSITION = i8(i8, i8, i8, f8, f8, i8)  # run, asset, lots, value, fee, time -> status
HEAR_POSITIONS = i8(i8, i8)  # asset, horizon -> status
# Accounts.
RUN_ROUNDS = i8(
    i8, i8, i8, i8, u8
)  # run, horizon, what to wait for, asset number, order id -> moment reached
ACCOUNT_REFUSAL = i8(i8, i8, i8)  # run, asset's address, slot of the order that is changed (-1) -> reason
ON_ACCOUNT = i8(i8, i8, i8)  # run, account, currency (-1: none) -> status

TAKE_EVENTS = i8(i8, i8)  # run, horizon -> bits of feed_events, or a status below 0
NEXT_TAPE = i8(i8, i8)  # asset's address, side (below) -> status
EXCHANGE_SIDE, LOCAL_SIDE = 0, 1
# What arrives at the exchange: a request by its number (from 0), or one of these.
EXPIRE_DUE = -1  # the time of orders is up
ACTIVATE = -2  # minus a slot: the order there is triggered, at the time of the tape's stop before `x_stop`
MARK_DUE = -(1 << 62)  # a mark price that waiting stops look at

_run_exchange = caller(RUN_EXCHANGE)
_arrive = caller(ARRIVE)
_meet = caller(MEET)
_fill_by_user = caller(FILL_BY_USER)
_check_risk = caller(CHECK_RISK)
_share_out = caller(SHARE_OUT)
_tell_position = caller(TELL_POSITION)
_hear_positions = caller(HEAR_POSITIONS)
_run_rounds = caller(RUN_ROUNDS)
_account_refusal = caller(ACCOUNT_REFUSAL)
_next_event = caller(ON_RUN)
_take_events = caller(TAKE_EVENTS)
_next_tape = caller(NEXT_TAPE)


@helper
def run_exchange(run, a, horizon, watch, watched_id):
    """`exchange_side.run_exchange_side`, by address."""
    return _run_exchange(
        run["f_run_exchange"], (a["run_addr"], asset_address(run, a), horizon, watch, watched_id)
    )


@helper
def arrive(run, a, number):
    """`arrivals.handle_request` for request `number` of the bus, or one of those above, by address."""
    return _arrive(run["f_arrive"], (a["run_addr"], asset_address(run, a), number))


@helper
def meet(run, a, number):
    """`exchange_side.handle_stop` for stop `number` of the exchange's view, by address."""
    return _meet(run["f_meet"], (a["run_addr"], asset_address(run, a), number))


@helper
def check_risk(run, a, kind, slot, order_id, side, tick, lots, order_type):
    """`risk.check_risk`, by address: 0, or the return code of a request that must not leave."""
    return _check_risk(
        run["f_check_risk"],
        (a["run_addr"], asset_address(run, a), kind, slot, order_id, side, tick, lots, order_type),
    )


@helper
def fill_by_user(run, a, event, direction, where, lots, timestamp):
    """`fill_user.fill_by_user`, by address: own orders fill by the user's rule."""
    status = _fill_by_user(
        run["f_fill_by_user"],
        (a["run_addr"], asset_address(run, a), event, direction, where, lots, timestamp),
    )
    if status != 0:
        raise RuntimeError


@helper
def share_out(run, a, side, first, lots, used, timestamp):
    """`fill_pro_rata.share_out`, by address: a trade is shared among the orders at its price."""
    status = _share_out(
        run["f_share_out"],
        (a["run_addr"], asset_address(run, a), side, first, lots, used, timestamp),
    )
    if status != 0:
        raise RuntimeError


@helper
def tell_position(run, a, signed_lots, value, fee, timestamp):
    """`position_reports.tell_position`, by address: news of an execution leaves for the ledger."""
    arguments = (a["run_addr"], asset_address(run, a), signed_lots, value, fee, timestamp)
    if _tell_position(run["f_tell_position"], arguments) != 0:
        raise RuntimeError


@helper
def hear_positions(run, a, horizon):
    """`position_reports.hear_positions`, by address: the ledger takes in what has arrived."""
    if _hear_positions(run["f_hear_positions"], (asset_address(run, a), horizon)) != 0:
        raise RuntimeError


@helper
def run_rounds(run, horizon, wait, wait_asset, wait_id):
    """`account_rounds.run_rounds`, by address: all exchange sides, in step with the accounts."""
    address = asset_of(run, 0)["run_addr"]
    return _run_rounds(run["f_run_rounds"], (address, horizon, wait, wait_asset, wait_id))


@helper
def account_refusal(run, a, replaced):
    """`account_orders.account_reason` of the request that has arrived, by address."""
    reason = _account_refusal(run["f_account_refusal"], (a["run_addr"], asset_address(run, a), replaced))
    if reason < 0:
        raise RuntimeError
    return reason


@helper
def next_event(run):
    """When the next event of a feed that is on no tape arrives, by address; NO_TIME: none does."""
    if run["num_feeds"] == 0:
        return np.int64(NO_TIME)
    return _next_event(run["f_next_event"], (asset_of(run, 0)["run_addr"],))


@helper
def take_events(run, horizon):
    """`feed_events.take_events`, by address: events of feeds arrive; bits of what came and is to come."""
    if run["num_feeds"] == 0:
        return np.int64(0)
    told = _take_events(run["f_take_events"], (asset_of(run, 0)["run_addr"], horizon))
    if told < 0:
        raise RuntimeError
    return told


@helper
def next_tape(run, a, side):
    """`chain_kernels.next_tape`, by address: one side of an asset goes over to its next tape."""
    if _next_tape(run["f_next_tape"], (asset_address(run, a), side)) != 0:
        raise RuntimeError
