"""Where pass 1 leaves its rows for pass 2: two files in a temporary folder, or lists in memory.

`ordered` reads them back in the order of one view. It keeps only the rows that a later block could still
precede, so memory is bounded by the disorder of the recording and not by its length.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from truefill.core.events import (
    ADD_ORDER,
    DEPTH,
    DEPTH_SNAPSHOT,
    EXCH,
    FILL,
    KIND_MASK,
    LOCAL,
    NO_TIME,
)
from truefill.tape.format import raw_bytes
from truefill.tape.layout import AUX, BLOCK_ROWS, ROW, UNSET


class Block(NamedTuple):
    """What is known about one spilled block."""

    rows: int
    aux: int
    qty_exp: int  # unit of the quantities in its rows
    exch_rows: int
    local_rows: int
    min_exch: int
    min_local: int


class Spill:
    """Blocks of ROW and AUX, written once and read in order any number of times."""

    def __init__(self, folder: Path | None) -> None:
        self.blocks: list[Block] = []
        self._memory: list[tuple[np.ndarray, np.ndarray]] = []
        self._folder = folder
        if folder is not None:
            self._row_file = (folder / "rows").open("w+b")
            self._aux_file = (folder / "aux").open("w+b")

    def write(self, rows: np.ndarray, aux: np.ndarray, block: Block) -> None:
        """Append a block; the arrays are copied."""
        self.blocks.append(block)
        if self._folder is None:
            self._memory.append((rows.copy(), aux.copy()))
        else:
            self._row_file.write(raw_bytes(rows))
            self._aux_file.write(raw_bytes(aux))

    def read(self) -> Iterator[tuple[Block, np.ndarray, np.ndarray]]:
        """Blocks in order, as arrays that the caller may change."""
        if self._folder is None:
            for block, (rows, aux) in zip(self.blocks, self._memory, strict=True):
                yield block, rows.copy(), aux.copy()
            return
        self._row_file.seek(0)
        self._aux_file.seek(0)
        for block in self.blocks:
            yield (
                block,
                np.frombuffer(bytearray(self._row_file.read(block.rows * ROW.itemsize)), ROW, block.rows),
                np.frombuffer(bytearray(self._aux_file.read(block.aux * AUX.itemsize)), AUX, block.aux),
            )

    def close(self) -> None:
        """Let go of the files; the folder is the builder's to remove."""
        self._memory.clear()
        if self._folder is not None:
            self._row_file.close()
            self._aux_file.close()


def ordered(
    spill: Spill, local: bool, qty_exp: int, shift_ns: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Rows of one view in the order of its time; equal times keep the order of arrival.

    Parameters
    ----------
    spill : Spill
    local : bool
        Which view, thus which flag and which time.
    qty_exp : int
        Unit to bring all quantities to.
    shift_ns : int
        Added to all local times.

    Yields
    ------
    rows : ROW[]
    aux : AUX[]
    order : int64[n]
        The next n of the view are ``rows[order]``; at most BLOCK_ROWS at a time.
    """
    field, flag = ("local_ts", LOCAL) if local else ("exch_ts", EXCH)
    earliest = [
        (b.min_local + shift_ns if b.min_local != NO_TIME else NO_TIME) if local else b.min_exch
        for b in spill.blocks
    ]
    later = np.minimum.accumulate(np.array([*earliest[1:], NO_TIME], np.int64)[::-1])[::-1]
    rows: np.ndarray = np.empty(0, ROW)  # what is not out yet
    aux: np.ndarray = np.empty(0, AUX)
    for bound, (block, new, new_aux) in zip(later, spill.read(), strict=True):
        if block.qty_exp not in (qty_exp, UNSET):
            new["qty"] *= 10 ** (block.qty_exp - qty_exp)
        if shift_ns:
            new["local_ts"] += shift_ns
            new_aux["local_ts"] += shift_ns
        wanted = new["ev"] & np.uint32(flag) != 0
        new["ref"][needs_aux(new)] += np.int32(len(aux))
        fresh = new if wanted.all() else new[wanted]
        if len(rows):
            rows, aux = np.concatenate([rows, fresh]), np.concatenate([aux, new_aux])
        else:
            rows, aux = fresh, new_aux
        ts = np.ascontiguousarray(rows[field])
        order = np.arange(len(ts)) if (ts[1:] >= ts[:-1]).all() else np.argsort(ts, kind="stable")
        ready = int(np.searchsorted(ts[order], bound, side="right"))
        for start in range(0, ready, BLOCK_ROWS):
            yield rows, aux, order[start : min(start + BLOCK_ROWS, ready)]
        rows = rows[order[ready:]]
        need = needs_aux(rows)
        aux = aux[rows["ref"][need]]
        rows["ref"][need] = np.arange(len(aux), dtype=np.int32)


def needs_aux(rows: np.ndarray) -> np.ndarray:
    """Which rows refer to an AUX: all but depth, snapshot and order rows."""
    kind = rows["ev"] & np.uint32(KIND_MASK)
    order = (kind >= ADD_ORDER) & (kind <= FILL)
    return np.asarray((kind != DEPTH) & (kind != DEPTH_SNAPSHOT) & ~order)
