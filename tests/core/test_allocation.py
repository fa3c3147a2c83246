"""Shares of a trade: by time, by size, and what rounding does."""

import pytest

from truefill.core.allocation import size_part, time_part


@pytest.mark.parametrize(
    ("lots", "share", "by_time"),
    [(10, 0.0, 0), (10, 1.0, 10), (10, 0.4, 4), (5, 0.5, 3), (30, 0.1, 3), (1, 0.4, 0), (0, 0.4, 0)],
)
def test_the_part_by_time_is_rounded_to_the_nearest_lot(lots: int, share: float, by_time: int) -> None:
    """Halves up."""
    assert time_part(lots, share) == by_time


@pytest.mark.parametrize(
    ("lots", "own", "level", "least", "part"),
    [
        (20, 10, 40, 1, 5),
        (20, 10, 41, 1, 4),  # 4.88 is cut
        (20, 10, 41, 5, 0),  # below the least share
        (40, 10, 40, 99, 10),  # everybody is served: no minimum
        (50, 10, 40, 1, 10),
        (0, 10, 40, 1, 0),
        (20, 0, 40, 1, 0),
        (1 << 40, 1 << 40, 1 << 42, 1, 1 << 38),  # products beyond 64 bits
    ],
)
def test_the_part_by_size(lots: int, own: int, level: int, least: int, part: int) -> None:
    """In proportion, rounded down."""
    assert size_part(lots, own, level, least) == part
