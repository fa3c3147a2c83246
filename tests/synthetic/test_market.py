"""The made market as a stream: reproducible, well-formed, and true to the book it comes from."""

import hashlib
from itertools import islice

import numpy as np
import pytest

from truefill.core.errors import ConfigError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    FILL,
    KIND_MASK,
    LOCAL,
    MODIFY_ORDER,
    SELL,
    TRADE,
)
from truefill.core.order_book import OrderBook
from truefill.synthetic import Market, ZeroIntelligence, kernels as k, make_market
from truefill.tape import build_tape

THIN = ZeroIntelligence(limit_rate=0.3, market_rate=4.0, cancel_rate=0.4, mean_size=3, window=12)


class Rebuilt:
    """A dictionary of levels, rebuilt from nothing but the published rows."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[float, float]] = {BUY: {}, SELL: {}}

    def apply(self, rows: np.ndarray) -> None:
        for ev, px, qty in zip(rows["ev"].tolist(), rows["px"].tolist(), rows["qty"].tolist(), strict=True):
            if ev & KIND_MASK in (DEPTH, DEPTH_SNAPSHOT):
                side = self.levels[BUY if ev & BUY else SELL]
                if qty:
                    side[px] = qty
                else:
                    side.pop(px, None)


def as_published(market: Market, side: int) -> dict[float, float]:
    """The levels of the market's own book, in the units that it publishes."""
    return {tick / 100: qty / 100 for tick, qty, _ in market.book.levels(side)}


@pytest.mark.parametrize("params", [ZeroIntelligence(), THIN])
def test_published_levels_are_the_book(params: ZeroIntelligence) -> None:
    """At every checkpoint a dictionary fed with the published rows equals the order-by-order book."""
    market, rebuilt = Market(11, params), Rebuilt()
    rebuilt.apply(market.snapshot())
    for _ in range(25):
        for rows in market.run(0.4):
            rebuilt.apply(rows)
        assert rebuilt.levels[BUY] == as_published(market, 1)
        assert rebuilt.levels[SELL] == as_published(market, -1)
    assert market.state[k.TRADES] > 10


@pytest.mark.parametrize("params", [ZeroIntelligence(), THIN])
def test_never_crossed(params: ZeroIntelligence) -> None:
    """After every message the best bid is below the best ask."""
    rebuilt = Rebuilt()
    rows = np.concatenate(list(make_market(8, seed=5, params=params)))
    ends = np.flatnonzero(np.diff(rows["exch_ts"], append=0))
    start = 0
    for end in ends.tolist():
        rebuilt.apply(rows[start : end + 1])
        start = end + 1
        if rebuilt.levels[BUY] and rebuilt.levels[SELL]:
            assert max(rebuilt.levels[BUY]) < min(rebuilt.levels[SELL])


def test_rows_are_well_formed() -> None:
    """Flags, order of both clocks, positive latency, prices on the tick, running trade ids."""
    batches = list(make_market(20, seed=3))
    rows = np.concatenate(batches)
    assert rows.dtype == EVENT
    assert np.all(rows["ev"] & np.uint64(EXCH | LOCAL) == EXCH | LOCAL)
    sides = rows["ev"] & np.uint64(BUY | SELL)
    assert np.all((sides == BUY) | (sides == SELL))
    assert np.all(np.diff(rows["exch_ts"]) >= 0) and np.all(np.diff(rows["local_ts"]) >= 0)
    assert np.all(rows["local_ts"] > rows["exch_ts"])
    kinds = rows["ev"] & np.uint64(KIND_MASK)
    assert set(kinds.tolist()) == {DEPTH, TRADE, DEPTH_SNAPSHOT}
    assert np.all(kinds[: len(batches[0])] == DEPTH_SNAPSHOT)
    assert np.all(kinds[len(batches[0]) :] != DEPTH_SNAPSHOT)
    for column in ("px", "qty"):  # the float nearest to the decimal, which prints with two digits
        assert np.array_equal(rows[column], np.round(rows[column] * 100) / 100)
    trades = rows[kinds == TRADE]
    assert np.array_equal(trades["order_id"], np.arange(1, len(trades) + 1))
    assert np.all(trades["qty"] > 0)
    assert rows["exch_ts"][0] == ZeroIntelligence().start_ts


