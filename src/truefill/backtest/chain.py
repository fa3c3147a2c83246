"""Tapes of one instrument that follow each other, as one market (docs/chains.md)."""

import hashlib
import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np

from truefill.core.errors import ConfigError, TapeError, shown
from truefill.core.events import NO_BID_TICK, NO_TIME
from truefill.core.tape_records import (
    GAP,
    STOP_BEST,
    STOP_CLEAR,
    STOP_GAP_END,
    STOP_SNAPSHOT,
)
from truefill.tape import Tape, TapeHeader
from truefill.tape.remote import ahead, is_url

# The exchange's events of a recording that was cut by arrival may reach so far back behind the cut, ns.
MOST_OVERLAP_NS = 10_000_000_000
# A pause between two tapes that is longer than so many times the longest pause inside them, and than a
# second, means that something is missing.
_PAUSES = 2
_LEAST_PAUSE_NS = 1_000_000_000
_PIECE = 1 << 16


class Chain:
    """Tapes that follow each other: what `Asset(tape=[...])` makes of a list.

    Parameters
    ----------
    tapes : sequence of Tape or path
        In the order of time, of one instrument with the same steps. Files are opened by memory map.

    Attributes
    ----------
    tapes : tuple of Tape
    header : TapeHeader
        Of all together: times from the first to the last, counts and events summed.
    suspect : tuple of bool
        Of each tape, whether something is missing before it. Looked for once: it reads all times.

    Raises
    ------
    ConfigError
        No list of tapes, or an empty one.
    TapeError
        A tape cannot be opened; another instrument or other steps; tapes that overlap or are not in order;
        a tape in which nothing happens.
    """

    def __init__(self, tapes: Sequence[Tape | str | os.PathLike[str]]) -> None:
        wanted = "one or more tapes, or paths of tapes"
        if isinstance(tapes, str | bytes) or not isinstance(tapes, Sequence) or len(tapes) == 0:
            raise ConfigError(wanted, shown(tapes), "Asset.tape")
        # Of objects in a store the next one is fetched while this one is opened.
        urls = ahead([tape for tape in tapes if is_url(tape)])  # type: ignore[misc]
        self._given = [_opened(next(urls) if is_url(tape) else tape, wanted) for tape in tapes]
        for number, tape in enumerate(self._given[1:], 1):
            _require_same(self._given[0], tape, f"tape {number + 1} of the chain")
        for number, tape in enumerate(self._given):
            for view in ("exch", "local"):
                if len(tapes) > 1 and len(tape.section(f"{view}.group_ts")) == 0:
                    raise TapeError(
                        f"events in the {'exchange' if view == 'exch' else view}'s view of each tape",
                        "none",
                        _name(tape, number),
                    )
        joined = [self._given[0]]
        for number, tape in enumerate(self._given[1:], 1):
            joined.append(_following(joined[-1], tape, number))
        self.tapes = tuple(joined)
        self.suspect = (False, *(is_suspect(*pair) for pair in pairwise(self.tapes)))
        self.header = self._header()

    def __reduce__(self) -> tuple[Any, ...]:
        return (Chain, (self._given,))

    def __len__(self) -> int:
        return len(self.tapes)

    def __repr__(self) -> str:
        return f"<Chain {self.symbol}: {len(self)} tapes, {self.header.events} events>"

    @property
    def symbol(self) -> str:
        """Instrument and venue."""
        return self.header.symbol

    @property
    def tick_size(self) -> float:
        """Price step."""
        return self.tapes[0].tick_size

    @property
    def lot_size(self) -> float:
        """Smallest quantity step of the data."""
        return self.tapes[0].lot_size

    @property
    def by_order(self) -> bool:
        """Whether the tapes were built from single orders."""
        return self.tapes[0].by_order

    @property
    def custom(self) -> np.ndarray:
        """CUSTOM[C]: rows of other kinds of all tapes, as they arrived."""
        return np.concatenate([tape.custom for tape in self.tapes])

    @property
    def gaps(self) -> np.ndarray:
        """GAP[]: spans in which the book is suspect: the tapes' own, and what is missing between them."""
        found = [self.tapes[0].gaps]
        for number, (earlier, tape) in enumerate(pairwise(self.tapes), 1):
            if self.suspect[number]:
                found.append(_missing(earlier, tape))
            found.append(tape.gaps)
        return np.concatenate(found)

    def require_sound(self) -> None:
        """Make sure of each tape, once, that every index stays inside."""
        for tape in self.tapes:
            tape.require_sound()

    def _header(self) -> TapeHeader:
        headers = [tape.header for tape in self.tapes]
        counts: dict[str, int] = {}
        for header in headers:
            for kind, count in header.counts.items():
                counts[kind] = counts.get(kind, 0) + count
        digest = hashlib.blake2b(digest_size=32)
        for header in headers:
            digest.update(header.content_hash.encode() + b"\n")
        return msgspec.structs.replace(
            headers[0],
            source=[source for header in headers for source in header.source],
            events=sum(header.events for header in headers),
            counts=counts,
            last_ts=headers[-1].last_ts,
            last_exch_ts=headers[-1].last_exch_ts,
            gaps=len(self.gaps),
            clock_correction_ns=max((header.clock_correction_ns for header in headers), key=abs),
            last_best_bid=headers[-1].last_best_bid,
            last_best_ask=headers[-1].last_best_ask,
            notes=list(dict.fromkeys(note for header in headers for note in header.notes)),
            content_hash=digest.hexdigest(),
            sections={},
        )


