"""A process that reads made files of each table format, beside polars reading the same file raw.

    python -m benchmarks.readers ROWS RUNS

One line of JSON on stdout: of each file its rows, bytes, events, and the least seconds of processor time of
each, on one core (so other work on the machine does not count).
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

os.environ["POLARS_MAX_THREADS"] = "1"

import numpy as np
import polars as pl

from truefill.vendors.formats import BY_NAME

_FIRST_US = 1_735_689_600_000_000  # 2025-01-01
_SEED = 7


class Case(NamedTuple):
    """A kind of file."""

    title: str
    format: str
    name: str
    make: Callable[[np.random.Generator, int], pl.DataFrame]
    mapping: str = ""
    share: int = 1  # a row in so many: wide rows


def _times(rng: np.random.Generator, rows: int, unit_ns: int = 1000) -> np.ndarray:
    return (_FIRST_US * 1000 + np.cumsum(rng.integers(1, 5_000_000, rows))) // unit_ns


def _prices(rng: np.random.Generator, rows: int) -> np.ndarray:
    """A walk of ticks of 0.1."""
    return np.round((640_000 + np.cumsum(rng.integers(-3, 4, rows))) / 10, 1)


def _sizes(rng: np.random.Generator, rows: int) -> np.ndarray:
    return np.round(rng.integers(1, 100_000, rows) / 1000, 3)


def _choice(rng: np.random.Generator, rows: int, *words: str) -> pl.Series:
    return pl.Series(np.array(words)[rng.integers(0, len(words), rows)])


def _tardis(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    times = _times(rng, rows)
    names = {"exchange": ["binance-futures"] * rows, "symbol": ["BTCUSDT"] * rows}
    return names | {"timestamp": times, "local_timestamp": times + 8_000}


def _tardis_book(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            **_tardis(rng, rows),
            "is_snapshot": [False] * rows,
            "side": _choice(rng, rows, "bid", "ask"),
            "price": _prices(rng, rows),
            "amount": _sizes(rng, rows),
        }
    )


def _tardis_trades(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            **_tardis(rng, rows),
            "id": np.arange(rows) + 5_000_000_000,
            "side": _choice(rng, rows, "buy", "sell"),
            "price": _prices(rng, rows),
            "amount": _sizes(rng, rows),
        }
    )


def _levels(rng: np.random.Generator, rows: int, levels: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Prices and sizes, bids and asks, (rows, levels); each row changes a few sizes of the one before."""
    mid = _prices(rng, rows)
    off = np.arange(1, levels + 1) / 10
    prices = [np.round(mid[:, None] + sign * off, 1) for sign in (-1, 1)]
    return prices, [_sizes(rng, rows * levels).reshape(rows, levels) for _ in range(2)]


