"""A line of messages in one direction: nothing overtakes, unless it may."""

from typing import Generic, TypeVar

Message = TypeVar("Message")


class Bus(Generic[Message]):
    """Messages with the time of their arrival, which never falls from one to the next."""

    def __init__(self, overtaking: bool = False) -> None:
        self.overtaking = overtaking
        self.queued: list[tuple[int, Message]] = []

    def append(self, message: Message, ts: int) -> None:
        """Send; a message that would overtake the last one still under way arrives together with it.

        With overtaking it arrives first; of those that arrive at one time, what was sent first.
        """
        if self.overtaking:
            self.queued.append((ts, message))
            self.queued.sort(key=lambda queued: queued[0])  # stable
            return
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
