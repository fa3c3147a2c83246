from decimal import Decimal

import numpy as np
import pytest

from tests.tape.streams import random_events
from truefill.core.errors import DataError, TapeError
from truefill.core.events import (
    BUY,
    DECIMAL_EVENT,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EVENT,
    EXCH,
    GAP_BEGIN,
    GAP_END,
    LOCAL,
    MARK_PRICE,
    NO_TIME,
    SELL,
    TRADE,
    TRADING_STATUS,
)
from truefill.core.tape_records import STOP_TRADE
from truefill.tape import Tape, TapeBuilder, build_tape

BOTH = EXCH | LOCAL


def event(kind=DEPTH, side=BUY, px=100.0, qty=1.0, exch=1000, local=2000, flags=BOTH, ival=0):
    return (kind | side | flags, exch, local, px, qty, 0, ival, 0.0)


def events(*rows):
    return np.array(list(rows), EVENT)


def decimal(kind=DEPTH, side=BUY, px=(100, 0), qty=(1, 0), exch=1000, local=2000):
    return (kind | side | BOTH, exch, local, px[0], qty[0], 0, 0, 0.0, px[1], qty[1])


def decimals(*rows):
    return np.array(list(rows), DECIMAL_EVENT)


def build(rows, **options):
    return build_tape(rows, symbol="X.TEST", **options)


# Steps


def test_steps_are_the_common_divisors_of_the_data():
    tape = build(events(event(px=100.25, qty=0.03), event(px=99.5, qty=0.012), event(TRADE, px=99.75)))
    assert (tape.header.tick_size, tape.header.lot_size) == ("0.25", "0.002")


def test_unit_becomes_finer_on_the_way():
    rows = [event(px=100, qty=10), event(px=300, qty=30), event(px=100.5, qty=5), event(px=0.03, qty=0.1)]
    tape = build(events(*rows))
    assert (tape.header.tick_size, tape.header.lot_size) == ("0.01", "0.1")
    assert tape.level_tick.tolist() == [3, 10000, 10050, 30000]
    assert tape.lots("local").tolist() == [100, 300, 50, 1]


def test_mixed_spellings_of_a_decimal_are_one_number():
    rows = decimals(
        decimal(px=(8407700, -2)), decimal(px=(84077, 0)), decimal(px=(84077 * 10**9, -9), side=SELL)
    )
    tape = build(rows)
    assert (len(tape.level_tick), tape.header.tick_size) == (1, "84077")


def test_given_step_may_be_finer_than_the_data():
    tape = build(events(event(px=100.5, qty=2)), tick_size="0.001", lot_size=0.5)
    assert (tape.header.tick_size, tape.header.lot_size) == ("0.001", "0.5")
    assert (tape.level_tick.tolist(), tape.lots("exch").tolist()) == ([100500], [4])


@pytest.mark.parametrize("tick", ["0.1", 0.1, Decimal("0.10")])
def test_given_tick_that_does_not_fit_names_the_first_event(tick):
    rows = events(event(px=100.1), event(px=100.25, local=2345), event(px=100.26))
    with pytest.raises(
        TapeError, match=r"event 1 at local time 2345: expected a price on the tick 0\.10?, got 100\.25"
    ):
        build(rows, tick_size=tick)


def test_given_tick_coarser_by_a_factor_of_no_power_of_ten():
    with pytest.raises(TapeError, match=r"event 1 .*on the tick 5, got 103.0"):
        build(events(event(px=105), event(px=103)), tick_size=5)


def test_given_lot_that_does_not_fit_names_the_first_event():
    with pytest.raises(TapeError, match=r"event 0 .*on the lot 0\.2, got 0\.5"):
        build(events(event(qty=0.5)), lot_size="0.2")


@pytest.mark.parametrize("tick", ["x", "-1", 0, float("nan")])
def test_step_that_is_none(tick):
    with pytest.raises(DataError, match="tick size"):
        build(events(event()), tick_size=tick)


@pytest.mark.parametrize("block", [1, 100])
def test_numbers_too_far_apart_for_64_bits(block, monkeypatch):
    for module in ("spill", "scanner", "builder", "layout"):
        monkeypatch.setattr(f"truefill.tape.{module}.BLOCK_ROWS", block)
    for pair in ((1e15, 1e-15), (1e-15, 1e15)):
        with pytest.raises(TapeError, match=r"event [01] .*below 2\*\*62 steps"):
            build(events(*[event(px=px) for px in pair]))
        with pytest.raises(TapeError, match=r"event [01] .*below 2\*\*62 steps"):
            build(events(*[event(qty=qty) for qty in pair]))


# What events may be


