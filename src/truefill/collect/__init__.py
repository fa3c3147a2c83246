"""Recordings of markets: writing them, and reading those that others made, into tapes."""

from truefill.collect.archive import RawArchive
from truefill.collect.recording import ConversionReport, convert
from truefill.collect.vendor_files import FilesReport, convert_files
from truefill.collect.verifying import Verified, verify
from truefill.collect.wide_layout import WideState
from truefill.collect.wide_writer import WideWriter, write_wide

__all__ = [
    "ConversionReport",
    "FilesReport",
    "RawArchive",
    "Verified",
    "WideState",
    "WideWriter",
    "convert",
    "convert_files",
    "verify",
    "write_wide",
]
