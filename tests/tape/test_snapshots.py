"""The book at the end of a tape, and a tape that begins with one."""

import random

import numpy as np
import pytest

from tests.tape.order_streams import OrderOptions, as_events, random_orders
from truefill.core import events as ev
from truefill.core.errors import DataError, TapeError
from truefill.core.events import EVENT
from truefill.synthetic import make_market
from truefill.tape import Snapshot, TapeBuilder, begin_with, build_tape, end_snapshot, read_npz

BOTH = ev.EXCH | ev.LOCAL
SYMBOL = "DEMO-PERP.SYNTH"


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    return np.concatenate(list(make_market(20, seed=3)))


def rows_of(*levels: tuple[int, float, float]) -> np.ndarray:
    """Depth rows (side, price, quantity), a microsecond apart."""
    rows = np.zeros(len(levels), EVENT)
    for number, (side, px, qty) in enumerate(levels):
        ts = 1_000 * (number + 1)
        rows[number] = (ev.DEPTH | side | BOTH, ts, ts + 100, px, qty, 0, 0, 0.0)
    return rows


def test_it_is_the_book_from_the_best_price_outward(events):
    tape = build_tape(events, symbol=SYMBOL)
    book = end_snapshot(tape)
    assert (book.symbol, book.tick_size, book.lot_size) == (SYMBOL, "0.01", "0.01")
    assert book.rows[0]["ev"] == ev.DEPTH_CLEAR | BOTH
    levels = book.rows[1:]
    bids, asks = (levels[levels["ev"] & np.uint64(side) != 0] for side in (ev.BUY, ev.SELL))
    assert len(bids) + len(asks) == len(levels) > 10
    assert float(tape.header.last_best_bid) == bids["px"][0] == bids["px"].max()
    assert float(tape.header.last_best_ask) == asks["px"][0] == asks["px"].min()
    assert (np.diff(bids["px"]) < 0).all()
    assert (np.diff(asks["px"]) > 0).all()
    again = build_tape(book.rows, symbol=SYMBOL)
    assert end_snapshot(again).rows.tobytes() == book.rows.tobytes()


def test_a_level_that_was_crossed_is_no_part_of_it():
    """HftBacktest's create_last_snapshot gives the ask of 101 and the bid of 102 both."""
    crossed = rows_of((ev.SELL, 101.0, 3.0), (ev.SELL, 103.0, 2.0), (ev.BUY, 102.0, 5.0), (ev.BUY, 99.0, 1.0))
    levels = end_snapshot(build_tape(crossed, tick_size="1", lot_size="1")).rows[1:]
    assert levels["px"].tolist() == [102.0, 99.0, 103.0]


def test_what_only_one_side_has_seen_is_its_own():
    rows = rows_of((ev.BUY, 99.0, 1.0), (ev.SELL, 101.0, 3.0), (ev.SELL, 102.0, 3.0))
    rows["ev"][2] &= ~np.uint64(ev.LOCAL)
    book = end_snapshot(build_tape(rows, tick_size="1", lot_size="1"))
    flags = (book.rows["ev"] & np.uint64(BOTH)).tolist()
    assert flags == [ev.EXCH] * 4 + [ev.LOCAL] * 3


def test_it_comes_back_from_its_file(events, tmp_path):
    book = end_snapshot(build_tape(events, symbol=SYMBOL, path=tmp_path / "day.tape"))
    book.save(tmp_path / "book.npz")
    again = Snapshot.open(tmp_path / "book.npz")
    assert (again.symbol, again.tick_size, again.lot_size) == (SYMBOL, "0.01", "0.01")
    assert again.rows.tobytes() == book.rows.tobytes()
    assert read_npz(tmp_path / "book.npz").tobytes() == book.rows.tobytes()  # HftBacktest's form
    with pytest.raises(DataError, match=r"ends in \.npz"):
        book.save(tmp_path / "book.txt")
    with pytest.raises(DataError, match="no such file"):
        Snapshot.open(tmp_path / "none.npz")


