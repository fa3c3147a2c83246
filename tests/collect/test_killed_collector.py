"""The whole collector, killed at random moments, cut short as by a power cut, on a disk that is full."""

import asyncio
import os
import random
import signal
import sys
import zlib
from itertools import chain
from pathlib import Path

import pytest

from tests.support.served import Served, by_connection
from truefill.collect import convert, verify
from truefill.collect.archive import whole_members
from truefill.collect.lines import LineReader
from truefill.tape import read_parquet

ROOT = Path(__file__).parents[2]
SECOND = 1_000_000_000
KILLED = -signal.SIGKILL


class Lives:
    """Runs a collector life after life on one folder, and keeps what each left."""

    def __init__(self, folder, server, program):
        self.folder, self.server, self.program = folder, server, program
        self.told = folder.parent / "told.txt"
        self.kept = []  # of each life: its messages of the stream that can be read

    async def say(self, line):
        self.program.stdin.write(line.encode() + b"\n")
        return int(await self.program.stdout.readline())

    @property
    def archive(self):
        return max(self.folder.glob("raw/BTCUSDT_*.gz"), default=None)

    def stored(self):
        """All messages of the stream in whole members, with their receive times."""
        found = []
        for path in sorted(self.folder.glob("raw/BTCUSDT_*.gz")):
            lines = decompress(path.read_bytes()[: whole_members(path)]).splitlines()
            found += [line.partition(b" ") for line in lines if b"lastUpdateId" not in line]
        return [(int(ts), text.decode()) for ts, _, text in found]

    async def live(self, seconds, how=signal.SIGKILL, limit="", cut=0):
        """One life; `seconds` after its first message a signal ends it, then `cut` bytes are lost."""
        before = len(self.stored())
        whole = self.archive.read_bytes()[: whole_members(self.archive)] if self.archive else b""
        self.told.unlink(missing_ok=True)
        pid = await self.say(f"run {limit}")
        if limit:
            status = await self.say("reap")
        else:
            while not self.told.exists() or b"BTCUSDT" not in self.told.read_bytes():
                await asyncio.sleep(0.01)
            await asyncio.sleep(seconds)
            os.kill(pid, how)
            status = await self.say("reap")
        told = [line.split() for line in self.told.read_bytes().splitlines() if line.endswith(b" BTCUSDT")]
        received = [int(ts) for ts, _ in told]
        assert self.archive.read_bytes().startswith(whole)  # what was complete is as it was
        if cut:
            size = self.archive.stat().st_size
            os.truncate(self.archive, max(len(whole), size - cut))
        stored = self.stored()[before:]
        if not cut:  # between the first that is lost and the last that came there is less than a second
            lost = [ts for ts in received[:-1] if not stored or ts > stored[-1][0]]
            assert not lost or lost[-1] - lost[0] < SECOND
            if status == 0:
                assert not [ts for ts in received if ts > stored[-1][0]]
        self.kept.append([text for _, text in stored])
        return status


def decompress(members):
    out = b""
    while members:
        one = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out += one.decompress(members)
        members = one.unused_data
    return out


async def lives(tmp_path, script):
    async with Served("BTCUSDT-PERP.BINANCE", None, speed=10) as server:
        folder = tmp_path / "market"
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.killed_collector", folder, server.stream, server.rest,
            tmp_path / "told.txt", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            done = Lives(folder, server, program)
            await script(done)
        finally:
            program.stdin.close()
            await program.wait()
        return done, by_connection(server)


def check(done, sent):
    """Each life's messages are the first that its connection was sent, and the archive is all of them."""
    for number, kept in enumerate(done.kept, start=1):
        assert kept == [text for text in sent[number] if '"result"' not in text][: len(kept)]
    (path,) = done.folder.glob("raw/BTCUSDT_*.gz")
    reader = LineReader(path)
    lines = [line.partition(b" ")[2].decode() for line in reader]
    assert not reader.cut
    assert [line for line in lines if "lastUpdateId" not in line] == list(chain.from_iterable(done.kept))
    assert not list(done.folder.glob("events/.*.tmp"))
    return path


def killed(tmp_path, rounds, seed):
    rng = random.Random(seed)
    before = {}

    async def script(done):
        assert await done.live(0.3, signal.SIGTERM) == 0
        before.update({part: part.read_bytes() for part in done.folder.glob("events/*.parquet")})
        for _ in range(rounds):
            cut = rng.choice([0, 0, rng.randrange(1, 2000)])
            assert await done.live(rng.choice((0.0, 1.2)) + rng.random(), cut=cut) == KILLED
        assert before.keys() == set(done.folder.glob("events/*.parquet"))  # a killed one leaves no part
        assert await done.live(0.3, signal.SIGTERM) == 0

    done, sent = asyncio.run(lives(tmp_path, script))
    path = check(done, sent)
    assert sum(map(bool, done.kept)) > 2  # some of the killed have lived long enough to flush
    parts = sorted(done.folder.glob("events/*.parquet"))
    assert before.items() <= {part: part.read_bytes() for part in parts}.items()  # and harms none
    assert len(parts) > len(before) > 0
    assert all(read_parquet(part).events > 0 for part in parts)
    report = convert(path, venue="binance-usdm", symbol="BTCUSDT", out=tmp_path / "x.tape")
    assert report.gaps == sum(map(bool, done.kept)) - 1  # each later life begins with one
    snapshots = report.book.snapshots + report.book.snapshots_refused
    assert report.messages.messages == sum(map(len, done.kept)) + snapshots
    (checked,) = verify(tmp_path / "x.tape")
    assert checked.report.sound()


@pytest.mark.slow
def test_a_collector_killed_ten_times_loses_at_most_what_it_had_not_flushed(tmp_path):
    killed(tmp_path, 10, seed=11)


@pytest.mark.long
def test_a_collector_killed_a_hundred_times_loses_at_most_what_it_had_not_flushed(tmp_path):
    killed(tmp_path, 100, seed=12)


@pytest.mark.slow
def test_a_full_disk_ends_a_collector_and_it_goes_on_when_there_is_room(tmp_path):
    async def script(done):
        assert await done.live(1.3, signal.SIGTERM) == 0
        assert await done.live(0.0, limit=str(done.archive.stat().st_size + 3000)) == 2
        assert await done.live(0.3, signal.SIGTERM) == 0

    done, sent = asyncio.run(lives(tmp_path, script))
    check(done, sent)
    assert all(done.kept[::2])
