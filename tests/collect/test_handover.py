"""One connection takes the place of another, and missed trades are asked for: nothing is lost or twice."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from tests.collect.test_collector import BTC, ETH, HASTE, archived, stream_of, until
from tests.support.served import Served, levels
from truefill.collect import convert, verify
from truefill.collect.collector import Collector
from truefill.core.errors import DataError
from truefill.core.events import BUY, GAP_BEGIN, KIND_MASK, SELL, TRADE
from truefill.exchange import Faults
from truefill.tape import Tape, read_parquet
from truefill.venues import Venue
from truefill.venues.past_trades import TRADES, PastTrade, read_trades, trades_url

pytestmark = pytest.mark.slow  # sockets: interpreted they are the same


async def run(server, folder, symbols, lifetime_s=None, done=lambda collector: True, **options):
    async with server:
        at = replace(server.endpoint, lifetime_s=lifetime_s)
        collector = Collector(symbols, folder, at=at, patience=HASTE, **options)
        running = asyncio.create_task(collector.run())
        await until(lambda: server.finished.is_set() or running.done(), "the end")
        await until(lambda: done(collector) or running.done(), "what was to happen")
        await asyncio.sleep(0.3)
        collector.stop()
        await running
        return collector


def events(folder, name):
    parts = sorted((folder / "events").glob(f"{name}_*.parquet"))
    return np.concatenate([rows.copy() for rows in read_parquet(parts)])


def kinds(rows):
    return rows["ev"] & np.uint64(KIND_MASK)


@pytest.mark.parametrize("symbols", [[BTC], [BTC, ETH]])
def test_a_connection_is_replaced_before_its_end_without_gap_or_repetition(tmp_path, symbols):
    server = Served(symbols, 60.0)
    options = {"channels": ["depth", "trades", "best"]}
    collector = asyncio.run(run(server, tmp_path, symbols, 1.0, **options))
    assert collector.state.handovers >= 1
    assert server.connections == collector.state.connections >= 2
    for name in collector.codec.streams:
        # Each message once, in the order in which the venue said it.
        assert stream_of(archived(tmp_path, name)) == list(dict.fromkeys(server.texts(name)))
        files = sorted((tmp_path / "raw").glob(f"{name}_*.gz"))
        report = convert(files, venue="binance-usdm", symbol=name, out=tmp_path / "x.tape")
        assert (report.gaps, report.book.duplicates, report.book.out_of_order) == (0, 0, 0)
        assert report.messages.trades_dropped == 0
        (checked,) = verify(tmp_path / "x.tape")
        assert checked.report.sound()
        # The events that were written beside it are the same market.
        rows = events(tmp_path, name)
        assert not (kinds(rows) == GAP_BEGIN).any()
        trades = rows[kinds(rows) == TRADE]["order_id"]
        assert trades.tolist() == Tape.open(tmp_path / "x.tape").trades["order_id"].tolist()
        assert len(set(trades.tolist())) == len(trades)
    everything = sum(
        len(archived(tmp_path, n)) for n in ("_repeated", "_connection", *collector.codec.streams)
    )
    assert everything == collector.state.messages


def test_a_second_connection_that_cannot_be_opened_leaves_the_first_one_alone(tmp_path):
    class Alone(Served):
        def _welcome(self, request):
            return None if self.connections else super()._welcome(request)

    server = Alone(BTC, 30.0)
    collector = asyncio.run(run(server, tmp_path, [BTC], 1.0))
    assert (collector.state.handovers, collector.state.connections) == (0, 1)
    assert stream_of(archived(tmp_path, "BTCUSDT")) == server.texts("BTCUSDT")
    assert not (kinds(events(tmp_path, "BTCUSDT")) == GAP_BEGIN).any()


def test_when_both_are_lost_in_the_middle_there_is_a_gap_and_then_a_book(tmp_path):
    class Cut(Served):
        async def cut(self):
            while len(self.clients) < 2 or not self.clients[1].channels:
                await asyncio.sleep(0.0)
            await asyncio.sleep(0.005)
            for client in list(self.clients):
                client.cut()

    async def both():
        server = Cut(BTC, 40.0)
        cutting = asyncio.create_task(server.cut())
        try:
            return server, await run(server, tmp_path, [BTC], 1.0)
        finally:
            cutting.cancel()

    server, collector = asyncio.run(both())
    book = collector.codec.streams["BTCUSDT"].book
    assert book.valid
    assert (levels(book.bids), levels(book.asks)) == server.levels("BTCUSDT")
    files = sorted((tmp_path / "raw").glob("BTCUSDT_*.gz"))
    report = convert(files, venue="binance-usdm", symbol="BTCUSDT", out=tmp_path / "x.tape")
    assert report.gaps == 1
    assert (kinds(events(tmp_path, "BTCUSDT")) == GAP_BEGIN).sum() == 1


def test_trades_of_while_there_was_no_connection_are_asked_for(tmp_path):
    patience = replace(HASTE, retry_s=0.2, most_s=0.4, trades_s=0.1)
    server = Served(BTC, 60.0, seed=3, faults=Faults(close=0.003, most=4))

    async def both():
        async with server:
            collector = Collector([BTC], tmp_path, at=server.endpoint, patience=patience)
            running = asyncio.create_task(collector.run())
            await until(server.finished.is_set, "the end")
            await asyncio.sleep(1.0)
            collector.stop()
            await running
            return collector

    collector = asyncio.run(both())
    assert collector.state.trades_recovered > 0
    rows = events(tmp_path, "BTCUSDT")
    found = rows[kinds(rows) == TRADE]["order_id"].tolist()
    query = {"symbol": "BTCUSDT", "limit": "1000"}
    said = read_trades(Venue.BINANCE_USDM, server.voice.rest("/fapi/v1/trades", query).body)
    over_the_stream = collector.codec.streams["BTCUSDT"].counters.trades
    assert len(found) == len(set(found))
    assert over_the_stream <= len(found) <= over_the_stream + collector.state.trades_recovered
    assert sorted(found)[-len(said) :] == [trade.trade_id for trade in said]
    assert archived(tmp_path, "_trades-BTCUSDT")


def test_where_venues_tell_their_last_trades():
    assert trades_url(Venue.BYBIT_SPOT, "BTCUSDT").endswith(
        "recent-trade?category=spot&symbol=BTCUSDT&limit=60"
    )
    assert trades_url(Venue.KRAKEN, "XBT/USD") is None
    answers = {
        Venue.BINANCE_SPOT: b'[{"id":28457,"price":"4.00000100","qty":"12.0","quoteQty":"48.000012",'
        b'"time":1499865549590,"isBuyerMaker":true,"isBestMatch":true}]',
        Venue.BYBIT_SPOT: b'{"retCode":0,"result":{"category":"spot","list":[{"execId":"28457","symbol":"X",'
        b'"price":"4.00000100","size":"12.0","side":"Sell","time":"1499865549590","isBlockTrade":false}]}}',
        Venue.OKX: b'{"code":"0","data":[{"instId":"X","side":"sell","sz":"12.0","px":"4.00000100",'
        b'"tradeId":"28457","ts":"1499865549590"}]}',
        Venue.EXTENDED: b'{"status":"OK","data":[{"i":28457,"m":"X","S":"SELL","tT":"TRADE",'
        b'"T":1499865549590,"p":"4.00000100","q":"12.0"}]}',
    }
    for venue, body in answers.items():
        assert read_trades(venue, body) == [PastTrade(28457, SELL, "4.00000100", "12.0", 1499865549590000000)]
        with pytest.raises(DataError, match=f"trades as {venue.value} answers them"):
            read_trades(venue, body[:-5])
    assert {venue.company for venue in TRADES} == {"BINANCE", "BYBIT", "OKX", "EXTENDED"}
    uuid = answers[Venue.BYBIT_SPOT].replace(b"28457", b"a1b2c3d4-0000-4000-8000-000000000001")
    uuid = uuid.replace(b"Sell", b"Buy")
    (trade,) = read_trades(Venue.BYBIT_LINEAR, uuid)
    assert trade.side == BUY
    assert trade.trade_id > 0
