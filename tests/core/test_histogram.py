"""Histograms against sorted lists."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from truefill.core.errors import ConfigError
from truefill.core.histogram import BUCKETS, Histogram, bucket_ends, bucket_of, new_counts

DURATIONS = st.lists(st.one_of(st.integers(0, 200), st.integers(0, 1 << 39)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(DURATIONS, st.floats(0.0, 1.0))
def test_quantiles_are_those_of_the_sorted_list(durations: list[int], q: float) -> None:
    histogram = Histogram()
    histogram.record(durations)

    exact = sorted(durations)[max(int(np.ceil(q * len(durations))), 1) - 1]
    assert exact <= histogram.quantile(q) <= max(exact * (1 + 1 / 64), exact)


@settings(max_examples=40, deadline=None)
@given(DURATIONS, DURATIONS)
def test_sums_are_exact_and_histograms_add_up(one: list[int], two: list[int]) -> None:
    both, first, second = Histogram(), Histogram(), Histogram()
    both.record(one + two)
    first.record(np.array(one))
    second.record(iter(two))
    first.add(second)

    assert first.counts.tolist() == both.counts.tolist()
    assert (both.count, both.total) == (len(one + two), sum(one + two))
    assert (both.minimum, both.maximum) == (min(one + two), max(one + two))
    assert both.mean == pytest.approx(sum(one + two) / len(one + two))


def test_buckets_follow_each_other_without_a_hole() -> None:
    ends = bucket_ends()

    assert ends[:65].tolist() == list(range(65))
    assert np.all(np.diff(ends) > 0)
    assert ends[-1] == (1 << 40) - 1
    for number in [0, 1, 63, 64, 127, 128, 129, 1000, BUCKETS - 2, BUCKETS - 1]:
        assert bucket_of(np.int64(ends[number])) == number
    for number in [0, 63, 64, 127, 128, 1000, BUCKETS - 2]:
        assert bucket_of(np.int64(ends[number] + 1)) == number + 1


def test_what_is_too_long_or_below_zero_is_counted_all_the_same() -> None:
    histogram = Histogram()
    histogram.record([-5, 1 << 50, 7])

    assert (histogram.minimum, histogram.maximum, histogram.count) == (0, 1 << 50, 3)
    assert histogram.quantiles([0.0, 0.5, 1.0]) == [0, 7, 1 << 50]
    assert histogram.cumulative([0, 7, 1 << 40]) == [1, 2, 2]


def test_counts_for_prometheus() -> None:
    histogram = Histogram()
    histogram.record([10, 20, 63, 100, 100, 5_000])

    assert histogram.cumulative([10, 50, 101, 1_000, 6_000]) == [1, 2, 5, 5, 6]
    assert histogram.summary()["count"] == 6


def test_nothing_has_no_quantiles_and_bad_arguments_are_refused() -> None:
    histogram = Histogram()

    assert histogram.quantiles([0.5, 1.0]) == [0, 0]
    assert np.isnan(histogram.mean)
    with pytest.raises(ConfigError, match="a share from 0 to 1"):
        histogram.quantile(1.5)
    with pytest.raises(ConfigError, match="counts int64"):
        Histogram(np.zeros(3, np.int64))
    histogram.record([3])
    histogram.clear()
    assert histogram.counts.tolist() == new_counts().tolist()
