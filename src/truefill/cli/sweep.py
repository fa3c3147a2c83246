"""`truefill sweep`: one strategy with many parameter sets over one recorded market, on all processors."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.show import Steps, error_line, out as stdout, plain_table, print_json
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.cli.strategy_file import StrategyFile
    from truefill.sweep import Sweep

# Metrics that the terminal shows; the file has all of them.
SHOWN = ("Return", "SR", "MaxDrawdown", "Fees", "NumberOfTrades", "FillRatio", "EdgeBps", "MaxPositionValue")
FORMATS = (".parquet", ".csv")
MOST_ROWS = 20


def sweep(
    strategy: Annotated[
        Path,
        typer.Argument(
            metavar="STRATEGY.py",
            help="Defines [cyan]strategy(bot, params)[/], a class derived from [cyan]Strategy[/] that takes "
            "params, or callbacks and [cyan]make_state(params)[/].",
        ),
    ],
    config: Annotated[
        Path,
        typer.Option(
            "--config",
            "-c",
            metavar="RUN.toml",
            help="As for [cyan]backtest[/]; its \\[params] are the base.",
        ),
    ],
    param: Annotated[
        list[str],
        typer.Option(
            "--param",
            "-p",
            metavar="NAME=VALUES",
            help="[cyan]FIRST:LAST:STEP[/] (both ends belong to it) or [cyan]A,B,C[/]. "
            "May be repeated: every combination runs.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write all metrics of all runs: .parquet or .csv."),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="METRIC", help="What orders the table, the largest first.")
    ] = "Return",
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", "-w", metavar="N", min=1, help="Runs at a time; by default one a processor."
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print all runs as JSON on stdout and nothing else.")
    ] = False,
) -> None:
    r"""Run a strategy with many parameter sets over one recorded market.

    The base of all sets is [cyan]\[params][/] of RUN.toml; each [cyan]--param[/] names one of them and
    the values it shall take. Several make a grid: with 10 values of one and 5 of another there are 50
    runs. The tape is opened once and shared, and each run is the very run that
    [cyan]truefill backtest[/] makes with these parameters (its run hash tells).

    [bold]Examples[/]

    [cyan]truefill sweep grid.py -c run.toml --param half_spread_ticks=1:10:1[/]

    [cyan]truefill sweep grid.py -c run.toml -p half_spread_ticks=5:50:5 -p levels=1,5,10 -o all.parquet[/]

    [cyan]truefill sweep grid.py -c run.toml -p skew_ticks=0:1:0.1 --sort SR --json | jq '.\[0]'[/]

    Ctrl-C ends the runs at once and keeps those that are done. A run that raises is told with its
    parameters, and the others go on; the exit status is 1 then.
    """
    from truefill.cli.accounts import make_bot
    from truefill.cli.assets import make_assets, remarks
    from truefill.cli.backtest import load_engine
    from truefill.cli.config import load_config
    from truefill.cli.params import make_params
    from truefill.cli.strategy_file import load_strategy
    from truefill.cli.sweep_params import parse_params
    from truefill.sweep import grid, metrics_of, run_many

    settings = load_config(config)
    if out is not None and out.suffix not in FORMATS:
        raise ConfigError(f"a file that ends with {' or '.join(FORMATS)}", out, "--out")
    loaded = load_strategy(strategy, events=True)
    if not loaded.takes_params:
        raise ConfigError(*_wanted(loaded), loaded.path)
    if settings.run.compute == "measured":
        raise ConfigError(
            "a constant [run] compute: the runs of a sweep hold each other up", "'measured'", config
        )
    values = parse_params(param, settings.params)
    _check_sort(sort, list(values))
    sets = grid(make_params(settings.params), **values)
    runs, make_state = _what_runs(loaded, sets[0])
    steps = Steps(quiet=json)
    assets = make_assets(settings, config)
    for text in remarks(assets):
        steps.note(text)
    make_bot(assets, settings, config)  # what does not fit is told once, before all runs
    load_engine(steps)
    with steps.step("Simulate") as step:

        def progress(share: float, done: int) -> None:
            step(share, text=f"{done} of {len(sets)} runs")

        found = run_many(
            lambda params: make_bot(assets, settings, config),
            runs,
            sets,
            make_state=make_state,
            reduce=metrics_of,
            workers=workers,
            progress=progress,
        )
        step.result = f"{len(found.done)} of {len(sets)} runs, {len(found.failed)} failed"
    if out is not None:
        _write(found, out)
        if not json:
            steps.note(f"all metrics of all runs are in {out}")
    _show(found, list(values), sort, json)
    _finish(found)


def _wanted(loaded: "StrategyFile") -> tuple[str, str]:
    """What takes params in a file, and what does not."""
    if loaded.events is None:
        return f"strategy(bot, params) in {loaded.path.name}", "strategy(bot)"
    if isinstance(loaded.function, type):
        name = loaded.function.__name__
        return f"{name}(params) in {loaded.path.name}", f"{name}()"
    return f"make_state(params) in {loaded.path.name}", "one without params, or none"


def _what_runs(loaded: "StrategyFile", params: Any) -> tuple[Any, Any]:
    """Strategy and maker of states, as `run_many` takes them."""
    maker = loaded.events
    if maker is None or isinstance(loaded.function, type):
        return loaded.function, None
    return maker(params)[0], lambda given: maker(given)[1]


def _check_sort(sort: str, swept: list[str]) -> None:
    from truefill.analysis.metrics import CATALOGUE

    names = [metric.name for metric in CATALOGUE]
    if sort.rsplit(" ", maxsplit=1)[-1] not in (
        *names,
        *swept,
    ):  # of assets in two currencies: "SYMBOL Return"
        nearest = difflib.get_close_matches(sort, names, n=1)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        raise ConfigError(f"a metric to sort by, such as {', '.join(SHOWN)}", f"{sort!r}{hint}", "--sort")


def _show(found: "Sweep", swept: list[str], sort: str, json: bool) -> None:
    import polars as pl

    frame = found.frame()
    if json:
        print_json(frame.to_dicts())
        return
    done = frame.filter(pl.col("status") == "done")
    if not len(done):
        return
    if sort in done.columns:
        done = done.sort(pl.col(sort).cast(pl.Float64).fill_nan(None), descending=True, nulls_last=True)
    shown = [name for name in done.columns if name.split(" ")[-1] in SHOWN]
    shown.sort(key=lambda name: SHOWN.index(name.split(" ")[-1]))
    if sort in done.columns and sort not in (*shown, *swept):
        shown.insert(0, sort)
    rows = [[_text(row[name]) for name in (*swept, *shown)] for row in done.head(MOST_ROWS).to_dicts()]
    console = stdout()
    console.print()
    console.print(plain_table([*swept, *shown], rows, left=()))
    if len(done) > MOST_ROWS:
        console.print(f"\n... and {len(done) - MOST_ROWS} more: --out FILE has them all")


def _text(value: Any) -> str:
    from truefill.analysis.formats import number

    if isinstance(value, float):
        return number(value)
    return str(value)


def _write(found: "Sweep", out: Path) -> None:
    frame = found.frame()
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        if out.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            frame.write_parquet(temporary)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)


def _finish(found: "Sweep") -> None:
    """Tell what failed, and leave with the status for it."""
    for trial in found.failed:
        error_line(f"{_named(trial.params)}: {type(trial.error).__name__}: {trial.error}")
    if found.interrupted:
        error_line(f"interrupted; the {len(found.done)} runs that were done are kept")
        raise typer.Exit(130)
    if found.failed:
        raise typer.Exit(1)


def _named(params: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in params._asdict().items())
