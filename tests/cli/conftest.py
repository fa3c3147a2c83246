"""A small made market on a tape, a strategy and settings for it; the command line in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from truefill.cli.main import app
from truefill.synthetic import ZeroIntelligence, make_market
from truefill.tape import TapeBuilder

STRATEGY = """
from truefill import GTX, LIMIT


def strategy(bot, params):
    steps = 0
    while bot.elapse(100_000_000) == 0:
        bot.clear_inactive_orders(0)
        depth = bot.depth(0)
        steps += 1
        if steps % params.every == 0:
            bot.submit_buy_order(0, steps, depth.best_bid, params.qty, GTX, LIMIT, False)
            bot.submit_sell_order(0, 1_000_000 + steps, depth.best_ask, params.qty, GTX, LIMIT, False)
"""

SETTINGS = """
[[asset]]
tape = "market.tape"
[latency]
entry = "1ms"
response = "1ms"
[fees]
maker = 0.0001
currency = "USD"
[params]
every = 5
qty = 0.5
"""


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tape of twenty seconds."""
    path = tmp_path_factory.mktemp("market") / "market.tape"
    with TapeBuilder(path, symbol=ZeroIntelligence().symbol, tick_size="0.01", lot_size="0.01") as builder:
        for batch in make_market(20, seed=3):
            builder.append(batch)
        builder.finish()
    return path


@pytest.fixture
def folder(tmp_path: Path, market: Path) -> Path:
    """A folder with the tape, strategy.py and run.toml."""
    (tmp_path / "market.tape").symlink_to(market)
    (tmp_path / "strategy.py").write_text(STRATEGY)
    (tmp_path / "run.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def truefill(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[..., Any]:
    """Run the command line in that folder: ``truefill("tape", "info", ...)``."""
    monkeypatch.chdir(folder)

    def run(*arguments: object) -> Any:
        words = [str(a) for a in arguments]
        return CliRunner().invoke(app, words, env={"COLUMNS": "200", "TERM": "dumb"}, prog_name="truefill")

    return run
