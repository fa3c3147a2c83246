"""`truefill exchange replay`: what the matching engine answers to a recorded stream of orders."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from truefill.cli.show import facts, out, print_json


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Orders, as the open matching-engine benchmark has them; .xz too."
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """Run a recorded stream of orders through the matching engine; count and hash what it says.

    The hash is the SHA-256 of the canonical text of all reports. The open benchmark
    flash1-dev/matching-engine-benchmark publishes it: an engine that gives it made every trade right.

    [cyan]truefill exchange replay orders_normal_s23_n1000000.bin.xz[/]
    """
    from truefill.core.matching import Engine
    from truefill.exchange.order_tape import canonical, read_order_tape

    tape = read_order_tape(file)
    Engine().cancel(0)  # so that it is compiled, or loaded, before the clock runs
    engine = Engine()
    begin = time.perf_counter()
    reports = engine.process(tape.messages)
    seconds = time.perf_counter() - begin
    answer = canonical(reports, tape.sequence)
    values: dict[str, Any] = {
        "file": str(file),
        "messages": len(tape.messages),
        "reports": len(reports),
        **answer.counts,
        "resting": len(engine),
        "report_sha256": answer.sha256,
        "state_hash": engine.state_hash(),
        "seconds": seconds,
    }
    if json:
        print_json(values)
        return
    rows = [(name.replace("_", " "), _shown(value)) for name, value in values.items()]
    out().print(facts(rows))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
