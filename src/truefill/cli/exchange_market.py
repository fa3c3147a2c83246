"""`truefill exchange serve-market`: a venue's market data on this machine, to try a collector on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from truefill.cli.durations import parse_duration
from truefill.cli.show import note

if TYPE_CHECKING:
    from truefill.exchange import MarketServer

_SECOND = 1_000_000_000  # ns


def serve_market(
    symbols: Annotated[
        list[str],
        typer.Argument(
            metavar="SYMBOL...",
            help="Of one venue: DEMOUSDT-PERP.BINANCE, ETHUSDT.BINANCE, or BTCUSDT-PERP.OKX.",
        ),
    ],
    recording: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Serve a raw archive of Binance instead of a made market; repeat for more files.",
        ),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.0, help="Seconds of the market in one second; 0: as fast as it is taken.")
    ] = 1.0,
    faults: Annotated[
        str, typer.Option(metavar="LIST", help="What goes wrong, as shares: drop=0.001,close=0.0001.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Of the made market, and of the faults.")] = 1,
    length: Annotated[
        str | None,
        typer.Option("--for", metavar="TIME", help="Stop after so long.", show_default="until Ctrl-C"),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="Of the WebSocket; REST has the next one. 0: any.")
    ] = 9443,
) -> None:
    """Serve a market over a venue's own protocol on 127.0.0.1. Needs the extra [dim]collect[/].

    A collector, or any other client of the venue, can be tried on it without internet and without an account.
    The market begins to live with the first subscription.

    [bold]In one terminal[/]

    [cyan]truefill exchange serve-market DEMOUSDT-PERP.BINANCE[/]

    [bold]In another[/]

    [cyan]truefill collect DEMOUSDT-PERP.BINANCE --out market
    --stream ws://127.0.0.1:9443/stream --rest http://127.0.0.1:9444[/]

    [bold]A recorded day at ten times its speed, on a bad line[/]

    [cyan]truefill exchange serve-market BTCUSDT-PERP.BINANCE --recording btcusdt_20240808.gz
    --speed 10 --faults drop=0.001,close=0.0002[/]

    Binance (spot, USD-M, COIN-M) and OKX are spoken: depth, trades, best prices, and the REST requests of a
    collector. Event times are those of the sending. Faults: drop, duplicate, reorder, damage, close, silence
    (shares of all messages), refuse (429), bad_snapshot (shares of all requests); the first quiet=30 messages
    of a connection are spared, most=N faults are drawn in all.
    """
    length_s = None if length is None else parse_duration(length, "--for") / _SECOND
    from truefill.exchange import Faults, MadeFeed, MarketServer, RecordedFeed

    drawn = Faults.parse(faults)
    feed = RecordedFeed(recording, symbols) if recording else MadeFeed(symbols, seed)
    server = MarketServer(feed, speed=speed, faults=drawn, seed=seed, port=port)
    _serve(server, symbols, length_s)


def _serve(server: "MarketServer", symbols: list[str], length_s: float | None) -> None:
    import asyncio
    import signal

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with server:
            note(f"serving {', '.join(symbols)}: {server.stream} and {server.rest}; Ctrl-C ends it")
            waits = {asyncio.create_task(stop.wait()), asyncio.create_task(server.finished.wait())}
            await asyncio.wait(waits, timeout=length_s, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        done = ", ".join(f"{count:,} {name}" for name, count in sorted(server.done.items()) if count)
        note(f"{server.published:,} messages, {server.connections:,} connections; faults: {done or 'none'}")

    asyncio.run(run())
