"""The command `truefill`: what all commands share, and nothing of what they do.

Exit status: 0 done; 1 the work itself said no (a check found errors, a strategy raised); 2 bad input, with
one line on stderr; 130 interrupted.
"""

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from truefill.cli import (
    backtest,
    backtest_as,
    calibrate,
    collect,
    convert,
    demo,
    exchange,
    formats,
    report,
    spread,
    sweep,
    tape,
    verify,
    walk_forward,
)
from truefill.cli.show import error_line
from truefill.core.errors import TruefillError


class _OneLineErrors(TyperGroup):
    """Bad input ends with one line on stderr and status 2, never with a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **kwargs: Any) -> Any:
        try:
            status = super().main(*args, standalone_mode=False, **kwargs)  # type: ignore[misc]
        except TruefillError as error:
            error_line(error)
            status = 2
        except typer.Abort:
            error_line("aborted")
            status = 130
        except OSError as error:
            # A path that cannot be read or written. Anything else that escapes is our fault: a traceback.
            error_line(f"{error.filename}: {error.strerror}" if error.filename else error)
            status = 2
        except Exception as error:
            if not hasattr(error, "format_message"):  # not one of the parser's own complaints
                raise
            error_line(_usage(error))
            status = 2
        status = status if isinstance(status, int) else 0
        if standalone_mode:
            sys.exit(status)
        return status


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return f"{error.format_message().rstrip('.')}{hint}"


app = typer.Typer(
    cls=_OneLineErrors,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"truefill {version('truefill')}\n")
        raise typer.Exit()


@app.callback(invoke_without_command=True)
def _truefill(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Record, replay, simulate and trade limit order books, with fills you can trust.

    [bold]Start here[/]

    [cyan]truefill demo[/]   makes a market, backtests a market maker on it and writes a report, in a minute

    [bold]Then, with your own data[/]

    [cyan]truefill convert btcusdt_*.gz --venue binance-usdm --symbol BTCUSDT --out btcusdt.tape[/]

    [cyan]truefill tape info btcusdt.tape[/]

    [cyan]truefill backtest grid.py --config run.toml --out result[/]

    [cyan]truefill sweep grid.py --config run.toml --param half_spread_ticks=1:10:1[/]
    """
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit()


app.command("demo")(demo.demo)
app.command("collect")(collect.collect)
app.add_typer(exchange.app, name="exchange")
app.command("convert")(convert.convert)
app.command("formats")(formats.formats)
app.command("verify")(verify.verify)
app.add_typer(tape.app, name="tape")
app.command("backtest")(backtest.backtest)
app.command("backtest-as")(backtest_as.backtest_as)
app.command("sweep")(sweep.sweep)
app.command("walk-forward")(walk_forward.walk_forward)
app.command("report")(report.report)
app.add_typer(calibrate.app, name="calibrate")
app.command("spread")(spread.spread)


def main() -> None:
    """Run the command line; the console script calls this."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no "✓" gets a "?", not an error
    app()
