"""The fingerprint of a function: a digest of everything that its machine code depends on.

Numba's cache looks at the bytecode of one function and at the file that it is in. Machine code depends on
more: on the functions it calls, in whatever file they are, and on the globals that it freezes. The
fingerprint goes through all of it: bytecode, constants, line numbers (errors name them), defaults, closure
cells, and the globals and module attributes that the bytecode names; recursively through plain functions,
Numba dispatchers, intrinsics and overloads of functions.

Where the walk ends: at truefill's own functions (the kernel hash stands for their sources; only their
closures are looked into), at Numba, NumPy and builtins (their versions stand for them), and at values that
a digest can be made of: numbers, strings, tuples, arrays, dtypes, enums, NamedTuple classes. Anything else
has no digest, and the function no fingerprint: then it must not be cached.

Not seen: what a user registers with ``overload_method`` and ``overload_attribute`` on Numba's types.
"""

import dis
import enum
import functools
import hashlib
import sys
import sysconfig
import types as python
from collections.abc import Callable, Iterable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.core.extending import _Intrinsic
from numba.core.registry import cpu_target

# Packages whose sources something else stands for: the kernel hash, or a version.
_KNOWN = {"truefill", "numba", "llvmlite", "numpy"}
_LIBRARY = sysconfig.get_path("stdlib")
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_VERSIONS = (numba.__version__, np.__version__, sys.version)


def fingerprint(function: Callable[..., Any]) -> str | None:
    """Digest of all that the machine code of `function` depends on.

    Parameters
    ----------
    function : callable
        A plain function or a Numba dispatcher.

    Returns
    -------
    str or None
        32 hexadecimal digits, the same in every process; None when something cannot be digested.
    """
    return Reach(function).digest


def fingerprint_of_type(kind: Any) -> str | None:
    """Digest of a Numba type as an argument of compiled code; None for one that carries code of its own."""
    reach = Reach(None)
    reach.type(kind)
    return reach.digest


