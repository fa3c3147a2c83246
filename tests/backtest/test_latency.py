"""Latency models: what they accept, what they answer, and what they mean for a run."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backtest.conftest import MS
from tests.backtest.strategies import quote_both_sides
from tests.differential.market import START, TICK, book
from tests.twin.latency import philox as twin_philox
from truefill.analysis.summary import caption, to_dict
from truefill.backtest import (
    ORDER_LATENCY,
    Asset,
    Bot,
    ConstantLatency,
    DrawnLatency,
    Gamma,
    InterpolatedLatency,
    Lognormal,
    Quantiles,
    UserLatency,
    generate_order_latency,
    run,
)
from truefill.backtest.asset import least_feed_latency
from truefill.backtest.clock import _ask_python, clock_ns
from truefill.backtest.models.latency_drawn import draw, philox
from truefill.core.errors import ConfigError
from truefill.core.events import EVENT
from truefill.core.jit import entry
from truefill.core.records import (
    CANCELED,
    FILLED,
    NEW,
    NONE,
    ORDER_REQUEST_IN_PROCESS,
    PARTIALLY_FILLED,
    REPLACED,
)
from truefill.synthetic import make_market
from truefill.tape import Tape

BuildBot = Callable[..., Bot]


def recorded(*rows: tuple[int, int, int]) -> np.ndarray:
    """Recorded orders of (request, exchange, response) times."""
    return np.array([(*row, 0) for row in rows], ORDER_LATENCY)


@entry
def drawn(table, state, kind, count):
    """The first `count` latencies of a kind."""
    out = np.empty(count, np.int64)
    for n in range(count):
        out[n] = draw(table, kind, n, 0, np.uint64(state[6]), np.uint64(state[7]))
    return out


def sample(distribution: Any, seed: int = 5, count: int = 4000) -> np.ndarray:
    """The first latencies of placed orders."""
    model = DrawnLatency(distribution, 0, seed=seed)
    return drawn(model.table(), model.state(), 0, count)


def test_philox_gives_the_published_numbers() -> None:
    """The known answers of its authors' library (Random123, kat_vectors), here and in the twin."""
    ones = 0xFFFFFFFF
    known = {
        (0, 0, 0, 0, 0, 0): (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        (ones,) * 6: (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    }
    for words, expected in known.items():
        assert tuple(twin_philox(list(words[:4]), list(words[4:]))) == expected
        assert tuple(int(w) for w in philox(*(np.uint64(w) for w in words))) == expected


def test_draws_follow_their_distribution() -> None:
    """Median and tail of the lognormal, mean and spread of the gamma, quantiles of the table."""
    lognormal = sample(Lognormal(2 * MS, 0.5, minimum_ns=MS))
    assert lognormal.min() >= MS
    assert np.median(lognormal) - MS == pytest.approx(2 * MS, rel=0.05)
    assert np.quantile(lognormal, 0.9) - MS == pytest.approx(2 * MS * np.exp(0.5 * 1.2816), rel=0.06)
    for shape in (0.5, 1.0, 9.0):
        gamma = sample(Gamma(3 * MS, shape))
        assert gamma.mean() == pytest.approx(3 * MS, rel=0.08)
        assert gamma.std() == pytest.approx(3 * MS / np.sqrt(shape), rel=0.1)
    table = sample(Quantiles((0.0, 0.5, 1.0), (0, 10 * MS, 12 * MS)))
    assert np.quantile(table, 0.25) == pytest.approx(5 * MS, rel=0.06)
    assert np.quantile(table, 0.75) == pytest.approx(11 * MS, rel=0.02)
    assert (table.min() >= 0) and (table.max() <= 12 * MS)


def test_a_table_of_a_sample_gives_that_sample_back() -> None:
    """`Quantiles.of` keeps the ends and the middle of what was measured."""
    measured = np.array([4.0, 1.0, 2.0, 3.0, 5.0]) * MS
    table = Quantiles.of(measured, points=5)
    assert table == Quantiles((0.0, 0.25, 0.5, 0.75, 1.0), (MS, 2.0 * MS, 3.0 * MS, 4.0 * MS, 5.0 * MS))


def test_seeds_repeat_and_differ(make_bot: BuildBot) -> None:
    """One seed one run; another seed another run."""

    def run_hash(seed: int) -> str:
        model = DrawnLatency(Lognormal(5 * MS, 0.8), Gamma(3 * MS, 2.0), seed=seed)
        return run(make_bot(latency=model), quote_both_sides).run_hash

    assert run_hash(1) == run_hash(1)
    assert run_hash(1) != run_hash(2)


def test_a_draw_depends_on_its_kind_and_number_alone() -> None:
    """Kinds are independent; another model for cancels leaves the placements' draws alone."""
    one = DrawnLatency(Lognormal(MS, 1.0), Gamma(MS), seed=9)
    other = DrawnLatency(Lognormal(MS, 1.0), Gamma(MS), seed=9, cancel=Gamma(MS))
    for kind, equal in ((0, True), (1, True), (2, False), (3, True)):
        pair = [drawn(m.table(), m.state(), kind, 50) for m in (one, other)]
        assert bool((pair[0] == pair[1]).all()) == equal
    assert (drawn(one.table(), one.state(), 0, 50) != drawn(one.table(), one.state(), 1, 50)).all()


def times_of_first_order(make_bot: BuildBot, **models: Any) -> tuple[int, ...]:
    """(out, back) ns of an order that rests, placed a second after the start."""
    bot = make_bot(**models)
    bot.elapse(1000 * MS)
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size, wait=True)
    latency = bot.order_latency(0)
    assert latency is not None
    sent, reached, answered = latency
    return reached - sent, answered - reached


def test_constant_latency_by_kind(make_bot: BuildBot) -> None:
    """Each kind of request takes its own time, and those that are not named the common one."""
    latency = ConstantLatency(5 * MS, 3 * MS, modify_ns=7 * MS, cancel_ns=1 * MS)
    bot = make_bot(latency=latency)
    bot.elapse(1000 * MS)
    price, qty = bot.depth(0).best_bid - 5.0, bot.depth(0).lot_size
    seen = []
    for request in (
        lambda: bot.submit_buy_order(0, 1, price, qty, wait=True),
        lambda: bot.modify(0, 1, price - 1.0, qty, wait=True),
        lambda: bot.cancel(0, 1, wait=True),
    ):
        request()
        sent, reached, answered = bot.order_latency(0) or (0, 0, 0)
        seen.append((reached - sent, answered - reached))
    assert seen == [(5 * MS, 3 * MS), (7 * MS, 3 * MS), (1 * MS, 3 * MS)]


def test_a_fill_report_has_its_own_latency(make_bot: BuildBot) -> None:
    """Resting fills are known after `fill_ns`, taker's with the answer to their order."""
    bot = make_bot(latency=ConstantLatency(5 * MS, 3 * MS, fill_ns=40 * MS))
    result = run(bot, quote_both_sides)
    known = result.fills[result.fills["local_ts"] < np.iinfo(np.int64).max]
    took = known["local_ts"] - known["exch_ts"]
    assert (took[known["maker"] == 1] >= 40 * MS).all()
    assert 40 * MS in took


def test_recorded_orders_from_array_file_and_files(make_bot: BuildBot, tape: Tape, tmp_path: Path) -> None:
    """All ways to give them mean the same; the way out and back at a moment between two orders."""
    start = int(tape.local.group_ts[0])
    first, second = start, start + 2000 * MS
    rows = recorded((first, first + 4 * MS, first + 10 * MS), (second, second + 8 * MS, second + 11 * MS))
    np.savez(tmp_path / "a.npz", data=rows[:1])
    np.save(tmp_path / "b.npy", rows[1:])
    models = [InterpolatedLatency(rows), InterpolatedLatency([tmp_path / "a.npz", str(tmp_path / "b.npy")])]
    seen = {times_of_first_order(make_bot, latency=model) for model in models}
    assert len(seen) == 1
    out, back = seen.pop()
    assert 5 * MS < out < 7 * MS
    assert 3 * MS < back < 6 * MS
    moved = times_of_first_order(make_bot, latency=InterpolatedLatency(rows, 100 * MS))
    assert moved[0] == out + 100 * MS


def test_an_order_between_one_that_was_lost_is_refused(make_bot: BuildBot, tape: Tape) -> None:
    """Exchange time 0 beside the request: the refusal comes after the whole way's time."""
    start = int(tape.local.group_ts[0])
    rows = recorded((start, start + 1, start + 2), (start + 10**9, 0, start + 10**9 + 20 * MS))
    bot = make_bot(latency=InterpolatedLatency(rows))
    bot.elapse(2000 * MS)  # after the last recorded order
    sent = bot.current_timestamp
    bot.submit_buy_order(0, 1, bot.depth(0).best_bid, bot.depth(0).lot_size, wait=True)
    assert bot.current_timestamp == sent + 20 * MS
    assert bot.orders(0).get(1).status == 2  # EXPIRED
    assert bot.order_latency(0) is None  # it never was at the exchange


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: InterpolatedLatency(recorded()), "at least one recorded order"),
        (lambda: InterpolatedLatency(recorded((5, 6, 7), (4, 6, 7))), "row 1: expected orders in the order"),
        (lambda: InterpolatedLatency(recorded((5, 6, 7), (9, 8, 10))), "row 1: expected req_ts <= exch_ts"),
        (lambda: InterpolatedLatency(recorded((5, 6, 5))), "row 0: expected req_ts <= exch_ts"),
        (lambda: InterpolatedLatency(recorded((5, 0, 9))), "one order that reached the exchange"),
        (lambda: InterpolatedLatency(recorded((5, 6, 7)), -2), "row 0"),
        (lambda: InterpolatedLatency(np.zeros(3)), "one row of records"),
        (lambda: InterpolatedLatency("missing.npz"), "no such file"),
        (lambda: InterpolatedLatency(__file__), "recorded orders"),
        (lambda: Lognormal(-1.0, 1.0), "Lognormal.median_ns"),
        (lambda: Lognormal(1.0, float("nan")), "Lognormal.sigma"),
        (lambda: Gamma(1.0, 0.0), "Gamma.shape"),
        (lambda: Gamma("fast"), "Gamma.mean_ns"),  # type: ignore[arg-type]
        (lambda: Quantiles((0.0, 1.0), (5, 4)), "ascending"),
        (lambda: Quantiles((0.1, 1.0), (4, 5)), "ascend from 0 to 1"),
        (lambda: Quantiles((0.0, 1.0), (4, 5, 6)), "as many values"),
        (lambda: Quantiles.of([]), "a sample"),
        (lambda: DrawnLatency(Gamma(1.0), -1), "DrawnLatency.response"),
        (lambda: DrawnLatency(Gamma(1.0), 1.5), "DrawnLatency.response"),  # type: ignore[arg-type]
        (lambda: DrawnLatency(Gamma(1.0), 1, seed=-1), "seed"),
        (lambda: ConstantLatency(1, 1, fill_ns=-1), "ConstantLatency.fill_ns"),
        (lambda: ConstantLatency(1, 1, place_ns=0.5), "ConstantLatency.place_ns"),  # type: ignore[arg-type]
        (lambda: generate_order_latency(np.zeros(3)), "a Tape or an array of EVENT"),
        (lambda: generate_order_latency(np.zeros(3, EVENT), resampling_ns=0), "resampling_ns"),
        (lambda: generate_order_latency(np.zeros(3, EVENT), mul_entry=float("inf")), "mul_entry"),
    ],
)
def test_what_cannot_be_is_refused_at_once(make: Callable[[], Any], message: str) -> None:
    """Each with a ConfigError that says where."""
    with pytest.raises(ConfigError, match=message):
        make()


