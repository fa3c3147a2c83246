"""`truefill collect`: record a market."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from truefill.cli.durations import parse_duration
from truefill.cli.show import facts, note, out as stdout, print_json

if TYPE_CHECKING:
    from truefill.collect.collector import Collector
    from truefill.collect.collector_state import CollectorState

_SECOND = 1_000_000_000  # ns


def collect(
    symbols: Annotated[
        list[str],
        typer.Argument(
            metavar="SYMBOL...", help="Instruments of one venue: BTCUSDT-PERP.BINANCE, ETHUSDT.BYBIT, ..."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Made if there is none.")],
    channels: Annotated[
        str, typer.Option(metavar="LIST", help="Of depth, trades, best, marks, klines.")
    ] = "depth,trades",
    period: Annotated[Literal["day", "hour"], typer.Option(help="How long a file goes on, UTC.")] = "day",
    parquet: Annotated[
        bool, typer.Option("--parquet/--no-parquet", help="Write events as Parquet beside the archive.")
    ] = True,
    fsync: Annotated[
        bool, typer.Option("--fsync", help="Wait each second for the disk: survives a power cut, too.")
    ] = False,
    stale: Annotated[
        str,
        typer.Option(metavar="TIME", help="Connect anew when nothing of an instrument came for so long."),
    ] = "60s",
    length: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Stop after so long.", show_default="until Ctrl-C"),
    ] = None,
    stream: Annotated[
        str,
        typer.Option(metavar="URL", help="Another WebSocket, e.g. a test net's.", show_default="the venue's"),
    ] = "",
    rest: Annotated[
        str,
        typer.Option(
            metavar="URL", help="Another host for requests, https://host.", show_default="the venue's"
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Record a market: every message as it came, and its events as Parquet. Needs the extra [dim]collect[/].

    No key is needed. Ctrl-C (or SIGTERM) ends it in order; started again on the same folder it goes on in the
    same files. Lost connections are opened anew, gaps repaired by a fresh snapshot within the venue's limits.

    In the folder: [cyan]raw/BTCUSDT_20240808.gz[/], lines of receive time (UTC ns) and message, flushed each
    second, never damaged by a kill; [cyan]raw/_connection_...[/] and [cyan]raw/_unread_...[/], messages about
    no instrument and such that could not be read; [cyan]events/[/], Parquet; [cyan]state.json[/], counters.

    [cyan]truefill collect BTCUSDT-PERP.BINANCE ETHUSDT-PERP.BINANCE --out market[/]

    [cyan]truefill collect BTCUSDT-PERP.BYBIT --out bybit --channels depth,trades,best --period hour[/]

    Then make a tape of it, and check it:

    [cyan]truefill convert market/raw/BTCUSDT_*.gz --venue binance-usdm --symbol BTCUSDT --out btcusdt.tape[/]

    [cyan]truefill verify btcusdt.tape[/]
    """
    stale_s = parse_duration(stale, "--stale") / _SECOND
    length_s = None if length is None else parse_duration(length, "--for") / _SECOND
    from truefill.collect.collector import Collector, Patience
    from truefill.collect.endpoints import endpoint
    from truefill.core.errors import ConfigError
    from truefill.venues import parse_symbol

    if stale_s <= 0:
        raise ConfigError("a time above zero", stale, "--stale")
    wanted = [parse_symbol(symbol) for symbol in symbols]
    collector = Collector(
        wanted,
        out,
        channels=[channel.strip() for channel in channels.split(",")],
        period=period,
        parquet=parquet,
        fsync=fsync,
        at=endpoint(wanted[0].venue, stream, rest),
        patience=Patience(stale_s=stale_s),
    )
    note(f"collecting {', '.join(symbols)} from {collector.endpoint.stream} to {out}; Ctrl-C ends it")
    state = _run(collector, length_s)
    if json:
        import msgspec

        print_json(msgspec.to_builtins(state))
    else:
        _show(state, out)


def _run(collector: "Collector", length_s: float | None) -> "CollectorState":
    """Run until a signal comes, or the time is over."""
    import asyncio
    import logging
    import signal

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):  # there is none for Windows
        from uvloop import new_event_loop

        loop_factory = new_event_loop

    class _Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage())

    async def run() -> "CollectorState":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, collector.stop)
        if length_s is not None:
            loop.call_later(length_s, collector.stop)
        return await collector.run()

    log = logging.getLogger("truefill.collect")
    handler = _Notes(logging.WARNING)
    log.addHandler(handler)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(run())
    finally:
        log.removeHandler(handler)


def _show(state: "CollectorState", folder: Path) -> None:
    pairs: list[tuple[str, object]] = [
        ("folder", folder),
        ("venue", state.venue),
        ("runs", f"{state.runs:,}, {state.connections:,} connections"),
        ("messages", f"{state.messages:,}, of which {state.unread:,} could not be read"),
    ]
    pairs += [
        (name, f"{own.messages:,} messages, {own.events:,} events") for name, own in state.instruments.items()
    ]
    if state.clock_steps:
        pairs.append(("clock", f"stepped back {state.clock_steps:,} times"))
    stdout().print(facts(pairs))
