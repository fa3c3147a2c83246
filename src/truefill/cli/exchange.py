"""`truefill exchange`: our own exchange, which speaks real venues' protocols."""

import sys

import typer

from truefill.cli.exchange_market import serve_market

app = typer.Typer()
app.command("serve-market")(serve_market)


@app.callback(invoke_without_command=True)
def _exchange(context: typer.Context) -> None:
    """An exchange on this machine that speaks real venues' protocols.

    [cyan]truefill exchange serve-market DEMOUSDT-PERP.BINANCE[/]
    """
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit()
