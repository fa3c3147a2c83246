"""The codec on real recordings: counts, continuity, the book, HftBacktest's converter, the book ticker."""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import numpy as np
import pytest

from tests.support.shared import shared_data
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.binance import MarketDataCodec

# venue, symbol, file, lines, depth messages, levels, zero levels, trades, book tickers, line of the snapshot
RECORDINGS = [
    ("usdm", "BTCUSDT", "btcusdt_20240718.gz", 11414, 3326, 75704, 9454, 974, 7113, 14),
    ("usdm", "BTCUSDT", "btcusdt_20240719.gz", 60570, 5696, 325155, 47079, 9727, 45147, 0),
    ("usdm", "BTCUSDT", "btcusdt_20240808.gz", 93954, 6551, 443521, 96007, 21313, 66089, 55),
    ("usdm", "ETHUSDT", "ethusdt_20240808.gz", 74655, 6586, 428662, 58014, 14076, 53992, 41),
    ("coinm", "BTCUSD_PERP", "btcusd_perp_20240808.gz", 48270, 26847, 296013, 126543, 2286, 19136, 37),
    ("coinm", "BTCUSD_PERP", "btcusd_perp_20240809.gz", 50116, 17948, 363658, 155492, 2949, 29219, 0),
    ("spot", "BTCUSDT", "btcusdt_20240808.gz", 41249, 3451, 124090, 59187, 9757, 28040, 8),
    ("spot", "ETHUSDT", "ethusdt_20240808.gz", 33618, 3434, 106814, 30075, 6106, 24077, 6),
    ("spot", "NEXOUSDT", "nexousdt_20240723.dat.gz", 1804, 1188, 2498, 50, 178, 437, 1),
    ("spot", "NEXOUSDT", "nexousdt_20240724.dat.gz", 112274, 66994, 133817, 2957, 12280, 33000, 0),
]
FOLDER = {"usdm": "binance_usdm", "coinm": "binance_cm", "spot": "binance_spot"}

# Interpreted, a whole recording takes minutes; the first of them and the hand-written messages run there.
pytestmark = [pytest.mark.needs_shared]


def lines(market: str, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield local time in ns and message."""
    with gzip.open(shared_data(f"raw/{FOLDER[market]}/{name}")) as file:
        for line in file:
            time, _, message = line.partition(b" ")
            yield int(time) * (1000 if len(time) == 16 else 1), message


def replay(market: str, symbol: str, *names: str) -> tuple[np.ndarray, MarketDataCodec]:
    """Rows of consecutive files, and the codec after them."""
    codec = MarketDataCodec(venue_symbol(Venue(f"binance-{market}"), symbol))
    parts = []
    for name in names:
        for number, (local_ts, message) in enumerate(lines(market, name)):
            codec.add(message, local_ts, number)
            if number % 4096 == 0:
                parts.append(codec.take())
    codec.end()
    parts.append(codec.take())
    return np.concatenate(parts), codec


replay_once = cache(replay)


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda r: f"{r[0]}-{r[2]}")
@pytest.mark.compiled_only
def test_counts(recording: tuple[str, str, str, int, int, int, int, int, int, int]) -> None:
    """Each recording replays whole, without a gap, and its counts are those of the recordings' own list."""
    market, symbol, name, messages, depth, levels, zeros, trades, tickers, snapshot = recording
    rows, codec = replay_once(market, symbol, name)
    c = codec.counters
    assert (c.messages, c.depth, c.levels, c.zero_levels) == (messages, depth, levels, zeros)
    assert (c.trades, c.tickers) == (trades, tickers)
    b = codec.book.counters
    assert (b.snapshots, b.gaps, b.duplicates, b.out_of_order, b.stale) == (int(snapshot > 0), 0, 0, 0, 0)
    assert (c.trades_dropped, c.tickers_dropped, c.ignored) == (0, 0, 0)
    assert codec.book.valid == (snapshot > 0)
    kinds = Counter((rows["ev"] & ev.KIND_MASK).tolist())
    assert kinds[ev.TRADE] == trades
    assert kinds[ev.TICKER_BID] == kinds[ev.TICKER_ASK] == tickers
    assert kinds[ev.DEPTH] == levels + c.repeated_levels


def test_a_recording_also_replays_interpreted() -> None:
    """The smallest one, in every test mode."""
    _, codec = replay("spot", "NEXOUSDT", "nexousdt_20240723.dat.gz")
    c = codec.counters
    assert (c.depth, c.levels, c.zero_levels, c.trades, c.tickers) == (1188, 2498, 50, 178, 437)


@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("market", "symbol", "names"),
    [
        ("usdm", "BTCUSDT", ("btcusdt_20240718.gz", "btcusdt_20240719.gz")),
        ("coinm", "BTCUSD_PERP", ("btcusd_perp_20240808.gz", "btcusd_perp_20240809.gz")),
        ("spot", "NEXOUSDT", ("nexousdt_20240723.dat.gz", "nexousdt_20240724.dat.gz")),
    ],
)
def test_consecutive_files_chain(market: str, symbol: str, names: tuple[str, str]) -> None:
    """No id is missing between the end of one and the beginning of the next."""
    _, codec = replay_once(market, symbol, *names)
    assert codec.book.valid
    assert codec.book.counters.gaps == 0
    assert codec.counters.trades_dropped == codec.counters.tickers_dropped == 0


