"""The formulas of the queue models, one by one, on numbers that can be checked by hand."""

import math

import pytest

from tests.differential.market import Market
from truefill.backtest import (
    LogProbQueue,
    LogProbQueue2,
    NoPartialFillExchange,
    PowerProbQueue,
    PowerProbQueue2,
    PowerProbQueue3,
    RiskAverseQueue,
)
from truefill.core.errors import ConfigError
from truefill.core.records import FILLED, GTC, LIMIT

# 12 in front, then 4 join behind, then 8 of the 16 are cancelled: the share of them that was behind
SHARES = [
    (RiskAverseQueue(), 0.5),  # 4 of 8: no more than what is behind
    (LogProbQueue(), math.log(5) / (math.log(5) + math.log(13))),
    (LogProbQueue2(), math.log(5) / math.log(17)),
    (PowerProbQueue(2.0), 16 / (16 + 144)),
    (PowerProbQueue2(2.0), (4 / 16) ** 2),
    (PowerProbQueue3(2.0), 1 - (12 / 16) ** 2),
    (PowerProbQueue3(1.0), 4 / 16),
]


@pytest.mark.parametrize(("queue", "behind"), SHARES, ids=repr)
def test_a_cancellation_is_split_by_the_formula(queue, behind) -> None:
    """The order fills with the very lot that the formula says, and with none before."""
    front = 12 - 8 * (1 - behind)
    front = min(front + min(4 - 8 * behind, 0), 8)
    market = Market().bid(100, 12).ask(102, 5).bid(100, 16).bid(100, 8)
    needed = math.ceil(
        front + 0.5
    )  # an order fills when half a lot of the trades or more is beyond its front
    for _ in range(needed):
        market.sells(100, 1)
    bot = market.quiet().bot(queue=queue, exchange=NoPartialFillExchange())
    bot.elapse(150)
    bot.submit_buy_order(0, 1, 50.0, 1.0, GTC, LIMIT, False)
    bot.elapse(150)
    bot.elapse(100 * (needed - 1))
    assert len(bot.fills(0)) == 0
    bot.elapse(100)
    assert bot.orders(0).get(1).status == FILLED


@pytest.mark.parametrize("model", [PowerProbQueue, PowerProbQueue2, PowerProbQueue3])
@pytest.mark.parametrize("n", [0.0, -1.0, math.nan, math.inf])
def test_an_exponent_has_to_be_a_positive_number(model, n) -> None:
    with pytest.raises(ConfigError, match=f"{model.__name__}.n"):
        model(n)
