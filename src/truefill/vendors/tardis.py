"""tardis.dev's CSV files: incremental books, book snapshots, trades, quotes and derivative tickers.

A file's first line tells its kind (`tardis_kinds` says what each becomes). Times are microseconds; an
exchange time that is missing is the local one, as tardis.dev itself fills it in. Several files make one
stream of events in the order of arrival: days follow each other, kinds complete each other.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from truefill.core.errors import ConfigError, DataError
from truefill.vendors import table_kernels as k, tardis_kinds as kinds
from truefill.vendors.books import Books
from truefill.vendors.merging import Chunk, merged
from truefill.vendors.reader import FileReader, Progress, ReaderCounters
from truefill.vendors.rows import Place, Times, names_of, of_wanted, one_value, place_of
from truefill.vendors.snapshot_runs import SNAPSHOT_MODES
from truefill.vendors.table import Column, TableBlock, line_blocks, read_table

_HEAD = ("exchange", "symbol", "timestamp", "local_timestamp")
# Of each kind the columns that it needs, in the order in which events of one time shall come: what a trade
# took from a level is no longer in the depth of the same time.
SCHEMAS = {
    "trades": (*_HEAD, "side", "price", "amount"),
    "derivative_ticker": (*_HEAD, "funding_timestamp", "funding_rate", "index_price", "mark_price"),
    "quotes": (*_HEAD, "ask_amount", "ask_price", "bid_price", "bid_amount"),
    "book_snapshot": (
        *_HEAD,
        *("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount"),
    ),
    "incremental_book_L2": (*_HEAD, "is_snapshot", "side", "price", "amount"),
}
BOOK_KINDS = ("book_snapshot", "incremental_book_L2")
_KINDS = {
    "exchange": k.TEXT,
    "symbol": k.TEXT,
    "timestamp": k.OPTIONAL,
    "local_timestamp": k.NUMBER,
    "id": k.ID,
    "side": k.WORD,
    "is_snapshot": k.WORD,
    "price": k.DECIMAL,
    "amount": k.DECIMAL,
    "funding_timestamp": k.OPTIONAL,
}
_NUMBERS = re.compile(r"(asks|bids)\[\d+\]\.(price|amount)|(ask|bid)_(price|amount)|.*_(rate|price)")
_NAME = re.compile(
    r"(?:^|_)(?:incremental_book_L2|trades|quotes|book_ticker|book_snapshot_\d+|derivative_ticker)_"
)


def looks_like_tardis(path: Path, line: str) -> bool:
    """Tell tardis.dev's files by their first line; those without any, by their name."""
    return line.startswith("exchange,symbol,timestamp,local_timestamp") or (
        ".csv" in path.name
        and _NAME.search(path.name) is not None
        and re.search(r"_\d{4}-\d\d-\d\d_", path.name) is not None
    )


Maker = Callable[[TableBlock, Times, Place], Chunk]


