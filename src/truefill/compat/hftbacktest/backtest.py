"""HftBacktest's backtests over truefill's engine. Compiled code sees pointer types (`backtest_compiled`)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from truefill.backtest import Bot
from truefill.compat.hftbacktest.arguments import duration_of, order_id_of
from truefill.compat.hftbacktest.builder import BacktestAsset
from truefill.compat.hftbacktest.depth import HashMapMarketDepth, ROIVectorMarketDepth
from truefill.compat.hftbacktest.face import CURSORS, FACE, FACE_ASSET, FACE_ASSET_ROW, STATE_OFFSET
from truefill.compat.hftbacktest.orders import OrderDict
from truefill.compat.hftbacktest.state import StateValues
from truefill.core.errors import ConfigError, shown
from truefill.core.events import NO_BID_TICK, NO_TIME

__all__ = ["Backtest", "HashMapMarketDepthBacktest", "ROIVectorMarketDepthBacktest"]


class Backtest:
    """What both backtests have: HftBacktest's methods, names and return codes.

    Parameters
    ----------
    assets : sequence of BacktestAsset

    Attributes
    ----------
    bot : Bot
        truefill's own face of the same run: fills, records and all else that this one has no name for.
    """

    dense: ClassVar[bool] = False

    def __init__(self, assets: Sequence[BacktestAsset]) -> None:
        given: list[Any] = list(assets) if isinstance(assets, list | tuple) else [assets]
        if not given or not all(isinstance(asset, BacktestAsset) for asset in given):
            raise ConfigError("a list of BacktestAsset", shown(assets), type(self).__name__)
        begins_with_book = any(asset.has_snapshot for asset in given)
        begin = min((asset.first_time() for asset in given), default=0) if begins_with_book else 0
        self.bot = Bot([asset.make(self.dense, begin - 1) for asset in given])
        self._face = np.zeros(1, FACE)
        self._rows = np.zeros(len(given), FACE_ASSET)
        self._arrays: list[np.ndarray] = []
        self.assets_address = int(self._rows.ctypes.data)
        self._p = int(self._face.ctypes.data)
        face = self._face[0]
        face["run_addr"] = self.bot._p
        face["num_assets"] = len(given)
        face["assets_addr"] = self.assets_address
        for number, asset in enumerate(given):
            self._fill_row(number, asset)
        if begins_with_book:
            self._begin(begin)

    def _fill_row(self, number: int, asset: BacktestAsset) -> None:
        row = self._rows[number]
        row["asset_addr"] = self._row_of(number).__array_interface__["data"][0]
        row["run_addr"] = self.bot._p
        row["number"] = number
        row["keeps_trades"] = asset.keeps_trades
        row["lot_size"] = asset.lot
        row["snapshot_ts"] = NO_BID_TICK
        row["cursors_addr"] = self._address(np.zeros(CURSORS, np.int64))
        if self.dense:
            low, high = asset.roi_ticks()
            row["roi_lb_tick"], row["roi_ub_tick"] = low, high
            for name in ("bids_addr", "asks_addr"):
                row[name] = self._address(np.zeros(high - low + 1))

    def _address(self, array: np.ndarray) -> int:
        self._arrays.append(array)
        return int(array.ctypes.data)

    def _begin(self, begin: int) -> None:
        """Let the books that the assets begin with arrive, before the first event."""
        self.bot.elapse(0)
        self.bot._run["now"] = begin
        self._rows["snapshot_ts"] = begin - 1

    def _row_of(self, asset_no: int) -> Any:
        return self.bot._asset(asset_no)

    @property
    def current_timestamp(self) -> int:
        """Time now, ns. Before the first step: of the first event."""
        return self.bot.current_timestamp

    @property
    def num_assets(self) -> int:
        """Number of assets."""
        return self.bot.num_assets

    def position(self, asset_no: int) -> float:
        """Position of an asset."""
        return self.bot.position(asset_no)

    def state_values(self, asset_no: int) -> StateValues:
        """Running totals of an asset."""
        address = self._row_of(asset_no).__array_interface__["data"][0]
        return StateValues.at(address + STATE_OFFSET)

    def last_trades(self, asset_no: int) -> np.recarray:
        """Market trades that arrived since `clear_last_trades`; none without `last_trades_capacity`."""
        trades = self.bot.last_trades(asset_no)
        return trades if self._rows[asset_no]["keeps_trades"] else trades[:0].view(np.recarray)

    def clear_last_trades(self, asset_no: int) -> None:
        """Forget the market trades that have arrived, of one asset or (ALL_ASSETS) of all."""
        self.bot.clear_last_trades(asset_no)

    def orders(self, asset_no: int) -> OrderDict:
        """Own orders of an asset."""
        row = self._row_of(asset_no)
        return OrderDict(row, self.assets_address + int(row["number"]) * FACE_ASSET_ROW)

    def submit_buy_order(
        self,
        asset_no: int,
        order_id: int,
        price: float,
        qty: float,
        time_in_force: int,
        order_type: int,
        wait: bool,
    ) -> int:
        """Send a buy order: 0; 10 the id exists; with `wait` 1 at the end of data."""
        order_id = order_id_of(order_id)
        return self.bot.submit_buy_order(asset_no, order_id, price, qty, time_in_force, order_type, wait)

    def submit_sell_order(
        self,
        asset_no: int,
        order_id: int,
        price: float,
        qty: float,
        time_in_force: int,
        order_type: int,
        wait: bool,
    ) -> int:
        """Send a sell order; as `submit_buy_order`."""
        order_id = order_id_of(order_id)
        return self.bot.submit_sell_order(asset_no, order_id, price, qty, time_in_force, order_type, wait)

    def modify(self, asset_no: int, order_id: int, price: float, qty: float, wait: bool) -> int:
        """Change an order's price and open quantity: 0, 11 a request is in process, 12 no such order, 1."""
        return self.bot.modify(asset_no, order_id_of(order_id), price, qty, wait)

    def cancel(self, asset_no: int, order_id: int, wait: bool) -> int:
        """Ask for an order's cancellation: 0, 11, 12, 1."""
        return self.bot.cancel(asset_no, order_id_of(order_id), wait)

    def clear_inactive_orders(self, asset_no: int) -> None:
        """Drop filled, cancelled and expired orders, of one asset or (ALL_ASSETS) of all."""
        self.bot.clear_inactive_orders(asset_no)

    def wait_order_response(self, asset_no: int, order_id: int, timeout: int) -> int:
        """Move on to the next answer about an order, at most `timeout` ns: 0, or 1 at the end of data."""
        return self.bot.wait_order_response(asset_no, order_id_of(order_id), duration_of(timeout))

    def wait_next_feed(self, include_order_resp: bool, timeout: int) -> int:
        """Move on to the next feed event (or response): 0 timeout, 1 end of data, 2 feed, 3 response."""
        return self.bot.wait_next_feed(include_order_resp, duration_of(timeout))

    def elapse(self, duration: int) -> int:
        """Move time on by `duration` ns: 0, or 1 when the data has ended."""
        return self.bot.elapse(duration_of(duration))

    def elapse_bt(self, duration: int) -> int:
        """Move time on, as `elapse`."""
        return self.elapse(duration)

    def _goto_end(self) -> int:
        """Move on to the end of the data: 1."""
        return self.bot.elapse(int(NO_TIME))

    def feed_latency(self, asset_no: int) -> tuple[int, int] | None:
        """(exchange time, local time) of the last feed event that arrived, ns; None before the first."""
        times = self.bot.feed_latency(asset_no)
        return None if times is None or times[1] <= self._rows[asset_no]["snapshot_ts"] else times

    def order_latency(self, asset_no: int) -> tuple[int, int, int] | None:
        """(request, exchange, response) times of the last answered request, ns; None before the first."""
        return self.bot.order_latency(asset_no)

    def close(self) -> int:
        """End the run; what happened stays readable. Returns 0."""
        return self.bot.close()


class HashMapMarketDepthBacktest(Backtest):
    """A backtest whose book has every price."""

    def depth(self, asset_no: int) -> HashMapMarketDepth:
        """The book of an asset."""
        return HashMapMarketDepth(self, int(self._row_of(asset_no)["number"]))


class ROIVectorMarketDepthBacktest(Backtest):
    """A backtest whose book has the prices from `roi_lb` to `roi_ub`, also as dense arrays."""

    dense: ClassVar[bool] = True

    def depth(self, asset_no: int) -> ROIVectorMarketDepth:
        """The book of an asset."""
        return ROIVectorMarketDepth(self, int(self._row_of(asset_no)["number"]))
