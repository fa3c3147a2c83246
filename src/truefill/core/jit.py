"""How truefill compiles: the options, the cache, and its honesty, in one file.

* ``entry``: a function that Python calls. Compiled at its first call, cached on disk, runs without the GIL.
* ``helper``: a function that only compiled code calls (and Python, when interpreted).
* ``Callback``: a function that compiled code calls by its address. Compiled when that is first asked for.
* ``compile_user``: a user's strategy, compiled with the same options.

What a user wrote, strategies and models, is cached by its fingerprint (`core.fingerprint`): by all that it
depends on, in whatever file, and not by the file that it is in.

Nothing compiles at import. With ``NUMBA_DISABLE_JIT=1`` entries and helpers are plain Python.

Numba's cache looks only at the file of the function itself, so an edit in a helper's file goes unseen
(numba issue 1833). Here the stamp of every cached function is a hash over all kernel sources; the same
hash is part of the names of our Numba types (`KERNEL_HASH`), so a user's own ``@njit(cache=True)``
function misses its cache after an upgrade, too.

Two faults of Numba's own are mended here:

* It names machine code after a counter that starts at 1 in every process. Code that was cached by one
  process and code compiled in another can bear one name, and the linker then takes one for the other
  (numba issue 10486; seen here as a buy that was sent as a sell). Here the counter starts anywhere, for
  everything that the process compiles from now on, a user's functions too.
* Its cache numbers its data files and writes the index first, so that of two processes which compile at
  one time, or one that reads meanwhile, one can load other code than it asked for. The data files of our
  functions are named after what is in them, and written before the index. Those of a user's functions
  need no index: their name tells everything.
"""

import contextlib
import functools
import gc
import glob
import hashlib
import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.core.ccallback import CFunc
from numba.core.sigutils import normalize_signature
from numba.extending import register_jitable

from truefill.core.address import interpreted_address
from truefill.core.user_cache import user_cache

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = {"nogil": True, "error_model": "numpy"}
# Helpers are only ever called from compiled code (Python calls their plain source), so no wrappers.
_HELPER_OPTIONS = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

_PACKAGE = Path(__file__).resolve().parents[1]
_COMPILED = (b"truefill.core.jit", b"truefill.core.address", b"numba")


@functools.cache
def kernel_hash() -> str:
    """Hash of every source file of the package that is compiled or feeds compiled code.

    Returns
    -------
    str
        16 hexadecimal digits; the same for the same sources on every machine.
    """
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        source = path.read_bytes()
        if path.parent.name == "core" or any(mark in source for mark in _COMPILED):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(source)
    return digest.hexdigest()


def _number_from_anywhere() -> None:
    """Let the numbers in the names of compiled functions start where no other process's do."""
    FunctionIdentity._unique_ids = itertools.count(secrets.randbits(62))


_number_from_anywhere()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_number_from_anywhere)


class _HonestStamp:
    """Mixed into Numba's cache locators: the stamp is the kernel hash and not one file's."""

    def get_source_stamp(self) -> str:
        return kernel_hash()


class _KernelCacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = [  # noqa: RUF012 - Numba reads it as a list of the class
        type("Honest" + locator.__name__, (_HonestStamp, locator), {})
        for locator in CompileResultCacheImpl._locator_classes
    ]


class _NamedByContent(IndexDataCacheFile):  # type: ignore[misc]
    """Index and data files of one function; a data file's name tells the sources and the signature."""

    def save(self, key: Any, data: Any) -> None:
        overloads = self._load_index()
        digest = hashlib.blake2b(repr((self._source_stamp, key)).encode(), digest_size=8).hexdigest()
        base = self._index_name.removesuffix(".nbi")
        overloads[key] = f"{base}.{digest}.nbc"
        self._save_data(overloads[key], data)
        self._save_index(overloads)
        for path in Path(self._cache_path).glob(f"{glob.escape(base)}.*.nbc"):
            if path.name not in overloads.values():
                path.unlink(missing_ok=True)  # of older sources


class _KernelCache(FunctionCache):  # type: ignore[misc]
    _impl_class = _KernelCacheImpl

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _NamedByContent(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )


