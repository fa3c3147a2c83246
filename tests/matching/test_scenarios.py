"""Matching rules as tables: the order-by-order book's own, and scenarios.txt beside this file.

The shorthand is that of ``tests/core/test_order_book_scenarios.py``, and besides: ``B4m 50`` is a market,
``B4m20 50`` one that trades at most 20 ticks beyond the touch; ``M4p`` amends unless that would trade;
``N4`` replaces (and loses its place in any case); ``T4 50@1250`` amends the total, what is executed
included; ``/u2`` behind a command names the account; the letters ``n``, ``o``, ``b``, ``d`` are self-trade
prevention (newest, oldest, both, decrement).

Every case also runs as one batch of messages, and in a window so narrow that most prices are outside of it.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.core.test_order_book_scenarios import SCENARIOS as BOOK_SCENARIOS, parse
from truefill.core.matching import Engine, messages
from truefill.core.matching_types import AMEND_TOTAL, CAPPED
from truefill.core.order_book_commands import (
    CANCEL,
    CANCELLED,
    EXPIRED,
    MODIFY,
    NEW,
    REDUCE,
    REJECTED,
    REPLACE,
    TRADE,
)
from truefill.core.records import FOK, GTC, GTX, IOC, MARKET

TABLE = Path(__file__).with_name("scenarios.txt")
SCENARIOS = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
COMMAND = re.compile(r"([BSXMRNT])(\d+)([ifpmnobd]?)(\d*)")
OPERATIONS = {
    "B": NEW,
    "S": NEW,
    "X": CANCEL,
    "M": MODIFY,
    "R": REDUCE,
    "N": REPLACE,
    "T": AMEND_TOTAL,
}


def commands(orders: str) -> np.ndarray:
    """The orders of one line as messages."""
    words = orders.split()
    rows = []
    while words:
        word, _, account = words.pop(0).partition("/u")
        match = COMMAND.fullmatch(word)
        assert match, word
        op, number, letter, slippage = match.groups()
        price = qty = "0"
        if op != "X":
            numbers, _, account = words.pop(0).partition("/u")
            qty, _, price = numbers.partition("@")
        rows.append(
            {
                "op": OPERATIONS[op],
                "side": -1 if op == "S" else 1,
                "order_id": int(number),
                "order_type": MARKET if letter == "m" else 0,
                "time_in_force": {"i": IOC, "f": FOK, "p": GTX}.get(letter, GTC),
                "flags": CAPPED if slippage else 0,
                "self_trade": max("-nobd".find(letter or "-"), 0),
                "price": int(slippage or price or 0),
                "qty": int(qty),
                "account": int(account or 0),
            }
        )
    return messages(len(rows), **{name: [row[name] for row in rows] for name in rows[0]})


@pytest.mark.parametrize("window", [64, 1 << 16])
@pytest.mark.parametrize("line", BOOK_SCENARIOS + SCENARIOS, ids=lambda line: line.split("|")[0].strip())
def test_scenario(line: str, window: int) -> None:
    """Orders in, trades and book out."""
    _, orders, trades, bids, asks, tally = parse(line)
    engine, one_by_one = Engine(window=window), Engine(window=window)
    sent = commands(orders)
    reports = engine.process(sent)
    for k in range(len(sent)):
        one_by_one.process(sent[k : k + 1])

    got = reports[reports["kind"] == TRADE]
    assert trades == ", ".join(f"{r['qty']}@{r['price']} m{r['maker_id']}" for r in got)
    book = engine.book()
    shown = [" ".join(f"{o['order_id']}:{o['qty']}@{o['price']}" for o in book.orders(s)) for s in (1, -1)]
    assert [bids, asks] == shown
    rejected = int((reports["kind"] == REJECTED).sum())
    gone = int(reports["qty"][np.isin(reports["kind"], (CANCELLED, EXPIRED))].sum())
    assert tally == (f"rejected {rejected}" if rejected else f"gone {gone}" if gone else "") or (
        tally == "gone 0" and not gone
    )
    assert engine.state_hash() == one_by_one.state_hash()


def test_five_thousand_makers_in_the_order_of_their_arrival() -> None:
    """G 18: no recursion, nothing skipped."""
    engine = Engine()
    engine.process(messages(5000, order_id=np.arange(1, 5001), side=-1, price=100, qty=1))

    engine.submit(9999, 1, 100, 5000, IOC)

    trades = engine.reports[engine.reports["kind"] == TRADE]
    assert np.arange(1, 5001).tolist() == trades["maker_id"].tolist()
    assert 0 == len(engine)
