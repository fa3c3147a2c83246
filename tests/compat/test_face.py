"""The drop-in face by itself: what it refuses, and how it says so; what its objects show."""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.differential.market import LOT, TICK, Market
from tests.support.order_flow import OrderFlow
from truefill.compat import hftbacktest as hb
from truefill.compat.hftbacktest import market as sources
from truefill.compat.hftbacktest.order import Order
from truefill.compat.hftbacktest.types import UNTIL_END_OF_DATA, order_dtype
from truefill.core.errors import BotError, ConfigError, DataError
from truefill.tape import build_tape


def asset(events: Any) -> hb.BacktestAsset:
    """An asset of the hand-made units."""
    return hb.BacktestAsset().data(events).tick_size(TICK).lot_size(LOT)


@pytest.fixture
def events() -> NDArray[Any]:
    """A bid of 10 at tick 100, an ask of 10 at 102, a sale of 30 at 99, and silence."""
    return Market().bid(100, 10).ask(102, 10).sells(99, 30, 1000).quiet(1000).quiet().events


def test_an_order_is_seen_filled_with_all_its_attributes(events: NDArray[Any]) -> None:
    """Attributes, `arr`, the iterator, `in`, `get` and the totals tell the same."""
    hbt = hb.HashMapMarketDepthBacktest([asset(events).trading_value_fee_model(0.001, 0.002)])
    assert hbt.elapse(200) == 0
    assert hbt.submit_buy_order(0, 7, 100 * TICK, 3 * LOT, hb.GTC, hb.LIMIT, False) == 0
    assert hbt.submit_buy_order(0, 7, 100 * TICK, LOT, hb.GTC, hb.LIMIT, False) == 10
    hbt.elapse(100)
    order = hbt.orders(0).get(7)
    assert order is not None
    assert (order.status, order.req, order.cancellable) == (hb.NEW, hb.NONE, True)
    hbt.elapse(1500)

    assert 7 in hbt.orders(0)
    assert 8 not in hbt.orders(0)
    assert hbt.orders(0).get(8) is None
    assert (order.status, order.exec_qty, order.leaves_qty, order.maker) == (hb.FILLED, 3 * LOT, 0.0, 1)
    assert (order.price, order.exec_price, order.tick_size, order.side) == (50.0, 50.0, TICK, hb.BUY)
    assert not order.cancellable
    copy = Order(order.arr)
    assert order.arr.dtype.names == order_dtype.names
    for name in ("price", "exec_price", "qty", "status", "order_id", "cancellable", "time_in_force"):
        assert getattr(copy, name) == getattr(order, name)
    with pytest.raises(AttributeError, match="an order has no colour"):
        order.colour  # noqa: B018
    values = hbt.orders(0).values()
    with pytest.raises(RuntimeError):
        values.get()
    assert values.has_next()
    assert values.get().order_id == 7
    assert values.next() is None
    assert not values.has_next()
    state = hbt.state_values(0)
    assert (state.position, state.num_trades, state.trading_volume) == (3 * LOT, 1, 3 * LOT)
    assert (state.balance, state.fee) == (-150.0, 0.15)
    assert state.arr[0].position == hbt.position(0)
    assert len(hbt.bot.fills(0)) == 1


def test_time_ends_with_the_data(events: NDArray[Any]) -> None:
    """UNTIL_END_OF_DATA and `_goto_end` give 1; the clock does not turn."""
    for go in (lambda hbt: hbt.elapse(UNTIL_END_OF_DATA), lambda hbt: hbt._goto_end()):
        hbt = hb.HashMapMarketDepthBacktest([asset(events)])
        assert go(hbt) == 1
        assert hbt.current_timestamp > 0
        assert hbt.elapse(1.0) == 1


def test_trades_are_kept_when_a_capacity_was_given(events: NDArray[Any]) -> None:
    """With 0 none; cleared of one asset or of all."""
    hbt = hb.HashMapMarketDepthBacktest([asset(events).last_trades_capacity(1), asset(events)])
    hbt.elapse(1500)
    assert [trade.px for trade in hbt.last_trades(0)] == [99 * TICK]
    assert len(hbt.last_trades(1)) == 0
    hbt.clear_last_trades(hb.ALL_ASSETS)
    assert len(hbt.last_trades(0)) == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: hb.HashMapMarketDepthBacktest([]),
        lambda: hb.HashMapMarketDepthBacktest([1]),
        lambda: hb.HashMapMarketDepthBacktest([hb.BacktestAsset().tick_size(1.0).lot_size(1.0)]),
        lambda: hb.BacktestAsset().data(5),
        lambda: hb.BacktestAsset().data("s3://bucket/key.npz"),
        lambda: hb.BacktestAsset().tick_size(0.0),
        lambda: hb.BacktestAsset().lot_size(float("nan")),
        lambda: hb.BacktestAsset().roi_lb(float("inf")),
        lambda: hb.BacktestAsset().last_trades_capacity(-1),
        lambda: hb.BacktestAsset().constant_order_latency(1.5, 0),
    ],
)
def test_options_that_mean_nothing_are_refused(make: Any) -> None:
    """As ConfigError, which is a ValueError."""
    with pytest.raises(ConfigError):
        make()


