"""A codec and the connections that feed it: what the codec wants is done here.

The first of them has the books; when it ends, the session does. Others, for what a venue sends by other
routes, are opened anew by themselves. What is to become of the messages is the affair of the owner.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any, Protocol

from truefill.collect.backoff import Backoff
from truefill.collect.connection import NO_CONNECTION, Connection, connect
from truefill.collect.endpoints import Endpoint
from truefill.collect.fetching import Fetcher
from truefill.collect.settings import Patience
from truefill.venues.codec import VenueCodec
from truefill.venues.wants import Fetch, Send


class Owner(Protocol):
    """Whom a session tells what has come."""

    def received(self, session: "Session", message: bytes) -> None:
        """Take one message off the socket."""

    def fetched(self, session: "Session", want: Fetch, body: bytes) -> None:
        """Take the answer to a request."""

    def time(self) -> int:
        """Give the time as a codec shall have it, UTC ns."""

    def trouble(self, text: str, *values: object) -> None:
        """Tell the user."""


class Session:
    """A codec at work; made, used and closed in one loop, and never opened twice at a time.

    Parameters
    ----------
    codec : VenueCodec
    endpoint : Endpoint
    patience : Patience
    fetcher : Fetcher
    owner : Owner

    Attributes
    ----------
    since : float
        When it was opened, time of the loop.
    """

    def __init__(
        self, codec: VenueCodec, endpoint: Endpoint, patience: Patience, fetcher: Fetcher, owner: Owner
    ) -> None:
        self.codec = codec
        self.since = 0.0
        self._endpoint = endpoint
        self._patience = patience
        self._fetcher = fetcher
        self._owner = owner
        self._links: dict[int, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether the connection of the books stands."""
        return 0 in self._links

    @property
    def lost(self) -> bool:
        """Whether that connection is none any more."""
        return 0 not in self._links or self._links[0].lost

    async def open(self) -> None:
        """Connect and subscribe.

        Raises
        ------
        OSError, TimeoutError, picows.WSError
            It cannot be connected: `truefill.collect.connection.NO_CONNECTION`.
        """
        await self._open(0)
        self.since = asyncio.get_running_loop().time()
        for number in range(1, len(self.codec.links)):
            self.start(self._stay_open(number))
        if self._endpoint.heartbeat_s is not None and self.codec.heartbeat() is not None:
            self.start(self._heartbeats(self._endpoint.heartbeat_s))
        self.do_wants()

    def disconnect(self) -> None:
        """Close the connection; `closed` returns."""
        if self.is_open:
            self._links[0].disconnect()

    async def closed(self) -> None:
        """Wait until the connection is closed, by whomever."""
        if not self.is_open:
            return
        try:
            await self._links[0].closed()
        finally:
            await cancel(self._tasks)
            for connection in self._links.values():
                connection.disconnect()
            self._links.clear()

    def do_wants(self) -> None:
        """Do what the codec wants."""
        for want in self.codec.wants():
            if isinstance(want, Fetch):
                self.start(self.fetch(want))
                continue
            connection = self._links.get(want.link)
            if isinstance(want, Send):
                if connection is not None:
                    connection.send(want.text)
            else:
                self._owner.trouble("connecting anew: %s", want.reason)
                if connection is not None:
                    connection.disconnect()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that ends with the connection."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, number: int) -> None:
        url = self._endpoint.link(self.codec.links, number)
        self._links[number] = await connect(url, partial(self._owner.received, self))
        self.codec.connected(self._owner.time(), number)

    async def _stay_open(self, number: int) -> None:
        """Keep another connection than that of the books; cancelled when that one ends."""
        backoff = Backoff(self._patience.retry_s, self._patience.most_s)
        while True:
            try:
                await self._open(number)
            except NO_CONNECTION as error:
                self._owner.trouble("no connection to %s: %s", self.codec.links[number].url, error)
            else:
                self.do_wants()
                backoff.reset()
                try:
                    await self._links[number].closed()
                finally:
                    self._links.pop(number).disconnect()
                self._owner.trouble("the connection to %s is closed", self.codec.links[number].url)
            await asyncio.sleep(backoff.next())

    async def fetch(self, want: Fetch) -> None:
        """Fetch once; cancelled when the connection ends. The codec asks again if it could not read it."""
        backoff = Backoff(self._patience.retry_s, self._patience.most_s)
        self._owner.fetched(self, want, await self._fetcher.fetch(want.url, backoff))

    async def _heartbeats(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            beat = self.codec.heartbeat()
            if beat is not None:
                for connection in self._links.values():
                    connection.send(beat.text)


async def cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    """End tasks, and wait until they have."""
    left = list(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
