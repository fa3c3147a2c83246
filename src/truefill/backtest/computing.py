"""The strategy's own computing time: what it takes after each wake before it can act or wake again.

A request sets out `compute_ns` after the moment at which the strategy woke. The next call that moves time
first lets that time pass: what arrives meanwhile waits, and wakes the strategy at once when it is done.

Measured computing time is real time since the last call that moves time came back. Nothing is charged
before the first one: the strategy may just have been compiled.
"""

import numpy as np

from truefill.backtest.arguments import BROKEN
from truefill.backtest.clock import clock_ns
from truefill.backtest.exchange_side import first_watched
from truefill.backtest.executions import later
from truefill.backtest.local_side import next_feed_ts, next_response_ts
from truefill.backtest.records import run_at
from truefill.backtest.seams import (
    ADVANCE,
    COMPUTE,
    ON_RUN,
    WAIT_FEED,
    WAIT_FEED_OR_RESPONSE,
    WAIT_NOTHING,
    WAIT_ORDER,
    next_event,
    run_exchange,
    run_rounds,
)
from truefill.backtest.table import asset_of
from truefill.core.address import caller
from truefill.core.jit import Callback, helper
from truefill.core.records import MARKET_FEED, OK, ORDER_RESPONSE

GO_ON = 1_000_000  # instead of a code: nothing that was waited for came
_call_advance = caller(ADVANCE)


@helper
def _came(run, until, wait, wait_asset, wait_id):
    """Code of what is waited for and arrives by `until`, or GO_ON."""
    code = GO_ON
    for k in range(run["num_assets"]):
        a = asset_of(run, k)
        if (wait == WAIT_FEED or wait == WAIT_FEED_OR_RESPONSE) and next_feed_ts(a) <= until:
            code = MARKET_FEED
    if (wait == WAIT_FEED or wait == WAIT_FEED_OR_RESPONSE) and next_event(run) <= until:
        code = MARKET_FEED
    if run["num_accounts"] > 0:  # no side of theirs may run past a moment of money
        run_rounds(run, until, WAIT_NOTHING, 0, np.uint64(0))
    for k in range(run["num_assets"]):
        a = asset_of(run, k)
        run_exchange(run, a, until, 0, np.uint64(0))
        if wait == WAIT_FEED_OR_RESPONSE and next_response_ts(a) <= until:
            code = ORDER_RESPONSE
        mine = wait == WAIT_ORDER and k == wait_asset
        if mine and first_watched(a, a["responses_head"], 1, wait_id) <= until:
            code = OK
    return code


def _compute(address, wait, wait_asset, wait_id):
    try:
        run = run_at(address)
        compute_ns = run["compute_ns"]
        until = later(run["now"], compute_ns)
        came = _came(run, until, wait, wait_asset, wait_id)
        run["compute_ns"] = 0
        code = _call_advance(run["f_move"], (address, until, WAIT_NOTHING, 0, np.uint64(0)))
        run["compute_ns"] = compute_ns
        return came if code == OK else code
    except Exception:
        return BROKEN


compute = Callback(_compute, COMPUTE)


def _charge(address):
    try:
        run = run_at(address)
        if run["woke_at"] != 0:
            run["compute_ns"] = max(clock_ns() - run["woke_at"], 0)
        return OK
    except Exception:
        return BROKEN


# Sets `compute_ns` to what the strategy has really computed since it woke.
charge = Callback(_charge, ON_RUN)


def _measured_advance(address, stop, wait, wait_asset, wait_id):
    try:
        run = run_at(address)
        if run["woke_at"] != 0:
            run["compute_ns"] = max(clock_ns() - run["woke_at"], 0)
        code = _call_advance(run["f_move"], (address, stop, wait, wait_asset, wait_id))
        run["compute_ns"] = 0
        run["woke_at"] = clock_ns()
        return code
    except Exception:
        return BROKEN


measured_advance = Callback(_measured_advance, ADVANCE)
