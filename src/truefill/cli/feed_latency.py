"""`truefill calibrate latency`: orders' latency from the feed's, where no orders were recorded yet."""

from pathlib import Path
from typing import Annotated, Any

import typer

from truefill.cli.durations import NANOSECONDS, format_duration, parse_duration
from truefill.cli.show import Steps, facts, out as stdout, print_json
from truefill.cli.times import span
from truefill.core.errors import ConfigError


def latency(
    feed: Annotated[Path, typer.Argument(metavar="FILE", help="A tape, or .npz or .npy events.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The .npz file to write.")],
    entry: Annotated[
        float, typer.Option("--entry", metavar="FACTOR", help="The way out takes so many feed latencies,")
    ] = 1.0,
    entry_offset: Annotated[
        str, typer.Option("--entry-offset", metavar="TIME", help="and so much more; may be negative: -2ms.")
    ] = "0ns",
    response: Annotated[
        float, typer.Option("--response", metavar="FACTOR", help="The way back takes so many feed latencies,")
    ] = 1.0,
    response_offset: Annotated[
        str, typer.Option("--response-offset", metavar="TIME", help="and so much more; may be negative.")
    ] = "0ns",
    every: Annotated[
        str,
        typer.Option("--every", metavar="TIME", help="One order in so much time, where the feed has news."),
    ] = "1s",
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Make up recorded orders from the latency of a feed, for [cyan]model = "interpolated"[/].

    The latency of the feed says how the network was doing. HftBacktest reads the file, too
    ([cyan]intp_order_latency[/]).

    [cyan]truefill calibrate latency btcusdt.tape --out latency.npz[/]

    [cyan]truefill calibrate latency btcusdt.tape --entry 4 --response-offset 2ms --out latency.npz[/]
    """
    offsets = [
        _signed(text, name)
        for text, name in ((entry_offset, "--entry-offset"), (response_offset, "--response-offset"))
    ]
    if out.suffix != ".npz":
        raise ConfigError("a name that ends in .npz", out.name, "--out")
    every_ns = parse_duration(every, "--every")
    with Steps(quiet=True).step("Latency"):
        import numpy as np

        from truefill.backtest import generate_order_latency
        from truefill.tape import Tape, read_npz
        from truefill.tape.npz import written

        rows = generate_order_latency(
            read_npz(feed) if feed.suffix in (".npz", ".npy") else Tape.open(feed),
            mul_entry=entry,
            offset_entry=offsets[0],
            mul_resp=response,
            offset_resp=offsets[1],
            resampling_ns=every_ns,
        )
        ways = {"entry": rows["exch_ts"] - rows["req_ts"], "response": rows["resp_ts"] - rows["exch_ts"]}
        for name, way in ways.items():
            if len(way) and way.min() <= 0:
                wanted = f"a way that takes time (--{name}, --{name}-offset)"
                raise ConfigError(wanted, f"{name} latency of {int(way.min())} ns", feed)
        with written(out) as file:
            np.savez_compressed(file, data=rows)
    values: dict[str, Any] = {"out": str(out), "orders": len(rows)}
    for name, way in ways.items():
        quantiles = np.quantile(way, [0, 0.5, 0.99, 1], method="nearest") if len(way) else []
        values[name] = dict(zip(("minimum", "median", "p99", "maximum"), map(int, quantiles), strict=False))
    if json:
        print_json(values)
        return
    told: list[tuple[str, object]] = [("orders", f"{len(rows):,}")]
    if len(rows):
        told.append(("span", span(int(rows["req_ts"][0]), int(rows["req_ts"][-1]))))
    for name in ways:
        told.append(
            (name, ", ".join(f"{what} {format_duration(ns)}" for what, ns in values[name].items()) or "-")
        )
    stdout().print(facts([*told, ("written", out)]))
    stdout().print(f'\n\\[latency]\nmodel = "interpolated"\nfile = "{out.name}"')


def _signed(text: str, where: str) -> int:
    """Nanoseconds of a duration that may be negative."""
    negative = text.strip().startswith("-") and any(text.strip().endswith(unit) for unit in NANOSECONDS)
    return -parse_duration(text.strip()[1:], where) if negative else parse_duration(text, where)
