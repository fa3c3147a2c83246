"""Databento's market by order (schema ``mbo``), as CSV or DBN: the records' meaning, whatever their form.

What has a book by price is in `databento_prices`.

=======  ========================  ==================================================================
action   meaning                   events
=======  ========================  ==================================================================
A        new order                 ADD
C        cancel, whole or partial  CANCEL, or MODIFY to what is left
M        modify                    MODIFY; of an order that is not open: ADD, and counted
R        clear the book            DEPTH_CLEAR
T        trade, the taker's side   TRADE; order_id as in the record, ival the sequence number
F        fill of a resting order   FILL; an order that is not open is counted; a missing side is filled in
N        nothing                   none
=======  ========================  ==================================================================

Neither a trade nor a fill changes the book: the cancel or modify that follows does. ``exch_ts`` is
``ts_event`` and ``local_ts`` is ``ts_recv``, when Databento's server received it. The records of a snapshot
(flag 32) have the times when their orders were entered, days ago; here all of them happen when the snapshot
was taken, and nothing after a snapshot happens before it.
"""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import ConfigError, DataError
from truefill.vendors import databento_csv, databento_dbn, orders
from truefill.vendors.databento_prices import DatabentoPricesReader
from truefill.vendors.databento_records import (
    BBO,
    F_BAD_TS_RECV,
    F_MAYBE_BAD_BOOK,
    MBO,
    TRADES,
    UNDEFINED_PRICE,
    UNDEFINED_TIME,
    Records,
    times_of,
)
from truefill.vendors.packed import Blocks
from truefill.vendors.reader import FileReader, OrderEvents, Progress, ReaderCounters

_PX_EXP = -9
_OPS = np.zeros(256, np.int64)
for _letter, _op in zip(
    b"ACMRTF",
    (orders.ADD, orders.REDUCE, orders.MODIFY, orders.CLEAR, orders.TRADED, orders.FILLED),
    strict=True,
):
    _OPS[_letter] = _op
_SIDES = np.full(256, 9, np.int64)
_SIDES[[ord("B"), ord("A"), ord("N")]] = 1, -1, 0


class DatabentoReader(FileReader):
    """Events of the orders of one instrument. See `read_databento`."""

    def __init__(
        self, path: Path, form: str, instrument: int | str | None, progress: Progress | None
    ) -> None:
        self.path = path
        self.form = form
        super().__init__(progress)
        self.flags: NDArray[np.int64] = np.zeros(0, np.int64)  # of the record of each event, like `lines`
        self._wanted = instrument

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        making = OrderEvents(self.counters, _PX_EXP, 0)
        source = databento_dbn if self.form == "dbn" else databento_csv
        snapshot_ts = 0
        only: set[int | str] = set()
        for records in source.records(self.path, self._wanted, self._progress):
            if self._wanted is None:
                only |= records.instruments()
                if len(only) > 1:
                    raise DataError(
                        "one instrument, or which one is wanted",
                        f"{len(only)}: {', '.join(map(str, sorted(only, key=str)))}",
                        f"{self.path}:{int(records.lines[0]) if len(records.lines) else 0}",
                    )
            if not len(records.lines):
                continue
            ops, times, snapshot_ts = self._ops(records, snapshot_ts)
            keep = ops[:, 0] != 0
            exch_ts, local_ts = times
            rows, at = making.make(ops[keep], exch_ts[keep], local_ts[keep], records.sequence[keep])
            self.counters.rows += int((~keep).sum())
            self.lines = records.lines[keep][at]
            self.flags = records.flags[keep][at]
            yield rows

    def _ops(
        self, records: Records, snapshot_ts: int
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]], int]:
        """Ops of the records, their times, and the time of the latest snapshot."""
        count = self.counters.count
        action, side = records.action & 0xFF, records.side & 0xFF
        op = _OPS[action]
        self._refuse((op == 0) & (action != ord("N")), "an action A, C, M, R, T, F or N", records, action)
        sides = _SIDES[side]
        self._refuse(sides == 9, "side A, B or N", records, side)
        count("ignored", int((op == 0).sum()))
        no_price = (records.price == UNDEFINED_PRICE) & (op != orders.CLEAR) & (op != 0)
        count("without_price", int(no_price.sum()))
        op = np.where(no_price, 0, op)

        times = times_of(records, snapshot_ts, lambda row: f"{self.path}:{int(records.lines[row])}")
        exch_ts, local_ts = times.exch_ts, times.local_ts
        snapshot = times.snapshot
        count("without_time", int((records.ts_event == UNDEFINED_TIME).sum()))
        count("snapshot_orders", int((snapshot & (op == orders.ADD)).sum()))
        count("moved_behind_a_snapshot", times.behind)
        count("maybe_bad_book", int((records.flags & F_MAYBE_BAD_BOOK != 0).sum()))
        count("bad_receive_times", int(((records.flags & F_BAD_TS_RECV != 0) & ~snapshot).sum()))

        ops = np.stack([op, sides, records.order_id, records.price, records.size], axis=1)
        return ops, (exch_ts, local_ts), times.taken

    def _refuse(
        self, wrong: NDArray[np.bool_], expected: str, records: Records, shown: NDArray[np.int64]
    ) -> None:
        if wrong.any():
            at = int(np.argmax(wrong))
            got = int(shown[at])
            text = repr(chr(got)) if 32 <= got < 127 else str(got)
            raise DataError(expected, text, f"{self.path}:{int(records.lines[at])}")


def read_databento(
    path: str | PathLike[str],
    *,
    instrument: int | str | None = None,
    form: str | None = None,
    progress: Progress | None = None,
) -> DatabentoReader | DatabentoPricesReader:
    """Read Databento's records: of orders (mbo), or by price (mbp-1, mbp-10, tbbo, trades, bbo-1s, bbo-1m).

    Parameters
    ----------
    path : path
        DBN (plain or zstd; needs ``pip install 'truefill[databento]'``) or CSV (plain, gzip, xz, zstd, zip;
        prices and times pretty or as integers). Which one, and of which schema, is told by the content.
    instrument : int or str, optional
        Its ``instrument_id``, or its symbol where the file has symbols; by default the only one.
    form : {"dbn", "csv"}, optional
        Instead of looking.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        The file is missing, of another schema, or (while it is read) not what it has to be: with file and
        line or record.
    ConfigError
        An unknown form.
    """
    if form not in (None, "dbn", "csv"):
        raise ConfigError("dbn or csv", repr(form), "form")
    file = Path(path)
    Blocks(file)  # is there something to read
    if form is None:
        form = "dbn" if databento_dbn.is_dbn(file) else "csv"
    schema = (databento_dbn if form == "dbn" else databento_csv).schema(file)
    if schema != MBO:
        return DatabentoPricesReader(file, form, schema, instrument, progress)
    return DatabentoReader(file, form, instrument, progress)


def databento_groups(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Each file is read by itself.

    Raises
    ------
    DataError
        Files of schemas that tell the same thing twice: only best prices at intervals go with trades.
    """
    schemas = {}
    for path in paths:
        schemas[path] = (databento_dbn if databento_dbn.is_dbn(path) else databento_csv).schema(path)
        others = set(schemas.values())
        if len(others) > 1 and others != {BBO, TRADES}:
            names = " and ".join(dict.fromkeys(schemas.values()))
            raise DataError("files of one schema (bbo may go with trades)", names, path)
    return [(path,) for path in paths]
