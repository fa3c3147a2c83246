"""Books given whole, again and again: their events lead from each to the next."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from truefill.core.errors import DataError
from truefill.core.events import BUY, DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, KIND_MASK
from truefill.vendors.books import Books
from truefill.vendors.reader import ReaderCounters

LEVELS = 4
PRICES = st.dictionaries(st.integers(1, 12), st.integers(1, 3), max_size=LEVELS)
BOOKS = st.lists(st.tuples(PRICES, PRICES), min_size=1, max_size=12)


def arrays(books):
    """Bids from the highest, asks from the lowest; the empty places anywhere, with a quantity of 0."""
    px, qty = np.zeros((2, len(books), 2, LEVELS), np.int64)
    for row, sides in enumerate(books):
        for side, levels in enumerate(sides):
            gap = row % (LEVELS - len(levels) + 1)  # a place without a level may be between two
            for place, price in enumerate(sorted(levels, reverse=side == 0)):
                px[row, side, place + gap], qty[row, side, place + gap] = price, levels[price]
    return px, qty


def made(books, blocks=1):
    """Events of books in a number of blocks, with the row of each."""
    px, qty = arrays(books)
    times = np.arange(len(books), dtype=np.int64)
    source = Books(ReaderCounters(), LEVELS, -2, -1)
    for part in np.array_split(np.arange(len(books)), blocks):
        rows, at = source.events(times[part], times[part] + 7, px[part], qty[part], str)
        assert (rows["exch_ts"] == part[at]).all() and (rows["local_ts"] == part[at] + 7).all()
        yield from zip(rows, part[at].tolist(), strict=True)


@settings(deadline=None)  # the first example compiles
@given(BOOKS, st.integers(1, 3))
def test_events_lead_from_each_book_to_the_next(books, blocks):
    """A dictionary that applies them has each book in turn, and nothing is said twice."""
    book = ({}, {})
    seen = 0
    for event, row in made(books, blocks):
        while seen < row:
            assert book == books[seen]
            seen += 1
        kind, side = int(event["ev"]) & KIND_MASK, 0 if int(event["ev"]) & BUY else 1
        if kind == DEPTH_CLEAR:
            assert row == 0 and book == ({}, {})
            continue
        assert kind == (DEPTH_SNAPSHOT if row == 0 else DEPTH)
        assert (event["px_exp"], event["qty_exp"]) == (-2, -1)
        price, quantity = int(event["px"]), int(event["qty"])
        assert book[side].get(price, 0) != quantity, "an event that changes nothing"
        if quantity:
            book[side][price] = quantity
        else:
            del book[side][price]
    assert all(later == book for later in books[seen:])


@pytest.mark.parametrize(
    ("side", "prices", "expected"),
    [
        (0, [5, 6], "bids whose prices fall, got level 1 at 6 after 5"),
        (0, [5, 5], "bids whose prices fall"),
        (1, [6, 5], "asks whose prices rise"),
    ],
)
def test_levels_out_of_order_are_refused(side, prices, expected):
    px, qty = arrays([({9: 1}, {10: 1})] * 3)
    px[2, side, : len(prices)], qty[2, side, : len(prices)] = prices, 1

    with pytest.raises(DataError, match=f"file:2.*{expected}"):
        source = Books(ReaderCounters(), LEVELS, 0, 0)
        source.events(np.arange(3), np.arange(3), px, qty, lambda row: f"file:{row}")


def test_a_new_start_is_a_snapshot_again():
    px, qty = arrays([({9: 1}, {10: 1})])
    source = Books(ReaderCounters(), LEVELS, 0, 0)
    first, _ = source.events(np.zeros(1, np.int64), np.zeros(1, np.int64), px, qty, str)
    assert not len(source.events(np.zeros(1, np.int64), np.zeros(1, np.int64), px, qty, str)[0])
    source.restart()
    again, _ = source.events(np.zeros(1, np.int64), np.zeros(1, np.int64), px, qty, str)
    assert again.tobytes() == first.tobytes()
