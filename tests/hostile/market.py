"""A second of a made market, as events and as a tape."""

import functools
from typing import Any

import numpy as np

from truefill.backtest import Account, Asset, Bot, CrossMargin, Feed, LinearContract
from truefill.core.events import EVENT, MARK_PRICE
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


@functools.cache
def feed() -> Feed:
    """Mark prices all the time, on no tape."""
    times = np.arange(events()["local_ts"].min(), events()["local_ts"].max(), 10**7)
    rows = np.zeros(len(times), EVENT)
    rows["ev"], rows["exch_ts"], rows["local_ts"] = MARK_PRICE, times - 1000, times
    rows["px"] = np.arange(1, len(times) + 1)
    return Feed(rows)


def new_bot(moved: int = 10**8, furnished: bool = False) -> Bot:
    """A bot that has moved on a little and has an order resting.

    `furnished`: with a feed, an account and places in queues, too.
    """
    asset = Asset(tape(), max_orders=64, contract=LinearContract(currency="USDT"))
    if furnished:
        account = Account({"USDT": 1e9}, margin=CrossMargin(leverage=2.0))
        bot = Bot([asset], feeds=[feed()], accounts=account, track_queues=True)
    else:
        bot = Bot([asset])
    bot.elapse(moved)
    bot.submit_buy_order(0, 1, bot.depth(0).best_bid, bot.depth(0).lot_size)
    return bot
