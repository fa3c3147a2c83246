"""Recordings of markets: reading those that others made, into tapes."""

from truefill.collect.recording import ConversionReport, convert
from truefill.collect.vendor_files import FilesReport, convert_files

__all__ = ["ConversionReport", "FilesReport", "convert", "convert_files"]
