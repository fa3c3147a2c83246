"""Accounts in a run: both faces alike, hashes, what is refused, what costs nothing, errors that help."""

from typing import Any

import numpy as np
import pytest

from truefill import run
from truefill.backtest import (
    Account,
    Asset,
    Bot,
    ConstantLatency,
    CrossMargin,
    FundingSchedule,
    InverseContract,
    IsolatedMargin,
    LinearContract,
    Spot,
    TradingValueFees,
)
from truefill.backtest.engine import RARE_ENTRIES
from truefill.core.errors import BotError, ConfigError
from truefill.core.records import FIRST_LIQUIDATION_ID, FUNDING_PAYMENT, LIQUIDATION_FEE
from truefill.tape import Tape

MS = 1_000_000
RULES = CrossMargin(20, tiers=[(0, 0.004)], liquidation_fee=0.01)


def make(tape: Tape, wallet: Any = None, **about: Any) -> Bot:
    """A bot on the small market, its asset in USDT."""
    models: dict[str, Any] = {
        "latency": ConstantLatency(5 * MS, 3 * MS),
        "fees": TradingValueFees(-0.0001, 0.0005),
        "contract": LinearContract(currency="USDT"),
        **about,
    }
    return Bot([Asset(tape, **models)], accounts=wallet)


