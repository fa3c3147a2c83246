"""A small Binance USD-M on loopback: a made-up market, its stream and its snapshots, with seeded faults."""

import asyncio
import json
import random
import time
from collections import defaultdict
from typing import Any

from aiohttp import WSMsgType, web

from truefill.collect.endpoints import Endpoint

LEVELS = 10
QUIET = 30  # messages of a connection before its first fault, so that a snapshot finds its place


class Market:
    """Ten levels on each side of 100.0, of which one changes at a time, and trades."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.rng = random.Random(seed)
        self.bids = {f"{100 - 0.1 * n:.1f}": "1.000" for n in range(1, LEVELS + 1)}
        self.asks = {f"{100 + 0.1 * n:.1f}": "1.000" for n in range(1, LEVELS + 1)}
        self.last_id = 1000
        self.trades = 0

    def step(self) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        if self.rng.random() < 0.2:
            self.trades += 1
            made = self.rng.random() < 0.5
            price = "99.9" if made else "100.1"
            return {
                "e": "trade", "E": now, "T": now, "s": self.name, "t": self.trades, "p": price, "q": "0.001",
                "X": "MARKET", "m": made,
            }  # fmt: skip
        side, key = self.rng.choice([(self.bids, "b"), (self.asks, "a")])
        price = self.rng.choice(list(side))
        side[price] = f"{self.rng.randint(1, 9000) / 1000:.3f}"
        before, self.last_id = self.last_id, self.last_id + self.rng.randint(1, 3)
        return {
            "e": "depthUpdate", "E": now, "T": now, "s": self.name, "U": before + 1, "u": self.last_id,
            "pu": before, "b": [], "a": [], key: [[price, side[price]]],
        }  # fmt: skip

    def snapshot(self) -> dict[str, Any]:
        now = time.time_ns() // 1_000_000
        bids = [[p, q] for p, q in sorted(self.bids.items(), key=lambda level: -float(level[0]))]
        asks = [[p, q] for p, q in sorted(self.asks.items(), key=lambda level: float(level[0]))]
        return {"lastUpdateId": self.last_id, "E": now, "T": now, "bids": bids, "asks": asks}


class MarketServer:
    """Serves `messages` of each instrument, over as many connections as the faults make necessary.

    Parameters
    ----------
    names : list of str
    messages : int
        Of all instruments together.
    faults : dict
        How often ``drop``, ``duplicate``, ``close``, ``damage`` happen, per message.
    refused : int
        So many requests are answered with 429 first.
    """

    def __init__(
        self,
        names: list[str],
        messages: int,
        seed: int = 1,
        faults: dict[str, float] | None = None,
        refused: int = 0,
    ) -> None:
        self.markets = {name: Market(name, seed + n) for n, name in enumerate(names)}
        self.faults = faults or {}
        self.done: dict[str, int] = defaultdict(int)  # faults by their kind
        self.sent: dict[str, list[str]] = defaultdict(list)  # by instrument; "" for answers and damage
        self.answered: dict[str, list[str]] = defaultdict(list)  # snapshots, by instrument
        self.asked: list[str] = []  # what was subscribed
        self.connections = 0
        self.finished = asyncio.Event()
        self._left = messages
        self._refused = refused
        self._rng = random.Random(seed)
        app = web.Application()
        app.router.add_get("/stream", self._stream)
        app.router.add_get("/fapi/v1/depth", self._depth)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        self.port = 0

    async def __aenter__(self) -> "MarketServer":
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(
            f"ws://127.0.0.1:{self.port}/stream", f"http://127.0.0.1:{self.port}", fetch_every_s=0.01
        )

    def _hit(self, fault: str) -> bool:
        hit = self._rng.random() < self.faults.get(fault, 0.0)
        self.done[fault] += hit
        return hit

    async def _depth(self, request: web.Request) -> web.Response:
        if self._refused:
            self._refused -= 1
            return web.json_response(
                {"code": -1003, "msg": "Too many requests"}, status=429, headers={"Retry-After": "0"}
            )
        name = request.query["symbol"]
        body = json.dumps(self.markets[name].snapshot(), indent=1)
        self.answered[name].append(body)
        return web.Response(text=body)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        message = await socket.receive()
        if message.type is not WSMsgType.TEXT:
            return socket
        self.asked += json.loads(message.data)["params"]
        await self._send(socket, "", '{"result":null,"id":1}')
        quiet = QUIET
        while self._left:
            self._left -= 1
            quiet -= 1
            name = self._rng.choice(list(self.markets))
            body = self.markets[name].step()
            kind = "depth@0ms" if body["e"] == "depthUpdate" else "trade"
            text = json.dumps({"stream": f"{name.lower()}@{kind}", "data": body}, separators=(",", ":"))
            if quiet > 0 or self._left < QUIET:
                await self._send(socket, name, text)
            elif not self._hit("drop"):
                await self._send(socket, name, text)
                if self._hit("duplicate"):
                    await self._send(socket, name, text)
                if self._hit("damage"):
                    await self._send(socket, "", text[: len(text) // 2])
                if self._hit("close"):
                    await socket.close()
                    return socket
            await asyncio.sleep(0.002 if self._left > QUIET else 0.005)
        self.finished.set()
        await socket.receive()  # until the other side closes
        return socket

    async def _send(self, socket: web.WebSocketResponse, name: str, text: str) -> None:
        await socket.send_str(text)
        self.sent[name].append(text)
