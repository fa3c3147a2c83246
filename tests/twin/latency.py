"""Order latency: constant, one entry latency for each kind of request, ns."""

from dataclasses import dataclass

PLACE, CANCEL, MODIFY = "place", "cancel", "modify"


@dataclass(frozen=True)
class TwinLatency:
    """A negative entry latency rejects the request, and the news of it takes the absolute value."""

    entry_ns: int = 0
    response_ns: int = 0
    cancel_ns: int | None = None
    modify_ns: int | None = None

    def entry(self, kind: str) -> int:
        """Time from sending a request to its arrival at the exchange."""
        special = {CANCEL: self.cancel_ns, MODIFY: self.modify_ns}.get(kind)
        return self.entry_ns if special is None else special
