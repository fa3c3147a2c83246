"""`truefill tape fuse`: several streams of one market into one tape."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from truefill.cli.show import facts, out, print_json
from truefill.core.errors import ConfigError, DataError, TapeError

if TYPE_CHECKING:
    import numpy as np

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...", help="Tapes, Parquet or .npz files of events, a stream each; best prices last."
    ),
]


class Stream(NamedTuple):
    """A file of events, and what it says of its instrument; empty where it does not."""

    events: "np.ndarray"
    symbol: str = ""
    venue: str = ""
    tick_size: str = ""
    lot_size: str = ""


def fuse(
    files: Files,
    to: Annotated[Path, typer.Option("--out", metavar="TAPE", help="The tape to write.")],
    levels: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Of each file the levels of a side that it shows, or [cyan]all[/]."
        ),
    ] = None,
    newer_by: Annotated[
        Literal["time", "number"],
        typer.Option(help="Which of two claims is newer: by exchange time, or by a number that all share."),
    ] = "time",
    only_mentioned: Annotated[
        bool,
        typer.Option("--only-mentioned", help="Count only what a message mentions, as HftBacktest does."),
    ] = False,
    symbol: Annotated[str | None, typer.Option(help="Instrument; the files' by default.")] = None,
    tick_size: Annotated[str | None, typer.Option(help="Step of prices; the files' finest.")] = None,
    lot_size: Annotated[str | None, typer.Option(help="Step of quantities; the files' finest.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Fuse streams of one market into a tape: best prices, and depth of different rates and ranges.

    Of each level the newest claim holds, so the book is behind none of the streams, and never crossed.
    Let the best prices be the last file: of two claims of one age the later file's holds. The files are
    read whole.

    [cyan]truefill tape fuse depth.tape bookticker.tape --out fused.tape[/]

    [cyan]truefill tape fuse deep.npz top20.npz best.npz --levels all,20,all --symbol BTCUSDT-PERP.BINANCE
    --tick-size 0.1 --lot-size 0.001 --out fused.tape[/]
    """
    from truefill.tape import TapeBuilder, fuse as fuse_events

    ranges = _ranges(levels, len(files))
    streams = [_read(file) for file in files]
    name = symbol or _common("symbol", [stream.symbol for stream in streams], files)
    tick = tick_size or _finest("tick-size", [stream.tick_size for stream in streams])
    lot = lot_size or _finest("lot-size", [stream.lot_size for stream in streams])
    try:
        events = fuse_events(
            [stream.events for stream in streams],
            tick_size=tick,
            lot_size=lot,
            newer_by="ival" if newer_by == "number" else "exch_ts",
            ranges=ranges,
            complete=not only_mentioned,
        )
    except (DataError, TapeError) as error:
        place = f"{', '.join(file.name for file in files)}: {error.where}"
        raise type(error)(error.expected, error.got, place) from None
    venue = next((stream.venue for stream in streams if stream.venue), "")
    about: dict[str, Any] = {"symbol": name, "venue": venue, "tick_size": tick, "lot_size": lot}
    with TapeBuilder(to, source=[file.name for file in files], **about) as builder:
        builder.append(events)
        made = builder.finish()
    given = sum(len(stream.events) for stream in streams)
    if json:
        print_json({"symbol": name, "given": given, "events": made.header.events, "out": str(to)})
        return
    rows = [
        ("instrument", name),
        *((file.name, f"{len(stream.events):,} events") for file, stream in zip(files, streams, strict=True)),
        ("fused", f"{made.header.events:,} events"),
        ("written", to),
    ]
    out().print(facts(rows))


def _ranges(levels: str | None, count: int) -> list[int | None] | None:
    """``all,20`` -> ``[None, 20]``."""
    if levels is None:
        return None
    words = [word.strip() for word in levels.split(",")]
    wanted = f"for each of {count} files a number of levels, or all, as in {','.join(['all'] * count)}"
    if len(words) != count or not all(word == "all" or (word.isdecimal() and int(word)) for word in words):
        raise ConfigError(wanted, repr(levels), "--levels")
    return [None if word == "all" else int(word) for word in words]


def _read(file: Path) -> Stream:
    """A file whole."""
    import numpy as np

    from truefill.tape import Tape, read_npz, read_parquet, tape_events

    if file.suffix in (".npz", ".npy"):
        return Stream(read_npz(file))
    if file.suffix == ".parquet":
        source = read_parquet(file)
        about = [getattr(source, name) or "" for name in Stream._fields[1:]]
        parts = list(source)
        if not parts:
            raise DataError("events", "none", file)
        return Stream(np.concatenate(parts), *about)
    tape = Tape.open(file)
    if tape.by_order:
        raise DataError("a stream of levels or best prices", "a tape of single orders", file)
    header = tape.header
    return Stream(tape_events(tape), header.symbol, header.venue, header.tick_size, header.lot_size)


def _common(what: str, values: list[str], files: list[Path]) -> str:
    """The one value that the files have."""
    known = {value: file for value, file in zip(values, files, strict=True) if value}
    if len(known) > 1:
        got = " and ".join(f"{value} ({file.name})" for value, file in known.items())
        raise ConfigError(f"files of one {what}, or --{what}", got)
    if not known:
        raise ConfigError(f"--{what}: none of the files names it", "none")
    return next(iter(known))


def _finest(option: str, steps: list[str]) -> str:
    """The smallest step that a file names; all have to be on it, which is checked price by price."""
    known = [step for step in steps if step]
    if not known:
        raise ConfigError(f"--{option}: none of the files names it", "none")
    return min(known, key=Decimal)
