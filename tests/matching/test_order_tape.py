"""Streams of orders: the benchmark's with their published answers, a made one, damaged ones."""

import hashlib
import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.matching.flow import random_messages
from tests.support.modes import BOUNDS_CHECKED, runs
from tests.support.shared import shared_data
from tests.twin.matching import FIELDS, TwinEngine
from truefill.core.errors import DataError, InputError
from truefill.core.matching import Engine, messages
from truefill.core.order_book_commands import (
    ACCEPTED,
    CANCEL,
    CANCELLED,
    EXPIRED,
    MODIFIED,
    NEW,
    REJECTED,
    REPLACE,
    TRADE,
)
from truefill.core.records import IOC
from truefill.exchange.order_tape import OrderTape, canonical, read_order_tape, write_order_tape

PUBLISHED = {
    "normal": ("e9b2e3926854410b01a035aeb25dd05f1e597c233be8263de9eb49b6713d367e", 62_474),
    "flash-crash": ("cff8d3f94b709fc64a8b2058a6ca4fb6920364904796e46906895e362d2bb16b", 70_178),
}


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.skipif(BOUNDS_CHECKED, reason="the same, slower")
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_answers(name: str) -> None:
    """Two million messages each; every report is in the hash."""
    tape = read_order_tape(shared_data(f"matching/orders_{name}_s23_n1000000.bin.xz"))

    answer = canonical(Engine().process(tape.messages), tape.sequence)

    assert PUBLISHED[name] == (answer.sha256, answer.counts["trades"])


def made_tape(count: int = 600) -> OrderTape:
    """A stream that the format has a place for, with every kind of answer in it."""
    orders = random_messages(5, 2 * count, nonsense=0)
    fits = np.isin(orders["op"], (NEW, CANCEL, REPLACE)) & (orders["order_type"] == 0)
    orders = orders[fits & np.isin(orders["time_in_force"], (0, IOC))][:count]
    orders["account"] = orders["self_trade"] = 0
    orders["time_in_force"][orders["op"] != NEW] = 0
    return OrderTape(orders, 10 + np.arange(len(orders)))


def twin_text(tape: OrderTape) -> str:
    """The canonical text, as its description says, from the twin's reports."""
    twin = TwinEngine()
    for message in tape.messages:
        twin.take(message)
    lines = []
    for report in twin.reports:
        r = dict(zip(FIELDS, report, strict=True))
        seq, side, id_ = tape.sequence[r["cause"] - 1], int(r["side"] < 0), r["order_id"]
        op = tape.messages["op"][r["cause"] - 1]
        lines.append(
            {
                ACCEPTED: (seq, 0, f"0,{seq},{side},{id_},{r['price']},{r['qty']}"),
                TRADE: (seq, 1, f"1,{seq},{r['price']},{r['qty']},{r['maker_id']},{id_}"),
                CANCELLED: (seq, 2, f"2,{seq},{side},{id_},{r['price']}"),
                EXPIRED: (seq, 2, f"2,{seq},{side},{id_},{r['price']}"),
                MODIFIED: (seq, 3, f"3,{seq},{side},{id_},{r['price']},{r['qty']}"),
                REJECTED: {
                    CANCEL: (seq, 4, f"4,{seq},{id_}"),
                    REPLACE: (seq, 5, f"5,{seq},{id_}"),
                    NEW: (seq, 6, f"6,{seq},{id_},{r['reason']}"),
                }[op],
            }[r["kind"]]
        )
    lines.sort(key=lambda line: line[:2])
    return "\n".join(text for _, _, text in lines)


def test_a_made_stream_has_the_twins_answer() -> None:
    tape = made_tape(runs(8 * 150))
    text = twin_text(tape)

    answer = canonical(Engine(window=64).process(tape.messages), tape.sequence)

    assert hashlib.sha256(text.encode()).hexdigest() == answer.sha256
    assert len(text.splitlines()) == sum(answer.counts.values())
    assert all(answer.counts[name] for name in answer.counts)


@pytest.mark.parametrize("name", ["a.bin", "a.bin.xz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    tape = made_tape(200)
    write_order_tape(tmp_path / name, tape)

    read = read_order_tape(tmp_path / name)

    for field in ("op", "side", "time_in_force", "order_id", "price", "qty"):
        assert tape.messages[field].tolist() == read.messages[field].tolist()
    assert tape.sequence.tolist() == read.sequence.tolist()


def test_damaged_files_are_refused_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "orders.bin"
    write_order_tape(path, made_tape(50))
    whole = path.read_bytes()
    for bad, said in (
        (b"", "header of 16"),
        (whole[:15], "header of 16"),
        (b"x" + whole[1:], "100_WBEM"),
        (whole[:8] + b"\x02" + whole[9:], "version 2"),
        (whole[:-1], "50 records"),
        (whole + b"\x00", "50 records"),
        (whole[:16] + b"\x03" + whole[17:], "record 1, byte 16.*type 0 to 2, got 3"),
        (whole[:57] + b"\x05" + whole[58:], "record 2, byte 56.*side 0 to 1, got 5"),
        (whole[:18] + b"\x07" + whole[19:], "record 1, byte 16.*ioc 0 to 1, got 7"),
        (lzma.compress(whole)[:-9], ".xz"),
        (lzma.compress(whole)[:40] + b"?" * 50, ".xz"),
    ):
        path.write_bytes(bad)
        with pytest.raises(DataError, match=said):
            read_order_tape(path)


def test_the_format_has_no_place_for_everything(tmp_path: Path) -> None:
    orders = messages(2, op=[NEW, 2], order_id=1, side=1, price=100, qty=1)
    with pytest.raises(InputError, match="message 1"):
        write_order_tape(tmp_path / "a", OrderTape(orders, np.arange(2)))
    assert [] == list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`truefill exchange replay`: JSON, text, bad input."""
    from truefill.cli.main import app

    tape = made_tape(200)
    path = tmp_path / "orders.bin.xz"
    write_order_tape(path, tape)

    assert 0 == app(["exchange", "replay", str(path), "--json"], standalone_mode=False)
    values = json.loads(capsys.readouterr().out)
    assert hashlib.sha256(twin_text(tape).encode()).hexdigest() == values["report_sha256"]
    assert (200, values["reports"]) == (values["messages"], sum(values[k] for k in canonical_names()))
    assert 0 == app(["exchange", "replay", str(path)], standalone_mode=False)
    assert values["report_sha256"] in "".join(capsys.readouterr().out.split())  # folded to the width
    path.write_bytes(b"nothing of the kind")
    assert 2 == app(["exchange", "replay", str(path)], standalone_mode=False)
    assert "100_WBEM" in capsys.readouterr().err


def canonical_names() -> list[str]:
    """Names of the counts."""
    return list(canonical(Engine().reports, np.zeros(0, np.int64)).counts)
