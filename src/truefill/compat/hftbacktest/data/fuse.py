"""HftBacktest's `FuseMarketDepth`: best prices and depth of one market into one stream of events.

The work is that of `truefill.tape.FuseMarketDepth`, by rows alone as HftBacktest does it; the other, with
`fuse`, knows more of the streams.
"""

import numpy as np

from truefill.compat.hftbacktest.data.validation import require_events
from truefill.core.errors import DataError
from truefill.tape import FuseMarketDepth as _Fusing

__all__ = ["FuseMarketDepth"]


class FuseMarketDepth:
    """Fuses events one by one, in the order in which they arrived.

    Parameters
    ----------
    tick_size, lot_size : float
        Steps of price and quantity.
    """

    def __init__(self, tick_size: float, lot_size: float) -> None:
        self._fusing = _Fusing(tick_size, lot_size, complete=False)

    def process_event(self, ev: np.ndarray, index: int, add: bool) -> None:
        """Take one event.

        Parameters
        ----------
        ev : EVENT[]
            Events; best prices are rows of kind DEPTH_BBO_EVENT.
        index : int
            Which of them.
        add : bool
            Whether what it changes becomes part of `fused_events`; the book changes anyway.

        Raises
        ------
        DataError
            It is no event, or one of a kind that cannot be fused.
        """
        rows = require_events(ev, "FuseMarketDepth")
        if not 0 <= index < len(rows):
            raise DataError(f"an index below {len(rows)}", index, "FuseMarketDepth")
        self._fusing.process_event(rows[index], add=bool(add))

    @property
    def fused_events(self) -> np.ndarray:
        """The events so far, EVENT[]."""
        return self._fusing.fused_events

    def close(self) -> None:
        """Do nothing: memory is freed by itself."""