def test_trades_are_the_market_orders() -> None:
    """Trades of one message have one aggressor side and walk outward; their sum is what was taken."""
    market = Market(9)
    market.snapshot()
    rows = np.concatenate(list(market.run(60)))
    trades = rows[(rows["ev"] & np.uint64(KIND_MASK)) == TRADE]
    state = market.state
    assert len(trades) == state[k.TRADES]
    assert np.round(trades["qty"] * 100).sum() == state[k.TRADED_LOTS]
    assert state[k.TRADED_LOTS] == state[k.MARKET_LOTS]  # nobody found an empty side here
    messages, first = np.unique(trades["ival"], return_index=True)
    assert len(messages) == state[k.MARKET_ORDERS]
    for start, end in zip(first, [*first[1:], len(trades)], strict=True):
        order = trades[start:end]
        assert len(np.unique(order["ev"])) == 1 and len(np.unique(order["exch_ts"])) == 1
        steps = np.diff(order["px"])
        assert np.all(steps >= 0) if order["ev"][0] & np.uint64(BUY) else np.all(steps <= 0)


@pytest.mark.parametrize("params", [ZeroIntelligence(), THIN])
def test_no_share_is_lost(params: ZeroIntelligence) -> None:
    """What came in is what traded, was cancelled, or still rests; the list of the living has no hole."""
    market = Market(4, params)
    for _ in range(10):
        for _ in market.run(3):
            pass
        state, book = market.state, market.book.to_array()
        resting = book[:, 3].sum()
        assert state[k.LIMIT_LOTS] == state[k.TRADED_LOTS] + state[k.CANCELLED_LOTS] + resting
        alive = market._alive[: len(market.book)]
        at = market.book.words[11] + 4 * alive.astype(np.int64)
        assert sorted(market.book.words[at].tolist()) == sorted(book[:, 2].tolist())
        assert np.array_equal(market._where[alive], np.arange(len(alive)))


def test_counters_count_what_was_published() -> None:
    """Orders, cancellations and trades by name agree with the rows; at first there is no spread."""
    market = Market(3)
    assert np.isnan(market.mean_spread) and market.counters["trades"] == 0
    rows = np.concatenate(list(market.run(10)))
    kinds = rows["ev"] & np.uint64(KIND_MASK)
    counters = market.counters
    assert np.count_nonzero(kinds == TRADE) == counters["trades"]
    per_order = len(np.unique(rows["exch_ts"]))
    assert per_order == counters["limit_orders"] + counters["market_orders"] + counters["cancels"]
    assert 1 < market.mean_spread < 5


def test_same_seed_same_bytes() -> None:
    """The seed and the parameters decide every byte; the size of the batches does not."""
    one = np.concatenate(list(make_market(5, seed=8)))
    two = np.concatenate(list(make_market(5, seed=8, batch_rows=100)))
    other = np.concatenate(list(make_market(5, seed=9)))
    assert one.tobytes() == two.tobytes()
    assert one.tobytes() != other.tobytes()


def test_the_bytes_are_these() -> None:
    """The stream is the same compiled, interpreted, and tomorrow."""
    rows = np.concatenate(list(make_market(3, seed=1)))
    assert hashlib.sha256(rows.tobytes()).hexdigest()[:16] == "4cde550cd9ca7369"


def test_global_randomness_is_left_alone() -> None:
    """Making a market neither reads nor moves NumPy's global generator."""
    np.random.seed(1)  # noqa: NPY002 - it is the global one that is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    list(make_market(1))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_memory_is_bounded() -> None:
    """Batches come one at a time and none is larger than asked."""
    sizes = [len(rows) for rows in islice(make_market(1e6, batch_rows=2000), 1, 30)]
    assert max(sizes) <= 2000


def test_growth_on_the_way() -> None:
    """A market that outgrows its arrays and walks out of its window goes on, and stays true to its book."""
    small = ZeroIntelligence(limit_rate=0.2, market_rate=8.0, cancel_rate=0.05, mean_size=1, window=6)
    market, rebuilt = Market(2, small), Rebuilt()
    market.book.grow(orders=int(market.book.words[6]))
    rebuilt.apply(market.snapshot())
    base = int(market.book.words[0])
    for rows in market.run(400):
        rebuilt.apply(rows)
    assert rebuilt.levels[BUY] == as_published(market, 1)
    assert rebuilt.levels[SELL] == as_published(market, -1)
    assert market.book.words[0] != base


