"""Sources into one: of many days only those are open that arrive at the time."""

import functools

import numpy as np
import pytest

from truefill.core.events import DECIMAL_EVENT
from truefill.vendors.merging import merged


class Days:
    """Sources that say how many of them are open."""

    def __init__(self) -> None:
        self.open = self.most = self.begun = 0

    def read(self, number, times, size):
        self.begun += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            for start in range(0, len(times), size):
                part = times[start : start + size]
                rows = np.zeros(len(part), DECIMAL_EVENT)
                rows["local_ts"], rows["px"] = part, number
                yield rows, np.arange(start, start + len(part))
        finally:
            self.open -= 1


def all_of(sources):
    chunks = list(merged(sources))
    return np.concatenate([rows for rows, _ in chunks]), np.concatenate([lines for _, lines in chunks])


@pytest.mark.parametrize("seed", range(20))
def test_sources_that_begin_anew_give_the_same_rows(seed):
    """Days that overlap or not, with equal times and empty ones, in chunks of any size."""
    rng = np.random.default_rng(seed)
    times = [
        np.sort(rng.integers(0, 30, rng.integers(0, 20))) + 1 + day * rng.integers(0, 40)
        for day in rng.permutation(5)
    ]
    days, size = Days(), int(rng.integers(1, 9))
    expected = all_of([days.read(n, its, size) for n, its in enumerate(times)])
    got = all_of([functools.partial(days.read, n, its, size) for n, its in enumerate(times)])
    for mine, wanted in zip(got, expected, strict=True):
        np.testing.assert_array_equal(mine, wanted)
    order = np.lexsort((np.repeat(np.arange(5), [len(its) for its in times]), np.concatenate(times)))
    np.testing.assert_array_equal(expected[0]["local_ts"], np.concatenate(times)[order])
    assert days.open == 0


@pytest.mark.parametrize("backward", [False, True])
def test_of_days_that_do_not_overlap_two_are_open(backward):
    """Whatever order they are named in; beside them a source of all days."""
    days = Days()
    times = [day * 1000 + np.arange(1, 100) for day in range(30)]
    named = times[::-1] if backward else times
    sources = [functools.partial(days.read, n, its, 10) for n, its in enumerate(named)]
    rows, _ = all_of(sources)
    np.testing.assert_array_equal(rows["local_ts"], np.concatenate(times))
    assert days.most == 2
    beside, days.most = np.sort(np.concatenate(times)), 0
    rows, _ = all_of([*sources, functools.partial(days.read, 99, beside, 10)])
    assert len(rows) == 2 * len(beside)
    assert days.most <= 3
