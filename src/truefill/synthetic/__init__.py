"""Made markets with known truth: order-flow models run through the order-by-order book."""

from truefill.synthetic.market import Market, make_market
from truefill.synthetic.zero_intelligence import ZeroIntelligence

__all__ = ["Market", "ZeroIntelligence", "make_market"]
