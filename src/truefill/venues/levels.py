"""One side of a book as text, for what a codec has to know of it: the best price, a checksum, what changed.

Levels are kept by the float of their price, because a price comes in several spellings and two decimals of a
venue's precision are never one float; what is kept beside it is the venue's own text.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

Pairs = Sequence[tuple[str, str]]  # (price, quantity) as written
Level = tuple[float, float, tuple[str, str]]  # price and quantity, and their text

_DIGITS = re.compile(r"[0-9.,eE+-]*").fullmatch  # float() would take 1_000, inf and blanks as well


class Side:
    """Levels of one side, the best price last; `sign` is 1 for bids and -1 for asks."""

    __slots__ = ("_keys", "_sign", "_text")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []  # sign * price, rising
        self._text: dict[float, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def best(self) -> float | None:
        """Best price; None without levels."""
        return self._sign * self._keys[-1] if self._keys else None

    def clear(self) -> None:
        """Remove all levels."""
        self._keys.clear()
        self._text.clear()

    def clear_upto(self, px: float) -> None:
        """Remove the levels from the best to this price, inclusive."""
        start = bisect_left(self._keys, self._sign * px)
        for key in self._keys[start:]:
            del self._text[key]
        del self._keys[start:]

    def load(self, levels: Iterable[Level]) -> None:
        """Replace all levels; a quantity of 0 is none."""
        self._text = {self._sign * px: pair for px, qty, pair in levels if qty != 0.0}
        self._keys = sorted(self._text)

    def apply(self, levels: Iterable[Level]) -> None:
        """Set levels to new totals, or remove those of quantity 0."""
        keys, text, sign = self._keys, self._text, self._sign
        for px, qty, pair in levels:
            key = sign * px
            if qty != 0.0:
                if key not in text:
                    insort(keys, key)
                text[key] = pair
            elif text.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]

    def cut(self, most: int) -> list[tuple[str, str]]:
        """Remove the worst levels beyond the best `most`; those removed."""
        beyond = max(len(self._keys) - most, 0)
        gone = [self._text.pop(key) for key in self._keys[:beyond]]
        del self._keys[:beyond]
        return gone

    def quantity(self, px: float) -> str | None:
        """Quantity at a price, as written."""
        pair = self._text.get(self._sign * px)
        return None if pair is None else pair[1]

    def top(self, most: int) -> Iterator[tuple[str, str]]:
        """Yield levels, best first."""
        for key in self._keys[: -most - 1 : -1]:
            yield self._text[key]

    def changes(self, levels: Sequence[Level]) -> list[tuple[str, str]]:
        """Return what has to change so that these are all levels there are."""
        text, sign = self._text, self._sign
        new = {sign * px: qty for px, qty, _ in levels}
        gone = [(text[key][0], "0") for key in reversed(self._keys) if not new.get(key)]
        other: list[tuple[str, str]] = []
        for px, qty, pair in levels:
            known = text.get(sign * px)
            if qty != 0.0 and (known is None or (known[1] != pair[1] and float(known[1]) != qty)):
                other.append(pair)
        return gone + other


class ReadPairs(list[tuple[str, str]]):
    """Pairs whose numbers have been read already, so that nobody has to do it again.

    Attributes
    ----------
    prices, quantities : sequence of float
    """

    __slots__ = ("prices", "quantities")

    def __init__(self, pairs: Pairs, prices: Sequence[float], quantities: Sequence[float]) -> None:
        super().__init__(pairs)
        self.prices, self.quantities = prices, quantities


def read_levels(pairs: Pairs) -> list[Level]:
    """Read the numbers of levels.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Price and quantity.

    Raises
    ------
    ValueError
        One is no number, or one that no market has.
    """
    if type(pairs) is ReadPairs:
        return list(zip(pairs.prices, pairs.quantities, pairs, strict=True))
    if not pairs:
        return []
    flat = ",".join(chain.from_iterable(pairs))
    if _DIGITS(flat) is None:
        raise ValueError(f"a level among {flat[:80]!r} is no pair of numbers")
    numbers = list(map(float, flat.split(",")))
    if len(numbers) != 2 * len(pairs):
        raise ValueError(f"a level among {flat[:80]!r} is no pair of numbers")
    prices, quantities = numbers[0::2], numbers[1::2]
    if not 0.0 < min(prices) <= max(prices) < 1e300 or not 0.0 <= min(quantities) <= max(quantities) < 1e300:
        raise ValueError(f"a price above 0 and a quantity of at least 0, got {flat[:80]!r}")
    return list(zip(prices, quantities, pairs, strict=True))
