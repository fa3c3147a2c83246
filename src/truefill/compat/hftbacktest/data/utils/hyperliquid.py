"""HftBacktest's converter of recordings of Hyperliquid: books of 20 levels, and trades."""

import os
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.data.utils.collected import Message, Rows, number, read_messages
from truefill.compat.hftbacktest.data.utils.difforderbooksnapshot import (
    CHANGED,
    IN_THE_BOOK_DELETION,
    INSERTED,
    DiffOrderBookSnapshot,
)
from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.events import BUY, DEPTH, SELL, TRADE

__all__ = ["convert"]


def convert(
    input_filename: str | os.PathLike[str],
    tick_size: float,
    lot_size: float,
    num_levels: int = 20,
    output_filename: str | os.PathLike[str] | None = None,
    base_latency: float = 0,
    buffer_size: int = 100_000_000,
    exch_ts_multiplier: int = 1_000_000,
    delete_out_of_book: bool = True,
) -> np.ndarray:
    """Convert a recording of one coin.

    Parameters
    ----------
    input_filename : path
        Lines of ``<local time, 19 or 16 digits> <message>``, plain or packed.
    tick_size, lot_size : float
        Of the instrument: levels are compared in them.
    num_levels : int
        Most levels a side of ``l2Book``.
    output_filename : path, optional
        A ``.npz`` file to write the events to.
    base_latency : float
        ns; see `correct_local_timestamp`.
    buffer_size : int
        Not needed: memory grows with the data.
    exch_ts_multiplier : int
        Nanoseconds in one unit of the venue's time.
    delete_out_of_book : bool
        Whether a level that left the window of levels is deleted, too.

    Returns
    -------
    EVENT[]
    """
    rows = Rows()
    compare = DiffOrderBookSnapshot(num_levels, tick_size, lot_size)

    def take(message: Message, local_ts: int) -> None:
        data = message.get("data")
        if message.get("channel") == "trades":
            for trade in data or ():
                side = SELL if trade["side"] == "A" else BUY
                exch_ts = int(trade["time"]) * exch_ts_multiplier
                rows.add(TRADE | side, exch_ts, local_ts, trade["px"], trade["sz"])
        elif message.get("channel") == "l2Book" and data is not None:
            exch_ts = int(data["time"]) * exch_ts_multiplier
            sides = [
                [np.array([number(level[name]) for level in side]) for name in ("px", "sz")]
                for side in data["levels"]
            ]
            bids, asks, gone_bids, gone_asks = compare.snapshot(*sides[0], *sides[1])
            for side, levels in ((BUY, bids), (SELL, asks)):
                for px, qty, what in levels.tolist():
                    if what in (INSERTED, CHANGED):
                        rows.add(DEPTH | side, exch_ts, local_ts, px, qty)
            for side, gone in ((BUY, gone_bids), (SELL, gone_asks)):
                for px, where in gone.tolist():
                    if where == IN_THE_BOOK_DELETION or delete_out_of_book:
                        rows.add(DEPTH | side, exch_ts, local_ts, px, 0)

    read_messages(input_filename, "Hyperliquid", take)
    return finish(rows.parts(), base_latency, output_filename)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
