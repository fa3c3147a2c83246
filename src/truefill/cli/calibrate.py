"""`truefill calibrate`: fit what a backtest assumes to what is known."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from truefill.cli import calibrate_market, feed_latency
from truefill.cli.durations import parse_duration
from truefill.cli.show import Steps, out, plain_table, print_json
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np

    from truefill.backtest import QueueScore
    from truefill.tape import Tape


class _Recording(TyperGroup):
    """What is no command's name is a recording: ``calibrate btcusdt.tape`` is ``calibrate market ...``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["market", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_Recording)
app.command("market")(calibrate_market.market)
app.command("latency")(feed_latency.latency)
# Models as RUN.toml names them: class, and whether it has a parameter n.
MODELS = {
    "risk_averse": ("RiskAverseQueue", False),
    "log": ("LogProbQueue", False),
    "log2": ("LogProbQueue2", False),
    "power": ("PowerProbQueue", True),
    "power2": ("PowerProbQueue2", True),
    "power3": ("PowerProbQueue3", True),
    "evidence": ("EvidenceQueue", True),
}


@app.callback(invoke_without_command=True)
def _calibrate(context: typer.Context) -> None:
    """Fit what quotes and backtests assume to what is known of the market.

    [cyan]truefill calibrate btcusdt.tape --html btcusdt.html[/]   (the same as [cyan]calibrate market[/])

    [cyan]truefill calibrate queue es.tape[/]

    [cyan]truefill calibrate latency btcusdt.tape --out latency.npz[/]
    """
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit()


@app.command()
def queue(
    tape: Annotated[
        Path,
        typer.Argument(metavar="TAPE", help="Of single orders; with [cyan]--result[/] any of that market."),
    ],
    result: Annotated[
        Path | None,
        typer.Option(
            "--result",
            "-r",
            metavar="DIR",
            help="Take the truth from own orders: what [cyan]truefill backtest --out[/] wrote, or a "
            "session in that form.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="Whose [cyan]n[/] to fit: power, power2, power3 or evidence; may be repeated. By default "
            "power3.",
        ),
    ] = None,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help="Time between two probes of one kind.")
    ] = "2s",
    horizon: Annotated[
        str, typer.Option("--horizon", metavar="TIME", help="How long a probe is watched for its fill.")
    ] = "60s",
    offset: Annotated[
        list[int] | None,
        typer.Option(
            "--offset", metavar="TICKS", help="Probes so far behind the touch; may be repeated: 0, 1, 2."
        ),
    ] = None,
    low: Annotated[float, typer.Option("--low", metavar="N", help="Smallest n to try.")] = 0.1,
    high: Annotated[float, typer.Option("--high", metavar="N", help="Largest n to try.")] = 10.0,
    steps: Annotated[
        int, typer.Option("--steps", metavar="COUNT", min=3, help="Values in the first of three searches.")
    ] = 13,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    r"""Find the queue model, and its n, that fills orders when they were really filled.

    On a tape of single orders (L3) the place in every queue is known. Probes, orders of one lot, are
    placed on both sides at regular times; when each would have been filled is the truth. Then every
    model is asked the same on the feed by level of that market, which is what it will see in a backtest.

    With [cyan]--result[/] the truth are own orders: when they came to rest, were filled, or cancelled.

    The loss is the mean of |predicted − actual| time to fill in seconds, up to the horizon; a positive bias
    means that a model fills too late. The last lines are what to write into RUN.toml.

    [bold]Examples[/]

    [cyan]truefill calibrate queue es.tape[/]

    [cyan]truefill calibrate queue es.tape --every 500ms --horizon 10s --offset 0 -m power3 -m power2[/]

    [cyan]truefill calibrate queue btcusdt.tape --result live_monday --json | jq .best[/]
    """
    import truefill.backtest as bt

    every_ns, horizon_ns = parse_duration(every, "--every"), parse_duration(horizon, "--horizon")
    if every_ns == 0 or horizon_ns == 0:
        raise ConfigError("times above 0", "0", "--every, --horizon")
    if not 0 < low < high < float("inf"):
        raise ConfigError("0 < low < high", f"{low} and {high}", "--low, --high")
    fitting = list(dict.fromkeys(model or ["power3"]))
    for name in fitting:
        if name not in MODELS or not MODELS[name][1]:
            raise ConfigError("power, power2, power3 or evidence", name, "--model")
    shown = Steps(quiet=json)
    with shown.step("Find the truth") as step:
        market, probes, source = _truth(tape, result, every_ns, horizon_ns, tuple(offset or (0, 1, 2)))
        step.result = f"{len(probes):,} {source}"
    if len(probes) == 0:
        raise ConfigError("orders that came to rest", "none", tape if result is None else result)
    plain = [getattr(bt, name)() for name, _ in MODELS.values()]
    scores = []
    with shown.step("Ask the models") as step:
        for number, each in enumerate(plain):
            step(number, len(plain))
            scores.append(bt.score_queue(market, probes, each))
    curves = {}
    for name in fitting:
        with shown.step(f"Fit {name}") as step:
            fitted = bt.calibrate_queue(market, probes, getattr(bt, MODELS[name][0]), low, high, steps)
            step.result = f"n = {_n(fitted.model):g}, loss {fitted.score.loss:.4g} s"
        curves[name] = fitted.curve
        if _n(fitted.model) not in [_n(score.model) for score in scores if _name(score.model) == name]:
            scores.append(fitted.score)
    scores.sort(key=lambda score: score.loss)
    values = {
        "symbol": market.symbol,
        "truth": source,
        "probes": len(probes),
        "filled": scores[0].fills,
        "every_ns": every_ns if result is None else None,
        "horizon_ns": horizon_ns,
        "best": {key: v for key, v in _row(scores[0]).items() if key in ("model", "n", "loss")},
        "models": [_row(score) for score in scores],
        "curves": {
            name: [{"n": _n(score.model), "loss": score.loss} for score in curve]
            for name, curve in curves.items()
        },
    }
    if json:
        print_json(values)
        return
    _print(values)


