"""Files in object stores: ``s3://bucket/key`` wherever a path of a file is taken.

A file is fetched whole into a folder of this machine, under the key's name and the version that the store
calls it by (its ETag), and read from there: a version is fetched once. A file that is written is made here
first and sent when it is complete. So neither side ever has half a file under its name.

Endpoint, region and credentials come from the usual variables of the environment (``AWS_ENDPOINT_URL``,
``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY``, ``AWS_SESSION_TOKEN``, ...).
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from truefill.core.errors import ConfigError, DataError

_URL = re.compile(r"s3:/{1,2}(?P<bucket>[^/]+)/(?P<key>.+)", re.S)
_CHUNK = 8 << 20  # bytes that are asked for at a time, so that a time limit says something of the connection
_PART = 8 << 20  # bytes of a part of what is sent; S3 wants 5 MB at least
_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


_REASONS = (
    (r"ConnectionRefused", "connection refused"),
    (r"kind: Timeout|TimedOut", "no answer in time"),
    (
        r"IncompleteBody|IncompleteMessage|UnexpectedEof|ConnectionReset|BrokenPipe",
        "a connection that broke off",
    ),
    (r"dns error", "no such host"),
    (r"\bstatus: (\d{3})", "status {0}"),
)


class Limits(NamedTuple):
    """How long a store is waited for."""

    connect_s: float = 5.0
    silence_s: float = 10.0  # without a byte
    request_s: float = 120.0  # for 8 MB
    retries: int = 3  # after the first try, for refusals, dropped connections, time-outs and errors 5xx
    pause_s: float = 0.2  # before the first retry; doubles


LIMITS = Limits()


class _Object(NamedTuple):
    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def is_remote(path: object) -> bool:
    """Whether a path is an object store's; also one that became a `Path`, which drops a slash."""
    return isinstance(path, str | Path) and str(path).startswith("s3:/")


def is_url(path: object) -> bool:
    """Whether a path is ``s3://`` or ``file:``, and so has to go through `local`."""
    return is_remote(path) or (isinstance(path, str | Path) and str(path).startswith("file:/"))


def url(path: str | os.PathLike[str]) -> str:
    """An object's path as people write it."""
    return _parse(str(path)).url


def local(path: str | os.PathLike[str]) -> Path:
    """Give the file of a path on this machine; an object is fetched, unless this version is here already.

    Parameters
    ----------
    path : path
        ``s3://bucket/key``, ``file:///a/path``, or a plain path, which is returned as it is.

    Raises
    ------
    DataError
        No such bucket or object, no access, no answer: with the URL. Nothing half-fetched remains.
    ConfigError
        The library for object stores is not installed.
    """
    text = str(path)
    if text.startswith("file:/"):
        return Path(urllib.parse.unquote(urllib.parse.urlsplit(text).path))
    return _fetch(_parse(text)) if is_remote(path) else Path(path)


def ahead(paths: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """Give files one after the other (`local`), and fetch the next one while this one is worked on.

    Examples
    --------
    >>> [path.name for path in ahead(["monday.tape", "tuesday.tape"])]
    ['monday.tape', 'tuesday.tape']
    """
    waiting = list(paths)
    if not any(is_remote(path) for path in waiting):
        yield from (local(path) for path in waiting)
        return
    with ThreadPoolExecutor(1, "truefill-fetch") as thread:
        coming = thread.submit(local, waiting[0])
        for number in range(len(waiting)):
            found = coming.result()
            if number + 1 < len(waiting):
                coming = thread.submit(local, waiting[number + 1])
            yield found


@contextlib.contextmanager
def sent(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write a file at; an object's file is sent when the block ends well.

    Raises
    ------
    DataError
        The store does not take it.
    """
    if not is_remote(path):
        yield local(path)
        return
    target = _parse(str(path))
    _check_installed()
    with tempfile.TemporaryDirectory(prefix="truefill-") as folder:
        file = Path(folder) / Path(target.key).name
        yield file
        import obstore

        with _typed(target):
            obstore.put(_store(target.bucket), target.key, file, chunk_size=_PART)


def cache_folder() -> Path:
    """Folder of fetched files: ``TRUEFILL_CACHE``, else ``truefill`` in the user's cache folder."""
    named = os.environ.get("TRUEFILL_CACHE")
    return (
        Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "truefill"
    )


def _parse(text: str) -> _Object:
    match = _URL.fullmatch(text)
    if match is None or match["key"].endswith("/"):
        raise DataError("s3://bucket/key", text)
    return _Object(match["bucket"], match["key"])


def _fetch(source: _Object) -> Path:
    _check_installed()
    import obstore

    with _typed(source):
        store = _store(source.bucket)
        found = obstore.head(store, source.key)
        size, version = found["size"], found["e_tag"]
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        name = hashlib.blake2b(f"{endpoint}\n{source.url}".encode(), digest_size=16).hexdigest()
        tag = hashlib.blake2b(f"{version} {size}".encode(), digest_size=8).hexdigest()
        folder = cache_folder() / "s3" / name
        file = folder / tag / Path(source.key).name
        if file.is_file() and file.stat().st_size == size:
            return file
        folder.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".", suffix=".fetching", dir=folder))
        try:
            with (building / file.name).open("wb") as out:
                for start in range(0, size, _CHUNK):
                    part = {"range": (start, min(start + _CHUNK, size))}
                    options: Any = part | ({"if_match": version} if version else {})
                    out.write(obstore.get(store, source.key, options=options).bytes())
                if out.tell() != size:
                    raise DataError(f"{size} bytes", out.tell(), source.url)
            _keep(building, file)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    return file