def test_what_is_not_given_is_asked_for(events: NDArray[Any]) -> None:
    """Tick, lot, and the range of a dense book."""
    with pytest.raises(ConfigError, match="tick_size and lot_size"):
        hb.HashMapMarketDepthBacktest([hb.BacktestAsset().data(events)])
    with pytest.raises(ConfigError, match="roi_lb and roi_ub"):
        hb.ROIVectorMarketDepthBacktest([asset(events)])
    with pytest.raises(ConfigError, match="roi_lb at or below"):
        hb.ROIVectorMarketDepthBacktest([asset(events).roi_lb(9.0).roi_ub(8.0)])
    with pytest.raises(ConfigError, match="single orders"):
        hb.HashMapMarketDepthBacktest([asset(events).l3_fifo_queue_model()])


def test_data_that_cannot_be_right_is_refused(events: NDArray[Any], tmp_path: Path) -> None:
    """Another dtype, no file, rows that arrive before they happened."""
    with pytest.raises(DataError):
        hb.BacktestAsset().data(np.zeros(3))
    with pytest.raises(DataError, match="no such file"):
        hb.HashMapMarketDepthBacktest([asset(str(tmp_path / "none.npz"))])
    with pytest.raises(DataError, match="latency_offset -10"):
        hb.HashMapMarketDepthBacktest([asset(events).latency_offset(-10)])
    early = events.copy()
    early["local_ts"] -= 50
    with pytest.raises(DataError, match="correct_local_timestamp"):
        hb.HashMapMarketDepthBacktest([asset(early)])


def test_the_users_array_stays_as_it_is(events: NDArray[Any]) -> None:
    """Offsets are added to a copy; strided arrays are read as what they are."""
    before = events.tobytes()
    wide = np.repeat(events, 2)
    late = hb.HashMapMarketDepthBacktest([asset(events).latency_offset(40)])
    strided = hb.HashMapMarketDepthBacktest([asset(wide[::2])])
    for hbt, lag in ((late, 50), (strided, 10)):
        hbt.elapse(150)
        exch_ts, local_ts = hbt.feed_latency(0)
        assert local_ts - exch_ts == lag
    assert events.tobytes() == before


def test_the_same_data_is_made_a_tape_once(events: NDArray[Any], tmp_path: Path) -> None:
    """By what it holds: arrays by content, files by name, time and size."""
    np.savez(tmp_path / "a.npz", data=events)
    first = hb.HashMapMarketDepthBacktest([asset(events)])
    again = hb.HashMapMarketDepthBacktest([asset(events.copy())])
    other = hb.HashMapMarketDepthBacktest([asset(events[:-1])])
    files = [hb.HashMapMarketDepthBacktest([asset(str(tmp_path / "a.npz"))]) for _ in range(2)]
    tapes = [hbt.bot.assets[0].tape for hbt in (first, again, other, *files)]
    assert tapes[0] is tapes[1]
    assert tapes[0] is not tapes[2]
    assert tapes[3] is tapes[4]
    assert sources._kept


def test_a_tape_is_data_too(events: NDArray[Any], tmp_path: Path) -> None:
    """Taken as it is where it fits, read again where it does not: the same books and fills."""
    path = tmp_path / "market.tape"
    tape = build_tape(events, tick_size=TICK, lot_size=LOT, path=path)
    for data, moved in ((tape, 0), (str(path), 0), (tape, 40)):
        hbt = hb.HashMapMarketDepthBacktest([asset(data).latency_offset(moved)])
        used = hbt.bot.assets[0].tape
        assert (used.header.content_hash == tape.header.content_hash) == (moved == 0)
        hbt.elapse(200)
        hbt.submit_buy_order(0, 1, 100 * TICK, LOT, hb.GTC, hb.LIMIT, False)
        hbt.elapse(2000)
        assert (hbt.position(0), hbt.depth(0).best_ask_qty) == (LOT, 10 * LOT)
    coarse = hb.BacktestAsset().data(tape).tick_size(2 * TICK).lot_size(LOT)
    hbt = hb.HashMapMarketDepthBacktest([coarse])
    hbt.elapse(200)
    assert (hbt.depth(0).best_bid_tick, hbt.depth(0).tick_size) == (50, 2 * TICK)