# -- another location -------------------------------------------------------------------------------------


def constant(kind: int, timestamp: int, params: np.ndarray) -> int:
    """A user's constant model."""
    return int(params[1]) if kind >= 3 else int(params[0])


@pytest.mark.parametrize(
    "latency",
    [
        ConstantLatency(5 * MS, 3 * MS),
        UserLatency(constant, (5e6, 3e6)),
        DrawnLatency(5 * MS, 3 * MS),
        InterpolatedLatency(recorded((1, 1 + 5 * MS, 1 + 8 * MS))),
    ],
    ids=lambda latency: type(latency).__name__,
)
def test_trading_from_further_away(make_bot: BuildBot, tape: Tape, latency: Any) -> None:
    """The feed, requests and answers all come later, and last trades say so too."""
    near, far = make_bot(latency=latency), make_bot(latency=latency, location_offset_ns=70 * MS)
    assert far.start_timestamp == near.start_timestamp  # the exchange's first event is the earliest
    assert far.end_timestamp == near.end_timestamp + 70 * MS
    far.elapse(1070 * MS)
    near.elapse(1000 * MS)
    assert far.depth(0).best_bid == near.depth(0).best_bid
    assert far.feed_latency(0)[1] - near.feed_latency(0)[1] == 70 * MS  # type: ignore[index]
    assert (far.last_trades(0).local_ts - near.last_trades(0).local_ts == 70 * MS).all()
    moved = times_of_first_order(make_bot, latency=latency, location_offset_ns=70 * MS)
    assert moved == (75 * MS, 73 * MS)
    assert tape.local.group_ts[0] == near.assets[0].local_group_ts[0]  # the tape is untouched


