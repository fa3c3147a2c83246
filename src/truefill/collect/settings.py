"""What a collector is asked to do. Files and arguments are read by the command line, not here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from truefill.collect.archive import Period
from truefill.venues import Symbol, Venue
from truefill.venues.codec import CHANNELS, DEPTH, TRADES

INSTRUMENTS, SNAPSHOTS = "instruments", "snapshots"
COLLECTED = (*CHANNELS, INSTRUMENTS, SNAPSHOTS)
"""What can be collected: the streams of a venue, its list of instruments, and books that are asked for."""

Layout = Literal["events", "wide", "none"]


@dataclass(frozen=True)
class Patience:
    """How long a collector waits, s.

    Attributes
    ----------
    stale_s : float
        An instrument of which nothing came for so long makes the connection be opened anew. An instrument for
        which that did not help is given twice the time.
    silent_s : float
        A subscription of which nothing has come so long after it was asked for is named in log and state.
    retry_s, most_s : float
        Before the first and before any later try to connect, or to fetch; drawn from the upper half.
    state_s : float
        Between two states.
    trades_s : float
        Between a new connection and the request for the trades that were missed before it.
    snapshots_s : float
        Between two snapshots of an instrument that are fetched only to compare with.
    """

    stale_s: float = 60.0
    silent_s: float = 30.0
    retry_s: float = 0.5
    most_s: float = 60.0
    state_s: float = 30.0
    trades_s: float = 2.0
    snapshots_s: float = 600.0


@dataclass(frozen=True)
class VenueSettings:
    """What is different at one venue.

    Attributes
    ----------
    channels : tuple of str, optional
        In place of those of `CollectSettings`.
    stream, rest : str
        Other addresses than the venue's own; "": its own.
    """

    channels: tuple[str, ...] | None = None
    stream: str = ""
    rest: str = ""


@dataclass(frozen=True)
class CollectSettings:
    """One process of collectors.

    Attributes
    ----------
    symbols : tuple of Symbol
        Of one venue or several.
    out : Path
        The folder; several venues have a folder each in it.
    channels : tuple of str
        Of `COLLECTED`.
    layout : {"events", "wide", "none"}
        What is written beside the archive: events as Parquet, the wide layout of books and trades, nothing.
    levels : int
        Of a side of a book in the wide layout.
    period : {"day", "hour"}
        How long a file goes on.
    fsync : bool
        See `RawArchive`.
    verify : bool
        Check the events as they come.
    patience : Patience
    venues : mapping
        By venue.
    """

    symbols: tuple[Symbol, ...]
    out: Path
    channels: tuple[str, ...] = (DEPTH, TRADES)
    layout: Layout = "events"
    levels: int = 20
    period: Period = "day"
    fsync: bool = False
    verify: bool = False
    patience: Patience = field(default_factory=Patience)
    venues: Mapping[Venue, VenueSettings] = field(default_factory=dict)
