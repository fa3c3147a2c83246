"""The processor's clock beside the system's."""

import time

import pytest

from truefill.exchange.processor_clock import ns_per_cycle, read_cycles


@pytest.mark.compiled_only
def test_it_goes_at_the_rate_that_was_measured() -> None:
    scale = ns_per_cycle()
    began, first = time.perf_counter_ns(), int(read_cycles())
    time.sleep(0.05)
    counted, passed = int(read_cycles()) - first, time.perf_counter_ns() - began

    assert counted * scale == pytest.approx(passed, rel=0.1)
    assert counted > 0
