"""Every queue model can be chosen in RUN.toml, with its parameters."""

import pytest

from truefill import backtest
from truefill.backtest.models.queue import QUEUES
from truefill.cli.assets import _queue
from truefill.cli.config import QueueSettings

CHOICES = [
    ({"model": "risk_averse"}, backtest.RiskAverseQueue()),
    ({"model": "log"}, backtest.LogProbQueue()),
    ({"model": "log2"}, backtest.LogProbQueue2()),
    ({"model": "power", "n": 0.5}, backtest.PowerProbQueue(0.5)),
    ({"model": "power2", "n": 0.5}, backtest.PowerProbQueue2(0.5)),
    ({"model": "power3", "n": 2}, backtest.PowerProbQueue3(2.0)),
    ({"model": "evidence", "n": 2.0}, backtest.EvidenceQueue(2.0)),
    ({"model": "evidence", "n": 2.0, "late": "1ms"}, backtest.EvidenceQueue(2.0, 1_000_000)),
]


@pytest.mark.parametrize(("table", "model"), CHOICES, ids=str)
def test_a_table_gives_its_model(table, model) -> None:
    assert _queue(QueueSettings.model_validate(table)) == model


def test_no_model_is_left_out() -> None:
    """Apart from those that are functions of the user's, or what "auto" means on single orders."""
    chosen = {type(model) for _, model in CHOICES}
    assert {kind.__name__ for kind in set(QUEUES) - chosen} <= {"UserQueue", "L3FifoQueue"}
