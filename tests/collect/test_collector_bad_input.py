"""What a collector meets that it cannot use: each is a typed error, or counted and archived."""

import asyncio
import resource
import signal

import pytest

from tests.collect.test_collector import BTC, HASTE, archived, stream_of, until
from tests.support.served import Served
from truefill.collect.collector import Collector
from truefill.core.errors import DataError
from truefill.tape import read_parquet

pytestmark = pytest.mark.slow  # sockets: interpreted they are the same

NEW_KIND = b'{"stream":"btcusdt@brandNew","data":{"e":"brandNew","E":1,"s":"BTCUSDT","x":[]}}'
STRANGER = b'{"stream":"dogeusdt@trade","data":{"e":"trade","E":1,"T":1,"s":"DOGEUSDT","t":1,"p":"1"}}'
NOTHING = b'["no","object"]'


def test_kinds_and_instruments_never_seen_are_counted_and_archived(tmp_path):
    async def run():
        async with Served(BTC, None) as server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=HASTE)
            running = asyncio.create_task(collector.run())
            await until(lambda: collector.codec.streams["BTCUSDT"].book.valid, "a book")
            for message in (NEW_KIND, STRANGER, NOTHING):
                server.clients[0]._send("", message)
            await until(lambda: collector.state.unread == 2, "two that cannot be read")
            collector.stop()
            await running
            return collector

    collector = asyncio.run(run())
    assert archived(tmp_path, "_unread") == [STRANGER.decode(), NOTHING.decode()]
    assert NEW_KIND.decode() in archived(tmp_path, "BTCUSDT")
    assert collector.codec.streams["BTCUSDT"].counters.ignored == 1
    assert collector.codec.streams["BTCUSDT"].book.valid


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_connected(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    collector = Collector([BTC], tmp_path / "file", patience=HASTE)
    with pytest.raises(DataError, match=r"file/raw: expected a folder that can be written"):
        asyncio.run(collector.run())
    assert (tmp_path / "file").read_text() == "not a folder"


def test_a_file_that_can_grow_no_further_ends_the_run_and_keeps_what_was_complete(tmp_path):
    """The system's own limit of a file's size: a write stops in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    async def run():
        async with Served(BTC, None) as server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=HASTE)
            running = asyncio.create_task(collector.run())
            await until(lambda: any(f.stat().st_size for f in tmp_path.glob("raw/BTCUSDT_*.gz")), "a flush")
            (path,) = tmp_path.glob("raw/BTCUSDT_*.gz")
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 1000, hard))
            with pytest.raises(DataError, match="room on its disk, got File too large") as error:
                await asyncio.wait_for(running, 60.0)
            assert error.value.where == path
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            return server

    try:
        server = asyncio.run(run())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    kept = stream_of(archived(tmp_path, "BTCUSDT"))
    assert kept == server.texts("BTCUSDT")[: len(kept)]
    assert kept
    for path in (tmp_path / "events").glob("*.parquet"):
        assert read_parquet(path).events > 0
