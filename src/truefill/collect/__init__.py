"""Recordings of markets: reading those that others made, into tapes."""

from truefill.collect.recording import ConversionReport, convert

__all__ = ["ConversionReport", "convert"]
