"""HftBacktest's event files: ``.npz`` with the array ``data``, or a plain ``.npy``."""

import contextlib
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from truefill.core.errors import DataError
from truefill.core.events import EVENT
from truefill.tape.events import tape_events
from truefill.tape.layout import BLOCK_ROWS
from truefill.tape.remote import is_remote, local, sent
from truefill.tape.tape import Tape


def read_npz(path: str | os.PathLike[str]) -> np.ndarray:
    """Read events from HftBacktest's ``.npz`` (key ``data``) or ``.npy`` file.

    Returns
    -------
    EVENT[]
        Ready for `build_tape` or `TapeBuilder.append`.

    Raises
    ------
    DataError
        The file is missing, damaged, or holds something else.
    """
    file = local(path)
    try:
        with file.open("rb") as opened:
            loaded = np.load(opened, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                data = loaded
            else:
                if "data" not in loaded.files:
                    raise DataError("an array called data", ", ".join(loaded.files) or "none", file.name)
                data = loaded["data"]
    except FileNotFoundError:
        raise DataError("a file of events", "no such file", file) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        # NumPy takes whatever it does not know for a pickle, and advises to load it unsafely.
        got = "a file of another kind" if "pickle" in str(error) else error
        raise DataError("a .npz or .npy file of events", got, file.name) from error
    return as_events(data, file.name)


def npz_chunks(path: str | os.PathLike[str], rows: int = BLOCK_ROWS) -> Iterator[np.ndarray]:
    """Read the events of an ``.npz`` or ``.npy`` file in chunks, in bounded memory.

    Yields
    ------
    EVENT[]
        At most `rows` at a time.

    Raises
    ------
    DataError
        As `read_npz`.
    """
    file = local(path)
    number = 0
    try:
        with contextlib.ExitStack() as stack:
            opened: IO[bytes] = stack.enter_context(file.open("rb"))
            if zipfile.is_zipfile(opened):
                archive = stack.enter_context(zipfile.ZipFile(opened))
                if "data.npy" not in archive.namelist():
                    found = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
                    raise DataError("an array called data", found or "none", file.name)
                opened = stack.enter_context(archive.open("data.npy"))
            else:
                opened.seek(0)
            count, dtype = _array_header(opened, file.name)
            while number < count:
                size = min(rows, count - number) * dtype.itemsize
                data = opened.read(size)
                if len(data) < size:
                    raise DataError(f"{count} events", "a file that ends before", f"{file}: row {number + 1}")
                chunk = as_events(np.frombuffer(data, dtype), file.name)
                number += len(chunk)
                yield chunk
    except FileNotFoundError:
        raise DataError("a file of events", "no such file", file) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError("a .npz or .npy file of events", error, f"{file}: row {number + 1}") from error


def _array_header(file: IO[bytes], name: str) -> tuple[int, np.dtype]:
    """Length and dtype of the one-dimensional array whose header comes next."""
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(file)
    if version not in read:
        raise ValueError(f"an array of version {version[0]}.{version[1]}")
    shape, _, dtype = read[version](file)
    if len(shape) != 1 or dtype.hasobject:
        raise DataError("one row of events", f"{dtype}, {len(shape)}-D", name)
    return shape[0], dtype


def write_npz(
    events: Tape | np.ndarray, path: str | os.PathLike[str], *, compressed: bool = True
) -> np.ndarray:
    """Write events so that HftBacktest reads them.

    Parameters
    ----------
    events : Tape or EVENT[]
        Of a tape the two views are merged, see `tape_events`.
    path : path
        Ends in ``.npz``, or in ``.npy`` for a plain array.
    compressed : bool
        Whether a ``.npz`` is compressed.

    Returns
    -------
    EVENT[]
        The rows that were written.

    Raises
    ------
    DataError
        The path ends in something else, or cannot be written.
    """
    target = Path(path)
    if target.suffix not in (".npz", ".npy"):
        raise DataError("a name that ends in .npz or .npy", target.name)
    rows = tape_events(events) if isinstance(events, Tape) else as_events(np.asarray(events), "events")
    with written(target) as file:
        if target.suffix == ".npy":
            np.save(file, rows)
        elif compressed:
            np.savez_compressed(file, data=rows)
        else:
            np.savez(file, data=rows)
    return rows


@contextlib.contextmanager
def written(target: Path) -> Iterator[IO[bytes]]:
    """Give a file to write; it appears at `target`, here or in an object store, complete or not at all.

    Raises
    ------
    DataError
        It cannot be written.
    """
    if is_remote(target):
        with sent(target) as made, written(made) as file:
            yield file
        return
    target = local(target)
    if not target.parent.is_dir():
        raise DataError("an existing folder for the file", target.parent, target.name)
    if target.is_dir():
        raise DataError("a file that can be written", "a folder", target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:  # with the rights that the user's files have, unlike mkstemp's
            yield file
        temporary.replace(target)
    except OSError as error:
        raise DataError("a file that can be written", error.strerror or error, target) from error
    finally:
        temporary.unlink(missing_ok=True)


def as_events(data: np.ndarray, where: str) -> np.ndarray:
    """EVENT rows of an array of the same layout, whatever its fields are called."""
    if data.dtype == EVENT and data.ndim == 1:
        return np.ascontiguousarray(data)
    fields = data.dtype.fields
    kinds = None if fields is None else [fields[name][:2] for name in data.dtype.names or ()]
    wanted = [EVENT.fields[name][:2] for name in EVENT.names or ()]  # type: ignore[index]
    if data.ndim != 1 or kinds != wanted:
        raise DataError(
            f"one row of events, {EVENT.itemsize} bytes each", f"{data.dtype}, {data.ndim}-D", where
        )
    return np.ascontiguousarray(data).view(EVENT)
