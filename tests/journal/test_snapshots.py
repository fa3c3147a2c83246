"""Snapshots: the newest sound one, and never half of one."""

from pathlib import Path

import pytest

from truefill.core.errors import DataError
from truefill.journal import Snapshot, Snapshots


def test_the_newest_sound_one_is_given(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path / "s", "state 1", keep=3)
    assert snapshots.newest() is None
    for number in (10, 20, 30, 40):
        snapshots.save(number, b"state at %d" % number)

    assert [path.stem[-2:] for path in snapshots.files()] == ["20", "30", "40"]
    assert snapshots.newest() == Snapshot(40, b"state at 40")
    assert snapshots.newest(at_most=39) == Snapshot(30, b"state at 30")
    assert snapshots.newest(at_most=5) is None


def test_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path, "state 1")
    snapshots.save(1, b"first")
    path = snapshots.save(2, b"second")
    data = path.read_bytes()
    for at in [0, 9, 30, 45, len(data) - 1]:
        changed = bytearray(data)
        changed[at] ^= 1
        path.write_bytes(changed)
        if 16 <= at < 32:  # the schema's digest
            with pytest.raises(DataError, match="of other contents"):
                snapshots.newest()
        else:
            assert snapshots.newest() == Snapshot(1, b"first")
    path.write_bytes(data[:-1])
    assert snapshots.newest() == Snapshot(1, b"first")
    path.write_bytes(b"")
    assert snapshots.newest() == Snapshot(1, b"first")


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can be written"):
        Snapshots(tmp_path / "file" / "below", "state 1")
    snapshots = Snapshots(tmp_path, "state 1")
    with pytest.raises(DataError, match="of other contents"):
        snapshots.save(1, b"x")
        Snapshots(tmp_path, "state 2").newest()
