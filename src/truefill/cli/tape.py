"""`truefill tape`: look into a tape."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from truefill.cli import tape_edit
from truefill.cli.gap_table import print_gaps
from truefill.cli.show import BAD, GOOD, facts, note, out, plain_table, print_json
from truefill.cli.tape_fuse import fuse
from truefill.cli.times import local_time, precise_time, span

if TYPE_CHECKING:
    from truefill.tape import Tape

app = typer.Typer()


@app.callback(invoke_without_command=True)
def _tape(context: typer.Context) -> None:
    """Look into a tape: what it holds, whether it is sound, its first events; the book at its end.

    [cyan]truefill tape info btcusdt.tape --html btcusdt.html[/]

    [cyan]truefill tape check btcusdt.tape[/]

    [cyan]truefill tape head btcusdt.tape -n 20 --view exch[/]

    [cyan]truefill tape snapshot monday.tape --out monday.npz[/]

    [cyan]truefill tape start tuesday.tape --snapshot monday.npz --out tuesday-whole.tape[/]

    [cyan]truefill tape cut day.tape --from 2024-08-08T12:00Z --to 2024-08-08T13:00Z --out hour.tape[/]

    [cyan]truefill tape join monday.tape tuesday.tape --out days.tape[/]

    [cyan]truefill tape resample day.tape --every 100ms --out coarse.tape[/]

    [cyan]truefill tape fuse depth.tape bookticker.tape --out fused.tape[/]
    """
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit()


TapeFile = Annotated[
    Path, typer.Argument(metavar="TAPE", help="A file written by [cyan]truefill convert[/].")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]


def describe(tape: "Tape") -> dict[str, Any]:
    """What a tape says about itself, and its gaps in local time, ns; without the places of its sections."""
    import msgspec

    values: dict[str, Any] = msgspec.to_builtins(tape.header)
    del values["sections"]
    values["bytes"] = tape.nbytes
    values["gap_spans"] = [[int(gap["begin_local"]), int(gap["end_local"])] for gap in tape.gaps]
    values["bytes_per_event"] = values["bytes"] / max(1, tape.header.events)
    return values


@app.command()
def info(
    tape: TapeFile,
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw it, too: price, spread, depth and message rate over time, gaps shaded. "
            "One HTML file that needs no network.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Tell what a tape holds: instrument, steps, time span, counts, gaps, hash.

    [cyan]truefill tape info btcusdt.tape[/]

    [cyan]truefill tape info btcusdt.tape --html btcusdt.html[/]

    [cyan]truefill tape info btcusdt.tape --json | jq .events[/]
    """
    from truefill.tape import Tape

    opened = Tape.open(tape)
    values = describe(opened)
    rows = _info_rows(values)
    if html is not None:
        from truefill.analysis.tape_picture import tape_picture

        tape_picture(opened, html, rows)
    if json:
        print_json(values)
    else:
        out().print(facts(rows))
        print_gaps(values["gap_spans"])
    if html is not None:
        note(f"picture written to {html}")


def _info_rows(values: dict[str, Any]) -> list[tuple[str, object]]:
    """What `info` shows of a tape's description: names and texts."""
    counts = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in values["counts"].items() if n)
    snapshot = "yes" if values["has_snapshot"] else "none: the book is built from differences only"
    if values["orders"]:
        snapshot = "none needed: the tape is made of single orders"
    rows: list[tuple[str, object]] = [
        ("instrument", values["symbol"]),
        ("venue", values["venue"]),
        ("tick size", values["tick_size"]),
        ("lot size", values["lot_size"]),
        ("source", ", ".join(values["source"]) or "-"),
        ("first event", local_time(values["first_ts"])),
        ("last event", local_time(values["last_ts"])),
        ("span", span(values["first_ts"], values["last_ts"])),
        ("events", f"{values['events']:,}"),
        ("", counts),
        ("snapshot", snapshot),
        ("gaps", values["gaps"] or "none"),
        ("last bid / ask", f"{values['last_best_bid'] or '-'} / {values['last_best_ask'] or '-'}"),
        ("size", f"{values['bytes'] / 1e6:.1f} MB, {values['bytes_per_event']:.1f} bytes an event"),
        ("content hash", values["content_hash"]),
    ]
    if orders := (values["orders"] or {}).get("exch"):
        faults = {k: n for k, n in orders.items() if n and k not in ("most_open", "open_at_end")}
        told = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in faults.items())
        open_orders = f"{orders['most_open']:,} open at most, {orders['open_at_end']:,} at the end"
        rows.insert(11, ("orders", open_orders + (f"; {told}" if told else "")))
    rows += [("note", text) for text in values["notes"]]
    return rows


