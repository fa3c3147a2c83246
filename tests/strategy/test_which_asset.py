"""With several assets every record says which one it is of, compiled, interpreted and to a class."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from truefill.backtest import Bot
from truefill.strategy import Callbacks, Strategy, new_state, run_events


def on_trade(bot: Any, state: Any, trade: Any) -> None:
    state.volume[trade.asset] += trade.qty
    state.trades[trade.asset] += 1


def on_timer(bot: Any, state: Any, timer: Any) -> None:
    """The same id on both assets, with quantities of their own."""
    state.sent += 1
    for asset in range(bot.num_assets):
        depth = bot.depth(asset)
        bot.submit_buy_order(asset, state.sent, depth.best_ask, (1 + asset) * depth.lot_size)


def on_filled_order(bot: Any, state: Any, order: Any) -> None:
    state.bought[order.asset] += order.filled_qty


def on_fill(bot: Any, state: Any, fill: Any) -> None:
    state.filled[fill.asset] += fill.qty


FUNCTIONS = {f.__name__: f for f in (on_trade, on_timer, on_filled_order, on_fill)}


class Counts(Strategy):
    """The same as methods; keeps the trades themselves."""

    timers = ("100ms",)

    def on_start(self) -> None:
        self.state = make_state()
        self.kept: list[Any] = []

    def on_trade(self, trade: Any) -> None:
        self.kept.append(trade)
        on_trade(self.bot, self.state, trade)

    def on_timer(self, timer: Any) -> None:
        on_timer(self.bot, self.state, timer)

    def on_filled_order(self, order: Any) -> None:
        on_filled_order(self.bot, self.state, order)

    def on_fill(self, fill: Any) -> None:
        on_fill(self.bot, self.state, fill)


def make_state() -> Any:
    zeros = np.zeros(2)
    return new_state(volume=zeros, trades=np.zeros(2, np.int64), bought=zeros, filled=zeros, sent=0)


@pytest.mark.parametrize("style", ["compiled", "interpreted", "class"])
def test_trades_and_orders_name_their_asset(make_bot: Callable[..., Bot], style: str) -> None:
    """Sums by asset are those of each asset's tape and of its own fills."""
    bot = make_bot(2)
    if style == "class":
        counts = Counts()
        result = run_events(bot, counts)
        state = counts.state
    else:
        state = make_state()
        result = run_events(
            bot, Callbacks(**FUNCTIONS, timers=["100ms"]), state, compiled=style == "compiled"
        )
    traded = [asset.tape.trades["qty"] for asset in bot.assets]
    filled = [result.fills["qty"][result.fills["asset"] == k].sum() for k in (0, 1)]

    assert result.error is None
    assert [len(qty) for qty in traded] == state.trades.tolist()
    assert [qty.sum() for qty in traded] == pytest.approx(state.volume.tolist())
    assert state.filled.tolist() == pytest.approx(filled)
    assert 0.0 < state.bought[0] < state.bought[1]
    assert state.bought.tolist() == pytest.approx(state.filled.tolist())
    if style == "class":
        for k in (0, 1):
            kept = [trade.px for trade in counts.kept if trade.asset == k]
            assert bot.assets[k].tape.trades["px"].tolist() == kept