def _truth(
    tape: Path, result: Path | None, every_ns: int, horizon_ns: int, offsets: tuple[int, ...]
) -> "tuple[Tape, np.ndarray, str]":
    """The feed by level, the probes, and what they are."""
    from truefill.analysis import load_run
    from truefill.backtest import level_tape, order_tape_probes, own_order_probes
    from truefill.tape import Tape

    market = Tape.open(tape)
    if result is not None:
        run = load_run(result)
        found = [k for k, asset in enumerate(run.assets) if asset.symbol == market.symbol]
        if not found:
            symbols = ", ".join(asset.symbol for asset in run.assets)
            raise ConfigError(f"a result with {market.symbol}, the tape's instrument", symbols, result)
        asset = run.assets[found[0]]
        probes = own_order_probes(asset.orders, asset.fills, horizon_ns, found[0])
        return level_tape(market) if market.by_order else market, probes, "own orders"
    if not market.by_order:
        wanted = "a tape of single orders, or --result with own orders: a feed by level does not tell"
        raise ConfigError(wanted, "a tape of levels", tape)
    return level_tape(market), order_tape_probes(market, every_ns, horizon_ns, offsets), "probes"


def _name(model: Any) -> str:
    return next(name for name, (kind, _) in MODELS.items() if kind == type(model).__name__)


def _n(model: Any) -> float | None:
    return getattr(model, "n", None)


def _row(score: "QueueScore") -> dict[str, Any]:
    return {
        "model": _name(score.model),
        "n": _n(score.model),
        "filled": score.predicted_fills,
        "found": score.found,
        "bias": score.bias,
        "median_error": score.median_error,
        "rank_correlation": score.rank_correlation,
        "loss": score.loss,
    }


def _print(values: dict[str, Any]) -> None:
    rows = [
        (
            row["model"],
            "" if row["n"] is None else f"{row['n']:.4g}",
            f"{row['filled']:,}",
            f"{row['found']:.3f}",
            f"{row['bias']:+.4g}",
            f"{row['rank_correlation']:.3f}",
            f"{row['loss']:.4g}",
        )
        for row in values["models"]
    ]
    head = ("model", "n", "filled", "found", "bias s", "rank correlation", "loss s")
    out().print(f"{values['symbol']}: {values['probes']:,} {values['truth']}, {values['filled']:,} filled")
    out().print(plain_table(head, rows))
    best = values["best"]
    n = "" if best["n"] is None else f"\nn = {best['n']:.6g}"
    out().print(f'\n\\[queue]\nmodel = "{best["model"]}"{n}')
