"""Feeds that are on no tape, and rows of other kinds on tapes: what the engine is given of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.backtest.records import EVENT_PART, FEED
from truefill.core.errors import ConfigError, DataError, shown
from truefill.core.events import BUY, EVENT, EXCH, KIND_MASK, LOCAL, SELL
from truefill.core.gate import text
from truefill.tape import Tape


@dataclass(frozen=True, eq=False)
class Feed:
    """Events that reach the strategy and no book: an index, another venue's prices, news, a signal.

    Parameters
    ----------
    events : EVENT[]
        In the order of their arrival (``local_ts``). Kinds, prices and whatever else they hold are the
        strategy's business. Copied.
    name : str
        For people.

    Raises
    ------
    DataError
        Not such an array; an event that is earlier than the one before it, that arrives before it happened,
        that stands for the exchange's order alone (of an event that stands twice), or that has two sides.

    Examples
    --------
    >>> from truefill.core.events import MARK_PRICE
    >>> events = np.array([(MARK_PRICE, 1_000, 2_000, 100.5, 0.0, 0, 0, 0.0)], EVENT)
    >>> Feed(events, name="mark").events["px"]
    array([100.5])
    """

    events: np.ndarray
    name: str = "feed"

    def __post_init__(self) -> None:
        name = text(self.name, "a text as name of a feed", ConfigError, "Feed.name")
        where = f"Feed {name}"
        given: object = self.events
        if not isinstance(given, np.ndarray) or given.ndim != 1 or given.dtype != EVENT:
            got = f"{given.ndim}-D {given.dtype}" if isinstance(given, np.ndarray) else shown(given)
            raise DataError("one row of EVENT records", got, where)
        events = np.array(given)
        local, exch, ev = events["local_ts"], events["exch_ts"], events["ev"]
        flags = ev.astype(np.int64)
        back = np.zeros(len(events), bool)
        back[1:] = local[1:] < local[:-1]
        for bad, expected, got in (
            ((ev >> np.uint64(32) != 0) | (flags & KIND_MASK == 0), "an ev of 32 bits with a kind", "ev"),
            (flags & (EXCH | LOCAL) == EXCH, "each event once, as it arrives (LOCAL)", "ev"),
            (flags & (BUY | SELL) == (BUY | SELL), "one side, BUY or SELL, or none", "ev"),
            ((local < 0) | (exch < 0), "times in nanoseconds since 1970", "local_ts"),
            (back, "events in the order of their arrival (local_ts)", "local_ts"),
            (local < exch, "a local_ts at or after the exch_ts", "local_ts"),
        ):
            if bad.any():
                at = int(np.argmax(bad))
                value = f"{int(ev[at]):#x}" if got == "ev" else f"{got} {int(local[at])}"
                raise DataError(expected, value, f"{where}, event {at} at local time {int(local[at])}")
        events.flags.writeable = False
        object.__setattr__(self, "events", events)

    def describe(self) -> dict[str, Any]:
        """Name and span in plain values, for reports."""
        local = self.events["local_ts"]
        ends = [int(local[0]), int(local[-1])] if len(local) else []
        return {"name": self.name, "events": len(local), "span": ends}


def checked_feeds(given: Any) -> tuple[Feed, ...]:
    """Feeds as they were given to a bot."""
    try:
        feeds = (given,) if isinstance(given, Feed) else tuple(given)
    except TypeError:
        feeds = (given,)
    if not all(isinstance(feed, Feed) for feed in feeds):
        raise ConfigError("Feed objects as feeds", shown(given), "Bot.feeds")
    return feeds


def feed_table(feeds: Sequence[Feed]) -> np.ndarray:
    """FEED records of feeds; whoever uses them keeps the feeds."""
    table = np.zeros(len(feeds), FEED)
    for row, feed in zip(table, feeds, strict=True):
        row["events_addr"] = feed.events.ctypes.data
        row["count"] = len(feed.events)
    return table


def bind_events(tapes: Sequence[Tape], offset: int, address: Callable[[np.ndarray], int]) -> dict[str, int]:
    """Fields of an ASSET for the rows of other kinds on its tapes, which follow each other.

    Parameters
    ----------
    tapes : sequence of Tape
    offset : int
        Of another location, ns.
    address : callable
        Keeps an array and tells its address.
    """
    table = np.zeros(len(tapes), EVENT_PART)
    for row, tape in zip(table, tapes, strict=True):
        for name, array in (
            ("rows", tape.stored("custom")),
            ("runs", tape.section("custom_runs")),
            ("more", tape.section("custom_more")),
        ):
            row[f"{name}_addr"] = address(array)
            row[name] = len(array)
        row["ts_addr"] = address(tape.section("local.group_ts"))
        row["exch_ts_addr"] = address(tape.section("local.group_exch_ts"))
        row["groups"] = len(tape.section("local.group_ts"))
        row["offset"] = offset
    return {"e_parts_addr": address(table), "e_parts": len(table)}
