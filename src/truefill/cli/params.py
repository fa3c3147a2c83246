"""``[params]`` of RUN.toml as a named tuple that compiled strategies can use.

Numba's disk cache remembers the *class* of a named tuple by its module and name, so the class must be
found again under the same name in the next process, before that process has read any configuration.
Therefore the name holds the fields, and this module makes a class when it is asked for one by name.
"""

import collections
from typing import Any

from truefill.core.errors import ConfigError

_PREFIX = "Params_"
_made: dict[str, type] = {}


def make_params(values: dict[str, bool | int | float | str]) -> Any:
    """Make the object that ``strategy(bot, params)`` gets: ``params.name`` for each key.

    Raises
    ------
    ConfigError
        If a key cannot be an attribute.

    Examples
    --------
    >>> make_params({"half_spread": 0.5, "levels": 3}).levels
    3
    """
    for key in values:
        if not key.isidentifier() or key.startswith("_"):
            raise ConfigError("names of letters, digits and inner underscores in [params]", repr(key))
    try:
        return _params_class(_class_name(tuple(values)))(**values)
    except ValueError as error:  # a Python keyword
        raise ConfigError("names that Python allows in [params]", error) from None


def _class_name(fields: tuple[str, ...]) -> str:
    # Lengths make it unambiguous: no field name can look like a separator.
    return _PREFIX + "_".join(f"{len(field)}_{field}" for field in fields)


def _fields(name: str) -> list[str]:
    rest, fields = name.removeprefix(_PREFIX), []
    while rest:
        length, _, rest = rest.partition("_")
        fields.append(rest[: int(length)])
        rest = rest[int(length) + 1 :]
    return fields


def _params_class(name: str) -> type:
    if name not in _made:
        _made[name] = collections.namedtuple(name, _fields(name), module=__name__)
    return _made[name]


def __getattr__(name: str) -> type:
    if name.startswith(_PREFIX):
        try:
            return _params_class(name)
        except ValueError:
            pass
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
