"""`truefill exchange bench`: how fast the matching engine is on this machine."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from truefill.cli.show import Steps, facts, out, plain_table, print_json

if TYPE_CHECKING:
    import numpy as np

_QUANTILES = ("p50", "p99", "p99_9", "p99_99", "max")
_RUNS = 3
_PART = 200_000  # messages that are timed one by one


def bench(
    orders: Annotated[
        int, typer.Option(metavar="N", min=1000, help="New orders; about twice as many messages.")
    ] = 1_000_000,
    comprehensive: Annotated[
        bool,
        typer.Option("--comprehensive", help="A market that stands, one that swings, and one that crashes."),
    ] = False,
    rate: Annotated[
        float, typer.Option(metavar="N", min=1.0, max=1e8, help="Messages a second of the open loop.")
    ] = 1_000_000.0,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another stream.")] = 23,
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Measure the matching engine: messages a second, and how long one takes.

    The orders are made: half of the messages are new orders, the others cancels and amendments, reports are
    written. Arrays of messages: the best of three runs, processor time. One by one: in a closed loop each
    comes when the one before is done; in an open loop at a fixed rate, and its time counts from when it was
    due, waiting included.

    [cyan]truefill exchange bench --orders 200000[/]

    [cyan]truefill exchange bench --comprehensive --json[/]
    """
    from truefill.synthetic.order_flow import SHAPES, order_flow

    steps = Steps(quiet=json)
    values = []
    for shape in SHAPES if comprehensive else SHAPES[:1]:
        with steps.step(f"Make {orders:,} orders of a market: {shape}"):
            stream = order_flow(shape, orders, seed)
        with steps.step(f"Measure: {shape}"):
            values.append({"shape": shape, **_measure(stream, rate)})
    if json:
        print_json({"orders": orders, "seed": seed, "rate": rate, "streams": values})
        return
    rows = [
        (v["shape"], f"{v['messages']:,}", f"{v['messages_per_second'] / 1e6:.1f}", f"{v['ns']:.1f}")
        for v in values
    ]
    out().print(plain_table(["market", "messages", "million a second", "ns a message"], rows))
    timed = [
        (v["shape"], loop, *(f"{v[loop][q]:,}" for q in _QUANTILES))
        for v in values
        for loop in ("closed", "open")
    ]
    names = [q.replace("_", ".") for q in _QUANTILES]
    out().print(plain_table(["market", "loop", *(f"{name}, ns" for name in names)], timed, left=(0, 1)))
    notes = [
        ("open loop", f"{rate:,.0f} messages a second"),
        ("a measurement takes", f"{values[0]['closed']['cost']:.0f} ns, of each of these times"),
    ]
    out().print(facts(notes))


def _measure(stream: "np.ndarray", rate: float) -> dict[str, Any]:
    """One stream: as an array, and its beginning message by message."""
    from truefill.core.matching import Engine
    from truefill.exchange.latency import measure_latency

    part = stream[:_PART]
    for _ in Engine().stream(part[:1000]):  # compiled, or loaded
        pass
    measure_latency(Engine(), part[:1000])
    seconds = []
    for _ in range(_RUNS):
        engine = Engine()
        begin = time.process_time()
        for _ in engine.stream(stream):
            pass
        seconds.append(time.process_time() - begin)
    return {
        "messages": len(stream),
        "ns": 1e9 * min(seconds) / len(stream),
        "messages_per_second": len(stream) / min(seconds),
        "closed": measure_latency(Engine(), part).summary(),
        "open": measure_latency(Engine(), part, rate=rate).summary(),
    }
