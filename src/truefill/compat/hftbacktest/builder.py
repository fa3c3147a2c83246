"""HftBacktest's ``BacktestAsset``: an instrument, its data and its models, option by option."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from truefill.backtest import Asset
from truefill.backtest.models.contracts import InverseContract, LinearContract
from truefill.backtest.models.exchanges import ExchangeModel, NoPartialFillExchange, PartialFillExchange
from truefill.backtest.models.fees import FlatPerTradeFees, TradingQtyFees, TradingValueFees
from truefill.backtest.models.fees_schedule import FeeModel
from truefill.backtest.models.latency import ConstantLatency
from truefill.backtest.models.latency_recorded import InterpolatedLatency
from truefill.backtest.models.queue import (
    L3FifoQueue,
    LogProbQueue,
    LogProbQueue2,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    QueueModel,
    RiskAverseQueue,
)
from truefill.compat.hftbacktest.following import make_market
from truefill.compat.hftbacktest.grid import Grid, round_half_away
from truefill.compat.hftbacktest.market import Source, check_source, first_time
from truefill.core.errors import ConfigError
from truefill.core.gate import real, truth, whole
from truefill.tape import Tape

__all__ = ["BacktestAsset"]

# HftBacktest has no limit; memory is taken only for orders that there are.
_MAX_ORDERS = 1 << 20
_WHERE = "BacktestAsset"
_FAR = 1 << 62


class BacktestAsset:
    """One instrument of a backtest; every option returns the object itself, so that they can be chained.

    The options, their names and defaults are HftBacktest's. `tick_size` and `lot_size` have to be given.
    """

    def __init__(self) -> None:
        self._sources: list[Source] = []
        self._snapshot: Source | None = None
        self._tick_size = self._lot_size = 0.0
        self._contract: LinearContract | InverseContract = LinearContract()
        self._latency: ConstantLatency | InterpolatedLatency = ConstantLatency()
        self._queue: QueueModel = LogProbQueue2()
        self._exchange: ExchangeModel = NoPartialFillExchange()
        self._fees: FeeModel = TradingValueFees()
        self._trades_capacity = 0
        self._roi: list[float | None] = [None, None]
        self._latency_offset = 0

    def data(self, data: Source | Sequence[Source]) -> "BacktestAsset":
        """Add feed data: a ``.npz`` (key ``data``) or ``.npy`` file, an array of events, or several.

        Also a truefill tape, or the name of a ``.tape`` file: nothing has to be read and converted. Several
        that follow each other in time are a chain of tapes (docs/chains.md); others are joined to one.
        """
        sources = [data] if isinstance(data, str | np.ndarray | Tape) else data
        if not isinstance(sources, list | tuple):
            raise ConfigError("a path, an array of events, or a list of them", type(data).__name__, _WHERE)
        self._sources += [check_source(source, f"{_WHERE}.data") for source in sources]
        return self

    def add_file(self, file: str) -> "BacktestAsset":
        """Add a file of feed data."""
        return self.data(file)

    def add_data(self, data: np.ndarray) -> "BacktestAsset":
        """Add an array of feed data."""
        return self.data(data)

    def initial_snapshot(self, data: str | np.ndarray) -> "BacktestAsset":
        """Begin with this book, on both sides: a file or an array of events."""
        self._snapshot = check_source(data, f"{_WHERE}.initial_snapshot")
        return self

    def tick_size(self, tick_size: float) -> "BacktestAsset":
        """Set the step of prices."""
        self._tick_size = _positive(tick_size, "tick_size")
        return self

    def lot_size(self, lot_size: float) -> "BacktestAsset":
        """Set the step of orders' quantities."""
        self._lot_size = _positive(lot_size, "lot_size")
        return self

    def linear_asset(self, contract_size: float) -> "BacktestAsset":
        """Value a trade at contract size x price x quantity."""
        self._contract = LinearContract(contract_size)
        return self

    def inverse_asset(self, contract_size: float) -> "BacktestAsset":
        """Value a trade at contract size x quantity / price."""
        self._contract = InverseContract(contract_size)
        return self

    def constant_order_latency(self, entry_latency: int, resp_latency: int) -> "BacktestAsset":
        """Set how long orders travel, and answers, ns; a negative entry latency refuses every order."""
        self._latency = ConstantLatency(_int(entry_latency), _int(resp_latency))
        return self

    def constant_latency(self, entry_latency: int, resp_latency: int) -> "BacktestAsset":
        """`constant_order_latency`, by its old name."""
        return self.constant_order_latency(entry_latency, resp_latency)

    def intp_order_latency(
        self, data: str | np.ndarray | list[str], latency_offset: int = 0
    ) -> "BacktestAsset":
        """Take latency from recorded orders, a file, several, or an array; the offset goes on each way."""
        self._latency = InterpolatedLatency(data, _int(latency_offset))
        return self

    def risk_adverse_queue_model(self) -> "BacktestAsset":
        """Let only trades move an order forward in its queue."""
        return self._with_queue(RiskAverseQueue())

    def log_prob_queue_model(self) -> "BacktestAsset":
        """Let cancellations ahead be likely by the logarithm of what is ahead and behind."""
        return self._with_queue(LogProbQueue())

    def log_prob_queue_model2(self) -> "BacktestAsset":
        """HftBacktest's ``LogProbQueueFunc2``; the default."""
        return self._with_queue(LogProbQueue2())

    def power_prob_queue_model(self, n: float) -> "BacktestAsset":
        """HftBacktest's ``PowerProbQueueFunc``."""
        return self._with_queue(PowerProbQueue(n))

    def power_prob_queue_model2(self, n: float) -> "BacktestAsset":
        """HftBacktest's ``PowerProbQueueFunc2``."""
        return self._with_queue(PowerProbQueue2(n))

    def power_prob_queue_model3(self, n: float) -> "BacktestAsset":
        """HftBacktest's ``PowerProbQueueFunc3``."""
        return self._with_queue(PowerProbQueue3(n))

    def l3_fifo_queue_model(self) -> "BacktestAsset":
        """Keep exact queues, from data of single orders."""
        return self._with_queue(L3FifoQueue())

    def _with_queue(self, queue: QueueModel) -> "BacktestAsset":
        self._queue = queue
        return self

    def no_partial_fill_exchange(self) -> "BacktestAsset":
        """Fill orders whole or not at all; the default."""
        self._exchange = NoPartialFillExchange()
        return self

    def partial_fill_exchange(self) -> "BacktestAsset":
        """Fill orders in parts."""
        self._exchange = PartialFillExchange()
        return self

    def trading_value_fee_model(self, maker_fee: float, taker_fee: float) -> "BacktestAsset":
        """Charge rates of the traded value; negative: rebates."""
        self._fees = TradingValueFees(maker_fee, taker_fee)
        return self

    def trading_qty_fee_model(self, maker_fee: float, taker_fee: float) -> "BacktestAsset":
        """Charge rates of the traded quantity."""
        self._fees = TradingQtyFees(maker_fee, taker_fee)
        return self

    def flat_per_trade_fee_model(self, maker_fee: float, taker_fee: float) -> "BacktestAsset":
        """Charge a fee for each execution."""
        self._fees = FlatPerTradeFees(maker_fee, taker_fee)
        return self

    def last_trades_capacity(self, capacity: int) -> "BacktestAsset":
        """Keep market trades for `last_trades`; 0, the default: none. More than `capacity` are kept too."""
        wanted = "a number of trades from 0"
        self._trades_capacity = whole(
            capacity, wanted, 0, _FAR, ConfigError, f"{_WHERE}.last_trades_capacity"
        )
        return self

    def roi_lb(self, roi_lb: float) -> "BacktestAsset":
        """Set the lowest price of a `ROIVectorMarketDepthBacktest`."""
        self._roi[0] = _finite(roi_lb, "roi_lb")
        return self

    def roi_ub(self, roi_ub: float) -> "BacktestAsset":
        """Set the highest price of a `ROIVectorMarketDepthBacktest`."""
        self._roi[1] = _finite(roi_ub, "roi_ub")
        return self

    def latency_offset(self, latency_offset: int) -> "BacktestAsset":
        """Let all feed arrive so much later (negative: sooner), ns. The data stays as it is."""
        self._latency_offset = _int(latency_offset)
        return self

    def parallel_load(self, parallel_load: bool) -> "BacktestAsset":
        """Change nothing: data is indexed before the run and read by memory address."""
        truth(parallel_load, "True or False", ConfigError, f"{_WHERE}.parallel_load")
        return self

    # -- what the backtest makes of it ----------------------------------------------------------------

    @property
    def has_snapshot(self) -> bool:
        """Whether it begins with a book."""
        return self._snapshot is not None

    @property
    def keeps_trades(self) -> bool:
        """Whether `last_trades` has any."""
        return self._trades_capacity > 0

    @property
    def lot(self) -> float:
        """Lot size as given."""
        return self._lot_size

    def first_time(self) -> int:
        """Time of the first event, ns."""
        self._require_data()
        return first_time(self._sources, self._latency_offset)

    def roi_ticks(self) -> tuple[int, int]:
        """First and last tick of the dense book; ConfigError when they are not given."""
        if self._roi[0] is None or self._roi[1] is None:
            wanted = "roi_lb and roi_ub for a ROIVectorMarketDepthBacktest"
            raise ConfigError(wanted, f"roi_lb {self._roi[0]}, roi_ub {self._roi[1]}", _WHERE)
        self._require_data()
        low, high = (int(tick) for tick in round_half_away(np.array(self._roi) / self._tick_size))
        if not low <= high:
            raise ConfigError("roi_lb at or below roi_ub", f"{self._roi[0]} and {self._roi[1]}", _WHERE)
        return low, high

    def make(self, dense: bool, snapshot_ts: int) -> Asset:
        """The asset of a native backtest; its book begins at `snapshot_ts` where it has a snapshot."""
        self._require_data()
        grid = Grid(
            self._tick_size,
            self._lot_size,
            latency_offset=self._latency_offset,
            roi=self.roi_ticks() if dense else None,
        )
        return Asset(
            make_market(self._sources, grid, self._snapshot, snapshot_ts),
            latency=self._latency,
            queue=self._queue,
            exchange=self._exchange,
            fees=self._fees,
            contract=self._contract,
            lot_size=self._lot_size,
            max_orders=_MAX_ORDERS,
        )

    def _require_data(self) -> None:
        if not self._sources:
            raise ConfigError("data(...)", "no data", _WHERE)
        if not (self._tick_size > 0 and self._lot_size > 0):
            got = f"tick_size {self._tick_size}, lot_size {self._lot_size}"
            raise ConfigError("tick_size and lot_size above 0", got, _WHERE)


def _finite(value: Any, name: str) -> float:
    number = real(value, "a finite number", ConfigError, f"{_WHERE}.{name}")
    if not np.isfinite(number):
        raise ConfigError("a finite number", number, f"{_WHERE}.{name}")
    return number


def _positive(value: Any, name: str) -> float:
    number = _finite(value, name)
    if number <= 0:
        raise ConfigError("a number above 0", number, f"{_WHERE}.{name}")
    return number


def _int(value: Any) -> Any:
    """Whole floats as ints (``1e6`` ns); the models refuse the rest."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
