"""Tapes that follow each other, by hand: what is refused, and what goes on across the cut."""

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from tests.differential.market import FEED_NS, LOT, START, TICK, Market, book
from truefill.backtest.asset import Asset
from truefill.backtest.bot import Bot
from truefill.backtest.chain import Chain
from truefill.backtest.price_series import best_prices
from truefill.backtest.result import collect
from truefill.backtest.run import run
from truefill.core import events as ev
from truefill.core.errors import ConfigError, TapeError
from truefill.core.records import FILLED, NEW, PARTIALLY_FILLED
from truefill.tape import Tape, build_tape

SECOND = 1_000_000_000


def tape_of(market: Market, symbol: str = "HAND.TEST", tick: float = TICK, lot: float = LOT) -> Tape:
    """A tape of a hand-made market."""
    return build_tape(market.events, symbol=symbol, tick_size=str(tick), lot_size=str(lot))


def later_market(ts: int) -> Market:
    """A market whose next row is behind a time."""
    market = Market()
    market.ts = ts
    return market


def day_after(market: Market, pause: int = 1000) -> Market:
    """A market that goes on where another ends."""
    return later_market(market.ts + FEED_NS + pause)


def two_days() -> tuple[Market, Market]:
    """A book, and a day that goes on with it and names other prices."""
    first = book().bid(99, 5).quiet(100)
    return first, day_after(first).bid(98, 7).ask(103, 4).quiet(1000)


# -- what is refused -----------------------------------------------------------------------------------------


def test_an_empty_list_and_things_that_are_no_tapes_are_refused():
    with pytest.raises(ConfigError, match="one or more tapes"):
        Asset([])
    with pytest.raises(ConfigError, match="one or more tapes"):
        Asset([3])
    with pytest.raises(ConfigError, match="a list of tapes"):
        Asset(3)
    with pytest.raises(TapeError):
        Asset(["nowhere.tape"])


def test_tapes_that_overlap_or_are_not_in_order_are_refused():
    first, second = (tape_of(day) for day in two_days())
    with pytest.raises(TapeError, match=r"tape 2 of the chain.*begins after 1970-01-01T00:00:00.00"):
        Asset([second, first])
    with pytest.raises(TapeError, match="tape 2 of the chain"):
        Asset([first, first])


def test_tapes_of_another_instrument_are_refused():
    one, two = two_days()
    first = tape_of(one)
    with pytest.raises(TapeError, match=r"the symbol HAND.TEST.*got OTHER.TEST"):
        Asset([first, tape_of(two, symbol="OTHER.TEST")])
    with pytest.raises(TapeError, match=r"the tick size 0.5.*same tick_size.*got 0.25"):
        Asset([first, tape_of(two, tick=0.25)])
    with pytest.raises(TapeError, match=r"the lot size 1 .*got 0.5"):
        Asset([first, tape_of(two, lot=0.5)])


def test_a_tape_in_which_nothing_happens_is_refused():
    one, two = two_days()
    events = two.events
    events["ev"] &= ~np.uint64(ev.LOCAL)
    unseen = build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))
    with pytest.raises(TapeError, match="events in the local's view"):
        Asset([tape_of(one), unseen])


# -- what the exchange says late -----------------------------------------------------------------------------


def test_events_that_happened_before_the_cut_and_arrived_after_it_come_right_behind_it():
    first = book().quiet(100)
    second = day_after(first).sells(100, 3).quiet(1000)
    events = second.events
    events["exch_ts"][0] = first.ts - 5  # arrived after the cut all the same
    late = build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))
    chain = Chain([tape_of(first), late])
    assert chain.tapes[1].exch.group_ts[0] == first.ts + 1
    assert chain.tapes[1].exch.stops["ts"][0] == first.ts + 1
    assert late.exch.group_ts[0] == first.ts - 5  # the tape that was given is as it was
    days = [first.events, events]
    for day in days:
        day["exch_ts"] += 20 * SECOND
        day["local_ts"] += 20 * SECOND
    events["exch_ts"][0] -= 11 * SECOND
    tapes = [build_tape(day, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT)) for day in days]
    with pytest.raises(TapeError, match="at the exchange"):
        Chain(tapes)


def test_late_events_of_a_file_leave_the_file_alone(tmp_path):
    first = book().quiet(100)
    events = day_after(first).sells(100, 3).quiet(1000).events
    events["exch_ts"][0] = first.ts - 5
    path = tmp_path / "late.tape"
    build_tape(events, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT), path=path)
    before = path.read_bytes()
    chain = Chain([tape_of(first), path])
    assert chain.tapes[1].exch.group_ts[0] == first.ts + 1
    assert path.read_bytes() == before


# -- what goes on --------------------------------------------------------------------------------------------


