"""HftBacktest's ``hftbacktest.data``: repair and check of event files."""

from typing import Any

from truefill.compat.hftbacktest.data.fuse import FuseMarketDepth
from truefill.compat.hftbacktest.data.validation import (
    correct_event_order,
    correct_local_timestamp,
    validate_event_order,
)
from truefill.compat.hftbacktest.replaced import missing

__all__ = ["FuseMarketDepth", "correct_event_order", "correct_local_timestamp", "validate_event_order"]


def __getattr__(name: str) -> Any:
    raise missing(__name__, name)
