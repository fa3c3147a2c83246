"""What a market-data codec has seen, as plain numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class MarketCounters:
    """Counts since the codec was made. The book's own (gaps, duplicates) are in `BookCounters`."""

    messages: int = 0
    depth: int = 0  # depthUpdate messages passed on
    levels: int = 0  # their levels
    zero_levels: int = 0  # of them, removals
    trades: int = 0
    trades_dropped: int = 0  # an id that was seen before
    trades_not_market: int = 0  # insurance fund, ADL
    tickers: int = 0
    tickers_dropped: int = 0  # an update id not above the last
    marks: int = 0  # mark and index price messages
    snapshot_levels: int = 0
    repeated_levels: int = 0  # of differences applied again after a snapshot
    fused_levels: int = 0  # set or removed because of a book ticker
    outdated_levels: int = 0  # of differences older than the book ticker, left out
    answers: int = 0  # to subscriptions
    venue_errors: int = 0
    ignored: int = 0  # of other streams of the same instrument
    trades_replayed: int = 0  # of before the connection, sent again at its beginning
    klines: int = 0  # bars
    heartbeats: int = 0


@dataclass(slots=True)
class BookCounters:
    """What the session has seen."""

    gaps: int = 0  # breaks in the ids
    duplicates: int = 0  # differences with the ids of the last one
    out_of_order: int = 0  # differences older than the last one
    stale: int = 0  # differences that a loaded snapshot already holds
    snapshots: int = 0  # loaded
    snapshots_refused: int = 0  # older than the differences kept, or than the last snapshot
    resets: int = 0  # snapshots that the venue sent by itself while the book was whole
    checksums: int = 0  # compared with the venue's
    checksums_wrong: int = 0
    crossed: int = 0  # times that a bid above an ask made the book suspect
