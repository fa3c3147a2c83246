"""Reads the wide layout (`wide_layout`) as events: books as what changed from one to the next, and trades.

It has one clock, the exchange's. The local time is that, and a latency that the caller states.
"""

from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.collect.wide_layout import BOOKS, SCHEMA_VERSION, STATE, TRADES, book_columns, read_state
from truefill.core.decimals import float_decimals
from truefill.core.errors import DataError
from truefill.core.events import BUY, DECIMAL_EVENT, EXCH, LOCAL, SELL, TRADE
from truefill.vendors import ReaderCounters
from truefill.vendors.books import Books

_MS = 1_000_000
_BATCH = 1 << 12  # books, or trades, that are in memory at a time
_MOST_LEVELS = 1000


def wide_files(folder: str | PathLike[str]) -> list[Path]:
    """All parts in a market's folder, in order.

    Raises
    ------
    DataError
        There is none.
    """
    files = [
        path for kind in (BOOKS, TRADES) for path in sorted((Path(folder) / kind).glob("part_*.parquet"))
    ]
    if not files:
        raise DataError(f"a folder with parts in {BOOKS} or {TRADES}", "none", folder)
    return files


def is_wide(path: Path) -> bool:
    """Whether a file is a part of the wide layout, by its name and its folder's."""
    return path.suffix == ".parquet" and path.name.startswith("part_") and path.parent.name in (BOOKS, TRADES)


