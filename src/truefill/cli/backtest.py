"""`truefill backtest`: a strategy file and a run's settings in, a folder of results out."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.show import Steps, err, error_line
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.backtest import Result
    from truefill.cli.config import RunConfig
    from truefill.cli.strategy_file import StrategyFile


def backtest(
    strategy: Annotated[
        Path,
        typer.Argument(
            metavar="STRATEGY.py",
            help="Defines [cyan]strategy(bot)[/] or [cyan]strategy(bot, params)[/], a class derived from "
            "[cyan]Strategy[/], or callbacks such as [cyan]on_trade(bot, state, trade)[/].",
        ),
    ],
    config: Annotated[
        Path,
        typer.Option(
            "--config", "-c", metavar="RUN.toml", help="Tapes, latency, queue, exchange, fees, params."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Results go here; those of an earlier run are replaced."
        ),
    ],
    interpreted: Annotated[
        bool,
        typer.Option(
            "--interpreted", help="Run the strategy as plain Python: slower, and open to a debugger."
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON on stdout and nothing else.")
    ] = False,
) -> None:
    r"""Run a strategy over recorded markets.

    The strategy file is ordinary Python; it is compiled unless you say [cyan]--interpreted[/]:

        [dim]def strategy(bot, params):
            while bot.elapse(100_000_000) == 0:      # every 100 ms
                depth = bot.depth(0)
                ...[/]

    The settings are a TOML file; an unknown key is an error:

        [dim]\[\[asset]]
        tape = "btcusdt.tape"
        \[latency]
        entry = "10ms"
        response = "10ms"
        \[fees]
        maker = -0.00005
        taker = 0.0007
        \[params]
        half_spread_ticks = 20[/]

    [bold]Examples[/]

    [cyan]truefill backtest grid.py --config run.toml --out result[/]

    [cyan]truefill backtest grid.py -c run.toml -o result --interpreted[/]

    [cyan]truefill backtest grid.py -c run.toml -o result --json | jq .metrics[/]

    Ctrl-C ends the run and keeps its results. If the strategy raises, what was simulated so far is kept,
    too, and the exit status is 1.
    """
    from truefill.backtest.account_story import account_notes
    from truefill.cli.config import dump, load_config
    from truefill.cli.results import check_folder, print_summary, write_results
    from truefill.cli.strategy_file import load_strategy

    settings = load_config(config)
    check_folder(out)
    loaded = load_strategy(strategy, events=True)
    steps = Steps(quiet=json)
    result = simulate(loaded, settings, config, steps, compiled=not interpreted)
    meta = {
        "name": settings.run.name or strategy.stem,
        "strategy": strategy.name,
        "config": dump(settings),
    }
    with steps.step("Write the report") as step:
        data = write_results(result, out, meta, settings)
        step.result = str(out / "report.html")
    for text in account_notes(data.meta.get("accounts", [])):
        steps.note(text)
    print_summary(data, json)
    finish(result, loaded)


def simulate(
    loaded: "StrategyFile", settings: "RunConfig", path: Path, steps: Steps, compiled: bool = True
) -> "Result":
    """Open the tapes, make a bot and run the strategy, with progress.

    Raises
    ------
    TruefillError
        If settings, tapes and strategy do not fit each other; nothing has been simulated then.
    """
    from truefill.backtest import run
    from truefill.cli.accounts import make_bot
    from truefill.cli.assets import make_assets, remarks
    from truefill.strategy import run_events

    params = _params(loaded, settings, path)
    assets = make_assets(settings, path)
    events = sum(asset.tape.header.events for asset in assets)
    for text in remarks(assets):
        steps.note(text)
    bot = make_bot(assets, settings, path)
    load_engine(steps)
    with steps.step("Simulate") as step:
        moving = 0.0

        def progress(share: float) -> None:
            nonlocal moving
            if share > 0.0 and not moving:
                moving = time.perf_counter()
            step(share, text="" if moving or not compiled else "compiling, which is kept for the next run")

        if loaded.events is not None:
            strategy, state = loaded.events(params)
            result = run_events(bot, strategy, state, compiled=compiled, progress=progress)
        else:
            result = run(bot, loaded.function, params, compiled=compiled, progress=progress)
        rate = events / max(time.perf_counter() - moving, 1e-9) if moving else 0.0
        speed = (
            f", {rate / 1e6:.1f} M events a second" if events > 1_000_000 and not result.interrupted else ""
        )
        step.result = f"{len(result.orders):,} orders, {len(result.fills):,} fills{speed}"
    return result


def load_engine(steps: Steps) -> None:
    """Get the simulator's machine code, from the disk or by compiling it; the first time takes a while."""
    from truefill.backtest.engine import ENTRIES

    with steps.step("Load the simulator") as step:
        entries = list(ENTRIES.values())
        for done, entry in enumerate(entries):
            step(
                done,
                len(entries),
                "compiling, which is kept on disk" if done and not entries[0].cache_hits else "",
            )
            entry.address  # noqa: B018
        cached = sum(entry.cache_hits for entry in entries) == len(entries)
        step.result = (
            "compiled before, from the disk" if cached else "compiled, and kept on disk for the next run"
        )


def finish(result: "Result", loaded: "StrategyFile") -> None:
    """Say how the run ended, when it did not end by itself, and leave with the status for it."""
    from truefill.cli.strategy_file import line_of, user_lines
    from truefill.core.errors import TruefillError

    error = result.error
    if result.interrupted:
        error_line("interrupted; the results up to here are kept")
        raise typer.Exit(130)
    if error is None:
        return
    if isinstance(error, TruefillError):
        line = line_of(error, loaded.path)
        error_line(f"{loaded.path.name}:{line}: {error}" if line else error)
    else:
        err().print(user_lines(error, loaded.path), markup=False, highlight=False)
        error_line(f"the strategy raised {type(error).__name__}; the results up to there are kept")
    raise typer.Exit(1)


def _params(loaded: "StrategyFile", settings: "RunConfig", path: Path) -> Any:
    from truefill.cli.params import make_params

    # what takes the params, as the file writes it
    name, first = ("strategy", ("bot",)) if loaded.events is None else (loaded.function.__name__, ())
    without, with_params = (f"{name}({', '.join(some)})" for some in (first, (*first, "params")))
    if loaded.takes_params:
        if settings.params:
            return make_params(settings.params)
        if loaded.needs_params:
            raise ConfigError(f"[params], since {loaded.path.name} has {with_params}", "none", path)
    elif settings.params:
        names = ", ".join(settings.params)
        raise ConfigError(f"no [params], since {loaded.path.name} has {without}", names, path)
    return None
