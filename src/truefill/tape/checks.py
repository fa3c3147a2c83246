"""Look for what is wrong in a tape, or in the recording that it was made from."""

import os
from typing import Literal

import msgspec
import numpy as np

from truefill.core.errors import TapeError
from truefill.core.events import NO_TIME, TICKER_ASK, TICKER_BID
from truefill.core.tape_records import STOP_SNAPSHOT
from truefill.core.times import utc
from truefill.tape.format import SECTIONS, content_hash, file_path, is_tape, raw_bytes, section_info
from truefill.tape.order_stage import fault_names
from truefill.tape.replay import CROSSED, FIRST_CROSSED, FIRST_LOCKED, FIRST_WRONG, LOCKED, WRONG, replay_view
from truefill.tape.structure import structure_faults
from truefill.tape.tape import Tape

Severity = Literal["error", "warning", "info"]
_RANK = {"error": 0, "warning": 1, "info": 2}


class Finding(msgspec.Struct, frozen=True):
    """One kind of fault, how often, and where first.

    Attributes
    ----------
    severity : "error", "warning" or "info"
        An error makes results wrong; a warning may; an info is worth knowing.
    kind : str
        Stable name, e.g. ``"crossed"``.
    count : int
    text : str
        What was found and where, for people.
    row : int or None
        Index of the first place, in what `text` names.
    ts : int or None
        Time of the first place, ns.
    """

    severity: Severity
    kind: str
    count: int
    text: str
    row: int | None = None
    ts: int | None = None


def check(tape: str | os.PathLike[str] | Tape, *, stream: bool = True) -> list[Finding]:
    """Check a tape, errors first.

    Looks for a truncated or altered file, time going backward, a crossed or locked book, gaps, missing or
    duplicate snapshots, numbers that are not finite or not positive, and prices off the tick.

    Parameters
    ----------
    tape : path or Tape
    stream : bool
        False: leave out what a `StreamVerifier` finds in the tape's local rows, for whoever asks one, too.

    Raises
    ------
    TapeError
        There is no such file, or it never was a tape.
    """
    if not isinstance(tape, Tape):
        path = file_path(tape)
        try:
            tape = Tape.open(path)
        except TapeError as error:
            if not is_tape(path):
                raise
            return [Finding("error", "damaged", 1, str(error))]
    found = _altered(tape) + [Finding("error", "index", 1, text) for text in structure_faults(tape)]
    if not found:  # what follows trusts every index
        found = _disorder(tape) + _books(tape, ("exch", "local") if stream else ("exch",))
        found += _snapshots(tape) + _orders(tape)
        if stream:
            found += _gaps(tape) + _numbers(tape) + _ticks(tape)
        found += [Finding("info", "note", 1, note) for note in tape.header.notes]
    return sorted_findings(found)


def sorted_findings(findings: list[Finding]) -> list[Finding]:
    """Errors first, then warnings; in the given order otherwise."""
    return sorted(findings, key=lambda finding: _RANK[finding.severity])


def _altered(tape: Tape) -> list[Finding]:
    found = []
    for name, info in tape.header.sections.items():
        if name in SECTIONS:
            _, digest = section_info(SECTIONS[name], [raw_bytes(tape.stored(name))])
            if digest != info.digest:
                found.append(Finding("error", "altered", 1, f"section {name} is not as it was written"))
    if content_hash(tape.header) != tape.header.content_hash:
        found.append(Finding("error", "altered", 1, "the header's content hash does not fit its fields"))
    return found


def _disorder(tape: Tape) -> list[Finding]:
    found = []
    for name, severity, side in (
        ("local", "warning", "local time goes backward"),
        ("exch", "info", "exchange time goes backward in the order of arrival"),
    ):
        place = tape.header.disorder.get(name)
        if place is not None and place.count:
            first = f"event {place.event} ({utc(place.ts, 9)})"
            text = f"{side} {place.count} times, first at {first}; sorted in the tape"
            found.append(
                Finding(severity, "time_backward", place.count, text, place.event, place.ts)  # type: ignore[arg-type]
            )
    return found


def _books(tape: Tape, judged: tuple[str, ...]) -> list[Finding]:
    """Both views against the index; those `judged` for a crossed or locked book, too."""
    found = []
    crossed = "warning" if tape.by_order else "error"  # orders cross while an auction collects them
    for name in ("exch", "local"):
        view = tape.view(name)
        result = replay_view(tape, name)
        for severity, kind, count, first, text in (
            ("error", "index", WRONG, FIRST_WRONG, "best prices differ from the book"),
            (crossed, "crossed", CROSSED, FIRST_CROSSED, "crossed book: a bid above an ask"),
            ("warning", "locked", LOCKED, FIRST_LOCKED, "locked book: a bid at an ask"),
        ):
            if result[count] and (name in judged or kind == "index"):
                group = int(result[first])
                ts = int(view.group_ts[group])
                where = f"{text}, {name} view, after {result[count]} times, first at {utc(ts, 9)}"
                found.append(Finding(severity, kind, int(result[count]), where, group, ts))  # type: ignore[arg-type]
    return found


