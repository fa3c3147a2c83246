"""The formats that can be read: what each is called, how it is told, what reads it, with which options."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from truefill.vendors.binance_archive import binance_groups, is_binance_archive, read_binance_archive
from truefill.vendors.bitfinex import read_bitfinex
from truefill.vendors.bitstamp import read_bitstamp
from truefill.vendors.bybit_archive import bybit_groups, is_bybit_archive, read_bybit_archive
from truefill.vendors.databento import databento_groups, read_databento
from truefill.vendors.databento_dbn import is_dbn
from truefill.vendors.extended_csv import looks_like_extended, read_extended_csv
from truefill.vendors.gdax import looks_like_gdax, read_gdax
from truefill.vendors.lobster import is_lobster, lobster_pairs, read_lobster
from truefill.vendors.reader import EventReader
from truefill.vendors.tardis import looks_like_tardis, read_tardis

Looks = Callable[[Path, str], bool]
"""Whether a file is of a format, told by its path and its first line (unpacked, up to 1,000 letters)."""


def each_alone(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Files of which each is read by itself."""
    return [(path,) for path in paths]


def all_together(paths: Sequence[Path]) -> list[tuple[Path, ...]]:
    """Files that one reader reads."""
    return [tuple(paths)]


@dataclass(frozen=True, slots=True)
class Format:
    """One family of files.

    Attributes
    ----------
    name : str
        What `--format` takes.
    title : str
        For people: whose files these are, and which of them.
    read : callable
        ``read(path, ..., progress=None, **options)`` gives an EventReader. It takes as many paths as a group
        of `groups` has.
    options : frozenset of str
        Names of the keywords that `read` takes beside `progress`.
    looks : Looks
    orders : bool
        Whether the events are of single orders, which mix with no other format's.
    groups : callable
        Which of some files belong together in one reader; by default each stands alone.
    """

    name: str
    title: str
    read: Callable[..., EventReader]
    options: frozenset[str]
    looks: Looks
    orders: bool = False
    groups: Callable[[Sequence[Path]], list[tuple[Path, ...]]] = each_alone


def first_line(pattern: str) -> Looks:
    """Tell a format by its first line."""
    compiled = re.compile(pattern)
    return lambda _, line: compiled.match(line) is not None


_DATABENTO = first_line(r"(?=.*\bts_event\b)(?=.*\b(ts_recv|publisher_id|order_id)\b)")


def _read_mapped(*paths: Path, **options: Any) -> EventReader:
    from truefill.vendors.mapped import read_mapped  # late: pyarrow is slow to import

    return read_mapped(*paths, **options)


# The first whose looks fit is taken.
FORMATS: tuple[Format, ...] = (
    Format(
        "databento",
        "Databento: mbo, mbp-1, mbp-10, tbbo, trades, bbo, CSV or DBN",
        read_databento,
        frozenset({"instrument"}),
        lambda path, line: is_dbn(path) or _DATABENTO(path, line),
        orders=True,
        groups=databento_groups,
    ),
    Format(
        "lobster",
        "LOBSTER: messages, with the order book beside them",
        read_lobster,
        frozenset({"date", "timezone", "feed_latency_ns"}),
        is_lobster,
        orders=True,
        groups=lobster_pairs,
    ),
    Format(
        "bitstamp",
        "Bitstamp: live orders, log or table",
        read_bitstamp,
        frozenset({"feed_latency_ns"}),
        first_line(r"id,timestamp,exchange\.timestamp,|\d+ (order_\w+|trade) \{"),
        orders=True,
    ),
    Format(
        "bitfinex",
        "Bitfinex: raw book (R0), one JSON array a line",
        read_bitfinex,
        frozenset({"start", "step_ns", "feed_latency_ns"}),
        first_line(r'\{"event":"|\[\d+,(\[|")'),
        orders=True,
    ),
    Format(
        "binance-archive",
        "Binance's public archive: trades, aggTrades, bookTicker, bookDepth, T_DEPTH",
        read_binance_archive,
        frozenset({"feed_latency_ns", "price_places", "quantity_places"}),
        is_binance_archive,
        groups=binance_groups,
    ),
    Format(
        "tardis",
        "tardis.dev: incremental_book_L2, book_snapshot_N, trades, quotes, derivative_ticker, CSV",
        read_tardis,
        frozenset({"instrument", "snapshot_mode", "quotes"}),
        looks_like_tardis,
        groups=all_together,
    ),
    Format(
        "bybit-archive",
        "Bybit's public archive: the book (ob500, ob200) and trades",
        read_bybit_archive,
        frozenset({"feed_latency_ns", "price_places", "quantity_places"}),
        is_bybit_archive,
        groups=bybit_groups,
    ),
    Format(
        "extended-csv",
        "Extended's older pipeline: trades.csv, orderbook.csv, orderbook_depth.csv",
        read_extended_csv,
        frozenset({"market", "feed_latency_ns"}),
        looks_like_extended,
        groups=all_together,
    ),
    Format(
        "gdax",
        "GDAX (Coinbase 2018): level 2, snapshot and updates, CSV",
        read_gdax,
        frozenset({"feed_latency_ns"}),
        looks_like_gdax,
        groups=all_together,
    ),
    Format(
        "mapped",
        "CSV, Parquet or Arrow of any columns, by a mapping file",
        _read_mapped,
        frozenset({"mapping", "instrument", "feed_latency_ns"}),
        lambda path, line: False,
        groups=all_together,
    ),
)

BY_NAME = {format.name: format for format in FORMATS}