def test_nearer_than_the_recording_but_not_before_the_event(make_bot: BuildBot, tape: Tape) -> None:
    """A negative offset moves all closer; one that would show the future is refused with the limit."""
    fastest = least_feed_latency(tape)
    assert fastest > 0
    assert make_bot(latency=ConstantLatency(5 * MS, 3 * MS), location_offset_ns=-fastest).num_assets == 1
    with pytest.raises(ConfigError, match=f"location_offset_ns of -{fastest} or more"):
        make_bot(location_offset_ns=-fastest - 1)
    with pytest.raises(ConfigError, match="leaves at 0 ns or more"):
        make_bot(latency=ConstantLatency(fastest - 1, fastest), location_offset_ns=-fastest)
    with pytest.raises(ConfigError, match="leaves at 0 ns or more"):
        rows = recorded((1, 1 + fastest, fastest + 1))
        make_bot(latency=InterpolatedLatency(rows), location_offset_ns=-fastest)
    with pytest.raises(ConfigError, match="location_offset_ns"):
        Asset(tape, location_offset_ns=0.5)  # type: ignore[arg-type]


def test_a_result_is_told_in_the_time_of_the_place(make_bot: BuildBot) -> None:
    """Prices of the report stand at the moved times, and the asset says that it was moved."""
    result = run(make_bot(location_offset_ns=20 * MS), quote_both_sides)
    data = result.run_data()
    price_ts = data.assets[0].price_ts
    assert price_ts[0] == result.bot.assets[0].tape.local.group_ts[0] + 20 * MS
    assert data.meta["assets"][0]["location_offset_ns"] == 20 * MS


