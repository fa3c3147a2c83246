"""The error of a user's model that ended a run: which model, when, with which arguments, on which line.

Compiled code only says that a model failed and keeps what it was called with. Here it is called again, as
plain Python, with the same arguments; what it raises becomes the error's cause, with the user's own line.
"""

import linecache
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from truefill.backtest.bot import Bot
from truefill.backtest.models.exchanges import UserExchange
from truefill.backtest.models.fees import UserFees
from truefill.backtest.models.latency import UserLatency
from truefill.backtest.models.queue import UserQueue
from truefill.backtest.models.risk import UserRisk
from truefill.backtest.records import MODEL_NAMES, RESTING, resting_at
from truefill.core.errors import ModelError

_QUEUE_NUMBERS = ("front", "traded", "extra0", "extra1")


def model_error(bot: Bot) -> ModelError | None:
    """The error of a user's model that ended the run, with the model's own as its cause."""
    record = bot._run
    if record["error"] == 0:
        return None
    number = int(record["error_asset"])
    name = MODEL_NAMES.get(int(record["error_model"]), "engine")
    when = int(record["error_ts"])
    where = (
        f"the {name} model of asset {number} ({bot.assets[number].tape.symbol}) "
        f"failed at {np.datetime64(when, 'ns')} ({when} ns): "
    )
    found = _called(bot, name, number)
    if found is None:
        return ModelError(f"{where}expected a finite number from it")
    function, arguments, told = found
    cause: Exception | None = None
    try:
        function(*arguments)
    except Exception as raised:
        cause = raised
    what = "expected a finite number from it" if cause is None else f"{type(cause).__name__}: {cause}"
    error = ModelError(f"{where}{what}{_line(cause, function)}; called with {told}")
    error.__cause__ = cause
    return error


def _called(bot: Bot, name: str, number: int) -> tuple[Callable[..., Any], tuple[Any, ...], str] | None:
    """The user's function, its arguments again, and those in words."""
    record, asset, row = bot._run, bot.assets[number], bot._table[number]
    x = [float(record[f"error_x{i}"]) for i in range(4)]
    when, call = int(record["error_ts"]), int(record["error_call"])
    model: Any
    function: Callable[..., Any]
    if name == "latency" and isinstance(model := asset.latency, UserLatency):
        named: dict[str, Any] = {"kind": int(x[0]), "timestamp": when}
        function = model.function
    elif name == "fee" and isinstance(model := asset.fees, UserFees):
        named = {"maker": call, "side": int(x[0]), "price": x[1], "qty": x[2], "value": x[3]}
        function = model.function
    elif name == "queue" and isinstance(model := asset.queue, UserQueue):
        slot = int(record["error_slot"])
        order = resting_at(row["resting_addr"], row["resting_room"])[slot : slot + 1].copy()[0]
        functions = (model.new_order, model.trade, model.depth, model.through, model.best)
        function = functions[call]  # type: ignore[assignment]
        names = (("level_qty",), ("qty",), ("previous", "new"), ("qty",), ("bid_tick", "ask_tick"))[call]
        named = {"order": order, **dict(zip(names, x, strict=False))}
    elif name == "exchange" and isinstance(model := asset.exchange, UserExchange):
        named = {"chance": bot._bindings[number].fill_chance.copy()[0]}
        function = (model.trade, model.cross)[call]
    elif name == "risk" and isinstance(model := asset.risk, UserRisk):
        named = {"request": bot._bindings[number].risk_request.copy()[0]}
        function = model.function
    else:
        return None
    params = np.array(model.params, np.float64)
    told = ", ".join(f"{key}={_told(value)}" for key, value in {**named, "params": params.tolist()}.items())
    return getattr(function, "py_func", function), (*named.values(), params), told


def _told(value: Any) -> str:
    """A value in words; of a record its fields, of an order those that a queue model keeps."""
    if not isinstance(value, np.void):
        return str(value)
    names = _QUEUE_NUMBERS if value.dtype == RESTING else value.dtype.names or ()
    return "(" + ", ".join(f"{name}={value[name].item()}" for name in names) + ")"


def _line(error: BaseException | None, function: Callable[..., Any]) -> str:
    """Where the user's code was when it raised: file, line and its text."""
    if error is None:
        code = function.__code__
        return f" ({code.co_filename}:{code.co_firstlineno}: {code.co_name})"
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) < 2:  # it was not even called
        return ""
    last = frames[-1]
    text = linecache.getline(last.filename, last.lineno or 0).strip()
    return f" ({last.filename}:{last.lineno}: {text or last.name})"
