"""Snapshots: the state at a sequence number, so that a restart reads only the journal behind it."""

import os
import secrets
import struct
import zlib
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from truefill.core.errors import DataError
from truefill.journal.disk import refused, sync_folder
from truefill.journal.frames import digest_of

_MAGIC = b"TFSNAPS1"
_HEAD = struct.Struct(
    "<8sQ16sQI"
)  # magic, sequence, digest of the schema, bytes, CRC-32 of number and payload
SUFFIX = ".snapshot"


class Snapshot(NamedTuple):
    """A state.

    Attributes
    ----------
    sequence : int
        Of the last item that it contains.
    payload : bytes
    """

    sequence: int
    payload: bytes


class Snapshots:
    """Snapshots in a folder, each one a file that appears complete or not at all.

    Parameters
    ----------
    folder : path
        Is made if there is none.
    schema : str
        What the state is, e.g. with the version of its layout.
    keep : int
        How many of the newest stay.

    Raises
    ------
    DataError
        The folder cannot be made.
    """

    def __init__(self, folder: str | PathLike[str], schema: str, *, keep: int = 2) -> None:
        self.folder, self._digest, self._keep = Path(folder), digest_of(schema), keep
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(error, self.folder) from error

    def files(self) -> list[Path]:
        """The oldest first."""
        return sorted(self.folder.glob(f"*{SUFFIX}"))

    def save(self, sequence: int, payload: bytes | memoryview) -> Path:
        """Write a snapshot to the disk; older ones beyond `keep` go.

        Raises
        ------
        DataError
            It cannot be written; what was there stays.
        """
        target = self.folder / f"{sequence:020d}{SUFFIX}"
        checksum = zlib.crc32(payload, zlib.crc32(sequence.to_bytes(8, "little")))
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(_HEAD.pack(_MAGIC, sequence, self._digest, len(payload), checksum))
                file.write(payload)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            sync_folder(self.folder)
        except OSError as error:
            raise refused(error, target) from error
        finally:
            temporary.unlink(missing_ok=True)
        for old in self.files()[: -self._keep]:
            old.unlink()
        return target

    def newest(self, at_most: int | None = None) -> Snapshot | None:
        """The newest sound snapshot, at or before a sequence number if one is given; None without one.

        One that is not sound is passed over: the journal that leads from the one before is still there.

        Raises
        ------
        DataError
            A sound one is of another schema.
        """
        for path in reversed(self.files()):
            snapshot = self._read(path)
            if snapshot is not None and (at_most is None or snapshot.sequence <= at_most):
                return snapshot
        return None

    def _read(self, path: Path) -> Snapshot | None:
        data = path.read_bytes()
        if len(data) < _HEAD.size:
            return None
        magic, sequence, digest, size, checksum = _HEAD.unpack_from(data)
        payload = data[_HEAD.size :]
        sound = zlib.crc32(payload, zlib.crc32(sequence.to_bytes(8, "little"))) == checksum
        if magic != _MAGIC or size != len(payload) or not sound:
            return None
        if digest != self._digest:
            raise DataError("a snapshot of this version", "one of other contents", path)
        return Snapshot(sequence, payload)
