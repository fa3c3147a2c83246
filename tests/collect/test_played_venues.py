"""The collector beside venues that are played on loopback: what each sends comes to a tape.

Binance and OKX have a server of their own (`truefill.exchange`); others are played here from their makers:
answers to the subscription, a book by the stream or by REST, changes, trades; messages that are no text.
"""

import asyncio
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from tests.venues.makers import MAKERS, Maker
from truefill import open_tape
from truefill.collect import convert
from truefill.collect.collector import Collector
from truefill.collect.endpoints import Endpoint
from truefill.collect.lines import LineReader
from truefill.collect.store import file_name

NAMES = ("Bybit", "Hyperliquid", "Extended", "BitgetUnified", "Kraken2", "KrakenFutures", "Mexc", "Coinbase")
NAMES += ("CoinbaseExchange", "IndependentReserve", "Bitstamp")
pytestmark = pytest.mark.slow


class Played:
    """A venue with one instrument, as its maker speaks."""

    def __init__(self, maker: Maker) -> None:
        sides = [("100.0", "1.0"), ("99.5", "2.0")], [("100.5", "1.5"), ("101.0", "2.5")]
        maker.open()
        maker.snapshot(10, *sides)  # so that the maker's own book has it
        self.first = maker.acknowledgements()
        if maker.fetches:
            self.first.append(maker.make_change(9, [("99.5", "2.0")], []))
        self.body = maker.snapshot_message(10, *sides)
        if not maker.fetches:
            self.first.append(self.body)
        self.then = []
        for n in range(11, 21):
            self.then.append(maker.make_change(n, [("100.0", f"{n}.0")], []))
            self.then.append(maker.trade_message(n, "100.5", "0.25", True))
        self.fetched = asyncio.Event()
        if not maker.fetches:
            self.fetched.set()
        self.done = asyncio.Event()

    async def stream(self, request: web.Request) -> web.WebSocketResponse:
        """Wait for a subscription, and speak."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert (await socket.receive()).type is WSMsgType.TEXT
        for message in self.first:
            await self._send(socket, message)
        await self.fetched.wait()
        await asyncio.sleep(0.1)
        for message in self.then:
            await self._send(socket, message)
        self.done.set()
        async for _ in socket:
            pass
        return socket

    async def snapshot(self, request: web.Request) -> web.Response:
        """Answer by REST."""
        self.fetched.set()
        return web.Response(body=self.body)

    @staticmethod
    async def _send(socket: web.WebSocketResponse, message: bytes) -> None:
        if message.isascii() and message[:1] != b"\n":
            await socket.send_str(message.decode())
        else:
            await socket.send_bytes(message)


async def collect(maker: Maker, played: Played, folder: Path) -> Collector:
    """Collect until the venue has said everything."""
    app = web.Application()
    app.router.add_get("/stream", played.stream)
    app.router.add_get("/{rest:.*}", played.snapshot)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    at = Endpoint(f"ws://{host}/stream", f"http://{host}", fetch_every_s=0.01)
    collector = Collector([maker.stream.symbol], folder, at=at)
    running = asyncio.create_task(collector.run())
    await asyncio.wait_for(played.done.wait(), 20)
    await asyncio.sleep(0.3)
    collector.stop()
    await running
    await runner.cleanup()
    return collector


@pytest.mark.parametrize("name", NAMES)
def test_what_a_venue_says_comes_to_a_tape(name: str, tmp_path: Path) -> None:
    """Every message is in the archive, and the tape ends with the venue's book."""
    maker = next(m for m in MAKERS if m.__name__ == name)()

    async def run() -> tuple[Played, Collector]:
        played = Played(maker)
        return played, await collect(maker, played, tmp_path)

    played, collector = asyncio.run(run())
    assert (collector.state.unread, collector.state.connections) == (0, 1)
    assert collector.codec.book_counters.gaps == 0
    native = maker.stream.native
    (file,) = (tmp_path / "raw").glob(f"{file_name(native)}_*.gz")
    lines = [line.partition(b" ")[2] for line in LineReader(file)]
    for message in [*played.then, played.body]:
        assert maker.codec.line(message) in lines
    out = tmp_path / "market.tape"
    report = convert(file, venue=maker.venue.value, symbol=native, out=out)
    assert (report.gaps, report.messages.trades) == (0, 10)
    header = open_tape(out).header
    assert (header.last_best_bid, header.last_best_ask) == ("100", "100.5")
