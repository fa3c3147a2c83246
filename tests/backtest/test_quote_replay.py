"""The documented event loop: a slow twin agrees on random markets; none of the known engine traps."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings as hypothesis_settings, strategies as st

from tests.twin.quote_replay import twin
from truefill.backtest.quote_replay import (
    Books,
    CalibrationRows,
    Executions,
    Replay,
    ReplaySettings,
    quote_replay,
)
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.records import BUY_SIDE, EXPIRED, FILLED, SELL_SIDE
from truefill.quoting import return_quoting

S = 1_000_000_000
QUOTING = return_quoting(tick_size=0.5, max_inventory=5.0, max_spread_bps=2000.0, horizon=60.0)
LOT = 0.25
NEVER = 2**61


def books(*rows: tuple[float, int, int], allowed: float = 0.0) -> Books:
    """Rows of (second, bid, ask); a bid of 0: no book."""
    ts = np.array([round(r[0] * S) for r in rows], np.int64)
    bid = np.array([r[1] or NO_BID_TICK for r in rows], np.int64)
    ask = np.array([r[2] if r[1] else NO_ASK_TICK for r in rows], np.int64)
    return Books(ts, bid, ask, np.full(len(ts), round(allowed * S), np.int64))


def trades(*rows: tuple[float, int, float, int]) -> Executions:
    """Rows of (second, side, tick, lots)."""
    return Executions(
        np.array([round(r[0] * S) for r in rows], np.int64),
        np.array([r[1] for r in rows], np.int64),
        np.array([r[2] for r in rows], np.float64),
        np.array([r[3] for r in rows], np.int64),
    )


def known(*rows: tuple[float, float], usable: bool = True) -> CalibrationRows:
    """Rows of (second, depth): linear quotes so many ticks from the mid."""
    values = np.zeros((len(rows), 7))
    values[:, 0], values[:, 1], values[:, 2] = 1e-4, 100.0, 100.0
    values[:, 3] = values[:, 4] = [r[1] for r in rows]
    ts = np.array([round(r[0] * S) for r in rows], np.int64)
    return CalibrationRows(ts, np.full(len(ts), usable), values)


def plain(**changed: Any) -> ReplaySettings:
    """Linear quotes of a unit each (4 lots), no fees, no cooldown, no closing."""
    base: dict[str, Any] = {
        "quoting": QUOTING._replace(min_spread=0.0),
        "model": "glft",
        "notional": None,
        "order_qty": 1.0,
        "capital": 1e6,
        "maker_fee": 0.0,
        "taker_fee": 0.0,
        "cooldown": 0.0,
        "close": False,
    }
    return ReplaySettings(**base | changed)


def run(b: Books, t: Executions, c: CalibrationRows, s: ReplaySettings) -> Replay:
    return quote_replay(b, t, c, s, LOT)


def prices(replay: Replay) -> list[tuple[int, float, float]]:
    return [(int(f["side"]), float(f["price"]), float(f["qty"])) for f in replay.fills]


# -- against the twin -----------------------------------------------------------------------------------


@st.composite
def markets(draw: Any) -> tuple[Books, Executions, CalibrationRows, ReplaySettings]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m, c = draw(st.integers(1, 60)), draw(st.integers(0, 120)), draw(st.integers(0, 4))
    ts = np.sort(rng.integers(0, 100, n)) * S
    bid = 200 + np.cumsum(rng.integers(-2, 3, n))
    ask = bid + rng.integers(1, 4, n)
    none = rng.random(n) < draw(st.sampled_from([0.0, 0.15]))
    allowed = np.where(rng.random(n) < 0.1, ts + 5 * S, 0)
    b = Books(ts, np.where(none, NO_BID_TICK, bid), np.where(none, NO_ASK_TICK, ask), allowed)
    when = np.sort(rng.integers(0, 105, m)) * S
    near = bid[np.clip(np.searchsorted(ts, when) - 1, 0, n - 1)]
    t = Executions(
        when,
        rng.choice([BUY_SIDE, SELL_SIDE], m),
        (near + rng.integers(-4, 7, m)).astype(np.float64),
        rng.integers(1, 6, m),
    )
    values = np.column_stack(
        [
            rng.uniform(0, 1e-2, c),
            rng.uniform(50, 500, (c, 2)),
            rng.uniform(-1, 3, (c, 2)),
            rng.uniform(0, 1, c),
            rng.uniform(-1, 1, c),
        ]
    )
    rows = CalibrationRows(np.sort(rng.integers(0, 40, c)) * S, rng.random(c) < 0.9, values.reshape(-1, 7))
    s = plain(
        model=draw(st.sampled_from(["as", "glft"])),
        fill_rule=draw(st.sampled_from(["mean", "own"])),
        convention=draw(st.sampled_from(["touch", "through"])),
        capital=draw(st.sampled_from([120.0, 1e6])),
        maker_fee=1e-4,
        taker_fee=5e-4,
        cooldown=draw(st.sampled_from([0.0, 7.0])),
        validity=draw(st.sampled_from([3.0, 60.0])),
        requote=draw(st.sampled_from([None, 0.0, 4.0])),
        latency=draw(st.sampled_from([0.0, 1.0, 2.5])),
        post_only=draw(st.booleans()),
        close=draw(st.booleans()),
        **draw(st.sampled_from([{}, {"notional": 110.0, "order_qty": None}])),
    )
    return b, t, rows, s


@given(markets())
@hypothesis_settings(max_examples=60, deadline=None)
def test_the_kernel_is_its_twin(market: tuple[Books, Executions, CalibrationRows, ReplaySettings]) -> None:
    b, t, c, s = market
    found, wanted = run(b, t, c, s), twin(b, t, c, s, LOT)
    half = Fraction(s.quoting.tick_size) / 2
    got = [
        (
            int(f["exch_ts"]),
            int(f["side"]),
            Fraction(float(f["price"])) / (2 * half),
            int(f["qty_lots"]),
            int(f["maker"]),
        )
        for f in found.fills
    ]
    assert wanted.fills == got
    assert wanted.position * LOT == found.position
    cash = s.capital + float(2 * wanted.cash) * s.quoting.tick_size / 2 * LOT - wanted.fees
    assert cash == pytest.approx(found.cash, rel=1e-12)
    assert [w[3] for w in wanted.sent] == found.orders["submit_ts"].tolist()
    assert [w[1] for w in wanted.sent] == found.orders["price_tick"].tolist()


# -- the engine traps of the pipeline's own program, one by one ---------------------------------------------

QUIET = books((0, 100, 102), (1, 100, 102), (2, 100, 102), (3, 100, 102), (10, 100, 102))


def test_no_more_is_filled_than_was_traded_and_what_is_filled_is_gone() -> None:
    """A trade of one lot does not fill a quote of four, and four more do not fill it twice."""
    sells = trades((1.5, SELL_SIDE, 99, 1), (1.6, SELL_SIDE, 99, 1), (2.5, SELL_SIDE, 99, 9))
    replay = run(QUIET, sells, known((0, 1.0)), plain(requote=100.0, fill_rule="own"))
    # 2 lots, then (decided again after the fill: four lots once more) four of the nine
    assert [(1, 50.0, 0.5), (1, 50.0, 1.0)] == prices(replay)
    none = run(QUIET, sells, known((0, 1.0)), plain(requote=None, fill_rule="own"))
    assert [(1, 50.0, 0.5), (1, 50.0, 0.5)] == prices(none)  # nothing is decided anew: what was left, once


def test_only_takers_of_the_other_side_fill_a_quote() -> None:
    """A buyer who pays our bid's price or less did not sell to us; and one trade never fills both sides."""
    buys = trades((1.5, BUY_SIDE, 98, 9))
    assert not len(run(QUIET, buys, known((0, 1.0)), plain()).fills)
    both = trades((1.5, SELL_SIDE, 98, 2), (1.5, BUY_SIDE, 104, 2))
    found = run(QUIET, both, known((0, 1.0)), plain(fill_rule="own"))
    assert [(1, 50.0, 0.5), (-1, 51.0, 0.5)] == prices(found)


