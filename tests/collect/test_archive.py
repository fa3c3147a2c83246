import errno
import gzip
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tests.support.killed_writer import FIRST_TS, message
from truefill.collect import RawArchive
from truefill.collect.archive import whole_members
from truefill.collect.lines import LineReader
from truefill.core.errors import ConfigError, DataError

T0 = 1_723_161_255_000_000_000  # 2024-08-08 23:54:15 UTC
SECOND = 1_000_000_000
ROOT = Path(__file__).parents[2]


def lines(path):
    return list(LineReader(path))


def test_messages_are_lines_of_receive_time_and_message(tmp_path):
    with RawArchive(tmp_path / "a" / "b") as archive:
        archive.append("btcusdt", T0, b'{"a":1}')
        archive.append("ethusdt", T0 + 1, b'{"b":2}')
        archive.append("btcusdt", T0 + 2, b'{\r\n"c": "\xc3\xa9"}')
    folder = tmp_path / "a" / "b"
    assert gzip.decompress((folder / "btcusdt_20240808.gz").read_bytes()) == (
        b'%d {"a":1}\n%d {  "c": "\xc3\xa9"}\n' % (T0, T0 + 2)
    )
    assert lines(folder / "ethusdt_20240808.gz") == [b'%d {"b":2}' % (T0 + 1)]
    assert (archive.messages, archive.torn) == (3, [])
    assert archive.bytes == sum(file.stat().st_size for file in folder.glob("*.gz"))
    archive.close()  # a second time


@pytest.mark.parametrize(
    ("period", "times", "names"),
    [
        ("day", [T0, T0 + 3600 * SECOND, T0 + 1], ["x_20240808.gz", "x_20240809.gz"]),
        ("hour", [T0, T0 + 3600 * SECOND, T0 + 1], ["x_20240808_23.gz", "x_20240809_00.gz"]),
    ],
)
def test_files_are_turned_over_by_receive_time_and_never_back(tmp_path, period, times, names):
    with RawArchive(tmp_path, period=period) as archive:
        for number, ts in enumerate(times):
            archive.append("x", ts, b"%d" % number)
    assert sorted(file.name for file in tmp_path.glob("*.gz")) == names
    assert lines(tmp_path / names[0]) == [b"%d 0" % times[0]]
    assert lines(tmp_path / names[1]) == [b"%d 1" % times[1], b"%d 2" % times[2]]


def test_a_message_is_flushed_when_the_next_comes_a_second_later(tmp_path):
    with RawArchive(tmp_path) as archive:
        archive.append("x", T0, b"0")
        archive.append("y", T0 + SECOND - 1, b"1")
        assert archive.messages == 0
        archive.append("x", T0 + SECOND, b"2")
        assert archive.messages == 3
        archive.append("x", T0 + SECOND + 1, b"3")
        assert lines(archive.path("x", T0)) == [b"%d 0" % T0, b"%d 2" % (T0 + SECOND)]
        archive.flush()
        assert len(lines(archive.path("x", T0))) == 3


def test_a_burst_is_flushed_before_its_second_is_over(tmp_path):
    with RawArchive(tmp_path) as archive:
        for number in range(5):
            archive.append("x", T0 + number, b"z" * (1 << 20))
        assert archive.messages == 4


