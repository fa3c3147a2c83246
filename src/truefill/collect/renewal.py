"""Another connection before the venue closes the first; `truefill.collect.handover` says which counts."""

import asyncio
from typing import Protocol

from truefill.collect.collector_state import CollectorState
from truefill.collect.connection import NO_CONNECTION
from truefill.collect.endpoints import Endpoint
from truefill.collect.handover import Handover
from truefill.collect.session import Session
from truefill.collect.settings import Patience
from truefill.venues import Symbol, market_codec
from truefill.venues.codec import VenueCodec

_BEFORE_S = 900.0  # so long before the venue closes a connection the next one is opened
_LOOK_S = 0.05
_AFTER_S = 60.0  # a connection that is so long behind the other one would be cut for it


class Host(Protocol):
    """The collector whose connection it is."""

    codec: VenueCodec
    endpoint: Endpoint
    handover: Handover | None
    patience: Patience
    session: Session
    sessions: list[Session]
    state: CollectorState
    symbols: list[Symbol]

    def new_session(self, codec: VenueCodec) -> Session:
        """Make a session, beside the one that there is."""

    def begin_snapshots(self, session: Session) -> None:
        """Ask for books from now on, over this session, if they are wanted."""

    def take(self) -> None:
        """Pass the events on that wait."""

    def trouble(self, text: str, *values: object) -> None:
        """Tell the user."""


async def renewals(host: Host) -> None:
    """Replace the connection before the venue closes it, again and again; at once if it never does."""
    lifetime = host.endpoint.lifetime_s
    if lifetime is None:
        return
    length = lifetime - min(_BEFORE_S, lifetime / 4)
    loop = asyncio.get_running_loop()
    while True:
        due = host.session.since + length if host.session.is_open else loop.time() + length
        await asyncio.sleep(max(due - loop.time(), host.patience.retry_s))
        if host.session.is_open and loop.time() - host.session.since >= length:
            await _renew(host)


async def _renew(host: Host) -> None:
    """Open another connection, and change over to it."""
    loop = asyncio.get_running_loop()
    new = host.new_session(market_codec(host.symbols, host.codec.channels))
    host.take()
    handover = host.handover = Handover(host.codec, new.codec, loop.time())
    try:
        await new.open()
        host.state.connections += 1
        while not handover.done and not (new.lost and not handover.begun):
            if new.lost:
                change_over(host)
            await asyncio.sleep(_LOOK_S)
            handover.quiet(loop.time())
        if handover.done:
            change_over(host)
            until = loop.time() + _AFTER_S
            while not (handover.caught_up or new.lost) and loop.time() < until:
                await asyncio.sleep(_LOOK_S)  # it may repeat what was said before
    except NO_CONNECTION as error:
        host.trouble("no second connection to %s: %s", host.endpoint.stream, error)
    finally:
        host.handover = None
        if new is not host.session:
            host.sessions.remove(new)
            new.disconnect()
            await new.closed()


def change_over(host: Host) -> None:
    """Let the new connection be the one; with a gap where it is not in sync."""
    handover, old = host.handover, host.session
    assert handover is not None
    if old.codec is handover.new:
        return
    host.state.handovers += handover.done
    handover.force()
    host.take()
    host.session = next(session for session in host.sessions if session.codec is handover.new)
    host.codec = handover.new
    host.sessions.remove(old)
    old.disconnect()
    if not host.session.lost:
        host.begin_snapshots(host.session)
