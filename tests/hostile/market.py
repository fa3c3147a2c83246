"""A second of a made market, as events and as a tape."""

import functools
from typing import Any

import numpy as np

from truefill.backtest import Asset, Bot
from truefill.synthetic import make_market
from truefill.tape import Tape, build_tape


@functools.cache
def events() -> Any:
    """EVENT records."""
    made = make_market(2, seed=3)
    return made if isinstance(made, np.ndarray) else np.concatenate(list(made))


@functools.cache
def tape() -> Tape:
    """The same as a tape."""
    return build_tape(events(), symbol="HOSTILE.TEST")


def new_bot(moved: int = 10**8) -> Bot:
    """A bot that has moved on a little and has an order resting."""
    bot = Bot([Asset(tape(), max_orders=64)])
    bot.elapse(moved)
    bot.submit_buy_order(0, 1, bot.depth(0).best_bid, bot.depth(0).lot_size)
    return bot
