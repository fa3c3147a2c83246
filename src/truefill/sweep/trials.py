"""What a sweep leaves: one trial for each parameter set, in their order, and a table of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from truefill.analysis import metrics
from truefill.backtest import Result

if TYPE_CHECKING:
    import polars as pl

DONE, FAILED, INTERRUPTED, NOT_RUN = "done", "failed", "interrupted", "not run"


@dataclass(frozen=True, eq=False)
class Trial:
    """One run of a sweep.

    Attributes
    ----------
    number : int
        Place of its parameter set among those given, from 0.
    params : object
        The parameter set.
    status : str
        ``"done"``; ``"failed"``: the strategy, a model or `reduce` raised; ``"interrupted"``: Ctrl-C came in
        the middle of it; ``"not run"``: Ctrl-C came before.
    value : object
        What `reduce` made of the result of a run that is done, else None. Without `reduce` the `Result`, of
        a run that did not come to its end, too.
    error : Exception or None
        Why it failed.
    run_hash : str
        That of the same run alone (`truefill.run`); "" when it was not run.
    seconds : float
        How long it took, the making of its bot and `reduce` included.
    """

    number: int
    params: Any
    status: str = NOT_RUN
    value: Any = None
    error: BaseException | None = None
    run_hash: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Sweep(Sequence[Trial]):
    """All trials, in the order of their parameter sets, however they were spread over threads.

    Attributes
    ----------
    trials : tuple of Trial
    interrupted : bool
        Whether Ctrl-C ended it early.
    seconds : float
        From the first start to the last end.
    """

    trials: tuple[Trial, ...]
    interrupted: bool
    seconds: float

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, index: Any) -> Any:
        return self.trials[index]

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    @property
    def done(self) -> list[Trial]:
        """Trials that came to their end."""
        return [trial for trial in self.trials if trial.status == DONE]

    @property
    def failed(self) -> list[Trial]:
        """Trials that raised."""
        return [trial for trial in self.trials if trial.status == FAILED]

    def frame(self) -> "pl.DataFrame":
        """Make a table: a row for each trial, a column for each parameter and for each number of its value.

        Returns
        -------
        polars.DataFrame
            Columns number, the parameters, then what `reduce` returned: the items of a mapping, anything else
            as ``value`` (whole results are left out); then status, error, run_hash, seconds.
        """
        import polars as pl

        rows = [
            {
                "number": trial.number,
                **_named(trial.params, "params"),
                **_named(trial.value, "value"),
                "status": trial.status,
                "error": f"{type(trial.error).__name__}: {trial.error}" if trial.error else None,
                "run_hash": trial.run_hash,
                "seconds": trial.seconds,
            }
            for trial in self.trials
        ]
        # A trial that failed has fewer columns: their order is that of the fullest row.
        rows_by_size = sorted(rows, key=len, reverse=True)
        names = dict.fromkeys(name for row in rows_by_size for name in row)
        return pl.DataFrame({name: [row.get(name) for row in rows] for name in names}, strict=False)


def _named(value: Any, otherwise: str) -> dict[str, Any]:
    """Items of a mapping or a named tuple, or one item with the name `otherwise`."""
    if value is None or isinstance(value, Result):
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    return {otherwise: value}


def metrics_of(result: Result) -> dict[str, float]:
    """Reduce a run to its metrics: a `reduce` for `run_many`.

    Returns
    -------
    dict of str to float
        `truefill.metrics` of all assets together; of assets in different currencies each by itself, its
        symbol before the name.
    """
    data = result.run_data()
    if len({asset.currency for asset in data.assets}) == 1:
        return metrics(data)
    return {
        f"{asset.symbol} {name}": value
        for number, asset in enumerate(data.assets)
        for name, value in metrics(data, number).items()
    }
