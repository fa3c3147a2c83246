import asyncio
import logging
import os
import random
import time

import numpy as np
import pytest

from tests.support.served import Served, levels
from truefill.collect import convert, verify
from truefill.collect.backoff import Backoff
from truefill.collect.collector import Collector, Patience
from truefill.collect.collector_state import read_collector_state
from truefill.collect.endpoints import Endpoint, endpoint
from truefill.collect.lines import LineReader
from truefill.core.errors import ConfigError, DataError
from truefill.exchange import Faults
from truefill.tape import Tape, read_parquet
from truefill.venues import Venue, market_codec, parse_symbol

BTC, ETH = "BTCUSDT-PERP.BINANCE", "ETHUSDT-PERP.BINANCE"
HASTE = Patience(retry_s=0.01, most_s=0.1)


async def until(true, what):
    for _ in range(3000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never: {what}")


def collect(server, folder, symbols, patience=HASTE, **options):
    """Collect all that a server sends; returns the collector."""

    async def run():
        async with server:
            collector = Collector(symbols, folder, at=server.endpoint, patience=patience, **options)
            running = asyncio.create_task(collector.run())
            before, seen = collector.state.messages, [0]

            def all_came():  # of the answers some are to questions of connections that are gone
                whole = all(stream.book.valid for stream in collector.codec.streams.values())
                seen.append(collector.state.messages - before)
                return whole and seen[-1] >= len(server.sent) and len(seen) > 20 and seen[-20] == seen[-1]

            await until(lambda: server.finished.is_set() or running.done(), "the server has sent everything")
            await until(lambda: all_came() or running.done(), "everything has come")
            collector.stop()
            await running
            return collector

    return asyncio.run(run())


def archived(folder, name):
    messages = []
    for path in sorted((folder / "raw").glob(f"{name}_*.gz")):
        lines = list(LineReader(path))
        times = [int(line.partition(b" ")[0]) for line in lines]
        assert times == sorted(times)
        messages += [line.partition(b" ")[2].decode() for line in lines]
    return messages


def stream_of(messages):
    return [m for m in messages if "lastUpdateId" not in m]


def test_what_was_sent_is_archived_and_becomes_sound_tapes(tmp_path):
    server = Served([BTC, ETH])
    collector = collect(server, tmp_path, [BTC, ETH])
    for name, symbol in (("BTCUSDT", BTC), ("ETHUSDT", ETH)):
        kept = archived(tmp_path, name)
        assert stream_of(kept) == server.texts(name)
        assert [m for m in kept if "lastUpdateId" in m] == server.snapshots(name)
        files = sorted((tmp_path / "raw").glob(f"{name}_*.gz"))
        report = convert(files, venue="binance-usdm", symbol=name, out=tmp_path / f"{name}.tape")
        assert (report.gaps, report.book.snapshots) == (0, 1)
        (checked,) = verify(tmp_path / f"{name}.tape")
        assert checked.report.sound()

        parts = sorted((tmp_path / "events").glob(f"{name}_*.parquet"))
        source = read_parquet(parts)
        assert (source.symbol, source.events) == (symbol, collector.state.instruments[name].events)
        trades = sum('"e":"trade"' in m for m in server.texts(name))
        tape = Tape.open(tmp_path / f"{name}.tape")
        assert len(tape.trades) == trades
        book = collector.codec.streams[name].book
        assert (levels(book.bids), levels(book.asks)) == server.levels(name)
    assert archived(tmp_path, "_connection") == server.texts("")
    assert archived(tmp_path, "_unread") == []
    state = read_collector_state(tmp_path, "binance-usdm")
    assert state == collector.state
    assert (state.running, state.runs, state.connections, state.unread) == (False, 1, 1, 0)
    assert state.instruments["BTCUSDT"].messages == len(archived(tmp_path, "BTCUSDT"))


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 8))])
def test_faults_are_repaired_and_everything_that_came_is_archived(tmp_path, seed):
    faults = Faults(drop=0.01, duplicate=0.02, reorder=0.01, damage=0.01, close=0.01, most=30)
    server = Served(BTC, 60.0, seed=seed, faults=faults, refuse_first=2)
    collector = collect(server, tmp_path, [BTC])
    assert all(server.done[fault] for fault in ("drop", "duplicate", "reorder", "damage", "close"))
    assert stream_of(archived(tmp_path, "BTCUSDT")) == server.texts("BTCUSDT")
    assert archived(tmp_path, "_unread") == [m for m in server.texts("") if "result" not in m]
    assert collector.state.unread == server.done["damage"]
    assert collector.state.connections == server.connections == server.done["close"] + 1
    assert (
        0 < collector._fetcher.limited <= 2
    )  # one that is refused while the connection is lost is not counted
    book = collector.codec.streams["BTCUSDT"].book
    assert (levels(book.bids), levels(book.asks)) == server.levels("BTCUSDT")
    files = sorted((tmp_path / "raw").glob("BTCUSDT_*.gz"))
    convert(files, venue="binance-usdm", symbol="BTCUSDT", out=tmp_path / "x.tape")
    (checked,) = verify(tmp_path / "x.tape")
    assert checked.report.sound()


