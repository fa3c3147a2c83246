"""The index of a tape the slow, obvious way: lists, dictionaries and exact fractions."""

from fractions import Fraction
from functools import reduce
from math import ceil, floor, gcd

import numpy as np

from tests.core.l2book_twin import DictBook
from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    KIND_MASK,
    LOCAL,
    NO_BID_TICK,
    SELL,
    TRADE,
    TRADING_STATUS,
)
from truefill.core.tape_records import BEST as BEST_ROW, STOP

KIND_OF_STOP = {DEPTH_CLEAR: 3, GAP_BEGIN: 4, GAP_END: 5, TRADING_STATUS: 6}
BEST, SNAPSHOT = 2, 7


class Row:
    """One event, exact."""

    def __init__(self, event: np.void, shift: int) -> None:
        self.event = event.copy()
        self.event["local_ts"] += shift
        ev = int(event["ev"])
        self.kind = ev & KIND_MASK
        self.side = (1 if ev & BUY else 0) - (1 if ev & SELL else 0)
        self.exch = bool(ev & EXCH)
        self.local = bool(ev & LOCAL)
        self.exch_ts = int(event["exch_ts"])
        self.local_ts = int(self.event["local_ts"])
        self.market = self.kind in (DEPTH, DEPTH_SNAPSHOT, TRADE)
        self.book = self.kind in (DEPTH, DEPTH_SNAPSHOT)
        finite = np.isfinite(event["px"]) and (self.market or self.kind == DEPTH_CLEAR)
        self.px = Fraction(repr(float(event["px"]))) if finite else Fraction(0)
        self.qty = Fraction(repr(float(event["qty"]))) if self.market else Fraction(0)


def common_step(values: list[Fraction]) -> Fraction:
    """Greatest common divisor of fractions; 1 when there is nothing to divide."""
    values = [v for v in values if v]
    if not values:
        return Fraction(1)
    scale = reduce(lambda a, b: a * b // gcd(a, b), (v.denominator for v in values))
    return Fraction(reduce(gcd, (abs(int(v * scale)) for v in values)), scale)


def twin_sections(events: np.ndarray, base_latency: int = 0) -> dict[str, object]:
    """Every section of the tape of `events` (EVENT[]), with quantities in lots and not encoded."""
    lags = [int(e["local_ts"]) - int(e["exch_ts"]) for e in events if int(e["ev"]) & LOCAL]
    shift = -min(lags) + base_latency if lags and min(lags) < 0 else 0
    rows = [Row(e, shift) for e in events]
    tick = common_step([r.px for r in rows if r.market])
    lot = common_step([r.qty for r in rows if r.market])
    levels = sorted({r.px / tick for r in rows if r.book})
    rank = {price: i for i, price in enumerate(levels)}
    out: dict[str, object] = {"level_tick": [int(x) for x in levels], "tick": tick, "lot": lot}
    local = sorted((r for r in rows if r.local), key=lambda r: r.local_ts)
    exch = sorted((r for r in rows if r.exch), key=lambda r: r.exch_ts)
    trades = [r for r in local if r.kind == TRADE]
    number = {id(r): i for i, r in enumerate(trades)}
    out["trades"] = np.array([r.event for r in trades], EVENT)
    custom = [r for r in local if not r.market and r.kind not in KIND_OF_STOP]
    out["custom"] = np.array([r.event for r in custom], EVENT)
    for name, ordered in (("local", local), ("exch", exch)):
        out |= {f"{name}.{k}": v for k, v in view_sections(name, ordered, tick, lot, rank, number).items()}
    return out


def view_sections(
    view: str,
    rows: list[Row],
    tick: Fraction,
    lot: Fraction,
    rank: dict[Fraction, int],
    number: dict[int, int],
) -> dict[str, object]:
    """Sections of one view, from its rows in order."""
    is_local = view == "local"
    code: list[int] = []
    lots: list[int] = []
    depth_exch: list[int] = []
    stops: list[list[int]] = []
    groups: list[list[int]] = []
    book = DictBook()
    snapshot: list[int] | None = None

    def best() -> tuple[int, int]:
        return (-1 if book.bid is None else book.bid, -1 if book.ask is None else book.ask)

    def stop(kind: int, ts: int, qty: int, tick_: int, arg: int, side: int) -> list[int]:
        stops.append([ts, qty, tick_, len(code), arg, *best(), kind, side])
        return stops[-1]

    for r in rows:
        ts, other = (r.local_ts, r.exch_ts) if is_local else (r.exch_ts, r.local_ts)
        if not groups or groups[-1][0] != ts:
            groups.append([ts])
        if r.book:
            if r.kind == DEPTH_SNAPSHOT:
                if snapshot is None or snapshot[0] != ts:
                    snapshot = stop(SNAPSHOT, ts, other, 0, 0, 0)
                snapshot[4] += 1
            else:
                snapshot = None
            level = rank[r.px / tick]
            code.append(2 * level + (r.side < 0))
            lots.append(int(r.qty / lot))
            depth_exch.append(r.exch_ts)
            if book.set(r.side > 0, level, lots[-1]) and not is_local:
                stop(BEST, ts, 0, 0, 0, r.side)
        elif r.kind == TRADE:
            if not is_local:
                arg = number[id(r)] if r.local else -1
                stop(1, ts, int(r.qty / lot), int(r.px / tick), arg, r.side)
        elif r.kind in KIND_OF_STOP:
            upto = 0
            if r.kind == DEPTH_CLEAR:
                upto = NO_BID_TICK
                if r.px and r.side:
                    upto = ceil(r.px / tick) if r.side > 0 else floor(r.px / tick)
                everything = upto == NO_BID_TICK
                prices = sorted(rank)
                if r.side >= 0:
                    low = sum(p < upto for p in prices)
                    book.clear_bids(None if everything else low)
                if r.side <= 0:
                    high = sum(p <= upto for p in prices) - 1
                    book.clear_asks(None if everything else high)
            arg = int(r.event["ival"]) if r.kind == TRADING_STATUS else 0
            stop(KIND_OF_STOP[r.kind], ts, other, upto, arg, r.side)
        groups[-1] = [ts, len(code), len(stops), *best(), r.exch_ts]
    out: dict[str, object] = {"code": code, "lots": lots, "depth_exch_ts": depth_exch}
    out["stops"] = np.array([tuple(s) for s in stops], STOP)
    columns = list(zip(*groups, strict=True)) or [()] * 6
    for i, column in enumerate(("group_ts", "group_end", "group_stop", "group_bid", "group_ask")):
        out[column] = columns[i]
    if is_local:
        out["group_exch_ts"] = columns[5]
        before = [(-1, -1), *((g[3], g[4]) for g in groups)]
        changes = [(g[0], g[3], g[4]) for g, old in zip(groups, before, strict=False) if (g[3], g[4]) != old]
        out["best"] = np.array(changes, BEST_ROW)
    return out
