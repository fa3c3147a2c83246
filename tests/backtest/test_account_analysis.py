"""What accounts pay is in the analysis: its equity is the account's, and a saved run keeps every payment."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.backtest.test_accounts import MS, RULES, buy_more_and_more, crash, make
from truefill import run
from truefill.analysis import equity_curves, load_run, metrics, period_frame, report, save_run, summary
from truefill.analysis.equity import total
from truefill.analysis.frames import equity_frame, export_tables, payments_frame
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
from truefill.core.errors import DataError
from truefill.core.events import NO_TIME
from truefill.core.run_data import RunData
from truefill.tape import Tape

FUNDING = FundingSchedule(500 * MS, 0.0007)
USDT = LinearContract(currency="USDT")


def trade(bot: Bot) -> int:
    """Buys and sells of all assets, not as much of one as of the other."""
    number = 0
    while bot.elapse(150 * MS) == 0:
        for asset in range(bot.num_assets):
            number += 1
            side = 1 if number % 7 < 4 else -1
            price = bot.depth(asset).best_ask if side > 0 else bot.depth(asset).best_bid
            bot.submit_order(asset, number, side, price, 0.5)
    return number


def assets(tape: Tape, *contracts: Any, funding: Any = None) -> list[Asset]:
    """An asset a contract, all of the small market."""
    return [
        Asset(
            tape,
            latency=ConstantLatency(5 * MS, 3 * MS),
            fees=TradingValueFees(-0.0001, 0.0005),
            contract=contract,
            mark="mid",
            funding=None if isinstance(contract, Spot) else funding,
        )
        for contract in contracts
    ]


def deposits(account: Account, rates: dict[str, float]) -> float:
    """Their worth in the account's currency."""
    return sum(amount * rates.get(name, 1.0) for name, amount in account.balances.items())


