"""The fingerprint changes with everything that machine code depends on, and with nothing else."""

import enum
import subprocess
import sys
import types as python
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba import types
from numba.extending import overload, register_jitable

from truefill.core.fingerprint import Reach, fingerprint, fingerprint_of_type
from truefill.core.jit import jit_enabled

SOURCE = """
import math
import helpers
import numpy as np

FACTOR = 2.0
TABLE = np.array([1.0, 2.0])

def other(x):
    return x + FACTOR

def function(x, scale=3):
    try:
        return other(x) * scale + helpers.share(x) + TABLE[0] + math.pi
    except ZeroDivisionError:
        return 0.0
"""
HELPERS = "LIMIT = 5\nUNUSED = 1\ndef share(x):\n    return min(x, LIMIT)\n"


def of(source: str = SOURCE, helpers: str = HELPERS) -> str | None:
    """The fingerprint of `function` in a module that imports another."""
    sys.modules["helpers"] = beside = python.ModuleType("helpers")
    try:
        exec(compile(helpers, "/nowhere/helpers.py", "exec"), beside.__dict__)
        namespace: dict[str, Any] = {"__name__": "user_file"}
        exec(compile(source, "/nowhere/user_file.py", "exec"), namespace)
        return fingerprint(namespace["function"])
    finally:
        del sys.modules["helpers"]


def test_the_same_source_has_the_same_fingerprint() -> None:
    """Made twice, with other objects, it is the same; 32 digits."""
    first = of()

    assert first == of()
    assert first is not None
    assert len(first) == 32


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scale=3", "scale=4"),
        ("FACTOR = 2.0", "FACTOR = 2.5"),
        ("[1.0, 2.0]", "[1.0, 2.0, 3.0]"),
        ("[1.0, 2.0]", "[1, 2]"),
        ("x + FACTOR", "x - FACTOR"),
        ("+ TABLE[0]", "+ TABLE[1]"),
        ("except ZeroDivisionError", "except ValueError"),
        ("return 0.0", "return -0.0"),
        ("return 0.0", "return 0"),
        ("import math\n", "import math\n\n"),
        ("math.pi", "math.e"),
        ("helpers.share(x)", "helpers.share(x) + helpers.LIMIT"),
    ],
)
def test_an_edit_of_the_file_changes_it(old: str, new: str) -> None:
    """Constants, defaults, globals, functions that are called, handlers, line numbers."""
    assert SOURCE.count(old) == 1
    assert of(SOURCE.replace(old, new)) not in (None, of())


@pytest.mark.parametrize(("old", "new"), [("LIMIT = 5", "LIMIT = 6"), ("min(x", "max(x")])
def test_an_edit_of_a_file_that_it_imports_changes_it(old: str, new: str) -> None:
    """Globals and functions of another module, reached through the module's attributes."""
    assert of(helpers=HELPERS.replace(old, new)) not in (None, of())


def test_what_is_not_used_does_not_change_it() -> None:
    """A constant of the other module that no code names."""
    assert of(helpers=HELPERS.replace("UNUSED = 1", "UNUSED = 2")) == of()
    assert of(SOURCE + "\nLATER = 1\n") == of()


def make(value: Any) -> Callable[[], Any]:
    """A function that holds a value in a closure."""

    def holds() -> Any:
        return value

    return holds


class Colour(enum.Enum):
    """An enum."""

    RED = 1
    BLUE = 2


class Own:
    """A class of the user's, which compiled code cannot use."""

    def method(self) -> None:
        """Do nothing."""


