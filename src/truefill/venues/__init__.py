"""The venues: their names of things, and codecs of their messages that know nothing of sockets or files."""

from truefill.venues.codecs import market_codec
from truefill.venues.symbols import Symbol, parse_symbol, venue_symbol
from truefill.venues.venue import Venue

__all__ = ["Symbol", "Venue", "market_codec", "parse_symbol", "venue_symbol"]