def test_quantities_finer_than_the_lot_keep_their_decimals() -> None:
    """Ten decimals are none of a market's: they are rounded to a millionth of the lot."""
    market = Market().bid(100, 10).ask(102, 10).quiet()
    events = market.events
    events["qty"][0] = 10.25
    events["qty"][1] = 1 / 3
    hbt = hb.HashMapMarketDepthBacktest([asset(events)])
    hbt.elapse(150)
    depth = hbt.depth(0)
    assert (depth.best_bid_qty, depth.lot_size) == (10.25, LOT)
    assert depth.best_ask_qty == 0.0
    with pytest.raises(BotError, match="multiple of the lot"):
        hbt.submit_buy_order(0, 1, 50.0, 0.5, hb.GTC, hb.LIMIT, False)


def test_orders_of_no_asset_are_refused(events: NDArray[Any]) -> None:
    """BotError, where HftBacktest ends the process."""
    hbt = hb.HashMapMarketDepthBacktest([asset(events)])
    for call in (hbt.depth, hbt.orders, hbt.position, hbt.state_values, hbt.last_trades, hbt.feed_latency):
        with pytest.raises(BotError):
            call(1)


@pytest.mark.slow
@pytest.mark.compiled_only
def test_compiled_code_may_hold_what_python_may(events: NDArray[Any]) -> None:
    """Optional orders, `next`, `arr`, negative ids, floats for numbers, depths from Python, snapshots."""

    @numba.njit
    def strategy(hbt, depth):
        hbt.elapse(200.0)
        levels = depth.snapshot()
        depth.snapshot_free(levels)
        hbt.submit_buy_order(0, -5, 50, 1, hb.GTC, hb.LIMIT, True)
        orders = hbt.orders(0)
        found = 0
        if orders.get(-5) is not None and orders.get(4) is None and -5 in orders:
            found = 1
        values = orders.values()
        while True:
            order = values.next()
            if order is None:
                break
            found += order.arr[0].price_tick + order.price_tick
        hbt.elapse_bt(2000)
        state = hbt.state_values(0)
        return len(levels), found, state.position + state.arr[0].balance, levels[0].px, hbt._goto_end()

    hbt = hb.HashMapMarketDepthBacktest([asset(events)])
    assert strategy(hbt, hbt.depth(0)) == (2, 201, -49.0, 50.0, 1)


@pytest.mark.slow
@pytest.mark.compiled_only
def test_a_users_own_cache_works(events: NDArray[Any], tmp_path: Path) -> None:
    """``@njit(cache=True)``, which HftBacktest's functions refuse: the second time the code is loaded."""
    file = tmp_path / "strategy.py"
    file.write_text(
        "from numba import njit\n\n\n@njit(cache=True)\ndef strategy(hbt):\n"
        "    hbt.elapse(200)\n    values = hbt.orders(0).values()\n    return values.has_next()\n"
    )
    hits = []
    for _ in range(2):
        spec = importlib.util.spec_from_file_location("strategy_of_a_user", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert not module.strategy(hb.HashMapMarketDepthBacktest([asset(events)]))
        hits.append(len(module.strategy.stats.cache_hits))
    assert hits == [0, 1]


@pytest.mark.slow
@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda hbt: hbt.colour,
            "expected a name that HashMapMarketDepthBacktest has .*elapse.*got 'colour'",
        ),
        (lambda hbt: hbt.depth(0).bid_depth, "expected a name that HashMapMarketDepth has .*got 'bid_depth'"),
        (lambda hbt: hbt.orders(0).items(), "expected a name that OrderDict has .*values.*got 'items'"),
        (lambda hbt: hbt.orders(0).values().get().color, "expected a name that Order has .*got 'color'"),
        (lambda hbt: hbt.depth(0.5), "expected a whole number as asset number"),
        (lambda hbt: hbt.elapse("1s"), "expected a number as duration in ns"),
    ],
)
def test_compiled_mistakes_are_named(call: Any, message: str, events: NDArray[Any]) -> None:
    """Numba's error says which names there are."""
    hbt = hb.HashMapMarketDepthBacktest([asset(events)])
    with warnings.catch_warnings(), pytest.raises(numba.TypingError, match=f"(?s){message}"):
        warnings.simplefilter("ignore")
        numba.njit(call)(hbt)


def test_single_orders_give_exact_queues() -> None:
    """`l3_fifo_queue_model` on data order by order: an own order behind two is filled when they are gone."""
    flow = OrderFlow(3).run(400)
    hbt = hb.HashMapMarketDepthBacktest(
        [hb.BacktestAsset().data(flow.events).tick_size(0.5).lot_size(1.0).l3_fifo_queue_model()]
    )
    assert hbt.elapse(20_000_000) == 0
    depth = hbt.depth(0)
    assert depth.best_bid < depth.best_ask
    assert hbt.submit_buy_order(0, 1, depth.best_bid, 1.0, hb.GTC, hb.LIMIT, True) == 0
    order = hbt.orders(0).get(1)
    assert order is not None
    assert order.queue_ahead == depth.best_bid_qty
    assert hbt._goto_end() == 1
    assert (hbt.position(0), order.status) == (1.0, hb.FILLED)
