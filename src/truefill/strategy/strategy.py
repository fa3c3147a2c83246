"""Strategies as classes with methods: plain Python, for what need not be compiled.

The names are NexusTrader's. A class knows a bot by its face, and nothing of the world that the bot is in.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from truefill.core.errors import StrategyError, shown
from truefill.core.gate import whole
from truefill.core.records import BUY_SIDE, GTC, LIMIT, NEW, NONE, PARTIALLY_FILLED, SELL_SIDE
from truefill.strategy.callback_methods import CallbackMethods
from truefill.strategy.callbacks import check_pairs
from truefill.strategy.events import (
    CALLBACKS,
    EVENT_CALLBACKS,
    LONELY,
    MARKET_CALLBACKS,
    NEVER,
    ORDER_CALLBACKS,
)
from truefill.strategy.klines import TimeBars
from truefill.strategy.loop import Work
from truefill.strategy.plan import Plan, Timer, checked_series, checked_timers, event_wants, market_wants

_SPARE_TIMERS = 64
_OPEN = (NONE, NEW, PARTIALLY_FILLED)
# Events that the loop writes anew each time; a method gets a copy, which it may keep.
_COPIED = ("on_kline", "on_trade", "on_bookl1", "on_bookl2", *EVENT_CALLBACKS)


class Strategy(CallbackMethods):
    """A strategy of methods; derive from it and write the callbacks that you need.

    ``self.bot`` is the bot. What is overridden is subscribed to, for all assets; `subscribe_trade` and its
    like, called in `on_start`, narrow that to the assets they name.

    Attributes
    ----------
    klines : sequence
        Series of bars for `on_kline`, as in `Callbacks`; more with `subscribe_kline`.
    timers : sequence
        For `on_timer`, as in `Callbacks`; more with `set_timer`.
    l1_quantities : bool
        Whether `on_bookl1` is called when only a quantity at the best prices changed.
    """

    klines: ClassVar[Sequence[Any]] = ()
    timers: ClassVar[Sequence[Any]] = ()
    l1_quantities: bool = True

    bot: Any
    _more_klines: list[Any]
    _more_timers: list[Timer]
    _named: dict[str, set[int]]
    _work: Work | None = None
    _last_id: int = 0

    # -- subscriptions, in `on_start` ----------------------------------------------------------------------

    def subscribe_trade(self, *assets: int) -> None:
        """Call `on_trade` for these assets only."""
        self._narrow("on_trade", assets)

    def subscribe_bookl1(self, *assets: int) -> None:
        """Call `on_bookl1` for these assets only."""
        self._narrow("on_bookl1", assets)

    def subscribe_bookl2(self, *assets: int) -> None:
        """Call `on_bookl2` for these assets only."""
        self._narrow("on_bookl2", assets)

    def subscribe_index_price(self, *sources: int) -> None:
        """Call `on_index_price` for these assets (from ``num_assets`` on: stand-alone feeds) only."""
        self._narrow("on_index_price", sources)

    def subscribe_mark_price(self, *sources: int) -> None:
        """Call `on_mark_price` for these assets or stand-alone feeds only."""
        self._narrow("on_mark_price", sources)

    def subscribe_funding_rate(self, *sources: int) -> None:
        """Call `on_funding_rate` for these assets or stand-alone feeds only."""
        self._narrow("on_funding_rate", sources)

    def subscribe_event(self, *sources: int) -> None:
        """Call `on_event` for these assets or stand-alone feeds only."""
        self._narrow("on_event", sources)

    def subscribe_kline(self, bars: Any, asset: int = 0) -> None:
        """Call `on_kline` for a series of bars: an interval such as ``"1m"`` of an asset, or any Bars."""
        self._only_at_start("subscribe_kline")
        self._more_klines += checked_series([TimeBars(bars, asset) if isinstance(bars, int | str) else bars])

    def set_timer(self, interval: int | str = 0, first: int | None = None, *, aligned: bool = False) -> int:
        """Set a timer, at any time, as `Timer`. Returns its number, ``timer.number``."""
        timer = Timer(interval, first, aligned)
        work = self._work
        if work is None:
            self._more_timers.append(timer)
            return len(type(self).timers) + len(self._more_timers) - 1
        free = np.flatnonzero(work.timers["next_ts"] == NEVER)
        if len(free) == 0:
            raise StrategyError(f"at most {_SPARE_TIMERS} timers more than at the start", "one more")
        row = work.timers[free[-1]]
        row["interval_ns"], row["next_ts"] = timer.interval_ns, timer.first_after(self.now)
        return int(free[-1])

    def cancel_timer(self, number: int) -> None:
        """Stop a timer."""
        if self._work is not None:
            last = len(self._work.timers) - 1
            row = self._work.timers[whole(number, f"a timer's number to {last}", 0, last, StrategyError)]
            row["next_ts"], row["interval_ns"] = NEVER, 0

    # -- thin names over the bot -----------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Time now, UTC ns."""
        return int(self.bot.current_timestamp)

    def create_order(
        self,
        asset_no: int,
        side: int,
        price: float,
        qty: float,
        time_in_force: int = GTC,
        order_type: int = LIMIT,
        **terms: Any,
    ) -> int:
        """Send an order with an id of its own, as ``bot.submit_order``.

        Returns
        -------
        int
            The order's id, from 1; or, when it did not leave, minus the bot's return code.
        """
        self._last_id += 1
        code = self.bot.submit_order(
            asset_no, self._last_id, side, price, qty, time_in_force, order_type, **terms
        )
        return self._last_id if code <= 1 else -int(code)

    def buy(self, asset_no: int, price: float, qty: float, time_in_force: int = GTC, **terms: Any) -> int:
        """Send a buy order, as `create_order`."""
        return self.create_order(asset_no, BUY_SIDE, price, qty, time_in_force, **terms)

    def sell(self, asset_no: int, price: float, qty: float, time_in_force: int = GTC, **terms: Any) -> int:
        """Send a sell order, as `create_order`."""
        return self.create_order(asset_no, SELL_SIDE, price, qty, time_in_force, **terms)

    def modify_order(self, asset_no: int, order_id: int, price: float, qty: float) -> int:
        """Change an order, as ``bot.modify``."""
        return int(self.bot.modify(asset_no, order_id, price, qty))

    def cancel_order(self, asset_no: int, order_id: int) -> int:
        """Cancel an order, as ``bot.cancel``."""
        return int(self.bot.cancel(asset_no, order_id))

    def cancel_all_orders(self, asset_no: int) -> int:
        """Cancel what can be cancelled; returns how many requests were sent."""
        ids = [order.order_id for order in self.open_orders(asset_no) if order.cancellable]
        return sum(self.bot.cancel(asset_no, order_id) == 0 for order_id in ids)

    def open_orders(self, asset_no: int) -> list[Any]:
        """Own orders in the table that are not finished."""
        return [order for order in self.bot.orders(asset_no) if order.status in _OPEN]

    def position(self, asset_no: int) -> float:
        """Position in units."""
        return float(self.bot.position(asset_no))

    # -- what runs it ------------------------------------------------------------------------------------

    def _only_at_start(self, name: str) -> None:
        if not hasattr(self, "_named") or self._work is not None:
            raise StrategyError(f"{name} in on_start", "a call before or after it")

    def _narrow(self, name: str, assets: Sequence[int]) -> None:
        self._only_at_start(name.replace("on_", "subscribe_"))
        last, wanted = self.bot.num_assets - 1, "an asset number"
        if name in EVENT_CALLBACKS:
            last, wanted = last + self.bot.num_feeds, "a number of an asset or feed"
        numbers = {whole(a, f"{wanted} from 0 to {last}", 0, last, StrategyError) for a in assets}
        self._named.setdefault(name, set()).update(numbers)

    def _start(self, bot: Any) -> None:
        """Take a bot; a strategy may run again, on another one."""
        self.bot = bot
        self._more_klines, self._more_timers, self._named = [], [], {}
        self._work = None
        self._last_id = 0

    def _callbacks(self) -> dict[str, Callable[..., Any]]:
        """What is overridden, as functions over (bot, state, event)."""
        found = {}
        for name in CALLBACKS:
            if getattr(type(self), name) is not getattr(Strategy, name):
                found[name] = _as_function(getattr(self, name), name)
        unknown = [n for n in dir(type(self)) if n.startswith("on_") and n not in CALLBACKS]
        if unknown:
            raise StrategyError(f"callbacks named {', '.join(CALLBACKS)}", unknown[0], type(self).__name__)
        return found

    def _plan(self, callbacks: dict[str, Any]) -> Plan:
        """What it wants to hear, after `on_start`."""
        wants = market_wants(callbacks, self.bot.num_assets)
        hears = event_wants(callbacks, self.bot.num_assets + self.bot.num_feeds)
        for row, name in zip([*wants, *hears], (*MARKET_CALLBACKS, *EVENT_CALLBACKS), strict=True):
            if name in self._named:
                if name not in callbacks:
                    raise StrategyError(f"a method {name} for what was subscribed to", "none")
                row[:] = [k in self._named[name] for k in range(len(row))]
        klines = checked_series(self.klines) + self._more_klines
        timers = checked_timers(self.timers) + self._more_timers
        check_pairs(callbacks, bool(klines), bool(timers) or "on_timer" in callbacks)
        orders = any(name in callbacks for name in ORDER_CALLBACKS)
        return Plan(wants, hears, bool(self.l1_quantities), klines, timers, orders, _SPARE_TIMERS)


def _as_function(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    if name in LONELY:
        return lambda bot, state: method()
    if name in _COPIED or name.endswith("_order"):
        return lambda bot, state, event: method(event.copy())
    return lambda bot, state, event: method(event)


def checked_strategy(given: Any) -> Strategy:
    """A strategy object, or StrategyError."""
    if isinstance(given, type) and issubclass(given, Strategy):
        raise StrategyError("a strategy object", f"the class {given.__name__}: write {given.__name__}()")
    if not isinstance(given, Strategy):
        raise StrategyError("a Strategy object, or Callbacks", shown(given))
    return given
