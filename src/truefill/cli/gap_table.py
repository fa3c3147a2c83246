"""The gaps of a tape or a stream as a table, for the commands that tell of them."""

from collections.abc import Sequence

from truefill.cli.durations import format_duration
from truefill.cli.show import out, plain_table
from truefill.cli.times import local_time

_MOST = 10  # printed; JSON has all


def print_gaps(gaps: Sequence[Sequence[int]]) -> None:
    """Print begin, end and length of each gap (local times, ns); nothing when there is none."""
    if not gaps:
        return
    from truefill.core.events import NO_TIME  # NumPy comes with it

    rows = [
        (local_time(begin), "never", "-")
        if end == NO_TIME
        else (local_time(begin), local_time(end), format_duration(end - begin))
        for begin, end in gaps[:_MOST]
    ]
    out().print(plain_table(("gap from", "to", "for"), rows, left=(0, 1)))
    if len(gaps) > _MOST:
        out().print(f"and {len(gaps) - _MOST:,} more gaps")
