"""What goes wrong between a venue and its client, drawn from a seed."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields

from truefill.core.errors import ConfigError

# Going away; none (the line is cut); refused by policy; restart of the service.
CLOSE_CODES = (1001, 1006, 1008, 1012)


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often something goes wrong, as a share of all messages (or requests) between 0 and 1.

    Parameters
    ----------
    drop, duplicate, reorder, damage : float
        A message is not sent; sent twice; sent after the next one; cut somewhere, so that it is no JSON.
    close : float
        The connection is closed after a message, with a code of `CLOSE_CODES`.
    silence : float
        The connection stands, and nothing more comes of it.
    refuse : float
        A request over HTTP is answered with 429 and Retry-After.
    bad_snapshot : float
        The answer to a request over HTTP breaks off.
    quiet : int
        So many messages of each connection, its first ones, come as they should.
    most : int
        So many faults at most, of all messages together.
    retry_after_s : int
        What a refusal asks for.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    damage: float = 0.0
    close: float = 0.0
    silence: float = 0.0
    refuse: float = 0.0
    bad_snapshot: float = 0.0
    quiet: int = 30
    most: int = 1_000_000_000
    retry_after_s: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(field.default, int):
                if value < 0:
                    raise ConfigError("a number of at least 0", value, field.name)
            elif not 0.0 <= value <= 1.0:
                raise ConfigError("a share between 0 and 1", value, field.name)

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """Read ``drop=0.01,close=0.001``.

        Raises
        ------
        ConfigError
            There is no such fault, or its share is none.
        """
        kinds = {f.name: int if isinstance(f.default, int) else float for f in fields(cls)}
        given: dict[str, float] = {}
        for part in filter(None, text.split(",")):
            name, _, number = part.strip().partition("=")
            if name not in kinds:
                raise ConfigError("faults of " + ", ".join(kinds), repr(name), "faults")
            try:
                given[name] = kinds[name](number)
            except ValueError:
                raise ConfigError(f"a number for {name}", repr(number), "faults") from None
        return cls(**given)  # type: ignore[arg-type]


class FaultyLine:
    """One connection's faults: passes messages on, or not as they should be.

    Parameters
    ----------
    faults : Faults
    seed : sequence of int
        The same seed and messages give the same faults.
    done : Counter
        Counts faults by their names.

    Attributes
    ----------
    closing : int or None
        The connection is to be closed with this code.
    """

    def __init__(self, faults: Faults, seed: Sequence[int], done: Counter[str]) -> None:
        self.closing: int | None = None
        self._faults = faults
        self._random = random.Random(":".join(map(str, seed)))
        self._done = done
        self._seen = 0
        self._held: tuple[str, bytes] | None = None
        self._silent = False

    def carry(self, native: str, text: bytes) -> list[tuple[str, bytes]]:
        """Take a message about an instrument; what is to be sent of it and of those before.

        What is damaged is about no instrument any more.
        """
        if self._silent:
            return []
        self._seen += 1
        if self._seen <= self._faults.quiet or (
            self._held is None and self._done.total() >= self._faults.most
        ):
            return [(native, text)]
        if self._hit("drop"):
            return []
        sent = [(native, text)]
        if self._hit("damage"):
            sent = [("", text[: self._random.randrange(1, max(2, len(text)))])]
        elif self._hit("duplicate"):
            sent *= 2
        elif self._held is None and self._hit("reorder"):
            self._held = native, text
            return []
        if self._held is not None:
            sent.append(self._held)
            self._held = None
        if self._hit("silence"):
            self._silent = True
        elif self._hit("close"):
            self.closing = self._random.choice(CLOSE_CODES)
        return sent

    def _hit(self, name: str) -> bool:
        share: float = getattr(self._faults, name)
        hit = share > 0.0 and self._random.random() < share
        self._done[name] += hit
        return hit
