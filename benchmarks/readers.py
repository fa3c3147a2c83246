"""A process that reads made files of each format, beside polars (of DBN: databento-dbn) reading them raw.

    python -m benchmarks.readers ROWS RUNS

One line of JSON on stdout: of each file its rows, bytes, events, and the least seconds of processor time of
each, on one core (so other work on the machine does not count).
"""

import functools
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

from truefill.vendors.databento_dbn import KINDS as DBN_KINDS
from truefill.vendors.formats import BY_NAME

_FIRST_US = 1_735_689_600_000_000  # 2025-01-01
_SEED = 7


class Case(NamedTuple):
    """A kind of file."""

    title: str
    format: str
    name: str
    make: Callable[[np.random.Generator, int], pl.DataFrame | bytes]
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


def _bybit_trades(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "timestamp": np.round(_times(rng, rows, 100_000) / 1e4, 4),
            "symbol": ["BTCUSDT"] * rows,
            "side": _choice(rng, rows, "Buy", "Sell"),
            "size": _sizes(rng, rows),
            "price": _prices(rng, rows),
            "tickDirection": _choice(rng, rows, "PlusTick", "ZeroPlusTick", "MinusTick"),
            "trdMatchID": ["5a1b6f2e-0b6f-5d3c-9f64-b1b2c3d4e5f6"] * rows,
            "grossValue": rng.integers(1, 10**12, rows),
        }
    )


def _bybit_book(rng: np.random.Generator, rows: int) -> bytes:
    """A snapshot, then deltas of ten levels a side."""
    times, prices = _times(rng, rows, 1_000_000).tolist(), _prices(rng, rows).tolist()
    sizes = _sizes(rng, 20 * rows).reshape(rows, 2, 10).tolist()
    lines = []
    for n in range(rows):
        bids, asks = (
            [[f"{prices[n] + sign * (1 + i) / 10:.1f}", str(sizes[n][k][i])] for i in range(10)]
            for k, sign in enumerate((-1, 1))
        )
        data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": 100 + n, "seq": n}
        kind = "delta" if n else "snapshot"
        message = {"topic": "orderbook.500.BTCUSDT", "type": kind, "ts": times[n] + 2, "data": data}
        lines.append(json.dumps(message | {"cts": times[n]}, separators=(",", ":")))
    return ("\n".join(lines) + "\n").encode()


def _databento_records(rng: np.random.Generator, rows: int, rtype: int) -> np.ndarray:
    """Records of orders that come and go (160), or of the ten best levels (10)."""
    layout = DBN_KINDS[rtype][1]
    out = np.zeros(rows, layout)
    out["length"], out["rtype"], out["instrument_id"] = layout.itemsize // 4, rtype, 1
    out["ts_event"] = _times(rng, rows, 1)
    out["ts_recv"] = out["ts_event"] + np.uint64(15_000)
    out["price"] = (19_000 + np.cumsum(rng.integers(-1, 2, rows))) * 250_000_000
    out["size"], out["sequence"], out["side"] = rng.integers(1, 100, rows), np.arange(rows), ord("B")
    out["action"], out["flags"] = ord("A"), 128
    if rtype == 160:
        out["order_id"] = np.arange(rows) // 2
        for name in ("price", "size"):
            out[name][1::2] = out[name][: rows - 1 : 2]
        out["action"][1::2] = ord("C")  # what was added just before
    else:
        away = (1 + np.arange(10)) * 250_000_000
        for side, sign in (("bid", -1), ("ask", 1)):
            out["levels"][f"{side}_px"] = out["price"][:, None] + sign * away
            out["levels"][f"{side}_sz"] = rng.integers(1, 500, (rows, 10))
    return out


def _dbn(rng: np.random.Generator, rows: int, rtype: int) -> bytes:
    import databento_dbn as lib

    metadata = lib.Metadata(
        dataset="GLBX.MDP3",
        start=_FIRST_US * 1000,
        stype_in=lib.SType.RAW_SYMBOL,
        stype_out=lib.SType.INSTRUMENT_ID,
        schema=lib.Schema.from_str({160: "mbo", 10: "mbp-10"}[rtype]),
        symbols=[],
        partial=[],
        not_found=[],
        mappings=[],
    )
    return bytes(metadata) + _databento_records(rng, rows, rtype).tobytes()


def _databento_csv(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    """Orders, as integers."""
    records = _databento_records(rng, rows, 160)
    names = ("ts_recv", "ts_event", "rtype", "publisher_id", "instrument_id", "action", "side", "price")
    names += ("size", "channel_id", "order_id", "flags", "ts_in_delta", "sequence")
    letters = {name: [chr(code) for code in records[name]] for name in ("action", "side")}
    return pl.DataFrame({name: letters.get(name, records[name]) for name in names})


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
    Case("Bybit's archive, trades", "bybit-archive", "BTCUSDT2025-01-01.csv", _bybit_trades),
    Case("Bybit's archive, ob500", "bybit-archive", "2025-01-01_BTCUSDT_ob500.data", _bybit_book, share=20),
    Case("Databento, mbo, CSV", "databento", "mbo.csv", _databento_csv),
    Case("Databento, mbo, DBN", "databento", "mbo.dbn", functools.partial(_dbn, rtype=160)),
    Case("Databento, mbp-10, DBN", "databento", "mbp-10.dbn", functools.partial(_dbn, rtype=10), share=20),
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
        made = case.make(rng, size)
        if isinstance(made, bytes):
            path.write_bytes(made)
        elif path.suffix == ".parquet":
            made.write_parquet(path)
        else:
            made.write_csv(path)
        events = sum(len(chunk) for chunk in read(path, **options))
    others = {".parquet": pl.read_parquet, ".csv": pl.read_csv, ".data": pl.read_ndjson, ".dbn": _decode}
    raw = others[path.suffix]
    mine, other = [], []
    for _ in range(runs):
        begin = time.process_time()
        for _chunk in read(path, **options):
            pass
        middle = time.process_time()
        raw(path)
        mine.append(middle - begin)
        other.append(time.process_time() - middle)
    return {
        "title": case.title,
        "rows": rows // case.share,
        "bytes": path.stat().st_size,
        "events": events,
        "seconds": min(mine),
        "other": min(other),
        "beside": "databento-dbn" if raw is _decode else "polars",
    }


def _decode(path: Path) -> list[Any]:
    """What Databento's own library makes of a file: an object for each record."""
    import databento_dbn

    decoder = databento_dbn.DBNDecoder()
    decoder.write(path.read_bytes())
    records: list[Any] = decoder.decode()
    return records


def main(rows: int, runs: int) -> list[dict[str, Any]]:
    """Time all kinds of files, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        return [measure(case, rows, runs, Path(folder)) for case in CASES]


if __name__ == "__main__":
    print(json.dumps({"cases": main(int(sys.argv[1]), int(sys.argv[2]))}))
