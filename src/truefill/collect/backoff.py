"""How long to wait before trying again: longer each time, and never the same for everybody."""

import random


class Backoff:
    """Waiting times that double, each drawn between half of itself and itself.

    Those who lose their connections together must not come back together.

    Parameters
    ----------
    first_s, most_s : float
        The first waiting time, and the longest.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first = first_s
        self._most = most_s
        self._random = random.Random()
        self.tries = 0

    def next(self) -> float:
        """Give the next waiting time, s."""
        longest = min(self._most, self._first * 2.0 ** min(self.tries, 40))
        self.tries += 1
        return longest * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew: it went well."""
        self.tries = 0
