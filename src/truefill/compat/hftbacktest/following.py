"""A list of data as a chain of tapes, one of each file or array, where each begins after the other has ended.

HftBacktest goes from one file to the next on each side by itself, with the book as it is. So does a chain
(docs/chains.md), but where a tape of it begins anew: lists are joined to one tape wherever that would differ.
"""

from truefill.backtest.chain import Chain, Market, begins_anew, begins_with_clear
from truefill.compat.hftbacktest.grid import Grid
from truefill.compat.hftbacktest.market import Source, fits, make_tape, placed_tape, symbol_of
from truefill.core.errors import DataError
from truefill.tape import Tape

_VIEWS = ("local", "exch")


def make_market(
    sources: list[Source], grid: Grid, snapshot: Source | None = None, snapshot_ts: int = 0
) -> Market:
    """What is traded: a chain of tapes where sources follow each other, else one tape of all.

    Parameters
    ----------
    sources : list of path, EVENT[] or Tape
    grid : Grid
    snapshot : path, EVENT[] or Tape, optional
        The book that the first one begins with, at `snapshot_ts`.
    """
    tapes = _as_given(sources, grid, snapshot) or _tapes(sources, grid, snapshot, snapshot_ts)
    return make_tape(sources, grid, snapshot, snapshot_ts) if tapes is None else Chain(tapes)


def _as_given(sources: list[Source], grid: Grid, snapshot: Source | None) -> list[Tape] | None:
    """Tapes of one instrument that need no change and follow each other."""
    tapes = [source for source in sources if isinstance(source, Tape) and fits(source, grid)]
    if len(sources) < 2 or len(tapes) != len(sources) or snapshot is not None:
        return None
    if len({(h.symbol, h.venue, h.tick_size, h.lot_size) for h in (tape.header for tape in tapes)}) > 1:
        return None
    return tapes if all(_follows(tapes[:n], tape) for n, tape in enumerate(tapes)) else None


def _tapes(sources: list[Source], grid: Grid, snapshot: Source | None, snapshot_ts: int) -> list[Tape] | None:
    """A tape of each source, all on one grid; None where a chain of them cannot be."""
    symbol = symbol_of(sources)
    tapes: list[Tape] = []
    while len(sources) > 1 and len(tapes) < len(sources):
        source = sources[len(tapes)]
        book = None if tapes else snapshot
        try:
            tape, used = placed_tape([source], grid, book, snapshot_ts if book is not None else 0, symbol)
        except DataError:
            return None  # of all together it may be right: it is about orders of the file before
        if used != grid:  # a finer lot, for the tapes before, too
            tapes, grid = [], used
        elif _follows(tapes, tape):
            tapes.append(tape)
        else:
            return None
    return tapes or None


def _follows(tapes: list[Tape], tape: Tape) -> bool:
    """Whether a tape can follow others in a chain that is the same as all of them joined."""
    times = {view: tape.section(f"{view}.group_ts") for view in _VIEWS}
    if tape.by_order or any(len(ts) == 0 for ts in times.values()):
        return False
    if not tapes:
        return True
    for view, ts in times.items():
        if ts[0] <= tapes[-1].section(f"{view}.group_ts")[-1]:
            return False
        if begins_anew(tape, view) and not begins_with_clear(tape, view):
            return False  # a snapshot without a clear leaves HftBacktest's other levels as they are
    return True