Market = Tape | Chain


def as_market(given: Any) -> Any:
    """A list of tapes as a chain, or the only tape in it; anything else as it is."""
    if not isinstance(given, list | tuple):
        return given
    chain = Chain(given)
    return chain.tapes[0] if len(chain) == 1 else chain


def tapes_of(market: Market) -> tuple[Tape, ...]:
    """The tapes of a chain, or the only one."""
    return market.tapes if isinstance(market, Chain) else (market,)


def _opened(given: Any, wanted: str) -> Tape:
    if isinstance(given, Tape):
        return given
    if not isinstance(given, str | os.PathLike):
        raise ConfigError(wanted, shown(given), "Asset.tape")
    return Tape.open(given)


def _name(tape: Tape, number: int) -> str:
    file = f" ({tape.path.name})" if tape.path is not None else ""
    return f"tape {number + 1} of the chain{file}"


def _require_same(first: Tape, tape: Tape, where: str) -> None:
    """One instrument, the same steps and the same kind of data."""
    one, two = first.header, tape.header
    for what, expected, found in (
        ("symbol", one.symbol, two.symbol),
        ("venue", one.venue, two.venue),
        ("tick size", one.tick_size, two.tick_size),
        ("lot size", one.lot_size, two.lot_size),
    ):
        if expected != found:
            hint = " (build the tapes with the same tick_size and lot_size)" if "size" in what else ""
            raise TapeError(f"the {what} {expected} of the first tape{hint}", found, where)
    if first.by_order != tape.by_order:
        kinds = ("levels", "single orders")
        raise TapeError(f"a tape of {kinds[first.by_order]}", f"one of {kinds[tape.by_order]}", where)


def _following(earlier: Tape, tape: Tape, number: int) -> Tape:
    """`tape`, which must begin after `earlier` ends.

    Here an event that arrived at or before the end of the tape before is refused. At the exchange a few may
    be older than the last ones there (the recording was cut by arrival): they happen right after those.
    """
    where = _name(tape, number)
    last, first = int(earlier.section("local.group_ts")[-1]), int(tape.section("local.group_ts")[0])
    if first <= last:
        wanted = f"a tape that begins after {time_text(last)}, when the one before it ends"
        raise TapeError(wanted, f"one that begins at {time_text(first)}", where)
    last, first = int(earlier.section("exch.group_ts")[-1]), int(tape.section("exch.group_ts")[0])
    if first > last:
        return tape
    if last - first > MOST_OVERLAP_NS:
        wanted = f"a tape whose events happened after {time_text(last)}, when the one before it ends"
        raise TapeError(wanted, f"one that begins at {time_text(first)}, at the exchange", where)
    return _moved_up(tape, last + 1)


