"""Tapes: market recordings, indexed for replay. Built from events, kept in one file, opened by memory map."""

from truefill.tape.builder import TapeBuilder, build_tape
from truefill.tape.checks import Finding, check
from truefill.tape.events import tape_events
from truefill.tape.format import TapeHeader
from truefill.tape.fusing import FuseMarketDepth, fuse
from truefill.tape.npz import read_npz, write_npz
from truefill.tape.tape import Tape, View

__all__ = [
    "Finding",
    "FuseMarketDepth",
    "Tape",
    "TapeBuilder",
    "TapeHeader",
    "View",
    "build_tape",
    "check",
    "fuse",
    "read_npz",
    "tape_events",
    "write_npz",
]
