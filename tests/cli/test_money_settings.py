"""Contracts, fees and rates of a RUN.toml: what they become, and what is refused before the run."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.quotes import quotes_tape
from truefill.analysis import load_run
from truefill.backtest import (
    DirectionalFees,
    FlatPerTradeFees,
    InverseContract,
    LinearContract,
    QuantoContract,
    Spot,
    TieredFees,
    TradingValueFees,
)
from truefill.cli.assets import make_assets, remarks
from truefill.cli.config import load_config
from truefill.core.errors import ConfigError


def assets(folder: Path, text: str, symbol: str = "BTCUSDT-PERP.BINANCE") -> Any:
    """The assets of settings with one tape, and of a second one named `other.tape`."""
    for name, of in (("market", symbol), ("other", "BTCUSD-PERP.BINANCE")):
        quotes_tape([(100.0, 101.0)] * 3, tick_size=1.0, lot_size=1.0, symbol=of).save(
            folder / f"{name}.tape"
        )
    path = folder / "run.toml"
    path.write_text('[[asset]]\ntape = "market.tape"\n' + text)
    return make_assets(load_config(path), path)


TIERS = "[[0, 0.0002, 0.0005], [15e6, 0.00016, 0.0004]]"
MADE: dict[str, tuple[str, str, Any]] = {
    "linear": ("", "contract", LinearContract(1.0, "USDT")),
    "named": ('[contract]\ncurrency = "USD"', "contract", LinearContract(1.0, "USD")),
    "inverse": ('[contract]\nmodel = "inverse"\nsize = 100', "contract", InverseContract(100.0, "BTC")),
    "quanto": (
        '[contract]\nmodel = "quanto"\nmultiplier = 1e-6\ncurrency = "XBT"',
        "contract",
        QuantoContract(1e-6, "XBT"),
    ),
    "spot": (
        '[contract]\nmodel = "spot"\nfees_in = "received"',
        "contract",
        Spot("BTC", "USDT", fees_in="received"),
    ),
    "tax": (
        "[fees]\ntaker = 0.0005\nseller = 0.001",
        "fees",
        DirectionalFees(TradingValueFees(0.0, 0.0005), 0.0, 0.001),
    ),
    "tiers": (
        f'[fees]\nmodel = "tiered"\ntiers = {TIERS}\ndays = 30\nevaluated = "day"\nstart_volume = 1e6',
        "fees",
        TieredFees(
            ((0.0, 0.0002, 0.0005), (15e6, 0.00016, 0.0004)), days=30, evaluated="day", start_volume=1e6
        ),
    ),
    "in another currency": (
        '[fees]\nmodel = "per_trade"\ntaker = 0.01\ncurrency = "BNB"\n[rates]\nBNB = 600',
        "fees",
        FlatPerTradeFees(0.0, 0.01),
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_what_the_settings_become(tmp_path: Path, name: str) -> None:
    """Each key has its place; currencies come from the symbol."""
    text, attribute, expected = MADE[name]
    assert getattr(assets(tmp_path, text)[0], attribute) == expected


OTHER = '[[asset]]\ntape = "other.tape"\n[asset.contract]\nmodel = "inverse"\nsize = 100\n'
REFUSED = {
    "no size": ('[contract]\nmodel = "inverse"', "a size with model 'inverse', got none"),
    "no currency": ('[contract]\nmodel = "quanto"\nmultiplier = 1.0', "a currency with model 'quanto'"),
    "foreign": ('[contract]\nmodel = "spot"\nsize = 5.0', "base, fees_in, quote with model 'spot', got size"),
    "negative": ('[contract]\nmodel = "inverse"\nsize = -5.0', "contract.size to be greater than 0"),
    "no tiers": ('[fees]\nmodel = "tiered"', "tiers [from volume, maker, taker] with model 'tiered'"),
    "foreign rate": (f'[fees]\nmodel = "tiered"\nmaker = 0.1\ntiers = {TIERS}', "other keys with model"),
    "foreign tiers": (f"[fees]\ntiers = {TIERS}", "other keys with model 'value', got tiers"),
    "falling": ('[fees]\nmodel = "tiered"\ntiers = [[0, 0, 0], [0, 1, 1]]', "tiers from rising volumes"),
    "share in another currency": ('[fees]\ntaker = 0.1\ncurrency = "BNB"', "fees in USDT, of which they are"),
    "no rate of the fees": (
        '[fees]\nmodel = "per_trade"\ncurrency = "BNB"',
        "a rate of BNB in USDT",
    ),
    "no such symbol": ('[rates]\nBTC = "BTCEUR"', "run.toml, rate of BTC: expected the symbol of one asset"),
    "zero": ("[rates]\nBTC = 0.0", "rates.BTC to be a number > 0"),
    "no way": ('[run]\ncurrency = "EUR"', "a rate of USDT in EUR"),
    "no way for one": (OTHER + '[run]\ncurrency = "USDT"', "a rate of BTC in USDT"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_the_run(tmp_path: Path, name: str) -> None:
    """In one line, with the key."""
    text, message = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        assets(tmp_path, text)
    assert message in str(error.value)


def test_two_currencies_in_one_run(truefill: Any, folder: Path) -> None:
    """The total is in the currency of the run; without rates there is none, and no error."""
    rates = '[run]\ncurrency = "USDT"\n[rates]\nBTC = "BTCUSDT-PERP.BINANCE"\n'
    for text, columns in ((rates, {"total"}), ("", set())):
        made = assets(folder, OTHER + text)
        assert [asset.currency for asset in made] == ["USDT", "BTC"]
        assert remarks(made) == []
        (folder / "idle.py").write_text(
            "def strategy(bot):\n    while bot.elapse(10**9) == 0:\n        pass\n"
        )
        out = f"out{len(columns)}"
        done = truefill("backtest", "idle.py", "--config", "run.toml", "--out", out, "--interpreted")
        assert done.exit_code == 0, done.output
        run = load_run(folder / out)
        assert run.currency == ("USDT" if columns else None)
        assert ("total" in done.stdout) == bool(columns)
