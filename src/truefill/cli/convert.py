"""`truefill convert`: recordings of a venue into a tape."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from truefill.cli.durations import format_duration, parse_duration
from truefill.cli.show import Steps, facts, out as stdout, print_json
from truefill.cli.times import local_time, span

if TYPE_CHECKING:
    from truefill.collect import ConversionReport


def convert(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recordings of one instrument, in order of time.")
    ],
    venue: Annotated[str, typer.Option(help="binance-spot, binance-usdm or binance-coinm.")],
    symbol: Annotated[
        str, typer.Option(help="The venue's name of the instrument, e.g. BTCUSDT or BTCUSD_PERP.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="TAPE", help="The file to write.")],
    to: Annotated[
        Literal["tape", "npz"], typer.Option(help="A tape, or HftBacktest's events as .npz.")
    ] = "tape",
    tick_size: Annotated[
        str | None, typer.Option(help="Price step.", show_default="the largest that divides all prices")
    ] = None,
    lot_size: Annotated[
        str | None,
        typer.Option(help="Quantity step.", show_default="the largest that divides all quantities"),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict", help="Refuse a recorder's clock that runs behind the venue's; else it is corrected."
        ),
    ] = False,
    fuse_tickers: Annotated[
        bool, typer.Option("--fuse-tickers", help="Let the book ticker change the book, too.")
    ] = False,
    base_latency: Annotated[
        str, typer.Option(help="What the fastest message took, if the clock has to be corrected.")
    ] = "0ns",
    allow_cut_tail: Annotated[
        bool,
        typer.Option(
            "--allow-cut-tail", help="Drop a last line that breaks off, as a killed recorder leaves."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Turn recordings into a tape that backtests read.

    A recording has lines of [dim]<local time> <JSON of the venue>[/], plain or packed (gzip, xz, zip), as
    HftBacktest's collector writes them. Consecutive files become one tape. What is wrong is refused with
    its file and line; what is repaired is said.

    [bold]Examples[/]

    [cyan]truefill convert btcusdt_20240808.gz --venue binance-usdm --symbol BTCUSDT --out btcusdt.tape[/]

    [cyan]truefill convert btcusdt_2024071?.gz --venue binance-usdm --symbol BTCUSDT --out july.tape[/]

    [cyan]truefill convert btcusdt.gz --venue binance-spot --symbol BTCUSDT --to npz --out btcusdt.npz[/]
    """
    base_latency_ns = parse_duration(base_latency, "--base-latency")
    steps = Steps(quiet=json)
    with steps.step("Convert") as step:
        from truefill.collect import convert as convert_recording

        report = convert_recording(
            files,
            venue=venue,
            symbol=symbol,
            out=out,
            to=to,
            tick_size=tick_size,
            lot_size=lot_size,
            strict=strict,
            fuse_tickers=fuse_tickers,
            base_latency_ns=base_latency_ns,
            allow_cut_tail=allow_cut_tail,
            progress=step,
        )
        step.result = f"{report.events:,} events"
    for text in report.notes:
        steps.note(text)
    if json:
        print_json(report.as_dict())
    else:
        _show(report)


def _show(report: "ConversionReport") -> None:
    rows: list[tuple[str, object]] = [
        ("instrument", Text(report.symbol, style="bold")),
        ("span", f"{local_time(report.first_ts)}, {span(report.first_ts, report.last_ts)}"),
        ("events", f"{report.events:,}"),
        ("tick, lot", f"{report.tick_size}, {report.lot_size}"),
        ("gaps", report.gaps or "none"),
    ]
    if report.clock_correction_ns:
        rows.append(("clock", f"corrected by {format_duration(report.clock_correction_ns)}"))
    rows.append(("written", report.out))
    stdout().print(facts(rows))
