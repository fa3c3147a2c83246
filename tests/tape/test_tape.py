import pickle
import time

import msgspec
import numpy as np
import pytest

from tests.tape.recordings import recording
from tests.tape.streams import random_events
from truefill.core.errors import TapeError
from truefill.tape import Tape, TapeBuilder, build_tape, check
from truefill.tape.format import SECTIONS, write_file


@pytest.fixture
def path(tmp_path):
    target = tmp_path / "x.tape"
    build_tape(random_events(1, 400), symbol="X-PERP.TEST", path=target)
    return target


def test_file_and_memory_hold_the_same(path):
    memory = build_tape(random_events(1, 400), symbol="X-PERP.TEST")
    file = Tape.open(path)
    assert file.header == memory.header
    assert (memory.path, file.path) == (None, path)
    for name in SECTIONS:
        assert file.stored(name).tobytes() == memory.stored(name).tobytes()
        assert file.stored(name).dtype == SECTIONS[name]
    assert file.header.venue == "TEST"
    assert file.nbytes <= path.stat().st_size < file.nbytes + 10_000


def test_equal_sections_stand_in_one_place(tmp_path):
    """Depth that arrives in the order it was sent: the rows of both views are the same bytes."""
    events = random_events(1, 400, splits=False)
    events = events[np.argsort(events["exch_ts"], kind="stable")]
    events["local_ts"] = events["exch_ts"] + 1000
    memory = build_tape(events, symbol="X-PERP.TEST")
    file = memory.save(tmp_path / "x.tape")
    for tape in (memory, file):
        sections = tape.header.sections
        assert sections["exch.code"].offset == sections["local.code"].offset
        assert sections["exch.group_ts"].offset != sections["local.group_ts"].offset
        assert np.array_equal(tape.exch.code, tape.local.code)
        assert tape.nbytes < sum(tape.stored(name).nbytes for name in SECTIONS)
        assert check(tape) == check(memory)
    assert np.shares_memory(memory.exch.code, memory.local.code)


def test_memory_tape_can_be_saved(path, tmp_path):
    saved = build_tape(random_events(1, 400), symbol="X-PERP.TEST").save(tmp_path / "y.tape")
    assert (tmp_path / "y.tape").read_bytes() == path.read_bytes()
    assert saved.header == Tape.open(path).header
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.tape", "y.tape"]


def test_writing_into_a_tape_does_not_reach_the_file(path):
    before = path.read_bytes()
    tape = Tape.open(path)
    tape.local.code[:] = 0
    tape.trades["px"] = -1
    del tape
    assert path.read_bytes() == before


def test_tape_travels_to_another_process_by_name_or_whole(path):
    by_name = pickle.dumps(Tape.open(path))
    assert len(by_name) < 1000
    assert pickle.loads(by_name).header == Tape.open(path).header
    whole = pickle.loads(pickle.dumps(build_tape(random_events(2, 50))))
    assert check(whole) == check(build_tape(random_events(2, 50)))


def test_names_of_sections_and_views(path):
    tape = Tape.open(path)
    assert tape.section("exch.code") is tape.exch.code
    with pytest.raises(TapeError, match=r"one of the sections .*exch\.code.*got no"):
        tape.section("no")
    with pytest.raises(TapeError):
        tape.view("both")


def test_unknown_optional_section_is_ignored(path, tmp_path):
    """A later version may add sections."""
    tape = Tape.open(path)
    sections = dict(tape.header.sections)
    last = max(info.offset + 64 * info.count for info in sections.values()) // 64 * 64 + 64
    sections["zz.orders"] = msgspec.structs.replace(sections["exch.code"], offset=last, dtype="later")
    header = msgspec.structs.replace(tape.header, sections=sections)
    chunks = {name: [tape.stored(name).tobytes()] for name in SECTIONS} | {"zz.orders": [b"1234"]}
    write_file(tmp_path / "later.tape", header, chunks)
    assert (Tape.open(tmp_path / "later.tape").local.code == tape.local.code).all()


@pytest.mark.parametrize("size", [0, 3, 63, 64, 500, -64, -1])
def test_truncated_file_is_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(TapeError, match=r"x\.tape"):
        Tape.open(path)


def test_file_with_more_behind_it_is_refused(path):
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(TapeError, match="truncated or altered"):
        Tape.open(path)


def test_altered_header_is_refused(path):
    path.write_bytes(path.read_bytes().replace(b"X-PERP.TEST", b"Y-PERP.TEST"))
    with pytest.raises(TapeError, match="an altered one"):
        Tape.open(path)


def test_later_format_is_refused(path):
    data = bytearray(path.read_bytes())
    data[8] = 99
    path.write_bytes(data)
    with pytest.raises(TapeError, match="format 99"):
        Tape.open(path)


def test_what_is_no_tape(tmp_path):
    (tmp_path / "text").write_text("hello" * 100)
    with pytest.raises(TapeError, match="something else"):
        Tape.open(tmp_path / "text")
    with pytest.raises(TapeError, match="no such file"):
        Tape.open(tmp_path / "none")
    with pytest.raises(TapeError):
        Tape.open(tmp_path)


@pytest.mark.compiled_only
@pytest.mark.slow
def test_opens_in_milliseconds_and_is_built_in_bounded_memory(tmp_path):
    """A million events; memory for rows must not grow with their number."""
    import tracemalloc

    path = tmp_path / "long.tape"
    events = random_events(4, 100_000, splits=False)
    builder = TapeBuilder(path, symbol="X.TEST")
    peaks = []
    tracemalloc.start()
    for _ in range(10):
        builder.append(events)
        span = events["exch_ts"].max() - events["exch_ts"].min() + 100_000
        events["exch_ts"] += span
        events["local_ts"] += span
        peaks.append(tracemalloc.get_traced_memory()[1])
    builder.finish()
    peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[-2] < peaks[1] + 1_000_000
    assert peaks[-1] < 160_000_000  # of blocks and tables; the rows alone are 32 MB, the tape 60
    took = []
    for _ in range(5):
        start = time.perf_counter()
        Tape.open(path)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.010


@pytest.mark.needs_shared
@pytest.mark.slow
@pytest.mark.parametrize("name", ["btcusdt", "ethusdt"])
def test_real_recording_costs_under_32_bytes_an_event(name, tmp_path):
    tape = build_tape(
        recording(f"raw/binance_usdm/{name}_20240808.gz"), symbol="A.BINANCE", path=tmp_path / "x.tape"
    )
    assert (tmp_path / "x.tape").stat().st_size / tape.header.events < 32


@pytest.mark.needs_shared
@pytest.mark.slow
def test_real_steps():
    tape = build_tape(recording("raw/binance_usdm/ethusdt_20240808.gz", 6000), symbol="A.BINANCE")
    assert (tape.header.tick_size, tape.header.lot_size) == ("0.01", "0.001")
    assert tape.header.has_snapshot
    assert np.all(tape.local.group_bid[2000:] < tape.local.group_ask[2000:])