def test_nothing_is_no_tape(tmp_path):
    with pytest.raises(DataError, match="at least one event"):
        build(np.empty(0, EVENT), path=tmp_path / "x.tape")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (event(px=np.nan), "a finite px, got nan"),
        (event(px=-np.inf, kind=TRADE), "a finite px, got -inf"),
        (event(qty=np.inf), "a finite qty, got inf"),
        (event(qty=-1.0), "a quantity of 0 or more, got -1.0"),
        (event(flags=0), "the flag EXCH or LOCAL"),
        (event(side=0), "one side, BUY or SELL"),
        (event(side=BUY | SELL), "one side, BUY or SELL"),
        (event(kind=0), "a kind of event from 1 to 255, got kind 0"),
        (event(flags=BOTH | 1 << 40), "32 bits"),
        (event(local=-5), "nanoseconds since 1970, got exch_ts 1000, local_ts -5"),
        (event(exch=NO_TIME), "nanoseconds since 1970"),
        (event(TRADING_STATUS, ival=1 << 40), "32 bits"),
    ],
)
def test_event_that_cannot_be_right_is_named(row, text, tmp_path):
    with pytest.raises(DataError, match=text) as error:
        build(events(event(), row), path=tmp_path / "x.tape")
    assert "event 1 at local time" in str(error.value) or "status" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [[1, 2], np.zeros(3), np.zeros((2, 2), EVENT), np.zeros(2, EVENT.descr[:3])]
)
def test_array_that_is_no_row_of_events(wrong):
    builder = TapeBuilder(None, symbol="X.TEST")
    with pytest.raises(DataError, match="array"):
        builder.append(wrong)


def test_strided_and_temporary_arrays_are_copied():
    whole = random_events(3, 200)
    builder = TapeBuilder(None, symbol="X.TEST")
    builder.append(whole[::2])
    builder.append(whole[1::2].copy())
    once = build(np.concatenate([whole[::2], whole[1::2]]))
    assert builder.finish().header == once.header


def test_both_forms_of_events_in_one_tape():
    builder = TapeBuilder(None, symbol="X.TEST")
    builder.append(events(event(px=100.5)))
    builder.append(decimals(decimal(px=(1007, -1), local=2500)))
    builder.append(events(event(px=100.25, local=3000)))
    tape = builder.finish()
    assert (tape.header.tick_size, tape.level_tick.tolist()) == ("0.05", [2005, 2010, 2014])


# Kinds of tapes


def test_rows_of_one_side_only():
    tape = build(events(event(px=1), event(px=2), event(px=2, qty=0)))
    assert (tape.header.last_best_bid, tape.header.last_best_ask) == ("1", None)


def test_rows_of_one_view_only():
    tape = build(events(event(flags=EXCH), event(TRADE, flags=EXCH)))
    assert (len(tape.local.group_ts), len(tape.exch.code)) == (0, 1)
    assert (tape.header.first_ts, tape.header.first_exch_ts) == (None, 1000)
    assert tape.exch.stops["arg"][tape.exch.stops["kind"] == STOP_TRADE].tolist() == [-1]
    assert len(build(events(event(flags=LOCAL))).exch.code) == 0


def test_custom_rows_only():
    tape = build(events(event(MARK_PRICE, px=1.5), event(250, side=0, px=np.nan, local=3000, ival=7)))
    assert (len(tape.level_tick), tape.header.tick_size, tape.header.lot_size) == (0, "1", "1")
    assert tape.custom["px"][0] == 1.5
    assert tape.custom["ival"].tolist() == [0, 7]
    assert tape.custom["local_ts"].tolist() == [2000, 3000]
    assert tape.header.counts == {"mark_price": 1, "kind_250": 1}


def test_clear_of_a_book_that_never_was():
    tape = build(events(event(DEPTH_CLEAR, side=0, px=0), event(DEPTH_CLEAR, px=1e300)))
    assert len(tape.local.stops) == 2


def test_trade_off_the_levels():
    tape = build(events(event(px=100), event(TRADE, px=100.5, side=SELL, qty=0.5)))
    stop = tape.exch.stops[-1]
    assert (stop["kind"], stop["tick"], stop["qty"], stop["side"]) == (STOP_TRADE, 201, 1, -1)
    assert tape.level_tick.tolist() == [200]


def test_quantities_too_large_for_the_column():
    tape = build(events(event(qty=3e9), event(px=101, qty=1), event(px=99, qty=2**31 - 1)))
    assert tape.lots("exch").tolist() == tape.lots("local").tolist() == [3_000_000_000, 1, 2**31 - 1]
    assert tape.overflow.tolist() == [3_000_000_000] * 2


