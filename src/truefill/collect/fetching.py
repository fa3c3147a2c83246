"""Requests of the collector: one at a time, at the venue's pace, again when they fail."""

import asyncio

from truefill.collect.backoff import Backoff
from truefill.collect.endpoints import Endpoint
from truefill.core.errors import ConfigError

try:
    import aiohttp
except ImportError as error:
    raise ConfigError(
        "the libraries of the collector (pip install 'truefill[collect]')", f"none: {error}", "collect"
    ) from None

_TIMEOUT_S = 20.0
_LONGEST_WAIT_S = 60.0
_LIMITED = (418, 429)  # Binance bans with 418 who goes on after 429


class Fetcher:
    """Fetches what a codec asks for; made, used and closed in one loop.

    Parameters
    ----------
    endpoint : Endpoint
        Has the pace.

    Attributes
    ----------
    requests, failures, limited : int
        Sent; failed; refused because there were too many.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.requests = 0
        self.failures = 0
        self.limited = 0
        self._session = aiohttp.ClientSession()
        self._endpoint = endpoint
        self._turn = asyncio.Lock()
        self._next = 0.0  # time of the loop before which nothing is sent

    async def fetch(self, url: str, backoff: Backoff, body: bytes | None = None) -> bytes:
        """Fetch until it succeeds.

        Parameters
        ----------
        url : str
        backoff : Backoff
            Of this question; its caller may use it too, when the answer is no good.
        body : bytes, optional
            Makes it a POST of JSON.
        """
        while True:
            answer, wait = await self._once(self._endpoint.url(url), body)
            if answer is not None:
                return answer
            await asyncio.sleep(max(wait, backoff.next()))

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _once(self, url: str, data: bytes | None) -> tuple[bytes | None, float]:
        """One request: the answer, or None and how long the venue wants us to wait."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(max(0.0, self._next - loop.time()))
            self._next = loop.time() + self._endpoint.fetch_every_s
            self.requests += 1
            try:
                asked = self._session.request(
                    "GET" if data is None else "POST", url, data=data,
                    headers={} if data is None else {"Content-Type": "application/json"},
                    timeout=aiohttp.ClientTimeout(_TIMEOUT_S),
                )  # fmt: skip
                async with asked as answer:
                    body = await answer.read()
                    if answer.status == 200:
                        return body, 0.0
                    self.failures += 1
                    if answer.status not in _LIMITED:
                        return None, 0.0
                    self.limited += 1
                    after = answer.headers.get("Retry-After", "")
                    wait = float(after) if after.isdigit() else _LONGEST_WAIT_S
                    self._next = loop.time() + wait  # for all instruments: the limit is the address's
                    return None, wait
            except (aiohttp.ClientError, TimeoutError):
                self.failures += 1
                return None, 0.0