def _keep(building: Path, file: Path) -> None:
    """Move what was fetched into place; earlier versions of it go, but for readers that have them open."""
    for other in file.parent.parent.iterdir():
        if other != file.parent and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)
    file.parent.mkdir(exist_ok=True)
    (building / file.name).replace(file)


def _store(bucket: str) -> Any:
    from obstore.store import S3Store

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    named = ("AWS_REGION", "AWS_DEFAULT_REGION")
    config: dict[str, Any] = {"region": next((os.environ[n] for n in named if n in os.environ), "us-east-1")}
    if endpoint:
        config |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        if not os.environ.get("AWS_ACCESS_KEY_ID"):
            config["skip_signature"] = True  # and do not look for a machine of Amazon's that has credentials
    limits = LIMITS
    return S3Store(
        bucket,
        **config,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=limits.connect_s),
            "read_timeout": timedelta(seconds=limits.silence_s),
            "timeout": timedelta(seconds=limits.request_s),
        },
        retry_config={
            "max_retries": limits.retries,
            "retry_timeout": timedelta(seconds=limits.request_s * (limits.retries + 1)),
            "backoff": {
                "init_backoff": timedelta(seconds=limits.pause_s),
                "max_backoff": timedelta(seconds=10),
                "base": 2,
            },
        },
    )


def _check_installed() -> None:
    try:
        import obstore  # noqa: F401
    except ImportError:
        raise ConfigError(
            "the library for object stores", "none: pip install 'truefill[s3]'", "s3://"
        ) from None


@contextlib.contextmanager
def _typed(what: _Object) -> Iterator[None]:
    """Turn errors of the store into a DataError that names the URL, and no secret."""
    from obstore import exceptions as known

    try:
        yield
    except FileNotFoundError as error:  # which is what the library raises; one of this machine has a number
        if error.errno is not None:
            raise
        raise DataError("an object in a bucket", "no such bucket or key", what.url) from _plain(error)
    except (known.PermissionDeniedError, known.UnauthenticatedError) as error:
        got = "access denied (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
        raise DataError("a store that gives access", got, what.url) from _plain(error)
    except known.PreconditionError as error:
        raise DataError(
            "an object that stays as it is while it is read", "another one", what.url
        ) from _plain(error)
    except known.BaseError as error:
        reason = _reason(str(error))
        raise DataError(
            "a store that answers", f"{reason}, {LIMITS.retries + 1} tries", what.url
        ) from _plain(error)


def _reason(text: str) -> str:
    """What went wrong, in a few words; the library has it in a long description of its own inside."""
    for pattern, reason in _REASONS:
        if found := re.search(pattern, text):
            return reason.format(*found.groups())
    return _without_secrets(text.partition("\n")[0])[:200]


def _plain(error: Exception) -> Exception:
    """The library's error for whoever debugs, without secrets."""
    return type(error)(_without_secrets(str(error)))


def _without_secrets(text: str) -> str:
    for name in _SECRETS:
        if value := os.environ.get(name):
            text = text.replace(value, "***")
    return text