def test_gaps_end_at_their_mark_or_at_the_next_snapshot():
    rows = [
        event(GAP_BEGIN, side=0, local=2000),
        event(GAP_BEGIN, side=0, local=2001),
        event(DEPTH_SNAPSHOT, local=3000),
        event(GAP_END, side=0, local=3001, exch=1001),
        event(GAP_BEGIN, side=0, local=4000),
        event(DEPTH_SNAPSHOT, local=5000),
        event(GAP_BEGIN, side=0, local=6000),
    ]
    gaps = build(events(*rows)).gaps
    assert gaps["begin_local"].tolist() == [2000, 4000, 6000]
    assert gaps["end_local"].tolist() == [3001, 5000, NO_TIME]
    assert gaps["end_exch"].tolist() == [1001, 1000, NO_TIME]


# Clock


def test_clock_that_is_behind_is_corrected_in_the_open():
    tape = build(events(event(exch=5000, local=2000), event(exch=6000, local=6500)), base_latency_ns=10)
    assert tape.local.group_ts.tolist() == [5010, 9510]
    assert (tape.header.clock_correction_ns, tape.header.base_latency_ns) == (3010, 10)
    assert "0.003 ms behind" in tape.header.notes[0]
    assert tape.header.first_ts == 5010


def test_clock_that_is_right_is_left_alone():
    tape = build(events(event(exch=2000, local=2000)), base_latency_ns=10)
    assert (tape.header.clock_correction_ns, tape.header.notes) == (0, [])


def test_strict_refuses_to_correct():
    with pytest.raises(DataError, match="3000 ns behind"):
        build(events(event(exch=5000, local=2000)), strict=True)


# Limits and clean-up


def test_more_rows_than_the_columns_can_count(monkeypatch):
    monkeypatch.setattr("truefill.tape.layout.MAX_ROWS", 3)
    with pytest.raises(TapeError, match=r"at most 3 events.*split the recording"):
        build(events(*[event()] * 4))
    # Each of these makes two stops at the exchange.
    with pytest.raises(TapeError, match=r"exch\.stops.*split the recording"):
        build(events(*[event(DEPTH_SNAPSHOT, px=p, exch=p, local=p) for p in (1, 2, 3)]))


def test_nothing_is_left_when_it_fails(tmp_path):
    builder = TapeBuilder(tmp_path / "x.tape", symbol="X.TEST")
    builder.append(random_events(1, 100))
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(DataError):
        builder.append(np.zeros(3))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(TapeError, match="finished or failed"):
        builder.append(random_events(1, 100))


def test_nothing_is_left_when_it_is_interrupted(tmp_path):
    def interrupt(stage, done, total):
        if stage == "index":
            raise KeyboardInterrupt

    builder = TapeBuilder(tmp_path / "x.tape", symbol="X.TEST", progress=interrupt)
    builder.append(random_events(1, 100))
    with pytest.raises(KeyboardInterrupt):
        builder.finish()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_it_is_given_up(tmp_path):
    with pytest.raises(RuntimeError), TapeBuilder(tmp_path / "x.tape", symbol="X.TEST") as builder:
        builder.append(random_events(1, 100))
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    builder = TapeBuilder(tmp_path / "y.tape", symbol="X.TEST")
    del builder
    assert list(tmp_path.iterdir()) == []


def test_old_tape_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "x.tape"
    old = build(events(event()), path=path).header.content_hash
    builder = TapeBuilder(path, symbol="X.TEST")
    builder.append(random_events(1, 100))
    assert Tape.open(path).header.content_hash == old
    builder.abort()
    assert Tape.open(path).header.content_hash == old
    assert [p.name for p in tmp_path.iterdir()] == ["x.tape"]


def test_place_that_cannot_be_written(tmp_path):
    with pytest.raises(TapeError, match="an existing folder"):
        TapeBuilder(tmp_path / "no" / "x.tape", symbol="X.TEST")
    with pytest.raises(TapeError, match="a file name"):
        TapeBuilder(tmp_path, symbol="X.TEST")


def test_progress_is_reported(tmp_path):
    seen = []
    builder = TapeBuilder(
        None, symbol="X.TEST", progress=lambda *report: seen.append(report), source=[tmp_path / "a.gz"]
    )
    builder.append(random_events(1, 100, splits=False))
    tape = builder.finish()
    assert seen[0] == ("read", 100, 0)
    assert seen[-1] == ("index", 200, 200)
    assert tape.header.source == ["a.gz"]


def test_symbol_that_no_file_can_hold():
    with pytest.raises(DataError, match="UTF-8"):
        build_tape(events(event()), symbol="\ud800")
