"""Lines of files in any packing, whole or broken off."""

import gzip
import lzma
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from truefill.collect.lines import LineReader
from truefill.core.errors import DataError

TEXT = b"".join(b"%d " % i + random.Random(i).randbytes(50).hex().encode() + b"\n" for i in range(6_000))


def _zip(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.txt", data)


PACK: dict[str, Callable[[Path, bytes], object]] = {
    "plain": lambda path, data: path.write_bytes(data),
    "gzip": lambda path, data: path.write_bytes(gzip.compress(data)),
    "gzip of several members": lambda path, data: path.write_bytes(
        gzip.compress(data[:1000]) + gzip.compress(b"") + gzip.compress(data[1000:])
    ),
    "gzip with padding": lambda path, data: path.write_bytes(gzip.compress(data) + bytes(512)),
    "xz": lambda path, data: path.write_bytes(lzma.compress(data)),
    "zip": _zip,
}


@pytest.mark.parametrize("packing", PACK)
def test_any_packing(packing: str, tmp_path: Path) -> None:
    """Told by the content; the name does not matter. Progress adds up to the size of the file."""
    path = tmp_path / "recording.gz"
    PACK[packing](path, TEXT + b"rest")
    sizes: list[int] = []
    reader = LineReader(path, sizes.append)
    assert list(reader) == TEXT.split(b"\n")[:-1]
    assert (reader.lines, reader.tail, reader.cut) == (6_000, b"rest", False)
    assert sum(sizes) == path.stat().st_size


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
@pytest.mark.parametrize("missing", [1, 8, 2_000])
def test_packing_that_breaks_off(pack: Callable[[bytes], bytes], missing: int, tmp_path: Path) -> None:
    """All whole lines that are there are given, and the reader says that something is missing."""
    path = tmp_path / "cut.gz"
    path.write_bytes(pack(TEXT)[:-missing])
    reader = LineReader(path)
    got = b"".join(line + b"\n" for line in reader)
    assert reader.cut
    assert TEXT.startswith(got + reader.tail)
    assert len(got) > len(TEXT) // 2


def test_damaged_gzip_names_the_line(tmp_path: Path) -> None:
    """Not merely short: wrong."""
    path = tmp_path / "damaged.gz"
    data = bytearray(gzip.compress(TEXT))
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 7] ^= 0xFF
    path.write_bytes(data)
    reader = LineReader(path)
    with pytest.raises(DataError, match=r"damaged.gz:\d+: expected intact packed data, got Error -\d"):
        list(reader)


def test_a_line_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something that is no recording does not fill the memory."""
    monkeypatch.setattr("truefill.collect.lines._LONGEST", 100_000)
    path = tmp_path / "endless"
    path.write_bytes(b"1\n" + bytes(1_000_000))
    with pytest.raises(
        DataError, match=r"endless:2: expected lines of at most 100000 bytes, got \d+ and no end"
    ):
        list(LineReader(path))


def test_no_file_no_content_no_single_file(tmp_path: Path) -> None:
    """Each has its own words."""
    with pytest.raises(DataError, match=r"nothing.gz: expected a file, got none with this name"):
        LineReader(tmp_path / "nothing.gz")
    with pytest.raises(DataError, match="expected a file, got a directory"):
        LineReader(tmp_path)
    empty = tmp_path / "empty.gz"
    empty.touch()
    with pytest.raises(DataError, match=r"empty.gz: expected a recording, got an empty file"):
        LineReader(empty)
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a", b"x\n")
        archive.writestr("b", b"x\n")
    with pytest.raises(DataError, match=r"two.zip: expected one file in the archive, got 2"):
        list(LineReader(two))
    two.write_bytes(two.read_bytes()[:30])
    with pytest.raises(DataError, match="expected an intact zip archive"):
        list(LineReader(two))
