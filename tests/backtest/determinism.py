"""One run with each model, named: what the determinism tests repeat in threads and processes.

``python -m tests.backtest.determinism NAME ...`` prints the run hash of each, with the compiled engine or,
under ``NUMBA_DISABLE_JIT=1``, the interpreted one.
"""

import functools
import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tests.differential import user_models
from tests.differential.models import EXCHANGES, FEES, QUEUES, Row
from truefill import backtest as b
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

MS = 1_000_000


def _recorded() -> b.InterpolatedLatency:
    """A minute of orders, one each second, that took from 1 to 30 ms."""
    start = int(first_ts())
    rows = np.zeros(60, b.ORDER_LATENCY)
    rows["req_ts"] = start + np.arange(60) * 1_000 * MS
    rows["exch_ts"] = rows["req_ts"] + (1 + np.arange(60) * 7 % 30) * MS
    rows["resp_ts"] = rows["exch_ts"] + (1 + np.arange(60) * 3 % 10) * MS
    return b.InterpolatedLatency(rows)


def first_ts() -> int:
    """Time of the market's first event at the exchange."""
    return int(tape().header.first_exch_ts or 0)


def _rows(field: str, rows: Iterable[Row]) -> dict[str, Callable[[], dict[str, Any]]]:
    """One run for each row of the table of proved models, with parameters that a seed draws."""

    def made(row: Row) -> Callable[[], dict[str, Any]]:
        return lambda: {field: row.engine(*row.draw(random.Random(1)))}

    return {f"{field} {row.name}": made(row) for row in rows}


# Name of a run: makes the models that differ from the usual ones.
RUNS: dict[str, Callable[[], dict[str, Any]]] = {
    **_rows("queue", QUEUES),
    **_rows("exchange", EXCHANGES.values()),
    **_rows("fees", FEES),
    "latency none": lambda: {"latency": b.ConstantLatency()},
    "latency recorded": lambda: {"latency": _recorded()},
    "latency drawn": lambda: {
        "latency": b.DrawnLatency(b.Lognormal(2 * MS, 0.5), b.Gamma(3 * MS, 2.0), seed=5)
    },
    "latency user's": lambda: {
        "latency": b.UserLatency(user_models.latency_by_kind, (5e6, 1e6, 2e6, 3e6, 4e6, 5e6, 6e6, 7e6))
    },
}


def rest_in_queues(bot: Any) -> int:
    """Join the queues at and behind the touch and stay there, so that queue models have something to say."""
    order_id = 0
    while bot.elapse(50_000_000) == 0:
        depth = bot.depth(0)
        bot.clear_inactive_orders(0)
        if len(bot.orders(0)) < 16:
            order_id += 2
            away = (order_id // 2) % 3 * depth.tick_size
            qty = depth.lot_size * (1 + order_id % 7)
            bot.submit_buy_order(0, order_id, depth.best_bid - away, qty)
            bot.submit_sell_order(0, order_id + 1, depth.best_ask + away, qty)
        elif order_id % 10 == 0:
            for order in bot.orders(0):
                if order.cancellable:
                    bot.cancel(0, order.order_id)
                    break
    return order_id


@functools.cache
def tape() -> Tape:
    """Ten seconds of a made market."""
    return build_tape(make_market(10, seed=3), symbol="DEMO-PERP.SYNTH", venue="synthetic")


def new_bot(name: str) -> b.Bot:
    """A bot with the models of that name."""
    usual = {
        "latency": b.ConstantLatency(5 * MS, 3 * MS),
        "queue": b.PowerProbQueue(3.0),
        "fees": b.TradingValueFees(-0.0001, 0.0005),
    }
    return b.Bot([b.Asset(tape(), **{**usual, **RUNS[name]()})])


def run_hash(name: str, compiled: bool) -> str:
    """The hash of one run."""
    result = b.run(new_bot(name), rest_in_queues, compiled=compiled)
    assert result.error is None and len(result.fills) > 3, (name, result.error)
    return result.run_hash


if __name__ == "__main__":
    sys.stdout.write("\n".join(run_hash(name, compiled=False) for name in sys.argv[1:]) + "\n")