def test_the_book_goes_on_at_prices_that_the_next_tape_does_not_name():
    first, second = two_days()
    bot = Bot([Asset([tape_of(first), tape_of(second)])])
    bot.elapse(second.ts - START)
    depth = bot.depth(0)
    assert (depth.best_bid_tick, depth.best_ask_tick) == (100, 102)
    assert [depth.bid_qty_at_tick(tick) for tick in (98, 99, 100)] == [7.0, 5.0, 10.0]
    assert [depth.ask_qty_at_tick(tick) for tick in (102, 103)] == [10.0, 4.0]


def test_a_tape_that_begins_with_a_snapshot_knows_the_whole_book():
    first, _ = two_days()
    second = day_after(first)
    second._add(ev.DEPTH_SNAPSHOT, ev.BUY, 97, 2, 100)._add(ev.DEPTH_SNAPSHOT, ev.SELL, 98, 3, 0)
    second.quiet(1000)
    bot = Bot([Asset([tape_of(first), tape_of(second)])])
    bot.elapse(second.ts - START)
    depth = bot.depth(0)
    assert (depth.best_bid_tick, depth.best_ask_tick) == (97, 98)
    assert [depth.bid_qty_at_tick(tick) for tick in (97, 99, 100)] == [2.0, 0.0, 0.0]


def test_an_order_survives_a_tape_that_does_not_name_its_price_and_keeps_its_place():
    first = book().quiet(1000)
    second = day_after(first).bid(97, 1).quiet(1000)
    third = day_after(second).sells(100, 14).quiet(1000)
    bot = Bot([Asset([tape_of(day) for day in (first, second, third)])])
    bot.elapse(500)
    bot.submit_buy_order(0, 1, 100 * TICK, 5.0)
    bot.elapse(second.ts - START)
    order = bot.orders(0).get(1)
    assert order.status == NEW
    assert order.queue_ahead == 10.0
    bot.elapse(10_000_000)
    assert bot.orders(0).get(1).status == PARTIALLY_FILLED  # 10 were in front of it: 4 of its 5 have traded
    assert bot.position(0) == 4.0


def test_a_new_day_that_opens_beyond_an_order_fills_it():
    first = book().quiet(1000)
    second = day_after(first)
    second._add(ev.DEPTH_SNAPSHOT, ev.BUY, 90, 2, 100)._add(ev.DEPTH_SNAPSHOT, ev.SELL, 92, 30, 0)
    second.quiet(1000)
    bot = Bot([Asset([tape_of(first), tape_of(second)])])
    bot.elapse(500)
    bot.submit_buy_order(0, 1, 100 * TICK, 5.0)
    bot.elapse(10_000_000)
    assert bot.orders(0).get(1).status == FILLED
    assert bot.fills(0)[0].price == 100 * TICK


def test_trades_that_were_not_cleared_are_still_there_in_the_next_tapes():
    first = book().sells(100, 1).sells(100, 2).quiet(100)
    second = day_after(first).quiet(100)
    third = day_after(second).sells(100, 3).sells(100, 4).quiet(100)
    bot = Bot([Asset([tape_of(day) for day in (first, second, third)])])
    bot.elapse(first.ts - START)
    assert list(bot.last_trades(0).qty) == [1.0, 2.0]
    bot.elapse(third.ts - first.ts)
    assert list(bot.last_trades(0).qty) == [1.0, 2.0, 3.0, 4.0]
    assert (np.diff(bot.last_trades(0).local_ts) > 0).all()
    bot.clear_last_trades(0)
    assert len(bot.last_trades(0)) == 0
    assert bot.activity(0).trades == 4


def sum_of_trades(bot):
    """What a strategy sees of trades, by quantity, whenever it looks."""
    total = 0.0
    looks = 0.0
    while bot.elapse(40) == 0:
        looks += 1.0
        if looks % 7.0 == 0.0:
            trades = bot.last_trades(0)
            for i in range(len(trades)):
                total += trades[i].qty * looks
        if looks % 35.0 == 0.0:
            bot.clear_last_trades(0)
    return total


def trading_days(count: int) -> list[Market]:
    """Days with some trades each."""
    days: list[Market] = []
    for number in range(count):
        market = book() if not days else day_after(days[-1])
        for k in range(9):
            market.sells(100, 1 + (number * 3 + k) % 5, after=50).bid(99 - k, k + 1, after=20)
        days.append(market)
    return days


@pytest.mark.parametrize("offset", [0, 300])
def test_a_compiled_strategy_sees_the_trades_of_several_tapes(offset):
    days = trading_days(5)
    rows = np.concatenate([day.events for day in days])
    whole = build_tape(rows, symbol="HAND.TEST", tick_size=str(TICK), lot_size=str(LOT))
    results = [
        run(Bot([Asset(tape, location_offset_ns=offset)]), sum_of_trades)
        for tape in (whole, [tape_of(day) for day in days])
    ]
    assert [result.error for result in results] == [None, None]
    assert results[0].returned == results[1].returned > 0.0


# -- what is missing between tapes ---------------------------------------------------------------------------


