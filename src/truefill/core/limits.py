"""A venue's limits on orders and messages, as data; what each refuses, and with which reason."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.core.errors import ConfigError
from truefill.core.jit import helper
from truefill.core.reasons import (
    ABOVE_MAX_QTY,
    BELOW_MIN_NOTIONAL,
    NO_REASON,
    OFF_LOT,
    OFF_TICK,
    OUTSIDE_BAND,
    TOO_MANY_OPEN,
)

LAST, MID = 0, 1
REFERENCES = ("last", "mid")

# 0 is no limit.
LIMITS = np.dtype(
    [
        ("tick", "<i8"),  # prices are multiples of so many ticks
        ("lot", "<i8"),  # quantities are multiples of so many lots
        ("max_lots", "<i8"),
        ("max_orders", "<i8"),
        ("min_notional", "<f8"),
        ("band_percent", "<f8"),
        ("band_reference", "<i8"),
        ("messages", "<i8"),  # accepted in one interval
        ("interval_ns", "<i8"),
        ("count_cancels", "<i8"),
        # state of the throttle
        ("interval", "<i8"),  # number of the interval of the last accepted message
        ("accepted", "<i8"),  # messages in it
    ],
    align=True,
)


@dataclass(frozen=True, slots=True)
class VenueLimits:
    """What a venue asks of orders; checked when a request arrives there. None: no such limit.

    Parameters
    ----------
    tick_size, lot_size : float, optional
        Steps of prices and of quantities, multiples of the tape's.
    min_notional : float, optional
        Smallest value of an order, in the contract's currency. A market order counts at the best opposite
        price, a stop without a limit at its trigger.
    max_qty : float, optional
        Largest quantity of one order.
    max_orders : int, optional
        Open orders at a time, waiting stops included.
    band_percent : float, optional
        A limit price may be at most so many percent away from the reference, on either side.
    band_reference : str
        "last": the last trade (none yet: no check), or "mid".
    messages, interval_ns : int, optional
        At most so many accepted requests in each interval; intervals begin at multiples of `interval_ns`
        since 1970. Those beyond are refused, and do not count.
    count_cancels : bool
        Whether cancels are counted, and refused, too.
    """

    tick_size: float | None = None
    lot_size: float | None = None
    min_notional: float | None = None
    max_qty: float | None = None
    max_orders: int | None = None
    band_percent: float | None = None
    band_reference: str = "last"
    messages: int | None = None
    interval_ns: int | None = None
    count_cancels: bool = True

    def __post_init__(self) -> None:
        for name in ("tick_size", "lot_size", "min_notional", "max_qty", "band_percent"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and math.isfinite(value) and value > 0):
                raise ConfigError("a finite number > 0", value, f"VenueLimits.{name}")
        for name in ("max_orders", "messages", "interval_ns"):
            value = getattr(self, name)
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 62
            ):
                raise ConfigError("a whole number > 0", value, f"VenueLimits.{name}")
        if self.band_reference not in REFERENCES:
            raise ConfigError(f"one of {REFERENCES}", self.band_reference, "VenueLimits.band_reference")
        if (self.messages is None) != (self.interval_ns is None):
            got = f"messages={self.messages}, interval_ns={self.interval_ns}"
            raise ConfigError("messages and interval_ns together", got, "VenueLimits")

    def record(self, tick_size: float, lot_size: float) -> np.ndarray:
        """Give the limits as one LIMITS record, in ticks and lots of these sizes."""
        row = np.zeros(1, LIMITS)
        row["tick"] = _steps(self.tick_size, tick_size, "tick_size")
        row["lot"] = _steps(self.lot_size, lot_size, "lot_size")
        if self.max_qty is not None:
            row["max_lots"] = max(math.floor(min(self.max_qty / lot_size, 2.0**62) + 1e-6), 1)
        row["max_orders"] = self.max_orders or 0
        row["min_notional"] = self.min_notional or 0.0
        row["band_percent"] = self.band_percent or 0.0
        row["band_reference"] = REFERENCES.index(self.band_reference)
        row["messages"] = self.messages or 0
        row["interval_ns"] = self.interval_ns or 0
        row["count_cancels"] = int(self.count_cancels)
        row["interval"] = np.iinfo(np.int64).min
        return row


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _steps(wanted: float | None, step: float, name: str) -> int:
    """How many steps of the data one step of the venue is."""
    if wanted is None:
        return 0
    whole = round(wanted / step)
    if whole < 1 or not math.isclose(wanted / step, whole, rel_tol=1e-9):
        raise ConfigError(f"a multiple of the tape's {step}", wanted, f"VenueLimits.{name}")
    return whole


@helper
def order_refusal(limits, tick, lots, notional, reference, open_orders):
    """Reason to refuse an order, or NO_REASON.

    Parameters
    ----------
    limits : LIMITS record
    tick : int
        Limit price in ticks; 0: none.
    lots : int
    notional : float
        Value of the order; negative: not known.
    reference : float
        Reference of the price band in ticks; 0: none.
    open_orders : int
        Orders that are open besides this one.
    """
    reason = NO_REASON
    if limits["tick"] > 0 and tick % limits["tick"] != 0:
        reason = OFF_TICK
    elif limits["lot"] > 0 and lots % limits["lot"] != 0:
        reason = OFF_LOT
    elif limits["max_lots"] > 0 and lots > limits["max_lots"]:
        reason = ABOVE_MAX_QTY
    elif notional >= 0.0 and notional < limits["min_notional"]:
        reason = BELOW_MIN_NOTIONAL
    elif limits["max_orders"] > 0 and open_orders >= limits["max_orders"]:
        reason = TOO_MANY_OPEN
    elif (
        limits["band_percent"] > 0.0
        and tick > 0
        and reference > 0.0
        and abs(tick - reference) * 100.0 > limits["band_percent"] * reference
    ):
        reason = OUTSIDE_BAND
    return reason


@helper
def passes_throttle(limits, timestamp):
    """Count a message that arrives at `timestamp`; False when its interval is full.

    One from before the last interval (a request sent after the end of the data) counts in that one.
    """
    if limits["messages"] == 0:
        return True
    interval = timestamp // limits["interval_ns"]
    if interval > limits["interval"]:
        limits["interval"] = interval
        limits["accepted"] = 0
    if limits["accepted"] >= limits["messages"]:
        return False
    limits["accepted"] += 1
    return True
