"""What Numba says of callbacks that it cannot compile, in one line: the user's line and the fault."""

import re

from numba.core.errors import NumbaError

from truefill.core.errors import StrategyError

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = ("Failed in ", "During: ", "- ", "Enable logging", "<source elided>")


def not_compiled(error: BaseException, files: set[str]) -> StrategyError | None:
    """The error about callbacks that do not compile; None when `error` is another one.

    Parameters
    ----------
    error : BaseException
        What ended a run.
    files : set of str
        Paths of the user's files.
    """
    if not isinstance(error, NumbaError):
        return None
    lines = [line.strip() for line in _COLOUR.sub("", str(error)).splitlines()]
    told = [line for line in lines if line and not line.startswith(_NOISE)]
    # Numba shortens paths when it can.
    places = [f'File "{file}", line ' for file in files]
    places += [f'{file.rpartition("/")[2]}", line ' for file in files]
    where = next((line.rstrip(":") for place in places for line in lines if place in line), "")
    what = told[0] if told else type(error).__name__
    if "of type none" in what:
        what += " (the state is None: a file of callbacks makes one with make_state)"
    found = StrategyError("callbacks that Numba can compile", what, where)
    found.__cause__ = error
    return found
