"""The file that a conversion writes: what it may be called, and where things are made on the way to it."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from truefill.core.errors import ConfigError

ENDINGS = {"tape": None, "npz": (".npz", ".npy"), "parquet": (".parquet",)}
"""What the name of a result ends in."""


def check_ending(target: Path, to: str) -> None:
    """Refuse a name that its kind of file cannot have."""
    endings = ENDINGS[to]
    if endings is not None and target.suffix not in endings:
        raise ConfigError(f"a name that ends in {endings[0]}", target.name, "out")


@contextlib.contextmanager
def building_folder(target: Path) -> Iterator[Path]:
    """Give a folder beside a result, for what is made on the way to it."""
    with tempfile.TemporaryDirectory(
        prefix=f".{target.name}.", suffix=".building", dir=target.parent
    ) as folder:
        yield Path(folder)
