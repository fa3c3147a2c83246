"""What happens in a market before a venue has spelled it, and what it becomes then. Times in UTC ns."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from truefill.venues.levels import Pairs


class Quantities(NamedTuple):
    """New total quantities of levels; "0" in any spelling removes one."""

    ts: int
    native: str
    bids: Pairs
    asks: Pairs


class Traded(NamedTuple):
    """One trade."""

    ts: int
    native: str
    px: str
    qty: str
    buys: bool  # the aggressor
    trade_id: int


Change = Quantities | Traded


class Publication(NamedTuple):
    """A message to all who have subscribed its channel."""

    native: str
    channel: str
    text: bytes


class Moment(NamedTuple):
    """Something that happens; only then `say` gives what is published, and the books know of it."""

    ts: int
    say: Callable[[], list[Publication]]


class Subscribe(NamedTuple):
    """A client wants a channel from now on."""

    channel: str


class Unsubscribe(NamedTuple):
    """A client wants a channel no more."""

    channel: str


class Reply(NamedTuple):
    """A message to one client alone."""

    native: str  # "": about none
    text: bytes


Answer = Reply | Subscribe | Unsubscribe
"""What a client's request leads to; they are done in their order."""


@dataclass(frozen=True)
class Rest:
    """An answer over HTTP."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    native: str = ""
