"""Small made streams of each venue's protocol, for the acceptance suite; one venue a file.

A maker speaks for the venue: it numbers its messages, sums up its own simple book where the venue sends
checksums, and knows nothing of the codec but its face.
"""

from tests.venues.makers.binance import BinanceFutures, BinanceSpot
from tests.venues.makers.bitget import Bitget, BitgetUnified, BitgetVersion1
from tests.venues.makers.bitstamp import Bitstamp, BitstampOrders
from tests.venues.makers.bybit import Bybit, BybitOption
from tests.venues.makers.coinbase import Coinbase
from tests.venues.makers.coinbase_exchange import CoinbaseExchange
from tests.venues.makers.extended import Extended
from tests.venues.makers.hyperliquid import Hyperliquid
from tests.venues.makers.independent_reserve import IndependentReserve
from tests.venues.makers.kraken import Kraken, Kraken2
from tests.venues.makers.kraken_futures import KrakenFutures
from tests.venues.makers.maker import CHANNELS, Maker, Side, dump
from tests.venues.makers.mexc import Mexc, MexcJson
from tests.venues.makers.okx import Okx, OkxOfBefore2023, OkxWithoutSnapshots

MAKERS: list[type[Maker]] = [
    BinanceSpot,
    BinanceFutures,
    Bybit,
    BybitOption,
    Okx,
    OkxOfBefore2023,
    OkxWithoutSnapshots,
    Hyperliquid,
    Extended,
    Bitget,
    BitgetVersion1,
    BitgetUnified,
    Kraken,
    Kraken2,
    KrakenFutures,
    Mexc,
    MexcJson,
    Coinbase,
    CoinbaseExchange,
    IndependentReserve,
    Bitstamp,
    BitstampOrders,
]


def speakers(protocol: str) -> list[type[Maker]]:
    """Makers that speak a protocol of the table; each has some."""
    found = [maker for maker in MAKERS if maker.protocol == protocol]
    assert found, f"no made stream of {protocol}"
    return found


__all__ = ["CHANNELS", "MAKERS", "Maker", "Side", "dump", "speakers"]