def test_a_second_run_goes_on_in_the_files_and_the_counters(tmp_path):
    for run in (1, 2):
        collector = collect(Served(BTC, 3.0, seed=run), tmp_path, [BTC])
        assert collector.state.runs == run
    kept = archived(tmp_path, "BTCUSDT")
    assert collector.state.instruments["BTCUSDT"].messages == len(kept) > 120
    assert len(list((tmp_path / "events").glob("BTCUSDT_*_00[01].parquet"))) == 2


def test_without_parquet_there_is_only_the_archive(tmp_path):
    collect(Served(BTC, 2.0), tmp_path, [BTC], parquet=False, period="hour")
    assert not (tmp_path / "events").exists()
    (file,) = (tmp_path / "raw").glob("BTCUSDT_*.gz")
    assert len(file.name) == len("BTCUSDT_20240808_13.gz")


def test_an_instrument_of_which_nothing_comes_makes_the_connection_be_opened_anew(tmp_path, caplog):
    patience = Patience(retry_s=0.01, most_s=0.1, stale_s=0.5, silent_s=0.2)

    async def run():
        async with Served(BTC, 2.0) as server:
            collector = Collector([BTC, ETH], tmp_path, at=server.endpoint, patience=patience)
            running = asyncio.create_task(collector.run())
            await until(lambda: server.connections == 2, "a second connection")
            assert collector._stale_s["ETHUSDT"] == 1.0
            collector.stop()
            await running

    with caplog.at_level(logging.WARNING, "truefill.collect"):
        asyncio.run(run())
    said = [record.getMessage() for record in caplog.records]
    assert "nothing of ETHUSDT for 0 s: connecting anew" in said
    assert "subscribed, and nothing has come: depth ETHUSDT" in said


def test_a_venue_that_is_not_there_is_tried_again_until_the_end(tmp_path):
    nowhere = Endpoint("ws://127.0.0.1:9/stream", "http://127.0.0.1:9")

    async def run():
        collector = Collector([BTC], tmp_path, at=nowhere, patience=HASTE)
        running = asyncio.create_task(collector.run())
        await until(lambda: collector._backoff.tries > 3, "several tries")
        collector.stop()
        state = await running
        assert (state.connections, state.messages) == (0, 0)

    asyncio.run(run())


def test_a_folder_that_another_collector_writes_to_is_refused(tmp_path):
    async def run():
        async with Served(BTC, 2.0) as server:
            first = Collector([BTC], tmp_path, at=server.endpoint)
            running = asyncio.create_task(first.run())
            await until((tmp_path / "state.json").exists, "the first one stands")
            with pytest.raises(
                DataError, match=f"no other collector writes, got one that process {os.getpid()}"
            ):
                await Collector([BTC], tmp_path, at=server.endpoint).run()
            first.stop()
            await running

    asyncio.run(run())


def test_a_full_disk_ends_the_run_with_an_error_and_what_was_complete_stays(tmp_path, monkeypatch):
    server = Served(BTC, None)

    async def run():
        async with server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=HASTE)
            running = asyncio.create_task(collector.run())
            raw = tmp_path / "raw"
            await until(lambda: any(f.stat().st_size for f in raw.glob("BTCUSDT_*.gz")), "a flush")
            (path,) = raw.glob("BTCUSDT_*.gz")
            before = path.read_bytes()
            real = os.write

            def full(descriptor, data):
                if os.path.realpath(f"/proc/self/fd/{descriptor}").endswith(".gz"):
                    raise OSError(28, os.strerror(28))
                return real(descriptor, data)

            monkeypatch.setattr(os, "write", full)
            with pytest.raises(DataError, match="room on its disk, got No space left on device"):
                await running
            assert path.read_bytes()[: len(before)] == before
            kept = stream_of(archived(tmp_path, "BTCUSDT"))
            assert kept == server.texts("BTCUSDT")[: len(kept)]
            assert kept

    asyncio.run(run())


