"""Journals: cut anywhere, changed anywhere, killed at any time, on a full disk."""

import os
import random
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from truefill.core.errors import ConfigError, DataError
from truefill.journal import Frame, Journal, JournalReader

SCHEMA = "numbers, version 1"


def fill(folder: Path, frames: int = 20, seed: int = 1, file_bytes: int = 1 << 28) -> list[Frame]:
    """A journal of random frames, and what is in it."""
    random_ = random.Random(seed)
    written = []
    with Journal(folder, SCHEMA, file_bytes=file_bytes) as journal:
        for _ in range(frames):
            payload, count = random_.randbytes(random_.randrange(60)), random_.randrange(1, 4)
            first = journal.last + 1
            assert journal.append(payload, count, kind=count) == first + count - 1
            written.append(Frame(first, count, count, payload))
    return written


def test_what_was_appended_is_read(tmp_path: Path) -> None:
    written = fill(tmp_path)
    reader = JournalReader(tmp_path, SCHEMA)

    assert list(reader.frames()) == written
    assert (reader.last, reader.damage) == (written[-1].last, None)
    assert list(reader.frames(after=written[7].last)) == written[8:]
    assert next(reader.frames(after=written[7].last - 1)) == written[7]


def test_who_has_a_snapshot_is_told_what_came_after(tmp_path: Path) -> None:
    written = fill(tmp_path, 60, file_bytes=400)
    told: list[Frame] = []
    with Journal(tmp_path, SCHEMA, after=written[40].last, replay=told.append) as journal:
        assert journal.last == written[-1].last
    assert told == written[41:]
    with pytest.raises(DataError, match=f"one that ends with {written[-1].last}"):
        Journal(tmp_path, SCHEMA, after=written[-1].last + 1)
    with Journal(tmp_path / "new", SCHEMA, after=70) as journal:
        assert journal.append(b"x") == 71


def test_files_follow_each_other_and_are_passed_over(tmp_path: Path) -> None:
    written = fill(tmp_path, 60, file_bytes=400)
    reader = JournalReader(tmp_path, SCHEMA)
    assert len(reader.files()) > 5
    assert list(reader.frames()) == written

    reader.files()[0].unlink()  # older than a snapshot, say
    kept = [frame for frame in written if frame.first >= int(reader.files()[0].stem)]
    assert list(reader.frames(after=kept[0].first - 1)) == kept
    with pytest.raises(DataError, match="item 1"):
        list(reader.frames())


def test_arrays_are_written_as_their_bytes(tmp_path: Path) -> None:
    rows = np.arange(12, dtype=np.int64).reshape(3, 4)[:, ::2]
    with Journal(tmp_path, SCHEMA) as journal:
        journal.append(rows, len(rows))

    (frame,) = JournalReader(tmp_path, SCHEMA).frames()
    assert np.frombuffer(frame.payload, np.int64).reshape(3, 2).tolist() == rows.tolist()


def test_cut_anywhere_it_gives_what_is_whole_and_goes_on(tmp_path: Path) -> None:
    written = fill(tmp_path / "whole", 6)
    (source,) = JournalReader(tmp_path / "whole", SCHEMA).files()
    data = source.read_bytes()
    for size in range(len(data) + 1):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / source.name).write_bytes(data[:size])
        reader = JournalReader(folder, SCHEMA)
        found = list(reader.frames())
        assert found == written[: len(found)]
        whole = reader.damage is None
        assert whole or reader.damage.torn  # type: ignore[union-attr]
        with Journal(folder, SCHEMA) as journal:
            assert journal.last == (found[-1].last if found else 0)
            assert bool(journal.set_aside) != whole
            journal.append(b"more")
        again = list(reader.frames())
        assert again[:-1] == found
        assert again[-1].payload == b"more"
        assert sum(len(path.read_bytes()) for path in journal.set_aside) <= size


