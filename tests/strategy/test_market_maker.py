"""A market maker over a recording: segments and warm-ups, nothing from the future, and honest words."""

from dataclasses import replace

import numpy as np
import pytest

from truefill.backtest.quote_replay import ReplaySettings
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import NO_BID_TICK
from truefill.quoting import FitStatus, return_quoting
from truefill.strategy.maker_calibration import CalibrationSettings, calibrate_maker, maker_rows
from truefill.strategy.maker_market import MakerMarket, maker_market
from truefill.strategy.market_maker import run_maker, sensitivity
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape

S = 1_000_000_000
FITTING = CalibrationSettings(window=10.0, every=2.0, warmup=3.0, sample_every=0.02)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    return np.concatenate(list(make_market(16, seed=5)))


def tape_of(events: np.ndarray) -> Tape:
    return build_tape(events, symbol="MADE-PERP.SYNTH", tick_size="0.01", lot_size="0.01", venue="synthetic")


@pytest.fixture(scope="module")
def market(events: np.ndarray) -> MakerMarket:
    return maker_market(tape_of(events), gap=2.0, warmup=3.0)


def trading(market: MakerMarket, **changed: object) -> ReplaySettings:
    quoting = return_quoting(
        tick_size=market.tick_size, max_inventory=10.0, gamma=50.0, horizon=60.0, maker_fee_bps=0.0
    )
    base: dict[str, object] = {
        "quoting": quoting,
        "maker_fee": 0.0,
        "cooldown": 0.5,
        "requote": 0.1,
        "notional": 100.0,
        "capital": 1e4,
    }
    return ReplaySettings(**base | changed)  # type: ignore[arg-type]


def without(events: np.ndarray, begin: float, end: float) -> np.ndarray:
    """The same with nothing in a stretch of seconds."""
    seconds = (events["local_ts"] - events["local_ts"].min()) / S
    return events[(seconds < begin) | (seconds >= end)]


def test_nothing_from_the_future_is_in_a_decision(events: np.ndarray, market: MakerMarket) -> None:
    """What happens after second 13 changes no fit and no order before it."""
    end = int(market.books.ts[0]) + 13 * S
    before = maker_market(tape_of(events[events["local_ts"] < end]), gap=2.0, warmup=3.0)
    for model in ("as", "glft"):
        long = run_maker(market, trading(market, model=model, close=False), FITTING)
        short = run_maker(before, trading(market, model=model, close=False), FITTING)
        assert len(short.replay.fills) > 1
        known = long.replay.orders["submit_ts"] < short.market.books.ts[-1]
        assert (
            long.replay.orders[known]["price_tick"].tolist()
            == short.replay.orders["price_tick"].tolist()[: int(known.sum())]
        )
        filled = long.replay.fills["exch_ts"] < short.market.books.ts[-1]
        assert long.replay.fills[filled]["price"].tolist() == short.replay.fills["price"].tolist()
        for one, other in zip(long.known.fits, short.known.fits, strict=False):
            assert one == other


def test_a_silence_ends_a_segment_and_warms_up_again(events: np.ndarray) -> None:
    market = maker_market(tape_of(without(events, 5.0, 8.0)), gap=2.0, warmup=3.0)
    assert 2 == len(market.segments)
    start = market.books.ts[0]
    second = (market.segments[1, 0] - start) / S
    assert 8.0 <= second < 8.2
    none = market.books.bid == NO_BID_TICK
    assert 1 == none.sum()  # told when the silence has lasted too long
    assert (market.books.ts[none] - start)[0] / S == pytest.approx(7.0, abs=0.1)
    known = calibrate_maker(market, FITTING)
    stamps = np.array([fit.timestamp for fit in known.fits])
    assert ((stamps - start) / S > 10.9).sum() == 3  # at the end of the warm-up: 11, 13, 15
    assert not (((stamps - start) / S > 5.1) & ((stamps - start) / S < 10.9)).any()
    run = run_maker(market, trading(market), FITTING)
    quiet = (run.replay.orders["submit_ts"] - start) / S
    assert not ((quiet > 5.0) & (quiet < 10.9)).any()
    assert len(market.cut(int(start), int(market.segments[1, 0])).segments) == 1


def test_quotes_may_be_on_a_finer_tick_and_not_on_a_coarser_one(events: np.ndarray) -> None:
    tape = tape_of(events)
    market = maker_market(tape, gap=2.0, warmup=3.0, tick_size=0.0025)
    assert market.tick_size == pytest.approx(0.0025)
    fine, plain = (calibrate_maker(m, FITTING) for m in (market, maker_market(tape, gap=2.0, warmup=3.0)))
    assert fine.mids == pytest.approx(4.0 * plain.mids)
    assert fine.fits[-1].volatility.sigma == pytest.approx(4.0 * plain.fits[-1].volatility.sigma)
    with pytest.raises(ConfigError, match="tick_size"):
        maker_market(tape, tick_size=0.02)


def test_the_words_tell_what_to_change(market: MakerMarket) -> None:
    weak = trading(market)
    weak = replace(weak, quoting=weak.quoting._replace(gamma=1e-3), requote=None)
    said = " ".join(run_maker(market, weak, FITTING).notes())
    assert "no control of the inventory; a larger risk_aversion_gamma" in said
    assert "quotes were decided at calibrations only" in said
    capped = replace(weak, quoting=weak.quoting._replace(gamma=1e6, max_spread=1e-3))
    assert "a smaller risk_aversion_gamma or inventory_horizon_seconds" in " ".join(
        run_maker(market, capped, FITTING).notes()
    )
    few = CalibrationSettings(window=10.0, every=2.0, warmup=3.0, sample_every=0.02, min_events=10**6)
    starved = run_maker(market, trading(market), few)
    assert not len(starved.replay.orders)
    assert FitStatus.FEW_EVENTS in {fit.bid.status for fit in starved.known.fits}
    assert "a longer calibration_window_seconds where there were few_events" in " ".join(starved.notes())
    late = run_maker(market, trading(market), CalibrationSettings(warmup=1000.0))
    assert "a smaller warmup_period_seconds" in " ".join(late.notes())


def test_an_inventory_that_no_aversion_gives_is_refused(market: MakerMarket) -> None:
    known = calibrate_maker(market, FITTING)
    with pytest.raises(ConfigError, match="inventory_sd"):
        maker_rows(known, trading(market, model="glft"), market.tick_size, 1e-30)


def test_latency_and_rules_are_a_table(market: MakerMarket) -> None:
    run = run_maker(market, trading(market), FITTING)
    rows = sensitivity(run, "USD", (0.0, 0.05))
    assert 6 == len(rows)
    assert {row["latency_ms"] for row in rows} == {0.0, 50.0}
    documented = next(row for row in rows if "documented" in row["rule"] and row["latency_ms"] == 0.0)
    assert documented["profit"] == run.profit
    assert documented["fills"] == len(run.replay.fills)


def test_a_tape_without_trades_is_refused(events: np.ndarray) -> None:
    books = events[(events["ev"] & np.uint64(0xFF)) != 2]
    with pytest.raises(DataError, match="taker's side"):
        maker_market(tape_of(books))
