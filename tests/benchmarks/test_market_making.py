"""The benchmark of a market maker's day works, on a small one."""

import json

import pytest
from benchmarks.market_making import main


@pytest.mark.slow
def test_a_small_day_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["20000", "20000", "0"])
    told = json.loads(capsys.readouterr().out)
    assert 143 == told["calibrations"]
    assert told["documented clocks"]["orders"] < told["requoted each second"]["orders"]
    assert told["requoted each second"]["fills"] > 0
    assert told["GLFT, each second"]["fills"] > 0
    assert told["day_cpu_s"] > 0
