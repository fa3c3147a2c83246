"""Several streams of one market into one: best prices, and depth of different rates and ranges.

Each row of a stream is a claim about levels, as old as its exchange time. The fused book holds of each
level the newest claim; what is older is left out. A best price claims that its side has nothing better; a
level that holds something claims that there is nothing opposite at its price or beyond: levels that were
known there before are deleted. A message of depth claims, of all that it does not mention, that it is as
its stream had it. So the book is at no level behind any of the streams, and never crossed.

`FuseMarketDepth` takes events as they come. `fuse` takes whole recordings, and does it twice: in the order of
arrival for the local view, and in the order of exchange times for the exchange's, which so knows at each
moment what the slower streams told about it later.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import numpy as np

from truefill.core.decimals import nearest_floats, step_decimal, to_text
from truefill.core.errors import ConfigError, DataError, shown
from truefill.core.events import BUY, DECIMAL_EVENT, DEPTH_CLEAR, EVENT, EXCH, LOCAL, SELL
from truefill.core.gate import whole
from truefill.core.l2book import ASK, BID
from truefill.tape.decimal_events import float_values
from truefill.tape.fuse_book import FusedBook
from truefill.tape.fuse_claims import Grid, claims_of, message_ends
from truefill.tape.fuse_own import EVERYTHING

Step = str | float | Decimal
_BOTH = EXCH | LOCAL
_BUFFER = 4096  # events that `process_event` keeps until they are worked on together
_MOST_LEVELS = 1 << 20


class FuseMarketDepth:
    """Fuses streams of one market event by event, in the order in which they arrive.

    Parameters
    ----------
    tick_size, lot_size : str, float or Decimal
        Steps of price and quantity; every level must be on them.
    newer_by : "exch_ts" or "ival"
        What tells which of two claims is newer: the exchange's time, or a sequence number that the streams
        share (Binance's update id, Bybit's ``seq``) in ``ival``. Of two that are equal the later one holds.
    ranges : sequence of int or None, optional
        Of each stream the number of levels of a side that it shows; None (or no entry): all. Removals with
        which a level merely leaves the range of such a stream are told apart and left out.
    complete : bool
        Whether a message of depth tells its stream's whole book, by what it does not mention too: a level
        that another stream has changed, and that is as before when the message was made, needs no mention.
        False: only rows count, as in HftBacktest; then there are no ranges, and streams need no numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from truefill.core.events import BUY, DEPTH, DEPTH_BBO, EVENT, SELL
    >>> def event(kind, exch_ts, local_ts, px, qty):
    ...     return np.array([(kind, exch_ts, local_ts, px, qty, 0, 0, 0.0)], EVENT)
    >>> book = FuseMarketDepth("0.1", "1")
    >>> _ = book.process(event(DEPTH | SELL, 100, 110, 10.0, 5.0))
    >>> _ = book.process(event(DEPTH_BBO | BUY, 200, 205, 10.0, 3.0), stream=1)  # no ask at 10.0
    >>> _ = book.process(event(DEPTH | SELL, 150, 210, 10.0, 4.0))  # older than the best price: left out
    >>> [(int(e["ev"]) & 0xFF, float(e["px"]), float(e["qty"])) for e in book.fused_events]
    [(1, 10.0, 5.0), (1, 10.0, 0.0), (1, 10.0, 3.0)]
    >>> book.best_bid, book.best_ask
    (10.0, nan)
    """

    def __init__(
        self,
        tick_size: Step,
        lot_size: Step,
        *,
        newer_by: str = "exch_ts",
        ranges: Sequence[int | None] | None = None,
        complete: bool = True,
    ) -> None:
        self._tick, self._lot = _grid(tick_size, "tick size"), _grid(lot_size, "lot size")
        self._by_sequence = _by_sequence(newer_by)
        self._book = FusedBook(_ranged(ranges, complete), complete)
        self._events = 0
        self._parts: list[np.ndarray] = []
        self._waiting = np.empty(_BUFFER, EVENT)
        self._waits = 0
        self._waiting_for = (0, True)  # stream, add

    def process_event(self, event: np.ndarray | np.void, stream: int = 0, add: bool = True) -> None:
        """Take one event; the work is done for many together, when somebody looks.

        Parameters
        ----------
        event : EVENT record, or EVENT[1]
        stream : int
            Which stream it is of: numbers from 0, as in `ranges`.
        add : bool
            Whether what it changes becomes part of `fused_events`; the book changes anyway.
        """
        if (stream, add) != self._waiting_for or self._waits == _BUFFER:
            self._work()
            self._waiting_for = (stream, add)
        if getattr(event, "dtype", None) != EVENT or np.size(event) != 1:
            raise DataError("one EVENT record", shown(event))
        self._waiting[self._waits] = event
        self._waits += 1

    def process(self, events: np.ndarray, stream: int = 0, add: bool = True) -> np.ndarray:
        """Take the next events of a stream, and tell what they change.

        Parameters
        ----------
        events : EVENT[] or DECIMAL_EVENT[]
            DEPTH, DEPTH_SNAPSHOT, DEPTH_CLEAR, DEPTH_BBO, TICKER_BID, TICKER_ASK; others are passed on.
            Best prices without a price (0, NaN) say that the side is empty. Whole messages, that is all rows
            with the same two times, unless only what is mentioned counts (`complete`).
        stream : int
            Number of the stream, from 0.
        add : bool
            Whether the result becomes part of `fused_events`.

        Returns
        -------
        EVENT[]
            DEPTH, DEPTH_SNAPSHOT and DEPTH_CLEAR rows, and what was passed on, in the order of the events
            that they come from. Rows carry EXCH and LOCAL as their event does, or both.

        Raises
        ------
        DataError
            Not such an array; an event without side, time, price or quantity; single orders.
        TapeError
            A price off the tick, a quantity off the lot.
        """
        self._work()
        return self._process(events, stream, add)

    @property
    def fused_events(self) -> np.ndarray:
        """Everything that was added so far, EVENT[]."""
        self._work()
        if len(self._parts) != 1:
            self._parts = [np.concatenate([np.empty(0, EVENT), *self._parts])]
        return self._parts[0]

    def take(self) -> np.ndarray:
        """Give what was added since the last call, EVENT[], and forget it."""
        events = self.fused_events
        self._parts = []
        return events

    @property
    def best_bid(self) -> float:
        """Best bid; NaN when there is none."""
        return self._best(BID)

    @property
    def best_ask(self) -> float:
        """Best ask; NaN when there is none."""
        return self._best(ASK)

    def bids(self) -> tuple[np.ndarray, np.ndarray]:
        """Prices and quantities of the bids, best first."""
        return self._levels(BID)

    def asks(self) -> tuple[np.ndarray, np.ndarray]:
        """Prices and quantities of the asks, best first."""
        return self._levels(ASK)

    def _best(self, side: int) -> float:
        self._work()
        tick = self._book.best_tick(side)
        return float("nan") if tick is None else float(_floats(np.array([tick]), self._tick)[0])

    def _levels(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        self._work()
        ticks, lots = self._book.levels(side)
        return _floats(ticks, self._tick), _floats(lots, self._lot)

    def _work(self) -> None:
        """Work on what `process_event` has kept."""
        if self._waits:
            rows = self._waiting[: self._waits].copy()
            self._waits = 0
            self._process(rows, *self._waiting_for)

    def _process(self, events: np.ndarray, stream: int, add: bool) -> np.ndarray:
        events = _checked(events, "events")
        number = whole(stream, "the number of a stream, from 0 to 999", 0, 999, DataError)
        claims, taken = claims_of(events, number, self._tick, self._lot, self._by_sequence, self._events)
        self._events += len(events)
        fused = self._book.take(claims, message_ends(claims, events))
        flags = _views(events)[fused["src"]].astype(np.uint64)
        rows = _rows(fused, events, flags, self._tick, self._lot)
        kept = np.flatnonzero(~taken)
        passed = _plain(events[kept])
        passed["ev"] |= _views(events)[kept].astype(np.uint64)
        order = np.argsort(np.concatenate([fused["src"], kept]), kind="stable")
        out = np.asarray(np.concatenate([rows, passed])[order])
        if add:
            self._parts.append(out)
        return out


def fuse(
    streams: Sequence[np.ndarray],
    *,
    tick_size: Step,
    lot_size: Step,
    newer_by: str = "exch_ts",
    ranges: Sequence[int | None] | None = None,
    complete: bool = True,
) -> np.ndarray:
    """Fuse recorded streams of one market into events for `build_tape`.

    Parameters
    ----------
    streams : sequence of EVENT[] or DECIMAL_EVENT[]
        Each in the order of its arrival. At equal local times those of an earlier stream come first: of two
        claims of one age and one arrival the later stream's holds, so let the best prices be the last.
    tick_size, lot_size : str, float or Decimal
    newer_by : "exch_ts" or "ival"
    ranges : sequence of int or None, optional
    complete : bool
        See `FuseMarketDepth`.

    Returns
    -------
    EVENT[]
        Levels of both views, and whatever else the streams hold (trades, tickers, gaps), in the order of
        arrival. A row that the two views do not have in common stands for one of them only.

    Raises
    ------
    DataError, TapeError
        As `FuseMarketDepth.process`.

    Examples
    --------
    >>> import numpy as np
    >>> from truefill.core.events import BUY, DEPTH, DEPTH_BBO, EVENT
    >>> depth = np.array([(DEPTH | BUY, 100, 190, 10.0, 5.0, 0, 0, 0.0)], EVENT)
    >>> best = np.array([(DEPTH_BBO | BUY, 120, 130, 10.0, 3.0, 0, 0, 0.0)], EVENT)
    >>> [
    ...     (hex(int(e["ev"]) >> 28), int(e["exch_ts"]), float(e["qty"]))
    ...     for e in fuse([depth, best], tick_size="0.1", lot_size="1")
    ... ]
    [('0xe', 120, 3.0), ('0xa', 100, 5.0)]
    """
    tick, lot = _grid(tick_size, "tick size"), _grid(lot_size, "lot size")
    by_sequence = _by_sequence(newer_by)
    if isinstance(streams, np.ndarray | str | bytes) or not isinstance(streams, Iterable):
        raise DataError("a sequence of streams, EVENT or DECIMAL_EVENT arrays", shown(streams))
    arrays = [_checked(events, f"stream {number}") for number, events in enumerate(streams)]
    if not arrays:
        raise DataError("at least one stream", "none")
    limits = _ranged(ranges, complete)
    events = np.concatenate([_plain(rows) for rows in arrays])
    place = np.empty(len(events), np.int64)  # of each event its place in the order of arrival
    arrival = np.argsort(events["local_ts"], kind="stable")
    place[arrival] = np.arange(len(events))
    claims, taken, first = [], [], 0
    for number, rows in enumerate(arrays):
        found, gone = claims_of(rows, number, tick, lot, by_sequence)
        found["src"] = place[found["src"] + first]
        first += len(rows)
        claims.append(found)
        taken.append(gone)
    events = events[arrival]
    views = _views(events)
    claim = np.concatenate(claims)
    claim = claim[np.argsort(claim["src"], kind="stable")]
    heard = claim[views[claim["src"]] & LOCAL != 0]
    seen = claim[views[claim["src"]] & EXCH != 0]
    seen = seen[np.lexsort((seen["src"], seen["key"], seen["ts"]))]
    local = FusedBook(limits, complete).take(heard, message_ends(heard, events))
    exch = FusedBook(limits, complete).take(seen, message_ends(seen, events))
    exch = exch[np.argsort(exch["src"], kind="stable")]
    both = _shared(local, exch, len(events))
    parts = [
        (local[both[local["src"]]], _BOTH),
        (exch[~both[exch["src"]]], EXCH),
        (local[~both[local["src"]]], LOCAL),
    ]
    fused = np.concatenate([rows for rows, _ in parts])
    flags = np.repeat(np.array([flag for _, flag in parts], np.uint64), [len(rows) for rows, _ in parts])
    kept = np.flatnonzero(~np.concatenate(taken)[arrival])
    passed = events[kept]
    passed["ev"] |= views[kept].astype(np.uint64)
    order = np.argsort(np.concatenate([fused["src"], kept]), kind="stable")
    return np.asarray(np.concatenate([_rows(fused, events, flags, tick, lot), passed])[order])


def _shared(local: np.ndarray, exch: np.ndarray, count: int) -> np.ndarray:
    """Of each event whether it has the same rows, at least one, in both views."""
    sizes = [np.bincount(rows["src"], minlength=count) for rows in (local, exch)]
    same = (sizes[0] == sizes[1]) & (sizes[0] > 0)
    a, b = (rows[same[rows["src"]]] for rows in (local, exch))
    differ = np.zeros(len(a), bool)
    for name in ("tick", "lots", "ts", "kind", "side"):
        differ |= a[name] != b[name]
    same[a["src"][differ]] = False
    return np.asarray(same)


def _rows(fused: np.ndarray, events: np.ndarray, flags: np.ndarray, tick: Grid, lot: Grid) -> np.ndarray:
    """EVENT rows of FUSED ones; an event's own row keeps what the event has besides."""
    out = np.zeros(len(fused), EVENT)
    src, own = fused["src"], fused["own"] == 1
    out["ev"] = fused["kind"].astype(np.uint64) | np.where(fused["side"] == BID, BUY, SELL).astype(np.uint64)
    out["ev"] |= flags
    out["exch_ts"] = fused["ts"]
    out["local_ts"] = events["local_ts"][src]
    priced = fused["tick"] != EVERYTHING
    out["px"][priced] = _floats(fused["tick"][priced], tick)
    # HftBacktest clears a whole side when the price is no number; 0 would do so for bids only.
    out["px"][~priced & (fused["kind"] == DEPTH_CLEAR)] = np.nan
    out["qty"] = _floats(fused["lots"], lot)
    for name in ("order_id", "ival", "fval"):
        out[name][own] = events[name][src[own]]
    return out


