"""The venues: their names of things, and codecs of their messages that know nothing of sockets or files."""

from truefill.venues.symbols import Symbol, Venue, parse_symbol, venue_symbol

__all__ = ["Symbol", "Venue", "parse_symbol", "venue_symbol"]
