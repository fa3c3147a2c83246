"""Calls something, and keeps count of what came of it."""

import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

from numba.core.errors import NumbaError

from tests.hostile.values import OwnError, name_of
from truefill.core.errors import TruefillError


class Report:
    """What came of all calls, and the faults among them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []

    def call(self, label: str, function: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
        """Call; returns what the call returns, None after an error."""
        try:
            returned = function(*arguments, **settings)
            self.counts["answers"] += 1
            return returned
        except TruefillError as error:
            self.counts[type(error).__name__] += 1
            if not str(error).count("expected"):
                self.faults.append(f"{label}: an error that does not say what was expected: {error}")
        except OwnError:
            self.counts["raised by the argument itself"] += 1
        except NumbaError:
            self.counts["refused by the compiler"] += 1
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            given = [name_of(a) for a in arguments] + [f"{k}={name_of(v)}" for k, v in settings.items()]
            what = f"{type(error).__name__}: {str(error)[:100]} at {place.filename}:{place.lineno}"
            self.faults.append(f"{label}({', '.join(given)}) raised {what}")
        return None

    def require(self, label: str, holds: bool) -> None:
        """Count a fault unless something holds."""
        if not holds:
            self.faults.append(label)
