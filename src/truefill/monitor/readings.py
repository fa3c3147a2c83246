"""What the collectors of a process have counted, read at one moment."""

from collections.abc import Iterable
from dataclasses import dataclass

from truefill.collect.collector import Collector


@dataclass(frozen=True)
class InstrumentReading:
    """One instrument. Counters are of all runs of its folder, but for `gaps`, which is of this run.

    Attributes
    ----------
    venue, name : str
        The venue's id, and its name of the instrument.
    messages, events : int
    gaps : int
        Breaks in the venue's numbers, or in its checksums.
    last_ts : int
        When the last message came, UTC ns; 0: never.
    lag_s : float
        How much later than the exchange's time it came, s; NaN before any.
    last_px : float
        Price of the last trade; NaN before any.
    valid : bool
        Whether its book is whole.
    """

    venue: str
    name: str
    messages: int
    events: int
    gaps: int
    last_ts: int
    lag_s: float
    last_px: float
    valid: bool


@dataclass(frozen=True)
class Reading:
    """One collector.

    Attributes
    ----------
    venue : str
    connected : bool
    messages, unread, connections, handovers, trades_recovered, clock_steps : int
        As in its state.
    bytes : int
        Written to the archive in this run, packed.
    requests, limited : int
        Over REST in this run; those that the venue refused as too many.
    silent : int
        Subscriptions of which nothing comes.
    instruments : tuple of InstrumentReading
    """

    venue: str
    connected: bool
    messages: int
    unread: int
    connections: int
    handovers: int
    trades_recovered: int
    clock_steps: int
    bytes: int
    requests: int
    limited: int
    silent: int
    instruments: tuple[InstrumentReading, ...]


def read(collectors: Iterable[Collector]) -> list[Reading]:
    """Read the counters of collectors that run, or have run."""
    return [_read(collector) for collector in collectors]


def _read(collector: Collector) -> Reading:
    state = collector.state
    venue = state.venue
    instruments = []
    for native, stream in collector.codec.streams.items():
        own = state.instruments.get(native)
        trades = collector.trades.get(native)
        book = stream.book.counters
        instruments.append(
            InstrumentReading(
                venue,
                native,
                0 if own is None else own.messages,
                0 if own is None else own.events,
                book.gaps + book.checksums_wrong + book.crossed,
                0 if own is None else own.last_ts,
                (stream.last_local_ts - stream.last_ts) / 1e9 if stream.last_ts else float("nan"),
                float("nan") if trades is None else float(trades.last_px),
                stream.book.valid,
            )
        )
    usage = collector.usage
    return Reading(
        venue,
        usage.connected,
        state.messages,
        state.unread,
        state.connections,
        state.handovers,
        state.trades_recovered,
        state.clock_steps,
        usage.bytes,
        usage.requests,
        usage.limited,
        len(state.silent),
        tuple(instruments),
    )
