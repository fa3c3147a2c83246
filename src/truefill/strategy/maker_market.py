"""A recording as a market maker's backtest reads it: every book, every trade, and where to be quiet.

A *segment* is a stretch without a gap longer than the threshold, told of by the recording or a silence of the
book. Each begins with a warm-up, and nothing of an earlier segment goes into what is fitted in it.
"""

from dataclasses import dataclass

import numpy as np

from truefill.analysis.market_flow import MarketFlow, market_flow
from truefill.backtest.quote_replay import Books, Executions
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.run_data import Ints
from truefill.tape import Tape

_NS = 1_000_000_000


@dataclass(frozen=True, eq=False)
class MakerMarket:
    """What a quoting rule is tried on. Times are local, UTC ns; prices in ticks of `tick_size`.

    Attributes
    ----------
    flow : MarketFlow
        Changes of the best prices, and executions: what is fitted to.
    books : Books
        Every update of the book; `allowed_from` has the warm-ups.
    executions : Executions
    segments : int64[S, 2]
        Begin and end of each.
    lot_size : float
        Step of quantities.
    """

    flow: MarketFlow
    books: Books
    executions: Executions
    segments: Ints
    lot_size: float

    @property
    def symbol(self) -> str:
        """Instrument and venue."""
        return self.flow.symbol

    @property
    def tick_size(self) -> float:
        """Price step of the quotes and of all ticks here."""
        return self.flow.tick_size

    def cut(self, start: int, end: int) -> "MakerMarket":
        """The part from `start` to before `end`; its segments begin there, without a new warm-up."""
        b, t = self.books, self.executions
        rows = slice(*np.searchsorted(b.ts, [start, end]).tolist())
        hits = slice(*np.searchsorted(t.ts, [start, end]).tolist())
        kept = self.segments[(self.segments[:, 1] > start) & (self.segments[:, 0] < end)]
        return MakerMarket(
            self.flow,
            Books(b.ts[rows], b.bid[rows], b.ask[rows], b.allowed_from[rows]),
            Executions(t.ts[hits], t.side[hits], t.tick[hits], t.lots[hits]),
            np.clip(kept, start, end),
            self.lot_size,
        )


def maker_market(
    tape: Tape, *, gap: float = 1800.0, warmup: float = 900.0, tick_size: float | None = None
) -> MakerMarket:
    """Read a tape.

    Parameters
    ----------
    tape : Tape
    gap : float
        A gap, or a silence of the book, longer than this ends a segment, s.
    warmup : float
        No quotes for so long at the beginning of a segment, s.
    tick_size : float, optional
        Of the quotes, price; the tape's if not given. The tape's has to be a multiple of it.

    Raises
    ------
    DataError
        A tape without a usable book or without a trade whose taker is known.
    ConfigError
        A tick size that the prices of the tape are not on.
    """
    flow = market_flow(tape)
    if not len(flow.trade_times):
        raise DataError("trades with their taker's side", "none", tape.path or tape.symbol)
    if np.isnan(flow.bid_ticks).all():
        raise DataError("a book with a bid under its ask", "none", tape.path or tape.symbol)
    finer = 1
    if tick_size is not None:
        finer = round(tape.tick_size / tick_size)
        if finer < 1 or abs(tape.tick_size / tick_size - finer) > 1e-6 * finer:
            raise ConfigError(
                f"a tick_size that the recording's, {tape.tick_size:g}, is a multiple of (or none)",
                f"{tick_size:g}",
                "tick_size",
            )
    view = tape.view("local")
    updated = view.group_ts[np.diff(view.group_end, prepend=0) > 0]
    ts = np.union1d(updated, flow.book_times)
    at = np.searchsorted(flow.book_times, ts, side="right") - 1
    bid, ask = (np.append(c, np.nan)[at] * finer for c in (flow.bid_ticks, flow.ask_ticks))
    known = np.isfinite(bid)
    ticks = (np.where(known, c, 0).astype(np.int64) for c in (bid, ask))
    bid_tick, ask_tick = (
        np.where(known, c, none) for c, none in zip(ticks, (NO_BID_TICK, NO_ASK_TICK), strict=True)
    )
    limit = round(gap * _NS)
    segments = _segments(ts, flow, limit)
    silent = np.flatnonzero(np.diff(ts) > limit)
    when = np.concatenate([ts, ts[silent] + limit])
    order = np.argsort(when, kind="stable")
    when = when[order]
    none = np.full(len(silent), 0)
    bid_tick = np.concatenate([bid_tick, none + NO_BID_TICK])[order]
    ask_tick = np.concatenate([ask_tick, none + NO_ASK_TICK])[order]
    begin = segments[np.maximum(np.searchsorted(segments[:, 0], when, side="right") - 1, 0), 0]
    sizes = np.rint(flow.trade_sizes / tape.lot_size).astype(np.int64)
    return MakerMarket(
        flow=_with_silences(flow, ts, silent, finer),
        books=Books(when, bid_tick, ask_tick, begin + round(warmup * _NS)),
        executions=Executions(
            flow.trade_times, flow.trade_sides, flow.trade_ticks * finer, np.maximum(sizes, 1)
        ),
        segments=segments,
        lot_size=tape.lot_size,
    )


def _segments(ts: Ints, flow: MarketFlow, limit: int) -> Ints:
    """Begins and ends: between silences of the book, and outside of told gaps, longer than `limit` ns."""
    silent = np.flatnonzero(np.diff(ts) > limit)
    long = flow.gaps[(flow.gaps[:, 1] - flow.gaps[:, 0]) > limit]
    ends = np.concatenate([ts[silent] + 1, long[:, 0], [flow.end]])
    begins = np.concatenate([[ts[0]], ts[silent + 1], long[:, 1]])
    both = np.column_stack([np.sort(begins), np.sort(ends)])
    found: Ints = both[both[:, 0] < both[:, 1]]
    return found


def _with_silences(flow: MarketFlow, ts: Ints, silent: Ints, finer: int) -> MarketFlow:
    """The same with no book in a silence, and its ticks `finer` times smaller."""
    from dataclasses import replace

    when = np.concatenate([flow.book_times, ts[silent] + 1, ts[silent + 1]])
    order = np.argsort(when, kind="stable")
    last = np.searchsorted(flow.book_times, ts[silent + 1], side="right") - 1
    columns = []
    for column in (flow.bid_ticks, flow.ask_ticks):
        then = np.append(column, np.nan)[last]
        columns.append(np.concatenate([column, np.full(len(silent), np.nan), then])[order] * finer)
    return replace(
        flow,
        tick_size=flow.tick_size / finer,
        book_times=when[order],
        bid_ticks=columns[0],
        ask_ticks=columns[1],
        trade_ticks=flow.trade_ticks * finer,
    )
