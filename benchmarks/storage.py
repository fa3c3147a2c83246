"""A process that times Parquet: a tape to a file of events, that file to a tape, and the same file raw.

    python -m benchmarks.storage write TAPE FILE.parquet
    python -m benchmarks.storage read FILE.parquet TAPE
    python -m benchmarks.storage raw FILE.parquet

`raw` is polars, which reads all columns into memory and makes nothing of them. All of it on one processor
(POLARS_MAX_THREADS=1). A first, small trip compiles and is not timed. One line of JSON on stdout.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.memory import memory


def main(arguments: list[str]) -> None:
    """Time one of the three."""
    what, *files = arguments
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    run = {"write": _write, "read": _read, "raw": _raw}[what]
    if what != "raw":
        _warm()
    begin = time.perf_counter()
    events, parquet = run(*files)
    seconds = time.perf_counter() - begin
    peak = memory()["peak_bytes"]
    size = Path(parquet).stat().st_size
    print(json.dumps({"events": events, "seconds": seconds, "file_bytes": size, "peak_bytes": peak}))


def _write(tape: str, parquet: str) -> tuple[int, str]:
    from truefill.tape import Tape, write_parquet

    return write_parquet(Tape.open(tape), parquet).events, parquet


def _read(parquet: str, tape: str) -> tuple[int, str]:
    from truefill.tape import TapeBuilder, read_parquet

    source = read_parquet(parquet)
    with TapeBuilder(tape, symbol=source.symbol, venue=source.venue) as builder:
        for rows in source:
            builder.append(rows)
        return builder.finish().header.events, parquet


def _raw(parquet: str) -> tuple[int, str]:
    import polars as pl

    return len(pl.read_parquet(parquet)), parquet


def _warm() -> None:
    from truefill import build_tape, make_market
    from truefill.tape import write_parquet

    with tempfile.TemporaryDirectory() as folder:
        parquet = f"{folder}/x.parquet"
        write_parquet(build_tape(make_market(2, seed=1), symbol="X.TEST"), parquet)
        _read(parquet, f"{folder}/x.tape")


if __name__ == "__main__":
    main(sys.argv[1:])