class TardisReader(FileReader):
    """Events of one instrument. See `read_tardis`."""

    def __init__(
        self,
        files: Sequence[tuple[Path, str, list[Column]]],
        instrument: str | None,
        snapshot_mode: str,
        quotes: str,
        progress: Progress | None,
    ) -> None:
        super().__init__(progress)
        self._files = files
        self._instrument = instrument
        self._snapshot_mode = snapshot_mode
        self._quotes = quotes
        self._seen: dict[str, tuple[int, str]] = {}

    def __iter__(self) -> Iterator[np.ndarray]:
        self.counters = ReaderCounters()
        self._seen = {}
        sources = []
        for kind in SCHEMAS:
            files = [(path, columns) for path, its, columns in self._files if its == kind]
            if files:
                sources.append(self._kind(kind, files))
        yield from self._lined(merged(sources))
        if self._instrument is not None and not self.counters.rows:
            raise DataError(f"rows of {self._instrument}", "those of other instruments", self._files[0][0])

    def _kind(self, kind: str, files: list[tuple[Path, list[Column]]]) -> Iterator[Chunk]:
        """All files of one kind, one after the other."""
        depth, derivative = kinds.Depth(self._snapshot_mode), kinds.Derivative()
        levels = max(sum(c.name.startswith("bids[") for c in columns) // 2 for _, columns in files) or 1
        books = Books(self.counters, levels)
        in_books = kind == "book_snapshot" or (kind == "quotes" and self._quotes == "book")
        books_of = kinds.BookMaker(books, levels, kind == "quotes")
        makers: dict[str, Maker] = {
            "trades": kinds.trades,
            "incremental_book_L2": depth.events,
            "derivative_ticker": derivative.events,
            "quotes": books_of.events if in_books else kinds.tickers,
            "book_snapshot": books_of.events,
        }
        make = makers[kind]
        for path, columns in files:
            depth.runs.new_file()
            for whole in read_table(path, columns, self._progress, header=True):
                block = self._of_instrument(whole, path, columns)
                times = _times(block, place_of(path, block))
                rows, source = make(block, times, place_of(path, block))
                if not in_books:
                    self.counters.rows += len(block.lines)
                    self.counters.events += len(rows)
                yield rows, block.lines[source]
            self.counters.others["snapshots"] = depth.runs.snapshots + self.counters.others.get(
                "snapshots", 0
            )
            depth.runs.snapshots = 0

    def _of_instrument(self, block: TableBlock, path: Path, columns: list[Column]) -> TableBlock:
        """Rows of the instrument; one of another is refused, or left out when one was chosen."""
        block = of_wanted(block, "symbol", self._instrument, self.counters, "other_instruments")
        names = [column.name for column in columns]
        for name, choice in (("exchange", ""), ("symbol", ", or the option instrument")):
            one_value(block, name, self._seen, path, names.index(name), choice)
        return block


def _times(block: TableBlock, place: Place) -> Times:
    local = kinds.microseconds(block, "local_timestamp", place, optional=False)
    exch = kinds.microseconds(block, "timestamp", place)
    return Times(np.where(exch == 0, local, exch), local)


def _schema(path: Path) -> tuple[str, list[Column]] | None:
    """Kind and columns of a file by its first line; None for one without any, a day without data."""
    names = names_of(path)
    if names is None:
        return None
    if "liquidations" in path.name:
        raise DataError("trades, a book, quotes or a derivative_ticker", "liquidations", path)
    fits = {kind: len(set(needed) & set(names)) / len(needed) for kind, needed in SCHEMAS.items()}
    # A book has all columns of trades and one more.
    fits["trades" if "is_snapshot" in names else "incremental_book_L2"] -= 0.2
    best = max(fits, key=lambda kind: fits[kind])
    missing = [name for name in SCHEMAS[best] if name not in names]
    double = sorted({name for name in names if names.count(name) > 1})
    if missing or double:
        expected = f"columns of {best} ({','.join(SCHEMAS[best])})"
        wrong = f"without {', '.join(missing)}" if missing else f"with {', '.join(double)} twice"
        raise DataError(expected, f"{wrong}: {','.join(names)[:160]}", f"{path}:1")
    if best == "book_snapshot":
        levels = sum(re.fullmatch(r"bids\[\d+\]\.price", name) is not None for name in names)
        wanted = [
            f"{s}[{i}].{n}" for i in range(levels) for s in ("asks", "bids") for n in ("price", "amount")
        ]
        if absent := [name for name in wanted if name not in names]:
            raise DataError(f"columns of {levels} levels", f"without {', '.join(absent)}", f"{path}:1")
    return best, [Column(name, _column_kind(name, best)) for name in names]


def _column_kind(name: str, kind: str) -> int:
    if name in _KINDS:
        return _KINDS[name]
    if _NUMBERS.fullmatch(name) is None or name in ("last_price", "predicted_funding_rate"):
        return k.SKIPPED
    return k.OPTIONAL_DECIMAL


def _first_time(path: Path, columns: list[Column]) -> int:
    """Local time of the first row, for the order of the files."""
    number = [column.name for column in columns].index("local_timestamp")
    for text, _ in line_blocks(path):
        rows = [row for row in text.split(b"\n", 3)[1:3] if row.strip()]
        for row in rows:
            fields = row.split(b",")
            if len(fields) > number and fields[number].isdigit():
                return int(fields[number])
        return 0  # whatever is wrong is told when the file is read
    return 0


def read_tardis(
    *paths: str | PathLike[str],
    instrument: str | int | None = None,
    snapshot_mode: str = "process",
    quotes: str | None = None,
    progress: Progress | None = None,
) -> TardisReader:
    """Read tardis.dev's CSV files of one instrument, in any order: days, and kinds that complete each other.

    Parameters
    ----------
    *paths : path
        Plain, gzip, xz, zstd or zip.
    instrument : str, optional
        The column ``symbol`` of the rows to read, of files with several (``PERPETUALS``); without it, files
        must have one instrument.
    snapshot_mode : {"process", "ignore_sod", "ignore"}
        Of incremental books: whether snapshots become a clear and a snapshot; all but those with which a file
        (a day) begins; or none.
    quotes : {"ticker", "book"}, optional
        Whether quotes are TICKER rows or a book of one level; by default the first beside a book, else the
        second.
    progress : callable, optional
        Called with the number of bytes read since the last call.

    Raises
    ------
    DataError
        A file is missing, or not what it has to be: with file, line and column.
    ConfigError
        An unknown mode.
    """
    if snapshot_mode not in SNAPSHOT_MODES:
        raise ConfigError(" or ".join(SNAPSHOT_MODES), repr(snapshot_mode), "snapshot_mode")
    if quotes not in (None, "ticker", "book"):
        raise ConfigError("ticker or book", repr(quotes), "quotes")
    if not paths:
        raise DataError("at least one file", "none")
    files = []
    for path in map(Path, paths):
        found = _schema(path)
        if found is not None:
            files.append((_first_time(path, found[1]), path, *found))
    if not files:
        raise DataError("at least one file with rows", "none", paths[0])
    files.sort(key=lambda file: file[0])
    has = {kind for _, _, kind, _ in files}
    if quotes is None:
        quotes = "ticker" if has & set(BOOK_KINDS) else "book"
    elif quotes == "book" and has & set(BOOK_KINDS):
        raise ConfigError("quotes as ticker beside a book", quotes, "quotes")
    if len(has & set(BOOK_KINDS)) > 1:
        raise DataError("one kind of book", " and ".join(BOOK_KINDS), paths[0])
    symbol = None if instrument is None else str(instrument)
    return TardisReader([file[1:] for file in files], symbol, snapshot_mode, quotes, progress)
