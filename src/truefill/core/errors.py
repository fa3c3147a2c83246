"""Every error that truefill raises on purpose, in one file.

The rule: an error says what was expected, what came instead, and where (file, line, event, time, key).
Nothing here knows who raises it. Compiled code raises the same classes with plain positional arguments,
so their text is put together in ``__str__``, when somebody looks, and not where the error happens.
"""

# No more than this of a value stands in a message, characters.
_LONGEST = 200


def shown(value: object) -> str:
    """A value as a message shows it: its repr, or its type where it has none; cut when it is long."""
    try:
        text = repr(value)
    except Exception:  # an object may refuse, and so does an int of more than 4,300 digits
        text = f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _plain(value: object) -> str:
    try:
        return str(value)
    except Exception:
        return shown(value)


class TruefillError(Exception):
    """Base class of all errors raised on purpose by truefill."""


class InputError(TruefillError, ValueError):
    """Something given from outside is not what it has to be.

    Parameters
    ----------
    expected : str
        What would have been right.
    got : object
        What came instead.
    where : object, optional
        The place: a file and line, an event and its time, a configuration key.
    """

    def __init__(self, expected: str, got: object = "", where: object = "") -> None:
        super().__init__(expected, got, where)
        self.expected = expected
        self.got = got
        self.where = where

    def __str__(self) -> str:
        where = _plain(self.where)
        place = f"{where}: " if where else ""
        return f"{place}expected {self.expected}, got {_plain(self.got)}"


class DataError(InputError):
    """A market-data file or message is missing, damaged, or of another kind than stated."""


class TapeError(InputError):
    """A tape is missing, truncated, altered, or of a version this program does not read."""


class ConfigError(InputError):
    """A setting is unknown, missing, or out of its range."""


class CurrencyError(InputError):
    """Money of several currencies has to be added, and no rate is known."""


class StrategyError(InputError):
    """A strategy file or function cannot be used as one."""


class BotError(InputError):
    """A call of the bot has an argument that no exchange would understand."""

    def __init__(self, expected: str, *details: object) -> None:
        got = ", ".join(_plain(d) for d in details)
        super().__init__(expected, got)
        self.args = (expected, *details)


class ModelError(TruefillError):
    """A model written by the user failed, or returned something that is not a usable number."""


class ReplacedError(TruefillError, ImportError):
    """A name of another package is not in truefill's drop-in face for it; says what does its work here."""

    def __init__(self, name: str, instead: str) -> None:
        super().__init__(name, instead)
        self.instead = instead

    def __str__(self) -> str:
        return f"{self.args[0]} is not in this drop-in face; instead: {self.args[1]}"