def _tardis_snapshots(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    (bids, asks), (bid_sizes, ask_sizes) = _levels(rng, rows, 25)
    columns = _tardis(rng, rows)
    for i in range(25):
        columns |= {f"asks[{i}].price": asks[:, i], f"asks[{i}].amount": ask_sizes[:, i]}
        columns |= {f"bids[{i}].price": bids[:, i], f"bids[{i}].amount": bid_sizes[:, i]}
    return pl.DataFrame(columns)


def _extended_depth(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    (bids, asks), (bid_sizes, ask_sizes) = _levels(rng, rows, 20)
    columns: dict[str, Any] = {
        "timestamp_ms": _times(rng, rows, 1_000_000),
        "datetime": ["2025-01-01"] * rows,
    }
    columns |= {"market": ["BTC-USD"] * rows, "seq": np.arange(rows)}
    for i in range(20):
        columns |= {f"bid_price{i}": bids[:, i], f"bid_qty{i}": bid_sizes[:, i]}
        columns |= {f"ask_price{i}": asks[:, i], f"ask_qty{i}": ask_sizes[:, i]}
    return pl.DataFrame(columns)


def _gdax(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    times = pl.Series(_times(rng, rows, 1_000_000)).cast(pl.Datetime("ms"))
    return pl.DataFrame(
        {
            "side": _choice(rng, rows, "buy", "sell"),
            "price": _prices(rng, rows),
            "size": _sizes(rng, rows),
            "time": times.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        }
    )


def _plain_trades(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": _times(rng, rows, 1),
            "price": _prices(rng, rows),
            "size": _sizes(rng, rows),
            "side": rng.choice([-1, 1], rows),
        }
    )


def _lists(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    prices, sizes = _levels(rng, rows, 20)
    columns: dict[str, Any] = {"t": pl.Series(_times(rng, rows)).cast(pl.Datetime("us"))}
    names = ("bp", "ap", "bq", "aq")
    return pl.DataFrame(
        columns | {name: its.tolist() for name, its in zip(names, (*prices, *sizes), strict=True)}
    )


def _binance_trades(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    prices, sizes = _prices(rng, rows), _sizes(rng, rows)
    return pl.DataFrame(
        {
            "id": np.arange(rows) + 5_000_000_000,
            "price": prices,
            "qty": sizes,
            "quote_qty": np.round(prices * sizes, 4),
            "time": _times(rng, rows, 1_000_000),
            "is_buyer_maker": _choice(rng, rows, "true", "false"),
        }
    )


_TRADES_MAP = """
kind = "trade"
exchange_time = "time"
time_unit = "ns"
price = "price"
quantity = "size"
side = "side"
"""
_LISTS_MAP = """
kind = "book"
exchange_time = "t"
bid_price = "bp"
bid_quantity = "bq"
ask_price = "ap"
ask_quantity = "aq"
"""
CASES = (
    Case("tardis.dev, incremental_book_L2", "tardis", "b_incremental_book_L2.csv", _tardis_book),
    Case("tardis.dev, trades", "tardis", "b_trades.csv", _tardis_trades),
    Case("tardis.dev, book_snapshot_25", "tardis", "b_book_snapshot_25.csv", _tardis_snapshots, share=20),
    Case("Extended, orderbook_depth of 20", "extended-csv", "depth.csv", _extended_depth, share=20),
    Case("GDAX, updates", "gdax", "l2update.csv", _gdax),
    Case("Binance's archive, trades", "binance-archive", "BTCUSDT-trades-2025-01-01.csv", _binance_trades),
    Case("mapped CSV, trades", "mapped", "mapped.csv", _plain_trades, _TRADES_MAP),
    Case("mapped Parquet, trades", "mapped", "mapped.parquet", _plain_trades, _TRADES_MAP),
    Case("mapped Parquet, lists of 20 levels", "mapped", "lists.parquet", _lists, _LISTS_MAP, share=20),
)


def measure(case: Case, rows: int, runs: int, folder: Path) -> dict[str, Any]:
    """Time one kind of file; a small one of it is read before, so that nothing compiles meanwhile."""
    rng = np.random.default_rng(_SEED)
    options: dict[str, Any] = {}
    if case.mapping:
        (folder / "map.toml").write_text(case.mapping)
        options["mapping"] = folder / "map.toml"
    path = folder / case.name
    read = BY_NAME[case.format].read
    for size in (100, rows // case.share):
        frame = case.make(rng, size)
        frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
        events = sum(len(chunk) for chunk in read(path, **options))
    raw = pl.read_parquet if path.suffix == ".parquet" else pl.read_csv
    mine, polars = [], []
    for _ in range(runs):
        begin = time.process_time()
        for _chunk in read(path, **options):
            pass
        middle = time.process_time()
        raw(path)
        mine.append(middle - begin)
        polars.append(time.process_time() - middle)
    return {
        "title": case.title,
        "rows": rows // case.share,
        "bytes": path.stat().st_size,
        "events": events,
        "seconds": min(mine),
        "polars": min(polars),
    }


def main(rows: int, runs: int) -> list[dict[str, Any]]:
    """Time all kinds of files, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        return [measure(case, rows, runs, Path(folder)) for case in CASES]


if __name__ == "__main__":
    print(json.dumps({"cases": main(int(sys.argv[1]), int(sys.argv[2]))}))
