"""The demo's collected market: served over a real venue's protocol, and recorded as a venue's would be."""

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from truefill.cli.show import Step, Steps
from truefill.cli.times import span

if TYPE_CHECKING:
    from truefill.collect.collector_state import CollectorState
    from truefill.exchange import MadeFeed
    from truefill.tape import Tape

COLLECTED = "collected"
SYMBOL = "DEMOUSDT-PERP.BINANCE"
# Receive times are the collector's clock, so a minute of collecting takes a minute. So that there is
# something to see, the market lives faster: what it did in a second happens in a twentieth of one.
SPEED = 20
_FETCH_EVERY_S = 0.1
_LAST_WORDS_S = 0.2  # what is on its way when the market ends


def collect_market(minutes: float, seed: int, out: Path, tape: Path, steps: Steps) -> "Tape":
    """Serve a made market, collect it into ``out/collected``, convert it, and verify the tape."""
    from truefill.collect import convert, verify
    from truefill.core.errors import DataError
    from truefill.exchange import MadeFeed
    from truefill.tape import Tape

    folder = out / COLLECTED
    shutil.rmtree(folder, ignore_errors=True)  # an earlier demo's
    seconds = minutes * 60.0
    with steps.step("Make a market") as step:
        feed = MadeFeed(SYMBOL, seed, seconds * SPEED)
        step.result = f"random order flow, {SPEED} times as fast as without --collect"
    with steps.step("Serve and collect it") as step:
        state = asyncio.run(_record(feed, folder, seconds, step))
        step.result = f"{state.messages:,} messages of Binance's protocol in {seconds:g} s, to {folder}"
    with steps.step("Convert and verify") as step:
        files = sorted((folder / "raw").glob("DEMOUSDT_*.gz"))
        report = convert(files, venue="binance-usdm", symbol=SYMBOL, out=tape, progress=step)
        (checked,) = verify(tape)
        if not checked.report.sound():
            raise DataError("a sound tape", "one with errors (see truefill verify)", tape)
        made = Tape.open(tape)
        first, last = made.header.first_ts, made.header.last_ts
        step.result = f"{report.events:,} events over {span(first, last)}, {report.gaps} gaps, sound"
    for text in report.notes:
        steps.note(text)
    return made


async def _record(feed: "MadeFeed", folder: Path, seconds: float, step: Step) -> "CollectorState":
    from truefill.collect.collector import Collector
    from truefill.collect.endpoints import Endpoint
    from truefill.exchange import MarketServer

    async with MarketServer(feed, speed=SPEED) as server:
        at = Endpoint(server.stream, server.rest, fetch_every_s=_FETCH_EVERY_S)
        collector = Collector([SYMBOL], folder, channels=["depth", "trades", "best"], at=at)
        running = asyncio.create_task(collector.run())
        begin = asyncio.get_running_loop().time()
        while not server.finished.is_set() and not running.done():
            await asyncio.sleep(0.1)
            passed = asyncio.get_running_loop().time() - begin
            step(min(passed, seconds), seconds, f"{collector.state.messages:,} messages")
        await asyncio.sleep(_LAST_WORDS_S)
        collector.stop()
        return await running
