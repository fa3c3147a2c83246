"""A collector that writes the wide layout of the Extended pipeline."""

import pyarrow.parquet as pq
import pytest

from tests.collect.test_collector import BTC, archived, collect, stream_of
from tests.support.served import Served
from truefill.collect import convert_files
from truefill.collect.wide_layout import read_state
from truefill.collect.wide_reader import wide_files
from truefill.core.errors import ConfigError
from truefill.tape import Tape

pytestmark = pytest.mark.slow  # sockets: interpreted they are the same


def rows(folder, kind):
    found = []
    for path in sorted((folder / kind).glob("part_*.parquet")):
        found += pq.read_table(path).to_pylist()
    return found


def test_books_and_trades_go_on_after_a_restart_and_end_as_the_market_did(tmp_path):
    trades, books = 0, 0
    for run in (1, 2):
        server = Served(BTC, 8.0, seed=run)
        collect(server, tmp_path, [BTC], layout="wide", levels=3)
        trades += sum('"e":"trade"' in m for m in server.texts("BTCUSDT"))
        sent = server.texts("BTCUSDT")
        assert stream_of(archived(tmp_path, "BTCUSDT"))[-len(sent) :] == sent
        folder = tmp_path / "btcusdt"
        state = read_state(folder)
        found = rows(folder, "orderbook_parts")
        assert [row["seq"] for row in found] == list(range(1, len(found) + 1))
        assert (state.market, state.last_orderbook_seq) == ("BTCUSDT", len(found))
        assert (state.trades_count, len(rows(folder, "trades_parts"))) == (trades, trades)
        assert state.orderbook_part_counter == state.trades_part_counter == run
        assert len(found) > books
        books = len(found)
        last, (bids, _) = found[-1], server.levels("BTCUSDT")
        best = sorted(bids.items(), reverse=True)[:3]
        assert [(last[f"bid_price_{i}"], last[f"bid_qty_{i}"]) for i in range(3)] == best
    assert not (tmp_path / "events").exists()
    out = tmp_path / "btc.tape"
    convert_files(wide_files(folder), format="extended-parquet", symbol=BTC, out=out)
    assert len(Tape.open(out).trades) == trades


def test_what_is_not_wanted_is_not_written(tmp_path):
    collect(Served(BTC, 3.0), tmp_path, [BTC], layout="wide", channels=["depth"])
    assert {path.name for path in (tmp_path / "btcusdt").iterdir()} == {"orderbook_parts", "state.json"}


def test_a_layout_that_is_none(tmp_path):
    with pytest.raises(ConfigError, match="layout: expected events, wide or none, got 'long'"):
        collect(Served(BTC, 1.0), tmp_path, [BTC], layout="long")
    with pytest.raises(ConfigError, match="levels: expected 1 to 1000 levels, got 0"):
        collect(Served(BTC, 1.0), tmp_path, [BTC], layout="wide", levels=0)
