"""What each codec does, protocol by protocol, in one table: it is what `docs/venues.md` shows.

What a recording of the venue has not shown is called unverified, here and on the page.
"""

from dataclasses import dataclass, replace

from truefill.venues.binance import facts as binance
from truefill.venues.bitget import facts as bitget
from truefill.venues.bitstamp import facts as bitstamp
from truefill.venues.bybit import facts as bybit
from truefill.venues.coinbase import facts as coinbase
from truefill.venues.coinbase_exchange import facts as coinbase_exchange
from truefill.venues.extended import facts as extended
from truefill.venues.hyperliquid import facts as hyperliquid
from truefill.venues.independent_reserve import facts as independent_reserve
from truefill.venues.kraken import facts as kraken
from truefill.venues.kraken_futures import facts as kraken_futures
from truefill.venues.mexc import facts as mexc
from truefill.venues.okx import facts as okx
from truefill.venues.venue import Venue

UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class Capability:
    """One protocol of one venue.

    Parameters
    ----------
    venues : tuple of Venue
        The markets that speak it.
    protocol : str
        Its name and version.
    channels : str
        What of ``depth trades best marks klines`` is read.
    gap_rule : str
        How a missing message of the book is noticed.
    checksum : str
        How the venue sums its book up; "" where it does not.
    snapshot : str
        Where it comes from, and what is done for another one.
    trades : str
        Whose side a trade has, and what its id is.
    times : str
        Which of the venue's clocks is the exchange time of the book.
    heartbeat : str
        Who keeps the connection awake, and how.
    verified : str
        By which recording; `UNVERIFIED` by none.
    date : str
        Of the facts (addresses, limits, names).
    """

    venues: tuple[Venue, ...]
    protocol: str
    channels: str
    gap_rule: str
    checksum: str
    snapshot: str
    trades: str
    times: str
    heartbeat: str
    verified: str
    date: str


_BYBIT = Capability(
    (Venue.BYBIT_LINEAR,),
    "Bybit v5",
    "depth trades best marks klines",
    "`u` is the last + 1",
    "",
    "stream; subscribed again",
    "taker; id: 60 bits of a UUID",
    "`cts`, matching engine",
    "client, each 20 s",
    "2026-08-09, 200 levels",
    bybit.DATE,
)

_BITGET_1 = Capability(
    (Venue.BITGET_USDT,),
    "Bitget 1 (2022)",
    "depth trades best marks klines",
    "the checksum tells",
    "CRC-32 of 25 levels",
    "stream; subscribed again",
    "taker; no id",
    "`ts` of the book",
    "client, each 30 s",
    "2022-04-07, 637 checksums of both markets",
    bitget.DATE,
)

_BITGET_2 = Capability(
    (Venue.BITGET_USDT, Venue.BITGET_USDC, Venue.BITGET_COIN),
    "Bitget 2",
    "depth trades best marks klines",
    "the checksum tells",
    "CRC-32 of 25 levels",
    "stream; subscribed again",
    "taker; id",
    "`ts` of the book",
    "client, each 30 s",
    UNVERIFIED,
    bitget.DATE,
)

_BITGET_3 = Capability(
    (Venue.BITGET_USDT, Venue.BITGET_USDC, Venue.BITGET_COIN),
    "Bitget 3 (unified account)",
    "depth trades best marks klines",
    "`pseq` is the last `seq`",
    "",
    "stream; subscribed again",
    "taker; id",
    "`ts` of the book",
    "client, each 30 s",
    UNVERIFIED,
    bitget.DATE,
)

