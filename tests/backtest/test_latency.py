"""Latency models: what they accept, what they answer, and what they mean for a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backtest.conftest import MS
from tests.backtest.strategies import quote_both_sides
from tests.twin.latency import philox as twin_philox
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
from truefill.backtest.models.latency_drawn import draw, philox
from truefill.core.errors import ConfigError
from truefill.core.events import EVENT
from truefill.core.jit import entry
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
