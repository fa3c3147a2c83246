"""What a fuzz has really compared: runs, steps, models, and the fault at which the others ended.

The counts are printed at the end of the test run (``tests/conftest.py``), and `Tally.require` asks for a
floor, so that nobody can take a run in which everything was excluded for a proof.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of a fuzz against one other program."""

    against: str
    runs: int = 0
    whole: int = 0
    steps: int = 0
    steps_played: int = 0
    fills: int = 0
    ended_by: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)

    def add(self, names: Iterable[str], compared: int, played: int, fills: int, ended: Iterable[str]) -> None:
        """Count one run of which the first so many steps were compared."""
        ended = list(ended)
        self.runs += 1
        self.whole += not ended
        self.steps += compared
        self.steps_played += played
        self.fills += fills
        self.ended_by.update(ended)
        self.models.update(names)

    def require(self, share: float, each: int, names: Iterable[str]) -> None:
        """Fail unless so large a share of the steps was compared, and each model in so many runs."""
        assert self.steps > share * self.steps_played, str(self)
        missing = {name: self.models[name] for name in names if self.models[name] < each}
        assert not missing, f"compared too rarely: {missing}\n{self}"

    def __str__(self) -> str:
        ended = ", ".join(f"{name} {count}" for name, count in sorted(self.ended_by.items())) or "none"
        models = ", ".join(f"{name} {count}" for name, count in sorted(self.models.items()))
        share = 100 * self.steps / max(self.steps_played, 1)
        return (
            f"against {self.against}: {self.runs:,} runs, {self.steps:,} steps compared "
            f"({share:.1f} % of those played), {self.fills:,} executions; "
            f"{self.whole:,} runs to their end, others up to a fault: {ended}\n"
            f"  runs with: {models}"
        )
