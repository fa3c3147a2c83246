"""The truth from a tape of single orders is that of the stream it was built from, by other code."""

import numpy as np
import pytest

from tests.support.order_flow import LOT, STEP_NS, TICK, OrderFlow
from truefill.backtest import OrderStream, level_tape, order_tape_probes
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_SECOND
from truefill.core.tape_records import STOP_TRADE
from truefill.tape import Tape, build_tape

STEPS = {"symbol": "FLOW.TEST", "tick_size": str(TICK), "lot_size": str(LOT)}


def made(seed: int) -> tuple[OrderStream, Tape]:
    """A stream, and its tape."""
    events = OrderFlow(seed).run(700).events
    return OrderStream(events, TICK, LOT), build_tape(events, **STEPS)


def changes(tape: Tape) -> list[tuple[int, ...]]:
    """Time, level and lots of each row of the exchange's view that changes something, and its trades."""
    view = tape.exch
    group = np.searchsorted(view.group_end, np.arange(len(view.code)), side="right")
    book: dict[int, int] = {}
    found = []
    rows = zip(view.group_ts[group].tolist(), view.code.tolist(), tape.lots("exch").tolist(), strict=True)
    for ts, code, lots in rows:
        if book.get(code, 0) != lots:
            found.append((ts, code, lots))
        book[code] = lots
    trades = view.stops[view.stops["kind"] == STOP_TRADE]
    return found + [tuple(trade) for trade in trades[["ts", "tick", "qty", "side"]].tolist()]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_feed_by_level(seed: int) -> None:
    """What the stream says that a venue would have published; it also has rows that change nothing."""
    stream, tape = made(seed)
    expected, actual = build_tape(stream.level_events(), **STEPS), level_tape(tape)

    assert not actual.by_order
    np.testing.assert_array_equal(expected.level_tick, actual.level_tick)
    assert changes(expected) == changes(actual)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_probes(seed: int) -> None:
    """The same probes, filled at the same times."""
    stream, tape = made(seed)
    expected = stream.probes(20 * STEP_NS, 400 * STEP_NS, (0, 1, -1))
    actual = order_tape_probes(tape, 20 * STEP_NS, 400 * STEP_NS, (0, 1, -1))

    assert len(actual) > 60 and (actual["fill_ts"] < actual["end_ts"]).sum() > 20
    names = ["entry_ts", "side", "tick", "end_ts", "fill_ts"]
    np.testing.assert_array_equal(np.sort(expected[names]), np.sort(actual[names]))


def test_what_cannot_be() -> None:
    """A tape of levels has no truth; times are above 0."""
    _, tape = made(1)
    levels = level_tape(tape)
    for call in (lambda: level_tape(levels), lambda: order_tape_probes(levels, NS_PER_SECOND, NS_PER_SECOND)):
        with pytest.raises(InputError, match="a tape of single orders"):
            call()
    with pytest.raises(InputError, match="times above 0"):
        order_tape_probes(tape, 0, NS_PER_SECOND)
