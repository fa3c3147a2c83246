"""Parameter sets: every combination of some values."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from truefill.core.errors import InputError

P = TypeVar("P", bound=tuple[Any, ...])


def grid(base: P, **values: Iterable[Any]) -> list[P]:
    """Make every combination of values, as copies of one named tuple.

    Parameters
    ----------
    base : named tuple
        What is not named keeps its value from here.
    **values : iterable
        Values for each field; the last field named changes fastest. A value takes the type that the field has
        in `base` where that loses nothing, so that one compiled strategy serves all sets.

    Returns
    -------
    list of named tuple

    Raises
    ------
    InputError
        For a field that `base` has not, one without values, and a value of another type.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Params(NamedTuple):
    ...     half_spread: float
    ...     levels: int
    >>> [tuple(p) for p in grid(Params(1.0, 5), half_spread=[1, 2], levels=[5, 10])]
    [(1.0, 5), (1.0, 10), (2.0, 5), (2.0, 10)]
    """
    fields: Sequence[str] = getattr(base, "_fields", ())
    if not fields:
        raise InputError("a named tuple as the base of a grid", repr(base), "grid")
    columns = {}
    for name, given in values.items():
        if name not in fields:
            raise InputError(f"one of the parameters {', '.join(fields)}", name, "grid")
        columns[name] = [_as_in_base(name, value, getattr(base, name)) for value in given]
        if not columns[name]:
            raise InputError(f"at least one value for {name}", "none", "grid")
    rows = itertools.product(*columns.values())
    return [base._replace(**dict(zip(columns, row, strict=True))) for row in rows]  # type: ignore[attr-defined]


def _as_in_base(name: str, value: Any, example: Any) -> Any:
    kind = type(example)
    if isinstance(value, kind) and isinstance(value, bool) == isinstance(example, bool):
        return value
    numbers = isinstance(example, int | float) and not isinstance(example, bool)
    if numbers and not isinstance(value, bool | str) and kind(value) == value:
        return kind(value)
    raise InputError(f"{name} as {kind.__name__}, as it is in the base", repr(value), "grid")
