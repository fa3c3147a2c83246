"""`truefill exchange`: a matching engine, and a server that speaks venues' protocols."""

import sys

import typer

from truefill.cli.exchange_bench import bench
from truefill.cli.exchange_market import serve_market
from truefill.cli.exchange_replay import replay

app = typer.Typer()
app.command("serve-market")(serve_market)
app.command("replay")(replay)
app.command("bench")(bench)


@app.callback(invoke_without_command=True)
def _exchange(context: typer.Context) -> None:
    """An exchange on this machine: a matching engine, and a server that speaks real venues' protocols.

    [cyan]truefill exchange serve-market DEMOUSDT-PERP.BINANCE[/]

    [cyan]truefill exchange replay orders_normal_s23_n1000000.bin.xz[/]

    [cyan]truefill exchange bench[/]
    """
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit()
