"""Folders and files that outlive a crash: one writer a folder, names that are on the disk, ends set aside."""

import errno
import os
from pathlib import Path

from truefill.core.errors import DataError

_BLOCK = 1 << 18  # bytes that are copied together


def lock_folder(folder: Path, name: str, other: str) -> int:
    """Take the folder's lock, a file `name`; the descriptor holds it until it is closed or the process ends.

    Raises
    ------
    DataError
        `other` ("another collector", ...) holds it, or the folder cannot be written.
    """
    import fcntl

    try:
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise refused(error, folder) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(lock, 20).decode(errors="replace").strip()
        os.close(lock)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise refused(error, folder) from error
        raise DataError(
            f"a folder to which no {other} writes", f"one that process {owner} writes to", folder
        ) from None
    os.ftruncate(lock, 0)
    os.write(lock, b"%d\n" % os.getpid())
    return lock


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_aside(path: Path, size: int, suffix: str = ".torn") -> Path:
    """Cut a file to `size` bytes; what was behind goes into a new file beside it, which is returned.

    What is set aside is on the disk before anything is cut off.
    """
    number = 1
    while (beside := path.with_name(f"{path.name}{suffix}{number if number > 1 else ''}")).exists():
        number += 1
    with path.open("r+b") as file, beside.open("xb") as kept:
        file.seek(size)
        while block := file.read(_BLOCK):
            kept.write(block)
        kept.flush()
        os.fsync(kept.fileno())
        sync_folder(path.parent)
        file.truncate(size)
        os.fsync(file.fileno())
    return beside


def refused(error: OSError, path: Path) -> DataError:
    """What is raised when the system refuses a write."""
    return DataError("a folder that can be written, with room on its disk", error.strerror or error, path)
