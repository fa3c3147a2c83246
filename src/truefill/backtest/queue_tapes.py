"""The truth about queues from a tape of single orders: its feed by level, and probes with their true fills.

`OrderStream` reads the truth from a stream's events. A tape of single orders has it, too: the engine's
exact places (`L3FifoQueue`) say when an order of one lot at the end of a queue would have been filled. The
models are then asked on the feed by level that the venue would have published beside it (`level_tape`).
"""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from truefill.backtest.models.queue import L3FifoQueue
from truefill.backtest.queue_calibration import predict_fills
from truefill.backtest.queue_truth import PROBE
from truefill.core import events as ev
from truefill.core.errors import InputError
from truefill.core.events import EVENT, NO_BID_TICK, NO_TIME
from truefill.core.tape_records import STOP_CLEAR, STOP_TRADE
from truefill.tape import Tape, build_tape


def level_tape(tape: Tape) -> Tape:
    """Make the tape of the feed by level that belongs to a tape of single orders, in exchange time.

    Of the changes of a level at one time only the last is a row, unless a trade or a clear came between: a
    trade that takes five orders shrinks its level once. Events arrive when they happen.
    """
    _require_orders(tape)
    tape.require_sound()
    view = tape.exch
    stops = view.stops[np.isin(view.stops["kind"], (STOP_TRADE, STOP_CLEAR))]
    rows = np.arange(len(view.code))
    group = np.searchsorted(view.group_end, rows, side="right")
    before = np.searchsorted(stops["row"], rows, side="right")  # stops that come before each row
    last = np.lexsort((rows, view.code, before, group))
    keys = np.stack([group, before, view.code])[:, last]
    is_last = np.ones(len(rows), bool)
    is_last[:-1] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    chosen = np.sort(last[is_last])

    depth = np.zeros(len(chosen), EVENT)
    depth["exch_ts"] = view.group_ts[group[chosen]]
    depth["px"] = _rounded(tape.level_tick[view.code[chosen] >> 1], tape.header.tick_size)
    depth["qty"] = _rounded(tape.lots("exch")[chosen], tape.header.lot_size)
    depth["ev"] = np.where(view.code[chosen] & 1, np.uint64(ev.DEPTH | ev.SELL), np.uint64(ev.DEPTH | ev.BUY))

    others = np.zeros(len(stops), EVENT)
    is_trade = stops["kind"] == STOP_TRADE
    whole = ~is_trade & (stops["tick"] == NO_BID_TICK)
    others["exch_ts"] = stops["ts"]
    others["px"] = _rounded(np.where(whole, 0, stops["tick"]), tape.header.tick_size)
    others["qty"] = _rounded(np.where(is_trade, stops["qty"], 0), tape.header.lot_size)
    side = np.select([stops["side"] > 0, stops["side"] < 0], [np.uint64(ev.BUY), np.uint64(ev.SELL)], 0)
    others["ev"] = np.where(is_trade, np.uint64(ev.TRADE), np.uint64(ev.DEPTH_CLEAR)) | side

    place = np.concatenate([chosen * 2 + 1, stops["row"].astype(np.int64) * 2])
    events = np.concatenate([depth, others])[np.argsort(place, kind="stable")]
    events["local_ts"] = events["exch_ts"]
    events["ev"] |= np.uint64(ev.EXCH | ev.LOCAL)
    head = tape.header
    return build_tape(
        events, symbol=head.symbol, venue=head.venue, tick_size=head.tick_size, lot_size=head.lot_size
    )


def order_tape_probes(
    tape: Tape, every_ns: int, horizon_ns: int, offsets: tuple[int, ...] = (0,)
) -> NDArray[np.void]:
    """Place probes on both sides of a tape of single orders at regular times; its exact places fill them.

    Parameters
    ----------
    tape : Tape
        Of single orders.
    every_ns : int
        Time between two placings, exchange time.
    horizon_ns : int
        How long each is watched.
    offsets : tuple of int
        How many ticks behind the best price of its side; 0 is the touch, -1 one tick inside the spread.

    Returns
    -------
    PROBE[]
        Those that could be placed: both sides had a best price, it would not have taken, and the tape names
        its price. `ahead` is not known, NaN.
    """
    _require_orders(tape)
    if every_ns <= 0 or horizon_ns <= 0:
        raise InputError("times above 0", (every_ns, horizon_ns), "order_tape_probes(every_ns, horizon_ns)")
    view = tape.exch
    if len(view.group_ts) == 0:
        raise InputError("a tape with events", "none", "order_tape_probes")
    first, end = int(view.group_ts[0]), int(view.group_ts[-1])
    times = np.arange(first + every_ns, end, every_ns, dtype=np.int64)
    at = np.searchsorted(view.group_ts, times, side="right") - 1
    bid, ask = view.group_bid[at], view.group_ask[at]
    known = (bid >= 0) & (ask >= 0)
    placed, bid, ask = times[known], tape.level_tick[bid[known]], tape.level_tick[ask[known]]
    parts = []
    for side, own, other in ((1, bid, ask), (-1, ask, bid)):
        for offset in offsets:
            ticks = own - side * offset
            fits = (side * (other - ticks) > 0) & np.isin(ticks, tape.level_tick)
            probes = np.zeros(int(fits.sum()), PROBE)
            probes["entry_ts"], probes["tick"], probes["side"] = placed[fits], ticks[fits], side
            parts.append(probes)
    unsorted = np.concatenate(parts)
    made: NDArray[np.void] = unsorted[np.argsort(unsorted["entry_ts"], kind="stable")]
    made["end_ts"] = np.minimum(made["entry_ts"] + horizon_ns, end)
    made["ahead"] = np.nan
    made["fill_ts"] = predict_fills(tape, made, L3FifoQueue())
    made["fill_ts"][made["fill_ts"] > made["end_ts"]] = NO_TIME
    return made


def _rounded(steps: NDArray[np.int64], size: str) -> NDArray[np.float64]:
    """Multiples of a decimal step as the floats nearest to them."""
    digits = max(0, -int(Decimal(size).as_tuple().exponent))
    return np.asarray(np.round(steps * float(size), digits))


def _require_orders(tape: Tape) -> None:
    if not tape.by_order:
        raise InputError("a tape of single orders, on which places are known", f"{tape.symbol}: of levels")
