"""Historical files of data vendors and venues, as events: no sockets, nothing of tapes."""

from truefill.vendors.databento import DatabentoReader, read_databento
from truefill.vendors.lobster import LobsterReader, read_lobster
from truefill.vendors.reader import EventReader, ReaderCounters, all_events, float_events

__all__ = [
    "DatabentoReader",
    "EventReader",
    "LobsterReader",
    "ReaderCounters",
    "all_events",
    "float_events",
    "read_databento",
    "read_lobster",
]
