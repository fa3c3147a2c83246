"""Books of real recordings: against the dictionary twin, and against HftBacktest's own."""

import numpy as np
import pytest

from tests.core.l2book_twin import DictBook, state_hash
from tests.tape.recordings import recording
from truefill.core.jit import entry
from truefill.core.l2book import new_book, set_level
from truefill.core.tape_records import STOP_CLEAR
from truefill.tape import build_tape, tape_events

BTC = "raw/binance_usdm/btcusdt_20240808.gz"


@entry
def play(qty, top, code, lots):
    for i in range(len(code)):
        set_level(qty, top, code[i], lots[i])


@pytest.mark.needs_shared
@pytest.mark.parametrize("rel", [BTC, "raw/binance_spot/nexousdt_20240723.dat.gz"])
@pytest.mark.parametrize("view", ["exch", "local"])
def test_index_and_book_equal_the_dictionary_twin(rel, view):
    tape = build_tape(recording(rel, 12_000), symbol="A.BINANCE")
    columns = tape.view(view)
    lots = tape.lots(view)
    qty, top = new_book(len(tape.level_tick))
    twin = DictBook()
    clears = columns.stops[columns.stops["kind"] == STOP_CLEAR]
    assert set(clears["row"]) <= {clears["row"][0], clears["row"][-1]}  # both before the one snapshot
    start = int(clears["row"][-1])
    code = columns.code[start:]
    for i, (c, q) in enumerate(zip(code.tolist(), lots[start:].tolist(), strict=True)):
        twin.set(not c & 1, c >> 1, q)
        if i % 5000 == 4999 or i == len(code) - 1:
            play(qty, top, code[i // 5000 * 5000 : i + 1], lots[start:][i // 5000 * 5000 : i + 1])
            sides = [{int(k): int(v) for k, v in enumerate(qty[s::2]) if v} for s in (0, 1)]
            assert state_hash(*sides, int(top[0]), int(top[1])) == twin.state_hash()
    assert (columns.group_bid[-1], columns.group_ask[-1]) == (twin.bid, twin.ask)


@pytest.mark.needs_shared
@pytest.mark.compiled_only
@pytest.mark.slow
@pytest.mark.parametrize("book", ["HashMapMarketDepthBacktest", "ROIVectorMarketDepthBacktest"])
def test_best_prices_equal_hftbacktest(book):
    """After every tenth of a second of the whole recording."""
    hft = pytest.importorskip("hftbacktest", reason="hftbacktest not installed")
    tape = build_tape(recording(BTC), symbol="A.BINANCE")
    events = tape_events(tape)  # HftBacktest keeps only its address, so it must live on here
    asset = (
        hft.BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .tick_size(tape.tick_size)
        .lot_size(tape.lot_size)
        .constant_order_latency(0, 0)
    )
    if book.startswith("ROI"):
        asset = asset.roi_lb(30_000.0).roi_ub(120_000.0)
    backtest = getattr(hft, book)([asset])
    view = tape.local
    ticks = np.append(tape.level_tick, -1)  # no level (-1) reads this
    compared = 0
    while backtest.elapse(100_000_000) == 0:
        depth = backtest.depth(0)
        group = int(np.searchsorted(view.group_ts, backtest.current_timestamp, side="right")) - 1
        ours = (-1, -1) if group < 0 else (ticks[view.group_bid[group]], ticks[view.group_ask[group]])
        none = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
        theirs = [-1 if t in none else t for t in (depth.best_bid_tick, depth.best_ask_tick)]
        assert [int(t) for t in ours] == [int(t) for t in theirs], backtest.current_timestamp
        compared += 1
    backtest.close()
    assert len(events) > 599_000
    assert compared > 3000