@app.command()
def check(tape: TapeFile, json: Json = False) -> None:
    """Look for what is wrong in a tape; exit status 1 if there is an error.

    Time going backward, a crossed or locked book, gaps, duplicate or missing snapshots, numbers that are
    not finite or negative, prices off the tick, a truncated or altered file.

    [cyan]truefill tape check btcusdt.tape && echo sound[/]
    """
    from truefill.tape import check as check_tape

    findings = check_tape(tape)
    errors = sum(f.severity == "error" for f in findings)
    if json:
        import msgspec

        print_json([msgspec.to_builtins(f) for f in findings])
    elif not findings:
        out().print(f"[bold {GOOD}]✓[/] {tape.name}: nothing wrong", highlight=False)
    else:
        colours = {"error": BAD, "warning": "yellow"}
        rows = [
            (Text(f.severity, style=colours.get(f.severity, "")), f.kind, f"{f.count:,}", f.text)
            for f in findings
        ]
        out().print(plain_table(("severity", "what", "times", "where (UTC)"), rows, left=(0, 1, 3)))
        out().print(
            Text.assemble(("✗ ", f"bold {BAD}"), f"{tape.name}: results from it would be wrong")
            if errors
            else Text.assemble(("✓ ", f"bold {GOOD}"), f"{tape.name}: no error")
        )
    raise typer.Exit(1 if errors else 0)


@app.command()
def head(
    tape: TapeFile,
    rows: Annotated[int, typer.Option("-n", "--rows", min=1, help="How many rows.")] = 10,
    view: Annotated[
        Literal["local", "exch"], typer.Option(help="In the order of arrival here, or of the exchange.")
    ] = "local",
    json: Json = False,
) -> None:
    """Print the first events of a tape.

    [cyan]truefill tape head btcusdt.tape -n 20 --view exch[/]
    """
    from truefill.cli.tape_rows import first_lines
    from truefill.tape import Tape

    lines = first_lines(Tape.open(tape), view, rows)
    if json:
        print_json([line._asdict() for line in lines])
        return
    cells = [(precise_time(line.ts), line.event, line.side, line.price, line.qty) for line in lines]
    which = "arrived here" if view == "local" else "at the exchange"
    out().print(plain_table((f"{which} (UTC)", "event", "side", "price", "quantity"), cells, left=(0, 1, 2)))


@app.command()
def snapshot(
    tape: TapeFile,
    to: Annotated[Path, typer.Option("--out", metavar="FILE", help="The .npz file to write.")],
    json: Json = False,
) -> None:
    """Write the book at the end of a tape: with it the next day's tape can begin.

    One row for each level, from the best price outward, never crossed. HftBacktest reads the file as an
    initial snapshot.

    [cyan]truefill tape snapshot monday.tape --out monday.npz[/]
    """
    from truefill.tape import Tape, end_snapshot

    opened = Tape.open(tape)
    book = end_snapshot(opened)
    book.save(to)
    header = opened.header
    if json:
        print_json({"symbol": book.symbol, "levels": len(book.rows) - 1, "out": str(to)})
        return
    out().print(
        facts(
            [
                ("instrument", book.symbol),
                ("at", local_time(header.last_ts or 0)),
                ("best bid / ask", f"{header.last_best_bid or '-'} / {header.last_best_ask or '-'}"),
                ("rows", f"{len(book.rows):,}"),
                ("written", to),
            ]
        )
    )


@app.command()
def start(
    tape: TapeFile,
    snapshot: Annotated[
        Path, typer.Option(metavar="FILE", help="The book before it: [cyan]truefill tape snapshot[/].")
    ],
    to: Annotated[Path, typer.Option("--out", metavar="TAPE", help="The tape to write.")],
    json: Json = False,
) -> None:
    """Write a tape of levels anew so that it begins with a given book, at the time of its first event.

    A snapshot of another instrument is refused.

    [cyan]truefill tape start tuesday.tape --snapshot monday.npz --out tuesday-whole.tape[/]
    """
    from truefill.tape import Snapshot, Tape, begin_with

    made = begin_with(Tape.open(tape), Snapshot.open(snapshot), to)
    if json:
        print_json(describe(made))
        return
    out().print(facts([("instrument", made.symbol), ("events", f"{made.header.events:,}"), ("written", to)]))


app.command()(fuse)
app.command()(tape_edit.cut)
app.command()(tape_edit.join)
app.command()(tape_edit.resample)
