"""HftBacktest's converters of recordings of Bybit: one depth, or all depths fused."""

import os
from enum import IntEnum
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.data.fuse import FuseMarketDepth
from truefill.compat.hftbacktest.data.utils.collected import Message, Rows, number, read_messages
from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.events import BUY, DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, EVENT, SELL, TRADE

__all__ = ["BybitDepthLevel", "convert_depth", "convert_fused"]

_MS = 1_000_000


class BybitDepthLevel(IntEnum):
    """Depths that Bybit's websocket offers."""

    LEVEL_1 = 1
    LEVEL_25 = 25
    LEVEL_50 = 50
    LEVEL_100 = 100
    LEVEL_200 = 200
    LEVEL_1000 = 1000


def convert_depth(
    input_filename: str | os.PathLike[str],
    output_filename: str | os.PathLike[str] | None = None,
    base_latency: float = 0,
    buffer_size: int = 100_000_000,
    single_depth_level: BybitDepthLevel = BybitDepthLevel.LEVEL_50,
) -> np.ndarray:
    """Convert one depth and the trades of a recording.

    Parameters
    ----------
    input_filename : path
        Lines of ``<local time, 19 or 16 digits> <message>``, plain or packed.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    base_latency : float
        ns; see `correct_local_timestamp`.
    buffer_size : int
        Not needed: memory grows with the data.
    single_depth_level : BybitDepthLevel
        Other depths are passed over.

    Returns
    -------
    EVENT[]
        The book at ``ts``, trades at ``T``.
    """
    rows = Rows()
    wanted = f"orderbook.{int(single_depth_level)}."

    def take(message: Message, local_ts: int) -> None:
        topic, data = message.get("topic", ""), message.get("data")
        if data is None:
            return
        if topic.startswith(wanted):
            exch_ts = int(message["ts"]) * _MS
            snapshot = message["type"] == "snapshot"
            kind = DEPTH_SNAPSHOT if snapshot else DEPTH
            for side, name in ((BUY, "b"), (SELL, "a")):
                levels = data.get(name) or ()
                if snapshot and levels:
                    rows.add(DEPTH_CLEAR | side, exch_ts, local_ts, levels[-1][0], 0)
                for px, qty in levels:
                    rows.add(kind | side, exch_ts, local_ts, px, qty)
        elif topic.startswith("publicTrade."):
            _trades(rows, message, local_ts)

    read_messages(input_filename, "Bybit", take)
    return finish(rows.parts(), base_latency, output_filename)


def convert_fused(
    input_filename: str | os.PathLike[str],
    output_filename: str | os.PathLike[str] | None = None,
    base_latency: float = 0,
    buffer_size: int = 100_000_000,
    tick_size: float = 0.01,
    lot_size: float = 0.001,
) -> np.ndarray:
    """Convert a recording of several depths into one book.

    Parameters
    ----------
    input_filename : path
        Lines of ``<local time, 19 or 16 digits> <message>``, plain or packed.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    base_latency : float
        ns; see `correct_local_timestamp`.
    buffer_size : int
        Not needed: memory grows with the data.
    tick_size, lot_size : float
        Of the instrument; see `FuseMarketDepth`.

    Returns
    -------
    EVENT[]
        The fused book at ``ts``, trades at ``T``.
    """
    trades = Rows()
    fuse = FuseMarketDepth(tick_size, lot_size)
    event = np.zeros(1, EVENT)

    def take(message: Message, local_ts: int) -> None:
        topic, data = message.get("topic", ""), message.get("data")
        if data is None:
            return
        if topic.startswith("orderbook."):
            exch_ts = int(message["ts"]) * _MS
            kind = DEPTH_SNAPSHOT if message["type"] == "snapshot" else DEPTH
            for side, name in ((BUY, "b"), (SELL, "a")):
                for px, qty in data.get(name) or ():
                    event[0] = (kind | side, exch_ts, local_ts, number(px), number(qty), 0, 0, 0.0)
                    fuse.process_event(event, 0, True)
        elif topic.startswith("publicTrade."):
            _trades(trades, message, local_ts)

    read_messages(input_filename, "Bybit", take)
    rows = np.concatenate([np.array(fuse.fused_events), *trades.parts()])
    return finish([rows[np.lexsort((rows["local_ts"], rows["exch_ts"]))]], base_latency, output_filename)


def _trades(rows: Rows, message: Message, local_ts: int) -> None:
    for trade in message["data"]:
        side = SELL if trade["S"] == "Sell" else BUY
        rows.add(TRADE | side, int(trade.get("T", message.get("ts"))) * _MS, local_ts, trade["p"], trade["v"])


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
