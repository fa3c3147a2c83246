"""When what happens in a market happens for the server's clients."""

import time


class MarketClock:
    """Maps a market's own time to now: its first event is now, `speed` seconds of it pass in one.

    Parameters
    ----------
    speed : float
        0: everything happens at once, as fast as clients take it.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._began: tuple[int, int] | None = None  # of the market, of the world

    def time_of(self, ts: int) -> int:
        """Give the time at which an event of the market's time `ts` is due, UTC ns."""
        if not self._speed:
            return time.time_ns()
        if self._began is None:
            self._began = ts, time.time_ns()
        began, now = self._began
        return now + round((ts - began) / self._speed)

    @staticmethod
    def wait(due: int) -> float:
        """How long it is until then, s; at least 0."""
        return max(0, due - time.time_ns()) / 1e9
