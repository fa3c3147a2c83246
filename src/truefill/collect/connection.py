"""A WebSocket of the collector: whole messages to a callback, texts out one after the other."""

import asyncio
import contextlib
from collections.abc import Callable
from importlib.metadata import version

from truefill.core.errors import ConfigError

try:
    from picows import (
        WSAutoPingStrategy,
        WSError,
        WSFrame,
        WSListener,
        WSMsgType,
        WSTransport,
        ws_connect,
    )
except ImportError as error:
    raise ConfigError(
        "the libraries of the collector (pip install 'truefill[collect]')", f"none: {error}", "collect"
    ) from None

# Why a connection could not be opened.
NO_CONNECTION = (OSError, WSError, TimeoutError)

# Venues count what they are sent; the strictest (Binance spot) takes five messages a second.
SEND_EVERY_S = 0.25
# A book of all levels is one message; Coinbase's has some megabytes.
_LONGEST = 1 << 26
_IDLE_S = 20.0  # without a frame for so long, a ping; and without an answer to it the connection is dead
_ANSWER_S = 10.0
_OPEN_S = 10.0


class _Listener(WSListener):
    def __init__(self, receive: Callable[[bytes], None]) -> None:
        self._receive = receive
        self._parts: list[bytes] = []

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
            return
        if kind not in (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION):
            return
        if frame.fin and not self._parts:
            self._receive(frame.get_payload_as_bytes())
            return
        self._parts.append(frame.get_payload_as_bytes())
        if frame.fin:
            message = b"".join(self._parts)
            self._parts.clear()
            self._receive(message)


class Connection:
    """An open WebSocket; see `connect`."""

    def __init__(self, transport: WSTransport) -> None:
        self._transport = transport
        self._texts: asyncio.Queue[str] = asyncio.Queue()
        self._sender = asyncio.create_task(self._send_all())

    def send(self, text: str) -> None:
        """Send a text, in its turn."""
        self._texts.put_nowait(text)

    @property
    def lost(self) -> bool:
        """Whether it is closed, by whomever."""
        return self._transport.is_disconnected

    def disconnect(self) -> None:
        """Close it; `closed` returns."""
        self._transport.disconnect()

    async def closed(self) -> None:
        """Wait until it is closed, by whomever."""
        try:
            await self._transport.wait_disconnected()
        finally:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender

    async def _send_all(self) -> None:
        while True:
            text = await self._texts.get()
            if self._transport.is_disconnected:
                return
            self._transport.send(WSMsgType.TEXT, text.encode())
            await asyncio.sleep(SEND_EVERY_S)


async def connect(url: str, receive: Callable[[bytes], None]) -> Connection:
    """Open a WebSocket.

    Parameters
    ----------
    url : str
    receive : callable
        Called with each message.

    Raises
    ------
    OSError, TimeoutError, picows.WSError
        It cannot be opened: `NO_CONNECTION`.
    """
    transport, _ = await ws_connect(
        lambda: _Listener(receive),
        url,
        websocket_handshake_timeout=_OPEN_S,
        enable_auto_ping=True,
        auto_ping_idle_timeout=_IDLE_S,
        auto_ping_reply_timeout=_ANSWER_S,
        auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
        max_frame_size=_LONGEST,
        extra_headers={"User-Agent": f"truefill/{version('truefill')}"},  # Extended refuses who has none
    )
    return Connection(transport)
