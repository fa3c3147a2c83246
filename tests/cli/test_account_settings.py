"""Account, margin and funding of a RUN.toml: what they become, what is refused before the run, one run."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.cli.test_money_settings import assets
from truefill.analysis import load_run
from truefill.backtest import Account, CrossMargin, FundingSchedule, IsolatedMargin
from truefill.cli.accounts import make_accounts, make_bot
from truefill.cli.config import dump, load_config
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
    account = Account(
        {"USDT": 100.0},
        currency="USDT",
        margin=CrossMargin(20, tiers=[(0, 0.004), (50_000, 0.005)]),
        borrow={"USDT": 0.1},
        borrow_interval_ns=2 * HOUR,
        rates={"BTC": 90.5},
        insurance=True,
    )
    assert make_accounts(config, tmp_path / "run.toml") == [account]
    assert dump(config)["account"]["rates"] == {"BTC": 90.5}


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
    assert make_accounts(load_config(tmp_path / "run.toml"), tmp_path)[0].margin is None


OTHER = '[[asset]]\ntape = "other.tape"\n[asset.contract]\nmodel = "inverse"\nsize = 100\n'
FIRST = '[[account]]\nassets = ["BTCUSDT-PERP.BINANCE"]\nbalances = {USDT = 100.0}\n'
SECOND = (
    '[[account]]\nassets = [1]\nbalances = {BTC = 2.0}\n[account.margin]\nmodel = "isolated"\nleverage = 5\n'
)


def test_several_accounts_have_their_assets(tmp_path: Path) -> None:
    """By symbol or by number; each with margin rules of its own, or the run's."""
    made = assets(tmp_path, OTHER + FIRST + SECOND + CROSS)
    config = load_config(tmp_path / "run.toml")
    assert [asset.account for asset in made] == [0, 1]
    bot = make_bot(made, config, tmp_path / "run.toml")
    assert [dict(account.balances) for account in bot.accounts] == [{"USDT": 100.0}, {"BTC": 2.0}]
    assert [type(account.margin) for account in bot.accounts] == [CrossMargin, IsolatedMargin]
    assert [table["assets"] for table in dump(config)["account"]] == [("BTCUSDT-PERP.BINANCE",), (1,)]


def test_the_only_account_may_list_its_assets_too(tmp_path: Path) -> None:
    """Others are outside when they say so."""
    other = OTHER.replace('"other.tape"\n', '"other.tape"\naccount = false\n')
    made = assets(tmp_path, other + "[account]\nassets = [0]\nbalances = {USDT = 1.0}\n" + CROSS)
    assert [asset.account for asset in made] == [0, -1]


DAY = 86_400_000_000_000
NINE = 20_000 * DAY  # midnight, 2024-10-04


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_prices_and_rates_over_time_come_from_files(tmp_path: Path, ending: str) -> None:
    """Marks with times of their own here, funding at times as dates, an account's rate as whole ns."""
    ts = [NINE, NINE + DAY]
    tables = {
        "mark": pl.DataFrame({"ts": ts, "price": [100, 101], "local_ts": [ts[0] + 5, ts[1] + 7]}),
        "funding": pl.DataFrame({"ts": ts, "rate": [0.0001, -0.0002]}).with_columns(
            pl.col("ts").cast(pl.Datetime("ns"))
        ),
        "rate": pl.DataFrame({"note": ["a", "b"], "rate": [60_000.0, 61_000.5], "ts": ts}),
    }
    for name, table in tables.items():
        write = table.write_csv if ending == "csv" else table.write_parquet
        write(tmp_path / f"{name}.{ending}")
    text = f'mark = "mark.{ending}"\n[asset.funding]\nfile = "funding.{ending}"\n'
    (found,) = assets(tmp_path, text + WALLET + f'rates = {{BTC = "rate.{ending}"}}\n' + CROSS)
    (account,) = make_accounts(load_config(tmp_path / "run.toml"), tmp_path / "run.toml")

    assert [part.tolist() for part in found.mark] == [ts, [100.0, 101.0], [ts[0] + 5, ts[1] + 7]]
    assert [part.tolist() for part in found.funding] == [ts, [0.0001, -0.0002]]
    assert [part.tolist() for part in account.rates["BTC"]] == [ts, [60_000.0, 61_000.5]]
    assert make_bot([found], load_config(tmp_path / "run.toml"), tmp_path / "run.toml").num_assets == 1