def test_a_restart_on_the_same_day_goes_on_in_the_file(tmp_path):
    for number in range(3):
        with RawArchive(tmp_path, fsync=True) as archive:
            archive.append("x", T0 + number, b"%d" % number)
            assert archive.torn == []
    assert lines(tmp_path / "x_20240808.gz") == [b"%d %d" % (T0 + n, n) for n in range(3)]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Bytes of a file of five members, where each ends, and the lines."""
    folder = tmp_path_factory.mktemp("written")
    ends = [0]
    with RawArchive(folder) as archive:
        for number in range(20):
            archive.append("x", T0 + number, message(number))
            if number % 4 == 3:
                archive.flush()
                ends.append(archive.bytes)
    path = folder / "x_20240808.gz"
    return path.read_bytes(), ends, lines(path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_after_a_cut_at_any_byte_all_complete_members_stay_and_the_rest_is_kept_beside(
    tmp_path_factory, written, data
):
    content, ends, all_lines = written
    at = data.draw(st.integers(0, len(content)))
    garbage = data.draw(st.sampled_from([b"", b"\0" * 40, b"\x1f\x8b\x08garbage"]))
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "x_20240808.gz"
    path.write_bytes(content[:at] + garbage)
    if at and not garbage:
        assert lines(path) == all_lines[: len(lines(path))]  # also of a torn member, as far as it goes
    found = content[:at] + garbage  # zeros may be what was missing: a member ends with its size
    whole = max(end for end in ends if found[:end] == content[:end])
    assert whole_members(path) == whole
    with RawArchive(folder) as archive:
        archive.append("x", T0 + 99, b"new")
    kept = all_lines[: 4 * ends.index(whole)]
    assert lines(path) == [*kept, b"%d new" % (T0 + 99)]
    torn = found[whole:]
    assert [file.read_bytes() for file in archive.torn] == ([torn] if torn else [])


def test_what_was_torn_earlier_is_not_overwritten(tmp_path):
    path = tmp_path / "x_20240808.gz"
    for number in range(2):
        with path.open("ab") as file:
            file.write(b"torn %d" % number)
        with RawArchive(tmp_path) as archive:
            archive.append("x", T0 + number, b"1")
    assert (tmp_path / "x_20240808.gz.torn").read_bytes() == b"torn 0"
    assert (tmp_path / "x_20240808.gz.torn2").read_bytes() == b"torn 1"
    assert len(lines(path)) == 2


def test_a_folder_has_one_writer(tmp_path):
    with RawArchive(tmp_path) as archive:
        archive.append("x", T0, b"1")
        with pytest.raises(DataError, match=f"no other collector writes, got one that process {os.getpid()}"):
            RawArchive(tmp_path)
    RawArchive(tmp_path).close()


def test_a_full_disk_is_told_and_leaves_complete_members_as_they_are(tmp_path):
    path = tmp_path / "x_20240808.gz"
    archive = RawArchive(tmp_path)
    archive.append("x", T0, message(1))
    archive.flush()
    before = path.read_bytes()
    archive.append("x", T0 + 1, message(2))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, hard))  # 20 bytes are written, then none
    try:
        with pytest.raises(DataError, match=r"room on its disk, got File too large"):
            archive.flush()
        assert path.read_bytes() == before
        with pytest.raises(DataError, match="room on its disk"):
            archive.append("x", T0 + 2 * SECOND, message(3))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    archive.close()  # there is room again: nothing was lost
    assert [line.partition(b" ")[2] for line in lines(path)] == [message(n) for n in (1, 2, 3)]


def test_a_writer_that_cannot_flush_frees_its_folder_all_the_same(tmp_path, monkeypatch):
    archive = RawArchive(tmp_path)
    archive.append("x", T0, b"1")

    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DataError, match="No space left on device"):
            archive.close()
    RawArchive(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="a folder that can be written"):
        RawArchive(tmp_path / "file")

    def read_only(*args, **kwargs):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(DataError, match="Read-only file system"):
        RawArchive(tmp_path)


def test_an_unknown_period_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="day or hour, got 'week'"):
        RawArchive(tmp_path, period="week")  # type: ignore[arg-type]


def kill(tmp_path, rounds):
    """After each kill all but the last second of that round is there, as it was sent, in its order."""
    folder = tmp_path / "archive"
    subprocess.run(
        [sys.executable, "-m", "tests.support.killed_writer", folder, str(rounds), "7"], cwd=ROOT, check=True
    )
    stored = []
    for path in sorted(folder.glob("*.gz")):
        if path.stat().st_size == 0:  # made, and killed before its first flush
            continue
        reader = LineReader(path)
        stored += list(reader)
        assert path == max(folder.glob("*.gz")) or not reader.cut
    numbers = [(int(line.partition(b" ")[0]) - FIRST_TS) // 1_000_000 for line in stored]
    assert [line.partition(b" ")[2] for line in stored] == [message(number) for number in numbers]
    first = 0
    lasts = [int(line) for line in (tmp_path / "last.txt").read_text().split()]
    assert len(lasts) == rounds
    assert max(last - before for before, last in zip([0, *lasts], lasts, strict=False)) > 1001  # it did flush
    found = iter(numbers)
    at = next(found, None)
    for last in lasts:
        number = first
        while at == number and number <= last:
            at, number = next(found, None), number + 1
        assert last - number < 1001  # a second of messages, and the one whose coming flushes
        first = last + 1
    assert at is None


def test_a_writer_that_is_killed_ten_times_loses_at_most_an_unflushed_second_each_time(tmp_path):
    kill(tmp_path, 10)


@pytest.mark.long
def test_a_writer_that_is_killed_a_hundred_times_loses_at_most_an_unflushed_second_each_time(tmp_path):
    kill(tmp_path, 100)
