"""Journals: append-only files that outlive a killed process, and snapshots to start from."""

from truefill.journal.frames import Frame
from truefill.journal.reader import Damage, JournalReader
from truefill.journal.snapshots import Snapshot, Snapshots
from truefill.journal.writer import DURABILITIES, Journal

__all__ = ["DURABILITIES", "Damage", "Frame", "Journal", "JournalReader", "Snapshot", "Snapshots"]
