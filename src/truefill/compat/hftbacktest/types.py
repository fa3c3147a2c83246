"""HftBacktest's ``types`` module: event flags, codes and record layouts, byte for byte."""

from typing import Any

import numpy as np

from truefill.compat.hftbacktest.replaced import missing
from truefill.core import events
from truefill.core.events import EVENT, NO_TIME
from truefill.core.records import RECORD, STATE

ALL_ASSETS = -1

DEPTH_EVENT = events.DEPTH
TRADE_EVENT = events.TRADE
DEPTH_CLEAR_EVENT = events.DEPTH_CLEAR
DEPTH_SNAPSHOT_EVENT = events.DEPTH_SNAPSHOT
DEPTH_BBO_EVENT = events.DEPTH_BBO
ADD_ORDER_EVENT = events.ADD_ORDER
CANCEL_ORDER_EVENT = events.CANCEL_ORDER
MODIFY_ORDER_EVENT = events.MODIFY_ORDER
FILL_EVENT = events.FILL

WAIT_ORDER_RESPONSE_NONE = -1
WAIT_ORDER_RESPONSE_ANY = -2

UNTIL_END_OF_DATA = int(NO_TIME)

EXCH_EVENT = events.EXCH
LOCAL_EVENT = events.LOCAL
BUY_EVENT = events.BUY
SELL_EVENT = events.SELL

state_values_dtype = STATE
event_dtype = EVENT
EVENT_ARRAY = np.ndarray[Any, Any]
record_dtype = RECORD

order_dtype = np.dtype(
    [
        ("qty", "f8"),
        ("leaves_qty", "f8"),
        ("exec_qty", "f8"),
        ("exec_price_tick", "i8"),
        ("price_tick", "i8"),
        ("tick_size", "f8"),
        ("exch_timestamp", "i8"),
        ("local_timestamp", "i8"),
        ("order_id", "u8"),
        ("_q1", "u8"),
        ("_q2", "u8"),
        ("maker", "bool"),
        ("order_type", "u1"),
        ("req", "u1"),
        ("status", "u1"),
        ("side", "i1"),
        ("time_in_force", "u1"),
    ],
    align=True,
)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
