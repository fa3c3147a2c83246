"""`truefill spread`: where a model would have quoted, over a recording."""

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.show import Steps, out as stdout, plain_table, print_json
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.strategy.quote_series import QuotePoint

COLUMNS = (
    *("timestamp", "datetime", "mid_price", "volatility", "bid_kappa", "ask_kappa", "bid_a", "ask_a"),
    *("gamma", "optimal_spread_bps", "bid_spread_bps", "ask_spread_bps"),
    *("bid_price", "ask_price", "reservation_price"),
)
# Behind the documented ones: what is a quantity's 95 % interval, and what each fit ended as.
BANDS = (
    *("volatility", "bid_kappa", "ask_kappa", "bid_a", "ask_a"),
    *("optimal_spread_bps", "bid_price", "ask_price"),
)
STATUSES = ("bid_status", "ask_status", "volatility_status")


def spread(
    market: Annotated[
        Path | None,
        typer.Argument(
            metavar="MARKET",
            help="A tape; a folder of tapes or events; a market's folder with orderbook_parts and "
            "trades_parts. Without it, the only one of [cyan]markets[/] in the configuration.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The CSV file to write.")] = Path(
        "as_results.csv"
    ),
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="config.json",
            help="The Extended pipeline's; else its documented defaults.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="as|glft|asymmetric",
            help="Avellaneda-Stoikov in the pipeline's form; GLFT (recommended), each side by itself; or "
            "with the differences of both sides inside of the optimisation.",
        ),
    ] = "as",
    inventory: Annotated[float, typer.Option(metavar="QTY", help="Quote as if so much were held.")] = 0.0,
    notional: Annotated[
        float, typer.Option(metavar="MONEY", help="Of each quote (glft, asymmetric).")
    ] = 20.0,
    inventory_sd: Annotated[
        float | None,
        typer.Option(
            metavar="QTY",
            help="How far the inventory may go, a deviation (glft, asymmetric).",
            show_default="a third of max_inventory",
        ),
    ] = None,
    volatility: Annotated[
        str, typer.Option(metavar="NAME", help="Estimator: two_scale, realised, realised_kernel, ...")
    ] = "two_scale",
    draws: Annotated[
        int, typer.Option(min=0, help="Draws of the parameters for the bands; 0: no bands.")
    ] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws.")] = 1,
    symbol: Annotated[
        str | None, typer.Option(help="What to call the instrument, where files do not say.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    r"""Write the optimal quotes over time, from recorded data, with their bands.

    Fits κ, A and σ over a rolling window on the clock of the configuration, and quotes with what was known at
    each time; nothing newer goes in. Where a fit is not good enough to quote with there are no prices, and
    the status says why.

    [cyan]as_results.csv[/] has the documented columns; behind them the 95 % intervals ([dim]..._low,
    ..._high[/]) and three statuses. κ is per return, volatility a return per √s, a side's spread twice its
    distance, in basis points. Quotes are never through the book.

    [bold]Examples[/]

    [cyan]truefill spread data/eth_usd --config config.json[/]

    [cyan]truefill spread btcusdt.tape --model glft --inventory-sd 0.02 --notional 500 --out glft.csv[/]

    [cyan]truefill spread btcusdt.tape --json | jq .spread_bps.median[/]
    """
    from truefill.cli.market_source import market_path, opened_market
    from truefill.cli.pipeline_config import effective, load_pipeline_config, unused
    from truefill.quoting.parameters import positive

    settings = load_pipeline_config(config)
    path = market_path(market, settings, config)
    positive(notional, "--notional")
    steps = Steps(quiet=json)
    if not json:
        stdout().print(plain_table(("key", "value", "from"), effective(settings), left=(0, 1, 2)))
    for text in unused(settings):
        steps.note(text)
    if model == "as" and settings.gamma_mode == "inventory_scaled" and inventory == 0.0:
        steps.note("gamma_mode inventory_scaled: γ is gamma_min when nothing is held (--inventory)")
    with opened_market(path, steps, symbol) as tape:
        from truefill.strategy.maker_calibration import CalibrationSettings, calibrate_maker
        from truefill.strategy.maker_market import maker_market
        from truefill.strategy.quote_series import Quoting, quote_series

        with steps.step("Calibrate") as step:
            read = maker_market(
                tape,
                gap=settings.gap_threshold_seconds,
                warmup=settings.warmup_period_seconds,
                tick_size=settings.tick_size,
            )
            known = calibrate_maker(
                read,
                CalibrationSettings(
                    window=settings.calibration_window_seconds,
                    every=settings.recalibration_interval_seconds,
                    warmup=settings.warmup_period_seconds,
                    sample_every=min(1.0, settings.calibration_window_seconds / 400.0),
                    method=volatility,
                ),
            )
            step.result = f"{int(known.usable.sum()):,} of {len(known.fits):,} can be quoted with"
        if not len(known.fits):
            raise ConfigError(
                "a recording longer than warm-up and recalibration interval (warmup_period_seconds, "
                "recalibration_interval_seconds)",
                f"{read.flow.seconds:g} s",
                path,
            )
        with steps.step("Quote") as step:
            price = read.flow.mean_mid
            size = max(read.lot_size, math.floor(notional / price / read.lot_size) * read.lot_size)
            points = quote_series(
                read,
                known,
                Quoting(
                    model=model,
                    settings=settings.quoting(tape.tick_size),
                    order_size=size,
                    inventory=inventory,
                    fee=settings.maker_fee_bps * 1e-4,
                    inventory_sd=inventory_sd,
                ),
                draws=draws,
                seed=seed,
            )
            from truefill.cli.csv_files import write_csv

            write_csv(out, head(), [row(point, read.tick_size) for point in points])
            step.result = str(out)
    values = summary(points)
    values |= {"out": str(out), "model": model, "order_size": size}
    if json:
        print_json(values)
        return
    _print(values)
    if not values["quoted"]:
        steps.note("no quotes: look at the statuses, and at truefill calibrate")


def head() -> tuple[str, ...]:
    """Names of all columns."""
    return (*COLUMNS, *(f"{name}_{end}" for name in BANDS for end in ("low", "high")), *STATUSES)


def row(point: "QuotePoint", tick_size: float) -> list[Any]:
    """One line of the file; nothing where there is no number."""
    from truefill.core.times import utc

    fit, mid = point.fit, point.mid
    ticks = mid / tick_size  # of a return
    sigma = fit.volatility
    both = 0.5 * (point.bid_spread + point.ask_spread)
    numbers = [
        mid,
        sigma.sigma / ticks,
        fit.bid.decay * ticks,
        fit.ask.decay * ticks,
        fit.bid.rate,
        fit.ask.rate,
        point.gamma,
        both * 1e4,
        point.bid_spread * 1e4,
        point.ask_spread * 1e4,
        point.bid,
        point.ask,
        point.reservation,
    ]
    for band, scale in (
        (sigma.band, 1.0 / ticks),
        (fit.bid.decay_band, ticks),
        (fit.ask.decay_band, ticks),
        (fit.bid.rate_band, 1.0),
        (fit.ask.rate_band, 1.0),
        (point.spread_band, 1e4),
        (point.bid_band, 1.0),
        (point.ask_band, 1.0),
    ):
        numbers += [x * scale for x in band]
    return [
        fit.timestamp // 1_000_000,
        utc(fit.timestamp, 3),
        *(f"{x:.12g}" if math.isfinite(x) else "" for x in numbers),
        *(str(status) for status in (fit.bid.status, fit.ask.status, sigma.status)),
    ]


def summary(points: "list[QuotePoint]") -> dict[str, Any]:
    """Mean, median, deviation, lowest and highest of what was quoted, and the statuses."""
    import numpy as np

    quoted = [point for point in points if point.usable]
    columns = {
        "mid_price": [p.mid for p in quoted],
        "spread_bps": [(p.ask - p.bid) / p.mid * 1e4 for p in quoted],
        "optimal_spread_bps": [0.5e4 * (p.bid_spread + p.ask_spread) for p in quoted],
        "bid_spread_bps": [1e4 * p.bid_spread for p in quoted],
        "ask_spread_bps": [1e4 * p.ask_spread for p in quoted],
    }
    found: dict[str, Any] = {"points": len(points), "quoted": len(quoted)}
    for name, values in columns.items():
        x = np.array(values)
        found[name] = (
            {
                "mean": x.mean(),
                "median": np.median(x),
                "sd": x.std(ddof=1) if len(x) > 1 else math.nan,
                "min": x.min(),
                "max": x.max(),
            }
            if len(x)
            else None
        )
    for side in ("bid", "ask", "volatility"):
        found[f"{side}_status"] = dict(Counter(str(getattr(p.fit, side).status) for p in points))
    return found


def _print(values: dict[str, Any]) -> None:
    rows = [
        (name, *(f"{number:,.6g}" for number in numbers.values()))
        for name, numbers in values.items()
        if isinstance(numbers, dict) and "mean" in numbers
    ]
    console = stdout()
    if rows:
        console.print(plain_table(("", "mean", "median", "sd", "min", "max"), rows))
    counts = [
        (side, ", ".join(f"{n:,} {status}" for status, n in values[f"{side}_status"].items()))
        for side in ("bid", "ask", "volatility")
    ]
    console.print(plain_table(("fits", "statuses"), counts, left=(0, 1)))
    console.print(f"{values['quoted']:,} of {values['points']:,} times quoted, written to {values['out']}")