CAPABILITIES = (
    Capability(
        (Venue.BINANCE_SPOT,),
        "Binance spot",
        "depth trades best klines",
        "`U` is the last `u` + 1",
        "",
        "REST; fetched again",
        "taker (`m` is the maker); id",
        "`E`; book ticker: none",
        "server pings (frames)",
        "5 recordings, 2021 and 2024",
        binance.DATE,
    ),
    Capability(
        (Venue.BINANCE_USDM, Venue.BINANCE_COINM),
        "Binance futures",
        "depth trades best marks klines",
        "`pu` is the last `u`",
        "",
        "REST; fetched again",
        "taker (`m` is the maker); id",
        "`T`, matching engine",
        "server pings (frames)",
        "8 recordings, 2021 and 2024; the routes of 2026 unverified",
        binance.DATE,
    ),
    replace(_BYBIT, venues=(Venue.BYBIT_SPOT,), channels="depth trades best klines", trades="taker; id"),
    _BYBIT,
    replace(
        _BYBIT,
        venues=(Venue.BYBIT_OPTION,),
        protocol="Bybit v5, options",
        channels="depth trades best marks",
        trades="taker, by coin; id: 60 bits of a UUID",
        verified=UNVERIFIED,
    ),
    replace(_BYBIT, venues=(Venue.BYBIT_INVERSE,), verified=UNVERIFIED),
    Capability(
        (Venue.OKX,),
        "OKX v5 of before 2023",
        "depth trades best",
        "the checksum tells",
        "CRC-32 of 25 levels",
        "stream; subscribed again",
        "taker; id",
        "`ts` of the book",
        "client, each 25 s",
        "2022-05-13, 290 checksums",
        okx.DATE,
    ),
    Capability(
        (Venue.OKX,),
        "OKX v5",
        "depth trades best marks klines",
        "`prevSeqId` is the last `seqId`",
        "CRC-32 of 25 levels, 0 since 2026-06-23",
        "stream, subscribed again; or REST (announced)",
        "taker; id",
        "`ts` of the book",
        "client, each 25 s",
        UNVERIFIED,
        okx.DATE,
    ),
    Capability(
        (Venue.HYPERLIQUID,),
        "Hyperliquid",
        "depth trades best marks klines",
        "each message is the whole book",
        "",
        "stream; each message is one",
        "taker; id",
        "`time` of the book",
        "client, each 50 s",
        "2025-01-26, book and trades; best, marks and klines unverified",
        hyperliquid.DATE,
    ),
    replace(_BITGET_1, venues=(Venue.BITGET_SPOT,), channels="depth trades best klines"),
    _BITGET_1,
    replace(_BITGET_2, venues=(Venue.BITGET_SPOT,), channels="depth trades best klines"),
    _BITGET_2,
    replace(_BITGET_3, venues=(Venue.BITGET_SPOT,), channels="depth trades best klines"),
    _BITGET_3,
    Capability(
        (Venue.EXTENDED,),
        "Extended, RPC 2",
        "depth trades best marks klines",
        "`seq` of the connection is the last + 1",
        "",
        "stream; a new connection",
        "taker; id",
        "`ts` of the message",
        "server pings (frames)",
        "8 messages of 2026-09-26; best, klines and the selectors of prices unverified",
        extended.DATE,
    ),
    Capability(
        (Venue.KRAKEN,),
        "Kraken 2",
        "depth trades best klines",
        "the checksum tells",
        "CRC-32 of 10 levels",
        "stream; subscribed again",
        "taker; id",
        "`timestamp` of the book",
        "client or server",
        UNVERIFIED,
        kraken.DATE_2,
    ),
    Capability(
        (Venue.KRAKEN,),
        "Kraken 1",
        "depth trades best klines",
        "the checksum tells",
        "CRC-32 of 10 levels",
        "stream; subscribed again",
        "taker; no id",
        "time of the newest level",
        "client or server",
        "2021-04-17, 4,269 checksums; klines unverified",
        kraken.DATE,
    ),
    Capability(
        (Venue.KRAKEN_FUTURES,),
        "Kraken futures 1",
        "depth trades best marks",
        "`seq` of the instrument is the last + 1",
        "",
        "stream; subscribed again",
        "taker; id: 60 bits of a UUID",
        "`timestamp` of the book",
        "client, each 30 s",
        "2021-07-22; marks unverified",
        kraken_futures.DATE,
    ),
    Capability(
        (Venue.MEXC_SPOT,),
        "MEXC spot 3, protocol buffers",
        "depth trades best klines",
        "first version is the last + 1",
        "",
        "REST; fetched again",
        "taker; id, since it is sent",
        "time of the message",
        "client, each 20 s",
        UNVERIFIED,
        mexc.DATE,
    ),
    Capability(
        (Venue.MEXC_SPOT,),
        "MEXC spot 3, JSON (ended in 2025)",
        "depth trades best",
        "version `r` is the last + 1",
        "",
        "stream, best 10 levels; REST",
        "taker; no id",
        "`t` of the message",
        "client, each 20 s",
        "7 messages of 2025-01-12; trades, best and REST unverified",
        mexc.JSON_DATE,
    ),
    Capability(
        (Venue.COINBASE,),
        "Coinbase Advanced Trade",
        "depth trades best klines",
        "`sequence_num` of the connection is the last + 1",
        "",
        "stream; a new connection",
        "taker (`side` is the maker's); id",
        "newest `event_time` of the message",
        "server's `heartbeats` channel",
        "2026-08-09, 69,334 levels",
        coinbase.DATE,
    ),
    Capability(
        (Venue.COINBASE_EXCHANGE,),
        "Coinbase Exchange (Pro, GDAX)",
        "depth trades best",
        "nothing is numbered; a crossed book",
        "",
        "stream; subscribed again",
        "taker (`side` is the maker's); id",
        "`time` of the update; snapshot: none",
        "server's `heartbeat` channel",
        "2021-04-17, 9,719 updates",
        coinbase_exchange.DATE,
    ),
    Capability(
        (Venue.INDEPENDENT_RESERVE,),
        "Independent Reserve, order by order",
        "depth trades",
        "`Nonce` of the coin is the last + 1",
        "",
        "REST, by its time; fetched again",
        "taker; id: 60 bits of a UUID, as of orders",
        "`Time` of the message",
        "server, each 60 s",
        "2022-04-03, 1,663 orders; changed orders and trades unverified",
        independent_reserve.DATE,
    ),
    Capability(
        (Venue.BITSTAMP,),
        "Bitstamp 2, levels",
        "depth trades",
        "nothing is numbered; a crossed book",
        "",
        "REST, by its time; fetched again",
        "taker; id",
        "`microtimestamp`",
        "client, when still",
        "2022-01-05, 717 messages of the book",
        bitstamp.DATE,
    ),
    Capability(
        (Venue.BITSTAMP,),
        "Bitstamp 2, order by order",
        "depth trades",
        "`pre_event_id` is the last `event_id` (2026)",
        "",
        "REST, by its time; fetched again",
        "taker; id",
        "`microtimestamp`",
        "client, when still",
        UNVERIFIED,
        bitstamp.ORDERS_DATE,
    ),
)


def capabilities_table() -> str:
    """Return the table as the page shows it, in Markdown."""
    head = ("protocol", "venues", "read", "a gap", "checksum", "snapshot", "trades", "exchange time")
    rows = [(*head, "heartbeat", "verified by", "facts of"), ("---",) * 11]
    for c in CAPABILITIES:
        venues = ", ".join(f"`{v.value}`" for v in c.venues)
        verified = f"**{c.verified}**" if c.verified == UNVERIFIED else c.verified
        rows.append(
            (
                c.protocol,
                venues,
                c.channels,
                c.gap_rule,
                c.checksum,
                c.snapshot,
                c.trades,
                c.times,
                c.heartbeat,
                verified,
                c.date,
            )
        )
    return "\n".join("| " + " | ".join(row).replace("|  |", "| |") + " |" for row in rows)
