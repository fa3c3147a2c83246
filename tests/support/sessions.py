"""Sessions of live clients, recorded by others: raw WebSocket and REST messages, one JSON object a line."""

import gzip
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from tests.support.shared import shared_data
from truefill.core import events as ev
from truefill.venues.codec import VenueCodec
from truefill.venues.wants import Fetch

Book = dict[tuple[str, float], float]


class Entry(NamedTuple):
    """One line."""

    kind: str  # http, connect, send, recv
    local_ts: int  # ns
    conn: str
    url: str
    data: bytes


def session(name: str) -> Iterator[Entry]:
    """Yield the lines of one recording below ``shared/data/ws``, without its header."""
    with gzip.open(shared_data(f"ws/{name}.jsonl.gz")) as file:
        for line in file:
            e = json.loads(line)
            if e["t"] != "header":
                ts = round(e.get("ts", 0) * 1e6) * 1000
                url = e.get("url") or e.get("addr", "")
                yield Entry(e["t"], ts, e.get("conn", ""), url, (e.get("data") or "").encode())


def replay(
    name: str,
    codec_of: Callable[[str], VenueCodec | None],
    after: Callable[[VenueCodec, Entry], None] | None = None,
    snapshot: Callable[[Entry], tuple[VenueCodec, str] | None] = lambda entry: None,
) -> dict[str, np.ndarray]:
    """Feed a whole session to codecs; the rows by canonical symbol.

    Parameters
    ----------
    codec_of : callable
        The codec of a connection's name.
    after : callable, optional
        Called after each message.
    snapshot : callable, optional
        Whose snapshot an answer of REST is: the codec, and the venue's name of the instrument.
    """
    parts: dict[str, list[np.ndarray]] = {}
    for number, entry in enumerate(session(name), start=1):
        if entry.kind == "http" and (found := snapshot(entry)) is not None:
            codec, native = found
            codec.fetched(Fetch(entry.url, native), entry.data, entry.local_ts, number)
        elif entry.kind == "recv" and (spoken := codec_of(entry.conn)) is not None:
            codec = spoken
            codec.add(entry.data, entry.local_ts, number)
        else:
            continue
        for symbol, rows in codec.take():
            parts.setdefault(str(symbol), []).append(rows)
        if after is not None:
            after(codec, entry)
    return {symbol: np.concatenate(rows) for symbol, rows in parts.items()}


def kinds(rows: np.ndarray) -> dict[int, int]:
    """Number of rows of each kind."""
    values, counts = np.unique(rows["ev"] & ev.KIND_MASK, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


class RowsBook:
    """The book that rows lead to, as simply as it can be told."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[tuple[int, int], tuple[int, int]]] = {ev.BUY: {}, ev.SELL: {}}
        self.orders: dict[int, tuple[int, tuple[int, int], tuple[int, int]]] = {}

    def apply(self, rows: np.ndarray) -> None:
        columns = [rows[name].tolist() for name in ("ev", "px", "px_exp", "qty", "qty_exp", "order_id")]
        for bits, px, px_exp, qty, qty_exp, order_id in zip(*columns, strict=True):
            kind = bits & ev.KIND_MASK
            if kind == ev.DEPTH_CLEAR:
                for side in self.levels.values():
                    side.clear()
                self.orders.clear()
            elif kind in (ev.ADD_ORDER, ev.MODIFY_ORDER):
                assert (order_id in self.orders) == (kind == ev.MODIFY_ORDER)
                self.orders[order_id] = bits & (ev.BUY | ev.SELL), (px, px_exp), (qty, qty_exp)
            elif kind == ev.CANCEL_ORDER:
                del self.orders[order_id]
            elif kind in (ev.DEPTH, ev.DEPTH_SNAPSHOT):
                side = self.levels[bits & (ev.BUY | ev.SELL)]
                if qty:
                    side[px, px_exp] = qty, qty_exp
                else:
                    side.pop((px, px_exp), None)

    def floats(self, side: int) -> dict[float, float]:
        levels = list(self.levels[side].items())
        levels += [(px, qty) for flag, px, qty in self.orders.values() if flag == side]
        found: dict[float, Decimal] = {}
        for (px, px_exp), (qty, qty_exp) in levels:
            price = float(f"{px}e{px_exp}")
            found[price] = found.get(price, Decimal(0)) + Decimal(qty).scaleb(qty_exp)
        return {price: float(qty) for price, qty in found.items()}

    def best(self) -> tuple[float, float]:
        return max(self.floats(ev.BUY)), min(self.floats(ev.SELL))