def test_no_price_below_one_tick() -> None:
    """A market at the edge of nothing keeps positive prices, and lives on."""
    params = ZeroIntelligence(start_tick=3, window=20, limit_rate=0.5, market_rate=6.0)
    market = Market(5, params)
    rows = np.concatenate([market.snapshot(), *market.run(60)])
    assert rows["px"].min() > 0
    assert market.state[k.TRADES] > 100


@pytest.mark.parametrize(
    "bad",
    [
        {"limit_rate": 0.0},
        {"market_rate": -1.0},
        {"cancel_rate": float("nan")},
        {"feed_latency": float("inf")},
        {"feed_latency_spread": -0.1},
        {"mean_size": 0},
        {"mean_size": 1.5},
        {"window": 0},
        {"start_tick": 0},
        {"tick_size": "0"},
        {"tick_size": "abc"},
        {"lot_size": "-1"},
        {"lot_size": "1e-20"},
        {"limit_rate": 1e9},
        {"tick_size": "1e12"},
        {"lot_size": "1234567.89", "mean_size": 1_000_000},
    ],
)
def test_bad_parameters(bad: dict[str, object]) -> None:
    """Each is refused by name."""
    with pytest.raises(ConfigError, match="expected"):
        ZeroIntelligence(**bad)  # type: ignore[arg-type]


def test_bad_arguments() -> None:
    """A seed or a duration out of range is refused."""
    with pytest.raises(ConfigError):
        list(make_market(1, seed=-1))
    with pytest.raises(ConfigError):
        list(make_market(-1))


@pytest.mark.parametrize(
    ("tick_size", "price"),
    [("0.01", 100.0), ("0.05", 500.0), ("5", 50_000.0), ("0.25", 2_500.0), ("1e-5", 0.1)],
)
def test_any_tick_size_gives_the_nearest_float(tick_size: str, price: float) -> None:
    """Prices are the floats that the decimal text would parse to."""
    params = ZeroIntelligence(tick_size=tick_size)
    snapshot = Market(1, params).snapshot()
    decimals = len(tick_size.partition(".")[2]) if "e" not in tick_size else 5
    texts = [f"{px:.{decimals}f}" for px in snapshot["px"].tolist()]
    assert [float(text) for text in texts] == snapshot["px"].tolist()
    assert abs(snapshot["px"].mean() / price - 1) < 0.02


@pytest.mark.parametrize("params", [ZeroIntelligence(), THIN])
def test_single_orders_are_the_book(params: ZeroIntelligence) -> None:
    """A book fed with the published orders has the market's own queues; each fill names the front of one."""
    market, rebuilt = Market(11, params, orders=True), OrderBook()
    hits = 0
    for rows in [market.snapshot(), *market.run(4.0)]:
        for row in rows:
            kind, order_id = int(row["ev"]) & KIND_MASK, int(row["order_id"])
            side = 1 if int(row["ev"]) & BUY else -1
            tick, qty = round(row["px"] * 100), round(row["qty"] * 100)
            if kind == ADD_ORDER:
                assert rebuilt.add(order_id, side, tick, qty).accepted
            elif kind == CANCEL_ORDER:
                assert rebuilt.cancel(order_id).accepted
            elif kind == MODIFY_ORDER:
                assert rebuilt.modify(order_id, tick, qty).accepted
            elif kind == FILL:
                best = rebuilt.best_bid if side == 1 else rebuilt.best_ask
                assert rebuilt.queue_ahead(order_id) == (0, 0)
                assert (rebuilt.order(order_id).side, rebuilt.order(order_id).tick) == (side, best)
                hits += 1
            else:
                assert kind == TRADE
    assert rebuilt.state_hash() == market.book.state_hash()
    assert hits == market.state[k.TRADES] > 10


def test_single_orders_and_levels_are_one_market() -> None:
    """The same seed: the same trades, and tapes with the same levels at the end."""
    tapes = [build_tape(make_market(5, seed=4, params=THIN, orders=orders)) for orders in (False, True)]
    np.testing.assert_array_equal(tapes[0].trades, tapes[1].trades)
    assert tapes[0].header.last_best_bid == tapes[1].header.last_best_bid
    assert tapes[0].header.last_best_ask == tapes[1].header.last_best_ask
    assert tapes[1].by_order
    assert sum(n for name, n in tapes[1].header.orders["exch"].items() if "open" not in name) == 0
