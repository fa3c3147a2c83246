"""The records of a chain of tapes: a table of where each tape's columns are, and the chain's own memory.

A tape's columns are mapped from its file, so the table costs nothing until they are read. Memory that the
chain needs for itself is a fixed number of blocks, each as large as the largest tape has needed so far.
"""

import numpy as np

from truefill.core.address import array_view, record_view

I8 = "<i8"

# One tape of a chain; the names are those of the ASSET record that a switch copies them to.
CHAIN_TAPE = np.dtype(
    [
        ("levels", I8),
        ("level_tick_addr", I8),
        ("overflow_addr", I8),
        ("overflow_len", I8),
        ("trades_addr", I8),
        ("trades_len", I8),
        ("l_rows", I8),
        ("l_groups", I8),
        ("l_stops", I8),
        ("l_code_addr", I8),
        ("l_qty_addr", I8),
        ("l_ts_addr", I8),
        ("l_exch_ts_addr", I8),
        ("l_end_addr", I8),
        ("l_best_addr", I8),
        ("l_bests", I8),
        ("l_stops_addr", I8),
        ("l_first_ts", I8),
        ("l_anew", I8),  # 1: this view begins with a whole book, and what was there before is gone
        ("l_suspect", I8),  # 1: something is missing before it, and no whole book tells what
        ("x_rows", I8),
        ("x_groups", I8),
        ("x_stops", I8),
        ("x_code_addr", I8),
        ("x_qty_addr", I8),
        ("x_ts_addr", I8),
        ("x_end_addr", I8),
        ("x_stops_addr", I8),
        ("x_clears", I8),
        ("x_prio_addr", I8),
        ("x_first_ts", I8),
        ("x_anew", I8),
        ("by_order", I8),  # 1: a tape of single orders. The book that it begins with:
        ("x_start_clears", I8),  # stops that clear for it, 0: it begins with none,
        ("x_start_rows", I8),  # and its rows, at most (one of the same moment may look like one of them)
    ],
    align=True,
)

# C memory that grows (`chain_memory.room`).
BLOCK = np.dtype([("addr", I8), ("size", I8)], align=True)

# Whose block is whose. Two of a kind: the new one is made while the old one is read.
(
    X_BOOK,
    X_BOOK_2,
    X_PURE,
    X_PURE_2,
    X_TICKS,
    X_TICKS_2,
    X_OWN,
    X_CODE,
    X_STOPS,
    L_BOOK,
    L_BOOK_2,
    L_TICKS,
    L_TICKS_2,
    L_CODE,
    L_BESTS,
    L_TS,
    L_STOPS,
    L_TRADES,
    GATHERED,
    SCRATCH,
) = range(20)
BLOCKS = 20

CHAIN = np.dtype(
    [
        ("tapes_addr", I8),
        ("tapes", I8),
        ("x_tape", I8),  # where the two sides are
        ("l_tape", I8),
        ("offset", I8),  # of another location: local times are so much later, ns
        ("blocks_addr", I8),
        # The exchange's book without what own orders took from it: best prices are the feed's.
        ("x_pure_addr", I8),
        ("x_pure_row", I8),  # rows of this tape that are in it: none, or all
        # market trades of the tapes before that have not been cleared
        ("carry_tape", I8),  # the first of them: its tape,
        ("carry_from", I8),  # and its place there
        ("gathered", I8),  # how many rows stand in the block GATHERED
    ],
    align=True,
)

chain_at = record_view(CHAIN)
chain_tapes_at = array_view(CHAIN_TAPE)
blocks_at = array_view(BLOCK)
