"""Tapes: market recordings, indexed for replay. Built from events, kept in one file, opened by memory map."""

from truefill.tape.builder import TapeBuilder, begin_with, build_tape
from truefill.tape.checks import Finding, check
from truefill.tape.cutting import cut
from truefill.tape.events import tape_events
from truefill.tape.format import TapeHeader
from truefill.tape.fusing import FuseMarketDepth, fuse
from truefill.tape.joining import join
from truefill.tape.npz import npz_chunks, read_npz, write_npz
from truefill.tape.parquet_reader import ParquetEvents, read_parquet
from truefill.tape.parquet_writer import ParquetWriter, write_parquet
from truefill.tape.remote import ahead, local
from truefill.tape.resampling import resample
from truefill.tape.snapshots import Snapshot, end_snapshot
from truefill.tape.tape import Tape, View
from truefill.tape.verify import StreamVerifier, VerifyReport

__all__ = [
    "Finding",
    "FuseMarketDepth",
    "ParquetEvents",
    "ParquetWriter",
    "Snapshot",
    "StreamVerifier",
    "Tape",
    "TapeBuilder",
    "TapeHeader",
    "VerifyReport",
    "View",
    "ahead",
    "begin_with",
    "build_tape",
    "check",
    "cut",
    "end_snapshot",
    "fuse",
    "join",
    "local",
    "npz_chunks",
    "read_npz",
    "read_parquet",
    "resample",
    "tape_events",
    "write_npz",
    "write_parquet",
]
