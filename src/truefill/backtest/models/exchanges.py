"""Exchange models: how orders are filled against a recorded market.

The rules themselves are in `fill_rules` and `taking`; these objects choose among them.
"""

import math
from dataclasses import dataclass

from truefill.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class FifoExchange:
    """The default: partial fills, own orders share a trade in price-time order, takers use up the book."""


@dataclass(frozen=True, slots=True)
class ProRataExchange:
    """As `FifoExchange`, but a trade at an order's own price is shared by size, or partly by time.

    CME Globex' split of FIFO and pro-rata: `core.allocation` and docs/fill-rules.md say it in full.

    Parameters
    ----------
    time_share : float
        Share of each trade that goes by time, 0 (pure pro-rata) to 1 (pure price-time).
    min_lots : int
        A share by size below this is none; CME's minimum is 2.
    """

    time_share: float = 0.0
    min_lots: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time_share) and 0.0 <= self.time_share <= 1.0):
            raise ConfigError("a share from 0 to 1", self.time_share, "ProRataExchange.time_share")
        if isinstance(self.min_lots, bool) or not isinstance(self.min_lots, int) or self.min_lots < 1:
            raise ConfigError("a whole number of lots >= 1", self.min_lots, "ProRataExchange.min_lots")


@dataclass(frozen=True, slots=True)
class NoPartialFillExchange:
    """The rules of HftBacktest's NoPartialFillExchange: an order fills whole or not at all."""


@dataclass(frozen=True, slots=True)
class PartialFillExchange:
    """The rules of HftBacktest's PartialFillExchange, its faults mended.

    Orders fill in parts, takers get what the book shows and leave it as it is; each own order meets the
    whole of a trade.
    """


ExchangeModel = FifoExchange | ProRataExchange | NoPartialFillExchange | PartialFillExchange
