"""collect.toml and config.json: what is in force, and what is refused."""

import json

import pytest

from tests.cli.test_collect import run
from truefill.cli.collect_config import load_collect_config, settings_of, shown
from truefill.core.errors import ConfigError
from truefill.venues import Venue

WHOLE = """
symbols = ["BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BYBIT"]
out = "market"
channels = ["depth", "trades", "best"]
period = "hour"
stale = "90s"

[venue.bybit-linear]
channels = ["depth"]
stream = "wss://stream-testnet.bybit.com/v5/public/linear"
"""


def test_a_whole_file(tmp_path):
    path = tmp_path / "collect.toml"
    path.write_text(WHOLE)
    settings = settings_of(load_collect_config(path))
    assert [str(s) for s in settings.symbols] == ["BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BYBIT"]
    assert settings.out == tmp_path / "market"
    assert (settings.channels, settings.period) == (("depth", "trades", "best"), "hour")
    assert (settings.patience.stale_s, settings.patience.retry_s) == (90.0, 0.5)
    assert settings.venues[Venue.BYBIT_LINEAR].channels == ("depth",)
    assert settings.venues[Venue.BYBIT_LINEAR].stream.startswith("wss://stream-testnet")
    assert ("venue.bybit-linear.channels", '["depth"]') in shown(load_collect_config(path))
    assert ("stale", '"90s"') in shown(load_collect_config(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('symbol = ["X"]', "collect.toml:1: expected one of symbols, out,"),
        ('symbol = ["X"]', "got unknown key 'symbol' (did you mean 'symbols'?)"),
        ('out = "x"\nlayout = "long"', "collect.toml:2: expected layout to be one of 'events', 'wide'"),
        ('stale = "soon"', "collect.toml:1: expected stale to be a duration"),
        ("levels = 0", "collect.toml:1: expected levels to be greater than or equal to 1, got 0"),
        ('symbols = "BTC"', "collect.toml:1: expected symbols to be a valid tuple, got 'BTC'"),
        ("[venue.okx]\nrets = 1", "collect.toml:2: expected one of channels, stream, rest, got unknown key"),
        ("symbols = [", "collect.toml: expected TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_file_line_and_key(tmp_path, text, said):
    path = tmp_path / "collect.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_collect_config(path)
    assert said in str(error.value)


def test_arguments_override_the_file_and_what_is_in_force_is_printed(tmp_path, capsys):
    path = tmp_path / "collect.toml"
    path.write_text(WHOLE)
    code, printed, _ = run(
        "ETHUSDT-PERP.BYBIT", "--config", path, "--stale", "5s", "--rest", "https://x", "--print-config",
        "--json", capsys=capsys,
    )  # fmt: skip
    assert code == 0
    found = json.loads(printed)
    assert (found["symbols"], found["stale"], found["period"]) == (
        ["ETHUSDT-PERP.BYBIT"],
        5_000_000_000,
        "hour",
    )
    assert found["venue"]["bybit-linear"]["rest"] == "https://x"
    assert found["venue"]["bybit-linear"]["channels"] == ["depth"]
    code, printed, _ = run("--config", path, "--print-config", capsys=capsys)
    assert printed.startswith("symbols ")
    assert '["BTCUSDT-PERP.BINANCE", "BTCUSDT-PERP.BYBIT"]' in printed


PIPELINE = {
    "markets": ["BTC-USD", "ETH-USD"],
    "data_directory": "data",
    "collect_orderbook": True,
    "collect_trades": False,
    "collect_full_orderbook": True,
    "max_depth_levels": 5,
    "risk_aversion_gamma": 10.0,
}


def test_the_pipelines_own_file_is_read_as_it_is(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PIPELINE))
    settings = settings_of(load_collect_config(path))
    assert [str(s) for s in settings.symbols] == ["BTCUSD-PERP.EXTENDED", "ETHUSD-PERP.EXTENDED"]
    assert (settings.out, settings.layout, settings.levels) == (tmp_path / "data", "wide", 5)
    assert settings.channels == ("depth",)
    path.write_text(json.dumps(PIPELINE | {"collect_trades": True, "collect_full_orderbook": False}))
    settings = settings_of(load_collect_config(path))
    assert (settings.levels, settings.channels) == (1, ("depth", "trades"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"market": []}, "config.json:1: expected one of markets"),
        ({"collect_orderbook": False}, "expected collect_orderbook or collect_trades, got both false"),
        ({"markets": []}, "config.json: markets: expected at least one market, got none"),
        ({"markets": ["BTC/EUR"]}, "config.json: markets: expected a symbol like BTC-USD, got 'BTC/EUR'"),
    ],
)
def test_what_cannot_be_collected_of_the_pipelines_file(tmp_path, change, said):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PIPELINE | change))
    with pytest.raises(ConfigError) as error:
        load_collect_config(path)
    assert said in str(error.value)