Book = dict[tuple[str, Decimal], Decimal]


def twin(market: str, name: str) -> Book:
    """The book by Binance's own recipe, as simply as it can be told: the end of it."""
    book: Book = {}
    snapshot_id = None
    before: list[dict] = []

    def apply(bids: list, asks: list) -> None:
        for side, levels in (("buy", bids), ("sell", asks)):
            for px, qty in levels:
                book[side, Decimal(px)] = Decimal(qty)
                if Decimal(qty) == 0:
                    del book[side, Decimal(px)]

    for _, message in lines(market, name):
        body = json.loads(message)
        if "lastUpdateId" in body:
            snapshot_id = body["lastUpdateId"]
            apply(body["bids"], body["asks"])
            for d in before:
                if d["u"] > snapshot_id:
                    apply(d["b"], d["a"])
        elif body["data"].get("e") == "depthUpdate":
            if snapshot_id is None:
                before.append(body["data"])
            else:
                apply(body["data"]["b"], body["data"]["a"])
    return book


def rebuilt(rows: np.ndarray, view: int, time: str) -> Book:
    """The book that the rows of one view lead to, in that view's order."""
    rows = rows[(rows["ev"] & view) != 0]
    rows = rows[np.argsort(rows[time], kind="stable")]
    book: dict[tuple[int, int, int], tuple[int, int]] = {}
    columns = [rows[name].tolist() for name in ("ev", "px", "px_exp", "qty", "qty_exp")]
    for bits, px, px_exp, qty, qty_exp in zip(*columns, strict=True):
        kind = bits & ev.KIND_MASK
        if kind == ev.DEPTH_CLEAR:
            assert not bits & (ev.BUY | ev.SELL)  # a first snapshot clears everything
            book.clear()
        elif kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
            book[bits & ev.BUY, px, px_exp] = (qty, qty_exp)
    return {
        ("buy" if side else "sell", Decimal(px).scaleb(px_exp)): Decimal(qty).scaleb(qty_exp)
        for (side, px, px_exp), (qty, qty_exp) in book.items()
        if qty
    }


@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("market", "symbol", "name"),
    [
        ("usdm", "BTCUSDT", "btcusdt_20240718.gz"),
        ("coinm", "BTCUSD_PERP", "btcusd_perp_20240808.gz"),
        ("spot", "BTCUSDT", "btcusdt_20240808.gz"),
        ("spot", "NEXOUSDT", "nexousdt_20240723.dat.gz"),
    ],
)
def test_both_views_lead_to_the_book_of_the_twin(market: str, symbol: str, name: str) -> None:
    """Level for level, quantity for quantity, in local order and in the exchange's."""
    rows, _ = replay_once(market, symbol, name)
    expected = twin(market, name)
    assert len(expected) > 800
    assert rebuilt(rows, ev.LOCAL, "local_ts") == expected
    assert rebuilt(rows, ev.EXCH, "exch_ts") == expected


