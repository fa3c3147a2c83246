from itertools import pairwise

import numpy as np
import pytest

from tests.tape.order_streams import Message, as_events
from tests.tape.streams import random_events
from truefill.core.events import ADD_ORDER, CANCEL_ORDER, EXCH, LOCAL
from truefill.tape import build_tape
from truefill.tape.events import local_rows
from truefill.tape.stream import local_pieces


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pieces_are_the_local_rows_of_the_whole_tape(seed, size):
    tape = build_tape(random_events(seed, 500), symbol="X.TEST")
    pieces = list(local_pieces(tape, size))
    rows = np.concatenate(pieces)
    assert all(one["local_ts"][-1] < two["local_ts"][0] for one, two in pairwise(pieces))
    assert (rows["ev"] & np.uint64(EXCH | LOCAL) == np.uint64(EXCH | LOCAL)).all()
    rows["ev"] &= ~np.uint64(EXCH | LOCAL)
    whole = local_rows(tape).events
    for name in whole.dtype.names:
        assert np.array_equal(rows[name], whole[name], equal_nan=name in ("px", "qty", "fval")), name


def test_an_empty_view_has_no_pieces():
    rows = random_events(1, 50)
    rows["ev"] &= ~np.uint64(LOCAL)
    rows["ev"] |= np.uint64(EXCH)
    assert list(local_pieces(build_tape(rows, symbol="X.TEST"))) == []


def test_orders_are_levels():
    rows = as_events(
        [
            Message(ADD_ORDER, 1, 100, 5, 1, 1000, 1001),
            Message(ADD_ORDER, 1, 100, 3, 2, 1010, 1011),
            Message(CANCEL_ORDER, 1, 100, 0, 1, 1020, 1021),
        ],
        1,
        1,
    )
    stream = np.concatenate(list(local_pieces(build_tape(rows, symbol="X.TEST", lot_size=1))))
    assert stream["qty"].tolist() == [5, 8, 3]