def _moved_up(tape: Tape, earliest: int) -> Tape:
    """The same tape, with nothing at the exchange before `earliest`.

    Of a file a second map is written to: the map is copy-on-write, so that only the pages at its front are
    copied.
    """
    names = ("exch.group_ts", "exch.stops")
    if tape.path is not None:
        moved = Tape.open(tape.path)
    else:
        sections = {**tape._sections, **{name: tape.section(name).copy() for name in names}}
        moved = Tape(tape.header, sections)
    group_ts, stops = (moved.section(name) for name in names)
    early = 0  # a group that is late enough, one nanosecond after the other, is followed only by such
    while early < len(group_ts) and group_ts[early] < earliest + early:
        early += 1
    before = group_ts[:early].copy()
    group_ts[:early] = np.maximum(before, earliest + np.arange(early))
    of_stop = stops["ts"][: np.searchsorted(stops["ts"], before[-1], side="right")]
    of_stop[:] = group_ts[np.searchsorted(before, of_stop)]
    return moved


def begins_anew(tape: Tape, view: str) -> bool:
    """Whether a view begins with a whole book, so that nothing of what was there before is left.

    Its first event clears everything, or its first depth row is that of a snapshot. A tape of single orders
    knows only its own orders, and always begins anew.
    """
    if tape.by_order:
        return True
    stops = _first_stops(tape, view)
    clears = stops[stops["kind"] == STOP_CLEAR]
    if len(clears) == 0:
        return bool((stops["kind"] == STOP_SNAPSHOT).any())
    return begins_with_clear(tape, view)


def begins_with_clear(tape: Tape, view: str) -> bool:
    """Whether the first thing that happens in a view is that the whole book is cleared."""
    stops = _first_stops(tape, view)
    first = tape.section(f"{view}.group_ts")[0]
    return _clears_all(stops[(stops["kind"] == STOP_CLEAR) & (stops["ts"] == first)])


def start_of_orders(tape: Tape) -> tuple[int, int]:
    """Of the book that a tape of single orders begins with: stops that clear for it, and rows; (0, 0): none.

    The rows are those at the front of the exchange's view, of its first moment, that bring a new order each.
    One that came at that moment cannot be told from those that were there.
    """
    stops = tape.section("exch.stops")
    if not begins_with_clear(tape, "exch") or stops["kind"][0] != STOP_CLEAR:
        return 0, 0
    clears = 1 if stops["side"][0] == 0 else 2
    if (stops["kind"][:clears] != STOP_CLEAR).any():
        return 0, 0
    rows = int(tape.section("exch.group_end")[0])
    others = stops["row"][clears:][stops["kind"][clears:] != STOP_BEST]
    if len(others):
        rows = min(rows, int(others[0]))
    moved = np.flatnonzero(tape.section("exch.prio")[:rows] != np.arange(rows))
    return clears, int(moved[0]) if len(moved) else rows


def _first_stops(tape: Tape, view: str) -> np.ndarray:
    """The stops before a view's first depth row."""
    stops = tape.section(f"{view}.stops")
    return stops[: np.searchsorted(stops["row"], 1)]


def _clears_all(clears: np.ndarray) -> bool:
    sides = set(clears["side"][clears["tick"] == NO_BID_TICK].tolist())
    return 0 in sides or {1, -1} <= sides


def is_suspect(earlier: Tape, tape: Tape) -> bool:
    """Whether something is missing between two tapes, and the second does not begin with a whole book."""
    if begins_anew(tape, "local"):
        return False
    pause = int(tape.section("local.group_ts")[0]) - int(earlier.section("local.group_ts")[-1])
    longest = max(_longest_pause(earlier), _longest_pause(tape))
    return pause > max(_LEAST_PAUSE_NS, _PAUSES * longest)


def _longest_pause(tape: Tape) -> int:
    ts = tape.section("local.group_ts")
    pieces = (np.diff(ts[start : start + _PIECE + 1]) for start in range(0, len(ts) - 1, _PIECE))
    return max((int(piece.max()) for piece in pieces), default=0)


def _missing(earlier: Tape, tape: Tape) -> np.ndarray:
    """The gap between two tapes: to the snapshot, or the end of a gap, that follows."""
    gap = np.zeros(1, GAP)
    for name, view in (("exch", "exch"), ("local", "local")):
        stops = tape.section(f"{view}.stops")
        ends = stops["ts"][(stops["kind"] == STOP_SNAPSHOT) | (stops["kind"] == STOP_GAP_END)]
        gap[f"begin_{name}"] = earlier.section(f"{view}.group_ts")[-1]
        gap[f"end_{name}"] = ends[0] if len(ends) else NO_TIME
    return gap


def time_text(ts: int) -> str:
    """A time, ns, as people read it."""
    return f"{np.datetime64(ts, 'ns')}Z"
