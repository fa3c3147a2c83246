"""``--param half_spread=1:10:1`` and the parameter sets it stands for."""

import difflib
import math
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from truefill.core.errors import ConfigError

MOST_VALUES = 100_000  # of one parameter; a slip in a step must not fill the memory
_FORMS = "NAME=FIRST:LAST:STEP or NAME=A,B,C"
_WORDS = {"true": True, "false": False}


def parse_params(texts: Sequence[str], known: dict[str, Any]) -> dict[str, list[Any]]:
    """Read the ``--param`` options.

    Parameters
    ----------
    texts : sequence of str
        E.g. ``["half_spread=1:10:1", "levels=5,10"]``.
    known : dict
        ``[params]`` of RUN.toml: names and the types of their values.

    Returns
    -------
    dict of str to list
        The values of each, in the order given; both ends of a range belong to it.

    Raises
    ------
    ConfigError
        For what is neither form, a name that ``[params]`` has not or that comes twice, a value of another
        type.

    Examples
    --------
    >>> parse_params(["spread=0.1:0.3:0.1", "levels=5,10"], {"spread": 1.0, "levels": 1})
    {'spread': [0.1, 0.2, 0.3], 'levels': [5, 10]}
    """
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not values.strip():
            raise ConfigError(_FORMS, text, "--param")
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            names = ", ".join(known) or "none there"
            raise ConfigError(f"one of [params] in RUN.toml: {names}", f"{name!r}{hint}", "--param")
        if name in found:
            raise ConfigError(f"{name} once", "twice", "--param")
        found[name] = [_typed(value, known[name], f"--param {name}") for value in _values(values, name)]
    return found


def _values(text: str, name: str) -> list[Any]:
    parts = [part.strip() for part in text.split(":")]
    if len(parts) == 1:
        return [_value(part.strip()) for part in text.split(",")]
    if len(parts) != 3:
        raise ConfigError(_FORMS, f"{name}={text}", "--param")
    try:
        first, last, step = (Decimal(part) for part in parts)
    except InvalidOperation:
        raise ConfigError("three numbers, FIRST:LAST:STEP", f"{name}={text}", "--param") from None
    if not all(number.is_finite() for number in (first, last, step)) or step == 0:
        raise ConfigError("finite numbers and a step that is not 0", f"{name}={text}", "--param")
    count = math.floor((last - first) / step) + 1
    if count < 1:
        raise ConfigError("a step that leads from FIRST to LAST", f"{name}={text}", "--param")
    if count > MOST_VALUES:
        raise ConfigError(f"at most {MOST_VALUES:,} values", f"{count:,} by {name}={text}", "--param")
    return [first + step * k for k in range(count)]  # decimals: 0.1, 0.2, 0.3 and not 0.30000000000000004


def _value(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _typed(value: Any, example: Any, where: str) -> Any:
    """A value as the type that the parameter has in RUN.toml, or an error."""
    kind = type(example)
    if isinstance(value, Decimal) and kind in (int, float):
        if value.is_finite() and (kind is float or value == int(value)):
            return kind(value)
    elif isinstance(value, Decimal) and kind is str:
        return str(value)
    elif isinstance(value, kind):
        return value
    raise ConfigError(f"values of type {kind.__name__}, as in [params]", str(value), where)
