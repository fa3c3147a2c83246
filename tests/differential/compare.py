"""Finds the first difference of two traces and says where it is."""

import math
from typing import Any

from tests.differential.driver import Trace

RELATIVE = 1e-9


def first_difference(left: Trace, right: Trace, ignore: set[str], steps: int | None = None) -> str | None:
    """The first difference within the given number of steps, in words; None when there is none.

    Parameters
    ----------
    left, right : Trace
    ignore : set of str
        Names (without the asset's number) of what is not compared: ``"order_latency"``, or fields of orders
        and fills.
    steps : int, optional
        Compare only so many steps from the start.
    """
    for number, (a, b) in enumerate(zip(left, right, strict=True)):
        if steps is not None and number >= steps:
            return None
        for key in a:
            if key.rstrip("0123456789") in ignore:
                continue
            found = difference(a[key], b[key], ignore, scale_of(a, key))
            if found:
                return f"step {number} ({a['action']}), {key}{found}"
    return None


def scale_of(step: dict[str, Any], key: str) -> float:
    """What a rounding error is relative to: sums of money to what was traded, all else to itself."""
    return float(step[key]["trading_value"]) if key.startswith("state") else 0.0


def difference(a: Any, b: Any, ignore: set[str], scale: float = 0.0) -> str | None:
    """Path and values of the first difference below two values."""
    if isinstance(a, dict):
        if set(a) - ignore != set(b) - ignore:
            return f": keys {sorted(set(a) - ignore)} != {sorted(set(b) - ignore)}"
        for key in a:
            if key not in ignore and (found := difference(a[key], b[key], ignore, scale)):
                return f".{key}{found}"
        return None
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            return f": {len(a)} entries {a} != {len(b)} entries {b}"
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if found := difference(x, y, ignore, scale):
                return f"[{i}]{found}"
        return None
    return None if same(a, b, scale) else f": {a!r} != {b!r}"


def same(a: Any, b: Any, scale: float = 0.0) -> bool:
    """Integers and the rest exactly; floats to 1e-9 relative, NaN equal to NaN."""
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=RELATIVE * max(scale, 1e-3))
    return bool(a == b)
