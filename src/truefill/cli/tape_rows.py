"""The first events of a tape as a person reads them, taken from its columns without reading the rest."""

import heapq
import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from truefill.core import events as e, tape_records as s

if TYPE_CHECKING:
    import numpy as np

    from truefill.tape import Tape

_STOPS = {
    s.STOP_TRADE: "trade",
    s.STOP_CLEAR: "clear",
    s.STOP_GAP_BEGIN: "gap begins",
    s.STOP_GAP_END: "gap ends",
    s.STOP_STATUS: "status",
    s.STOP_SNAPSHOT: "snapshot follows",
    s.STOP_FILL: "fill",
}
_CUSTOM = {
    e.DEPTH_BBO: "best price",
    e.INDEX_PRICE: "index price",
    e.MARK_PRICE: "mark price",
    e.FUNDING: "funding",
    e.TICKER_BID: "ticker bid",
    e.TICKER_ASK: "ticker ask",
}
_SIDES = {1: "buy", -1: "sell"}


class Line(NamedTuple):
    """One event.

    Attributes
    ----------
    ts : int
        Time in the view, ns.
    event, side : str
        What it is; "bid" or "ask" for depth, "buy" or "sell" for trades, "" for neither.
    price, qty : str
        Exact decimals; "" where there is none.
    """

    ts: int
    event: str
    side: str
    price: str
    qty: str


def first_lines(tape: "Tape", view: str, count: int) -> list[Line]:
    """Take the first `count` events of a view, ``"local"`` or ``"exch"``, in its order of time.

    Within one time: depth, clears and marks in their order, then (local view) trades, then other kinds.
    """
    streams = [_book(tape, view)]
    if view == "local":
        streams += [_trades(tape), _custom(tape)]
    return list(itertools.islice(heapq.merge(*streams, key=lambda line: line.ts), count))


def _book(tape: "Tape", name: str) -> Iterator[Line]:
    view = tape.view(name)
    tick, lot = Decimal(tape.header.tick_size), Decimal(tape.header.lot_size)
    row = stop = 0
    for ts, last_row, last_stop in zip(view.group_ts, view.group_end, view.group_stop, strict=True):
        while row < last_row or stop < last_stop:
            if stop < last_stop and int(view.stops[stop]["row"]) <= row:
                line = _stop(view.stops[stop], int(ts), tick, lot)
                stop += 1
                if line is not None:
                    yield line
                continue
            level, side = divmod(int(view.code[row]), 2)
            qty = int(view.qty[row])
            lots = qty if qty >= 0 else int(tape.overflow[-qty - 1])
            price = int(tape.level_tick[level]) * tick
            yield Line(int(ts), "depth", "ask" if side else "bid", _text(price), _text(lots * lot))
            row += 1


def _stop(stop: "np.void", ts: int, tick: Decimal, lot: Decimal) -> Line | None:
    kind, side = int(stop["kind"]), int(stop["side"])
    if kind == s.STOP_TRADE:
        return Line(
            ts, "trade", _SIDES.get(side, ""), _text(int(stop["tick"]) * tick), _text(int(stop["qty"]) * lot)
        )
    if kind == s.STOP_FILL:
        price, qty = int(stop["tick"]) * tick, int(stop["qty"]) * lot
        return Line(ts, "fill", "bid" if side > 0 else "ask", _text(price), _text(qty))
    if kind not in _STOPS:
        return None  # a mark of the index, not an event
    return Line(ts, _STOPS[kind], {1: "bid", -1: "ask"}.get(side, ""), "", "")


def _trades(tape: "Tape") -> Iterator[Line]:
    for row in tape.trades:
        side = "buy" if int(row["ev"]) & e.BUY else "sell" if int(row["ev"]) & e.SELL else ""
        yield Line(int(row["local_ts"]), "trade", side, _number(row["px"]), _number(row["qty"]))


def _custom(tape: "Tape") -> Iterator[Line]:
    for row in tape.custom:
        kind = int(row["ev"]) & e.KIND_MASK
        name = _CUSTOM.get(kind, f"kind {kind}")
        yield Line(int(row["local_ts"]), name, "", _number(row["px"]), _number(row["qty"]))


def _number(value: float) -> str:
    return _text(Decimal(repr(float(value))))


def _text(value: Decimal) -> str:
    return format(value, "f")
