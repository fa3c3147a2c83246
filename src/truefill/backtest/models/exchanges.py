"""Exchange models: how orders are filled against a recorded market.

The rules themselves are in `fill_rules`; these objects choose among them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FifoExchange:
    """The default: partial fills, own orders share a trade in price-time order, takers use up the book."""


@dataclass(frozen=True, slots=True)
class NoPartialFillExchange:
    """The rules of HftBacktest's NoPartialFillExchange: an order fills whole or not at all."""


ExchangeModel = FifoExchange | NoPartialFillExchange
