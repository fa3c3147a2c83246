"""Serves a market on loopback: WebSockets and REST, with faults if they are wanted.

Needs the extra ``collect``. The protocol is the voice's of the feed; here are only sockets, the pace, and
what goes wrong. The market begins to live when the first client subscribes, and waits for nobody after that.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter, deque
from types import TracebackType
from typing import NamedTuple

from truefill.core.errors import ConfigError
from truefill.exchange.changes import Publication, Reply, Subscribe
from truefill.exchange.clock import MarketClock
from truefill.exchange.faults import Faults, FaultyLine
from truefill.exchange.feed import Feed

try:
    from aiohttp import web
    from picows import (
        WSCloseCode,
        WSFrame,
        WSListener,
        WSMsgType,
        WSTransport,
        WSUpgradeRequest,
        ws_create_server,
    )
except ImportError as error:
    raise ConfigError(
        "the libraries of the collector (pip install 'truefill[collect]')", f"none: {error}", "exchange"
    ) from None

_AT_ONCE = 64  # messages between two looks at the other tasks
_ABNORMAL = 1006  # no close frame at all


class Sent(NamedTuple):
    """A message as it went out; `ts` is when, UTC ns."""

    ts: int
    connection: int
    native: str  # "": about none
    text: bytes


class MarketServer:
    """A venue's market data on loopback; see the top of this file.

    Parameters
    ----------
    feed : Feed
        `MadeFeed` or `RecordedFeed`.
    speed : float
        So many seconds of the market pass in one; 0: as fast as the clients take it.
    faults : Faults, optional
        What goes wrong.
    seed : int
        Of the faults.
    journal : bool
        Keep all that is sent, in `sent`.
    refuse_first : int
        So many requests over HTTP are refused with 429.
    host : str
        Where to listen.
    port : int
        Of the WebSockets; REST has the next one. 0: any that are free.

    Attributes
    ----------
    sent, answered : list of Sent
        Of WebSockets and of REST, if a journal is kept.
    done : Counter
        Faults by their names.
    connections : int
        So many were opened.
    published : int
        Messages to whoever has subscribed them.
    finished : asyncio.Event
        The market has ended.

    Examples
    --------
    ::

        async with MarketServer(MadeFeed("DEMOUSDT-PERP.BINANCE")) as server:
            print(server.stream, server.rest)
            await server.finished.wait()
    """

    def __init__(
        self,
        feed: Feed,
        *,
        speed: float = 1.0,
        faults: Faults | None = None,
        seed: int = 1,
        journal: bool = False,
        refuse_first: int = 0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not 0.0 <= speed < 1e9:
            raise ConfigError("a speed of at least 0", speed, "speed")
        self.feed = feed
        self.voice = feed.voice
        self.sent: list[Sent] = []
        self.answered: list[Sent] = []
        self.done: Counter[str] = Counter()
        self.connections = 0
        self.published = 0
        self.finished = asyncio.Event()
        self.journal = journal
        self.faults = faults or Faults()
        self.seed = seed
        self.clients: list[_Client] = []
        self.started = asyncio.Event()
        self._speed = speed
        self._refuse_first = refuse_first
        self._host, self._port = host, port
        self._random = random.Random(f"{seed}:rest")
        self._open = contextlib.AsyncExitStack()
        self._ports = 0, 0

    @property
    def stream(self) -> str:
        """Address of the WebSocket."""
        return f"ws://{self._host}:{self._ports[0]}{self.voice.path}"

    @property
    def rest(self) -> str:
        """Address of REST."""
        return f"http://{self._host}:{self._ports[1]}"

    async def __aenter__(self) -> "MarketServer":
        async with contextlib.AsyncExitStack() as stack:
            try:
                sockets = await ws_create_server(
                    self._welcome, self._host, self._port, logger_name="truefill"
                )
                app = web.Application()
                app.router.add_get("/{path:.*}", self._answer)
                runner = web.AppRunner(app, shutdown_timeout=0.1)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                own = sockets.sockets[0].getsockname()[1]
                await web.TCPSite(runner, self._host, self._port and own + 1).start()
            except OSError as error:
                raise ConfigError(
                    "free ports", error.strerror or error, f"{self._host}:{self._port}"
                ) from None
            self._ports = own, runner.addresses[0][1]
            life = asyncio.create_task(self._live())
            stack.push_async_callback(self._end, life, sockets)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def _end(self, life: asyncio.Task[None], sockets: asyncio.Server) -> None:
        sockets.close()
        for client in list(self.clients):
            client.cut()
        life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await life

    # -- the market ------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        await self.started.wait()
        clock = MarketClock(self._speed)
        for turn, moment in enumerate(self.feed.moments(clock.time_of), start=1):
            wait = clock.wait(moment.ts) if self._speed else 0.0
            if wait > 0.0 or turn % _AT_ONCE == 0:
                await asyncio.sleep(wait)
                for client in list(self.clients):
                    await client.ready.wait()
            for publication in moment.say():
                self.published += 1
                for client in list(self.clients):
                    if publication.channel in client.channels:
                        client.deliver(publication)
        self.finished.set()

    # -- sockets ---------------------------------------------------------------------------------------------

    def _welcome(self, request: WSUpgradeRequest) -> "_Client | None":
        path = request.path.decode()
        return _Client(self, path) if self.voice.speaks_at(path) else None

    async def _answer(self, request: web.Request) -> web.Response:
        refused = self._refuse_first > 0 or self._random.random() < self.faults.refuse
        if refused:
            self._refuse_first -= 1
            self.done["refuse"] += 1
            again = {"Retry-After": str(self.faults.retry_after_s)}
            return web.json_response({"code": -1003, "msg": "Too many requests."}, status=429, headers=again)
        answer = self.voice.rest(request.path, request.query)
        body = answer.body
        if self._random.random() < self.faults.bad_snapshot:
            self.done["bad_snapshot"] += 1
            body = body[: len(body) // 2]
        if self.journal:
            self.answered.append(Sent(time.time_ns(), 0, answer.native, body))
        return web.Response(
            body=body, status=answer.status, headers=answer.headers, content_type="application/json"
        )


class _Client(WSListener):
    """One connection: what it has subscribed, and what goes wrong on it."""

    def __init__(self, server: MarketServer, path: str) -> None:
        self.channels: set[str] = set()
        self.ready = asyncio.Event()
        self.ready.set()
        self._server = server
        self._path = path
        self._transport: WSTransport
        self._requests: deque[float] = deque(maxlen=server.voice.requests_per_s + 1)
        self._number = 0
        self._line: FaultyLine | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        server = self._server
        server.connections += 1
        self._number = server.connections
        if server.faults != Faults():
            self._line = FaultyLine(server.faults, (server.seed, self._number), server.done)
        self._transport = transport
        server.clients.append(self)
        self._do(server.voice.joined(self._path))

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.ready.set()
        if self in self._server.clients:
            self._server.clients.remove(self)

    def pause_writing(self) -> None:
        self.ready.clear()

    def resume_writing(self) -> None:
        self.ready.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            now = time.monotonic()
            self._requests.append(now)
            if len(self._requests) == self._requests.maxlen and now - self._requests[0] < 1.0:
                self._server.done["too_many_requests"] += 1
                self._close(1008)
                return
            self._do(self._server.voice.read(frame.get_payload_as_bytes()))

    def cut(self) -> None:
        """Cut the line."""
        self._transport.disconnect(False)

    def deliver(self, publication: Publication) -> None:
        """Send what somebody has subscribed, or not as it should be."""
        if self._line is None:
            self._send(publication.native, publication.text)
            return
        for native, text in self._line.carry(publication.native, publication.text):
            self._send(native, text)
        if self._line.closing is not None:
            self._close(self._line.closing)

    def _do(self, answers: object) -> None:
        assert isinstance(answers, list)
        for answer in answers:
            if isinstance(answer, Reply):
                self._send(answer.native, answer.text)
            elif isinstance(answer, Subscribe):
                self.channels.add(answer.channel)
                greeting = self._server.voice.greeting(answer.channel)
                if greeting is not None:
                    self._send(answer.channel.partition(":")[2], greeting)
                self._server.started.set()
            else:
                self.channels.discard(answer.channel)

    def _send(self, native: str, text: bytes) -> None:
        if self._transport.is_disconnected:
            return
        if self._server.journal:
            self._server.sent.append(Sent(time.time_ns(), self._number, native, text))
        self._transport.send(WSMsgType.TEXT, text)

    def _close(self, code: int) -> None:
        if self in self._server.clients:
            self._server.clients.remove(self)
        if code != _ABNORMAL:
            self._transport.send_close(WSCloseCode(code))
        self._transport.disconnect()  # after all that was sent
