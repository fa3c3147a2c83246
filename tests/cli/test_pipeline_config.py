"""config.json of the Extended pipeline: documented defaults, every key known, a fault is one line."""

import json
from pathlib import Path
from typing import Any

import pytest

from truefill.cli.pipeline_config import effective, load_pipeline_config, unused
from truefill.core.errors import ConfigError

# As the pipeline ships it, with all keys that its programs know.
SHIPPED = {
    "_comment": "ignored",
    "markets": ["BTC-USD", "ETH-USD"],
    "data_directory": "data",
    "collect_orderbook": True,
    "collect_trades": True,
    "collect_full_orderbook": True,
    "max_depth_levels": 20,
    "inventory_horizon_seconds": 14400,
    "risk_aversion_gamma": 10.0,
    "gamma_min": 0.01,
    "gamma_max": 100,
    "gamma_grid_points": 20,
    "gamma_log_spacing": True,
    "num_threads": 8,
    "fill_cooldown_seconds": 60,
    "maker_fee_bps": 1.5,
    "taker_fee_bps": 4.5,
    "gap_threshold_seconds": 1800,
    "warmup_period_seconds": 900,
    "quote_validity_seconds": 60,
    "calibration_window_seconds": 3600,
    "recalibration_interval_seconds": 600,
    "min_spread_bps": 0,
    "max_spread_bps": 200,
    "min_volatility": 0,
    "max_volatility": 0.02,
    "max_shift_ticks": 100,
    "tick_size": 0.01,
    "max_inventory": 10,
    "effective_volume_threshold": 1000,
}


def write(tmp_path: Path, values: Any) -> Path:
    path = tmp_path / "config.json"
    path.write_text(values if isinstance(values, str) else json.dumps(values, indent=2))
    return path


def test_the_shipped_file_is_read_as_it_is(tmp_path: Path) -> None:
    config = load_pipeline_config(write(tmp_path, SHIPPED))
    for name, value in SHIPPED.items():
        if hasattr(config, name):
            found = getattr(config, name)
            assert value == (list(found) if isinstance(found, tuple) else found)
    settings = config.quoting(0.5)
    assert (10.0, 14400.0, 0.01, 2e-2) == (
        settings.gamma,
        settings.horizon,
        settings.tick_size,
        settings.max_spread,
    )
    assert settings.min_spread == pytest.approx(3e-4)  # twice the maker's fee


def test_what_is_not_said_is_as_documented(tmp_path: Path) -> None:
    config = load_pipeline_config(write(tmp_path, {}))
    assert config == load_pipeline_config(None)
    documented = {
        "inventory_horizon_seconds": 1800,
        "risk_aversion_gamma": 0.1,
        "gamma_mode": "constant",
        "fill_cooldown_seconds": 60,
        "maker_fee_bps": 1.5,
        "taker_fee_bps": 4.5,
        "gap_threshold_seconds": 1800,
        "warmup_period_seconds": 900,
        "quote_validity_seconds": 60,
        "calibration_window_seconds": 3600,
        "recalibration_interval_seconds": 600,
        "max_depth_levels": 20,
        "min_spread_bps": 3,
        "max_spread_bps": 200,
    }
    assert documented == {name: getattr(config, name) for name in documented}
    assert config.duty == pytest.approx(0.1)
    assert config.quoting(0.25).tick_size == 0.25  # the recording's


def test_where_each_value_comes_from_is_said(tmp_path: Path) -> None:
    rows = {name: (value, source) for name, value, source in effective(load_pipeline_config(None))}
    assert rows["risk_aversion_gamma"] == ("0.1", "documented default")
    assert rows["max_inventory"] == ("10", "default")
    assert rows["tick_size"] == ("", "the recording")
    config = load_pipeline_config(write(tmp_path, {"risk_aversion_gamma": 2, "gamma_mode": "max_shift"}))
    rows = {name: (value, source) for name, value, source in effective(config)}
    assert rows["risk_aversion_gamma"] == ("2", "file")
    assert unused(config) == ["risk_aversion_gamma has no effect with gamma_mode 'max_shift'"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ('{\n "markets": ["A"],\n "gama": 1\n}', ["config.json:3", "unknown key 'gama'"]),
        ({"risk_aversion_gama": 1}, ["config.json:2", "did you mean 'risk_aversion_gamma'"]),
        ('{"max_inventory": 1, "max_inventory": 2}', ["config.json:1", "each key once"]),
        ('{\n"max_inventory": 1,,\n}', ["config.json:2", "JSON"]),
        ("[1]", ["a JSON object"]),
        ({"max_inventory": "1"}, ["config.json:2", "max_inventory"]),
        ({"max_inventory": True}, ["max_inventory"]),
        ({"risk_aversion_gamma": 0}, ["risk_aversion_gamma", "greater than 0"]),
        ('{"risk_aversion_gamma": NaN}', ["risk_aversion_gamma", "finite"]),
        ({"gamma_mode": "none"}, ["gamma_mode", "inventory_scaled"]),
        ({"markets": [1]}, ["markets[0]"]),
        ({"markets": ["A", "B", "A"]}, ["each of markets once", "A twice"]),
        ({"min_spread_bps": 300}, ["min_spread_bps <= max_spread_bps", "300 and 200"]),
        ({"max_spread_bps": 2.0, "min_spread_bps": 1}, ["twice maker_fee_bps", "2 and 1.5"]),
        ({"gamma_min": 3, "gamma_max": 2}, ["gamma_min <= gamma_max"]),
        ({"min_volatility": 1}, ["min_volatility <= max_volatility"]),
        ({"max_depth_levels": 2.5}, ["max_depth_levels"]),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_key(tmp_path: Path, values: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_pipeline_config(write(tmp_path, values))
    for word in words:
        assert word in str(caught.value)


def test_no_file_and_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a configuration file"):
        load_pipeline_config(tmp_path / "none.json")
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_pipeline_config(path)
