"""A line of messages in one direction: nothing overtakes."""

from typing import Generic, TypeVar

Message = TypeVar("Message")


class Bus(Generic[Message]):
    """Messages with the time of their arrival, which never falls from one to the next."""

    def __init__(self) -> None:
        self.queued: list[tuple[int, Message]] = []

    def append(self, message: Message, ts: int) -> None:
        """Send; a message that would overtake the last one still under way arrives together with it."""
        last = self.queued[-1][0] if self.queued else 0
        self.queued.append((max(ts, last), message))

    def next_ts(self) -> int | None:
        """Arrival of the next message."""
        return self.queued[0][0] if self.queued else None

    def receive(self, ts: int) -> list[Message]:
        """All messages that arrive at exactly ``ts``."""
        arrived = []
        while self.queued and self.queued[0][0] == ts:
            arrived.append(self.queued.pop(0)[1])
        return arrived
