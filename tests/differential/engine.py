"""truefill behind the plain face: its records turned into dictionaries, everything else passed through."""

from typing import Any

import numpy as np

from tests.differential.setups import Setup
from tests.twin import FlatFees, LogQueue2, PowerQueue, QtyFees, RiskAverse, TwinLatency, ValueFees
from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.models.contracts import LinearContract
from truefill.backtest.models.exchanges import FifoExchange, NoPartialFillExchange
from truefill.backtest.models.fees import FlatPerTradeFees, TradingQtyFees, TradingValueFees
from truefill.backtest.models.latency import ConstantLatency, UserLatency
from truefill.backtest.models.queue import LogProbQueue2, PowerProbQueue, RiskAverseQueue
from truefill.backtest.records import CANCEL, MODIFY, PLACE
from truefill.core.records import FILL, ORDER, STATE
from truefill.tape import build_tape

# Fields that the twin does not have.
NOT_IN_TWIN = {"state", "fee_currency"}


def latency_by_kind(kind: int, timestamp: int, params: Any) -> int:
    """A user's latency model: one constant for each kind of message."""
    return np.int64(params[kind])


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
    values = ((name, getattr(record, name)) for name in names if name not in NOT_IN_TWIN)
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values}


def engine_bot(setup: Setup) -> EngineBot:
    """truefill on a setup; each stream goes through a tape."""
    exchange = FifoExchange() if setup.exchange == "fifo" else NoPartialFillExchange()
    assets = []
    for number, stream in enumerate(setup.streams):
        tape = build_tape(
            stream.events,
            symbol=f"RANDOM{number}.TEST",
            tick_size=stream.tick_size,
            lot_size=stream.lot_size,
        )
        assets.append(
            Asset(
                tape,
                latency=_latency(setup.latency),
                queue=_queue(setup.queue),
                exchange=exchange,
                fees=_fees(setup.fees),
                contract=LinearContract(setup.multiplier),
            )
        )
    return EngineBot(assets)


def _latency(latency: TwinLatency) -> ConstantLatency | UserLatency:
    if latency.cancel_ns is None and latency.modify_ns is None:
        return ConstantLatency(latency.entry_ns, latency.response_ns)
    by_kind = np.full(8, float(latency.response_ns))
    for kind, name in ((PLACE, "place"), (CANCEL, "cancel"), (MODIFY, "modify")):
        by_kind[kind] = latency.entry(name)
    return UserLatency(latency_by_kind, tuple(by_kind))


def _queue(queue: RiskAverse) -> RiskAverseQueue | LogProbQueue2 | PowerProbQueue:
    match queue:
        case PowerQueue(n):
            return PowerProbQueue(n)
        case LogQueue2():
            return LogProbQueue2()
        case _:
            return RiskAverseQueue()


def _fees(fees: ValueFees) -> TradingValueFees | TradingQtyFees | FlatPerTradeFees:
    kind = {QtyFees: TradingQtyFees, FlatFees: FlatPerTradeFees}.get(type(fees), TradingValueFees)
    return kind(fees.maker, fees.taker)
