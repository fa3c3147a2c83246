"""Timing messages changes nothing about them."""

import numpy as np
import pytest

from tests.matching.flow import random_messages
from truefill.core.errors import ConfigError, InputError
from truefill.core.matching import Engine
from truefill.core.matching_image import image_of
from truefill.exchange.latency import measure_latency


@pytest.mark.parametrize("rate", [None, 5e6])
def test_a_timed_engine_is_the_other_one(rate: float | None) -> None:
    flow = random_messages(4, 6000, symbols=2)
    plain, timed = (Engine(2, window=256, orders=1, far_levels=4096) for _ in range(2))
    plain.process(flow)
    found = measure_latency(timed, flow, rate=rate)

    assert image_of(timed) == image_of(plain)
    assert found.histogram.count == len(flow)
    assert found.summary()["count"] == len(flow)
    assert found.histogram.minimum <= found.histogram.quantile(0.5) <= found.histogram.maximum


@pytest.mark.compiled_only
def test_an_open_loop_keeps_its_pace_and_counts_the_waiting() -> None:
    flow = random_messages(4, 200)
    measure_latency(Engine(window=256), flow)
    slow = measure_latency(Engine(window=256), flow, rate=20_000.0)
    assert slow.seconds > 199 / 20_000 * 0.99
    late = measure_latency(Engine(window=256), flow, rate=9e8)
    # All are due at once: the last one waits for all others, so the worst is most of the whole.
    assert late.histogram.maximum > late.histogram.mean > late.histogram.minimum > 0
    assert late.cost_ns > 0


def test_what_is_no_stream_or_no_rate_is_refused() -> None:
    with pytest.raises(InputError, match="array of MESSAGE"):
        measure_latency(Engine(window=64), np.zeros(3))
    with pytest.raises(ConfigError, match="a rate above 0"):
        measure_latency(Engine(window=64), random_messages(1, 5), rate=0.0)
