"""Errors for events that cannot be right, in words."""

from decimal import Decimal

import numpy as np

from truefill.core.decimals import to_text
from truefill.core.errors import DataError, InputError, TapeError
from truefill.core.events import EVENT
from truefill.tape import layout


def fault_error(
    fault: int,
    event: np.void,
    number: int,
    tick_size: str | float | Decimal | None,
    lot_size: str | float | Decimal | None,
) -> InputError:
    """Error for a fault that the scan found in an EVENT or DECIMAL_EVENT, the `number`-th of all."""
    where = f"event {number} at local time {event['local_ts']}"
    ev = int(event["ev"])
    if fault == layout.NO_VIEW_FLAG:
        return DataError("the flag EXCH or LOCAL or both", f"ev {ev:#x}", where)
    if fault == layout.UNKNOWN_BITS:
        return DataError("an ev of 32 bits", f"{ev:#x}", where)
    if fault == layout.BAD_KIND:
        return DataError("a kind of event from 1 to 255", f"kind {ev & 0xFF}", where)
    if fault == layout.BAD_SIDE:
        return DataError("one side, BUY or SELL", f"ev {ev:#x}", where)
    if fault == layout.BAD_TIME:
        times = f"exch_ts {event['exch_ts']}, local_ts {event['local_ts']}"
        return DataError("times in nanoseconds since 1970", times, where)
    if fault == layout.NEGATIVE_QTY:
        return DataError("a quantity of 0 or more", number_text(event, "qty"), where)
    if fault == layout.OFF_TICK:
        return TapeError(f"a price on the tick {tick_size}", number_text(event, "px"), where)
    if fault == layout.OFF_LOT:
        return TapeError(f"a quantity on the lot {lot_size}", number_text(event, "qty"), where)
    got = f"price {number_text(event, 'px')}, quantity {number_text(event, 'qty')}"
    return TapeError("prices and quantities below 2**62 steps of the data", got, where)


def number_text(event: np.void, name: str) -> str:
    """Price or quantity of an event as text."""
    if event.dtype == EVENT:
        return repr(float(event[name]))
    mantissa, exponent = int(event[name]), int(event[f"{name}_exp"])
    return to_text(mantissa, exponent) if -40 < exponent < 40 else f"{mantissa}e{exponent}"
