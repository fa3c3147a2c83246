"""`truefill backtest-as`: the Extended pipeline's backtest, from its own folder and configuration."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.csv_files import write_csv
from truefill.cli.show import Steps, out as stdout, plain_table
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.backtest.quote_replay import ReplaySettings
    from truefill.cli.pipeline_config import PipelineConfig
    from truefill.strategy.market_maker import MakerRun
    from truefill.tape import Tape

RESULTS, TRADES, SETTINGS = "backtest_results.csv", "trades.csv", "config.effective.json"
COLUMNS = (
    *(
        "timestamp",
        "datetime",
        "mid_price",
        "inventory",
        "cash",
        "pnl",
        "spread_bps",
        "bid_price",
        "ask_price",
    ),
    *("bid_fills", "ask_fills", "gamma", "bid_kappa", "ask_kappa", "bid_a", "ask_a"),
)
TRADE_COLUMNS = (
    *("timestamp", "datetime", "side", "quote", "extreme", "price", "quantity", "mid_price", "maker", "fee"),
    *("inventory", "cash"),
)
SIMULATED = "the simulator: latency, queue, no trade twice"


def backtest_as(
    market: Annotated[
        Path | None,
        typer.Argument(
            metavar="MARKET",
            help="A tape, or a market's folder with orderbook_parts and trades_parts. Without it, the "
            "only one of [cyan]markets[/] in the configuration, in its data_directory.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Results go here; those of an earlier run are replaced."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="config.json", help="The pipeline's; else its documented defaults."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", metavar="as|glft", help="Avellaneda-Stoikov, or GLFT (recommended).")
    ] = "as",
    fill: Annotated[
        str,
        typer.Option(
            "--fill",
            metavar="mean|own",
            help="Fills at the mean of quote and crossing price (documented), or at the own quote.",
        ),
    ] = "mean",
    convention: Annotated[
        str,
        typer.Option(
            "--convention", metavar="touch|through", help="Trades at a quote fill it, or only farther ones."
        ),
    ] = "touch",
    requote: Annotated[
        str,
        typer.Option(
            "--requote",
            metavar="TIME",
            help="Decide so often, and after each fill; [cyan]calibration[/]: only then, as the pipeline.",
        ),
    ] = "1s",
    latency: Annotated[
        str, typer.Option("--latency", metavar="TIME", help="From a decision to the exchange.")
    ] = "0s",
    capital: Annotated[float, typer.Option("--capital", metavar="MONEY", help="Own money.")] = 1000.0,
    notional: Annotated[float, typer.Option("--notional", metavar="MONEY", help="Of each quote.")] = 20.0,
    inventory_sd: Annotated[
        float | None,
        typer.Option(
            "--inventory-sd", metavar="QTY", help="GLFT: how far the inventory may go, a deviation."
        ),
    ] = None,
    volatility: Annotated[
        str,
        typer.Option(
            "--volatility", metavar="NAME", help="Estimator: two_scale, realised, realised_kernel, ..."
        ),
    ] = "two_scale",
    take: Annotated[
        bool,
        typer.Option("--take", help="Let a quote through the book take there; else it is held back."),
    ] = False,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulator/--no-simulator", help="Run the same quotes in the simulator, for comparison."
        ),
    ] = True,
    currency: Annotated[str, typer.Option("--currency", metavar="NAME", help="Of the money.")] = "USD",
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    r"""Backtest a market maker with the Extended pipeline's `config.json`, as it documents.

    Reads the recording, fits κ, A and σ over a rolling window on their own clock, and trades the quotes
    between books: inventory limits, fees, cash, a cooldown for each side, warm-up after gaps. Nothing that
    is used at a time is newer than it.

    Writes [cyan]backtest_results.csv[/] (a row for each calibration, the documented columns),
    [cyan]trades.csv[/], [cyan]report.html[/], and the run itself for [cyan]truefill report[/].

    The documented clocks (fitted each 600 s, valid 60 s) quote a tenth of the time:
    [cyan]--requote calibration[/] does so. The documented fill, at the mean of quote and crossing, is a
    better price than the quote; the table shows the same quotes filled at their own price, through it, and
    in the simulator.

    [bold]Examples[/]

    [cyan]truefill backtest-as data/eth_usd --config config.json --out result[/]

    [cyan]truefill backtest-as eth.tape --model glft --fill own --latency 10ms --out result[/]

    [cyan]truefill backtest-as eth.tape --requote calibration --no-simulator --json | jq .profit[/]
    """
    from truefill.cli.market_source import market_path, opened_market
    from truefill.cli.pipeline_config import effective, load_pipeline_config, unused
    from truefill.cli.results import check_folder, print_summary
    from truefill.quoting.volatility import METHODS

    if out is None:
        raise ConfigError("--out DIR for the results", "none", "--out")
    settings = load_pipeline_config(config)
    if volatility not in METHODS:
        raise ConfigError("one of " + ", ".join(METHODS), repr(volatility), "--volatility")
    path = market_path(market, settings, config)
    check_folder(out)
    steps = Steps(quiet=json)
    if not json:
        stdout().print(plain_table(("key", "value", "from"), effective(settings), left=(0, 1, 2)))
    for text in unused(settings):
        steps.note(text)
    with opened_market(path, steps) as tape:
        trading = _trading(settings, tape, model, fill, convention, requote, latency, capital, notional, take)
        run, band = _run(tape, settings, trading, volatility, inventory_sd, simulate, currency, steps)
        data = _write(run, band, settings, out, currency, steps, path)
    values = {
        "profit": run.profit,
        "fill_rule": data.meta["models"]["fills"],
        "sensitivity": band,
        "notes": run.notes(),
        "counters": run.replay.counters,
        "folder": str(out),
    }
    if json:
        from truefill.analysis import summary
        from truefill.cli.show import print_json

        print_json(values | summary.to_dict(data))
        return
    for text in run.notes():
        steps.note(text)
    print_summary(data, False)
    rows = [(r["rule"], f"{r['latency_ms']:g}", f"{r['profit']:+.4g}", str(r["fills"])) for r in band]
    stdout().print(plain_table(("fill rule", "latency, ms", f"profit, {currency}", "fills"), rows, left=(0,)))


def _trading(
    settings: "PipelineConfig",
    tape: "Tape",
    model: str,
    fill: str,
    convention: str,
    requote: str,
    latency: str,
    capital: float,
    notional: float,
    take: bool,
) -> "ReplaySettings":
    from truefill.backtest.quote_replay import ReplaySettings
    from truefill.cli.durations import parse_duration

    every = None if requote == "calibration" else parse_duration(requote, "--requote") / 1e9
    return ReplaySettings(
        quoting=settings.quoting(tape.tick_size),
        model=model,
        fill_rule=fill,
        convention=convention,
        capital=capital,
        notional=notional,
        maker_fee=settings.maker_fee_bps * 1e-4,
        taker_fee=settings.taker_fee_bps * 1e-4,
        cooldown=settings.fill_cooldown_seconds,
        validity=settings.quote_validity_seconds,
        requote=every,
        latency=parse_duration(latency, "--latency") / 1e9,
        post_only=not take,
    )


def _run(
    tape: "Tape",
    settings: "PipelineConfig",
    trading: "ReplaySettings",
    volatility: str,
    inventory_sd: float | None,
    simulate: bool,
    currency: str,
    steps: Steps,
) -> "tuple[MakerRun, list[dict[str, Any]]]":
    from truefill.strategy.maker_calibration import CalibrationSettings, calibrate_maker
    from truefill.strategy.maker_market import maker_market
    from truefill.strategy.market_maker import LATENCIES, run_maker, sensitivity

    with steps.step("Read the market") as step:
        market = maker_market(
            tape,
            gap=settings.gap_threshold_seconds,
            warmup=settings.warmup_period_seconds,
            tick_size=settings.tick_size,
        )
        step.result = f"{len(market.books.ts):,} books, {len(market.executions.ts):,} trades"
    fitting = CalibrationSettings(
        window=settings.calibration_window_seconds,
        every=settings.recalibration_interval_seconds,
        warmup=settings.warmup_period_seconds,
        sample_every=min(1.0, settings.calibration_window_seconds / 400.0),
        method=volatility,
    )
    with steps.step("Calibrate") as step:
        known = calibrate_maker(market, fitting)
        step.result = f"{int(known.usable.sum())} of {len(known.fits)} can be quoted with"
    with steps.step("Trade") as step:
        run = run_maker(market, trading, known=known, inventory_sd=inventory_sd)
        step.result = f"{len(run.replay.orders):,} quotes, {len(run.replay.fills):,} fills"
    with steps.step("Compare fill rules") as step:
        latencies = sorted({*LATENCIES, trading.latency})
        band = sensitivity(run, currency, latencies, inventory_sd)
        if simulate and market.tick_size == tape.tick_size:
            band += _simulated(tape, run, latencies, settings, currency, inventory_sd, steps)
        step.result = f"{len(band)} runs"
    if simulate and market.tick_size != tape.tick_size:
        steps.note("no simulator: tick_size is not the recording's")
    return run, band


def _simulated(
    tape: "Tape",
    run: "MakerRun",
    latencies: list[float],
    settings: "PipelineConfig",
    currency: str,
    inventory_sd: float | None,
    steps: Steps,
) -> list[dict[str, Any]]:
    """The same decisions through the simulator, at each latency."""
    from truefill.strategy.maker_bot import maker_params
    from truefill.strategy.maker_calibration import maker_rows
    from truefill.strategy.maker_simulated import simulate_maker

    rows = maker_rows(run.known, run.trading, run.market.tick_size, inventory_sd)
    numbers = run.trading.numbers(run.market.lot_size)
    params = maker_params(run.market, rows, run.trading.quoting, numbers, settings.warmup_period_seconds)
    found = []
    for latency in latencies:
        result, profit = simulate_maker(tape, params, latency, currency)
        if result.error is not None:
            raise result.error
        found.append(
            {
                "rule": SIMULATED,
                "latency_ms": latency * 1e3,
                "profit": profit,
                "fills": len(result.fills),
                "currency": currency,
            }
        )
    return found


def _write(
    run: "MakerRun",
    band: list[dict[str, Any]],
    settings: "PipelineConfig",
    folder: Path,
    currency: str,
    steps: Steps,
    source: Path,
) -> Any:
    from truefill.analysis import report, save_run
    from truefill.cli.pipeline_config import effective
    from truefill.cli.results import REPORT
    from truefill.cli.show import write_json

    with steps.step("Write the report") as step:
        data = run.run_data(
            currency,
            {
                "name": f"{run.market.symbol}, {run.trading.model}",
                "strategy": f"{run.trading.model} quotes over {source.name}",
                "sensitivity": band,
            },
        )
        pipeline = {name: value for name, value, _ in effective(settings)}
        data = replace(data, meta=data.meta | {"config": {"pipeline": pipeline} | data.meta["config"]})
        save_run(data, folder)
        report(data, folder / REPORT)
        write_csv(folder / RESULTS, COLUMNS, _result_rows(run))
        write_csv(folder / TRADES, TRADE_COLUMNS, _trade_rows(run))
        write_json(settings.model_dump(), folder / SETTINGS)
        step.result = str(folder / REPORT)
    return data


def _result_rows(run: "MakerRun") -> list[list[Any]]:
    """A row for each calibration: what was known, what was quoted, what was held."""
    from truefill.core.times import utc

    samples, rows = run.replay.samples, []
    tick = run.market.tick_size
    for i, fit in enumerate(run.known.fits):
        ts = fit.timestamp
        seen = samples["timestamp"][i] == samples["timestamp"][i]
        mid = float(samples["mid"][i]) if seen else float(run.known.mids[i] * tick)
        held, cash = (float(samples[name][i]) for name in ("inventory", "cash"))
        worth = cash + held * mid - run.trading.capital
        rows.append(
            [
                ts // 1_000_000,
                utc(ts, 3),
                _number(mid),
                _number(held),
                _number(cash),
                _number(worth),
                _number(samples["spread"][i] * 1e4),
                _number(samples["bid"][i]),
                _number(samples["ask"][i]),
                *(int(samples[name][i]) if seen else 0 for name in ("bid_fills", "ask_fills")),
                _number(samples["gamma"][i]),
                _number(fit.bid.decay * run.known.mids[i]),
                _number(fit.ask.decay * run.known.mids[i]),
                _number(fit.bid.rate),
                _number(fit.ask.rate),
            ]
        )
    return rows


def _trade_rows(run: "MakerRun") -> list[list[Any]]:
    from truefill.core.times import utc

    rows: list[list[Any]] = []
    held, cash = 0, run.trading.capital
    lot = run.market.lot_size
    for fill, extreme in zip(run.replay.fills, run.replay.extremes.tolist(), strict=True):
        side = int(fill["side"])
        held += side * int(fill["qty_lots"])
        cash -= side * float(fill["price"] * fill["qty"]) + float(fill["fee"])
        order = int(fill["order_id"])
        quote = float(run.replay.orders["price"][order - 1]) if order else float(fill["price"])
        ts = int(fill["exch_ts"])
        rows.append(
            [
                ts // 1_000_000,
                utc(ts, 3),
                "buy" if side == 1 else "sell",
                *(_number(x) for x in (quote, extreme, fill["price"], fill["qty"])),
                _number((fill["bid"] + fill["ask"]) / 2),
                "maker" if fill["maker"] else "taker",
                *(_number(x) for x in (fill["fee"], held * lot, cash)),
            ]
        )
    return rows


def _number(value: Any) -> Any:
    """Twelve digits; nothing where there is no number."""
    if value == "" or value != value:
        return ""
    return f"{float(value):.12g}"