def test_a_tape_that_begins_with_it_goes_on_as_if_it_had_never_been_cut(events):
    half = len(events) - 60
    whole = build_tape(events, symbol=SYMBOL, tick_size="0.01", lot_size="0.01")
    first = build_tape(events[:half], symbol=SYMBOL, tick_size="0.01", lot_size="0.01")
    bare = build_tape(events[half:], symbol=SYMBOL, tick_size="0.01", lot_size="0.01")
    second = build_tape(events[half:], symbol=SYMBOL, initial_snapshot=end_snapshot(first))
    assert second.local.group_ts[0] == bare.local.group_ts[0]
    assert end_snapshot(second).rows[1:]["px"].tolist() == end_snapshot(whole).rows[1:]["px"].tolist()
    assert end_snapshot(second).rows[1:]["qty"].tolist() == end_snapshot(whole).rows[1:]["qty"].tolist()
    assert len(end_snapshot(bare).rows) < len(end_snapshot(second).rows)
    assert begin_with(bare, end_snapshot(first)).header.content_hash == second.header.content_hash


def test_single_orders_begin_with_the_queues_as_they_were():
    rng = random.Random(5)
    options = OrderOptions(messages=600, mid=500, faults=False, clears=0.0, crossing=0.0)
    rows = as_events(random_orders(rng, options), 0.5, 1.0)
    rows = rows[np.argsort(rows["exch_ts"], kind="stable")]
    half = len(rows) // 2
    builder = TapeBuilder(None, symbol="X.TEST", tick_size=0.5, lot_size=1.0)
    builder.append(rows[:half])
    with pytest.raises(TapeError, match="has finished"):
        builder.end_snapshot()
    builder.finish()
    book = builder.end_snapshot()
    kinds = book.rows["ev"] & np.uint64(ev.KIND_MASK)
    assert kinds[0] == ev.DEPTH_CLEAR
    assert (kinds[1:] == ev.ADD_ORDER).all()
    second = build_tape(rows[half:], symbol="X.TEST", tick_size=0.5, lot_size=1.0, initial_snapshot=book)
    whole = build_tape(rows, symbol="X.TEST", tick_size=0.5, lot_size=1.0)
    assert second.header.orders["exch"]["unknown_cancel"] == whole.header.orders["exch"]["unknown_cancel"]
    assert second.header.orders["exch"]["open_at_end"] == whole.header.orders["exch"]["open_at_end"]
    assert second.header.last_best_bid == whole.header.last_best_bid
    for refused in (lambda: end_snapshot(second), lambda: begin_with(second, book)):
        with pytest.raises(TapeError, match="one of single orders"):
            refused()


def test_a_snapshot_of_another_instrument_is_refused(events):
    book = end_snapshot(build_tape(events, symbol=SYMBOL))
    with pytest.raises(TapeError, match=r"a snapshot of OTHER\.SYNTH, got one of DEMO-PERP\.SYNTH"):
        build_tape(events, symbol="OTHER.SYNTH", initial_snapshot=book)
    with pytest.raises(TapeError, match=r"the tick size 0\.001, got 0\.01"):
        build_tape(events, symbol=SYMBOL, tick_size="0.001", initial_snapshot=book)
    with pytest.raises(TapeError, match=r"the lot size 0\.005, got 0\.01"):
        build_tape(events, symbol=SYMBOL, lot_size="0.005", initial_snapshot=book)
    for wrong in (3, "book.npz", np.zeros(2)):
        with pytest.raises(DataError):
            build_tape(events, symbol=SYMBOL, initial_snapshot=wrong)


def test_a_snapshot_of_hftbacktest_is_taken_as_it_is(events, tmp_path):
    """It names no instrument; its rows are flagged or not."""
    rows = end_snapshot(build_tape(events, symbol=SYMBOL)).rows[1:]
    rows["ev"] &= ~np.uint64(BOTH)
    np.savez(tmp_path / "theirs.npz", data=rows)
    tape = build_tape(events, symbol="ANY.SYNTH", initial_snapshot=Snapshot.open(tmp_path / "theirs.npz"))
    assert tape.header.events == len(events) + len(rows)
