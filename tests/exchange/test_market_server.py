"""The front: sockets, pace, faults; seen by a client that is not ours."""

import asyncio
import json
import time

import aiohttp
import pytest

from truefill.core.errors import ConfigError
from truefill.exchange import Faults, MadeFeed, MarketServer

SYMBOL = "DEMOUSDT-PERP.BINANCE"
ASK = '{"method":"SUBSCRIBE","params":["demousdt@depth@0ms","demousdt@trade"],"id":1}'


def session(client, **options):
    """Run a client against a server of two seconds of a market; what it returns."""

    async def run():
        feed = MadeFeed(SYMBOL, seconds=options.pop("seconds", 2.0))
        options.setdefault("speed", 0)
        async with MarketServer(feed, **options) as server, aiohttp.ClientSession() as http:
            return server, await asyncio.wait_for(client(server, http), 20)

    return asyncio.run(run())


async def listen(server, http, ask=ASK):
    """All texts until the market ends or the line does; and the code that it ended with."""
    async with http.ws_connect(server.stream) as socket:
        await socket.send_str(ask)
        texts = []
        while True:
            try:
                message = await socket.receive(timeout=0.5)
            except TimeoutError:
                return texts, None
            if message.type is not aiohttp.WSMsgType.TEXT:
                return texts, socket.close_code
            texts.append(message.data)


def test_a_client_gets_what_it_has_subscribed_in_its_order():
    server, (texts, code) = session(listen, journal=True)
    assert code is None
    assert texts[0] == '{"result":null,"id":1}'
    assert texts == [sent.text.decode() for sent in server.sent]
    kinds = {json.loads(text)["data"]["e"] for text in texts[1:]}
    assert kinds == {"depthUpdate", "trade"}  # not bookTicker
    assert server.published > len(texts) - 1


def test_a_market_takes_its_time_divided_by_the_speed():
    begin = time.monotonic()
    server, _ = session(listen, seconds=2.0, speed=4.0)
    assert server.finished.is_set()
    assert time.monotonic() - begin >= 0.5  # and how much more is the machine's affair


def test_event_times_are_those_of_the_sending():
    server, _ = session(listen, speed=4.0, journal=True)
    late = [s.ts // 1_000_000 - json.loads(s.text)["data"]["E"] for s in server.sent if s.native]
    assert min(late) >= 0


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_connection_is_closed_with_a_code_of_the_venues(seed):
    _, (texts, code) = session(listen, faults=Faults(close=1.0), seed=seed)
    assert len(texts) == 32  # the answer, 30 quiet ones, the last one
    assert code in (1001, 1006, 1008, 1012)


def test_a_silent_connection_stands():
    server, (texts, code) = session(listen, faults=Faults(silence=1.0))
    assert (len(texts), code, server.done["silence"]) == (32, None, 1)


def test_who_asks_too_often_is_cut_off():
    async def client(server, http):
        async with http.ws_connect(server.stream) as socket:
            for _ in range(11):
                await socket.send_str("{}")
            while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
            return socket.close_code

    server, code = session(client)
    assert (code, server.done["too_many_requests"]) == (1008, 1)


def test_other_paths_are_not_there():
    async def client(server, http):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(server.stream.replace("/stream", "/else"))
        return refused.value.status

    assert session(client)[1] == 404


def test_rest_refuses_breaks_off_and_answers():
    async def client(server, http):
        async def ask():
            url = f"{server.rest}/fapi/v1/depth?symbol=DEMOUSDT&limit=10"
            async with http.get(url) as answer:
                return answer.status, answer.headers.get("Retry-After"), await answer.read()

        return [await ask() for _ in range(2)]

    server, (first, second) = session(client, refuse_first=1, faults=Faults(retry_after_s=7))
    assert first[:2] == (429, "7")
    assert second[0] == 200
    assert len(json.loads(second[2])["bids"]) == 10
    server, (first, second) = session(client, faults=Faults(bad_snapshot=1.0))
    assert server.done["bad_snapshot"] == 2
    with pytest.raises(json.JSONDecodeError):
        json.loads(first[2])
    assert session(client, faults=Faults(refuse=1.0))[1][1][0] == 429


def test_two_servers_do_not_share_a_port():
    async def client(server, http):
        taken = int(server.stream.rpartition(":")[2].partition("/")[0])
        with pytest.raises(ConfigError, match=f"127.0.0.1:{taken}: expected free ports"):
            async with MarketServer(MadeFeed(SYMBOL, seconds=1), port=taken):
                pass

    session(client)
    with pytest.raises(ConfigError, match="a speed of at least 0"):
        MarketServer(MadeFeed(SYMBOL, seconds=1), speed=-1)
