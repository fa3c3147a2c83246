"""Databento's schemas by price (``mbp-1``, ``mbp-10``, ``tbbo``, ``trades``, ``bbo-1s``, ``bbo-1m``).

Each record has the best levels as they are after it, or for a trade as they were before it took effect. The
first becomes a clear and a snapshot, of each later one what changed, and after that the trade if it is one. A
level that leaves the ten best is deleted, for nothing tells what becomes of it.

``exch_ts`` is ``ts_event`` and ``local_ts`` is ``ts_recv``. Records of a snapshot happen when it was taken. A
``bbo`` has the time of its interval's end for both: its ``ts_event`` is that of the last trade, which is not
read.
"""

import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, EXCH, LOCAL, SELL, TRADE
from truefill.vendors import databento_csv, databento_dbn
from truefill.vendors.books import Books
from truefill.vendors.databento_records import (
    BBO,
    F_BAD_TS_RECV,
    F_MAYBE_BAD_BOOK,
    LEVELS,
    UNDEFINED_PRICE,
    UNDEFINED_TIME,
    Records,
    Times,
    times_of,
)
from truefill.vendors.reader import FileReader, Progress, ReaderCounters

_PX_EXP = -9
_STEP = 1 << 14  # records at a time: each may become 41 events
_ACTIONS = [ord(letter) for letter in "ACMRTFN"]
_SIDES = {ord("B"): BUY, ord("A"): SELL, ord("N"): 0}
_TAKER = np.zeros(256, np.uint64)
for _letter, _side in _SIDES.items():
    _TAKER[_letter] = _side


class DatabentoPricesReader(FileReader):
    """Events of one instrument, from records by price. See `read_databento`."""

    def __init__(
        self, path: Path, form: str, schema: str, instrument: int | str | None, progress: Progress | None
    ) -> None:
        self.path = path
        self.form = form
        self.schema = schema
        super().__init__(progress)
        self._wanted = instrument

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        source = databento_dbn if self.form == "dbn" else databento_csv
        levels = LEVELS.get(self.schema, 0)
        # What a book's reader counts is counted here, with the trades.
        books = Books(ReaderCounters(), levels, _PX_EXP, 0) if levels else None
        taken = 0
        quotes_only_at_trades = True
        only: set[int | str] = set()
        for every in source.records(self.path, self._wanted, self._progress):
            if self._wanted is None:
                only |= every.instruments()
                if len(only) > 1:
                    raise DataError(
                        "one instrument, or which one is wanted",
                        f"{len(only)}: {', '.join(map(str, sorted(only, key=str)))}",
                        self._place(every, 0),
                    )
            for start in range(0, len(every.lines), _STEP):
                records = every.only(slice(start, start + _STEP))
                if self.schema == BBO:
                    records = replace(records, ts_event=records.ts_recv)
                self._check(records)
                times = times_of(records, taken, functools.partial(self._place, records))
                taken = times.taken
                quotes_only_at_trades &= bool((records.action == ord("T")).all())
                yield self._events(records, times, books)
        if self.counters.rows and books is not None and quotes_only_at_trades and self.schema != BBO:
            self.counters.notes.append("best prices only as they were before each trade (tbbo)")
        if self.schema == BBO:
            self.counters.notes.append("best prices only at the end of each interval (bbo)")

    def _place(self, records: Records, row: int) -> str:
        line = int(records.lines[row]) if len(records.lines) else 0
        return f"{self.path}: record {line}" if self.form == "dbn" else f"{self.path}:{line}"

    def _check(self, records: Records) -> None:
        """Refuse what cannot be, count what is odd."""
        if self.schema == BBO:
            return
        for column, known, expected in (
            (records.action, _ACTIONS, "an action A, C, M, R, T, F or N"),
            (records.side, list(_SIDES), "side A, B or N"),
        ):
            wrong = ~np.isin(column, known)
            if wrong.any():
                at = int(np.argmax(wrong))
                got = int(column[at])
                text = repr(chr(got)) if 32 <= got < 127 else str(got)
                raise DataError(expected, text, self._place(records, at))

    def _events(self, records: Records, times: Times, books: Books | None) -> np.ndarray:
        count = self.counters.count
        count("without_time", int((records.ts_event == UNDEFINED_TIME).sum()) if self.schema != BBO else 0)
        count("moved_behind_a_snapshot", times.behind)
        count("maybe_bad_book", int((records.flags & F_MAYBE_BAD_BOOK != 0).sum()))
        count("bad_receive_times", int(((records.flags & F_BAD_TS_RECV != 0) & ~times.snapshot).sum()))
        is_trade = (records.action == ord("T")) & (self.schema != BBO)
        count("without_price", int((is_trade & (records.price == UNDEFINED_PRICE)).sum()))
        traded = np.flatnonzero(is_trade & (records.price != UNDEFINED_PRICE))
        trades = np.zeros(len(traded), DECIMAL_EVENT)
        trades["ev"] = np.uint64(TRADE | EXCH | LOCAL) | _TAKER[records.side[traded]]
        trades["exch_ts"], trades["local_ts"] = times.exch_ts[traded], times.local_ts[traded]
        trades["px"], trades["px_exp"] = records.price[traded], _PX_EXP
        trades["qty"] = records.size[traded]
        trades["ival"] = records.sequence[traded]
        out, rows = trades, traded
        if books is not None and records.px is not None and records.qty is not None:
            quantities = np.where(records.px == UNDEFINED_PRICE, 0, records.qty)
            changes, source = books.events(
                times.exch_ts,
                times.local_ts,
                records.px,
                quantities,
                lambda row: self._place(records, row),
            )
            order = np.argsort(np.concatenate([2 * source, 2 * traded + 1]), kind="stable")
            out = np.concatenate([changes, trades])[order]
            rows = np.concatenate([source, traded])[order]
        self.lines = records.lines[rows]
        self.counters.rows += len(records.lines)
        self.counters.events += len(out)
        return out