@pytest.mark.compiled_only
@pytest.mark.skipif(
    os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0"),
    reason="HftBacktest's correct_event_order reads past its arrays (its fault Q), which bounds checks end",
)
@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTCUSDT", "btcusdt_20240718.gz"),
        pytest.param("BTCUSDT", "btcusdt_20240808.gz", marks=pytest.mark.slow),
        pytest.param("ETHUSDT", "ethusdt_20240808.gz", marks=pytest.mark.slow),
    ],
)
def test_same_levels_and_trades_as_hftbacktest(symbol: str, name: str) -> None:
    """Its converter finds the same (exchange time, side, price, quantity), each as often."""
    binancefutures = pytest.importorskip("hftbacktest.data.utils.binancefutures")
    path = str(shared_data(f"raw/binance_usdm/{name}"))
    theirs = binancefutures.convert(path, combined_stream=True, buffer_size=1_000_000)
    ours, codec = replay_once("usdm", symbol, name)
    repeated = codec.counters.repeated_levels
    only_local = (ours["ev"] & ev.EXCH) == 0
    assert np.count_nonzero(only_local) == repeated  # so no row stands twice in the exchange's order
    ours = ours[~only_local]
    theirs = theirs[(theirs["ev"] & ev.EXCH) != 0]
    for kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT, ev.TRADE):
        assert table(ours, kind) == table(theirs, kind)


def table(rows: np.ndarray, kind: int) -> Counter:
    """Rows of one kind as a multiset of (exchange time, side, price, quantity)."""
    rows = rows[(rows["ev"] & ev.KIND_MASK) == kind]
    px, qty = rows["px"], rows["qty"]
    if "px_exp" in rows.dtype.names:
        # Both correctly rounded: fewer than 16 digits, powers of ten that floats hold exactly.
        px, qty = (
            m * 10.0 ** np.maximum(e, 0) / 10.0 ** np.maximum(-e, 0)
            for m, e in ((px, rows["px_exp"]), (qty, rows["qty_exp"]))
        )
    side = rows["ev"] & (ev.BUY | ev.SELL)
    return Counter(zip(rows["exch_ts"].tolist(), side.tolist(), px.tolist(), qty.tolist(), strict=True))


@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("market", "symbol", "name"),
    [
        ("usdm", "BTCUSDT", "btcusdt_20240718.gz"),
        ("usdm", "BTCUSDT", "btcusdt_20240808.gz"),
        ("usdm", "ETHUSDT", "ethusdt_20240808.gz"),
        ("coinm", "BTCUSD_PERP", "btcusd_perp_20240808.gz"),
        ("spot", "BTCUSDT", "btcusdt_20240808.gz"),
        ("spot", "NEXOUSDT", "nexousdt_20240723.dat.gz"),
    ],
)
def test_book_and_book_ticker_agree(market: str, symbol: str, name: str) -> None:
    """Two streams of the venue, joined by update id, tell the same best prices and quantities."""
    agreed, compared = agreement(market, symbol, name)
    assert compared > 100
    assert agreed == compared


def agreement(market: str, symbol: str, name: str) -> tuple[int, int]:
    """How often the book after a depth message has the best levels of the last ticker up to its id."""
    rows, _ = replay_once(market, symbol, name)
    kind = rows["ev"] & ev.KIND_MASK
    tickers = rows[kind == ev.TICKER_BID], rows[kind == ev.TICKER_ASK]
    ticker_ids = tickers[0]["ival"]
    codec = MarketDataCodec(venue_symbol(Venue(f"binance-{market}"), symbol))
    books: dict[int, dict[float, float]] = {ev.BUY: {}, ev.SELL: {}}
    agreed = compared = depth_messages = 0
    for local_ts, message in lines(market, name):
        if b'bookTicker"' in message or b'trade"' in message:
            continue
        new = codec.feed(message, local_ts)
        px = new["px"] * 10.0 ** new["px_exp"]
        qty = new["qty"] * 10.0 ** new["qty_exp"]
        for bits, price, quantity in zip(new["ev"].tolist(), px.tolist(), qty.tolist(), strict=True):
            if bits & ev.KIND_MASK == ev.DEPTH_CLEAR:
                for book in books.values():
                    book.clear()
            else:
                books[bits & (ev.BUY | ev.SELL)][price] = quantity
        depth_messages += 1
        if not codec.book.valid or depth_messages % 10 or b'"data"' not in message:
            continue
        at = int(np.searchsorted(ticker_ids, json.loads(message)["data"]["u"], side="right")) - 1
        if at < 0:
            continue
        compared += 1
        best_bid = max(price for price, quantity in books[ev.BUY].items() if quantity)
        best_ask = min(price for price, quantity in books[ev.SELL].items() if quantity)
        ours = (best_bid, books[ev.BUY][best_bid], best_ask, books[ev.SELL][best_ask])
        theirs = tuple(
            float(side[name][at]) * 10.0 ** float(side[f"{name}_exp"][at])
            for side in tickers
            for name in ("px", "qty")
        )
        agreed += np.allclose(ours, theirs, rtol=1e-12)
    return agreed, compared
