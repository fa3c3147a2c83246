"""HftBacktest's `Recorder`: what the strategy saw when it asked, compiled and interpreted."""

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from tests.differential.market import Market, book
from truefill.backtest import Bot
from truefill.compat.hftbacktest.recorder import Recorder, RecorderFullError
from truefill.core.errors import BotError, DataError, InputError
from truefill.core.records import GTC, LIMIT, RECORD


def trade_and_record(bot: Any, recorder: Any, moments: int) -> None:
    """Buy once, and take a sample every 100 ns."""
    for moment in range(moments):
        bot.elapse(100)
        if moment == 2:
            bot.submit_buy_order(0, 1, 51.0, 3.0, GTC, LIMIT, False)
        recorder.record(bot)


COMPILED = numba.njit(trade_and_record)


def two_assets() -> Bot:
    """A market with two sides, and one with bids only."""
    return book().quiet().bot(Market().bid(40, 1).quiet())


@pytest.mark.parametrize("strategy", [trade_and_record, COMPILED])
def test_records_are_what_was_seen(strategy: Any) -> None:
    """Time, mid and totals of each asset at each moment; no mid where a side is empty."""
    bot, recorder = two_assets(), Recorder(2, 6)
    strategy(bot, recorder.recorder, 6)
    first, second = recorder.get(0), recorder.get(1)
    assert first.dtype == RECORD
    assert first["timestamp"].tolist() == second["timestamp"].tolist()
    assert np.diff(first["timestamp"]).tolist() == [100] * 5
    assert first["timestamp"][-1] == bot.current_timestamp
    assert np.isnan(first["price"][0])
    assert first["price"][2:].tolist() == [50.5] * 4
    assert np.isnan(second["price"]).all()
    assert first["position"].tolist() == [0.0, 0.0, 0.0, 3.0, 3.0, 3.0]
    assert first["balance"][-1] == -153.0
    assert (first["num_trades"][-1], first["trading_volume"][-1], first["trading_value"][-1]) == (
        1,
        3.0,
        153.0,
    )
    assert not second[["position", "num_trades"]].tolist()[-1][0]


def test_both_ways_are_one(tmp_path: Path) -> None:
    """Compiled and interpreted records are equal to the byte, in a file too."""
    kept = []
    for name, strategy in (("a", trade_and_record), ("b.npz", COMPILED)):
        recorder = Recorder(2, 100)
        strategy(two_assets(), recorder.recorder, 7)
        assert recorder.recorder.i == 7
        recorder.to_npz(str(tmp_path / name))
        with np.load(tmp_path / f"{name.removesuffix('.npz')}.npz") as loaded:
            assert loaded.files == ["0", "1"]
            kept.append([loaded[key].tobytes() for key in loaded.files])
        assert kept[-1] == [recorder.get(a).tobytes() for a in (0, 1)]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("strategy", [trade_and_record, COMPILED])
def test_what_does_not_fit_is_refused(strategy: Any) -> None:
    """As many moments as were asked for, then an IndexError; nothing is written past the end."""
    recorder = Recorder(2, 5)
    with pytest.raises(RecorderFullError, match="record_size"):
        strategy(two_assets(), recorder.recorder, 6)
    assert len(recorder.get(1)) == 5
    assert issubclass(RecorderFullError, IndexError)
    with pytest.raises(BotError, match="as many assets"):
        strategy(two_assets(), Recorder(1, 5).recorder, 1)


def test_bad_input_is_a_typed_error(tmp_path: Path) -> None:
    for bad in ((0, 5), (2, -1), (1, 2.5), (True, 3)):
        with pytest.raises(InputError):
            Recorder(*bad)
    with pytest.raises(BotError, match="asset number"):
        Recorder(1, 5).get(1)
    with pytest.raises(DataError, match="existing folder"):
        Recorder(1, 5).to_npz(str(tmp_path / "nowhere" / "x.npz"))


@pytest.mark.compiled_only
def test_a_cached_strategy_takes_a_recorder() -> None:
    """``njit(cache=True)`` is honoured with a recorder, too (HftBacktest: refused)."""
    for _ in range(2):
        cached = numba.njit(cache=True)(trade_and_record)
        cached(two_assets(), Recorder(2, 9).recorder, 3)
    assert sum(cached.stats.cache_hits.values()) == 1
