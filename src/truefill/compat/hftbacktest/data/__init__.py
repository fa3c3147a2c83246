"""HftBacktest's ``hftbacktest.data``: repair and check of event files."""

from truefill.compat.hftbacktest.data.validation import (
    correct_event_order,
    correct_local_timestamp,
    validate_event_order,
)

__all__ = ["correct_event_order", "correct_local_timestamp", "validate_event_order"]
