"""The benchmark of a market maker's day works, on a small one."""

import json

import pytest
from benchmarks.market_making import main
from benchmarks.report import making_section


@pytest.mark.slow
def test_a_small_day_is_timed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["20000", "20000", "0"])
    told = json.loads(capsys.readouterr().out)
    assert 143 == told["calibrations"]
    assert told["documented clocks"]["orders"] < told["requoted each second"]["orders"]
    assert told["requoted each second"]["fills"] > 0
    assert told["GLFT, each second"]["fills"] > 0
    assert told["day_cpu_s"] > 0
    text = making_section(told)
    assert "20,000 books" in text and "| GLFT, each second |" in text and "walk forward" not in text
    walked = {"candidates": 4, "folds": 8, "one_thread_s": 2.0, "seconds": 1.0, "workers": 2, "scaling": 2.0}
    assert "4 candidates over 8 folds" in making_section(
        {**told, "walk_forward": {**walked, "control_scaling": 1.9}}
    )
    assert making_section({}) == ""
