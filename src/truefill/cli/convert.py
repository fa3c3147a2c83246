"""`truefill convert`: recordings of a venue, and historical files of vendors, into a tape."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.text import Text

from truefill.cli.durations import format_duration, parse_duration
from truefill.cli.format_options import FormatOptions, named_options
from truefill.cli.show import Steps, facts, out as stdout, print_json
from truefill.cli.times import local_time, span
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.collect import ConversionReport, FilesReport


def convert(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Of one instrument: recordings in order of time, a vendor's files, or tapes.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="TAPE", help="The file to write.")],
    symbol: Annotated[
        str,
        typer.Option(
            help="The venue's name of the instrument, e.g. BTCUSDT or BTCUSD_PERP. Of a vendor's file: what "
            "the tape shall call it, e.g. ESH4.CME.",
            show_default="what a tape or Parquet of events says",
        ),
    ] = "",
    venue: Annotated[
        str | None,
        typer.Option(
            help="Whose recording it is: binance-spot, binance-usdm, binance-coinm, bybit, hyperliquid, okx, "
            "bitget-usdt, extended, ...",
            show_default="none: a vendor's file",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            help="Of a vendor's files; [cyan]truefill formats[/] lists them.",
            show_default="told by each file's name and first line",
        ),
    ] = None,
    to: Annotated[
        Literal["tape", "npz", "parquet"],
        typer.Option(help="A tape, HftBacktest's events as .npz, or events as Parquet."),
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
    instrument: Annotated[
        str | None, typer.Option(help="Databento: the symbol or id of one of several instruments.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="LOBSTER: the day, if the file's name lacks it.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="LOBSTER: where its midnight is.", show_default="America/New_York")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="Bitfinex: when the first line came, e.g. 2021-03-01T00:00:00Z.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="Bitfinex: the time between two lines, e.g. 10ms.")
    ] = None,
    feed_latency: Annotated[
        str | None,
        typer.Option(
            help="LOBSTER, Bitstamp, Bitfinex, which have one clock or none: what each message took.",
            show_default="0ns",
        ),
    ] = None,
    more: FormatOptions = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Turn recordings, or a vendor's historical files, into a tape that backtests read.

    A recording has lines of [dim]<local time> <JSON of the venue>[/], plain or packed (gzip, xz, zip), as
    HftBacktest's collector writes them. Consecutive files become one tape. What is wrong is refused with
    its file and line; what is repaired is said.

    Without [cyan]--venue[/] they are a vendor's files: days that follow each other, or kinds that complete
    each other (a book and trades). What their source cannot tell is said.

    [bold]Examples[/]

    [cyan]truefill convert btcusdt_20240808.gz --venue binance-usdm --symbol BTCUSDT --out btcusdt.tape[/]

    [cyan]truefill convert btcusdt_2024071?.gz --venue binance-usdm --symbol BTCUSDT --out july.tape[/]

    [cyan]truefill convert btcusdt.gz --venue binance-spot --symbol BTCUSDT --to npz --out btcusdt.npz[/]

    [cyan]truefill convert btc.gz --venue binance-spot --symbol BTCUSDT --to parquet --out btc.parquet[/]

    [cyan]truefill convert monday.parquet tuesday.parquet --out days.tape[/]

    [cyan]truefill convert btcusdt.tape --to parquet --out btcusdt.parquet[/]

    [cyan]truefill convert glbx-mdp3-20231225.mbo.dbn.zst --symbol ESH4.CME --out es.tape[/]

    [cyan]truefill convert AAPL_2012-06-21_*_message_10.csv --symbol AAPL.NASDAQ --out aapl.tape[/]
    """
    base_latency_ns = parse_duration(base_latency, "--base-latency")
    of_vendors = {
        "instrument": int(instrument) if instrument and instrument.isdigit() else instrument,
        "date": date,
        "timezone": timezone,
        "start": int(start) if start and start.isdigit() else start,
        "step_ns": None if every is None else parse_duration(every, "--every"),
        "feed_latency_ns": None if feed_latency is None else parse_duration(feed_latency, "--feed-latency"),
        **named_options(more),
    }
    historical = format is not None or venue is None
    _check_options(
        historical, of_vendors, {"--fuse-tickers": fuse_tickers, "--allow-cut-tail": allow_cut_tail}
    )
    steps = Steps(quiet=json)
    report: ConversionReport | FilesReport
    with steps.step("Convert") as step:
        from truefill.collect import convert as convert_recording, convert_files

        if historical:
            report = convert_files(
                files,
                format=format,
                symbol=symbol,
                venue=venue or "",
                out=out,
                to=to,
                tick_size=tick_size,
                lot_size=lot_size,
                strict=strict,
                base_latency_ns=base_latency_ns,
                progress=step,
                **of_vendors,
            )
        else:
            report = convert_recording(
                files,
                venue=venue or "",
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


def _check_options(historical: bool, of_vendors: dict[str, Any], of_recordings: dict[str, bool]) -> None:
    """Refuse options that this kind of files does not have."""
    if historical:
        wrong = [name for name, given in of_recordings.items() if given]
        expected = "options of a vendor's files (they are such without --venue)"
    else:
        names = {"step_ns": "--every", "feed_latency_ns": "--feed-latency"}
        wrong = [names.get(name, f"--{name}") for name, given in of_vendors.items() if given is not None]
        expected = "options of recordings (they are such because of --venue)"
    if wrong:
        raise ConfigError(expected, ", ".join(wrong))


def _show(report: "ConversionReport | FilesReport") -> None:
    rows: list[tuple[str, object]] = [
        ("instrument", Text(report.symbol, style="bold")),
        ("span", f"{local_time(report.first_ts)}, {span(report.first_ts, report.last_ts)}"),
        ("events", f"{report.events:,}"),
        ("tick, lot", f"{report.tick_size}, {report.lot_size}" if report.tick_size else "not looked for"),
        ("gaps", report.gaps or "none"),
    ]
    if report.clock_correction_ns:
        rows.append(("clock", f"corrected by {format_duration(report.clock_correction_ns)}"))
    rows.append(("written", report.out))
    stdout().print(facts(rows))
