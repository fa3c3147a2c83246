"""The life of an order: one transition table for simulator, paper and live.

Two rules. Everything that decides an order's state is in `TRANSITIONS`; and evidence from the venue can
reopen any state that we had only concluded here: a fill that arrives after REJECTED, EXPIRED or CANCELED
is a fill (nautilus_trader's table, from which ours started, refuses it, and loses a position).

A request that is under way (PENDING_UPDATE, PENDING_CANCEL) remembers the state before it; when the venue
refuses the request, that state returns (`RESTORE`). HftBacktest's pair of codes, ``status`` and ``req``,
is a view of this state: `hft_status`, `hft_request`.
"""

import numpy as np

from truefill.core.jit import helper
from truefill.core.records import (
    CANCELED as _CANCELED,
    EXPIRED as _EXPIRED,
    FILLED as _FILLED,
    NEW as _NEW,
    NONE as _NONE,
    PARTIALLY_FILLED as _PARTIALLY_FILLED,
    REPLACED as _REPLACED,
)

# States.
INITIALIZED = 0  # made here, nobody told
DENIED = 1  # refused here, before it was sent
SUBMITTED = 2  # sent, no answer yet
ACCEPTED = 3  # rests at the venue
REJECTED = 4  # refused by the venue
TRIGGERED = 5  # a stop that has been triggered
PENDING_UPDATE = 6  # a modify is under way
PENDING_CANCEL = 7  # a cancel is under way
PARTIALLY_FILLED = 8
FILLED = 9
CANCELED = 10
EXPIRED = 11
STATE_NAMES = (
    "initialized",
    "denied",
    "submitted",
    "accepted",
    "rejected",
    "triggered",
    "pending_update",
    "pending_cancel",
    "partially_filled",
    "filled",
    "canceled",
    "expired",
)

# What can happen to an order.
SUBMIT = 0
DENY = 1
ACCEPT = 2
REJECT = 3
TRIGGER = 4
REQUEST_UPDATE = 5
REFUSE_UPDATE = 6
REQUEST_CANCEL = 7
REFUSE_CANCEL = 8
FILL_PART = 9
FILL_ALL = 10
CANCEL = 11
EXPIRE = 12
ADJUST = 13  # the venue changed its open quantity: self-trade prevention
EVENT_NAMES = (
    "submit",
    "deny",
    "accept",
    "reject",
    "trigger",
    "request_update",
    "refuse_update",
    "request_cancel",
    "refuse_cancel",
    "fill_part",
    "fill_all",
    "cancel",
    "expire",
    "adjust",
)

# Instead of a state in the table.
ILLEGAL = 255
RESTORE = 254  # back to the state before the request
STAY = 253  # news that changes nothing (a refusal that comes after the order's end)

_VENUE_NEWS = {
    "accept": ACCEPTED,
    "fill_part": PARTIALLY_FILLED,
    "fill_all": FILLED,
    "cancel": CANCELED,
    "expire": EXPIRED,
}
_REQUESTS = {"request_update": PENDING_UPDATE, "request_cancel": PENDING_CANCEL}
_REFUSALS_IGNORED = {"refuse_update": STAY, "refuse_cancel": STAY, "adjust": STAY}

# From each state, what leads where; what is not named is illegal.
TRANSITIONS: dict[str, dict[str, int]] = {
    "initialized": {
        "submit": SUBMITTED,
        "deny": DENIED,
        "reject": REJECTED,
        "trigger": TRIGGERED,
        **_VENUE_NEWS,
    },
    "denied": {},
    "submitted": {"reject": REJECTED, "trigger": TRIGGERED, **_VENUE_NEWS, **_REQUESTS},
    "accepted": {"reject": REJECTED, "trigger": TRIGGERED, **_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
    "rejected": {"reject": REJECTED, **_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
    "triggered": {"reject": REJECTED, **_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
    # while a request is under way, a part fill or a trigger changes what a refusal restores, and no more
    "pending_update": {
        "reject": REJECTED,
        **_VENUE_NEWS,
        "trigger": PENDING_UPDATE,
        "adjust": STAY,
        "fill_part": PENDING_UPDATE,
        "request_cancel": PENDING_CANCEL,
        "refuse_update": RESTORE,
        "refuse_cancel": STAY,
    },
    "pending_cancel": {
        "reject": REJECTED,
        **_VENUE_NEWS,
        "trigger": PENDING_CANCEL,
        "adjust": STAY,
        "accept": PENDING_CANCEL,
        "fill_part": PENDING_CANCEL,
        "request_update": PENDING_UPDATE,
        "refuse_cancel": RESTORE,
        "refuse_update": STAY,
    },
    "partially_filled": {"trigger": TRIGGERED, **_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
    "filled": {
        "fill_all": FILLED,
        "fill_part": PARTIALLY_FILLED,
        "accept": ACCEPTED,
        **_REQUESTS,
        **_REFUSALS_IGNORED,
    },
    "canceled": {**_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
    "expired": {**_VENUE_NEWS, **_REQUESTS, **_REFUSALS_IGNORED},
}


def _table() -> np.ndarray:
    table = np.full((len(STATE_NAMES), len(EVENT_NAMES)), ILLEGAL, np.uint8)
    for state, row in TRANSITIONS.items():
        for event, target in row.items():
            table[STATE_NAMES.index(state), EVENT_NAMES.index(event)] = target
    return table


TABLE = _table()

_HFT_STATUS = np.array(
    [
        _NONE,
        _EXPIRED,
        _NONE,
        _NEW,
        _EXPIRED,
        _NEW,
        _NEW,
        _NEW,
        _PARTIALLY_FILLED,
        _FILLED,
        _CANCELED,
        _EXPIRED,
    ],
    np.uint8,
)


@helper
def next_state(state, previous, event):
    """State after `event`.

    Parameters
    ----------
    state, previous : int
        The state now, and the one before a request under way.
    event : int
        What happened.

    Returns
    -------
    (int, int)
        New state and new previous state; (ILLEGAL, previous) when the table has no such step.
    """
    target = np.int64(TABLE[state, event])
    pending = state == PENDING_UPDATE or state == PENDING_CANCEL
    if target == STAY:
        return state, previous
    if target == RESTORE:
        return previous, previous
    if target == PENDING_UPDATE or target == PENDING_CANCEL:
        if event == FILL_PART:
            return target, np.int64(PARTIALLY_FILLED)
        if event == ACCEPT:
            return target, np.int64(ACCEPTED)
        if event == TRIGGER:
            return target, np.int64(TRIGGERED)
        return target, previous if pending else state
    return target, target


@helper
def hft_status(state, previous):
    """HftBacktest's ``status`` code of a state."""
    if state == PENDING_UPDATE or state == PENDING_CANCEL:
        return _HFT_STATUS[previous]
    return _HFT_STATUS[state]


@helper
def hft_request(state):
    """HftBacktest's ``req`` code of a state: the request under way."""
    if state == SUBMITTED or state == INITIALIZED:
        return _NEW
    if state == PENDING_UPDATE:
        return _REPLACED
    if state == PENDING_CANCEL:
        return _CANCELED
    return _NONE
