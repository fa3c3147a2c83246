"""A venue's throttle, message by message."""

import pytest

from truefill.core.limits import VenueLimits, passes_throttle


@pytest.mark.parametrize("start", [0, -1_000])
def test_an_interval_takes_so_many_messages(start: int) -> None:
    """Two in each ten nanoseconds; those refused do not count; an earlier one counts in the last interval."""
    limits = VenueLimits(messages=2, interval_ns=10).record(0.5, 0.1)[0]
    times = [0, 3, 9, 10, 11, 19, 5, 20, 12, 20]
    passed = [passes_throttle(limits, start + ts) for ts in times]

    assert passed == [True, True, False, True, True, False, False, True, True, False]


def test_without_a_limit_everything_passes() -> None:
    limits = VenueLimits().record(0.5, 0.1)[0]
    assert all(passes_throttle(limits, 7) for _ in range(100))
