"""Sections while they grow: each a file in the builder's folder, or bytes in memory."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np

from truefill.core.errors import TapeError
from truefill.tape import layout
from truefill.tape.format import OPTIONAL, SECTIONS, raw_bytes, section_info

_CHUNK = 1 << 20


class Sink:
    """All sections of a tape that is being built."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, BinaryIO] = {
            name: BytesIO() if folder is None else (folder / name).open("w+b") for name in SECTIONS
        }

    def add(self, name: str, values: np.ndarray) -> None:
        """Append values; records must already have the section's dtype, plain numbers are converted."""
        dtype = SECTIONS[name]
        values = np.ascontiguousarray(values, dtype)
        self._files[name].write(raw_bytes(values))

    def patch(self, name: str, index: int, field: str, value: int) -> None:
        """Change one field of a record that was added before."""
        dtype = SECTIONS[name]
        field_dtype, offset = dtype.fields[field][:2]  # type: ignore[index]
        file = self._files[name]
        file.seek(index * dtype.itemsize + offset)
        file.write(np.array(value, field_dtype).tobytes())
        file.seek(0, 2)

    def chunks(self, name: str) -> Iterator[bytes]:
        """Bytes of a section, a megabyte at a time."""
        file = self._files[name]
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk

    def array(self, name: str) -> np.ndarray:
        """Copy a whole section into memory."""
        file = self._files[name]
        file.seek(0)
        return np.frombuffer(bytearray(file.read()), SECTIONS[name])

    def sizes(self) -> dict[str, tuple[np.dtype, int, str]]:
        """Dtype, count and digest of every section.

        Raises
        ------
        TapeError
            A section is longer than its int32 indices can tell.
        """
        table = {}
        for name, dtype in SECTIONS.items():
            count, digest = section_info(dtype, self.chunks(name))
            if count > layout.MAX_ROWS:
                raise TapeError(f"at most {layout.MAX_ROWS} rows in {name}", f"{count}: split the recording")
            if count or name not in OPTIONAL:
                table[name] = (dtype, count, digest)
        return table

    def close(self) -> None:
        """Let go of the files; the folder is the builder's to remove."""
        for file in self._files.values():
            file.close()