# -- from the feed ------------------------------------------------------------------------------------------


def test_generated_latency_follows_the_feed(tape: Tape) -> None:
    """One order a second at most; whole-number factors are exact; a tape and its events give the same."""
    events = np.concatenate(list(make_market(20, seed=3)))
    rows = generate_order_latency(events, mul_entry=2, offset_entry=MS, mul_resp=3)
    feed = (rows["exch_ts"] - rows["req_ts"] - MS) // 2
    assert ((rows["resp_ts"] - rows["exch_ts"]) == 3 * feed).all()
    assert (np.diff(rows["req_ts"] // 10**9) >= 1).all()
    assert 19 <= len(rows) <= 22
    of_tape = generate_order_latency(tape, mul_entry=2, offset_entry=MS, mul_resp=3)
    assert (rows == of_tape).all()
    assert InterpolatedLatency(rows).orders == len(rows)


# -- computing time ------------------------------------------------------


def test_computing_delays_requests_and_the_next_wake(make_bot: BuildBot) -> None:
    """A request leaves when the strategy has computed; what arrives meanwhile wakes it at once after that."""
    assets = make_bot(latency=ConstantLatency(5 * MS, 3 * MS)).assets
    bot = Bot(assets, compute_ns=2 * MS)
    start = bot.current_timestamp
    assert bot.elapse(1000 * MS) == 0
    assert bot.current_timestamp == start + 1002 * MS
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    assert bot.orders(0).get(1).local_timestamp == start + 1004 * MS
    assert bot.wait_order_response(0, 1, 1000 * MS) == 0
    assert bot.order_latency(0) == (start + 1004 * MS, start + 1009 * MS, start + 1012 * MS)
    assert bot.current_timestamp == start + 1012 * MS
    bot = Bot(assets, compute_ns=500 * MS)
    bot.elapse(0)
    assert bot.wait_next_feed(False, 1) == 2  # much has come while it computed
    assert bot.current_timestamp == start + 1000 * MS
    with pytest.raises(ConfigError, match=r"Bot\.compute_ns"):
        Bot(assets, compute_ns=-1)


def dawdle_and_buy(bot: Any) -> float:
    """Wake, compute for real, send an order, compute, and move on."""
    bot.elapse(1000 * MS)
    total = 0.0
    for i in range(200_000):
        total += np.sqrt(i)
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    for i in range(200_000):
        total += np.sqrt(i)
    bot.elapse(1000 * MS)
    bot.elapse(0)
    return total


@pytest.mark.parametrize("compiled", [True, False])
def test_measured_computing_charges_real_time(make_bot: BuildBot, compiled: bool) -> None:
    """Between wake and request, and on to the next wake; the first wait is free; the result says it all."""
    bot = Bot(make_bot().assets, compute_ns="measured")
    start = bot.start_timestamp
    began = time.perf_counter_ns()
    result = run(bot, dawdle_and_buy, compiled=compiled)
    took = time.perf_counter_ns() - began
    assert result.error is None
    woke = start + 1000 * MS
    sent = bot.orders(0).get(1).local_timestamp
    assert woke < sent < bot.current_timestamp - 1000 * MS < woke + took
    assert bot.order_latency(0)[0] == sent
    assert not result.repeats and not bot.repeats
    data = result.run_data()
    assert any("does not repeat" in note for note in data.meta["notes"])
    assert "does not repeat" in caption(data)
    assert to_dict(data)["repeats"] is False
    constant = run(make_bot(), dawdle_and_buy, compiled=compiled)
    assert constant.repeats
    assert "does not repeat" not in caption(constant.run_data())
    with pytest.raises(ConfigError, match=r"Bot\.compute_ns"):
        Bot(bot.assets, compute_ns="often")


@entry
def _clock_readings(count):
    readings = np.empty(count, np.int64)
    for i in range(count):
        readings[i] = clock_ns()
    return readings


def test_compiled_and_interpreted_clocks_agree() -> None:
    """Real time of compiled code lies between two readings by Python; it does not run backwards."""
    _clock_readings(1)
    before = clock_ns()
    readings = _clock_readings(1000)
    took = clock_ns() - before
    assert (np.diff(readings) >= 0).all()
    assert 0 <= readings[-1] - readings[0] <= took


def test_the_clock_by_python_answers_like_the_systems() -> None:
    """The stand-in for systems without clock_gettime: seconds and ns of the same clock."""
    answer = (ctypes.c_int64 * 2)()
    before = time.perf_counter_ns()
    assert _ask_python(0, ctypes.byref(answer)) == 0
    assert before <= answer[0] * 10**9 + answer[1] <= time.perf_counter_ns()
    assert 0 <= answer[1] < 10**9


# -- overtaking ----------------------------------------------------------


def two_orders(bot: Any) -> None:
    """Place an order, and cancel another one that is resting, at one time."""
    bot.elapse(1000 * MS)
    depth = bot.depth(0)
    bot.submit_buy_order(0, 1, depth.best_bid - 5.0, depth.lot_size)
    bot.elapse(100 * MS)
    bot.submit_buy_order(0, 2, depth.best_bid - 5.0, depth.lot_size)
    bot.cancel(0, 1)


@pytest.mark.parametrize("overtaking", [False, True])
def test_a_fast_cancel_waits_for_the_slow_order_before_it_or_overtakes_it(
    make_bot: BuildBot, overtaking: bool
) -> None:
    """The cancel takes 2 ms, the order sent just before it 20 ms, the answers 3 ms."""
    latency = ConstantLatency(20 * MS, 3 * MS, cancel_ns=2 * MS, overtaking=overtaking)
    bot = make_bot(latency=latency)
    two_orders(bot)
    sent = bot.current_timestamp
    assert bot.wait_order_response(0, 1, 1000 * MS) == 0
    assert bot.current_timestamp == sent + (5 if overtaking else 23) * MS
    assert bot.orders(0).get(1).status == CANCELED
    if overtaking:  # else it has come with the other
        assert bot.wait_order_response(0, 2, 1000 * MS) == 0
    assert bot.current_timestamp == sent + 23 * MS
    assert bot.orders(0).get(2).status == NEW


def slow_first_report(kind, timestamp, params):
    """Nothing takes time but reports of fills, 50 ns and before params[0] 500, and answers: params[1] ns."""
    if kind == 3:
        return int(params[1])
    if kind == 4:
        return 500 if timestamp <= params[0] else 50
    return 0


def test_fills_are_listed_as_they_arrive_and_old_news_undoes_nothing() -> None:
    """Two fills of one order, whose reports change places on the way."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).sells(101, 2).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (fill, 0.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    order = bot.orders(0).get(1)
    assert bot.current_timestamp == fill + 100 + 50
    assert (order.filled_qty, order.leaves_qty, order.exec_qty) == (5.0, 3.0, 2.0)
    assert bot.position(0) == 2.0
    assert bot.fills(0).trade_id.tolist() == [2]
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 500
    assert (order.filled_qty, order.leaves_qty, order.exec_qty) == (5.0, 3.0, 2.0)
    assert bot.position(0) == 5.0
    assert bot.state_values(0).num_trades == 2
    assert bot.fills(0).trade_id.tolist() == [2, 1]
    assert bot.fills(0).local_ts.tolist() == [fill + 150, fill + 500]


def test_an_overtaken_answer_still_ends_its_modify() -> None:
    """A fill after the modify is known before the modify's answer: the answer brings its terms, no more."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (0.0, 5000.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    bot.elapse(fill - 200 - bot.current_timestamp)
    assert bot.modify(0, 1, 101 * TICK, 6.0) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 50
    order = bot.orders(0).get(1)
    assert (order.status, order.req, order.qty, order.leaves_qty) == (PARTIALLY_FILLED, REPLACED, 6.0, 3.0)
    assert bot.cancel(0, 1) == ORDER_REQUEST_IN_PROCESS
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill - 200 + 5000
    assert (order.status, order.req, order.qty, order.leaves_qty) == (PARTIALLY_FILLED, NONE, 6.0, 3.0)
    assert order.cancellable and bot.position(0) == 3.0


def test_news_of_an_order_that_is_cleared_away_is_only_counted() -> None:
    """Filled, cleared, and its id in use again, when an older report arrives: no order changes."""
    fill = START + 10_200
    market = book().sells(101, 3, after=10_000).sells(101, 5).quiet()
    bot = market.bot(latency=UserLatency(slow_first_report, (fill, 0.0), overtaking=True))
    bot.elapse(300)
    assert bot.submit_buy_order(0, 1, 101 * TICK, 8.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.orders(0).get(1).status == FILLED and bot.position(0) == 5.0
    bot.clear_inactive_orders(0)
    assert bot.submit_buy_order(0, 1, 99 * TICK, 4.0, wait=True) == 0
    assert bot.wait_order_response(0, 1, 100_000) == 0
    assert bot.current_timestamp == fill + 500 and bot.position(0) == 8.0
    order = bot.orders(0).get(1)
    assert (order.status, order.price_tick, order.leaves_qty, order.filled_qty) == (NEW, 99, 4.0, 0.0)
    bot.cancel(0, 1, wait=True)
    bot.clear_inactive_orders(0)
    assert len(bot.orders(0)) == 0


def told_apart(**latency: Any) -> Bot:
    """A bot that bought one lot with a market's best ask, and whose position comes 100 ns after the fill."""
    model = ConstantLatency(0, 20, position_ns=100, **latency)
    bot = book().quiet().bot(latency=model)
    bot.elapse(150)
    bot.submit_buy_order(0, 1, bot.depth(0).best_ask, 1.0, wait=True)
    return bot


@pytest.mark.parametrize("overtaking", [False, True])
def test_the_position_has_messages_of_its_own(overtaking: bool) -> None:
    """Order and fills with the answer after 20 ns; position, money and totals after 100 ns."""
    bot = told_apart(overtaking=overtaking)
    state = bot.state_values(0)
    assert (bot.orders(0).get(1).status, len(bot.fills(0))) == (FILLED, 1)
    assert (bot.position(0), state.balance, state.num_trades) == (0.0, 0.0, 0)
    bot.elapse(79)
    assert bot.position(0) == 0.0
    bot.elapse(1)
    fill = bot.fills(0)[0]
    assert (bot.position(0), state.num_trades, state.trading_volume) == (1.0, 1, 1.0)
    assert state.balance == -fill.price * fill.qty == -state.trading_value


def test_a_position_report_keeps_the_run_going() -> None:
    """The end of data does not come before it."""
    bot = told_apart()
    while bot.elapse(10) == 0:
        pass
    assert bot.position(0) == 1.0


def test_who_reports_the_position() -> None:
    """Only models that were given a latency for it."""
    assert not ConstantLatency(1, 2, fill_ns=3).reports_position
    assert DrawnLatency(1, 2, position=3).reports_position
    assert DrawnLatency(1, 2, position=3).by_kind()[-2:] == [2, 3]
    assert ConstantLatency(1, 2, position_ns=3).by_kind()[-2:].tolist() == [2, 3]
    assert not UserLatency(lambda kind, timestamp, params: 0).reports_position
    with pytest.raises(ConfigError, match="position_ns"):
        ConstantLatency(1, 2, position_ns=-1)