def _floats(counts: np.ndarray, grid: Grid) -> np.ndarray:
    return nearest_floats(counts * grid.mantissa, np.full(len(counts), grid.exponent, np.int64))


def _views(events: np.ndarray) -> np.ndarray:
    """EXCH and LOCAL of each event, int64; both where it has neither, as before it was put in order."""
    flags = events["ev"].astype(np.int64) & _BOTH
    return np.asarray(np.where(flags == 0, _BOTH, flags))


def _plain(events: np.ndarray) -> np.ndarray:
    """EVENT rows, a copy."""
    if events.dtype == EVENT:
        return events.copy()
    out = np.empty(len(events), EVENT)
    for name in EVENT.names or ():
        out[name] = float_values(events, name) if name in ("px", "qty") else events[name]
    return out


def _checked(events: np.ndarray, where: str) -> np.ndarray:
    if not isinstance(events, np.ndarray) or events.ndim != 1 or events.dtype not in (EVENT, DECIMAL_EVENT):
        got = f"{events.ndim}-D {events.dtype}" if isinstance(events, np.ndarray) else shown(events)
        raise DataError("one row of EVENT or DECIMAL_EVENT", got, where)
    return events


def _grid(step: Step, name: str) -> Grid:
    mantissa, exponent = step_decimal(step, name)  # type: ignore[arg-type]
    return Grid(mantissa, exponent, name, to_text(mantissa, exponent))


def _by_sequence(newer_by: str) -> bool:
    if newer_by not in ("exch_ts", "ival"):
        raise ConfigError('"exch_ts" or "ival"', shown(newer_by), "newer_by")
    return newer_by == "ival"


def _ranged(ranges: Sequence[int | None] | None, complete: bool) -> dict[int, int]:
    if ranges is None:
        return {}
    if isinstance(ranges, str | bytes) or not isinstance(ranges, Iterable):
        raise ConfigError("one number of levels, or None, for each stream", shown(ranges), "ranges")
    wanted = f"a number of levels from 1 to {_MOST_LEVELS}, or None for all"
    found = {
        number: whole(levels, wanted, 1, _MOST_LEVELS, ConfigError, f"ranges[{number}]")
        for number, levels in enumerate(ranges)
        if levels is not None
    }
    if found and not complete:
        raise ConfigError(
            "no ranges where only what is mentioned counts (complete=False)", shown(ranges), "ranges"
        )
    return found
