"""Two million published messages: the book's report stream has the published SHA-256.

The tapes are those of the open benchmark flash1-dev/matching-engine-benchmark (arXiv 2606.01183).
"""

import hashlib
import lzma

import numpy as np
import pytest

from tests.support.shared import shared_data
from truefill.core import order_book_commands as c
from truefill.core.order_book import OrderBook
from truefill.core.records import GTC, IOC

MESSAGE = np.dtype(
    [
        ("type", "u1"),
        ("side", "u1"),
        ("ioc", "u1"),
        ("pad", "u1"),
        ("qty", "<u4"),
        ("sequence", "<u8"),
        ("order_id", "<u8"),
        ("tick", "<i8"),
        ("reserved", "<i8"),
    ]
)


# The benchmark's line types: 0 accepted, 3 modified, 5 modify rejected, and
TRADE_LINE, CANCELLED_LINE, CANCEL_REJECTED_LINE = 1, 2, 4


def to_commands(messages: np.ndarray) -> np.ndarray:
    """The benchmark's messages as commands: its modify always loses its place."""
    commands = np.zeros((len(messages), c.COMMAND_COLUMNS), np.int64)
    commands[:, c.OP] = np.array([c.NEW, c.CANCEL, c.REPLACE])[messages["type"]]
    commands[:, c.ORDER_ID] = messages["order_id"]
    commands[:, c.SIDE] = 1 - 2 * messages["side"].astype(np.int64)
    commands[:, c.TICK] = messages["tick"]
    commands[:, c.QTY] = messages["qty"]
    commands[:, c.TIME_IN_FORCE] = np.where(messages["ioc"] == 1, IOC, GTC)
    return commands


def to_lines(messages: np.ndarray, reports: np.ndarray) -> list[str]:
    """The report stream as the benchmark writes it, ordered by message, then type."""
    kinds = reports[:, c.KIND]
    rejected_modify = (kinds == c.REJECTED) & (messages["type"][reports[:, c.COMMAND]] == 2)
    types = np.array([0, 1, 2, 2, 3, 9, 4])[kinds] + rejected_modify
    order = np.lexsort((types, reports[:, c.COMMAND]))
    types, reports = types[order].tolist(), reports[order]
    sequences = messages["sequence"][reports[:, c.COMMAND]].tolist()
    sides = ((1 - reports[:, c.REPORT_SIDE]) // 2).tolist()
    columns = (c.REPORT_ID, c.REPORT_TICK, c.REPORT_QTY, c.MAKER)
    lines = []
    for type_, seq, side, order_id, tick, qty, maker in zip(
        types, sequences, sides, *(reports[:, column].tolist() for column in columns), strict=True
    ):
        if type_ == TRADE_LINE:
            lines.append(f"1,{seq},{tick},{qty},{maker},{order_id}")
        elif type_ == CANCELLED_LINE:
            lines.append(f"2,{seq},{side},{order_id},{tick}")
        elif type_ < CANCEL_REJECTED_LINE:  # accepted or modified
            lines.append(f"{type_},{seq},{side},{order_id},{tick},{qty}")
        else:
            lines.append(f"{type_},{seq},{order_id}")
    return lines


@pytest.mark.slow
@pytest.mark.needs_shared
@pytest.mark.compiled_only
@pytest.mark.parametrize(
    ("scenario", "trades", "sha256"),
    [
        ("normal", 62_474, "e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e"),
        ("flash-crash", 70_178, "cff8d3f94b709fc64a8b2058a6ca4fb6920364904796e46906895e362d2bb16b"),
    ],
)
def test_published_tape(scenario: str, trades: int, sha256: str) -> None:
    """Every report of the tape, in order, is the published one."""
    path = shared_data(f"matching/orders_{scenario}_s23_n1000000.bin.xz")
    messages = np.frombuffer(lzma.decompress(path.read_bytes()), MESSAGE, offset=16)
    book = OrderBook()
    reports = book.execute(to_commands(messages))
    assert np.count_nonzero(reports[:, c.KIND] == c.TRADE) == trades
    text = "\n".join(to_lines(messages, reports))
    assert hashlib.sha256(text.encode()).hexdigest() == sha256
