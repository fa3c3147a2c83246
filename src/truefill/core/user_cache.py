"""The cache of what a user wrote: machine code on disk, under the fingerprint of all that it depends on.

Where it lies is Numba's choice (`__pycache__` beside the user's file, ``NUMBA_CACHE_DIR``, the user's own
folder); what it is filed under is ours. There is no index: the name of a data file tells everything, so that
two processes which write at once do no harm, and neither does a class that can no longer be imported.
"""

import contextlib
import glob
import hashlib
import pickle
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.serialize import dumps

from truefill.core.fingerprint import Reach, fingerprint_of_type

# How many compiled variants of one function of a user's stay on disk: edits and parameter types come and go.
_VARIANTS = 16


class _ByFingerprint:
    """Data files that are named after everything they depend on; in place of Numba's index of a file."""

    def __init__(self, folder: str, base: str) -> None:
        self._folder = Path(folder)
        self._base = base

    def _path(self, key: str) -> Path:
        return self._folder / f"{self._base}.{key}.nbc"

    def load(self, key: str) -> Any:
        try:
            return pickle.loads(self._path(key).read_bytes())
        except FileNotFoundError:
            return None
        except Exception:  # cut short, or of classes that are gone: compiled again, and written anew
            return None

    def save(self, key: str, data: Any) -> None:
        path = self._path(key)
        temporary = path.with_suffix(f".{secrets.token_hex(8)}.tmp")
        try:
            temporary.write_bytes(dumps(data))
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self._forget_oldest()

    def flush(self) -> None:
        for path in self._folder.glob(f"{glob.escape(self._base)}.*.nbc"):
            path.unlink(missing_ok=True)

    def _forget_oldest(self) -> None:
        ages = []
        for path in self._folder.glob(f"{glob.escape(self._base)}.*.nbc"):
            with contextlib.suppress(OSError):  # another process was faster
                ages.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(ages)[:-_VARIANTS]:
            path.unlink(missing_ok=True)


class _UserCacheImpl(CompileResultCacheImpl):  # type: ignore[misc]
    def check_cachable(self, result: Any) -> bool:
        """As Numba, without a word: what cannot be cached (large arrays, object mode) just compiles."""
        return not result.library.has_dynamic_globals and all(lifted.can_cache for lifted in result.lifted)


class _UserCache(FunctionCache):  # type: ignore[misc]
    """Cache of what a user wrote: beside the file, or where Numba would put it, but keyed by fingerprint.

    Parameters
    ----------
    function : callable
        What is compiled.
    stamp : callable
        Gives the kernel hash, which stands for truefill's own sources.
    beside : callable, optional
        The user's own function, when `function` is a wrapper around it.
    """

    _impl_class = _UserCacheImpl

    def __init__(
        self,
        function: Callable[..., Any],
        stamp: Callable[[], str],
        beside: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(beside or function)
        self._function = function
        self._stamp = stamp
        self._cache_file = _ByFingerprint(self._cache_path, self._impl.filename_base)
        self._keys: dict[Any, str | None] = {}

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        # The key is made before the code is compiled, and kept: globals may change meanwhile.
        key = self._keys[sig] = self._key(sig, target_context.codegen())
        data = self._cache_file.load(key) if key else None
        try:
            return None if data is None else self._impl.rebuild(target_context, data)
        except Exception:
            return None

    def _save_overload(self, sig: Any, data: Any) -> None:
        key = self._keys.pop(sig, None)
        if key and self._impl.check_cachable(data):
            with contextlib.suppress(OSError):  # a full disk is no reason not to run
                self._impl.locator.ensure_cache_path()
                self._cache_file.save(key, self._impl.reduce(data))

    def _key(self, sig: Any, codegen: Any) -> str | None:
        reach = Reach(self._function)
        for dispatcher in reach.dispatchers:  # what is linked in must not come from a cache that is stale
            honest = isinstance(dispatcher._cache, _UserCache)
            if isinstance(dispatcher._cache, FunctionCache) and not honest:
                dispatcher._cache = user_cache(dispatcher.py_func, self._stamp)
        parts = [reach.digest]
        parts += [
            fingerprint_of_type(t)
            for t in (*getattr(sig, "args", sig), getattr(sig, "return_type", None))
            if t
        ]
        if None in parts:
            return None
        settings = (codegen.magic_tuple(), config.BOUNDSCHECK, config.OPT, config.DEBUGINFO_DEFAULT)
        return hashlib.blake2b(repr((self._stamp(), parts, settings)).encode(), digest_size=16).hexdigest()


def user_cache(
    function: Callable[..., Any], stamp: Callable[[], str], beside: Callable[..., Any] | None = None
) -> Any:
    """Make a cache for what a user wrote; one that keeps nothing when there is no file to keep it beside."""
    try:
        return _UserCache(function, stamp, beside)
    except (RuntimeError, OSError, TypeError):
        return NullCache()
