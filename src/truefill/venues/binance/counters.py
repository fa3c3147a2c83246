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
