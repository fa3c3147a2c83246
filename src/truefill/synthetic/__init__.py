"""Made markets with known truth: order-flow models run through the order-by-order book."""

from truefill.synthetic.hawkes import hawkes_times
from truefill.synthetic.market import Market, make_market
from truefill.synthetic.queue import queue_spells
from truefill.synthetic.zero_intelligence import ZeroIntelligence

__all__ = ["Market", "ZeroIntelligence", "hawkes_times", "make_market", "queue_spells"]
