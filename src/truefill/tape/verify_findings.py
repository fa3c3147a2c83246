"""What the verifier's counters say, in words."""

import numpy as np

from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, NO_TIME
from truefill.core.times import utc
from truefill.tape import verify_book as b
from truefill.tape.checks import Finding, Severity, sorted_findings

# What a count becomes: severity, kind, text (with the count, the worst as a time, and the time of the first).
_TEXTS: tuple[tuple[int, Severity, str, str], ...] = (
    (
        b.CROSSED,
        "error",
        "crossed",
        "crossed book: a bid above an ask, after {n} messages, {worst} at most, {at}",
    ),
    (
        b.LOCKED,
        "warning",
        "locked",
        "locked book: a bid at an ask, after {n} messages, {worst} at most, {at}",
    ),
    (
        b.GHOST,
        "error",
        "ghost",
        "ghost levels: crossed by newer prices and not removed for {worst} at most, {n}, {at}",
    ),
    (b.MISSING, "error", "missing_level", "levels of snapshots that the book lacked: {n}, {at}"),
    (b.EXTRA, "error", "extra_level", "levels in the book that snapshots do not have: {n}, {at}"),
    (b.WRONG, "error", "wrong_quantity", "levels with another quantity than in the snapshot: {n}, {at}"),
    (b.BAD_PRICE, "error", "number", "prices not finite and positive: {n}, {at}"),
    (b.BAD_QTY, "error", "number", "quantities not finite or negative: {n}, {at}"),
    (b.BAD_SIDE, "error", "side", "levels of neither side: {n}, {at}"),
    (b.EMPTY_TRADE, "warning", "number", "trades of no quantity: {n}, {at}"),
    (
        b.BACK_LOCAL,
        "warning",
        "time_backward",
        "local time goes backward {n} times, by {worst} at most, {at}",
    ),
    (
        b.BACK_EXCH,
        "info",
        "time_backward",
        "exchange time goes backward in the order of arrival {n} times, by {worst} at most, {at}",
    ),
    (
        b.EARLY,
        "warning",
        "early",
        "rows that arrived before they happened (a local clock behind; convert corrects it): {n}, by {worst} "
        "at most, {at}",
    ),
    (b.STALE, "warning", "stale", "silences of the stream: {n}, the longest {worst}, {at}"),
    (b.STALE_BOOK, "warning", "stale_book", "silences of the book: {n}, the longest {worst}, {at}"),
    (
        b.BEYOND,
        "warning",
        "trade_beyond_book",
        "trades at prices outside of the whole book as it was known: {n}, {at}",
    ),
    (
        b.OUTSIDE,
        "info",
        "trade_outside",
        "trades outside of the best prices as they were known: {n}, {at}",
    ),
)


def findings_of(
    state: np.ndarray,
    faults: np.ndarray,
    gaps: np.ndarray,
    kinds: np.ndarray,
    tick_size: str,
    marked: int,
    by_order: bool,
) -> list[Finding]:
    """Findings, errors first.

    Parameters
    ----------
    state, faults : int64[]
        Of the kernel, finished.
    gaps : GAP[]
    kinds : int64[256]
        Rows of each kind.
    tick_size : str
        Empty: not known.
    marked : int
        Levels that are crossed at the end.
    by_order : bool
        Whether the levels are made of single orders.
    """
    found = []
    for what, severity, kind, text in _TEXTS:
        count, row, ts, worst = (int(value) for value in faults[what])
        if count:
            told = text.format(n=f"{count:,}", worst=length(worst), at=f"first at {_at(ts)}")
            # an auction collects orders that cross
            auction = by_order and what in (b.CROSSED, b.GHOST)
            found.append(Finding("warning" if auction else severity, kind, count, told, row, ts))
    count, row, ts, _ = (int(value) for value in faults[b.OFF_TICK])
    if count:
        told = f"prices off the tick {tick_size}: {count:,}, first at {_at(ts)}"
        found.append(Finding("error", "off_tick", count, told, row, ts))
    if faults[b.GHOST, b.COUNT] and marked:
        found.append(Finding("info", "ghost", marked, f"levels that are crossed at the end: {marked:,}"))
    count = int(faults[b.DIFFERS, b.COUNT])
    if count:
        told = f"snapshots that differ from the book before them: {count:,} of {int(state[b.COMPARED]):,}"
        row, ts = (int(value) for value in faults[b.DIFFERS, b.FIRST_ROW : b.FIRST_AT + 1])
        found.append(Finding("error", "snapshot_differs", count, told, row, ts))
    found += _gaps(gaps)
    depth = int(kinds[[DEPTH, DEPTH_SNAPSHOT, DEPTH_CLEAR]].sum())
    if depth and not state[b.SNAPSHOTS] and not by_order:
        text = "no snapshot: the book grows from its changes only"
        found.append(Finding("warning", "no_snapshot", 1, text))
    if state[b.ORDERS]:
        count = int(state[b.ORDERS])
        text = (
            f"single orders: {count:,} rows, of which only times were checked (a tape makes levels of them)"
        )
        found.append(Finding("info", "orders", count, text))
    return sorted_findings(found)


def _gaps(gaps: np.ndarray) -> list[Finding]:
    if not len(gaps):
        return []
    begin, last = int(gaps["begin_local"][0]), int(gaps["begin_local"][-1])
    closed = gaps[gaps["end_local"] != NO_TIME]
    lost = int((closed["end_local"] - closed["begin_local"]).sum())
    text = f"gaps: {len(gaps):,}, {length(lost)} in all, first at {_at(begin)}"
    found = [Finding("warning", "gap", len(gaps), text, 0, begin)]
    if gaps["end_local"][-1] == NO_TIME:
        text = f"the gap from {_at(last)} is never closed: a snapshot is missing"
        found.append(Finding("error", "gap_open", 1, text, len(gaps) - 1, last))
    return found


def _at(ts: int) -> str:
    return f"local time {utc(ts, 9)}"


def length(ns: int) -> str:
    """A duration in the unit that fits."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if ns >= size:
            return f"{ns / size:,.4g} {unit}"
    return f"{ns} ns"
