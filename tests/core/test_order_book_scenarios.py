"""Matching rules as a table that a trader can read (order_book_scenarios.txt): orders, trades, book out.

``B4 100@1251`` buys 100 at 1251 as order 4, ``S`` sells. A letter behind the number: ``i`` immediate or
cancel, ``f`` fill or kill, ``p`` post-only, ``m`` market. ``X4`` cancels, ``M4 50@1250`` sets open quantity
and price, ``R4 10`` reduces by 10. A trade ``100@1251 m1`` is with resting order 1, at its price. The book is
each order as ``id:quantity@price``, best first, bids | asks. ``rejected`` and ``gone`` count rejections and
the quantity that was cancelled or expired.

The cases are the conventions that liquibook (LB), CppTrader (CT), exchange-core (XC) and the conformance
gate of flash1-dev/matching-engine-benchmark (G) test for.
"""

import re
from pathlib import Path

import pytest

from truefill.core.order_book import OrderBook
from truefill.core.records import FOK, GTC, GTX, IOC

# exchange-core's base book
E = (
    "S2 50@81599 S3 25@81599 S1 100@81600 S10 10@200954 S8 28@201000 S9 32@201000 "
    "B4 40@81593 B5 20@81590 B6 1@81590 B7 20@81200 B11 12@10000 B12 1@10000 B13 2@9136"
)
E_BIDS = "4:40@81593 5:20@81590 6:1@81590 7:20@81200 11:12@10000 12:1@10000 13:2@9136"
E_ASKS = "2:50@81599 3:25@81599 1:100@81600 10:10@200954 8:28@201000 9:32@201000"
CT_BIDS = "B1 10@10 B2 20@20 B3 30@30"
CT_NINE = "B1 10@30 B2 20@30 B3 30@30 B4 10@20 B5 20@20 B6 30@20 B7 10@10 B8 20@10 B9 30@10"

TABLE = Path(__file__).with_name("order_book_scenarios.txt")
SCENARIOS = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]


def parse(line: str) -> tuple[str, ...]:
    """Split one line of the table, its abbreviations written out."""
    for short, long in (("{E}", E), ("{B}", E_BIDS), ("{A}", E_ASKS), ("{C}", CT_BIDS), ("{N}", CT_NINE)):
        line = line.replace(short, long)
    return tuple(" ".join(cell.split()) for cell in line.split("|"))


def play(book: OrderBook, orders: str) -> tuple[list[str], str]:
    """Send the orders of one line; returns trades and the tally of rejections and lost quantity."""
    trades: list[str] = []
    rejected = gone = 0
    words = orders.split()
    while words:
        op, number, letter = re.fullmatch(r"([BSXMR])(\d+)([ifpm]?)", words.pop(0)).groups()  # type: ignore[union-attr]
        if op == "X":
            answer = book.cancel(int(number))
        elif op == "R":
            answer = book.reduce(int(number), int(words.pop(0)))
        else:
            qty, _, price = words.pop(0).partition("@")
            side = 1 if op == "B" else -1
            if op == "M":
                answer = book.modify(int(number), int(price), int(qty))
            elif letter == "m":
                answer = book.market(int(number), side, int(qty))
            else:
                tif = {"": GTC, "i": IOC, "f": FOK, "p": GTX}[letter]
                answer = book.submit(int(number), side, int(price), int(qty), tif)
        trades += [f"{fill.qty}@{fill.tick} m{fill.maker}" for fill in answer.fills]
        rejected += not answer.accepted
        gone += answer.gone_qty
    return trades, f"rejected {rejected}" if rejected else f"gone {gone}" if gone else ""


@pytest.mark.parametrize("line", SCENARIOS, ids=lambda line: line.split("|")[0].strip())
def test_scenario(line: str) -> None:
    """Orders in, trades and book out."""
    _, orders, trades, bids, asks, tally = parse(line)
    book = OrderBook()
    got_trades, got_tally = play(book, orders)
    assert ", ".join(got_trades) == trades
    resting = {1: [], -1: []}  # type: dict[int, list[str]]
    for o in book.orders():
        resting[o.side].append(f"{o.order_id}:{o.qty}@{o.tick}")
    assert (" ".join(resting[1]), " ".join(resting[-1])) == (bids, asks)
    assert got_tally == ("" if tally == "gone 0" else tally)


@pytest.mark.slow
def test_five_thousand_makers_trade_in_order_of_arrival() -> None:
    """One order that meets 5000 others trades with each, first come first served."""
    book = OrderBook()
    for i in range(5000):
        book.submit(i, -1, tick=100, qty=1)
    answer = book.submit(9999, 1, tick=100, qty=5000, time_in_force=IOC)
    assert [fill.maker for fill in answer.fills] == list(range(5000))
    assert len(book) == 0 and answer.gone_qty == 0
