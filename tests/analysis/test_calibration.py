"""A calibrated tape: what was put into a made market comes out; gaps, sweeps, statuses; the page."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.pages import Page, numbers, payload_of
from tests.support.shared import shared_data
from tests.vendors.test_mapped import LEVELS, mapping
from truefill.analysis.calibration import (
    CalibrationSettings,
    calibrate_market,
    rolling_calibration,
    side_flow,
)
from truefill.analysis.calibration_page import calibration_html, calibration_page
from truefill.analysis.market_flow import market_flow
from truefill.analysis.plots import PALETTE
from truefill.cli.calibrate_market import notes
from truefill.collect import convert
from truefill.collect.vendor_files import as_they_arrived
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import BUY, DEPTH, EVENT, EXCH, GAP_BEGIN, GAP_END, LOCAL, SELL, TRADE
from truefill.core.records import BUY_SIDE, SELL_SIDE
from truefill.quoting import FitStatus, Unit
from truefill.tape import Tape, TapeBuilder, build_tape
from truefill.vendors.mapped import read_mapped

BOTH = EXCH | LOCAL
START = 1_700_000_000_000_000_000
S = 1_000_000_000
RATE, DECAY, SIGMA = 0.9, 0.5, 0.6  # 1/s, 1/tick, tick/sqrt(s)


def made_market(
    seconds: int,
    seed: int = 1,
    *,
    gaps: tuple[tuple[int, int], ...] = (),
    still: bool = False,
    sides: int = 3,
) -> Tape:
    """A spread of one tick around a walk, a book of one level a side; orders of known intensity.

    A sweep is as many executions as it takes ticks, a microsecond apart in arrival, of one exchange time.
    """
    rng = np.random.default_rng(seed)
    steps = np.where(rng.random(seconds) < SIGMA**2, rng.choice([-1, 1], seconds), 0) * (not still)
    bid = 10_000 + np.concatenate([[0], steps[1:]]).cumsum()
    rows: list[tuple[int, int, int, float, float]] = []  # local, exch, flags, price, quantity
    for second in range(seconds):
        t = START + second * S
        if second and bid[second] != bid[second - 1]:
            rows.append((t, t, DEPTH | BUY, bid[second - 1], 0.0))
            rows.append((t, t, DEPTH | SELL, bid[second - 1] + 1, 0.0))
        if second == 0 or bid[second] != bid[second - 1] or rng.random() < 0.3:
            rows.append((t, t, DEPTH | BUY, bid[second], float(rng.integers(1, 20))))
            rows.append((t, t, DEPTH | SELL, bid[second] + 1, float(rng.integers(1, 20))))
    for flag, best, sign in ((BUY, 1, 1), (SELL, 0, -1)):
        if not sides & (1 if flag == BUY else 2):
            continue
        n = rng.poisson(RATE * math.exp(-0.5 * DECAY) * seconds)
        when = np.sort(rng.uniform(0.0, seconds - 0.001, n))
        past = np.floor(rng.exponential(1.0 / DECAY, n)).astype(int)
        for at, ticks in zip(when, past, strict=True):
            t = START + int(at * S)
            for k in range(ticks + 1):
                rows.append((t + 1000 * k, t, TRADE | flag, bid[int(at)] + best + sign * k, 1.0))
    for begin, end in gaps:
        for second, flag in ((begin, GAP_BEGIN), (end, GAP_END)):
            rows.append((START + second * S, START + second * S, flag, 0.0, 0.0))
    rows.sort(key=lambda row: row[0])
    e = np.zeros(len(rows), EVENT)
    local, exch, flags, px, qty = zip(*rows, strict=True)
    e["local_ts"], e["exch_ts"] = local, exch
    e["ev"] = np.array(flags, np.uint64) | np.uint64(BOTH)
    e["px"], e["qty"] = np.array(px) * 0.5, qty
    return build_tape(e, symbol="MADE.TEST", tick_size="0.5", lot_size="1")


@pytest.fixture(scope="module")
def market() -> Tape:
    return made_market(1800, 2)


def test_what_was_put_in_comes_out(market: Tape) -> None:
    """Intensity of both sides, volatility, orders out of sweeps; intervals around the truth."""
    found = calibrate_market(market, CalibrationSettings(window=600.0, sample_every=1.0))
    for side in (found.bid, found.ask):
        assert side.fit.status is FitStatus.OK
        assert side.fit.rate_band[0] < RATE < side.fit.rate_band[1]
        assert side.fit.decay_band[0] < DECAY < side.fit.decay_band[1]
        assert side.rate_blocks[0] < side.fit.rate < side.rate_blocks[1]
        assert side.arrivals > 0.01 and side.clusters.status is FitStatus.BOUNDARY
        assert side.gaps.mean() == pytest.approx(1.0, abs=0.1)
        assert side.histogram.seen.sum() >= 0.98 * side.fit.events
        assert side.histogram.expected.sum() == pytest.approx(side.fit.events, rel=0.05)
        assert side.queue.events > 200
    executions = len(found.market.trade_times)
    orders = len(found.bid.flow.times) + len(found.ask.flow.times)
    assert orders < 0.6 * executions
    assert found.volatility[0].sigma == pytest.approx(SIGMA, rel=0.15)
    assert found.volatility[0].method == "two_scale" and len(found.volatility) == 7
    assert len(found.rolling) == 12 and {row.bid.status for row in found.rolling} == {FitStatus.OK}
    assert found.market.covered == pytest.approx(found.market.seconds)


def test_rolling_sees_nothing_from_later(market: Tape) -> None:
    """What comes after a time changes no fit before it; and the last fit is that of a shorter recording."""
    settings = CalibrationSettings(window=300.0, step=60.0, sample_every=1.0)
    whole = market_flow(market)
    fits = rolling_calibration(whole, settings.of(whole.seconds))
    cut = START + 900 * S + 500  # in the middle of everything
    from truefill.tape import cut as cut_tape

    part = market_flow(cut_tape(market, START, cut))
    shorter = rolling_calibration(part, settings.of(part.seconds))

    assert len(shorter) >= 10
    assert fits[: len(shorter)] == shorter


def test_gaps_do_not_count() -> None:
    """No exposure, no orders and no volatility in a gap, and the jump over it is none."""
    whole = made_market(1200, 3)
    gapped = market_flow(made_market(1200, 3, gaps=((300, 700),)))
    flow = side_flow(gapped, BUY_SIDE)
    distances, seconds = flow.exposure()

    assert gapped.gaps.tolist() == [[START + 300 * S, START + 700 * S]]
    assert gapped.covered == pytest.approx(market_flow(whole).seconds - 400.0, abs=1e-6)
    assert seconds.sum() == pytest.approx(gapped.covered, abs=1e-6) and set(distances) == {0.5}
    inside = (flow.times >= START + 300 * S) & (flow.times < START + 700 * S)
    assert not inside.any() and len(flow.times) > 300


def test_statuses_instead_of_numbers() -> None:
    """A mid that never moves, a side that nobody takes, few orders, a wrong side."""
    still = calibrate_market(made_market(400, 5, still=True), CalibrationSettings(window=100.0))
    assert still.volatility[0].status is FitStatus.BOUNDARY and still.volatility[0].sigma == 0.0
    one = calibrate_market(made_market(400, 5, sides=1), CalibrationSettings(window=100.0))
    assert one.bid.fit.status is FitStatus.FEW_EVENTS and one.bid.fit.events == 0
    assert one.ask.fit.status is FitStatus.OK
    assert one.bid.clusters.status is FitStatus.FEW_EVENTS and one.bid.queue.status is not FitStatus.OK
    page = calibration_html(one)
    assert "NaN" not in json.dumps(payload_of(page))
    few = calibrate_market(made_market(60, 5), CalibrationSettings(window=20.0, min_events=500))
    assert few.ask.fit.status is FitStatus.FEW_EVENTS and few.ask.fit.rate > 0


def test_settings_that_do_not_fit(market: Tape) -> None:
    for settings, says in (
        ({"window": 1e9}, "a window within the recording"),
        ({"window": 50.0, "sample_every": 1.0}, "at least 100 points"),
        ({"window": 600.0, "step": 1e-3}, "at most 100,000 fits"),
        ({"intensity": "best"}, "lattice, waiting_times, regression"),
        ({"volatility": "true"}, "two_scale"),
        ({"horizon": -1.0}, "horizon"),
        ({"min_events": 1}, "2 or more orders"),
    ):
        with pytest.raises(ConfigError, match=says):
            CalibrationSettings(**settings).of(market_flow(market).seconds)  # type: ignore[arg-type]
    e = np.zeros(1, EVENT)
    e["ev"], e["px"], e["qty"] = DEPTH | BUY | EXCH, 1.0, 1.0  # nothing ever arrived here
    e["local_ts"] = e["exch_ts"] = START
    with pytest.raises(DataError, match="a tape with books and trades"):
        market_flow(build_tape(e, symbol="X.TEST", tick_size="1", lot_size="1"))


def test_other_estimators_and_trades_without_a_side(market: Tape) -> None:
    """The named ones come first and roll; trades without a taker are counted and left out."""
    settings = CalibrationSettings(window=600.0, step=300.0, intensity="waiting_times", volatility="ewma")
    found = calibrate_market(market, settings)
    assert found.bid.fit.method == "waiting_times" == found.rolling[0].bid.method
    assert found.volatility[0].method == "ewma" == found.rolling[0].volatility.method
    assert {fit.method for fit in found.bid.others} == {"lattice", "regression"}

    e = np.zeros(4, EVENT)
    e["ev"] = np.array([DEPTH | BUY, DEPTH | SELL, TRADE, TRADE | SELL], np.uint64) | np.uint64(BOTH)
    e["px"], e["qty"] = [1.0, 2.0, 2.0, 1.0], 1.0
    e["local_ts"] = e["exch_ts"] = START + np.arange(4)
    flow = market_flow(build_tape(e, symbol="X.TEST", tick_size="1", lot_size="1"))
    assert (1, [SELL_SIDE]) == (flow.sideless, flow.trade_sides.tolist())


def test_the_page_shows_the_numbers_and_loads_nothing(market: Tape, tmp_path: Path) -> None:
    found = calibrate_market(market, CalibrationSettings(window=600.0))
    text = calibration_html(found, unit=Unit.PRICE, facts=[("from", "<here>")], notes=["look & see"])
    page = Page(text)
    words = " ".join(page.words)
    charts = {chart["id"]: chart for chart in payload_of(text)["charts"]}

    assert page.open == page.loads == []
    assert "MADE.TEST" in words and "<here>" in words and "look & see" in words
    assert {"kappa", "rate", "sigma", "depths", "qq", "signature", "queue-bid", "queue-ask"} <= set(charts)
    assert {f"chart-{key}" for key in charts} <= set(page.ids)
    assert set(re.findall(r'"\$([a-z0-9]+)[/"]', json.dumps(charts))) <= set(PALETTE)
    lines = {trace.get("name"): trace for trace in charts["kappa"]["data"]}
    assert numbers(lines["Bid"]["y"]) == pytest.approx([row.bid.decay / 0.5 for row in found.rolling])
    assert calibration_page(found, tmp_path / "page.html").read_text().startswith("<!")


@pytest.mark.needs_shared
@pytest.mark.slow
def test_real_recordings(tmp_path: Path, record_property) -> None:  # type: ignore[no-untyped-def]
    """A liquid future and a thin coin: numbers in their range, and a status."""
    for files, venue, symbol, rate, sigma in (
        (("raw/binance_usdm/btcusdt_20240808.gz",), "binance-usdm", "BTCUSDT", (4.0, 16.0), (30.0, 120.0)),
        (
            ("raw/binance_spot/nexousdt_20240723.dat.gz",),
            "binance-spot",
            "NEXOUSDT",
            (0.01, 1.0),
            (0.05, 0.8),
        ),
    ):
        tape = tmp_path / f"{symbol}.tape"
        convert([shared_data(name) for name in files], venue=venue, symbol=symbol, out=tape)
        found = calibrate_market(Tape.open(tape))
        for side in (found.bid, found.ask):
            assert side.fit.status in (FitStatus.OK, FitStatus.POOR_FIT, FitStatus.FEW_EVENTS)
            assert rate[0] < side.fit.rate < rate[1]
        assert sigma[0] < found.volatility[0].sigma < sigma[1]
        # sweeps arrive as many messages: taken one by one they were four times as many orders
        assert len(found.bid.flow.times) + len(found.ask.flow.times) <= len(found.market.trade_times)
        record_property("proof", f"{symbol}: A {found.bid.fit.rate:.3g}/{found.ask.fit.rate:.3g}")


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.compiled_only  # half a million rows
def test_standx_whole_books_and_trades(tmp_path: Path, record_property) -> None:  # type: ignore[no-untyped-def]
    """An hour of StandX: books that are locked at times, trades late, in bursts, and of one side only."""
    times = {"exchange_time": "timestamp", "local_time": "received_at"}
    sides = {f"{s}_{what}": f"{s}_{what.replace('quantity', 'quantitie')}s" for s, what in LEVELS}
    book = mapping(tmp_path, kind="book", instrument="symbol", **times, **sides).rename(tmp_path / "b.toml")
    keys = {"side": "side", "price": "price", "quantity": "quantity"}
    trade = mapping(tmp_path, kind="trade", **times, **keys)
    hour = "BTC-USD_2026-01-06_14.parquet"
    readers = [
        read_mapped(shared_data(f"snapshots/standx/{name}_{hour}"), mapping=file)
        for name, file in (("orderbook", book), ("trades", trade))
    ]
    with TapeBuilder(tmp_path / "standx.tape", symbol="BTCUSD-PERP.STANDX") as builder:
        for rows in as_they_arrived(readers):
            builder.append(rows)
        tape = builder.finish()
    found = calibrate_market(tape, CalibrationSettings(window=1800.0))

    assert 0.5 * found.market.seconds < found.market.covered <= found.market.seconds
    assert len(found.rolling) >= 5
    # The recorder wrote SELL into every row: one side has everything, the other nothing, and no number.
    assert found.bid.fit.status in (FitStatus.OK, FitStatus.POOR_FIT) and found.bid.fit.events > 1000
    assert found.ask.fit.status is FitStatus.FEW_EVENTS and found.ask.fit.events == 0
    assert any("does the recording tell the taker's side" in text for text in notes(found))
    assert found.volatility[0].status is FitStatus.OK
    assert 2e-6 < found.volatility[0].sigma * tape.tick_size / found.market.mean_mid < 2e-4
    page = payload_of(calibration_html(found, unit=Unit.RETURN))
    assert {"kappa", "depths", "qq", "signature"} <= {chart["id"] for chart in page["charts"]}
    record_property("proof", f"StandX: A {found.bid.fit.rate:.3g} a second")


@pytest.mark.needs_shared
def test_extended_fixtures_are_too_few_and_say_so(tmp_path: Path) -> None:
    """A snapshot, a change and fifty trades of before: statuses, no numbers made up."""
    names = ("ws_orderbook_snapshot_btc_top50", "ws_orderbook_delta_btc", "ws_trades_replay_btc")
    lines = [
        b"%d %s" % (1_790_425_500_000_000_000 + 50_000_000 * k, json.dumps(json.loads(text)).encode())
        for k, text in enumerate(shared_data(f"extended/{name}.json").read_bytes() for name in names)
    ]
    (tmp_path / "extended.log").write_bytes(b"\n".join(lines) + b"\n")
    out = tmp_path / "extended.tape"
    convert(tmp_path / "extended.log", venue="extended", symbol="BTC-USD", out=out)
    with pytest.raises(ConfigError, match="window"):
        calibrate_market(Tape.open(out))
