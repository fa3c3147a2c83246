"""`truefill verify`: is a file what a market could have looked like?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from truefill.cli.durations import format_duration, parse_duration
from truefill.cli.format_options import FormatOptions, named_options
from truefill.cli.gap_table import print_gaps
from truefill.cli.show import BAD, GOOD, Steps, facts, out as stdout, plain_table, print_json, write_json
from truefill.cli.times import local_time, span

if TYPE_CHECKING:
    from truefill.collect import Verified
    from truefill.tape import VerifyReport


def verify(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Tapes, .npz or .npy events, recordings, or a vendor's files."
        ),
    ],
    venue: Annotated[
        str | None,
        typer.Option(
            help="Whose recording it is: binance-usdm, bybit, hyperliquid, ...; as for [cyan]convert[/].",
            show_default="none: no recording",
        ),
    ] = None,
    symbol: Annotated[str, typer.Option(help="Of a recording: the instrument, e.g. BTCUSDT.")] = "",
    format: Annotated[
        str | None,
        typer.Option(
            help="Of a vendor's files; [cyan]truefill formats[/] lists them.",
            show_default="told by their looks",
        ),
    ] = None,
    more: FormatOptions = None,
    tick_size: Annotated[
        str | None,
        typer.Option(help="Price step, for what does not know its own.", show_default="not compared"),
    ] = None,
    stale: Annotated[str, typer.Option(metavar="TIME", help="A silence longer than this is one.")] = "5s",
    ghost: Annotated[
        str,
        typer.Option(metavar="TIME", help="A level that newer prices have crossed for so long is a ghost."),
    ] = "1s",
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the report as JSON, too.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Check market data: the book against itself and the venue's snapshots, times, gaps, numbers.

    Exit status 1 if there is an error, with [cyan]--strict[/] also if there is a warning.

    Crossed and locked books; levels that newer prices crossed and nothing removed (ghosts); each snapshot of
    the venue against the book that was built before it, level by level; breaks in the venue's numbers and
    marked gaps; silences; times that go back; numbers that cannot be; prices off the tick; trades outside the
    book.

    [cyan]truefill verify btcusdt.tape && echo sound[/]

    [cyan]truefill verify btcusdt_20240808.gz --venue binance-usdm --symbol BTCUSDT --out report.json[/]

    [cyan]truefill verify events.npz --tick-size 0.1 --stale 30s --strict[/]

    [cyan]truefill verify BTCUSDT.csv --format mapped --option mapping=trades.toml[/]
    """
    stale_ns, ghost_ns = parse_duration(stale, "--stale"), parse_duration(ghost, "--ghost")
    steps = Steps(quiet=True)
    with steps.step("Verify") as step:
        from truefill.collect import verify as verify_files

        streams = verify_files(
            files,
            venue=venue,
            symbol=symbol,
            format=format,
            tick_size=tick_size,
            stale_ns=stale_ns,
            ghost_ns=ghost_ns,
            progress=step,
            **named_options(more),
        )
    sound = all(stream.report.sound(strict) for stream in streams)
    values = {"sound": sound, "strict": strict, "streams": [_values(stream) for stream in streams]}
    if out is not None:
        write_json(values, out)
    if json:
        print_json(values)
    else:
        for stream in streams:
            _show(stream, strict)
    raise typer.Exit(0 if sound else 1)


def _values(stream: "Verified") -> dict[str, Any]:
    import msgspec

    values: dict[str, Any] = msgspec.to_builtins(stream)
    report = values.pop("report")
    return {**values, "errors": stream.report.errors, "warnings": stream.report.warnings, **report}


def _show(stream: "Verified", strict: bool) -> None:
    report = stream.report
    name = Path(stream.files[0]).name + (
        f" and {len(stream.files) - 1} more" if len(stream.files) > 1 else ""
    )
    stdout().print(facts(_facts(name, stream.kind, stream.symbol, report)))
    if report.findings:
        colours = {"error": BAD, "warning": "yellow"}
        rows = [
            (Text(f.severity, style=colours.get(f.severity, "")), f.kind, f"{f.count:,}", f.text)
            for f in report.findings
        ]
        stdout().print(plain_table(("severity", "what", "times", "where (UTC)"), rows, left=(0, 1, 3)))
    print_gaps(report.gaps)
    if report.sound(strict):
        said = "no error" if report.findings else "nothing wrong"
        stdout().print(Text.assemble(("✓ ", f"bold {GOOD}"), f"{name}: {said}"))
    else:
        stdout().print(Text.assemble(("✗ ", f"bold {BAD}"), f"{name}: results from it would be wrong"))


def _facts(name: str, kind: str, symbol: str, report: "VerifyReport") -> list[tuple[str, object]]:
    counts = ", ".join(f"{n:,} {what.replace('_', ' ')}" for what, n in report.counts.items())
    length = max(1, (report.last_ts or 0) - (report.first_ts or 0))
    rows: list[tuple[str, object]] = [
        ("file", f"{name} ({kind})"),
        ("instrument", symbol or "not said"),
        ("from", f"{local_time(report.first_ts)}, {span(report.first_ts, report.last_ts)}"),
        ("rows", f"{report.rows:,} in {report.messages:,} messages"),
        ("", counts),
        ("snapshots", f"{report.snapshots:,}, of which {report.compared:,} were compared with the book"),
        ("longest silence", format_duration(report.longest_silence_ns)),
        ("of the book", format_duration(report.longest_book_silence_ns)),
    ]
    for what, ns in (
        ("crossed", report.crossed_ns),
        ("locked", report.locked_ns),
        ("silent", report.silent_ns),
        ("book silent", report.silent_book_ns),
    ):
        if ns:
            rows.append((what, f"{format_duration(ns)}, {ns / length:.3%} of the time"))
    return rows
