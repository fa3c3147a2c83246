"""What only some models need is not compiled for a run that has none of these."""

import pytest

from truefill.backtest import Asset, Bot, ConstantLatency
from truefill.backtest.engine import RARE_ENTRIES
from truefill.backtest.models.exchanges import ProRataExchange
from truefill.backtest.models.risk import RiskLimits
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape


@pytest.fixture(scope="module")
def tape() -> Tape:
    """A second of a made market."""
    return build_tape(make_market(1, seed=1), symbol="RARE.TEST")


def test_each_model_brings_its_entry(tape: Tape) -> None:
    """None for a plain asset; one asset with the model is enough."""
    plain = Asset(tape)
    for others, expected in (
        ([], set()),
        ([Asset(tape, exchange=ProRataExchange())], {"share_out"}),
        ([Asset(tape, risk=RiskLimits(max_position=1.0))], {"check_risk"}),
        ([Asset(tape, latency=ConstantLatency(position_ns=1))], {"tell_position", "hear_positions"}),
    ):
        bot = Bot([plain, *others])
        assert expected == {name for name in RARE_ENTRIES if bot._run[f"f_{name}"] != 0}
        bot.close()