_compiled = 0


def compile_count() -> int:
    """How many functions this process has compiled or loaded so far, by any of the ways in this file."""
    return _compiled + sum(len(e.signatures) for e in _entries)


_entries: list[Any] = []


def entry(function: F) -> F:
    """Compile `function` for calls from Python: lazily, cached, without the GIL."""
    if config.DISABLE_JIT:
        return function
    dispatcher = numba.njit(**OPTIONS)(function)
    dispatcher._cache = _KernelCache(function)
    _entries.append(dispatcher)
    return dispatcher  # type: ignore[no-any-return]


def helper(function: F) -> F:
    """Make `function` callable from compiled code; plain Python everywhere else."""
    return register_jitable(**_HELPER_OPTIONS)(function)  # type: ignore[no-any-return]


def inlined(function: F) -> F:
    """Like `helper`, and always inlined by LLVM: for small functions in hot loops."""
    return register_jitable(forceinline=True, **_HELPER_OPTIONS)(function)  # type: ignore[no-any-return]


class Callback:
    """A function that compiled code calls by address, compiled when the address is first asked for.

    The function must catch its own exceptions and return a status: Numba prints an exception that
    leaves a callback and returns 0, which would look like success.

    Parameters
    ----------
    function : callable
        Its body; also what an interpreted run calls.
    signature : numba signature
        Explicit types, e.g. ``int64(int64, float64)``.
    user : callable, optional
        The user's function that `function` is a wrapper of: then it is cached beside that one, by content.
    """

    def __init__(
        self, function: Callable[..., Any], signature: Any, user: Callable[..., Any] | None = None
    ) -> None:
        self.function = function
        self.signature = signature
        self.user = user
        self._cfunc: CFunc | None = None

    @property
    def address(self) -> int:
        """Address of the machine code (under NUMBA_DISABLE_JIT: a number that stands for the function)."""
        if config.DISABLE_JIT:
            return interpreted_address(self.function)
        return int(self._compiled().address)

    @property
    def ctypes(self) -> Callable[..., int]:
        """The same machine code as a Python callable; releases the GIL."""
        if config.DISABLE_JIT:
            return self.function
        return self._compiled().ctypes  # type: ignore[no-any-return]

    @property
    def cache_hits(self) -> int:
        """1 when the machine code came from the disk cache; 0 when it did not, or there is none."""
        if config.DISABLE_JIT:
            return 0
        return int(self._compiled().cache_hits)

    def _compiled(self) -> CFunc:
        global _compiled
        if self._cfunc is None:
            compiled = CFunc(
                self.function, normalize_signature(self.signature), locals={}, options=dict(OPTIONS)
            )
            user = getattr(self.user, "py_func", self.user)
            compiled._cache = (
                user_cache(self.function, kernel_hash, user) if user else _KernelCache(self.function)
            )
            with _no_collections():
                compiled.compile()
            _compiled += 1
            self._cfunc = compiled
        return self._cfunc


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Keep the garbage collector off: a tenth of the compiler's time, and next to nothing to collect.

    Where several threads compile, it comes back when the one that switched it off is done.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compile_user(
    function: Callable[..., Any], cache: bool = True, beside: Callable[..., Any] | None = None
) -> Any:
    """Compile a user's function with truefill's options.

    A function that is already a Numba dispatcher is compiled anew from its Python source, so that it
    runs without the GIL (progress and Ctrl-C need that). Numba's default error model stays: a division
    by zero raises, as it does interpreted.

    With `cache` the machine code is kept on disk, under the fingerprint of everything it depends on: an edit
    in a file that the strategy imports, or of a global, is seen. A function that was typed at a prompt has no
    file to be cached beside. A function of ours that closes over the user's is cached `beside` one of those.
    """
    source = getattr(function, "py_func", function)
    if config.DISABLE_JIT:
        return source
    dispatcher = numba.njit(nogil=True)(source)
    if cache:
        dispatcher._cache = user_cache(source, kernel_hash, beside)
    return dispatcher


def jit_enabled() -> bool:
    """False under ``NUMBA_DISABLE_JIT=1``."""
    return not config.DISABLE_JIT