def test_a_trade_of_the_books_own_time_does_not_meet_the_quote_that_was_decided_on_it() -> None:
    at_once = trades((0, SELL_SIDE, 90, 9), (0.5, SELL_SIDE, 100, 1))
    found = run(QUIET, at_once, known((0, 1.0)), plain(fill_rule="mean"))
    assert [S // 2] == found.fills["exch_ts"].tolist()
    assert [(1, 50.0, 0.25)] == prices(found)


def test_a_fill_is_answered_with_new_quotes_and_not_at_the_next_calibration() -> None:
    """With a skew of one tick a lot's quantity the bid goes down after a fill."""
    calibration = known((0, 1.0))
    calibration.values[:, 5] = 4.0  # ticks a unit
    sells = trades((0.5, SELL_SIDE, 100, 1))
    found = run(QUIET, sells, calibration, plain(requote=1000.0))
    assert [100, 102, 99, 101][:2] == found.orders["price_tick"][:2].tolist()
    assert 99 == found.orders["price_tick"][2]  # at second 1
    assert S == found.orders["submit_ts"][2]
    frozen = run(QUIET, sells, calibration, plain(requote=None))
    assert 2 == len(frozen.orders)


def test_the_documented_clocks_quote_a_tenth_of_the_time_and_an_own_clock_all_of_it() -> None:
    seconds = np.arange(0, 3601)
    b = books(*((float(s), 100, 102) for s in seconds))
    calibrations = known(*((600.0 * i, 1.0) for i in range(6)))
    for requote, share in ((None, 0.1), (1.0, 1.0)):
        counted = run(b, trades(), calibrations, plain(requote=requote, validity=60.0)).counters
        assert counted["watched_ns"] == 3600 * S
        assert counted["bid_quoted_ns"] == counted["ask_quoted_ns"]
        assert counted["bid_quoted_ns"] / counted["watched_ns"] == pytest.approx(share, abs=1e-6)


def test_nothing_is_quoted_in_a_warm_up_and_what_stood_in_a_gap_is_gone() -> None:
    """The pipeline sets quotes in a warm-up and tests fills only after it: then at prices of long ago."""
    b = books((0, 100, 102), (1, 100, 102), (2, 0, 0), (3, 100, 102), (5, 100, 102), (6, 100, 102))
    b.allowed_from[3:] = 5 * S
    sells = trades(*((s + 0.5, SELL_SIDE, 90, 1) for s in range(7)))
    found = run(b, sells, known((0, 1.0)), plain(fill_rule="own"))
    assert [S // 2, 3 * S // 2, 11 * S // 2] == found.fills["exch_ts"].tolist()
    assert not ((found.orders["submit_ts"] > 1 * S) & (found.orders["submit_ts"] < 5 * S)).any()


def test_a_quote_never_rests_through_the_book() -> None:
    """Both quotes three ticks up: the bid is held one tick under the ask; where asked for, it takes there."""
    up = known((0, 1.0))
    up.values[:, 6] = -3.0
    held = run(QUIET, trades(), up, plain(requote=None))
    assert [101, 105] == held.orders["price_tick"].tolist()
    assert held.counters["held_back"] == 1
    assert not len(held.fills)
    taken = run(QUIET, trades(), up, plain(requote=None, post_only=False, taker_fee=1e-3))
    assert [(1, 51.0, 1.0)] == prices(taken)  # at the ask, which is better than the quote
    assert [0] == taken.fills["maker"].tolist()
    assert taken.fills["fee"][0] == pytest.approx(0.051)
    inside_out = run(QUIET, trades(), known((0, -4.0)), plain(requote=None))
    assert (inside_out.orders["price_tick"][0] < inside_out.orders["price_tick"][1]).all()


def test_a_quote_that_the_book_has_overtaken_on_its_way_expires() -> None:
    moved = books((0, 100, 102), (1, 98, 99), (2, 98, 99))
    found = run(moved, trades(), known((0, 1.0)), plain(requote=None, latency=1.5))
    bid = found.orders[found.orders["side"] == 1]
    assert [EXPIRED] == bid["status"].tolist()
    assert not len(found.fills)


def test_a_book_that_goes_through_a_quote_fills_it_without_a_recorded_trade() -> None:
    moved = books((0, 100, 102), (1, 97, 99))
    found = run(moved, trades(), known((0, 1.0)), plain(requote=None, fill_rule="own"))
    assert [(1, 50.0, 1.0)] == prices(found)
    assert [FILLED] == found.orders["status"][found.orders["side"] == 1].tolist()


def test_shorts_are_limited_by_money_as_buys_are() -> None:
    """Own money of 60 holds one unit at 50, bought or sold."""
    for side, tick in ((SELL_SIDE, 90), (BUY_SIDE, 110)):
        rows = trades(*((s + 0.5, side, tick, 9) for s in range(3)))
        found = run(QUIET, rows, known((0, 1.0)), plain(capital=60.0, fill_rule="own"))
        assert -side * 1.0 == found.position
        assert found.counters["no_room"] > 0


def test_the_inventory_stays_in_its_limits() -> None:
    quoting = QUOTING._replace(min_spread=0.0, max_inventory=1.5)
    sells = trades(*((s + 0.5, SELL_SIDE, 90, 9) for s in range(3)))
    found = run(QUIET, sells, known((0, 1.0)), plain(quoting=quoting, fill_rule="own"))
    assert [1.0, 0.5] == found.fills["qty"].tolist()


def test_the_position_is_closed_across_the_spread_as_a_taker() -> None:
    """At the mid, as the pipeline does it, half a spread is given away to the result."""
    sells = trades((0.5, SELL_SIDE, 100, 4))
    found = run(QUIET, sells, known((0, 1.0)), plain(fill_rule="own", close=True, taker_fee=1e-3))
    assert [(1, 50.0, 1.0), (-1, 50.0, 1.0)] == prices(found)
    assert [1, 0] == found.fills["maker"].tolist()
    assert found.cash == pytest.approx(1e6 - 0.05)


def test_the_documented_fill_is_a_better_price_than_the_quote() -> None:
    """The mean of quote and farthest crossing: two ticks under the bid for a trade four ticks under it."""
    sells = trades((0.25, SELL_SIDE, 98, 1), (0.5, SELL_SIDE, 96, 1))
    mean = run(QUIET, sells, known((0, 1.0)), plain(fill_rule="mean"))
    own = run(QUIET, sells, known((0, 1.0)), plain(fill_rule="own"))
    assert [(1, 49.0, 0.5)] == prices(mean)
    assert [48.0] == mean.extremes.tolist()
    assert [(1, 50.0, 0.5)] == prices(own)


def test_touch_and_through_differ_at_the_quotes_own_price() -> None:
    at = trades((0.5, SELL_SIDE, 100, 1))
    assert 1 == len(run(QUIET, at, known((0, 1.0)), plain(convention="touch")).fills)
    assert 0 == len(run(QUIET, at, known((0, 1.0)), plain(convention="through")).fills)


def test_a_cooldown_keeps_one_side_out_and_the_other_in() -> None:
    rows = trades(*((s + 0.5, SELL_SIDE, 90, 1) for s in range(4)), (3.6, BUY_SIDE, 110, 1))
    found = run(QUIET, rows, known((0, 1.0)), plain(cooldown=2.0, fill_rule="own"))
    assert [(S // 2, 1), (7 * S // 2, 1), (36 * S // 10, -1)] == [
        (int(f["exch_ts"]), int(f["side"])) for f in found.fills
    ]


def test_a_bad_calibration_is_no_quote_and_is_counted() -> None:
    calibration = known((0, 1.0), usable=False)
    calibration.values[:] = np.nan
    found = run(QUIET, trades((0.5, SELL_SIDE, 90, 1)), calibration, plain())
    assert not len(found.fills) and not len(found.orders)
    assert found.counters["calibration_unusable"] > 0
    assert np.isnan(found.samples["bid"]).all()
    with pytest.raises(DataError, match="usable calibrations that are numbers"):
        run(QUIET, trades(), calibration._replace(usable=np.ones(1, bool)), plain())


def test_a_dead_market_and_no_market_at_all_end_well() -> None:
    nothing = run(books(), trades(), known(), plain())
    assert not len(nothing.fills) and nothing.cash == 1e6
    dead = run(books((0, 0, 0), (9, 0, 0)), trades((1, SELL_SIDE, 5, 1)), known((0, 1.0)), plain(close=True))
    assert not len(dead.orders) and dead.cash == 1e6


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"model": "x"}, "model"),
        ({"fill_rule": "mid"}, "fill_rule"),
        ({"convention": "queue"}, "convention"),
        ({"capital": 0.0}, "capital"),
        ({"notional": 20.0}, "notional or order_qty"),
        ({"order_qty": 0.1}, "at least a lot"),
        ({"latency": -1.0}, "latency"),
        ({"quoting": QUOTING._replace(max_inventory=0.1)}, "max_inventory"),
    ],
)
def test_settings_that_cannot_be_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run(QUIET, trades(), known((0, 1.0)), plain(**changed))


def test_data_that_cannot_be_is_refused() -> None:
    with pytest.raises(DataError, match="bids under asks"):
        run(books((0, 102, 102)), trades(), known(), plain())
    with pytest.raises(DataError, match="step back"):
        run(books((1, 100, 102), (0, 100, 102)), trades(), known(), plain())
    with pytest.raises(DataError, match="sides"):
        run(QUIET, trades((0, 0, 1, 1)), known(), plain())
    with pytest.raises(DataError, match="2\\*\\*40"):
        run(QUIET, trades((0, 1, 2.0**41, 1)), known(), plain())
