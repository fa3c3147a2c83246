"""Our own exchange: a matching engine with a journal, streams of orders, a market-data server on loopback."""

from truefill.exchange.durable_engine import DurableEngine
from truefill.exchange.faults import Faults
from truefill.exchange.latency import Latency, measure_latency
from truefill.exchange.made import MadeFeed
from truefill.exchange.market_server import MarketServer, Sent
from truefill.exchange.order_tape import OrderTape, canonical, read_order_tape, write_order_tape
from truefill.exchange.recorded import RecordedFeed

__all__ = [
    "DurableEngine",
    "Faults",
    "Latency",
    "MadeFeed",
    "MarketServer",
    "OrderTape",
    "RecordedFeed",
    "Sent",
    "canonical",
    "measure_latency",
    "read_order_tape",
    "write_order_tape",
]
