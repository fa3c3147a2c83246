"""A tape file that somebody altered ends in a typed error and not in somebody else's memory."""

import random
from pathlib import Path

import numpy as np
import pytest

from tests.backtest.strategies import every_feed
from truefill.backtest import Asset, Bot, run
from truefill.core.errors import TapeError, TruefillError
from truefill.tape import Tape

COLUMNS = [f"{view}.{name}" for view in ("exch", "local") for name in ("code", "group_end")]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("value", [-7, 1 << 30])
def test_an_index_that_leads_outside_is_refused(tape: Tape, tmp_path: Path, column: str, value: int) -> None:
    """Whatever column it is in, the bot is never made."""
    saved = tape.save(tmp_path / "a.tape")
    values = saved.section(column)
    values[len(values) // 2] = value  # in this process's copy of the pages: as a damaged file would be

    with pytest.raises(TapeError, match="expected a tape as it was written"):
        Bot([Asset(saved)])


@pytest.mark.parametrize("name", ["row", "bid", "ask", "arg"])
def test_a_stop_that_leads_outside_is_refused(tape: Tape, tmp_path: Path, name: str) -> None:
    """The records between the rows are checked, too."""
    saved = tape.save(tmp_path / "a.tape")
    stops = saved.exch.stops
    stops[name][stops["kind"] == 1] = 1 << 30

    with pytest.raises(TapeError, match=r"exch\.stops"):
        Bot([Asset(saved)])


@pytest.mark.parametrize("name", ["bid", "ask", "ts"])
def test_a_best_price_that_leads_outside_is_refused(tape: Tape, tmp_path: Path, name: str) -> None:
    """The local view's list of best prices is checked, too, and that its times ascend."""
    saved = tape.save(tmp_path / "a.tape")
    best = saved.section("local.best")
    best[name][len(best) // 2] = 1 << 30

    with pytest.raises(TapeError, match=r"local\.best"):
        Bot([Asset(saved)])


def test_random_damage_never_crashes(tape: Tape, tmp_path: Path) -> None:
    """Bytes changed anywhere: the tape is refused, or the run ends by itself."""
    path = tmp_path / "a.tape"
    tape.save(path)
    good = path.read_bytes()
    rng = random.Random(1)
    refused = 0
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(rng.choice((1, 8, 64))):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        path.write_bytes(bad)
        try:
            bot = Bot([Asset(Tape.open(path))])
        except TruefillError:
            refused += 1
            continue
        run(bot, every_feed, compiled=False) if rng.random() < 0.1 else bot.elapse(np.iinfo(np.int64).max)
    assert refused > 10
