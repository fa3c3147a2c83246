"""`truefill tape cut | join | resample`: tapes out of tapes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truefill.cli.durations import parse_duration
from truefill.cli.show import Steps, facts, out as stdout, print_json
from truefill.cli.times import local_time, parse_time, span

if TYPE_CHECKING:
    from truefill.tape import Tape

TapeFile = Annotated[Path, typer.Argument(metavar="TAPE", help="A tape.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="TAPE", help="The tape to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]


def cut(
    tape: TapeFile,
    to: Out,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="TIME",
            help="First moment: 2024-08-08T23:55:00Z, or nanoseconds.",
            show_default="the tape's begin",
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="First moment behind it.", show_default="the tape's end"),
    ] = None,
    json: Json = False,
) -> None:
    """Take a stretch of time out of a tape; the piece begins with the book as it was.

    Pieces that follow each other make the whole again: [cyan]truefill tape join[/].

    [cyan]truefill tape cut day.tape --from 2024-08-08T12:00Z --to 2024-08-08T13:00Z --out hour.tape[/]
    """
    first, last = parse_time(begin, "--from"), parse_time(end, "--to")
    with Steps(quiet=True).step("Cut"):
        from truefill.tape import Tape, cut as cut_tape

        made = cut_tape(Tape.open(tape), first, last, to)
    _show(made, to, json)


def join(
    tapes: Annotated[
        list[Path], typer.Argument(metavar="TAPE...", help="Of one instrument, in order of time.")
    ],
    to: Out,
    gap: Annotated[
        str, typer.Option(metavar="TIME", help="Where more time than this is missing, there is a gap.")
    ] = "60s",
    json: Json = False,
) -> None:
    """Put tapes that follow each other into one.

    Instrument and steps have to be the same, and times must not overlap.

    [cyan]truefill tape join monday.tape tuesday.tape --out days.tape[/]
    """
    gap_ns = parse_duration(gap, "--gap")
    with Steps(quiet=True).step("Join"):
        from truefill.tape import join as join_tapes

        made = join_tapes(tapes, to, gap_ns=gap_ns)
    _show(made, to, json)


def resample(
    tape: TapeFile,
    every: Annotated[str, typer.Option(metavar="TIME", help="Length of an interval, e.g. 100ms.")],
    to: Out,
    json: Json = False,
) -> None:
    """Keep of each level only its last quantity in each interval: fewer rows, for long and coarse runs.

    Trades and other rows stay as they are. Lost are the states in between, rows that never arrived, and
    places in the queues of single orders.

    [cyan]truefill tape resample btcusdt.tape --every 100ms --out coarse.tape[/]
    """
    every_ns = parse_duration(every, "--every")
    with Steps(quiet=True).step("Resample"):
        from truefill.tape import Tape, resample as resample_tape

        made = resample_tape(Tape.open(tape), every_ns, to)
    _show(made, to, json)


def _show(made: "Tape", to: Path, json: bool) -> None:
    header = made.header
    if json:
        from truefill.cli.tape import describe

        print_json(describe(made))
        return
    rows: list[tuple[str, object]] = [
        ("instrument", header.symbol),
        ("from", f"{local_time(header.first_ts)}, {span(header.first_ts, header.last_ts)}"),
        ("events", f"{header.events:,}"),
        ("gaps", header.gaps or "none"),
        *(("note", note) for note in header.notes),
        ("written", to),
    ]
    stdout().print(facts(rows))
