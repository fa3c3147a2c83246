"""Trades that a venue gives over REST: what a connection that was lost has missed. Addresses are dated data.

Each has been true at `DATE`. Sources: binance-spot-api-docs, developers.binance.com; bybit-exchange/docs,
``v5/market/recent-trade``; OKX docs-v5, ``market/trades``; api.docs.extended.exchange.
Ids are those of the venue's stream, read the same way, so that a trade is known again.
"""

from typing import NamedTuple

import msgspec
from msgspec import Struct

from truefill.core.errors import DataError
from truefill.core.events import BUY, SELL
from truefill.venues.numbers import Id, Ms, id_number, ms, ms_text, uuid_id
from truefill.venues.stream import side_flag
from truefill.venues.venue import Venue

DATE = "2026-07"
_BYBIT = "https://api.bybit.com/v5/market/recent-trade?category={category}&symbol={symbol}&limit={limit}"
TRADES = {
    Venue.BINANCE_SPOT: "https://api.binance.com/api/v3/trades?symbol={symbol}&limit=1000",
    Venue.BINANCE_USDM: "https://fapi.binance.com/fapi/v1/trades?symbol={symbol}&limit=1000",
    Venue.BINANCE_COINM: "https://dapi.binance.com/dapi/v1/trades?symbol={symbol}&limit=1000",
    Venue.BYBIT_SPOT: _BYBIT.format(category="spot", symbol="{symbol}", limit=60),
    Venue.BYBIT_LINEAR: _BYBIT.format(category="linear", symbol="{symbol}", limit=1000),
    Venue.BYBIT_INVERSE: _BYBIT.format(category="inverse", symbol="{symbol}", limit=1000),
    Venue.OKX: "https://www.okx.com/api/v5/market/trades?instId={symbol}&limit=500",
    Venue.EXTENDED: "https://api.starknet.extended.exchange/api/v1/info/markets/{symbol}/trades",
}


class PastTrade(NamedTuple):
    """One trade; numbers as the venue wrote them."""

    trade_id: int
    side: int  # BUY or SELL, the aggressor's
    px: str
    qty: str
    exch_ts: int  # ns


class _Binance(Struct, rename="camel"):
    id: Id
    price: str
    qty: str
    time: Ms
    is_buyer_maker: bool


class _BybitTrade(Struct, rename="camel"):
    exec_id: str
    price: str
    size: str
    side: str
    time: str


class _BybitList(Struct):
    list: list[_BybitTrade]


class _BybitAnswer(Struct):
    result: _BybitList


class _OkxTrade(Struct):
    tradeId: str  # noqa: N815 - the venue's name
    px: str
    sz: str
    side: str
    ts: str


class _OkxAnswer(Struct):
    data: list[_OkxTrade]


class _ExtendedTrade(Struct):
    i: Id
    S: str
    p: str
    q: str
    T: Ms


class _ExtendedAnswer(Struct):
    data: list[_ExtendedTrade]


def trades_url(venue: Venue, native: str) -> str | None:
    """Tell where a venue gives the last trades of an instrument; None: nowhere that is known here."""
    url = TRADES.get(venue)
    return None if url is None else url.format(symbol=native)


def read_trades(venue: Venue, body: bytes) -> list[PastTrade]:
    """Read the answer, oldest first.

    Raises
    ------
    DataError
        It is none.
    """
    try:
        found = _read(venue, body)
    except (msgspec.DecodeError, ValueError) as error:
        raise DataError(f"trades as {venue.value} answers them", error, "trades") from None
    return sorted(found, key=lambda trade: trade.exch_ts)


def _read(venue: Venue, body: bytes) -> list[PastTrade]:
    if venue.company == "BINANCE":
        return [
            PastTrade(t.id, SELL if t.is_buyer_maker else BUY, t.price, t.qty, ms(t.time))
            for t in msgspec.json.decode(body, type=list[_Binance])
        ]
    if venue.company == "BYBIT":
        return [
            PastTrade(
                uuid_id(t.exec_id) if "-" in t.exec_id else id_number(t.exec_id),
                side_flag(t.side == "Buy"), t.price, t.size, ms_text(t.time),
            )
            for t in msgspec.json.decode(body, type=_BybitAnswer).result.list
        ]  # fmt: skip
    if venue is Venue.OKX:
        return [
            PastTrade(id_number(t.tradeId), side_flag(t.side == "buy"), t.px, t.sz, ms_text(t.ts))
            for t in msgspec.json.decode(body, type=_OkxAnswer).data
        ]
    return [
        PastTrade(t.i, side_flag(t.S == "BUY"), t.p, t.q, ms(t.T))
        for t in msgspec.json.decode(body, type=_ExtendedAnswer).data
    ]
