"""A process that times the collector, and the one that serves it: from a WebSocket on loopback to the disk.

    python -m benchmarks.collecting MESSAGES FOLDER

The messages are depth, trades and best prices of a made market in Binance's protocol, spelled before the
clock starts and sent by a process of its own, on another processor, as fast as they are taken. What counts is
the processor time of the collector: reading, archive and Parquet. One line of JSON on stdout.
"""

import asyncio
import copy
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from truefill.collect.collector import Collector
from truefill.collect.endpoints import Endpoint
from truefill.exchange import MadeFeed, MarketServer
from truefill.exchange.changes import Moment, Publication
from truefill.exchange.feed import TimeOf

SYMBOL = "DEMOUSDT-PERP.BINANCE"
_TOGETHER = 16  # messages at a time


class Prepared:
    """A made market whose messages have been spelled; the book that a client asks for is the opening one."""

    def __init__(self, messages: int) -> None:
        feed = MadeFeed(SYMBOL, seed=1)
        self.voice = feed.voice
        opening = copy.deepcopy(self.voice.books)
        self._said: list[Publication] = []
        for moment in feed.moments(lambda ts: ts):
            self._said += moment.say()
            if len(self._said) >= messages:
                break
        self.voice.books = opening

    def moments(self, time_of: TimeOf) -> Iterator[Moment]:
        """Everything, some messages at a time."""
        for at in range(0, len(self._said), _TOGETHER):
            yield Moment(0, partial(self._said.__getitem__, slice(at, at + _TOGETHER)))


def main(arguments: list[str]) -> None:
    """Serve, or collect."""
    if arguments[0] == "serve":
        _pin(max)
        asyncio.run(_serve(int(arguments[1])))
        return
    messages, folder = int(arguments[0]), Path(arguments[1])
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.collecting", "serve", str(messages)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    stream, rest = server.stdout.readline().split()
    _pin(min)
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        for part in ("warm", "timed"):  # the first one loads what is compiled
            wanted = 2000 if part == "warm" else messages
            found = runner.run(_collect(Endpoint(stream, rest, fetch_every_s=0.01), folder / part, wanted))
    server.kill()
    server.wait()
    print(json.dumps(found))


async def _serve(messages: int) -> None:
    feed = Prepared(messages)
    async with MarketServer(feed, speed=0) as first, MarketServer(feed, speed=0) as second:
        # A market lives once: the warm-up has its own.
        print(f"{first.stream},{second.stream} {first.rest},{second.rest}", flush=True)
        await asyncio.Event().wait()


async def _collect(at: Endpoint, folder: Path, messages: int) -> dict[str, float]:
    number = 0 if folder.name == "warm" else 1
    here = Endpoint(at.stream.split(",")[number], at.rest.split(",")[number], fetch_every_s=0.01)
    collector = Collector([SYMBOL], folder, channels=["depth", "trades", "best"], at=here)
    cpu, begin = time.process_time(), time.perf_counter()
    running = asyncio.create_task(collector.run())
    while collector.state.messages < messages and not running.done():
        await asyncio.sleep(0.01)
    collector.stop()
    state = await running
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    if state.unread or collector.codec.book_counters.gaps:
        raise SystemExit(f"expected every message, whole and in order, got {collector.codec.book_counters}")
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {"messages": state.messages, "seconds": seconds, "cpu_seconds": cpu, "file_bytes": size}


def _pin(which: Callable[[set[int]], int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {which(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main(sys.argv[1:])
