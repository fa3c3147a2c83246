"""Everything that a bot is made from: models, assets, builders, tapes, runs."""

import random
from typing import Any

from tests.hostile.market import events, new_bot, tape
from tests.hostile.report import Report
from tests.hostile.values import any_value
from truefill import backtest
from truefill.backtest import Asset, Bot, run
from truefill.backtest.asset import Asset as _Asset
from truefill.tape import Tape, build_tape


def _function(*arguments: Any) -> int:
    return 0


# Each model with arguments that are right, and the field of Asset that it is for.
MODELS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "ConstantLatency": ("latency", (1, 1)),
    "PowerProbQueue": ("queue", (2.0,)),
    "PowerProbQueue2": ("queue", (2.0,)),
    "PowerProbQueue3": ("queue", (2.0,)),
    "TradingValueFees": ("fees", (0.1, 0.1)),
    "TradingQtyFees": ("fees", (0.1, 0.1)),
    "FlatPerTradeFees": ("fees", (0.1, 0.1)),
    "LinearContract": ("contract", (1.0,)),
    "UserLatency": ("latency", (_function, ())),
    "UserQueue": ("queue", (_function, _function, _function, ())),
    "UserFees": ("fees", (_function, ())),
    "UserExchange": ("exchange", (_function, _function, (), True)),
    "UserRisk": ("risk", (_function, ())),
    "RiskLimits": ("risk", (1.0, 1.0, 1.0, 1)),
}
COMPILED_MODELS = ("UserLatency", "UserQueue", "UserFees", "UserExchange", "UserRisk")
ASSET = (*_Asset.__dataclass_fields__,)
BUILDER = ("events", "symbol", "venue", "tick_size", "lot_size", "base_latency_ns", "strict", "path")


def throw(rng: random.Random, count: int, report: Report) -> None:
    """Make things of hostile arguments; whatever is made can be used."""
    parts = (_model, _asset, _bot, _builder, _tape, _run)
    for _ in range(count):
        rng.choice(parts)(rng, report)


def _model(rng: random.Random, report: Report) -> None:
    name = rng.choice(list(MODELS))
    field, right = MODELS[name]
    arguments = list(right)
    arguments[rng.randrange(len(arguments))] = any_value(rng)
    model = report.call(name, getattr(backtest, name), *arguments)
    functions = [a for a in arguments if callable(a)]
    if model is not None and (name not in COMPILED_MODELS or set(functions) <= {_function}):
        _use(report, f"a bot with {name}", **{field: model})


def _asset(rng: random.Random, report: Report) -> None:
    field = rng.choice(ASSET)
    value = any_value(rng)
    if field == "max_orders" and isinstance(value, int) and value > 1 << 20:
        return  # right, and gigabytes
    _use(report, f"Asset.{field}", **{field: value})


def _use(report: Report, label: str, **settings: Any) -> None:
    asset = report.call(label, lambda: Asset(**{"tape": tape(), **settings}))
    if asset is not None:
        report.call(f"describing {label}", asset.describe)
        bot = report.call(label, Bot, [asset])
        if bot is not None:
            report.call(f"moving {label}", bot.elapse, 10**7)


def _bot(rng: random.Random, report: Report) -> None:
    value = any_value(rng)
    report.call("Bot", Bot, value if rng.random() < 0.5 else [Asset(tape()), value])


def _builder(rng: random.Random, report: Report) -> None:
    field, value = rng.choice(BUILDER), any_value(rng)
    if field == "path" and isinstance(value, str | bytes):
        return  # a file of that name
    settings: dict[str, Any] = {"events": events()[:200], "symbol": "A.B", field: value}
    report.call(f"build_tape.{field}", build_tape, **settings)


def _tape(rng: random.Random, report: Report) -> None:
    value = any_value(rng)
    if not isinstance(value, int):
        report.call("Tape.open", Tape.open, value)
    if not isinstance(value, str | bytes):
        report.call("Tape.save", tape().save, value)
    report.call("Tape.section", tape().section, value)
    report.call("Tape.view", tape().view, value)


def _run(rng: random.Random, report: Report) -> None:
    value = any_value(rng)
    if rng.random() < 0.5:
        report.call("run(bot)", run, value, lambda bot: 0, compiled=False)
    else:
        result = report.call("run(strategy)", run, new_bot(), value, compiled=False)
        if result is not None:
            report.require("a run without its results", len(result.orders) >= 1)