def test_files_are_turned_over_at_midnight_and_a_clock_that_steps_back_is_counted(tmp_path, monkeypatch):
    real, ahead = time.time_ns, 0
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead)
    server = Served(BTC, 30.0)

    async def run():
        nonlocal ahead
        async with server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=HASTE)
            running = asyncio.create_task(collector.run())
            await until(lambda: collector.codec.streams["BTCUSDT"].book.valid, "a book")
            for step in (86_400, -3):  # s
                seen = collector.state.messages
                await until(lambda seen=seen: collector.state.messages > seen + 40, "messages")
                ahead += step * 1_000_000_000
            await until(server.finished.is_set, "the end")
            await until(lambda: collector.state.messages == server.messages, "everything has come")
            collector.stop()
            return await running

    state = asyncio.run(run())
    assert state.clock_steps == 1
    files = sorted((tmp_path / "raw").glob("BTCUSDT_*.gz"))
    parts = sorted((tmp_path / "events").glob("BTCUSDT_*_000.parquet"))
    assert len(files) == len(parts) == 2
    assert [f.name[:16] for f in files] == [p.name[:16] for p in parts]
    lines = [line.partition(b" ")[2].decode() for file in files for line in LineReader(file)]
    assert stream_of(lines) == server.texts("BTCUSDT")
    times = np.concatenate([rows["local_ts"] for rows in read_parquet(parts)])
    assert len(times) == state.instruments["BTCUSDT"].events
    assert (np.diff(times) >= 0).all()


def test_the_state_of_another_venue_and_a_damaged_one_are_refused(tmp_path):
    collect(Served(BTC, 1.0), tmp_path, [BTC])
    with pytest.raises(DataError, match="a folder of bybit-linear, got one of binance-usdm"):
        Collector(["BTCUSDT-PERP.BYBIT"], tmp_path)
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(DataError, match="a collector's state"):
        Collector([BTC], tmp_path)


def test_each_venue_has_its_address_and_pace():
    assert endpoint(Venue.BINANCE_SPOT).fetch_every_s == 5.0  # half of 24 snapshots a minute
    assert endpoint(Venue.BYBIT_LINEAR) == Endpoint("wss://stream.bybit.com/v5/public/linear", heartbeat_s=20)
    for venue in Venue:
        assert endpoint(venue).stream.startswith("wss://")


def test_bars_alone_come_from_their_own_address():
    for name in ("BTCUSDT-PERP.OKX", "BTCUSDT-PERP.BINANCE"):
        codec = market_codec(parse_symbol(name), ("klines",))
        (link,) = codec.links
        assert endpoint(codec.venue).link(codec.links, 0) == link.url != endpoint(codec.venue).stream
        assert endpoint(codec.venue, "ws://127.0.0.1:9").link(codec.links, 0) == "ws://127.0.0.1:9"


def test_other_addresses_take_the_place_of_the_venues_own():
    at = endpoint(Venue.BINANCE_USDM, "wss://test.net/stream", "https://test.net/")
    assert at.stream == "wss://test.net/stream"
    assert (
        at.url("https://fapi.binance.com/fapi/v1/depth?symbol=X") == "https://test.net/fapi/v1/depth?symbol=X"
    )
    assert endpoint(Venue.BINANCE_USDM).url("https://a/b") == "https://a/b"
    with pytest.raises(ConfigError, match=r"wss://, got 'test.net'"):
        endpoint(Venue.BINANCE_USDM, "test.net")


def test_waiting_times_double_up_to_the_longest_and_are_drawn():
    backoff = Backoff(1.0, 5.0)
    backoff._random = random.Random(1)
    for longest in (1.0, 2.0, 4.0, 5.0, 5.0):
        assert longest / 2 <= backoff.next() <= longest
    backoff.reset()
    assert backoff.next() <= 1.0
    assert len({backoff.next() for _ in range(5)}) == 5


def test_what_comes_by_another_route_has_a_connection_of_its_own(tmp_path):
    server = Served(BTC, 20.0)
    collector = collect(server, tmp_path, [BTC], channels=["depth", "marks"])
    assert server.connections == 2
    assert collector.state.connections == 1
    assert archived(tmp_path, "_connection") == server.texts("")
    assert len(server.texts("")) == 2  # one answer over each
