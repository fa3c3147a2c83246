"""HftBacktest's converter of recordings of MEXC's spot market."""

import os
from typing import Any

import numpy as np

from truefill.compat.hftbacktest.data.utils.collected import Message, Rows, read_messages
from truefill.compat.hftbacktest.data.utils.finishing import finish
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import ConfigError
from truefill.core.events import BUY, DEPTH, DEPTH_SNAPSHOT, SELL, TRADE

__all__ = ["convert"]


def convert(
    input_filename: str | os.PathLike[str],
    output_filename: str | os.PathLike[str] | None = None,
    base_latency: float = 0,
    buffer_size: int = 100_000_000,
    exch_ts_multiplier: float = 1e6,
) -> np.ndarray:
    """Convert a recording of one symbol.

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
    exch_ts_multiplier : float
        Nanoseconds in one unit of the venue's time, a whole number.

    Returns
    -------
    EVENT[]
        ``limit.depth`` as levels of a snapshot, ``increase.depth`` as changes, ``deals`` as trades.
    """
    if not float(exch_ts_multiplier).is_integer():
        raise ConfigError("a whole number", exch_ts_multiplier, "exch_ts_multiplier")
    unit = int(exch_ts_multiplier)
    rows = Rows()

    def take(message: Message, local_ts: int) -> None:
        if message.get("id") == 0:  # the answer to a subscription
            return
        channel, data = message["c"], message["d"]
        exch_ts = int(message["t"]) * unit
        if channel.startswith("spot@public.deals.v3.api"):
            for deal in data["deals"]:
                side = SELL if deal["S"] == 2 else BUY
                rows.add(TRADE | side, int(deal["t"]) * unit, local_ts, deal["p"], deal["v"])
            return
        changes = channel.startswith("spot@public.increase.depth.v3.api")
        if changes or channel.startswith("spot@public.limit.depth.v3.api"):
            kind = DEPTH if changes else DEPTH_SNAPSHOT
            for side, name in ((BUY, "bids"), (SELL, "asks")):
                for level in data.get(name) or ():
                    rows.add(kind | side, exch_ts, local_ts, level["p"], level["v"])

    read_messages(input_filename, "MEXC", take)
    return finish(rows.parts(), base_latency, output_filename)


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
