"""Recordings of markets: reading those that others made, into tapes."""

from truefill.collect.recording import ConversionReport, convert
from truefill.collect.vendor_files import OrdersReport, convert_orders

__all__ = ["ConversionReport", "OrdersReport", "convert", "convert_orders"]
