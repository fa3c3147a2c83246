"""`truefill walk-forward`: choose a market maker's parameters on one window, and trade the next."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.show import Steps, facts, out as stdout, plain_table, print_json
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.cli.pipeline_config import PipelineConfig
    from truefill.sweep import Candidate, WalkForward
    from truefill.tape import Tape

MOST_ROWS = 20
# Parameters that are no keys of config.json, with values of their types.
OWN = {"notional": 20.0, "capital": 1000.0, "inventory_sd": 1.0, "requote_seconds": 1.0}


def walk_forward(
    param: Annotated[
        list[str],
        typer.Option(
            "--param",
            "-p",
            metavar="NAME=VALUES",
            help="[cyan]A,B,C[/] or [cyan]FIRST:LAST:STEP[/] of a key of config.json, or of notional, "
            "capital, inventory_sd, requote_seconds. May be repeated: every combination is a candidate.",
        ),
    ],
    market: Annotated[
        Path | None, typer.Argument(metavar="MARKET", help="As for [cyan]backtest-as[/].")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="config.json", help="What is not in the grid.")
    ] = None,
    train: Annotated[str, typer.Option("--train", metavar="TIME", help="Window to choose on.")] = "6h",
    test: Annotated[str, typer.Option("--test", metavar="TIME", help="Window to trade after it.")] = "2h",
    purge: Annotated[
        str, typer.Option("--purge", metavar="TIME", help="Between the two, in which nothing counts.")
    ] = "10m",
    period: Annotated[
        str, typer.Option("--period", metavar="TIME", help="Profits are compared by such periods.")
    ] = "1m",
    model: Annotated[
        str, typer.Option("--model", metavar="as|glft", help="Avellaneda-Stoikov, or GLFT.")
    ] = "as",
    fill: Annotated[
        str, typer.Option("--fill", metavar="mean|own", help="At the own quote, or as documented.")
    ] = "own",
    convention: Annotated[
        str, typer.Option("--convention", metavar="touch|through", help="What trades fill a quote.")
    ] = "touch",
    latency: Annotated[
        str, typer.Option("--latency", metavar="TIME", help="From a decision to the exchange.")
    ] = "0s",
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", metavar="N", min=1, help="Backtests at a time.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="All candidates and folds as JSON.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    r"""Walk forward through a recording with a grid of a market maker's parameters.

    On each training window every candidate is backtested, and the one with the best Sharpe ratio trades
    the test window after it. Beside the best number with hindsight stand what choosing really made, the
    ratio that the luck of so many candidates would have shown, the deflated Sharpe ratio (the
    probability that the best is more than luck), and the probability of backtest overfitting
    (CSCV: that the best of one half is under the median in the other).

    [bold]Examples[/]

    [cyan]truefill walk-forward eth.tape -c config.json -p risk_aversion_gamma=0.1,1,10[/]

    [cyan]truefill walk-forward eth.tape --model glft -p inventory_sd=0.05:0.5:0.05 --train 3h --test 1h[/]
    """
    from truefill.cli.durations import parse_duration
    from truefill.cli.market_source import market_path, opened_market
    from truefill.cli.pipeline_config import load_pipeline_config
    from truefill.cli.show import write_json
    from truefill.strategy.maker_calibration import CalibrationSettings, calibrate_maker
    from truefill.strategy.maker_market import maker_market
    from truefill.sweep import walk_forward as walk

    settings = load_pipeline_config(config)
    lengths = {
        name: parse_duration(text, f"--{name}") / 1e9
        for name, text in (("train", train), ("test", test), ("purge", purge), ("period", period))
    }
    path = market_path(market, settings, config)
    steps = Steps(quiet=json)
    with opened_market(path, steps) as tape:
        trading = {
            "model": model,
            "fill_rule": fill,
            "convention": convention,
            "latency": parse_duration(latency, "--latency") / 1e9,
        }
        candidates = _candidates(settings, param, tape, trading)
        with steps.step("Read and calibrate") as step:
            found = maker_market(
                tape,
                gap=settings.gap_threshold_seconds,
                warmup=settings.warmup_period_seconds,
                tick_size=settings.tick_size,
            )
            fitting = CalibrationSettings(
                window=settings.calibration_window_seconds,
                every=settings.recalibration_interval_seconds,
                warmup=settings.warmup_period_seconds,
                sample_every=min(1.0, settings.calibration_window_seconds / 400.0),
            )
            known = calibrate_maker(found, fitting)
            step.result = f"{int(known.usable.sum())} of {len(known.fits)} can be quoted with"
        with steps.step("Walk") as step:
            result = walk(found, known, candidates, **lengths, workers=workers, progress=step)
            step.result = f"{len(candidates)} candidates, {len(result.folds)} folds"
    values = _values(result)
    if out is not None:
        write_json(values, out)
    if json:
        print_json(values)
        return
    _show(result)


def _candidates(
    settings: "PipelineConfig", param: list[str], tape: "Tape", trading: dict[str, Any]
) -> "list[Candidate]":
    from pydantic import ValidationError

    from truefill.backtest.quote_replay import ReplaySettings
    from truefill.cli.pipeline_config import PipelineConfig
    from truefill.cli.sweep_params import parse_params
    from truefill.sweep import Candidate

    plain = settings.model_dump()
    numbers = {name: v for name, v in plain.items() if isinstance(v, float) and name not in _FIXED}
    grid = parse_params(param, numbers | OWN | {"gamma_mode": ""})
    found = []
    for point in itertools.product(*grid.values()):
        values = dict(zip(grid, point, strict=True))
        own = {name: values[name] for name in OWN if name in values}
        changed = {name: v for name, v in values.items() if name not in OWN}
        try:
            one = PipelineConfig.model_validate(plain | changed)
        except ValidationError as error:
            told = error.errors()[0]
            raise ConfigError("a grid of settings that can be", told["msg"], f"--param {values}") from None
        base = ReplaySettings(
            quoting=one.quoting(tape.tick_size),
            maker_fee=one.maker_fee_bps * 1e-4,
            taker_fee=one.taker_fee_bps * 1e-4,
            cooldown=one.fill_cooldown_seconds,
            validity=one.quote_validity_seconds,
            notional=own.get("notional", 20.0),
            capital=own.get("capital", 1000.0),
            requote=own.get("requote_seconds", 1.0),
        )
        found.append(Candidate(values, replace(base, **trading), own.get("inventory_sd")))
    return found


# What the fits and the market hang on: not of a candidate.
_FIXED = (
    *("calibration_window_seconds", "recalibration_interval_seconds", "warmup_period_seconds"),
    *("gap_threshold_seconds", "tick_size", "effective_volume_threshold"),
)


def _values(result: "WalkForward") -> dict[str, Any]:
    ratios = result.ratios
    return result.summary() | {
        "all_candidates": [
            c.values | {"sharpe": float(ratios[i]), "profit": float(result.periods[:, i].sum())}
            for i, c in enumerate(result.candidates)
        ],
        "all_folds": [
            {
                "train": list(fold.train),
                "test": list(fold.test),
                "chosen": result.candidates[fold.chosen].values,
                "sharpe_in_training": float(fold.inside[fold.chosen]),
                "sharpe_in_test": float(fold.outside[fold.chosen]),
                "profit": fold.profit,
            }
            for fold in result.folds
        ],
    }


def _show(result: "WalkForward") -> None:
    from truefill.analysis.formats import number
    from truefill.core.times import utc

    told = result.summary()
    rows = [
        (
            utc(fold.test[0]),
            ", ".join(f"{k}={v:g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items()),
            number(fold.inside[fold.chosen]),
            number(fold.outside[fold.chosen]),
            number(fold.profit),
        )
        for fold in result.folds
        for values in (result.candidates[fold.chosen].values,)
    ]
    head = ("test from", "chosen in training", "Sharpe there", "Sharpe in test", "profit in test")
    console = stdout()
    console.print(plain_table(head, rows[:MOST_ROWS], left=(0, 1)))
    best, made = told["best_in_sample"], told["chosen_before"]
    each = f"a period of {result.period:g} s, {told['candidates']} candidates"
    console.print(
        facts(
            [
                ("best with hindsight", f"Sharpe {number(best['sharpe'])} {each}: {best['values']}"),
                ("the luck of so many", f"Sharpe {number(told['expected_best_of_luck'])}"),
                (
                    "deflated Sharpe ratio",
                    f"{number(told['deflated_sharpe'])}: probability of more than luck",
                ),
                ("overfitting (PBO)", number(told["overfitting_probability"])),
                ("chosen before", f"Sharpe {number(made['sharpe'])}, profit {number(made['profit'])}"),
            ]
        )
    )
