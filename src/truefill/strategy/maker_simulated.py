"""Runs `maker_bot`'s strategy in the simulator: the third fill rule beside the two of `quote_replay`."""

from truefill.backtest import Asset, Bot, ConstantLatency, LinearContract, Result, TradingValueFees
from truefill.backtest.run import run_here
from truefill.core.errors import ConfigError
from truefill.core.jit import compile_user
from truefill.strategy.maker_bot import MakerParams, quote_strategy
from truefill.tape import Tape


def simulate_maker(
    tape: Tape, params: MakerParams, latency: float, currency: str, *, compiled: bool = True
) -> tuple[Result, float]:
    """Trade the quotes with latency (one way and back) and a place in the queue.

    Parameters
    ----------
    tape : Tape
    params : MakerParams
        Of the tape's own tick and lot.
    latency : float
        s, each way.
    currency : str
        Of the money.
    compiled : bool
        False: plain Python, for debugging.

    Returns
    -------
    tuple of (Result, float)
        And the profit: the position closed across the spread at the end, as a taker.
    """
    s = params.numbers
    if abs(s.tick_size / tape.tick_size - 1.0) > 1e-9:
        raise ConfigError(
            "quotes on the tape's tick", f"{s.tick_size:g}, {tape.tick_size:g}", "simulate_maker"
        )
    delay = round(latency * 1e9)
    asset = Asset(
        tape,
        latency=ConstantLatency(delay, delay),
        fees=TradingValueFees(s.maker_fee, s.taker_fee),
        contract=LinearContract(currency=currency),
    )
    bot = Bot([asset])
    result = run_here(bot, compile_user(quote_strategy) if compiled else quote_strategy, params)
    state = result.states[0]
    profit = float(state["balance"] - state["fee"])
    held = float(state["position"])
    depth = bot.depth(0)
    best = depth.best_bid if held > 0.0 else depth.best_ask
    if held != 0.0 and best == best:
        profit += held * best - (s.taker_fee * abs(held) * best if s.close else 0.0)
    return result, profit