def test_changed_anywhere_it_is_said_and_read_exactly_that_far(tmp_path: Path) -> None:
    written = fill(tmp_path / "whole", 8)
    (source,) = JournalReader(tmp_path / "whole", SCHEMA).files()
    data = source.read_bytes()
    quiet = 0
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x41
        (folder := tmp_path / str(at)).mkdir()
        (folder / source.name).write_bytes(changed)
        reader = JournalReader(folder, SCHEMA)
        found = list(reader.frames())
        assert found == written[: len(found)]
        if reader.damage is None:
            assert found == written
            quiet += 1  # the filling of a frame
        elif not reader.damage.torn:
            with pytest.raises(DataError, match=f"its last good item is {reader.last}\\)"):
                Journal(folder, SCHEMA)
            with Journal(folder, SCHEMA, accept_damage=True) as journal:
                assert journal.last == reader.last
                assert [path.suffix for path in journal.set_aside] == [".damaged"]
            assert list(reader.frames()) == found
            assert reader.damage is None
    assert quiet == sum(-len(frame.payload) % 8 for frame in written)


def test_a_missing_file_is_damage(tmp_path: Path) -> None:
    fill(tmp_path, 60, file_bytes=400)
    reader = JournalReader(tmp_path, SCHEMA)
    third = reader.files()[3]
    reader.files()[2].unlink()
    list(reader.frames())

    assert reader.damage is not None
    assert (reader.damage.path, reader.damage.torn) == (third, False)
    with Journal(tmp_path, SCHEMA, accept_damage=True) as journal:
        assert journal.last == reader.last
        assert len(reader.files()) == 2


KILLED = """
import sys
from truefill.journal import Journal
with Journal(sys.argv[1], "numbers, version 1", durability=sys.argv[2], file_bytes=5_000) as journal:
    while True:
        number = journal.append(str(journal.last + 1).encode() * 7)
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""


@pytest.mark.slow
@pytest.mark.parametrize("durability", ["process", "disk"])
def test_killed_at_any_time_nothing_acknowledged_is_lost(tmp_path: Path, durability: str) -> None:
    random_ = random.Random(3)
    for _ in range(4):
        child = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path), durability], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(random_.randrange(1, 400))]
        os.kill(child.pid, signal.SIGKILL)
        told += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.wait()
        child.stdout.close()
        reader = JournalReader(tmp_path, SCHEMA)
        frames = list(reader.frames())
        assert [frame.first for frame in frames] == list(range(1, reader.last + 1))
        assert all(frame.payload == str(frame.first).encode() * 7 for frame in frames)
        assert reader.last >= told[-1]


FULL = """
import resource, signal, sys
from truefill.core.errors import DataError
from truefill.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(sys.argv[1], "numbers, version 1")
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    while True:
        journal.append(b"x" * 50)
except DataError as error:
    print(journal.last, error)
try:
    journal.append(b"y")
except DataError as error:
    print(error)
journal.close()
"""


def test_a_full_disk_leaves_whole_frames(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()
    reader = JournalReader(tmp_path, SCHEMA)

    assert len(list(reader.frames())) == reader.last == int(first.split()[0]) > 5
    assert reader.damage is None
    assert "room on its disk" in first
    assert "failed before" in second
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


def test_one_writer_a_folder_of_one_kind_of_items(tmp_path: Path) -> None:
    with Journal(tmp_path, SCHEMA, durability="buffered") as journal:
        journal.append(b"1")
        assert list(JournalReader(tmp_path, SCHEMA).frames()) == []
        journal.flush()
        assert len(list(JournalReader(tmp_path, SCHEMA).frames())) == 1
        with pytest.raises(DataError, match=f"process {os.getpid()} writes to"):
            Journal(tmp_path, SCHEMA)
    with pytest.raises(DataError, match="a journal of others"):
        Journal(tmp_path, "others")
    with pytest.raises(DataError, match="an open journal"):
        journal.append(b"2")
    with pytest.raises(ConfigError, match="buffered, process, disk"):
        Journal(tmp_path, SCHEMA, durability="sometimes")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="a folder with a journal"):
        JournalReader(tmp_path / "none", SCHEMA)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="can be written"):
        Journal(tmp_path / "file", SCHEMA)
