"""What the probability models differ in: the chance that a cancellation was behind an order."""

import math

from truefill.backtest.records import EVIDENCE, LOG, LOG_2, POWER_2, POWER_3
from truefill.core.jit import helper


@helper
def probability_behind(a, front, behind):
    """Chance that a decrease was behind the order; front and behind in lots, not negative."""
    if front + behind <= 0.0:
        return 1.0
    model = a["queue_model"]
    if model == LOG or model == LOG_2:
        lot = a["lot_size"]
        weight = math.log(1.0 + behind * lot)
        if model == LOG:
            whole = weight + math.log(1.0 + front * lot)
        else:
            whole = math.log(1.0 + (behind + front) * lot)
        return weight / whole if whole > 0.0 else 1.0
    n = a["queue_n"]
    if model == POWER_2:
        return (behind / (behind + front)) ** n
    if model == POWER_3 or model == EVIDENCE:
        return 1.0 - (front / (behind + front)) ** n
    weight = behind**n
    total = weight + front**n
    # the powers overflow only where one side is everything
    if not math.isfinite(total):
        return 1.0 if behind >= front else 0.0
    return weight / total if total > 0.0 else 1.0