def test_a_long_pause_without_a_snapshot_makes_the_book_suspect_until_the_next_one():
    first = book().bid(99, 5).quiet(1000)
    second = day_after(first, pause=5 * SECOND).bid(98, 7).quiet(1000)
    second._add(ev.DEPTH_SNAPSHOT, ev.BUY, 97, 2, 1000).quiet(1000)
    asset = Asset([tape_of(first), tape_of(second)])
    bot = Bot([asset])
    bot.elapse(first.ts + FEED_NS - START)
    assert not bot.depth(0).in_gap
    bot.elapse(second.ts - 2500 - first.ts)
    assert bot.depth(0).in_gap
    bot.elapse(2000)
    assert not bot.depth(0).in_gap
    gap = asset.tape.gaps[0]
    assert (gap["begin_local"], gap["end_local"]) == (first.ts + FEED_NS, second.ts - 1000 + FEED_NS)
    assert asset.tape.header.gaps == 1
    data = collect(bot).run_data()
    assert any("1 gaps" in note for note in data.meta["notes"])


def test_a_usual_pause_and_a_new_book_are_no_gaps():
    first = book().quiet(2 * SECOND)
    usual = day_after(first, pause=3 * SECOND).bid(98, 7).quiet(1000)
    cleared = day_after(first, pause=30 * SECOND).clear().bid(98, 7, after=0).quiet(1000)
    for second in (usual, cleared):
        asset = Asset([tape_of(first), tape_of(second)])
        assert len(asset.tape.gaps) == 0
        bot = Bot([asset])
        bot.elapse(second.ts - START)
        assert not bot.depth(0).in_gap


# -- around it -----------------------------------------------------------------------------------------------


def test_a_chain_tells_of_all_its_tapes(tmp_path):
    days = trading_days(3)
    for number, day in enumerate(days):
        tape_of(day).save(tmp_path / f"{number}.tape")
    asset = Asset([tmp_path / f"{number}.tape" for number in range(3)])
    header = asset.tape.header
    assert header.events == sum(len(day.rows) for day in days)
    assert (header.first_ts, header.last_ts) == (START + 100 + FEED_NS, days[-1].ts + FEED_NS)
    bot = Bot([asset])
    assert (bot.start_timestamp, bot.end_timestamp) == (START + 100, days[-1].ts + FEED_NS)
    again = pickle.loads(pickle.dumps(asset))
    assert again.tape.header == header
    assert asset.describe()["tape"] == header.content_hash
    assert repr(asset.tape) == f"<Chain HAND.TEST: 3 tapes, {header.events} events>"


def test_an_asset_has_its_tape_in_the_instance_only():
    asset = Asset([tape_of(day) for day in two_days()])
    assert isinstance(asset.tape, Chain)
    assert replace(asset, max_orders=5).tape is asset.tape
    assert not hasattr(Asset, "tape")
    with pytest.raises(FrozenInstanceError):
        asset.tape = asset.tape
    with pytest.raises(TypeError, match="'tape'"):
        Asset()


def test_a_list_of_one_is_that_tape():
    tape = tape_of(book())
    assert Asset([tape]).tape is tape


def test_assets_that_are_never_recorded_at_one_time_are_noted():
    first, second = two_days()
    apart = Bot([Asset(tape_of(first)), Asset(tape_of(second, symbol="OTHER.TEST"))])
    notes = collect(apart).run_data().meta["notes"]
    assert any("HAND.TEST" in note and "OTHER.TEST" in note and "1970-01-01" in note for note in notes)
    together = Bot([Asset(tape_of(first)), Asset([tape_of(first, symbol="OTHER.TEST")])])
    assert not any("1970" in note for note in collect(together).run_data().meta["notes"])


def test_a_tape_that_begins_by_clearing_empties_the_prices_of_the_analysis() -> None:
    """What the book was before is gone at that moment, not only when a price is told again."""
    both = ev.EXCH | ev.LOCAL
    rows = np.zeros(5, ev.EVENT)
    rows["ev"] = [
        ev.DEPTH | both | ev.BUY,
        ev.DEPTH | both | ev.SELL,
        ev.DEPTH_CLEAR | both,
        ev.DEPTH | both | ev.SELL,
        ev.DEPTH | both | ev.BUY,
    ]
    rows["exch_ts"], rows["local_ts"] = [100, 100, 200, 300, 400], [110, 110, 210, 310, 410]
    rows["px"], rows["qty"] = [99.0, 100.0, 0.0, 101.0, 100.0], 1.0
    one = build_tape(rows, symbol="X.TEST", tick_size=0.5, lot_size=1.0)
    pieces = [build_tape(part, symbol="X.TEST", tick_size=0.5, lot_size=1.0) for part in (rows[:2], rows[2:])]

    expected, found = (best_prices(Asset(market), 1000) for market in (one, pieces))
    for a, b in zip(expected, found, strict=True):
        assert str(a.tolist()) == str(b.tolist())
    assert expected[0].tolist() == [110, 210, 310, 410]
    assert np.isnan(found[1][1]) and np.isnan(found[2][1])
