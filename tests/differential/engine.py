"""truefill behind the plain face: its records turned into dictionaries, everything else passed through."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.differential.setups import Setup
from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.models.contracts import InverseContract, LinearContract
from truefill.core.records import FILL, ORDER, STATE
from truefill.tape import build_tape

# Fields that the twin does not have.
DROPPED = {"state", "fee_currency"}


class EngineBot(Bot):
    """The Bot with lists and dictionaries in place of live records."""

    def orders(self, asset_no: int) -> Any:
        """Own orders by field name."""
        return [_plain(order, ORDER.names) for order in super().orders(asset_no)]

    def state_values(self, asset_no: int) -> Any:
        """Totals by field name."""
        return _plain(super().state_values(asset_no), STATE.names)

    def fills(self, asset_no: int) -> Any:
        """Executions by field name."""
        return [_plain(fill, FILL.names) for fill in super().fills(asset_no)]


def _plain(record: Any, names: Any) -> dict[str, Any]:
    values = ((name, getattr(record, name)) for name in names if name not in DROPPED)
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values}


def _marks(marks: Sequence[tuple[int, float]], tick_size: float) -> Any:
    """Mark prices as an asset takes them."""
    if not marks:
        return None
    times, ticks = zip(*marks, strict=True)
    return np.array(times), np.array(ticks) * tick_size


def engine_bot(setup: Setup, track_queues: bool = False, build: Callable[..., Any] = build_tape) -> EngineBot:
    """truefill on a setup; each stream goes through a tape, or what else `build` makes of it."""
    assets = []
    for number, market in enumerate(setup.markets):
        latency = market.latency.engine()
        object.__setattr__(latency, "overtaking", market.overtaking)  # the rows of models need not know
        stream = market.stream
        tape = build(
            stream.events,
            symbol=f"RANDOM{number}.TEST",
            tick_size=stream.tick_size,
            lot_size=stream.lot_size,
        )
        assets.append(
            Asset(
                tape,
                latency=latency,
                queue=market.queue.engine(),
                exchange=market.exchange.engine(),
                fees=market.fees.engine(),
                contract=(InverseContract if market.inverse else LinearContract)(market.multiplier),
                risk=market.risk.engine(stream.lot_size) if market.risk else None,
                location_offset_ns=market.location_ns,
                self_trade=market.self_trade,
                limits=market.limits,
                stop_trigger=market.stop_trigger,
                mark=_marks(market.marks, stream.tick_size),
            )
        )
    return EngineBot(assets, compute_ns=setup.compute_ns, track_queues=track_queues)
