"""What a collector has counted, for Prometheus and on a terminal."""

import asyncio
import io
import math
import urllib.request
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from tests.collect.test_collector import BTC, HASTE, collect, until
from tests.support.served import Served
from truefill.collect.collector import Collector
from truefill.core.errors import ConfigError
from truefill.monitor.prometheus import MetricsServer
from truefill.monitor.readings import read
from truefill.monitor.view import View, show

pytestmark = pytest.mark.slow  # sockets: interpreted they are the same


def metrics(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return list(text_string_to_metric_families(answer.read().decode()))


def values(families):
    """By name, venue and instrument."""
    return {
        (s.name.removeprefix("truefill_collect_"), *sorted(s.labels.values(), reverse=True)): s.value
        for family in families
        for s in family.samples
    }


def test_metrics_are_the_counters(tmp_path):
    collector = collect(Served(BTC, 20.0), tmp_path, [BTC])
    with MetricsServer(lambda: read([collector]), 0) as server:
        families = metrics(server.port)
        found = values(families)
        state = collector.state
        assert found["messages_total", "binance-usdm"] == state.messages > 100
        assert found["unread_messages_total", "binance-usdm"] == 0
        assert found["archive_bytes_total", "binance-usdm"] == collector.usage.bytes > 1000
        own = state.instruments["BTCUSDT"]
        assert found["instrument_messages_total", "binance-usdm", "BTCUSDT"] == own.messages
        assert found["last_message_timestamp_seconds", "binance-usdm", "BTCUSDT"] == own.last_ts / 1e9
        assert 0.0 <= found["lag_seconds", "binance-usdm", "BTCUSDT"] < 60.0
        assert found["last_price", "binance-usdm", "BTCUSDT"] > 0.0
        assert found["connected", "binance-usdm"] == 0.0
        assert {label for family in families for s in family.samples for label in s.labels} == {
            "venue", "instrument"
        }  # fmt: skip
        with pytest.raises(ConfigError, match="metrics_port: expected a free port"):
            MetricsServer(lambda: [], server.port)
    with pytest.raises(OSError, match="refused"):
        metrics(server.port)


def test_before_a_run_there_is_nothing_to_tell(tmp_path):
    (reading,) = read([Collector([BTC], tmp_path)])
    assert (reading.connected, reading.bytes, reading.messages) == (False, 0, 0)
    assert math.isnan(reading.instruments[0].lag_s)


def test_the_table_has_rates_and_what_is_wrong(tmp_path):
    collector = collect(Served(BTC, 20.0), tmp_path, [BTC])
    (reading,) = read([collector])
    (one,) = reading.instruments
    readings, now = [replace(reading, connected=True)], [0.0]
    view = View(lambda: readings, lambda: now[0])

    def drawn():
        screen = Console(file=io.StringIO(), width=120, color_system=None)
        screen.print(view.table())
        return screen.file.getvalue()

    assert "BTCUSDT" in drawn()
    now[0] = 2.0
    readings[0] = replace(readings[0], instruments=(replace(one, messages=one.messages + 5000, valid=False),))
    text = drawn()
    assert "2,500" in text
    assert "suspect" in text
    readings[0] = replace(readings[0], connected=False, instruments=(one,) * 50)
    text = drawn()
    assert "no connection" in text
    assert "and 10 more" in text


def test_a_terminal_is_drawn_until_the_end(tmp_path):
    async def run():
        async with Served(BTC, None) as server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=HASTE)
            running = asyncio.create_task(collector.run())
            screen = Console(file=io.StringIO(), width=120, force_terminal=True)
            drawing = asyncio.create_task(show(View(lambda: read([collector])), screen, 0.05))
            await until(lambda: "whole" in screen.file.getvalue(), "a whole book on the screen")
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)
            collector.stop()
            await running

    asyncio.run(run())
