"""Running HftBacktest's converters beside ours, safely: theirs read one place past two index arrays."""

import gzip
import importlib
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from truefill.core.events import EXCH, LOCAL


def theirs(name: str) -> ModuleType:
    """A module of HftBacktest's ``data.utils``, or skip."""
    reason = "hftbacktest is not installed on this Python"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("hftbacktest", reason=reason)
        module = importlib.import_module(f"hftbacktest.data.utils.{name}")
    order: Callable[..., Any] = importlib.import_module("hftbacktest.data.validation").correct_event_order

    def safely(data: np.ndarray, exch: np.ndarray, local: np.ndarray) -> Any:
        return order(data, np.append(exch, 0), np.append(local, 0))

    module.correct_event_order = safely  # type: ignore[attr-defined]
    return module


def ours(name: str) -> ModuleType:
    return importlib.import_module(f"truefill.compat.hftbacktest.data.utils.{name}")


def sides(rows: np.ndarray) -> list[np.ndarray]:
    """Rows in the exchange's order and in the local order, without the flags that say so."""
    found = []
    for flag in (EXCH, LOCAL):
        its = rows[(rows["ev"] & np.uint64(flag)) != 0].copy()
        its["ev"] &= ~np.uint64(EXCH | LOCAL)
        found.append(its)
    return found


def write_gz(path: Path, lines: Iterable[str]) -> str:
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return str(path)
