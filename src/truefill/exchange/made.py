"""Made markets (`truefill.synthetic`) as messages of a venue."""

import heapq
from collections.abc import Iterator
from functools import partial

import numpy as np

from truefill.core.decimals import step_decimal
from truefill.core.events import BUY, KIND_MASK, TRADE
from truefill.exchange.changes import Change, Moment, Quantities, Traded
from truefill.exchange.feed import Symbols, TimeOf, symbols_of, voice_of
from truefill.synthetic import Market, ZeroIntelligence
from truefill.venues.instruments import Instrument


class MadeFeed:
    """Made markets (`truefill.synthetic`), each with a seed of its own.

    Parameters
    ----------
    symbols : str, Symbol, or several
        ``DEMOUSDT-PERP.BINANCE``; all of one venue.
    seed : int
        Of the first; the others have the next ones.
    seconds : float, optional
        How long the markets live, of their own time; None: without end.
    params : ZeroIntelligence, optional
        The model's parameters; tick and lot are the instruments'.
    """

    def __init__(
        self,
        symbols: Symbols,
        seed: int = 1,
        seconds: float | None = None,
        params: ZeroIntelligence | None = None,
    ) -> None:
        self.params = params or ZeroIntelligence()
        parsed = symbols_of(symbols)
        steps = self.params.tick_size, self.params.lot_size
        self.voice = voice_of([Instrument(symbol, symbol.native, *steps) for symbol in parsed])
        self._seconds = seconds
        self._markets = [Market(seed + n, self.params) for n in range(len(parsed))]
        self._batches = []
        for native, market in zip(self.voice.books, self._markets, strict=True):
            bids, asks = _levels(market.snapshot(), *self._places())
            self.voice.open(native, bids, asks, self.params.start_ts)
            batches = self._changes(native, market)
            first = next(batches, None)  # what compiles does so here, not while clients wait
            self._batches.append((first, batches))

    def moments(self, time_of: TimeOf) -> Iterator[Moment]:
        """What happens, in its order; once."""
        lives = [self._living(first, rest) for first, rest in self._batches]
        for change in heapq.merge(*lives, key=lambda change: change.ts):
            now = change._replace(ts=time_of(change.ts))
            yield Moment(now.ts, partial(self.voice.spell, now))
        yield Moment(0, self.voice.finish)

    def _places(self) -> tuple[int, int]:
        return _places(self.params.tick_size), _places(self.params.lot_size)

    @staticmethod
    def _living(first: list[Change] | None, rest: Iterator[list[Change]]) -> Iterator[Change]:
        yield from first or ()
        for batch in rest:
            yield from batch

    def _changes(self, native: str, market: Market) -> Iterator[list[Change]]:
        left = self._seconds
        while left is None or left > 0:
            piece = 60.0 if left is None else min(60.0, left)
            for rows in market.run(piece, 4096):
                yield list(_read(rows, native, *self._places()))
            left = None if left is None else left - piece


def _read(rows: np.ndarray, native: str, px_places: int, qty_places: int) -> Iterator[Change]:
    """Rows of one moment are one change of the book, after its trades."""
    moments = np.flatnonzero(np.diff(rows["exch_ts"])) + 1
    for part in np.split(rows, moments):
        ts = int(part["exch_ts"][0])
        trades = (part["ev"] & KIND_MASK) == TRADE
        for row in part[trades]:
            px, qty = f"{row['px']:.{px_places}f}", f"{row['qty']:.{qty_places}f}"
            yield Traded(ts, native, px, qty, bool(row["ev"] & BUY), int(row["order_id"]))
        if not trades.all():
            yield Quantities(ts, native, *_levels(part[~trades], px_places, qty_places))


def _levels(
    rows: np.ndarray, px_places: int, qty_places: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    bids: list[tuple[str, str]] = []
    asks: list[tuple[str, str]] = []
    for ev, px, qty in zip(rows["ev"].tolist(), rows["px"].tolist(), rows["qty"].tolist(), strict=True):
        (bids if ev & BUY else asks).append((f"{px:.{px_places}f}", f"{qty:.{qty_places}f}"))
    return bids, asks


def _places(step: str) -> int:
    return max(0, -step_decimal(step, "step")[1])
