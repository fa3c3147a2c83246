"""A recorded market as an environment of Gymnasium, for reinforcement learning: quote, wait, be rewarded.

Needs the extra: ``pip install truefill[gym]``. Everything that a run is (latency, queue, fees) is the
Asset's; here is only what an agent sees, does and is rewarded for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.backtest import Asset, Bot
from truefill.core.errors import ConfigError, shown
from truefill.core.gate import real, whole
from truefill.core.records import BUY_SIDE, GTX, OK, SELL_SIDE
from truefill.strategy.observation import View


def _gymnasium() -> Any:
    try:
        import gymnasium
    except ImportError as error:
        raise ConfigError(
            "Gymnasium: pip install truefill[gym]", f"{type(error).__name__}: {error}"
        ) from error
    return gymnasium


_gym = _gymnasium()


@dataclass(frozen=True)
class Step:
    """What a reward may be made of: the state before and after a step.

    Attributes
    ----------
    equity_before, equity : float
        In the asset's currency, after fees, the position at the mid.
    position_before, position : float
        In units.
    mid : float
        Mean of the best prices at the end of the step, the last one known.
    """

    equity_before: float
    equity: float
    position_before: float
    position: float
    mid: float


class MarketMakingEnv(_gym.Env):  # type: ignore[misc, name-defined]
    """Quote a bid and an ask in a recorded market.

    A step: the quotes are set as the action says (an order that is right already stays, and keeps its place
    in the queue), `step_ns` pass, and what came of it is rewarded.

    Parameters
    ----------
    asset : Asset or callable
        The market and its models, or a function without arguments that makes it: for vector environments
        with processes, where each makes its own.
    step_ns : int
        Time of a step, ns.
    levels : int
        Levels of the book that are seen, a side.
    max_position : float, optional
        In units: beyond it no order is sent that would take it further. Default 100 lots.
    quantity : float, optional
        The largest quantity of an order, in units. Default 10 lots.
    max_offset : int
        How far from the touch an order may be, ticks.
    actions : str
        ``"box"``: offsets and sizes, each a number from -1 to 1. ``"grid"``: for each side 0 no order, or
        1 + the offset in ticks, of the whole `quantity`.
    inventory_penalty : float
        Taken from each reward, times the size of the position in units.
    reward : callable, optional
        ``reward(step: Step) -> float`` in place of the change of equity minus the penalty.
    window_ns : int, optional
        An episode is so much of the tape, from a random moment on; by default all of it.
    max_loss : float, optional
        An episode is terminated when the equity has fallen by so much, in the asset's currency.

    Attributes
    ----------
    observation_space : gymnasium.spaces.Box
        float32, in this order: of each bid level the distance from the mid in ticks and the logarithm of 1 +
        its lots; the same of asks; imbalance of these levels (-1 to 1); spread in ticks; position over
        `max_position`; distance of the own bid and ask from the mid in ticks (0 without one); lots that
        they still have, as logarithms; share of the episode that has passed.
    action_space : gymnasium.spaces.Box or MultiDiscrete
        As `actions` says. Box: offset of bid and ask (-1 the touch, 1 `max_offset`), size of bid and ask
        (-1 no order, 1 `quantity`).

    Notes
    -----
    The same seed and the same actions give the same episode. Each `reset` makes a fresh Bot over the one
    tape; the end of window or tape truncates. Fees in another currency than the contract's are left out
    of the equity.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium reads it as a dict of the class

    def __init__(
        self,
        asset: Asset | Callable[[], Asset],
        *,
        step_ns: int = 100_000_000,
        levels: int = 5,
        max_position: float | None = None,
        quantity: float | None = None,
        max_offset: int = 10,
        actions: str = "box",
        inventory_penalty: float = 0.0,
        reward: Callable[[Step], float] | None = None,
        window_ns: int | None = None,
        max_loss: float | None = None,
    ) -> None:
        where = "MarketMakingEnv"
        self.asset = asset if isinstance(asset, Asset) else asset() if callable(asset) else asset
        if not isinstance(self.asset, Asset):
            raise ConfigError("an Asset, or a function that makes one", shown(asset), where)
        self._bot = Bot([self.asset])
        depth = self._bot.depth(0)
        self._tick, self._lot = depth.tick_size, depth.lot_size
        self.step_ns = whole(step_ns, "step_ns from 1", 1, 2**62, ConfigError, where)
        self.levels = whole(levels, "levels from 1 to 1000", 1, 1000, ConfigError, where)
        self.max_offset = whole(max_offset, "max_offset from 0 ticks", 0, 10**6, ConfigError, where)
        self.max_position = _positive(max_position, 100 * self._lot, "max_position")
        self.quantity = _positive(quantity, 10 * self._lot, "quantity")
        self.inventory_penalty = real(inventory_penalty, "a number as inventory_penalty", ConfigError)
        self.max_loss = math.inf if max_loss is None else _positive(max_loss, 0.0, "max_loss")
        self.reward = reward
        span = self._bot.end_timestamp - self._bot.start_timestamp
        self.window_ns = (
            span
            if window_ns is None
            else whole(
                window_ns,
                f"window_ns from step_ns to the tape's {span}",
                self.step_ns,
                span,
                ConfigError,
                where,
            )
        )
        if actions not in ("box", "grid"):
            raise ConfigError("actions 'box' or 'grid'", shown(actions), where)
        self.actions = actions
        self._lots = max(round(self.quantity / self._lot), 1)
        self.action_space = self._action_space()
        self._view = View(self.levels, self._tick, self._lot, self.max_position)
        self.observation_space = _gym.spaces.Box(self._view.low, self._view.high, dtype=np.float32)
        self._begin(self._bot, 0, 0)

    def _action_space(self) -> Any:
        if self.actions == "grid":
            return _gym.spaces.MultiDiscrete([self.max_offset + 2, self.max_offset + 2])
        return _gym.spaces.Box(-1.0, 1.0, (4,), np.float32)

    def _begin(self, bot: Bot, start: int, end: int) -> None:
        self._bot, self._start, self._end = bot, start, end
        self._next_id = 1
        self._mid = math.nan
        self._wanted = {BUY_SIDE: 0, SELL_SIDE: 0}  # ids of the quotes
        self._over = False

    # -- Gymnasium's face ------------------------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin an episode on a fresh bot.

        Parameters
        ----------
        seed : int, optional
            Of the random moments at which windows begin.
        options : dict, optional
            ``{"start": ns}``: begin there, UTC ns.
        """
        super().reset(seed=seed)
        bot = Bot([self.asset])
        first, last = bot.start_timestamp, bot.end_timestamp - self.window_ns
        start = (options or {}).get("start")
        if start is None:
            start = int(self.np_random.integers(first, last + 1)) if last > first else first
        else:
            start = whole(start, f"a start from {first} to {last}", first, last, ConfigError, "reset")
        self._begin(bot, start, start + self.window_ns)
        bot.elapse(max(start - bot.current_timestamp, 0))
        while not math.isfinite(self._read_mid()) and bot.elapse(self.step_ns) == OK:
            pass  # a book that is not there yet: nothing could be quoted
        self._first_equity = self._equity = self._value()
        return self._observe(), self._info()

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Quote, let `step_ns` pass, and see; observation, reward, terminated, truncated, info."""
        if self._over or self._end == 0:
            raise ConfigError("reset() before step()", "an episode that is over, or none", "MarketMakingEnv")
        bot = self._bot
        bot.clear_inactive_orders(0)
        for side, offset, lots in self._quotes(action):
            self._quote(side, offset, lots)
        position = float(bot.position(0))
        code = bot.elapse(self.step_ns)
        self._read_mid()
        before, self._equity = self._equity, self._value()
        step = Step(before, self._equity, position, float(bot.position(0)), self._mid)
        if self.reward is not None:
            reward = float(self.reward(step))
        else:
            reward = step.equity - step.equity_before - self.inventory_penalty * abs(step.position)
        terminated = self._first_equity - self._equity >= self.max_loss
        truncated = not terminated and (code != OK or bot.current_timestamp + self.step_ns > self._end)
        self._over = terminated or truncated
        return self._observe(), reward, terminated, truncated, self._info()

    # -- actions ---------------------------------------------------------------------------------------------

    def _quotes(self, action: Any) -> list[tuple[int, int, int]]:
        """Side, offset in ticks and lots (0: no order) of both quotes."""
        if not self.action_space.contains(action):
            raise ConfigError(f"an action of {self.action_space}", shown(action), "MarketMakingEnv.step")
        if self.actions == "grid":
            bid, ask = int(action[0]), int(action[1])
            return [
                (BUY_SIDE, max(bid - 1, 0), self._lots if bid else 0),
                (SELL_SIDE, max(ask - 1, 0), self._lots if ask else 0),
            ]
        share = (np.asarray(action, np.float64) + 1.0) / 2.0
        offsets = [round(float(x) * self.max_offset) for x in share[:2]]
        lots = [round(float(x) * self._lots) for x in share[2:]]
        return [(BUY_SIDE, offsets[0], lots[0]), (SELL_SIDE, offsets[1], lots[1])]

    def _quote(self, side: int, offset: int, lots: int) -> None:
        """Let one order of a side stand where it is wanted."""
        bot = self._bot
        depth, orders = bot.depth(0), bot.orders(0)
        if not depth.best_bid < depth.best_ask:
            return
        tick = depth.best_bid_tick - offset if side == BUY_SIDE else depth.best_ask_tick + offset
        if tick <= 0 or bot.position(0) * side >= self.max_position:
            lots = 0
        if self._wanted[side] in orders:
            order = orders.get(self._wanted[side])
            if lots and order.price_tick == tick and round(order.leaves_qty / self._lot) == lots:
                return
            if order.cancellable:
                bot.cancel(0, order.order_id)
            elif lots:
                return  # its answer is still on the way: not a second one meanwhile
        if lots:
            order_id, self._next_id = self._next_id, self._next_id + 1
            code = bot.submit_order(0, order_id, side, tick * self._tick, lots * self._lot, GTX)
            self._wanted[side] = order_id if code == OK else 0

    # -- what is seen ----------------------------------------------------------------------------------------

    def _read_mid(self) -> float:
        """Mean of the best prices; the last one that was known while a side is empty."""
        depth = self._bot.depth(0)
        mid = (depth.best_bid + depth.best_ask) / 2.0
        self._mid = mid if math.isfinite(mid) else self._mid
        return self._mid

    def _value(self) -> float:
        state = self._bot.state_values(0)
        price = self._mid if math.isfinite(self._mid) else 0.0
        fee = float(state.fee) if self.asset.fees_in == self.asset.currency else 0.0
        return float(self.asset.contract.equity(float(state.balance), float(state.position), price, fee))

    def _observe(self) -> np.ndarray:
        share = (self._bot.current_timestamp - self._start) / max(self.window_ns, 1)
        return self._view.of(self._bot, self._mid, self._wanted, share)

    def _info(self) -> dict[str, Any]:
        state = self._bot.state_values(0)
        return {
            "timestamp": self._bot.current_timestamp,
            "equity": self._equity,
            "mid": self._mid,
            "position": float(state.position),
            "fee": float(state.fee),
            "num_trades": int(state.num_trades),
        }


def _positive(given: float | None, default: float, name: str) -> float:
    value = default if given is None else real(given, f"a number above 0 as {name}", ConfigError)
    if not value > 0.0:
        raise ConfigError(f"a number above 0 as {name}", value, "MarketMakingEnv")
    return value
