"""Sweeps of event-driven strategies: each run is the run alone."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.strategy.strategies import FUNCTIONS, Quoter, make_state
from truefill.backtest import Bot
from truefill.core.errors import StrategyError
from truefill.strategy import Callbacks, Timer, run_events
from truefill.sweep import run_many


class Params(NamedTuple):
    """What differs from run to run."""

    interval: int
    order_id: int  # the last one that is taken: ids are in the run hash


SETS = [Params(50_000_000, 0), Params(50_000_000, 100), Params(50_000_000, 107)]
STRATEGY = Callbacks(**FUNCTIONS, timers=[Timer(50_000_000)], klines=["500ms"], l1_quantities=False)


class ByParams(Quoter):
    """The quoter, of parameters."""

    def __init__(self, params: Params) -> None:
        super().__init__(params.interval)
        self.first = params.order_id

    def on_start(self) -> None:
        super().on_start()
        self._last_id = self.order_id = self.first


def state_of(params: Params) -> Any:
    state = make_state()
    state.order_id = params.order_id
    return state


@pytest.mark.parametrize("compiled", [True, False])
def test_trials_of_callbacks_are_the_single_runs(make_bot: Callable[..., Bot], compiled: bool) -> None:
    """A state of its own for each; the same hash, the same state at the end."""
    sweep = run_many(
        lambda params: make_bot(), STRATEGY, SETS, make_state=state_of, workers=2, compiled=compiled
    )
    alone = [run_events(make_bot(), STRATEGY, state_of(params), compiled=compiled) for params in SETS]

    assert ["done"] * 3 == [trial.status for trial in sweep]
    assert [result.run_hash for result in alone] == [trial.run_hash for trial in sweep]
    assert [r.returned.tolist() for r in alone] == [trial.value.returned.tolist() for trial in sweep]
    assert len({trial.run_hash for trial in sweep}) == 3


def test_trials_of_a_class_are_the_single_runs(make_bot: Callable[..., Bot]) -> None:
    """An object for each run; one that cannot be made fails alone."""

    class Picky(ByParams):
        def __init__(self, params: Params) -> None:
            super().__init__(params)
            if params.order_id == 107:
                raise ValueError("another id")

    sweep = run_many(lambda params: make_bot(), Picky, SETS, workers=2)
    alone = [run_events(make_bot(), ByParams(params)) for params in SETS[:2]]

    assert ["done", "done", "failed"] == [trial.status for trial in sweep]
    assert [result.run_hash for result in alone] == [trial.run_hash for trial in sweep[:2]]
    assert sweep[0].value.returned is not sweep[1].value.returned


def test_a_callback_that_raises_is_one_failed_trial(make_bot: Callable[..., Bot]) -> None:
    """With the callback's name; the others go on."""

    class Raises(ByParams):
        def on_timer(self, timer: Any) -> None:
            if self.first == 100:
                raise ValueError("a hundred")

    sweep = run_many(lambda params: make_bot(), Raises, SETS)

    assert ["done", "failed", "done"] == [trial.status for trial in sweep]
    assert "on_timer" in str(sweep[1].error)


def test_what_cannot_be_swept_is_refused_before_anything_runs(make_bot: Callable[..., Bot]) -> None:
    """Objects, callbacks without states, states without callbacks, what takes no parameters."""

    def make(params: Params) -> Bot:
        raise AssertionError("nothing runs")

    for strategy, maker, text in (
        (ByParams(SETS[0]), None, "the class ByParams"),
        (STRATEGY, None, "make_state"),
        (STRATEGY, make_state, "make_state"),
        (STRATEGY, 3, "make_state"),
        (ByParams, state_of, "with Callbacks only"),
        (lambda bot, params: None, state_of, "with Callbacks only"),
        (type("Bare", (Quoter,), {"__init__": lambda self: None}), None, "Bare"),
    ):
        with pytest.raises(StrategyError, match=text):
            run_many(make, strategy, SETS, make_state=maker)  # type: ignore[arg-type]