Pair = namedtuple("Pair", "a b")
Swapped = namedtuple("Swapped", "b a")
DIGESTIBLE = [
    None,
    True,
    1,
    2,
    1.0,
    -0.0,
    0.0,
    float("nan"),
    1j,
    "1",
    b"1",
    (1, 2),
    (1, (2,)),
    frozenset({1, 2}),
    np.float64(1),
    np.int64(1),
    np.array([1, 2]),
    np.array([1.0, 2.0]),
    np.array([[1, 2]]),
    np.zeros(2, [("a", "<i8")]),
    np.zeros(2, [("b", "<i8")]),
    np.dtype("<i8"),
    np.dtype([("a", "<i8")]),
    np.sqrt,
    np.cumsum,
    np,
    len,
    int,
    ValueError,
    Colour.RED,
    Colour.BLUE,
    Colour,
    Pair,
    Swapped,
    Pair(1, 2),
    Swapped(1, 2),
    types.int64,
    types.float64,
    make(1),
    make(2),
]


def test_values_in_closures_are_told_apart() -> None:
    """Each of these kinds can be digested, and no two of them are taken for one."""
    digests = [fingerprint(make(value)) for value in DIGESTIBLE]

    assert None not in digests
    assert len(set(digests)) == len(digests)
    assert digests == [fingerprint(make(value)) for value in DIGESTIBLE]


@pytest.mark.parametrize(
    "value",
    [object(), [1], {1: 2}, {1}, np.array([object()]), Own, Own(), Own().method, Path("x")],
)
def test_what_has_no_digest_gives_none(value: Any) -> None:
    """Better no cache than a wrong one."""
    assert fingerprint(make(value)) is None


def test_functions_that_call_each_other_end() -> None:
    """Recursion, direct and through another function."""
    namespace: dict[str, Any] = {}
    exec("def f(n):\n    return g(n - 1) if n else 0\ndef g(n):\n    return f(n)\n", namespace)

    assert fingerprint(namespace["f"]) not in (None, fingerprint(namespace["g"]))


def user_helper(x: float) -> float:
    """Replaced below by what `overload` says."""
    return x


@pytest.mark.compiled_only
def test_dispatchers_and_overloads_are_looked_into() -> None:
    """Compiled functions count by source and options; overloads by what they are replaced with."""
    plain, other = make(1), make(2)
    digests = [
        fingerprint(make(f))
        for f in (
            numba.njit(plain),
            numba.njit(other),
            numba.njit(fastmath=True)(plain),
            register_jitable(lambda x: x),
            plain,
            user_helper,
        )
    ]
    overload(user_helper)(lambda x: lambda x: 2 * x)
    digests.append(fingerprint(make(user_helper)))

    assert None not in digests
    assert len(set(digests)) == len(digests)
    inner = numba.njit(plain)
    assert Reach(make(inner)).dispatchers == [inner]
    assert Reach(make((object(), inner))).dispatchers == [inner], "also when there is no digest"


def test_types_of_arguments_are_told_apart() -> None:
    """Numba prints two named tuples of other fields alike; their fingerprints differ."""
    two = [types.NamedTuple([types.int64, types.float64], c) for c in (Pair, Swapped)]
    kinds = [types.int64, types.int32, *two, types.Tuple([types.int64, types.float64]), types.float64[::1]]
    digests = [fingerprint_of_type(kind) for kind in kinds]

    assert None not in digests
    assert len(set(digests)) == len(digests)


@pytest.mark.skipif(not jit_enabled(), reason="a dispatcher is a plain function here")
def test_a_function_as_an_argument_has_no_fingerprint() -> None:
    """Its code is not in the function that is called with it."""
    kind = numba.typeof(numba.njit(make(1)))

    assert fingerprint_of_type(kind) is None
    assert fingerprint_of_type(types.Tuple([types.int64, kind])) is None


def test_it_is_the_same_in_another_process() -> None:
    """No memory address and no hash order gets into it."""
    script = (
        "from tests.core.test_fingerprint import *\n"
        "print(of(), *(fingerprint(make(v)) for v in DIGESTIBLE))\n"
    )
    root = Path(__file__).resolve().parents[2]
    found = {
        subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, check=True).stdout
        for _ in range(2)
    }

    assert found == {
        (" ".join([of() or "", *(fingerprint(make(v)) or "" for v in DIGESTIBLE)]) + "\n").encode()
    }