class Reach:
    """What can be reached from a function: its digest, and the Numba dispatchers on the way.

    Attributes
    ----------
    dispatchers : list of numba Dispatcher
        Those of the user's, in the order they were met; complete even when there is no digest.
    """

    def __init__(self, function: Callable[..., Any] | None) -> None:
        self.dispatchers: list[Any] = []
        self._digest = hashlib.blake2b(digest_size=16)
        self._whole = True
        self._seen: dict[int, int] = {}
        self._keep: list[Any] = []  # ids must not be given out again during the walk
        self._say(*_VERSIONS)
        if function is not None:
            self._value(function)

    @property
    def digest(self) -> str | None:
        """The fingerprint; None when something on the way cannot be digested."""
        return self._digest.hexdigest() if self._whole else None

    def _say(self, *words: Any) -> None:
        for word in words:
            data = word if isinstance(word, bytes) else str(word).encode("utf-8", "surrogatepass")
            self._digest.update(b"%d:" % len(data))
            self._digest.update(data)

    def _met(self, value: Any) -> bool:
        """Whether a value was met before; if so, its number stands for it (functions may be recursive)."""
        if id(value) in self._seen:
            self._say("again", self._seen[id(value)])
            return True
        self._seen[id(value)] = len(self._seen)
        self._keep.append(value)
        return False

    def _value(self, value: Any) -> None:
        """One value that code refers to."""
        kind = type(value)
        if kind in _PLAIN:
            self._say(kind.__name__, repr(value))  # repr of a float is exact
        elif isinstance(value, np.ndarray):
            self._array(value)
        elif isinstance(value, np.generic):
            self._say("scalar", value.dtype.str, value.tobytes())
        elif isinstance(value, np.dtype):
            self._say("dtype", repr(value), value.itemsize)
        elif isinstance(value, enum.Enum):
            self._class(kind)
            self._say(value.name)
        elif isinstance(value, type):
            self._class(value)
        elif isinstance(value, tuple | frozenset):
            self._collection(value)
        elif isinstance(value, types.Type):
            self.type(value)
        else:
            self._code_like(value)

    def _code_like(self, value: Any) -> None:
        """Functions and what holds them."""
        if isinstance(value, python.ModuleType):
            self._say("module", value.__name__)
        elif isinstance(value, Dispatcher):
            self._dispatcher(value)
        elif isinstance(value, _Intrinsic):
            self._say("intrinsic")
            self._value(value._defn)
        elif isinstance(value, python.FunctionType):
            self._function(value)
        elif isinstance(value, python.CodeType):
            self._code(value)
        elif isinstance(value, python.BuiltinFunctionType | np.ufunc):
            self._say("builtin", getattr(value, "__module__", ""), value.__name__)
        elif isinstance(value, python.MethodType) and not _known(type(value.__self__).__module__):
            self._whole = False
        elif _known(_module(value)) and getattr(value, "__name__", None):
            self._say("known", value.__module__, value.__name__)
        else:
            self._whole = False

    def _collection(self, values: Any) -> None:
        if type(values) not in (tuple, frozenset):
            self._class(type(values))
        parts: Iterable[Any] = values
        if isinstance(values, frozenset):  # of constants: in an order that is the same in every process
            parts = sorted(values, key=lambda v: (type(v).__name__, repr(v)))
        self._say("collection", type(values).__name__, len(values))
        for part in parts:
            self._value(part)

    def _array(self, array: np.ndarray) -> None:
        if array.dtype.hasobject:
            self._whole = False
            return
        self._say("array", repr(array.dtype), array.shape, array.strides, array.flags.writeable)
        self._say(array.tobytes())

    def _class(self, kind: type) -> None:
        self._say("class", kind.__module__, kind.__qualname__)
        if _known(kind.__module__) or self._met(kind):
            return
        if issubclass(kind, enum.Enum):
            for member in kind:
                self._say(member.name)
                self._value(member.value)
        elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
            self._say(*kind._fields)
            self._collection(tuple(getattr(kind, "_field_defaults", {}).items()))
        elif not issubclass(kind, BaseException):  # an error is raised by its name
            self._whole = False

    def _dispatcher(self, dispatcher: Any) -> None:
        source = dispatcher.py_func
        self._say("dispatcher", sorted((k, repr(v)) for k, v in dispatcher.targetoptions.items()))
        if not _known(_module(source)) and all(d is not dispatcher for d in self.dispatchers):
            self.dispatchers.append(dispatcher)
        self._function(source)

    def _function(self, function: Any) -> None:
        if self._met(function):
            return
        self._say("function", function.__module__, function.__qualname__)
        if _known(_module(function)):
            self._cells(function)
            return
        self._value(function.__defaults__)
        self._value(tuple(sorted((function.__kwdefaults__ or {}).items())))
        self._code(function.__code__)
        self._cells(function)
        self._globals(function)
        self._overloads(function)

    def _cells(self, function: Any) -> None:
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._say("cell", name)
            try:
                self._value(cell.cell_contents)
            except ValueError:  # not filled yet
                self._say("empty")

    def _code(self, code: python.CodeType) -> None:
        self._say("code", code.co_name, code.co_code, code.co_exceptiontable, code.co_flags)
        self._say(code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
        self._say(*code.co_names, "", *code.co_varnames, "", *code.co_freevars, "", *code.co_cellvars)
        self._say(code.co_filename, code.co_firstlineno, code.co_linetable)
        for constant in code.co_consts:
            self._value(constant)

    def _globals(self, function: Any) -> None:
        """Values of the globals that the bytecode reads; of modules, the attributes that it names."""
        read, named = _names(function.__code__)
        for name in sorted(read & function.__globals__.keys()):
            self._say("global", name)
            self._value(function.__globals__[name])
            self._attributes(function.__globals__[name], named)
        for cell in function.__closure__ or ():
            try:
                self._attributes(cell.cell_contents, named)
            except ValueError:  # not filled yet
                continue

    def _attributes(self, module: Any, named: list[str], above: tuple[str, ...] = ()) -> None:
        """What code may read of a module, which it may also keep in a variable or reach through another."""
        if not isinstance(module, python.ModuleType) or _known(module.__name__) or module.__name__ in above:
            return
        for name in named:
            if name in vars(module):
                self._say("attribute", name)
                self._value(vars(module)[name])
                self._attributes(vars(module)[name], named, (*above, module.__name__))

    def _overloads(self, function: Any) -> None:
        """What Numba compiles in place of a plain function: `register_jitable`, ``overload``."""
        context = cpu_target.typing_context
        context.refresh()
        known = context._lookup_global(function)
        for template in getattr(known, "templates", ()):
            overload = getattr(template, "_overload_func", None)
            if overload is None:
                self._whole = False  # typed and lowered by hand
                return
            self._say("overload", sorted((k, repr(v)) for k, v in template._jit_options.items()))
            self._value(overload)

    def type(self, kind: Any) -> None:
        """A Numba type, with all that its printed name leaves out."""
        carriers = (types.ClassInstanceType, types.ClassType, types.StructRef, types.Dispatcher)
        if isinstance(kind, (*carriers, types.FunctionType, types.UndefinedFunctionType)):
            self._whole = False
            return
        self._say("type", type(kind).__name__, repr(kind))
        if isinstance(kind, types.BaseNamedTuple | types.EnumMember | types.IntEnumMember):
            self._class(kind.instance_class)
        for part in getattr(kind, "types", ()) if isinstance(kind, types.BaseTuple) else ():
            self.type(part)
        for name in ("dtype", "type"):  # of an array, of an optional
            if isinstance(part := getattr(kind, name, None), types.Type) and part is not kind:
                self.type(part)


def _module(value: Any) -> str:
    return str(getattr(value, "__module__", None) or "")


@functools.cache
def _known(module: str) -> bool:
    """Whether a version or the kernel hash stands for a module; a user's `queue.py` is not the library's."""
    package = module.partition(".")[0]
    if package not in sys.stdlib_module_names:
        return package in _KNOWN
    file = getattr(sys.modules.get(package), "__file__", None)
    return file is None or file.startswith(_LIBRARY)


def _names(code: python.CodeType) -> tuple[set[str], list[str]]:
    """Names of the globals that bytecode reads, and all its names, those of inner functions too."""
    read = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    named = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, python.CodeType):
            inner_read, inner_named = _names(constant)
            read |= inner_read
            named |= set(inner_named)
    return read, sorted(named)
