"""The compiled index against its slow twin, section by section."""

import numpy as np
import pytest

from tests.tape.streams import random_events
from tests.tape.twin import twin_sections
from truefill.core.decimals import to_text
from truefill.tape import Tape, TapeBuilder, build_tape, layout


def fraction_text(x):
    """Decimal text of a fraction whose denominator is a power of ten's divisor."""
    return to_text(int(x * 10**12), -12)


def assert_equals_twin(tape: Tape, events: np.ndarray) -> None:
    twin = twin_sections(events)
    assert tape.header.tick_size == fraction_text(twin.pop("tick"))
    assert tape.header.lot_size == fraction_text(twin.pop("lot"))
    for name, expected in twin.items():
        view, _, column = name.rpartition(".")
        if column == "lots":
            actual = tape.lots(view)
        elif column == "depth_exch_ts":
            if view == "exch":
                continue  # in that view it is the group's time
            actual = tape.depth_exch_ts()
        elif column in ("group_stop", "group_bid", "group_ask"):
            actual = getattr(tape.view(view), column)  # not stored
        else:
            actual = tape.section(name)
        assert len(actual) == len(expected), name
        if isinstance(expected, np.ndarray) and expected.dtype.names:
            for field in expected.dtype.names:
                np.testing.assert_array_equal(actual[field], expected[field], f"{name} {field}")
        else:
            np.testing.assert_array_equal(actual, np.array(expected, actual.dtype), name)


@pytest.mark.parametrize("seed", range(8))
def test_every_section_equals_the_twin(seed):
    events = random_events(seed, 700, clock_behind=seed % 2 == 1, splits=seed % 3 != 0)
    assert_equals_twin(build_tape(events, symbol="X.TEST"), events)


@pytest.mark.parametrize("block", [1, 7, 64])
def test_blocks_leave_no_trace(block, monkeypatch):
    """Groups, snapshots, gaps and runs that reach over blocks: the same tape, to the byte."""
    events = random_events(99, 300, clock_behind=True)
    whole = build_tape(events, symbol="X.TEST")
    for module in ("spill", "scanner", "builder", "layout"):
        monkeypatch.setattr(f"truefill.tape.{module}.BLOCK_ROWS", block)
    assert layout.BLOCK_ROWS == block
    parts = build_tape(events, symbol="X.TEST")
    assert_equals_twin(parts, events)
    assert parts.header == whole.header


def test_content_hash_does_not_depend_on_how_events_come(tmp_path):
    events = random_events(5, 500)
    hashes = {build_tape(events, symbol="X.TEST").header.content_hash}
    for size in (1, 13, 499):
        for path in (None, tmp_path / f"{size}.tape"):
            builder = TapeBuilder(path, symbol="X.TEST")
            for start in range(0, len(events), size):
                builder.append(events[start : start + size])
            hashes.add(builder.finish().header.content_hash)
    assert len(hashes) == 1
    assert build_tape(events, symbol="Y.TEST").header.content_hash not in hashes
    assert build_tape(events[:-1], symbol="X.TEST").header.content_hash not in hashes
