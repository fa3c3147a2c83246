"""Writing ``.npz`` files: under a temporary name and moved into place, as everywhere here."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from truefill.core.errors import DataError


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> Path:
    """Write arrays to a compressed ``.npz`` file; like NumPy, put ``.npz`` behind a name without it.

    Raises
    ------
    DataError
        The file cannot be written.
    """
    target = Path(path)
    if target.suffix != ".npz":
        target = target.with_name(f"{target.name}.npz")
    if not target.parent.is_dir():
        raise DataError("an existing folder for the file", target.parent, target.name)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        temporary.replace(target)
    except OSError as error:
        raise DataError("a file that can be written", error.strerror or error, target) from error
    finally:
        temporary.unlink(missing_ok=True)
    return target