def books_and_trades(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Parts of books together, and parts of trades; each in the order of their names, that of time."""
    kinds: dict[tuple[Path, str], list[Path]] = {}
    for path in paths:
        kinds.setdefault((path.parent.parent, path.parent.name), []).append(path)
    return [tuple(sorted(group, key=lambda path: path.name)) for group in kinds.values()]


def read_wide(
    *files: Path,
    feed_latency_ns: int = 0,
    qty_places: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> "WideReader":
    """Read parts of the wide layout, books or trades.

    Parameters
    ----------
    *files : path
        Of one market and kind, in order.
    feed_latency_ns : int
        What each message took: there is one clock only.
    qty_places : int, optional
        Round quantities to so many decimal places: those of a book that was put together from changes may
        carry the noise of floats.
    progress : callable, optional
        Called with the number of bytes read since the last call.
    """
    return WideReader(files, feed_latency_ns, qty_places, progress)


class WideReader:
    """An EventReader of parts."""

    def __init__(
        self,
        files: Sequence[Path],
        feed_latency_ns: int,
        qty_places: int | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.counters = ReaderCounters()
        self.lines: NDArray[np.int64] = np.empty(0, np.int64)
        self._files = files
        self._latency_ns = feed_latency_ns
        self._qty_places = qty_places
        self._progress = progress or (lambda size: None)
        self._books = files[0].parent.name == BOOKS
        self._market = ""

    def __iter__(self) -> Iterator[np.ndarray]:
        """Chunks of DECIMAL_EVENT."""
        self.counters = ReaderCounters()
        rows = self._book_rows() if self._books else self._trade_rows()
        yield from rows
        self._compare_state()

    def _book_rows(self) -> Iterator[np.ndarray]:
        levels = max(_levels(file) for file in self._files)
        px_exp, qty_exp = self._units()
        books = Books(self.counters, levels, px_exp, qty_exp)
        last = np.iinfo(np.int64).min
        for file, batch, number in self._batches():
            markets = batch.column("market").to_pylist()
            self._market = self._market or markets[0]
            if set(markets) != {self._market}:
                row, name = next((i, name) for i, name in enumerate(markets, 1) if name != self._market)
                raise DataError(f"books of {self._market}", name, f"{file}: row {number + row}, market")
            seq, ts = _whole(batch, "seq", file, number), self._times(batch, file, number)
            new = np.flatnonzero(seq > np.maximum.accumulate(np.append(last, seq[:-1])))
            self.counters.count("repeated_books", len(seq) - len(new))
            if not len(new):
                continue
            last = seq[new[-1]]
            px, qty = _sides(batch, levels)
            qty = self._rounded(qty)
            missing = ~(np.isfinite(px) & np.isfinite(qty))
            amount = _integers(np.where(missing, 0.0, qty)[new], qty_exp)
            price = _integers(np.where(missing, 0.0, px)[new], px_exp)
            rows, source = books.events(
                ts[new],
                ts[new] + self._latency_ns,
                price,
                amount,
                lambda row, f=file, at=new + number: f"{f}: row {int(at[row]) + 1}",  # type: ignore[misc]
            )
            self.lines = new[source] + number + 1
            yield rows

    def _trade_rows(self) -> Iterator[np.ndarray]:
        for file, batch, number in self._batches():
            out = np.zeros(batch.num_rows, DECIMAL_EVENT)
            ts = self._times(batch, file, number)
            sold = _column(batch, "is_buyer_maker", file, number)
            out["ev"] = np.where(sold, SELL, BUY).astype(np.uint64) | np.uint64(TRADE | EXCH | LOCAL)
            out["exch_ts"], out["local_ts"] = ts, ts + self._latency_ns
            for name, column in (("px", "price"), ("qty", "quantity")):
                values = _column(batch, column, file, number).astype(np.float64)
                bad = np.flatnonzero(~np.isfinite(values))
                if len(bad):
                    place = f"{file}: row {number + int(bad[0]) + 1}, column {column}"
                    raise DataError("a finite number", float(values[bad[0]]), place)
                values = self._rounded(values) if name == "qty" else values
                out[name], out[f"{name}_exp"] = float_decimals(values)
            self.counters.rows += len(out)
            self.counters.events += len(out)
            self.lines = np.arange(number + 1, number + len(out) + 1)
            yield out

    def _times(self, batch: Any, file: Path, number: int) -> NDArray[np.int64]:
        return _whole(batch, "timestamp_ms", file, number) * _MS

    def _rounded(self, values: np.ndarray) -> np.ndarray:
        return values if self._qty_places is None else np.round(values, self._qty_places)

    def _units(self) -> tuple[int, int]:
        """Powers of ten that all prices and quantities of the files are whole numbers of."""
        px_exp = qty_exp = 0
        for _, batch, _ in self._batches(count=False):
            px, qty = _sides(batch, _batch_levels(batch))
            px_exp = min(px_exp, _finest(px))
            qty_exp = min(qty_exp, _finest(self._rounded(qty)))
        return px_exp, qty_exp

    def _batches(self, count: bool = True) -> Iterator[tuple[Path, Any, int]]:
        """Batches of all files, with the number of rows of the file before each."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        for file in self._files:
            number = 0
            try:
                with pq.ParquetFile(file, memory_map=False, pre_buffer=False) as opened:
                    _check(opened, file, self._books)
                    for batch in opened.iter_batches(_BATCH, use_threads=False):
                        yield file, batch, number
                        number += batch.num_rows
            except FileNotFoundError:
                raise DataError("a part of the wide layout", "no such file", file) from None
            except (OSError, pa.ArrowException) as error:
                raise DataError(
                    "a complete Parquet file", str(error).partition("\n")[0], f"{file}: row {number + 1}"
                ) from error
            if count:
                self._progress(file.stat().st_size)

    def _compare_state(self) -> None:
        """Say in the notes where the state and the files differ."""
        folder = self._files[0].parent.parent
        state = read_state(folder)
        if state is None:
            return
        if self._market and state.market != self._market:
            raise DataError(f"the state of {self._market}", state.market, folder / STATE)
        kind, counted = (
            ("books", state.orderbook_updates_count) if self._books else ("trades", state.trades_count)
        )
        found = self.counters.rows + self.counters.others.get("repeated_books", 0)
        if found != counted:
            self.counters.notes.append(f"{STATE} counts {counted:,} {kind}, the files have {found:,}")


def _check(file: Any, path: Path, books: bool) -> None:
    """Refuse a file of other columns, types or another version."""
    import pyarrow as pa

    facts = {k.decode(): v.decode("utf-8", "replace") for k, v in (file.metadata.metadata or {}).items()}
    version = facts.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise DataError(f"schema version {SCHEMA_VERSION}", version, path)
    wanted = {"timestamp_ms": pa.timestamp("ms")}
    if books:
        wanted |= {"market": pa.string(), "seq": pa.int64()}
        levels = _levels_of(file.schema_arrow.names)
        wanted |= dict.fromkeys(book_columns(max(levels, 1)), pa.float64())
    else:
        wanted |= {"price": pa.float64(), "quantity": pa.float64(), "is_buyer_maker": pa.bool_()}
    for name, kind in wanted.items():
        if name not in file.schema_arrow.names:
            raise DataError(f"a column {name}", ", ".join(file.schema_arrow.names)[:200], path)
        got = file.schema_arrow.field(name).type
        if got != kind and not (kind == pa.string() and str(got) in ("large_string", "string_view")):
            raise DataError(f"{kind} as type of column {name}", got, path)


def _levels(path: Path) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _levels_of(pq.read_schema(path).names)
    except FileNotFoundError:
        raise DataError("a part of the wide layout", "no such file", path) from None
    except (OSError, pa.ArrowException) as error:
        raise DataError("a complete Parquet file", str(error).partition("\n")[0], path) from error


def _levels_of(names: Sequence[str]) -> int:
    found = set(names)
    return next(i for i in range(_MOST_LEVELS) if f"bid_price_{i}" not in found)


def _batch_levels(batch: Any) -> int:
    return _levels_of(batch.schema.names)


def _sides(batch: Any, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Prices and quantities, float64[n, 2, levels]; NaN where there is no such level."""
    found = _batch_levels(batch)
    px = np.full((batch.num_rows, 2, levels), np.nan)
    qty = np.full((batch.num_rows, 2, levels), np.nan)
    for i in range(found):
        for side, name in enumerate(("bid", "ask")):
            px[:, side, i] = batch.column(f"{name}_price_{i}").to_numpy(zero_copy_only=False)
            qty[:, side, i] = batch.column(f"{name}_qty_{i}").to_numpy(zero_copy_only=False)
    return px, qty


def _column(batch: Any, name: str, file: Path, number: int) -> np.ndarray:
    column = batch.column(name)
    if column.null_count:
        row = number + column.is_null().to_pylist().index(True) + 1
        raise DataError("a value", "null", f"{file}: row {row}, column {name}")
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _whole(batch: Any, name: str, file: Path, number: int) -> NDArray[np.int64]:
    return _column(batch, name, file, number).astype(np.int64)


def _finest(values: np.ndarray) -> int:
    """Smallest power of ten that the decimals of some floats have."""
    mantissa, exponent = float_decimals(values[np.isfinite(values)])
    if not len(mantissa):
        return 0
    while len(found := np.flatnonzero((exponent == exponent.min()) & (exponent < 0))):
        whole = mantissa[found] % 10 == 0
        if not whole.all():
            break
        mantissa[found] //= 10
        exponent[found] += 1
    return int(exponent.min())


def _integers(values: np.ndarray, exp: int) -> NDArray[np.int64]:
    """Floats as whole numbers of ``10 ** exp``; exactly, since no float has a finer decimal."""
    mantissa, exponent = float_decimals(values.reshape(-1))
    shift = exponent.astype(np.int64) - exp
    out = mantissa
    up = shift > 0
    out[up] *= 10 ** shift[up]
    for k in np.unique(shift[shift < 0]):
        chosen = shift == k
        out[chosen] //= 10 ** int(-k)  # zeros behind the last digit
    return out.reshape(values.shape)
