"""Accounts: the engine and the twin with exact fractions do the same, whatever the events and orders.

Refusals for want of money, marks, funding, interest, liquidations and what the strategy knows of all that;
with one to three assets in one wallet, of several currencies, margin rules and contracts.
"""

import math
from collections import Counter
from collections.abc import Callable

import pytest

from tests.differential.compare import first_difference, same
from tests.differential.driver import play
from tests.differential.engine import EngineBot
from tests.differential.models import EXCHANGES
from tests.differential.money import (
    counted_equity,
    engine_of,
    engine_payments,
    engine_view,
    random_money,
    twin_of,
    twin_payments,
)
from tests.support.modes import INTERPRETED, runs
from truefill.core.reasons import INSUFFICIENT_BALANCE, INSUFFICIENT_MARGIN


def arrived_until(engine: EngineBot) -> int:
    """Up to when everything has arrived here: the clock, but at the end of the data the end of the wait."""
    return max(engine.current_timestamp, int(engine._table[0]["feed_ts"]))


def check(seed: int, exchange: str, counts: Counter[str]) -> None:
    """Play one seed on both; compare what a strategy sees after each action, and all payments at the end."""
    money = random_money(seed, exchange)
    setup = money.setup
    twin, engine = twin_of(money), engine_of(money)
    scale = sum(money.balances.values())
    for number, action in enumerate(setup.script):
        where = f"seed {seed}, {exchange}, {money.kind}, step {number}"
        expected = play(twin, [action], setup.units, setup.ticks)
        actual = play(engine, [action], setup.units, setup.ticks)
        found = first_difference(expected, actual, set())
        assert found is None, f"{where}: twin != engine at {found}"
        known, seen = twin.accounts[0].view(arrived_until(engine)), engine_view(engine)
        traded = sum(actual[-1][f"state{a}"]["trading_value"] for a in range(len(setup.markets)))
        counted = counted_equity(engine, money, arrived_until(engine))
        if counted is not None:
            assert same(counted, seen["equity"], scale + traded), f"{where}: {counted} != {seen['equity']}"
            counts["counted"] += 1
        for name, value in known.items():
            assert same(value, seen[name], scale + traded), f"{where}: {name} {value} != {seen[name]}"
        reasons = [o["reason"] for a in range(len(setup.markets)) for o in actual[-1][f"orders{a}"].values()]
        counts["refused"] += sum(r in (INSUFFICIENT_BALANCE, INSUFFICIENT_MARGIN) for r in reasons)
    paid, made = twin_payments(twin), engine_payments(engine)
    assert len(paid) == len(made)
    for p, q in zip(paid, made, strict=True):
        assert p[:3] == q[:3] and p[4:] == q[4:] and same(p[3], q[3], scale), f"seed {seed}: {p} != {q}"
        counts[p[0]] += 1
    account = twin.accounts[0]
    assert engine._account_table[0]["bankrupt"] == account.bankrupt
    assert engine._account_table[0]["liquidations"] == account.liquidations
    counts[money.kind] += 1
    counts["bankrupt"] += account.bankrupt
    assert all(math.isfinite(q[3]) for q in made)


@pytest.mark.slow
@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_random_accounts(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """Codes, orders with their reasons, fills, the account as it is known here, and every payment."""
    counts: Counter[str] = Counter()
    start = 100 * sorted(EXCHANGES).index(exchange)
    for seed in range(start, start + runs(5)):
        check(seed, exchange, counts)
    record_property("proof", f"accounts against the twin ({exchange}): {dict(counts)}")


@pytest.mark.long
@pytest.mark.parametrize("exchange", sorted(EXCHANGES))
def test_many_random_accounts(exchange: str, record_property: Callable[[str, object], None]) -> None:
    """The same, 300 times each; everything that can happen to money happens, ruin more rarely."""
    counts: Counter[str] = Counter()
    for seed in range(1000, 1000 + runs(300)):
        check(seed, exchange, counts)
    record_property("proof", f"accounts against the twin ({exchange}): {dict(counts)}")
    often = ("refused", "funding", "interest", "liquidation fee", "cash", "credit", "counted")
    for names, least in ((often, 10), (("insurance", "bankrupt"), 3)):
        for name in names:
            assert INTERPRETED or counts[name] >= least, (name, counts)
