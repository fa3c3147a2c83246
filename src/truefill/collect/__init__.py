"""Recordings of markets: reading those that others made, into tapes."""

from truefill.collect.recording import ConversionReport, convert
from truefill.collect.vendor_files import FilesReport, convert_files
from truefill.collect.verifying import Verified, verify

__all__ = ["ConversionReport", "FilesReport", "Verified", "convert", "convert_files", "verify"]
