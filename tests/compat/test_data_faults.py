"""Faults Q and R of HftBacktest's data tools (``docs/migrating-from-hftbacktest.md``): what is right here."""

from pathlib import Path

import numpy as np

from tests.collect.test_recording import at, session, text
from tests.venues import messages
from truefill import Asset, Bot
from truefill.collect import convert
from truefill.compat.hftbacktest import data
from truefill.core.events import EVENT, GAP_BEGIN, GAP_END, KIND_MASK
from truefill.tape import Tape, read_npz


def test_q_small_inputs_are_read_to_their_end_and_times_stay_whole() -> None:
    """HftBacktest's `correct_event_order` reads one place past both orders, and segfaults on little."""
    rows = np.zeros(2, EVENT)
    rows["exch_ts"] = 1_700_000_000_123_456_789, 1_700_000_000_123_456_790
    rows["local_ts"] = rows["exch_ts"][::-1] - 1  # the second overtakes the first, by a clock that is behind
    fixed = data.correct_local_timestamp(rows.copy(), 3.0)
    assert (fixed["local_ts"] - rows["local_ts"]).tolist() == [5, 5]  # to the ns; theirs by 0 or 256
    orders = [np.argsort(fixed[name], kind="stable") for name in ("exch_ts", "local_ts")]
    made = data.correct_event_order(fixed, *orders)
    data.validate_event_order(made)
    assert len(made) == 3
    assert len(data.correct_event_order(fixed[:0], *(order[:0] for order in orders))) == 0


def test_r_a_hole_in_a_recording_leaves_a_mark(tmp_path: Path) -> None:
    """HftBacktest's collector says nothing of a hole; here events and tape do, and a strategy can ask."""
    lines = [
        *session()[:2],
        (at(31), messages.usdm_depth(31, 39, 30, 30, [("99.7", "1")], [])),
        (at(41), messages.usdm_snapshot(39, 35, [("98", "1")], [("102", "1")])),
        (at(51), messages.usdm_depth(40, 49, 39, 50, [("98", "2")], [])),
    ]
    path = tmp_path / "recording"
    path.write_bytes(text(lines))
    for to in ("npz", "tape"):
        convert(path, venue="binance-usdm", symbol="BTCUSDT", out=tmp_path / f"x.{to}", to=to)
    kinds = read_npz(tmp_path / "x.npz")["ev"] & np.uint64(KIND_MASK)
    assert [int((kinds == kind).sum()) for kind in (GAP_BEGIN, GAP_END)] == [1, 1]
    bot = Bot([Asset(Tape.open(tmp_path / "x.tape"))])
    asked = []
    for _ in range(6):
        bot.elapse(7_000_000)
        asked.append(bot.depth(0).in_gap)
    assert asked == [False, False, False, True, True, False]
