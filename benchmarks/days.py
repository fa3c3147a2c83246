"""Many tapes from one: copies of a tape's file, each moved to a later time."""

import shutil
from pathlib import Path

import numpy as np

from truefill.tape import Tape
from truefill.tape.format import OPTIONAL, SECTIONS

_TIMES = {
    "exch.group_ts": (),
    "local.group_ts": (),
    "local.group_exch_ts": (),
    "exch.stops": ("ts",),
    "local.stops": ("ts",),
    "local.best": ("ts",),
    "local.exch_runs": ("exch_ts",),
    "custom_runs": ("exch_ts",),
    "trades": ("exch_ts", "local_ts"),
}


def make_days(source: Path, folder: Path, count: int, step_ns: int | None = None) -> list[Path]:
    """Copies of a tape's file, the first one as it is, each `step_ns` later than the one before.

    Only times in the columns are moved; header and digests stay those of the source. By default each copy
    begins a second after the one before it ends.
    """
    tape = Tape.open(source)
    first, last = (int(tape.section("exch.group_ts")[0]), int(tape.section("local.group_ts")[-1]))
    step = last - first + 1_000_000_000 if step_ns is None else step_ns
    days = []
    for number in range(count):
        path = folder / f"day{number}.tape"
        shutil.copyfile(source, path)
        if number:
            _move(path, tape, number * step)
        days.append(path)
    return days


def _move(path: Path, tape: Tape, shift: int) -> None:
    size = path.stat().st_size
    base = size - max(
        -(-(info.offset + SECTIONS[name].itemsize * info.count) // 64) * 64
        for name, info in tape.header.sections.items()
    )
    done = set()
    for name, fields in _TIMES.items():
        info = tape.header.sections.get(name)
        if info is None and name in OPTIONAL:
            continue
        assert info is not None
        if info.count == 0 or info.offset in done:
            continue
        done.add(info.offset)  # sections of equal bytes stand in one place
        column = np.memmap(path, SECTIONS[name], "r+", base + info.offset, (info.count,))
        for field in fields or (None,):
            times = column if field is None else column[field]
            times += shift
        column.flush()
