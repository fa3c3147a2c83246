"""Auction prices: the rules one by one, and against going through every price."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from truefill.core.auction import NO_PRICE, find_auction_price

Levels = dict[int, int]  # lots by tick


def price(
    bids: Levels, asks: Levels, reference: int = NO_PRICE, buy: int = 0, sell: int = 0
) -> tuple[int, int, int]:
    def arrays(levels: Levels, sign: int) -> tuple[np.ndarray, np.ndarray]:
        ticks = sorted(levels, key=lambda tick: sign * tick)
        return np.array(ticks, np.int64), np.array([levels[tick] for tick in ticks], np.int64)

    found = find_auction_price(*arrays(bids, -1), *arrays(asks, 1), buy, sell, reference)
    return int(found[0]), int(found[1]), int(found[2])


def price_of_twin(
    bids: Levels, asks: Levels, reference: int = NO_PRICE, buy: int = 0, sell: int = 0
) -> tuple[int, int, int]:
    """Each limit looked at alone; the rules in the order of the page."""

    def at(tick: int) -> tuple[int, int]:
        demand = buy + sum(lots for limit, lots in bids.items() if limit >= tick)
        supply = sell + sum(lots for limit, lots in asks.items() if limit <= tick)
        return min(demand, supply), demand - supply

    limits = sorted({*bids, *asks})
    most = max((at(limit)[0] for limit in limits), default=0)
    if most == 0:
        matched = min(buy, sell)
        return (reference, matched, buy - sell) if matched and reference != NO_PRICE else (NO_PRICE, 0, 0)
    limits = [limit for limit in limits if at(limit)[0] == most]
    least = min(abs(at(limit)[1]) for limit in limits)
    limits = [limit for limit in limits if abs(at(limit)[1]) == least]
    surpluses = [at(limit)[1] for limit in limits]
    if all(surplus > 0 for surplus in surpluses):
        chosen = limits[-1]
    elif all(surplus < 0 for surplus in surpluses) or reference == NO_PRICE:
        chosen = limits[0]
    else:
        chosen = min(max(reference, limits[0]), limits[-1])
    return chosen, most, at(chosen)[1]


@pytest.mark.parametrize(
    ("what", "bids", "asks", "reference", "expected"),
    [
        ("one limit trades most", {202: 200, 201: 200, 200: 300}, {198: 200, 200: 500}, 180, (200, 700, 0)),
        ("the smaller surplus", {105: 100, 103: 50}, {100: 100, 104: 20}, 90, (104, 100, -20)),
        ("buyers are left over: the highest", {105: 10}, {100: 5}, 90, (105, 5, 5)),
        ("sellers are left over: the lowest", {105: 5}, {100: 10}, 120, (100, 5, -5)),
        ("nobody is: the reference between", {105: 10}, {100: 10}, 102, (102, 10, 0)),
        ("nobody is: not below the lowest", {105: 10}, {100: 10}, 90, (100, 10, 0)),
        ("nobody is: not above the highest", {105: 10}, {100: 10}, 110, (105, 10, 0)),
        ("both are: the reference between", {105: 20, 101: 10}, {100: 20, 104: 10}, 103, (103, 20, 0)),
        ("the book is not crossed", {99: 10}, {100: 10}, 100, (NO_PRICE, 0, 0)),
        ("one side is empty", {99: 10}, {}, 100, (NO_PRICE, 0, 0)),
    ],
)
def test_rules(what: str, bids: Levels, asks: Levels, reference: int, expected: tuple[int, int, int]) -> None:
    assert price(bids, asks, reference) == price_of_twin(bids, asks, reference), what
    assert price(bids, asks, reference) == expected, what


def test_market_orders_trade_at_any_price() -> None:
    assert price({}, {}, 100, buy=30, sell=20) == (100, 20, 10)
    assert price({}, {}, NO_PRICE, buy=30, sell=20) == (NO_PRICE, 0, 0)
    assert price({}, {104: 10}, 100, buy=30) == (104, 10, 20)
    assert price({98: 10}, {104: 10}, 100, buy=30, sell=30) == (100, 30, 0)
    assert price({98: 10}, {104: 10}, 100, buy=5, sell=20) == (98, 15, -5)


LEVELS = st.dictionaries(st.integers(90, 110), st.integers(1, 4), max_size=7)


@settings(max_examples=300, deadline=None)
@given(LEVELS, LEVELS, st.integers(85, 115) | st.just(NO_PRICE), st.integers(0, 5), st.integers(0, 5))
def test_every_book_has_the_price_of_the_twin(
    bids: Levels, asks: Levels, reference: int, buy: int, sell: int
) -> None:
    assert price(bids, asks, reference, buy, sell) == price_of_twin(bids, asks, reference, buy, sell)
