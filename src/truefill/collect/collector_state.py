"""What a collector has seen, in ``state.json`` of its folder: counters that a later run goes on with."""

from pathlib import Path

import msgspec

from truefill.core.errors import DataError
from truefill.tape.npz import written

STATE = "state.json"


class InstrumentState(msgspec.Struct):
    """Of one instrument.

    Attributes
    ----------
    messages, events : int
        Archived messages; events that were given to Parquet.
    last_ts : int
        When the last message came, UTC ns.
    """

    messages: int = 0
    events: int = 0
    last_ts: int = 0


class CollectorState(msgspec.Struct):
    """All runs of a folder together.

    Attributes
    ----------
    venue : str
    saved_ts : int
        When this was written, UTC ns.
    running : bool
        False: the last run ended in order.
    runs, connections : int
        How often the collector was started; connections that stood.
    messages : int
        Archived, of instruments and connections.
    unread : int
        Of these, what the codec could not read: see the archive's ``_unread`` files.
    handovers : int
        Connections that were replaced before their end, without a gap.
    trades_recovered : int
        Trades that were missed while there was no connection, and asked for afterwards.
    clock_steps : int
        How often a receive time was before the one of the message before.
    unknown : list of str
        Instruments that the venue's list does not have.
    silent : list of str
        Subscriptions of the present connection of which nothing has come.
    instruments : dict
        By the venue's name.
    """

    venue: str
    saved_ts: int = 0
    running: bool = False
    runs: int = 0
    connections: int = 0
    messages: int = 0
    unread: int = 0
    handovers: int = 0
    trades_recovered: int = 0
    clock_steps: int = 0
    unknown: list[str] = []
    silent: list[str] = []
    instruments: dict[str, InstrumentState] = {}


def read_collector_state(folder: Path, venue: str) -> CollectorState:
    """Read the state of a folder; a new one if it has none.

    Raises
    ------
    DataError
        It is damaged, or of another venue.
    """
    path = folder / STATE
    if not path.exists():
        return CollectorState(venue)
    try:
        state = msgspec.json.decode(path.read_bytes(), type=CollectorState)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError("a collector's state", error, path) from None
    if state.venue != venue:
        raise DataError(f"a folder of {venue}", f"one of {state.venue}", path)
    return state


def write_collector_state(folder: Path, state: CollectorState) -> None:
    """Write the state, whole or not at all.

    Raises
    ------
    DataError
        It cannot be written.
    """
    with written(folder / STATE) as file:
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")
