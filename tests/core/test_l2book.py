import numpy as np
import pytest

from tests.core.l2book_twin import DictBook, state_hash
from truefill.core.jit import entry
from truefill.core.l2book import (
    ASK_LEVELS,
    BID_LEVELS,
    TOP_ASK,
    TOP_BID,
    clear_asks,
    clear_bids,
    clear_side,
    first_level_from,
    new_book,
    set_level,
)

SET, CLEAR_SIDE, CLEAR_UPTO = 0, 1, 2


@entry
def apply(qty, top, what, code, lots):
    if what == SET:
        return set_level(qty, top, code, lots)
    if what == CLEAR_SIDE:
        return clear_side(qty, top, code & 1)
    if code & 1:
        return clear_asks(qty, top, code >> 1)
    return clear_bids(qty, top, code >> 1)


@entry
def find_level(level_tick, tick):
    return first_level_from(level_tick, tick)


def level(value):
    return None if value < 0 else int(value)


def book_hash(qty, top):
    bids, asks = ({int(k): int(q) for k, q in enumerate(qty[side::2]) if q} for side in (0, 1))
    assert (len(bids), len(asks)) == (top[BID_LEVELS], top[ASK_LEVELS])
    return state_hash(bids, asks, level(top[TOP_BID]), level(top[TOP_ASK]))


def play(commands, levels=16):
    """Apply commands to both books; the fast one's best levels at the end."""
    qty, top = new_book(levels)
    twin = DictBook()
    for what, code, lots in commands:
        changed = apply(qty, top, what, code, lots)
        before = (twin.bid, twin.ask)
        if what == SET:
            twin.set(not code & 1, code >> 1, lots)
        elif what == CLEAR_SIDE:
            (twin.clear_asks if code & 1 else twin.clear_bids)()
        else:
            (twin.clear_asks if code & 1 else twin.clear_bids)(code >> 1)
        if what != CLEAR_UPTO:
            assert changed == (before != (twin.bid, twin.ask))
        assert book_hash(qty, top) == twin.state_hash()
    return level(top[TOP_BID]), level(top[TOP_ASK])


def bid(at, lots):
    return (SET, 2 * at, lots)


def ask(at, lots):
    return (SET, 2 * at + 1, lots)


def test_best_prices_follow_sets_and_deletes():
    assert play([bid(3, 1), bid(5, 1), ask(7, 1), ask(9, 2)]) == (5, 7)
    assert play([bid(3, 1), bid(5, 1), ask(7, 1), ask(9, 2), bid(5, 0), ask(7, 0)]) == (3, 9)


def test_bid_at_or_above_the_ask_pushes_it_up():
    assert play([ask(5, 1), ask(6, 1), ask(8, 1), bid(6, 1)]) == (6, 8)


def test_crossed_asks_stay_in_the_book_but_do_not_come_back_by_themselves():
    crossed = [ask(5, 1), ask(8, 1), bid(6, 1)]
    assert play([*crossed, bid(6, 0)]) == (None, 8)
    assert play([*crossed, bid(6, 0), ask(5, 2)]) == (None, 5)  # the feed names it again


def test_ask_at_or_below_the_bid_pushes_it_down():
    assert play([bid(5, 1), bid(4, 1), bid(2, 1), ask(4, 1)]) == (2, 4)


def test_push_to_nothing():
    assert play([ask(5, 1), bid(9, 1)]) == (9, None)


def test_clear_reaches_the_named_level_and_scans_from_the_very_next():
    """HftBacktest skips one level here."""
    assert play([bid(3, 1), bid(4, 1), bid(5, 1), (CLEAR_UPTO, 2 * 4, 0)]) == (3, None)
    assert play([ask(3, 1), ask(4, 1), ask(5, 1), (CLEAR_UPTO, 2 * 4 + 1, 0)]) == (None, 5)


def test_clear_that_ends_short_of_the_best_does_nothing():
    assert play([bid(3, 1), (CLEAR_UPTO, 2 * 4, 0)]) == (3, None)
    assert play([ask(3, 1), (CLEAR_UPTO, 2 * 2 + 1, 0)]) == (None, 3)


def test_clear_takes_crossed_levels_too():
    assert play([bid(4, 1), bid(6, 1), ask(5, 1), (CLEAR_UPTO, 2 * 4, 0), bid(3, 1), bid(3, 0)]) == (None, 5)


def test_clear_of_a_side():
    assert play([bid(3, 1), ask(5, 1), (CLEAR_SIDE, 0, 0)]) == (None, 5)


def test_deleting_what_is_not_there_changes_nothing():
    assert play([bid(3, 0), ask(3, 0)]) == (None, None)


def test_best_price_feed_does_not_scan_the_whole_range():
    """One level a side, far apart: each delete must not walk through all empty levels."""
    qty, top = new_book(1_000_000)
    apply(qty, top, SET, 2 * 999_999, 1)
    apply(qty, top, SET, 2 * 999_999, 0)
    assert (top[TOP_BID], top[BID_LEVELS]) == (-1, 0)


@pytest.mark.parametrize("seed", range(6))
def test_equals_dictionary_twin_on_random_streams(seed):
    """Far-away prices, crossed updates, deletes, clears; equal state hashes after each."""
    random = np.random.default_rng(seed)
    levels = int(random.choice([4, 12, 60]))
    commands = []
    for _ in range(600):
        at = (
            int(random.integers(levels))
            if random.random() < 0.2
            else levels // 2 + int(random.integers(-2, 2))
        )
        what = random.choice([SET, CLEAR_SIDE, CLEAR_UPTO], p=[0.96, 0.01, 0.03])
        lots = int(random.integers(1, 9)) if random.random() < 0.6 else 0
        commands.append((int(what), 2 * at + int(random.integers(2)), lots))
    play(commands, levels)


def test_first_level_from():
    ticks = np.array([-5, 0, 10, 20])
    assert [int(find_level(ticks, t)) for t in (-9, -5, -4, 10, 11, 20, 21)] == [0, 0, 1, 2, 3, 3, 4]
    assert find_level(np.empty(0, np.int64), 3) == 0
