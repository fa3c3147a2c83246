"""Bybit's codec on a whole session of a live client."""

import json

import numpy as np
import pytest

from tests.support.sessions import RowsBook, replay, session
from truefill.core import events as ev
from truefill.venues import Venue, venue_symbol
from truefill.venues.bybit import BybitCodec
from truefill.venues.bybit.codec import read_instruments

NAME = "bybit_v5_20260809"
LINEAR, SPOT = "BYBIT.ws.2", "BYBIT.ws.3"
pytestmark = pytest.mark.needs_shared


def codecs() -> dict[str, BybitCodec]:
    linear = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")
    return {
        LINEAR: BybitCodec([venue_symbol(Venue.BYBIT_LINEAR, s) for s in linear]),
        SPOT: BybitCodec([venue_symbol(Venue.BYBIT_SPOT, s) for s in ("BTCUSDT", "ETHUSDT")]),
    }


def test_counts() -> None:
    """All messages are read; the numbers are those of the recordings' own list, and no book has a gap."""
    by_conn = codecs()
    rows = replay(NAME, by_conn.get)
    linear, spot = by_conn[LINEAR].counters, by_conn[SPOT].counters
    books = [codec.book_counters for codec in by_conn.values()]
    assert linear.messages + spot.messages == 3227
    assert linear.depth + spot.depth + sum(b.snapshots for b in books) == 2148
    assert linear.answers + spot.answers == 24
    assert linear.ignored + spot.ignored == 0
    assert linear.klines + spot.klines >= 96
    assert (linear.trades, spot.trades, linear.trades_dropped) == (327, 20, 0)  # in 120 messages
    for b in books:
        assert (b.gaps, b.duplicates, b.out_of_order, b.crossed, b.resets) == (0, 0, 0, 0, 0)
    assert all(s.book.valid for codec in by_conn.values() for s in codec.streams.values())
    trades = np.concatenate([r[(r["ev"] & ev.KIND_MASK) == ev.TRADE] for r in rows.values()])
    assert len(np.unique(trades["order_id"])) == len(trades) == 347
    assert not by_conn[LINEAR].notices


def test_book_and_tickers_agree() -> None:
    """Where the book's best levels are the same before and after a ticker's sequence, the ticker has them."""
    books = {
        f"{conn}{s}": RowsBook() for conn in (LINEAR,) for s in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT")
    }
    history: dict[str, list[tuple[int, tuple]]] = {name: [] for name in books}
    tickers: dict[str, list[tuple[int, tuple]]] = {name: [] for name in books}
    by_conn = codecs()
    for entry in session(NAME):
        if entry.kind != "recv" or entry.conn != LINEAR:
            continue
        rows = by_conn[LINEAR].feed(entry.data, entry.local_ts)
        m = json.loads(entry.data)
        topic = m.get("topic", "").split(".")
        name = LINEAR + topic[-1]
        if topic[0] == "orderbook":
            books[name].apply(rows)
            bids, asks = books[name].floats(ev.BUY), books[name].floats(ev.SELL)
            bid, ask = max(bids), min(asks)
            history[name].append((m["data"]["seq"], (bid, bids[bid], ask, asks[ask])))
        elif topic[0] == "tickers":
            keys = ("bid1Price", "bid1Size", "ask1Price", "ask1Size")
            before = tickers[name][-1][1] if tickers[name] else (0.0,) * 4
            best = tuple(float(m["data"].get(key, old)) for key, old in zip(keys, before, strict=True))
            tickers[name].append((m["cs"], best))
    compared = agreed = steady = agreed_steady = 0
    for name, seen in tickers.items():
        ids = [sequence for sequence, _ in history[name]]
        for sequence, best in seen:
            at = int(np.searchsorted(ids, sequence, side="right"))
            if 0 < at < len(ids):  # a book is pushed each 100 ms, a ticker as often, at other moments
                before, after = history[name][at - 1][1], history[name][at][1]
                compared += 1
                agreed += best in (before, after)
                steady += before == after
                agreed_steady += before == after == best
    assert compared > 700
    assert steady > 50
    assert agreed_steady > 0.95 * steady
    assert agreed > 0.8 * compared  # within a book's 100 ms the best quantities may change and change again


def test_instruments() -> None:
    """Each instrument of the venue's own answer has a canonical name that leads back to the venue's."""
    found = {}
    for entry in session(NAME):
        if entry.kind == "http":
            venue = Venue.BYBIT_SPOT if "spot" in entry.url else Venue.BYBIT_LINEAR
            found |= {str(i.symbol): i for i in read_instruments(entry.data, venue)}
    assert len(found) == 800 + 557
    assert all(i.symbol.native == i.native for i in found.values())
    steps = {
        name: (found[name].tick, found[name].lot) for name in ("BTCUSDT-PERP.BYBIT", "DOGEUSDT-PERP.BYBIT")
    }
    assert steps == {"BTCUSDT-PERP.BYBIT": ("0.10", "0.001"), "DOGEUSDT-PERP.BYBIT": ("0.00001", "1")}
    assert found["BTCUSDT-260814.BYBIT"].native == "BTCUSDT-14AUG26"