CASES: dict[str, tuple[list[Any], Account]] = {
    "cross": ([USDT], Account({"USDT": 5_000.0}, margin=RULES)),
    "isolated": ([USDT], Account({"USDT": 5_000.0}, margin=IsolatedMargin(10))),
    "two in one wallet": (
        [USDT, InverseContract(100.0, "BTC")],
        Account({"USDT": 5_000.0, "BTC": 50.0}, margin=CrossMargin(10), rates={"BTC": 90.0}),
    ),
    "on credit": (
        [Spot("BTC", "USDT"), USDT],
        Account({"USDT": 400.0}, margin=CrossMargin(4), borrow={"USDT": 900.0}, borrow_interval_ns=200 * MS),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_equity_of_the_analysis_is_the_accounts(tape: Tape, name: str) -> None:
    """To the last digits, at the end of the run, with the marks at the mid."""
    contracts, account = CASES[name]
    result = run(Bot(assets(tape, *contracts, funding=FUNDING), accounts=account), trade, compiled=False)
    assert result.error is None and len(result.payments) > 5
    rates = {"BTC": 90.0} if "BTC" in account.rates else {}
    data = result.run_data(currency="USDT", rates=rates)

    curve = total(equity_curves(data), data)
    assert curve is not None
    end = result.accounts[0]
    assert curve.equity[-1] == pytest.approx(end["equity"] - deposits(account, rates), rel=1e-9)
    assert curve.payments[-1] == pytest.approx(end["funding"] + end["interest"], rel=1e-12)

    found = metrics(data)
    assert found["Return"] == pytest.approx(curve.equity[-1], rel=1e-9)
    assert found["Funding"] == pytest.approx(end["funding"], rel=1e-12)
    assert found["Interest"] == pytest.approx(end["interest"], rel=1e-12)
    assert (end["interest"] < 0.0) == (name == "on credit") and end["funding"] != 0.0
    parts = sum(found[n] for n in ("SpreadPnL", "InventoryPnL", "Funding", "Interest"))
    assert found["Return"] == pytest.approx(parts - found["Fees"], rel=1e-9)
    assert period_frame(data, "hour")["Return"].sum() == pytest.approx(found["Return"], rel=1e-9)


def test_interest_of_one_asset_is_its_own(tape: Tape) -> None:
    """Of a wallet that nobody else trades with; of a shared one it is in the total only."""
    _, account = CASES["on credit"]
    result = run(Bot(assets(tape, Spot("BTC", "USDT")), accounts=account), trade, compiled=False)
    data = result.run_data()
    assert not len(data.payments) and metrics(data, 0)["Interest"] < 0.0
    assert metrics(data, 0) == metrics(data)

    shared = run(Bot(assets(tape, Spot("BTC", "USDT"), USDT), accounts=account), trade, compiled=False)
    data = shared.run_data()
    assert (data.payments["asset"] == -1).all() and len(data.payments) > 5
    assert metrics(data)["Interest"] < 0.0 == metrics(data, 0)["Interest"] == metrics(data, 1)["Interest"]


def ruined(tape: Tape, insured: bool = False) -> Any:
    """A run whose account is liquidated with a fee beyond all money."""
    rules = CrossMargin(20, tiers=[(0, 0.004)], liquidation_fee=0.5)
    account = Account({"USDT": 100.0}, margin=rules, insurance=insured)
    return run(make(tape, account, mark=crash(tape)), buy_more_and_more, compiled=False)


@pytest.mark.parametrize("insured", [False, True])
def test_ruin_is_loud(tape: Tape, tmp_path: Path, insured: bool) -> None:
    """In the notes, the report and the summary; the fee and what the fund took over are in the result."""
    result = ruined(tape, insured)
    data = result.run_data()
    told = data.meta["accounts"][0]
    assert told["end"]["bankrupt"] == 1 and told["end"]["liquidations"] == 1 and told["refused"] > 3
    assert told["margin"]["model"] == "CrossMargin" and told["balances"] == {"USDT": 100.0}
    notes = data.meta["notes"]
    assert notes[0].startswith("BANKRUPT: account 0") and notes[1].startswith("LIQUIDATED")
    assert ("insurance fund" in notes[0]) == insured

    found = metrics(data)
    assert found["LiquidationFees"] == pytest.approx(result.accounts[0]["liquidation_fees"], rel=1e-12)
    assert (found["Insurance"] > 0.0) == insured
    if insured:
        assert found["Return"] == pytest.approx(-100.0, rel=1e-9)
    text = report(data, tmp_path / "report.html").read_text()
    for word in ("BANKRUPT", "<h2>Accounts</h2>", "Liquidation fees", "initial 5.0000%"):
        assert word in text
    assert summary.to_dict(data)["accounts"] == data.meta["accounts"]


def test_a_saved_run_keeps_its_payments(tape: Tape, tmp_path: Path) -> None:
    """Of assets and of wallets, to the bit; a run without any writes none, and clears an older one's."""
    contracts, account = CASES["on credit"]
    bot = Bot(assets(tape, *contracts, funding=FUNDING), accounts=account)
    data = run(bot, trade, compiled=False).run_data()
    back = load_run(save_run(data, tmp_path / "run"))
    assert len(back.payments) and back.payments.tobytes() == data.payments.tobytes()
    assert back.payment_currencies == data.payment_currencies
    for was, now in zip(data.assets, back.assets, strict=True):
        assert np.array_equal(was.payments["amount"], now.payments["amount"])
        assert np.array_equal(was.payments["local_ts"], now.payments["local_ts"])
    assert metrics(back) == pytest.approx(metrics(data), nan_ok=True)

    plain = run(Bot(assets_without_mark(tape)), trade, compiled=False).run_data()
    save_run(plain, tmp_path / "run")
    assert not (tmp_path / "run" / "payments.parquet").exists()
    head = (tmp_path / "run" / "run.json").read_text()
    assert "payment" not in head and "accounts" not in head and '"version": 2' in head
    assert "Funding" not in metrics(load_run(tmp_path / "run"))

    save_run(data, tmp_path / "run")
    (tmp_path / "run" / "payments.parquet").unlink()
    with pytest.raises(DataError, match=r"payments\.parquet"):
        load_run(tmp_path / "run")


def assets_without_mark(tape: Tape) -> list[Asset]:
    """One asset without anything about accounts."""
    return [Asset(tape, contract=USDT)]


def test_tables_of_payments(tape: Tape, tmp_path: Path) -> None:
    """Every reported payment with its names; equity with what was paid so far."""
    contracts, account = CASES["on credit"]
    bot = Bot(assets(tape, *contracts, funding=FUNDING), accounts=account)
    data = run(bot, trade, compiled=False).run_data()
    frame = payments_frame(data)
    assert set(frame["kind"]) == {"funding", "interest"} and set(frame["currency"]) == {"USDT"}
    assert frame.filter(frame["kind"] == "interest")["asset"].null_count() > 5
    sums = equity_frame(data).filter(asset="total")
    assert sums["payments"][-1] == pytest.approx(frame["amount"].sum(), rel=1e-12)
    assert "payments_table.csv" in [path.name for path in export_tables(data, tmp_path, "csv")]


def test_payments_that_were_not_reported_do_not_count(tape: Tape) -> None:
    """The strategy never heard of them; neither does its equity."""
    schedule = FundingSchedule(500 * MS, 0.0007)
    account = Account({"USDT": 1_000.0}, margin=RULES)
    bot = make(tape, account, mark="mid", funding=schedule, latency=ConstantLatency(5 * MS, 40 * MS))
    bot.elapse(700 * MS)
    bot.submit_buy_order(0, 1, bot.depth(0).best_ask, 0.5, wait=True)
    due = (bot.current_timestamp // schedule.interval_ns + 2) * schedule.interval_ns
    bot.elapse(due + 20 * MS - bot.current_timestamp)  # half of the way of the second payment's report
    result = run(bot, lambda bot: 0, compiled=False)
    data: RunData = result.run_data()

    assert len(result.payments) == 2 and result.payments["local_ts"][-1] > bot.current_timestamp
    assert data.assets[0].payments["local_ts"][-1] == NO_TIME
    assert len(data.assets[0].paid) == 1
    assert metrics(data)["Funding"] == pytest.approx(result.accounts[0]["funding"], rel=1e-12)
