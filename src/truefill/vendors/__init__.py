"""Historical files of data vendors and venues, as events: no sockets, nothing of tapes."""

from truefill.vendors.binance_archive import BOOK_BAND, BinanceArchiveReader, read_binance_archive
from truefill.vendors.binance_depth import BinanceDepthReader
from truefill.vendors.bitfinex import BitfinexReader, read_bitfinex
from truefill.vendors.bitstamp import BitstampReader, read_bitstamp
from truefill.vendors.bybit_archive import BybitTradesReader, read_bybit_archive
from truefill.vendors.bybit_book import BybitBookReader
from truefill.vendors.databento import DatabentoReader, read_databento
from truefill.vendors.extended_csv import ExtendedReader, read_extended_csv
from truefill.vendors.formats import FORMATS, Format
from truefill.vendors.gdax import GdaxReader, read_gdax
from truefill.vendors.guess import guess_format
from truefill.vendors.klines import KLINE, read_klines
from truefill.vendors.lobster import LobsterReader, read_lobster
from truefill.vendors.reader import EventReader, ReaderCounters, all_events, float_events
from truefill.vendors.tardis import TardisReader, read_tardis

__all__ = [
    "BOOK_BAND",
    "FORMATS",
    "KLINE",
    "BinanceArchiveReader",
    "BinanceDepthReader",
    "BitfinexReader",
    "BitstampReader",
    "BybitBookReader",
    "BybitTradesReader",
    "DatabentoReader",
    "EventReader",
    "ExtendedReader",
    "Format",
    "GdaxReader",
    "LobsterReader",
    "ReaderCounters",
    "TardisReader",
    "all_events",
    "float_events",
    "guess_format",
    "read_binance_archive",
    "read_bitfinex",
    "read_bitstamp",
    "read_bybit_archive",
    "read_databento",
    "read_extended_csv",
    "read_gdax",
    "read_klines",
    "read_lobster",
    "read_tardis",
]
