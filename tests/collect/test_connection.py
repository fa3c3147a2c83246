"""What a WebSocket of the collector says when it is opened."""

import asyncio

import pytest

from truefill.collect.connection import NO_CONNECTION, connect


def test_it_says_who_it_is() -> None:
    """Extended refuses a connection without a User-Agent."""
    asked = []

    async def run() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(NO_CONNECTION):
                await connect(f"ws://127.0.0.1:{port}/", lambda message: None)

    asyncio.run(run())
    assert b"\r\nUser-Agent: truefill/" in asked[0]
