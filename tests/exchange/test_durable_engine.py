"""An engine with a journal: killed, cut, and opened again it stands where it stood."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.matching.flow import random_messages
from truefill.core.errors import DataError
from truefill.core.matching import Engine
from truefill.core.matching_image import engine_of, image_of
from truefill.exchange.durable_engine import DurableEngine

SMALL = {"symbols": 3, "window": 256, "far_levels": 4096}


def test_an_image_is_the_engine_and_goes_on_as_it_would() -> None:
    flow = random_messages(5, 3000, symbols=3)
    engine = Engine(**SMALL)
    engine.process(flow[:2000])
    image = image_of(engine)
    copy = engine_of(image)

    assert image_of(copy) == image
    assert copy.state_hash() == engine.state_hash()
    assert copy.process(flow[2000:]).tobytes() == engine.process(flow[2000:]).tobytes()
    assert image_of(copy) == image_of(engine)


@pytest.mark.parametrize(
    "change", [lambda i: i[:-1], lambda i: b"X" + i[1:], lambda i: i + b"1", lambda i: b""]
)
def test_what_is_no_sound_image_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    image = image_of(Engine(window=64))
    with pytest.raises(DataError, match="image of an engine"):
        engine_of(change(image))


def test_opened_again_it_stands_where_it_stood(tmp_path: Path) -> None:
    flow = random_messages(7, 2400, symbols=3)
    plain = Engine(**SMALL)
    for day in range(4):
        with DurableEngine(tmp_path, snapshot_every=700, **SMALL) as engine:
            assert engine.sequence == 600 * day
            assert image_of(engine) == image_of(plain)
            for begin in range(600 * day, 600 * day + 600, 150):
                batch = flow[begin : begin + 150]
                assert engine.process(batch).tobytes() == plain.process(batch).tobytes()
    assert len(list((tmp_path / "snapshots").iterdir())) == 2
    with DurableEngine(tmp_path, **SMALL) as engine:
        assert engine.recovered.snapshot + engine.recovered.replayed == 2400
        assert engine.recovered.snapshot > 0
        assert engine.state_hash() == plain.state_hash()
        engine.submit(99_999, 1, 1, 1)
        plain.submit(99_999, 1, 1, 1)
        engine.snapshot()
    with DurableEngine(tmp_path, **SMALL) as engine:
        assert engine.recovered == (2401, 0, ())
        assert image_of(engine) == image_of(plain)


def test_reports_that_nobody_takes_happen_all_the_same(tmp_path: Path) -> None:
    flow = random_messages(1, 40_000)
    with DurableEngine(tmp_path, window=256) as engine:
        next(engine.stream(flow))
        assert engine.sequence == 40_000
        engine.process(flow[:0])
        held = engine.state_hash()
    with DurableEngine(tmp_path, window=256) as engine:
        assert engine.state_hash() == held


CHILD = """
import sys
from tests.matching.flow import random_messages
from truefill.exchange.durable_engine import DurableEngine
flow = random_messages(11, 200_000, symbols=3)
with DurableEngine(sys.argv[1], 3, window=256, far_levels=4096, snapshot_every=4_000) as engine:
    print(engine.sequence, flush=True)
    while engine.sequence < len(flow):
        engine.process(flow[engine.sequence : engine.sequence + 97])
        print(engine.sequence, flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_time_no_acknowledged_order_is_lost(tmp_path: Path) -> None:
    flow = random_messages(11, 200_000, symbols=3)
    plain, taken, chance = Engine(**SMALL), 0, random.Random(2)
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(chance.randrange(2, 150))]
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        told += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        child.stdout.close()
        with DurableEngine(tmp_path, **SMALL) as engine:
            assert engine.sequence >= told[-1]
            plain.process(flow[taken : engine.sequence])
            taken = engine.sequence
            assert image_of(engine) == image_of(plain)
    assert taken > 0


def test_damage_is_told_with_the_last_good_message(tmp_path: Path) -> None:
    flow = random_messages(3, 1000)
    with DurableEngine(tmp_path, window=256) as engine:
        for begin in range(0, 1000, 100):
            engine.process(flow[begin : begin + 100])
    (path,) = (tmp_path / "journal").glob("*.journal")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    with pytest.raises(DataError, match=r"its last good item is \d00\)"):
        DurableEngine(tmp_path, window=256)
    plain = Engine(window=256)
    with DurableEngine(tmp_path, window=256, accept_damage=True) as engine:
        assert engine.sequence in (400, 500)
        plain.process(flow[: engine.sequence])
        assert image_of(engine) == image_of(plain)
        assert len(engine.recovered.set_aside) == 1


def test_one_process_and_one_kind_of_engine_a_folder(tmp_path: Path) -> None:
    with DurableEngine(tmp_path, window=256) as engine:
        engine.submit(1, 1, 100, 5)
        with pytest.raises(DataError, match="no other journal writes"):
            DurableEngine(tmp_path, window=256)
    with pytest.raises(DataError, match="an open journal"):
        engine.submit(2, 1, 100, 5)
    assert np.all(engine.book().bids()["qty"] == 5)
    with pytest.raises(DataError, match="2 symbols"):
        DurableEngine(tmp_path, 2, window=256)