FILES = {
    "no file": (None, "funding.file: f.csv: expected a .csv file with the columns ts and rate, got no such"),
    "no column": ("ts,price\n1,2\n", "f.csv: expected the columns ts and rate, and local_ts"),
    "nothing": ("", "f.csv: expected a .csv file"),
    "no row": ("ts,rate\n", "at least one row"),
    "a hole": ("ts,rate\n1,2\n2,\n", "a value in each row of the column rate, got none in row 2"),
    "a word": ("ts,rate\n1,high\n", "numbers in the column rate, got 'high' in row 1"),
    "no time": ("ts,rate\nnoon,1\n", "in the column ts, got 'noon' in row 1"),
    "seconds": ("ts,rate\n1.5,1\n", "whole nanoseconds since 1970"),
    "back": ("ts,rate\n2,1\n1,1\n", "times that go back"),
    "not finite": ("ts,rate\n2,NaN\n", "values that are not finite"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    """The settings, the key, the file, and the row where there is one."""
    content, message = FILES[name]
    if content is not None:
        (tmp_path / "f.csv").write_text(content)
    with pytest.raises(ConfigError) as error:
        assets(tmp_path, '[asset.funding]\nfile = "f.csv"\n' + WALLET + CROSS)
    assert message in str(error.value)
    assert "run.toml: asset[0]" in str(error.value)


def test_a_file_of_an_accounts_rates_is_named(tmp_path: Path) -> None:
    """With the account, the key and the currency."""
    (tmp_path / "f.csv").write_text("ts,rate\n5,0.0\n")
    assets(tmp_path, WALLET + 'rates = {BTC = "f.csv"}\n' + CROSS)
    path = tmp_path / "run.toml"
    with pytest.raises(ConfigError, match=r"run.toml: \[account\]"):
        make_accounts(load_config(path), path)
    (tmp_path / "f.csv").write_text("ts\n5\n")
    with pytest.raises(ConfigError, match=r"run.toml: \[account\].rates.BTC: f.csv: expected the columns"):
        make_accounts(load_config(path), path)


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
    "no rate": (WALLET + CROSS + "[funding]\ninterval = '1h'", "funding to be a rate or a file, got neither"),
    "no time": (WALLET + CROSS + "[funding]\nrate = 0.1\ninterval = 0", "an interval above 0"),
    "margin without account": (CROSS, "an [account] for [margin]"),
    "funding without account": ("[funding]\nrate = 0.1", "an [account] for [funding]"),
    "mark without account": ('mark = "mid"', "asset[0].mark: expected an [account]"),
    "mark": ('mark = "last"\n' + WALLET, "asset[0].mark to be 'mid', or a .csv or .parquet file"),
    "outside": ('account = false\nmark = "mid"\n' + WALLET + CROSS, "account = false"),
    "cash of one": ('[asset.margin]\nmodel = "cash"\n' + WALLET + CROSS, "asset[0].margin: expected model"),
    "cash of a contract": (WALLET, "margin rules (CrossMargin, IsolatedMargin) for BTCUSDT-PERP"),
    "a list of nobody": (
        FIRST + "[[account]]\nbalances = {BTC = 1.0}\n" + CROSS,
        "account[1]: expected assets",
    ),
    "an asset of nobody": (OTHER + FIRST.replace('"BTC', '"ETH') + CROSS, "asset[0]: expected BTCUSDT-PERP"),
    "unknown member": (FIRST.replace('"]', '", "ETH"]') + CROSS, "got 'ETH'"),
    "unknown number": ("[account]\nassets = [0, 7]\nbalances = {USDT = 1.0}\n" + CROSS, "got 7"),
    "an asset of two": (FIRST + SECOND.replace("[1]", "[0]") + CROSS, "got it in 2"),
    "outside and inside": ("account = false\n" + FIRST + CROSS, "account = true of an asset of an account"),
    "key of the second": (FIRST + SECOND + "leverige = 3\n", "did you mean 'leverage'?"),
    "value of the second": (FIRST + SECOND.replace("2.0", "-2.0"), "account[1].balances.BTC to be greater"),
    "rate and file": (WALLET + CROSS + "[funding]\nrate = 0.1\nfile = 'f.csv'", "got both"),
    "file and interval": (WALLET + CROSS + "[funding]\ninterval = '1h'\nfile = 'f.csv'", "got interval"),
    "another file": (WALLET + CROSS + "[funding]\nfile = 'f.txt'", "funding to be a .csv or .parquet file"),
    "a word as rate": (WALLET + 'rates = {BTC = "much"}\n' + CROSS, "account.rates.BTC to be a number > 0"),
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
