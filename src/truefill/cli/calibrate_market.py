"""`truefill calibrate TAPE|DIR`: what a market maker wants to know of a recording, and how well."""

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from truefill.cli.durations import format_duration, parse_duration
from truefill.cli.market_source import opened_market
from truefill.cli.show import GOOD, Steps, facts, note, out, plain_table, print_json
from truefill.cli.times import local_time
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.analysis.calibration import MarketCalibration, SideCalibration
    from truefill.quoting import Unit

# What to do about each status; docs/calibration.md has the same table.
ADVICE = {
    "few_events": "under {events} market orders: a longer --window, or more of the market",
    "boundary": "nothing to see a decay in: no order went past the best price, or the mid never moved",
    "poor_fit": "depths are not exponential: the numbers are the best of a wrong law; look at the histogram "
    "(--html), and quote with caution",
    "stale": "no order for longer than --stale: do not quote on it",
}
UNITS = ("tick", "price", "return")


def market(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="TAPE|DIR",
            help="A tape; a folder of tapes, of events as Parquet or .npz; a market's folder of Extended's "
            "pipeline.",
        ),
    ],
    window: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Of rolling fits.", show_default="1h, or a quarter of a shorter recording"
        ),
    ] = None,
    step: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Between rolling fits.", show_default="a sixth of the window"),
    ] = None,
    intensity: Annotated[
        str,
        typer.Option(metavar="NAME", help="Estimator of κ and A: lattice, waiting_times or regression."),
    ] = "lattice",
    volatility: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Estimator of σ: two_scale, realised, realised_kernel, bipower, med_realised, garman_klass "
            "or ewma.",
        ),
    ] = "two_scale",
    sample: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Grid of the volatility's path.",
            show_default="1s, or 100ms for windows under half an hour",
        ),
    ] = None,
    horizon: Annotated[
        str, typer.Option(metavar="TIME", help="How long a virtual quote waits (waiting_times).")
    ] = "10s",
    min_events: Annotated[
        int, typer.Option(metavar="COUNT", min=2, help="Fewer orders of a side are few_events.")
    ] = 20,
    stale: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Silence at the end from which on a fit is stale.",
            show_default="a quarter of the window",
        ),
    ] = None,
    unit: Annotated[
        str, typer.Option(metavar="UNIT", help="Of lengths: tick, price, or return (a share of the mid).")
    ] = "tick",
    html: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw it: rolling κ, A and σ with bands, depth histogram, Q-Q plot, signature plot, "
            "markouts, queues. One HTML file that needs no network.",
        ),
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="What to call the instrument, where files do not say.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the blocks of time that are drawn again.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    r"""Fit fill intensity, volatility, clusters and adverse selection to a recording.

    A quote at the distance δ from the mid is filled [bold]A e^(−κδ)[/] times a second, if it is first in its
    queue (convention [bold]touch[/]: every order that reaches δ fills it). κ and A of each side come from the
    market orders, σ from the mid. All have 95 % intervals and a status; a status other than ok says what to
    change, and nothing is ever replaced by a default.

    [bold]As time goes[/]: the same at regular times, from the window before each. Those fits see nothing of
    what came later; they are what [cyan]truefill spread[/] quotes with.

    [bold]Examples[/]

    [cyan]truefill calibrate btcusdt.tape --html btcusdt.html[/]

    [cyan]truefill calibrate data/eth_usd --window 1h --step 10m --unit return[/]

    [cyan]truefill calibrate btcusdt.tape --volatility bipower --sample 100ms --json | jq .sides.bid[/]
    """
    from truefill.quoting import Unit

    if unit not in UNITS:
        raise ConfigError("tick, price or return", repr(unit), "--unit")
    seconds = {
        name: None if text is None else positive_seconds(text, option)
        for name, text, option in (
            ("window", window, "--window"),
            ("step", step, "--step"),
            ("sample_every", sample, "--sample"),
            ("stale_after", stale, "--stale"),
        )
    }
    patience = positive_seconds(horizon, "--horizon")
    chosen = Unit(unit)
    steps = Steps(quiet=json)
    with opened_market(source, steps, symbol) as tape, steps.step("Calibrate") as shown:
        from truefill.analysis.calibration import CalibrationSettings, calibrate_market

        settings = CalibrationSettings(
            intensity=intensity, volatility=volatility, horizon=patience, min_events=min_events, **seconds
        )
        found = calibrate_market(tape, settings, seed=seed, progress=shown)
        shown.result = f"{len(found.rolling):,} rolling fits"
    told = notes(found)
    if html is not None:
        from truefill.analysis.calibration_page import calibration_page

        calibration_page(found, html, unit=chosen, facts=head(found), notes=told)
    if json:
        print_json(values(found, chosen))
    else:
        _print(found, chosen, told)
    if html is not None:
        note(f"page written to {html}")


def positive_seconds(text: str, option: str) -> float:
    """A duration above 0, in seconds."""
    ns = parse_duration(text, option)
    if ns == 0:
        raise ConfigError("a time above 0", text, option)
    return ns / 1e9


def notes(found: "MarketCalibration") -> list[str]:
    """What is not `ok`, and what to do about it."""
    events = found.settings.min_events
    told = []
    for side in ("bid", "ask"):
        one: SideCalibration = getattr(found, side)
        if one.fit.status != "ok":
            told.append(f"{side} is {one.fit.status}: {ADVICE[one.fit.status].format(events=events)}")
    counts = len(found.bid.flow.times), len(found.ask.flow.times)
    if min(counts) == 0 and max(counts) >= events:
        told.append("all orders are of one side: does the recording tell the taker's side?")
    sigma = found.volatility[0]
    if sigma.status == "few_events":
        told.append("σ is few_events: a longer recording, or a finer grid (--sample)")
    elif sigma.status == "boundary":
        told.append("σ is boundary: the mid never moved, or all of it is noise between ticks")
    if found.market.sideless:
        told.append(f"{found.market.sideless:,} trades do not say who took: they are left out")
    if not found.rolling:
        told.append("no rolling fits: the recording is no longer than the window")
    return told


def head(found: "MarketCalibration") -> list[tuple[str, object]]:
    """What was calibrated, and how."""
    market, settings = found.market, found.settings
    orders = len(found.bid.flow.times), len(found.ask.flow.times)
    covered = (
        f"{format_duration(market.seconds * 1e9)}, {100 * market.covered / market.seconds:.1f} % with a book"
    )
    return [
        ("instrument", market.symbol),
        ("from", local_time(market.start)),
        ("span", covered),
        ("gaps", len(market.gaps) or "none"),
        ("executions", f"{len(market.trade_times):,}"),
        ("market orders", f"{orders[0]:,} hit bids, {orders[1]:,} lifted asks"),
        ("tick size", f"{market.tick_size:g}, mean mid {market.mean_mid:,.6g}"),
        (
            "fits",
            f"{settings.intensity}, {settings.volatility} on a grid of "
            f"{format_duration((settings.sample_every or 0.0) * 1e9)}",
        ),
        (
            "rolling",
            f"{len(found.rolling):,} of {format_duration((settings.window or 0.0) * 1e9)}, every "
            f"{format_duration((settings.step or 0.0) * 1e9)}",
        ),
    ]


def values(found: "MarketCalibration", unit: "Unit") -> dict[str, Any]:
    """Everything as plain numbers, lengths in `unit`."""
    from truefill.analysis.calibration_page import length_of

    size, _ = length_of(unit, found)
    market, settings = found.market, found.settings
    return {
        "symbol": market.symbol,
        "unit": unit,
        "tick_size": market.tick_size,
        "mean_mid": market.mean_mid,
        "start_ts": market.start,
        "end_ts": market.end,
        "seconds_with_book": market.covered,
        "gaps": len(market.gaps),
        "executions": len(market.trade_times),
        "settings": {name: getattr(settings, name) for name in ("window", "step", "intensity", "volatility")}
        | {"sample_every": settings.sample_every, "horizon": settings.horizon},
        "sides": {side: _side_values(getattr(found, side), size) for side in ("bid", "ask")},
        "volatility": [
            {
                "method": fit.method,
                "status": fit.status,
                "sigma": fit.sigma * size,
                "band": [x * size for x in fit.band],
            }
            for fit in found.volatility
        ],
        "signature": [{"seconds": every, "sigma": sigma * size} for every, sigma in found.signature],
        "adverse": {
            "status": found.adverse.status,
            "jump": found.adverse.jump * size,
            "jump_error": found.adverse.jump_error * size,
            "horizons": found.adverse.horizons,
            "mean": found.adverse.mean * size,
            "error": found.adverse.error * size,
        },
        "rolling": [
            {
                "timestamp": row.timestamp,
                "bid": _intensity(row.bid, size),
                "ask": _intensity(row.ask, size),
                "sigma": row.volatility.sigma * size,
                "sigma_band": [x * size for x in row.volatility.band],
                "sigma_status": row.volatility.status,
            }
            for row in found.rolling
        ],
    }


def _intensity(fit: Any, size: float) -> dict[str, Any]:
    return {
        "status": fit.status,
        "method": fit.method,
        "a": fit.rate,
        "a_band": fit.rate_band,
        "kappa": fit.decay / size,
        "kappa_band": [x / size for x in fit.decay_band],
        "orders": fit.events,
        "dispersion": fit.dispersion,
        "fit_probability": fit.fit_probability,
    }


def _side_values(one: "SideCalibration", size: float) -> dict[str, Any]:
    clusters, queue = one.clusters, one.queue
    return {
        **_intensity(one.fit, size),
        "a_band_blocks": one.rate_blocks,
        "kappa_band_blocks": [x / size for x in one.decay_blocks],
        "arrivals_probability": one.arrivals,
        "others": [_intensity(fit, size) for fit in one.others],
        "histogram": one.histogram._asdict(),
        "clusters": {
            "status": clusters.status,
            "base_rate": clusters.base_rate,
            "branching": clusters.branching,
            "branching_band": clusters.branching_band,
            "decay": clusters.decay,
            "decay_band": clusters.decay_band,
            "fit_probability": clusters.fit_probability,
        },
        "queue": {
            "status": queue.status,
            "distance": queue.distance,
            "sizes": queue.sizes,
            "limit": queue.limit,
            "cancel": queue.cancel,
            "market": queue.market,
            "seconds": queue.seconds,
        },
    }


def _status(status: str) -> Text:
    return Text(str(status), style=GOOD if status == "ok" else "yellow")


def _number(value: float, digits: int = 4) -> str:
    if not math.isfinite(value):
        return "-"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.{digits + 3}g}" if 1e-3 <= abs(rounded) < 1e6 else f"{rounded:g}"


def _chance(value: float) -> str:
    return "<0.001" if value < 0.001 else _number(value, 2)


def _banded(value: float, band: Any, scale: float = 1.0) -> str:
    """A number and its 95 % interval in one cell."""
    low, high = (x * scale for x in band)
    text = _number(value * scale, 3)
    known = math.isfinite(low) and math.isfinite(high)
    return f"{text} ({_number(low, 3)} {_number(high, 3)})" if known else text


def _print(found: "MarketCalibration", unit: "Unit", told: list[str]) -> None:
    from truefill.analysis.calibration_page import length_of

    size, name = length_of(unit, found)
    console = out()
    console.print(facts(head(found)))
    console.print("\n[bold]Intensity[/], A e^(−κδ), touch; in brackets 95 %; p of depths so far from the law")
    for side, orders in (("bid", "hit bids"), ("ask", "lifted asks")):
        one: SideCalibration = getattr(found, side)
        rows: list[tuple[object, ...]] = []
        for fit in (one.fit, *one.others):
            numbers = _banded(fit.rate, fit.rate_band), _banded(fit.decay, fit.decay_band, 1.0 / size)
            rows.append((fit.method, _status(fit.status), *numbers, _chance(fit.fit_probability)))
            if fit is one.fit:
                numbers = _banded(fit.rate, one.rate_blocks), _banded(fit.decay, one.decay_blocks, 1.0 / size)
                rows.append(("  by blocks", "", *numbers, ""))
        columns = (orders, "status", "A, 1/s", f"κ, 1/{name}", "p")
        console.print(plain_table(columns, rows, left=(0, 1)))
    console.print("\n[bold]Volatility[/]")
    sigmas = [
        (fit.method, _status(fit.status), _banded(fit.sigma, fit.band, size)) for fit in found.volatility
    ]
    console.print(plain_table(("estimator", "status", f"σ, {name}/√s"), sigmas, left=(0, 1)))
    console.print("\n[bold]Clusters and adverse selection[/]")
    clusters = []
    for side in ("bid", "ask"):
        fit = getattr(found, side).clusters
        clusters.append(
            (
                side,
                _status(fit.status),
                _banded(fit.branching, fit.branching_band),
                format_duration(1e9 / fit.decay) if fit.decay > 0.0 else "-",
                _banded(fit.base_rate, fit.base_rate_band),
            )
        )
    columns = ("side", "status", "share of followers", "within", "others, 1/s")
    console.print(plain_table(columns, clusters, left=(0, 1)))
    adverse = found.adverse
    error = 1.96 * adverse.jump_error * size
    console.print(
        f"jump after a fill: {_number(adverse.jump * size)} ± {_number(error, 2)} {name} ({adverse.status})"
    )
    if found.rolling:
        console.print("\n[bold]Rolling[/], each from the window before it")
        console.print(_rolling(found, size, name))
    for text in told:
        note(text)


def _rolling(found: "MarketCalibration", size: float, name: str) -> Any:
    import numpy as np

    rows = []
    series = [
        (f"{side} {label}", [getattr(row, side).status for row in found.rolling], numbers)
        for side in ("bid", "ask")
        for label, numbers in (
            (f"κ 1/{name}", [getattr(row, side).decay / size for row in found.rolling]),
            ("A 1/s", [getattr(row, side).rate for row in found.rolling]),
        )
    ]
    series.append(
        (
            f"σ {name}/√s",
            [row.volatility.status for row in found.rolling],
            [row.volatility.sigma * size for row in found.rolling],
        )
    )
    for label, statuses, numbers in series:
        known = np.array(numbers)[np.isfinite(numbers)]
        low, middle, high = np.quantile(known, [0.0, 0.5, 1.0]) if len(known) else (math.nan,) * 3
        counts = ", ".join(f"{n:,} {status}" for status, n in Counter(map(str, statuses)).most_common())
        rows.append((label, _number(low), _number(middle), _number(high), counts))
    return plain_table(("", "lowest", "median", "highest", "statuses"), rows, left=(0, 4))
