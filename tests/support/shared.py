"""Where the real recordings are, and what happens when they are not there.

The recordings are too big for the repository. They live in a folder ``shared/data`` beside the repository,
or in the folder that ``TRUEFILL_SHARED`` names. A test that asks for a file which is not there is skipped,
and the reason tells how to get it run; the session's last lines count such skips (``tests/conftest.py``).
"""

import os
from pathlib import Path

import pytest

MISSING = "real recording not found"
_BESIDE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared"


def shared_root() -> Path:
    """Folder of the shared material: ``TRUEFILL_SHARED``, else ``shared`` beside the repository."""
    named = os.environ.get("TRUEFILL_SHARED")
    return Path(named) if named else _BESIDE_REPOSITORY


def shared_data(rel: str) -> Path:
    """Path of one real data file, or skip the test that asks.

    Parameters
    ----------
    rel : str
        Path below ``shared/data``, e.g. ``"raw/binance_usdm/btcusdt_20240808.gz"``.
    """
    path = shared_root() / "data" / rel
    if not path.exists():
        pytest.skip(f"{MISSING}: {rel} (set TRUEFILL_SHARED to the folder that holds data/)")
    return path
