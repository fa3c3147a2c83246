"""`truefill collect`: record markets."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from truefill.cli.durations import parse_duration
from truefill.cli.show import err, facts, note, out as stdout, print_json

if TYPE_CHECKING:
    from truefill.cli.collect_config import CollectConfig
    from truefill.collect.collector_state import CollectorState
    from truefill.collect.collectors import Collectors
    from truefill.monitor.readings import Reading
    from truefill.venues import Venue

_SECOND = 1_000_000_000  # ns


def collect(
    symbols: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SYMBOL...",
            help="Instruments, of any number of venues: BTCUSDT-PERP.BINANCE, ETHUSDT.BYBIT, ...",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Made if there is none.", show_default=False),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="collect.toml, or the Extended pipeline's config.json; arguments override it.",
            show_default=False,
        ),
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of depth, trades, best, marks, klines, instruments, snapshots.",
            show_default="depth,trades",
        ),
    ] = None,
    layout: Annotated[
        Literal["events", "wide", "none"] | None,
        typer.Option(help="What is written beside the archive.", show_default="events"),
    ] = None,
    levels: Annotated[
        int | None, typer.Option(help="Of a side of a book in the wide layout.", show_default="20")
    ] = None,
    period: Annotated[
        Literal["day", "hour"] | None, typer.Option(help="How long a file goes on, UTC.", show_default="day")
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet/--no-parquet", help="Without: as --layout none.")
    ] = True,
    fsync: Annotated[
        bool, typer.Option("--fsync", help="Wait each second for the disk: survives a power cut, too.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check the events as they come, as [cyan]truefill verify[/] does: verify.json."
        ),
    ] = False,
    stale: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Connect anew when nothing of an instrument came for so long.",
            show_default="60s",
        ),
    ] = None,
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
    metrics_port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT",
            min=0,
            max=65_535,
            help="Serve metrics for Prometheus, on 127.0.0.1.",
            show_default="none",
        ),
    ] = None,
    view: Annotated[
        bool | None,
        typer.Option("--view/--no-view", help="A live table.", show_default="on a terminal"),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print what is in force, and collect nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Record markets: every message as it came, and its events as Parquet. Needs the extra [dim]collect[/].

    No key is needed. Ctrl-C (or SIGTERM) ends it in order; started again on the same folder it goes on in the
    same files. Lost connections are opened anew, gaps repaired by a fresh snapshot within the venue's limits.

    In the folder: [cyan]raw/BTCUSDT_20240808.gz[/], lines of receive time (UTC ns) and message, flushed each
    second, never damaged by a kill; [cyan]raw/_connection_...[/] and [cyan]raw/_unread_...[/], messages about
    no instrument and such that could not be read; [cyan]events/[/], Parquet; [cyan]state.json[/], counters.
    Several venues have a folder each in it, such as [cyan]binance-usdm/[/].

    [cyan]truefill collect BTCUSDT-PERP.BINANCE ETHUSDT-PERP.BINANCE --out market[/]

    [cyan]truefill collect BTCUSDT-PERP.BINANCE BTCUSDT-PERP.BYBIT --out both --channels depth,trades,best[/]

    [cyan]truefill collect --config collect.toml[/]

    Then make a tape of it, and check it:

    [cyan]truefill convert market/raw/BTCUSDT_*.gz --venue binance-usdm --symbol BTCUSDT --out btcusdt.tape[/]

    [cyan]truefill verify btcusdt.tape[/]
    """
    length_s = None if length is None else parse_duration(length, "--for") / _SECOND
    given: dict[str, Any] = {
        "symbols": tuple(symbols) if symbols else None,
        "out": None if out is None else str(out),
        "channels": None if channels is None else tuple(name.strip() for name in channels.split(",")),
        "layout": layout if parquet else "none",
        "levels": levels,
        "period": period,
        "fsync": fsync or None,
        "verify": verify or None,
        "metrics_port": metrics_port,
        "stale": None if stale is None else parse_duration(stale, "--stale"),
    }
    wanted = _read(config, {name: value for name, value in given.items() if value is not None}, stream, rest)
    if print_config:
        _print_config(wanted, json)
        return
    from truefill.cli.collect_config import settings_of
    from truefill.collect.collectors import Collectors

    settings = settings_of(wanted)
    collectors = Collectors(settings)
    for collector in collectors.collectors.values():
        names = ", ".join(map(str, collector.symbols))
        note(f"collecting {names} from {collector.endpoint.stream} to {collector.folder}; Ctrl-C ends it")
    live = not json and err().is_terminal if view is None else view
    states = _run(collectors, length_s, wanted.metrics_port, live)
    if json:
        import msgspec

        found = {venue.value: msgspec.to_builtins(state) for venue, state in states.items()}
        print_json(found if len(found) > 1 else next(iter(found.values())))
    else:
        for venue, state in states.items():
            _show(state, collectors.collectors[venue].folder)


def _read(config: Path | None, given: dict[str, Any], stream: str, rest: str) -> "CollectConfig":
    """Settings of a file, with what the arguments say in their place."""
    from truefill.cli.collect_config import CollectConfig, VenueTable, load_collect_config, venue_of
    from truefill.core.errors import ConfigError

    read = (CollectConfig() if config is None else load_collect_config(config)).model_copy(update=given)
    if not stream and not rest:
        return read
    venues = {venue_of(symbol) for symbol in read.symbols}
    if len(venues) != 1:
        raise ConfigError("symbols of one venue with --stream or --rest", f"{len(venues)} venues", "--stream")
    name = venues.pop().value
    table = read.venue.get(name, VenueTable())
    other = {key: url for key, url in (("stream", stream), ("rest", rest)) if url}
    return read.model_copy(update={"venue": {**read.venue, name: table.model_copy(update=other)}})


def _print_config(wanted: "CollectConfig", json: bool) -> None:
    from truefill.cli.collect_config import shown

    if json:
        print_json(wanted.model_dump(exclude_none=True))
    else:
        stdout().print(facts(shown(wanted)))


def _run(
    collectors: "Collectors", length_s: float | None, metrics_port: int | None, live: bool
) -> "dict[Venue, CollectorState]":
    """Run until a signal comes, or the time is over."""
    import asyncio
    import logging
    import signal

    from truefill.monitor.readings import read
    from truefill.monitor.view import View, show

    screen = err()
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with contextlib.suppress(ImportError):  # there is none for Windows
        from uvloop import new_event_loop

        loop_factory = new_event_loop

    class _Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage(), screen)

    def readings() -> "list[Reading]":
        return read(collectors.collectors.values())

    async def run() -> "dict[Venue, CollectorState]":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, collectors.stop)
        if length_s is not None:
            loop.call_later(length_s, collectors.stop)
        drawing = asyncio.create_task(show(View(readings), screen)) if live else None
        try:
            return await collectors.run()
        finally:
            if drawing is not None:
                drawing.cancel()
                await asyncio.gather(drawing, return_exceptions=True)

    log = logging.getLogger("truefill.collect")
    handler = _Notes(logging.WARNING)
    log.addHandler(handler)
    try:
        with contextlib.ExitStack() as serving, asyncio.Runner(loop_factory=loop_factory) as runner:
            if metrics_port is not None:
                from truefill.monitor.prometheus import MetricsServer

                server = serving.enter_context(MetricsServer(readings, metrics_port))
                note(f"metrics on http://127.0.0.1:{server.port}/metrics", screen)
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
