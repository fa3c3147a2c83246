"""Strategies as functions over (bot, state, event), compiled or not, and the state that they share."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from truefill.core.errors import StrategyError, shown
from truefill.strategy.events import CALLBACKS, LONELY, ORDER_CALLBACKS
from truefill.strategy.plan import Plan, checked_series, checked_timers, event_wants, market_wants


class Callbacks:
    """A strategy of functions.

    Parameters
    ----------
    klines : sequence
        Series of bars for `on_kline`: TimeBars, TradeBars, VolumeBars, or an interval such as ``"1m"``.
    timers : sequence
        For `on_timer`: Timer, or an interval such as ``"100ms"``.
    l1_quantities : bool
        Whether `on_bookl1` is called when only a quantity at the best prices changed.
    **functions : callable
        By the names of callbacks: ``on_trade(bot, state, trade)`` and so on; `on_start` and `on_stop` take
        ``(bot, state)``. Plain functions, or decorated with ``njit``.

    Raises
    ------
    StrategyError
        A name that is no callback, a function that does not take these arguments, no function at all,
        `klines` without `on_kline` or the other way round, and so for `timers`.
    """

    def __init__(
        self,
        *,
        klines: Sequence[Any] = (),
        timers: Sequence[Any] = (),
        l1_quantities: bool = True,
        **functions: Callable[..., Any],
    ) -> None:
        self.functions = {name: checked_callback(name, given) for name, given in functions.items()}
        self.klines = checked_series(klines)
        self.timers = checked_timers(timers)
        self.l1_quantities = l1_quantities
        if not self.functions:
            raise StrategyError(f"at least one of {', '.join(CALLBACKS)}", "none")
        check_pairs(self.functions, bool(self.klines), bool(self.timers))

    @classmethod
    def of_module(cls, module: Any) -> "Callbacks":
        """Take the callbacks of a module by their names; with its `klines`, `timers` and `l1_quantities`."""
        names = vars(module)
        given = {name: names[name] for name in (*CALLBACKS, "klines", "timers") if name in names}
        return cls(l1_quantities=names.get("l1_quantities", True), **given)

    def plan(self, assets: int, feeds: int = 0) -> Plan:
        """Say what it wants to hear of a bot with so many assets and stand-alone feeds."""
        wants, hears = market_wants(self.functions, assets), event_wants(self.functions, assets + feeds)
        orders = any(name in self.functions for name in ORDER_CALLBACKS)
        return Plan(wants, hears, self.l1_quantities, list(self.klines), list(self.timers), orders)


def checked_callback(name: str, given: Any) -> Callable[..., Any]:
    """Plain Python of a callback, or StrategyError."""
    if name not in CALLBACKS:
        raise StrategyError(f"one of {', '.join(CALLBACKS)}", name)
    wanted = f"{name}(bot, state)" if name in LONELY else f"{name}(bot, state, event)"
    function = getattr(given, "py_func", given)
    if not inspect.isfunction(function):
        raise StrategyError(f"a function {wanted}", shown(given))
    try:
        inspect.signature(function).bind(*wanted.split(","))
    except TypeError:
        raise StrategyError(f"a function {wanted}", f"{name}{inspect.signature(function)}") from None
    return function


def check_pairs(callbacks: Mapping[str, Any], klines: bool, timers: bool) -> None:
    """Refuse bars or timers that nobody hears of, and callbacks that are never called."""
    for name, needed, there in (
        ("on_kline", "series of bars: klines=[TimeBars('1m')]", klines),
        ("on_timer", "timers: timers=[Timer('1s')]", timers),
    ):
        if name in callbacks and not there:
            raise StrategyError(f"{needed} for {name}", "none")
        if there and name not in callbacks:
            raise StrategyError(f"a function {name} for what was subscribed to", "none")


def new_state(**values: Any) -> Any:
    """Make a record of named values that callbacks read and write as attributes, compiled and interpreted.

    Parameters
    ----------
    **values
        Numbers, truth values, arrays of them, or dtypes of records (which begin as zeros).

    Returns
    -------
    np.record
        ``state.count += 1``; an array stays an array: ``state.window[0]``.

    Raises
    ------
    StrategyError
        No value, one of another kind, or a name that NumPy's records have for themselves (``sum``, ``size``):
        interpreted, that would be read instead.
    """
    fields: list[tuple[str, np.dtype, tuple[int, ...]]] = []
    content = {}
    for name, value in values.items():
        if hasattr(np.record, name):
            raise StrategyError("another name in a state, NumPy's records have this one", repr(name))
        if isinstance(value, np.dtype):
            fields.append((name, value, ()))
            continue
        array = np.asarray(value)
        if array.dtype.kind not in "biufV" or array.dtype.hasobject:
            raise StrategyError(
                "numbers, truth values or arrays of them in a state", f"{name}={shown(value)}"
            )
        fields.append((name, array.dtype, array.shape))
        content[name] = array
    if not fields:
        raise StrategyError("at least one value in a state", "none")
    table = np.zeros(1, np.dtype(fields, align=True)).view(np.recarray)
    for name, array in content.items():
        table[0][name] = array
    return table[0]
