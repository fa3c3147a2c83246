"""Our own exchange: so far a server of market data that speaks real venues' protocols on loopback."""

from truefill.exchange.faults import Faults
from truefill.exchange.made import MadeFeed
from truefill.exchange.market_server import MarketServer, Sent
from truefill.exchange.recorded import RecordedFeed

__all__ = ["Faults", "MadeFeed", "MarketServer", "RecordedFeed", "Sent"]