def _gaps(tape: Tape) -> list[Finding]:
    gaps = tape.gaps
    if not len(gaps):
        return []
    begin = int(gaps["begin_local"][0])
    found = [
        Finding("warning", "gap", len(gaps), f"gaps, the first from local time {utc(begin, 9)}", 0, begin)
    ]
    if gaps["end_local"][-1] == NO_TIME:
        at = int(gaps["begin_local"][-1])
        text = f"the gap from local time {utc(at, 9)} is never closed: a snapshot is missing"
        found.append(Finding("error", "gap_open", 1, text, len(gaps) - 1, at))
    return found


def _snapshots(tape: Tape) -> list[Finding]:
    stops, gaps = tape.local.stops, tape.gaps
    starts = stops[stops["kind"] == STOP_SNAPSHOT]
    if not len(starts):
        if (
            not len(tape.local.code) or tape.by_order
        ):  # orders carry their own news: each says that it is there
            return []
        return [Finding("warning", "no_snapshot", 1, "no snapshot: the book grows from its changes only", 0)]
    found = []
    first = int(starts["row"][0])
    if first > 0:
        ts = int(starts["ts"][0])
        text = f"{first} depth rows before the first snapshot at local time {utc(ts, 9)}"
        found.append(Finding("info", "late_snapshot", first, text, first, ts))
    # A gap, or the beginning of a recording, is a reason for a snapshot; no other is known.
    between = np.searchsorted(gaps["begin_local"], starts["ts"], side="right")
    again = np.flatnonzero(np.diff(between) == 0) + 1
    if len(again):
        ts = int(starts["ts"][again[0]])
        text = f"{len(again)} snapshots without a gap before them, first at local time {utc(ts, 9)}"
        found.append(
            Finding("warning", "duplicate_snapshot", len(again), text, int(starts["row"][again[0]]), ts)
        )
    return found


def _orders(tape: Tape) -> list[Finding]:
    """Faults of an order-by-order stream, as they were counted at the exchange's side."""
    counts = (tape.header.orders or {}).get("exch", {})
    texts = {
        "unknown_cancel": "unknown cancel: of an order that is not in the book",
        "unknown_modify": "unknown modify: taken for a new order where it has side and price",
        "unknown_fill": "unknown fill: of an order that is not in the book",
        "duplicate_add": "duplicate add: of an order that is in the book, which it replaces",
        "empty_add": "empty add: an order of no quantity",
        "other_side": "order that changes its side",
        "fill_elsewhere": "fill at another price than its order's, which was the taker then",
    }
    return [
        Finding("warning", "orders", counts[name], f"{texts[name]}, {counts[name]} times, left as they are")
        for name in fault_names()
        if counts.get(name)
    ]


def _numbers(tape: Tape) -> list[Finding]:
    found = []
    trades, custom = tape.trades, tape.custom
    cases: list[tuple[Severity, str, np.ndarray, np.ndarray | None]] = [
        (
            "error",
            "trade prices not finite and positive",
            ~(trades["px"] > 0) | np.isinf(trades["px"]),
            trades,
        ),
        (
            "error",
            "trade quantities not finite or negative",
            ~(trades["qty"] >= 0) | np.isinf(trades["qty"]),
            trades,
        ),
        ("warning", "trades of no quantity", trades["qty"] == 0, trades),
        ("error", "depth prices not positive", tape.level_tick <= 0, None),
        ("error", "quantities negative", tape.overflow < 0, None),
        ("warning", "numbers of other rows not finite", ~np.isfinite(custom["px"] + custom["qty"]), custom),
        (
            "warning",
            "ticker prices or quantities negative",
            _tickers(custom) & ((custom["px"] < 0) | (custom["qty"] < 0)),
            custom,
        ),
    ]
    for severity, text, bad, rows in cases:
        count = int(np.count_nonzero(bad))
        if count:
            at = int(np.argmax(bad))
            ts = None if rows is None else int(rows["local_ts"][at])
            where = f"{text}: {count}, first at {at}" + ("" if ts is None else f", local time {utc(ts, 9)}")
            found.append(Finding(severity, "number", count, where, at, ts))
    return found


def _ticks(tape: Tape) -> list[Finding]:
    """Trade prices against the ticks that the index has for them, and tickers against the grid."""
    found = []
    tick = tape.tick_size
    tickers = tape.custom[_tickers(tape.custom)]
    for name, rows, severity in (("trade", tape.trades, "error"), ("ticker", tickers, "warning")):
        counts = np.rint(rows["px"] / tick)
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs(counts * tick - rows["px"]) <= 1e-6 * tick + 4e-16 * np.abs(rows["px"]))
        count = int(np.count_nonzero(bad))
        if count:
            at = int(np.argmax(bad))
            ts = int(rows["local_ts"][at])
            first = f"first {rows['px'][at]} at {utc(ts, 9)}"
            text = f"{name} prices off the tick {tape.header.tick_size}: {count}, {first}"
            found.append(Finding(severity, "off_tick", count, text, at, ts))  # type: ignore[arg-type]
    return found


def _tickers(custom: np.ndarray) -> np.ndarray:
    return np.isin(custom["ev"] & np.uint64(0xFF), (TICKER_BID, TICKER_ASK))
