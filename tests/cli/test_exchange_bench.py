"""`truefill exchange bench` tells what it measured."""

import json

import pytest

from truefill.cli.main import app


@pytest.mark.slow
def test_all_markets_are_measured(capsys):
    with pytest.raises(SystemExit) as ended:
        app(["exchange", "bench", "--orders", "1000", "--comprehensive", "--rate", "200000", "--json"])
    assert ended.value.code == 0
    values = json.loads(capsys.readouterr().out)
    assert [one["shape"] for one in values["streams"]] == ["static", "swing", "crash"]
    for one in values["streams"]:
        assert one["closed"]["count"] == one["open"]["count"] == one["messages"] > 1000
        assert one["ns"] > 0
        assert one["closed"]["min"] <= one["closed"]["p50"] <= one["closed"]["p99"] <= one["closed"]["max"]
        # No slower than it was asked to be sent, but for the last message's time.
        assert one["open"]["messages_per_second"] < 205_000


def test_too_few_orders_are_refused(capsys):
    with pytest.raises(SystemExit) as ended:
        app(["exchange", "bench", "--orders", "3"])
    assert ended.value.code == 2
    assert "--orders" in capsys.readouterr().err
