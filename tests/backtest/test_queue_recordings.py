"""Queue models on real order-by-order recordings: the numbers that docs/queue-models.md shows."""

import pytest

from tests.support.shared import shared_data
from truefill.backtest import (
    EvidenceQueue,
    LogProbQueue2,
    OrderStream,
    PowerProbQueue3,
    RiskAverseQueue,
    score_queue,
)
from truefill.tape import build_tape
from truefill.vendors import all_events, read_databento, read_lobster

pytestmark = [pytest.mark.needs_shared, pytest.mark.compiled_only]
AAPL = "l3/lobster/AAPL_2012-06-21_34200000_57600000_message_10_first999.csv.gz"
ESH4 = "l3/cme/esh4-glbx-mdp3-20231225.mbo.csv.gz"
OPEN = 1_703_545_260_000_000_000  # a minute after the start of continuous trading


def test_lobster() -> None:
    """Hidden executions among them; models that expect cancellations behind are right to the nanosecond."""
    stream = OrderStream(all_events(read_lobster(shared_data(AAPL))), 0.01, 1.0)
    tape = build_tape(stream.level_events(), symbol="AAPL.NASDAQ", tick_size="0.01", lot_size="1")
    probes = stream.probes(100_000_000, 10_000_000_000, (0, 1, 2))
    scores = {
        type(m): score_queue(tape, probes, m) for m in (RiskAverseQueue(), EvidenceQueue(), LogProbQueue2())
    }
    best = scores[RiskAverseQueue]
    assert (best.probes, best.fills, best.predicted_fills, best.found) == (2_826, 1_313, 1_313, 1.0)
    assert best.loss == 0.0
    assert scores[EvidenceQueue].loss == pytest.approx(0.0, abs=5e-4)
    assert scores[LogProbQueue2].predicted_fills == 1_339
    assert scores[LogProbQueue2].loss == pytest.approx(0.093, abs=5e-4)


def test_cme() -> None:
    """CME's own fills of both sides of a trade; the order of the models is that of the page."""
    stream = OrderStream(all_events(read_databento(shared_data(ESH4))), 0.25, 1.0)
    tape = build_tape(stream.level_events(), symbol="ESH4.CME", tick_size="0.25", lot_size="1")
    probes = stream.probes(2_000_000_000, 60_000_000_000, (0, 1, 2), start_ts=OPEN)
    models = PowerProbQueue3(6.5), RiskAverseQueue(), LogProbQueue2()
    calibrated, pessimist, default = (score_queue(tape, probes, m) for m in models)
    assert (calibrated.probes, calibrated.fills) == (10_620, 3_743)
    assert calibrated.loss == pytest.approx(0.167, abs=1e-3)
    assert pessimist.loss == pytest.approx(0.190, abs=1e-3)
    assert default.loss == pytest.approx(0.264, abs=1e-3)
