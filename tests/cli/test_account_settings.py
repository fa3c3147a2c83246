"""Account, margin and funding of a RUN.toml: what they become, what is refused before the run, one run."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_money_settings import assets
from truefill.analysis import load_run
from truefill.backtest import Account, CrossMargin, FundingSchedule, IsolatedMargin
from truefill.cli.accounts import make_account, make_bot
from truefill.cli.config import load_config
from truefill.core.errors import ConfigError

WALLET = "[account]\nbalances = {USDT = 100.0}\n"
CROSS = '[margin]\nmodel = "cross"\nleverage = 20\ntiers = [[0, 0.004], [50_000, 0.005]]\n'
SPOT = '[contract]\nmodel = "spot"\n'
HOUR = 3_600_000_000_000


def test_what_the_settings_become(tmp_path: Path) -> None:
    """Every key of the three tables, and the asset's own."""
    asset = (
        'mark = "mid"\n[asset.margin]\nmodel = "isolated"\ninitial_rate = 0.2\nliquidation_fee = 0.01\n'
        '[asset.funding]\nrate = -0.01\ninterval = "1h"\noffset = "-5m"\n'
    )
    more = (
        'currency = "USDT"\nborrow = {USDT = 0.1}\nborrow_interval = "2h"\nrates = {BTC = 90.5}\n'
        "insurance = true\n"
    )
    found = assets(tmp_path, asset + WALLET + more + CROSS + "[funding]\nrate = 0.0001\n")[0]
    config = load_config(tmp_path / "run.toml")

    assert found.margin == IsolatedMargin(initial_rate=0.2, liquidation_fee=0.01)
    assert found.funding == FundingSchedule(HOUR, -0.01, -HOUR // 12)
    assert found.mark == "mid"
    assert make_account(config, tmp_path / "run.toml") == Account(
        {"USDT": 100.0},
        currency="USDT",
        margin=CrossMargin(20, tiers=[(0, 0.004), (50_000, 0.005)]),
        borrow={"USDT": 0.1},
        borrow_interval_ns=2 * HOUR,
        rates={"BTC": 90.5},
        insurance=True,
    )


def test_tables_of_the_run(tmp_path: Path) -> None:
    """Funding is for contracts with an account, margin the account's; an asset may stay outside."""
    text = WALLET + CROSS + "[funding]\nrate = 0.0001\n"
    found = assets(tmp_path, text)[0]
    assert (found.margin, found.funding, found.mark) == (None, FundingSchedule(8 * HOUR, 0.0001), None)
    outside = '[[asset]]\ntape = "other.tape"\naccount = false\n'
    inside, other = assets(tmp_path, outside + text)
    assert other.account == -1 and other.funding is None and inside.funding is not None
    spot = WALLET + SPOT + "[funding]\nrate = 0.0001\n"
    assert assets(tmp_path, spot)[0].funding is None
    assert make_account(load_config(tmp_path / "run.toml"), tmp_path).margin is None  # type: ignore[union-attr]


REFUSED = {
    "no balance": ("[account]\ncurrency = 'USDT'", "the key 'account.balances'"),
    "empty": ("[account]\nbalances = {}", "account.balances to be"),
    "negative": (
        "[account]\nbalances = {USDT = -1.0}",
        "account.balances.USDT to be greater than",
    ),
    "unknown": (WALLET + "insurence = true", "did you mean 'insurance'?"),
    "cash with leverage": (WALLET + "[margin]\nleverage = 5", "model 'cross' or 'isolated' for leverage"),
    "no leverage": (WALLET + '[margin]\nmodel = "cross"', "leverage or initial_rate with model 'cross'"),
    "both": (WALLET + CROSS + "initial_rate = 0.1", "got both"),
    "tiers": (WALLET + CROSS.replace("[[0", "[[5"), "[account], CrossMargin.tiers[0]"),
    "no rate": (WALLET + CROSS + "[funding]\ninterval = '1h'", "the key 'funding.rate'"),
    "no time": (WALLET + CROSS + "[funding]\nrate = 0.1\ninterval = 0", "an interval above 0"),
    "margin without account": (CROSS, "an [account] for [margin]"),
    "funding without account": ("[funding]\nrate = 0.1", "an [account] for [funding]"),
    "mark without account": ('mark = "mid"', "asset[0].mark: expected an [account]"),
    "mark": ('mark = "last"\n' + WALLET, "asset[0].mark to be one of 'mid'"),
    "outside": ('account = false\nmark = "mid"\n' + WALLET + CROSS, "account = false"),
    "cash of one": ('[asset.margin]\nmodel = "cash"\n' + WALLET + CROSS, "asset[0].margin: expected model"),
    "cash of a contract": (WALLET, "margin rules (CrossMargin, IsolatedMargin) for BTCUSDT-PERP"),
    "currency": (CROSS + "[account]\nbalances = {EUR = 5.0}", "a rate of USDT in EUR"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_the_run(tmp_path: Path, name: str) -> None:
    """In one line, with the file and the key."""
    text, message = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        made = assets(tmp_path, text)
        make_bot(made, load_config(tmp_path / "run.toml"), tmp_path / "run.toml")
    assert message in str(error.value) and "run.toml" in str(error.value)


BUYS = """
def strategy(bot):
    number = 0
    while bot.elapse(10**8) == 0:
        number += 1
        bot.submit_buy_order(0, number, 102.0, 3.0, 0, 0, True)
"""


def test_a_run_with_an_account(truefill: Any, folder: Path) -> None:
    """Orders are refused, funding is paid; the folder and the summary tell of it, and so does a sweep."""
    text = "[asset.latency]\nentry = 0\nresponse = 0\n" + WALLET + CROSS
    text += '[funding]\nrate = 0.001\ninterval = "1ms"\n'
    assets(folder, text)
    (folder / "buys.py").write_text(BUYS)
    done = truefill("backtest", "buys.py", "-c", "run.toml", "-o", "out", "--interpreted", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["accounts"][0]
    assert told["refused"] > 0 and told["end"]["funding"] < 0.0
    assert told["balances"] == {"USDT": 100.0} and told["margin"]["initial_rate"] == 0.05
    run = load_run(folder / "out")
    assert run.meta["accounts"] == [told]
    assert run.meta["config"]["account"]["balances"] == {"USDT": 100.0}


@pytest.mark.slow
def test_a_sweep_has_the_account_too(truefill: Any, folder: Path) -> None:
    """Its runs are those of a backtest, refusals and payments included: the hash covers both."""
    text = WALLET + CROSS + '[funding]\nrate = 0.001\ninterval = "1ms"\n[params]\nqty = 3.0\n'
    assets(folder, text)
    (folder / "buys.py").write_text(BUYS.replace("(bot)", "(bot, params)").replace("3.0", "params.qty"))
    swept = truefill("sweep", "buys.py", "-c", "run.toml", "-p", "qty=3.0", "--json")
    done = truefill("backtest", "buys.py", "-c", "run.toml", "-o", "out", "--json")
    assert json.loads(swept.stdout)[0]["run_hash"] == json.loads(done.stdout)["run_hash"]
    assert json.loads(done.stdout)["accounts"][0]["refused"] > 0