def crash(tape: Tape) -> tuple[np.ndarray, np.ndarray]:
    """A mark price that halves in the middle of the market."""
    ts = tape.section("exch.group_ts")
    return np.array([ts[0], ts[len(ts) // 2]]), np.array([100.0, 50.0])


def buy_more_and_more(bot: Bot) -> float:
    """Buys until nobody lends any more, and looks at the account each time."""
    number = 0
    seen = 0.0
    while bot.elapse(200_000_000) == 0:
        number += 1
        bot.submit_buy_order(0, number, bot.depth(0).best_ask, 2.0)
        state = bot.account(0)
        seen += state.equity + state.available + bot.account_balance(0, 0)
    return seen


@pytest.mark.parametrize("compiled", [True, False])
def test_both_faces_see_the_same(tape: Tape, compiled: bool) -> None:
    """Fills, payments, refusals and the account; the hash covers payments."""
    account = Account({"USDT": 100.0}, margin=RULES)
    about = {"funding": FundingSchedule(1_000_000_000, 0.001), "mark": crash(tape)}
    first = run(make(tape, account, **about), buy_more_and_more, compiled=compiled)
    again = run(make(tape, account, **about), buy_more_and_more, compiled=not compiled)

    assert first.error is None and first.returned == again.returned
    assert first.run_hash == again.run_hash
    assert first.counters[0]["rejects"] > 3
    assert {FUNDING_PAYMENT, LIQUIDATION_FEE} <= set(first.payments["kind"].tolist())
    unpaid = run(make(tape, account, mark=crash(tape)), buy_more_and_more, compiled=compiled)
    assert unpaid.run_hash != first.run_hash


def test_a_liquidation_is_told_apart_and_reported(tape: Tape) -> None:
    """Its executions have the venue's ids; the strategy hears of them as of an order's."""
    bot = make(tape, Account({"USDT": 100.0}, margin=RULES), mark=crash(tape))
    result = run(bot, buy_more_and_more, compiled=False)

    forced = result.fills[result.fills["order_id"] >= np.uint64(FIRST_LIQUIDATION_ID)]
    assert len(forced) >= 1 and (forced["side"] == -1).all() and (forced["maker"] == 0).all()
    assert bot.position(0) < result.fills[result.fills["side"] == 1]["qty"].sum()
    assert result.accounts[0]["liquidations"] == 1 and result.accounts[0]["bankrupt"] == 0


@pytest.mark.parametrize("insured", [False, True])
def test_bankruptcy_is_never_silent(tape: Tape, insured: bool) -> None:
    """A fee beyond all money: equity stays below 0, or the insurance pays and says so; both are marked."""
    rules = CrossMargin(20, tiers=[(0, 0.004)], liquidation_fee=0.5)
    account = Account({"USDT": 100.0}, margin=rules, insurance=insured)
    result = run(make(tape, account, mark=crash(tape)), buy_more_and_more, compiled=False)

    state = result.accounts[0]
    assert state["bankrupt"] == 1 and state["liquidation_fees"] < -100.0
    if insured:
        assert state["insurance"] > 0.0 and state["equity"] == pytest.approx(0.0, abs=1e-9)
    else:
        assert state["insurance"] == 0.0 and state["equity"] < 0.0


def test_equity_is_cash_and_positions(tape: Tape) -> None:
    """After every step: equity = cash + unrealized = deposits + balance + worth - fee + payments."""
    account = Account({"USDT": 1_000.0}, margin=RULES)
    bot = make(tape, account, mark="mid", funding=FundingSchedule(500_000_000, 0.0003))
    number = 0
    while bot.elapse(150_000_000) == 0:
        number += 1
        depth = bot.depth(0)
        side = bot.submit_buy_order if number % 7 < 4 else bot.submit_sell_order
        side(0, number, depth.best_ask if number % 7 < 4 else depth.best_bid, 0.5)
        known, own = bot.account(0), bot.state_values(0)
        worth = own.position * (depth.best_bid + depth.best_ask) / 2
        assert known.equity == pytest.approx(known.cash + known.unrealized, rel=1e-12)
        assert known.equity == pytest.approx(
            1_000.0 + own.balance + worth - own.fee + known.funding, rel=1e-9
        )
    assert bot.state_values(0).num_trades > 20


def test_a_cash_account_spends_what_it_has(tape: Tape) -> None:
    """Coins that are not there cannot be sold, money that is not there cannot be spent."""
    account = Account({"USDT": 150.0, "BTC": 0.5})
    bot = make(tape, account, contract=Spot("BTC", "USDT"))
    bot.elapse(1_000 * MS)
    ask = bot.depth(0).best_ask
    reasons = []
    for number, (side, price, qty) in enumerate(
        [(-1, ask + 0.5, 0.5), (-1, ask + 0.5, 0.01), (1, ask - 1.0, 1.0), (1, ask - 1.0, 1.0)], 1
    ):
        bot.submit_order(0, number, side, price, qty, wait=True)
        reasons.append(bot.orders(0).get(number).reason)
    assert reasons == [0, 15, 0, 15]


def test_without_an_account_nothing_is_compiled(tape: Tape) -> None:
    """The entries of accounts are for runs with accounts; those need them all."""
    names = {"run_rounds", "account_refusal", "read_account"}
    plain, rich = make(tape), make(tape, Account({"USDT": 1.0}, margin=RULES))
    assert not any(plain._run[f"f_{name}"] for name in names)
    assert all(rich._run[f"f_{name}"] for name in names) and names <= set(RARE_ENTRIES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda: {"account": Account({"EUR": 1.0}, margin=RULES)}, "a rate of USDT in EUR"),
        (lambda: {"account": [Account({"USDT": 1.0}, margin=RULES)] * 2}, "Asset.account from 0 to 1"),
        (lambda: {"account": Account({"USDT": 1.0})}, "margin rules"),
        (lambda: {"account": Account({"USDT": 1.0}, margin=RULES), "number": 3}, "an account below 1"),
        (lambda: {"account": 7}, "an Account, or a list of them"),
        (lambda: {"account": None, "mark": "mid"}, r"Bot\(accounts=...\)"),
        (lambda: {"account": Account({"USDT": 1.0}, margin=RULES), "mark": "last"}, '"mid", arrays or None'),
        (lambda: {"account": Account({"USDT": 1.0}, margin=RULES), "mark": ([2, 1], [1.0, 1.0])}, "go back"),
        (
            lambda: {"account": Account({"USDT": 1.0}, margin=RULES), "funding": ([1], [float("nan")])},
            "finite",
        ),
        (lambda: {"account": Account({}, margin=RULES)}, "at least one balance"),
        (lambda: {"account": Account({"USDT": -1.0}, margin=RULES)}, "finite number >= 0"),
        (
            lambda: {"account": Account({"USDT": 1.0}, margin=CrossMargin())},
            "either leverage or initial_rate",
        ),
        (
            lambda: {"account": Account({"USDT": 1.0}, margin=CrossMargin(10, tiers=[(5, 0.01)]))},
            "first from 0",
        ),
        (
            lambda: {"account": Account({"USDT": 1.0}, margin=IsolatedMargin(10, tiers=[(0, 0.2)]))},
            "below the in",
        ),
    ],
)
def test_errors_say_what_to_do(tape: Tape, change: Any, says: str) -> None:
    """Mixed currencies, unknown accounts, bad tiers, bad series: ConfigError."""
    with pytest.raises(ConfigError, match=says):
        about = change()
        number = about.pop("number", None)
        make(tape, about.pop("account"), account=number, **about)


def test_bad_numbers_of_accounts(tape: Tape) -> None:
    """An account or a currency that is not there is a BotError."""
    bot = make(tape, Account({"USDT": 1.0}, margin=RULES))
    for call in (lambda: bot.account(1), lambda: bot.account_balance(0, 9), lambda: make(tape).account(0)):
        with pytest.raises(BotError):
            call()


def test_inverse_funding_is_paid_in_the_coin(tape: Tape) -> None:
    """Position x size / mark x rate, to the last unit."""
    account = Account({"BTC": 10.0}, margin=CrossMargin(5))
    ts = tape.section("exch.group_ts")
    bot = make(
        tape,
        account,
        contract=InverseContract(100.0, "BTC"),
        mark=(ts[:1], np.array([80.0])),
        funding=(ts[-1:], np.array([0.001])),
    )
    bot.elapse(1_000 * MS)
    bot.submit_buy_order(0, 1, bot.depth(0).best_ask, 0.03, wait=True)
    bot.elapse(60_000 * MS)
    result = run(bot, lambda bot: 0, compiled=False)

    assert result.payments["amount"].tolist() == [-(100.0 * 0.03 / 80.0 * 0.001)]
