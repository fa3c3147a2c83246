"""What `[exchange]` says reaches the assets."""

from pathlib import Path

import pytest

from truefill import build_tape, make_market
from truefill.cli.assets import make_assets
from truefill.cli.config import load_config
from truefill.core.errors import ConfigError


def test_stops_wake_as_the_exchange_says_and_an_asset_may_say_otherwise(tmp_path: Path) -> None:
    build_tape(make_market(2, seed=1), symbol="X-PERP.SYNTHETIC", path=tmp_path / "x.tape")
    one = '[[asset]]\ntape = "x.tape"\n'
    file = tmp_path / "run.toml"
    file.write_text(
        f'[exchange]\nstop_trigger = "best"\nself_trade = "oldest"\n{one}{one}[asset.exchange]\n'
        'stop_trigger = "mark"\n'
    )
    first, second = make_assets(load_config(file), file)

    assert (first.stop_trigger, first.self_trade) == ("best", "oldest")
    assert (second.stop_trigger, second.self_trade) == ("mark", "none")
    file.write_text(f'[exchange]\nstop_trigger = "index"\n{one}')
    with pytest.raises(ConfigError, match=r"run.toml:2: .*stop_trigger"):
        load_config(file)
