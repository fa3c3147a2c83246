"""What is asked of a venue beside its streams: instruments, and books to compare with."""

import asyncio
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from tests.collect.test_collector import BTC, ETH, HASTE, archived, until
from tests.support.served import Served
from tests.support.sessions import session
from truefill.collect import convert, verify
from truefill.collect.collector import Collector
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Venue, parse_symbol
from truefill.venues.codecs import has_codec
from truefill.venues.instrument_lists import instruments_requests, read_instruments
from truefill.venues.symbols import EXAMPLES, venue_symbol
from truefill.venues.whole_books import BOOKS, book_url

SOLANA = "SOLUSDT-PERP.BINANCE"


async def run(server, folder, symbols, done, **options):
    async with server:
        collector = Collector(symbols, folder, at=server.endpoint, **options)
        running = asyncio.create_task(collector.run())
        await until(lambda: done(collector) or running.done(), "what was to happen")
        collector.stop()
        await running
        return collector


@pytest.mark.slow
def test_instruments_are_archived_as_they_came_and_as_a_table(tmp_path):
    server = Served([BTC, ETH], None)
    collector = asyncio.run(
        run(
            server, tmp_path, [BTC, SOLANA], lambda c: c.state.unknown,
            channels=["depth", "instruments"], patience=HASTE,
        )
    )  # fmt: skip
    (answer,) = archived(tmp_path, "_instruments")
    assert answer == server.voice.rest("/fapi/v1/exchangeInfo", {}).body.decode()
    (path,) = (tmp_path / "instruments").glob("instruments_*.parquet")
    rows = pq.read_table(path).to_pylist()
    assert [row["symbol"] for row in rows] == [BTC, ETH]
    assert float(rows[0]["tick"]) > 0.0
    assert collector.state.unknown == ["SOLUSDT"]


@pytest.mark.slow
def test_books_to_compare_with_are_fetched_again_and_again(tmp_path):
    patience = replace(HASTE, snapshots_s=0.1)
    server = Served(BTC, None)
    options = {"channels": ["depth", "trades", "snapshots"], "patience": patience}
    collector = asyncio.run(run(server, tmp_path, [BTC], lambda c: len(server.answered) >= 5, **options))
    files = sorted((tmp_path / "raw").glob("BTCUSDT_*.gz"))
    report = convert(files, venue="binance-usdm", symbol="BTCUSDT", out=tmp_path / "x.tape")
    assert report.gaps == 0
    assert report.book.snapshots >= 4
    (checked,) = verify(tmp_path / "x.tape")
    assert checked.report.sound()
    assert collector.codec.streams["BTCUSDT"].book.counters.snapshots >= 4


def test_a_venue_that_cannot_be_asked_is_refused_and_so_is_asking_alone(tmp_path):
    with pytest.raises(ConfigError, match="a venue that can be asked for snapshots, got kraken"):
        Collector(["BTCUSD.KRAKEN"], tmp_path, channels=["depth", "snapshots"])
    with pytest.raises(
        ConfigError, match="a venue that can be asked for instruments, got independent-reserve"
    ):
        Collector(["ETHAUD.INDEPENDENT_RESERVE"], tmp_path, channels=["depth", "instruments"])
    with pytest.raises(ConfigError, match="at least one of depth, trades"):
        Collector([BTC], tmp_path, channels=["instruments"])


def test_each_venue_has_an_address_and_a_reader_of_its_list():
    for venue in Venue:
        symbol = venue_symbol(venue, EXAMPLES[venue].replace(" or ", ", ").split(", ")[0])
        requests = instruments_requests(venue, [symbol])
        assert has_codec(venue)
        assert all(request.url.startswith("https://") for request in requests)
        assert len(requests) == (venue is not Venue.INDEPENDENT_RESERVE)
        if requests:
            with pytest.raises(DataError, match=f"instruments as {venue.value} answers them"):
                read_instruments(venue, b"{")
    kinds = [
        parse_symbol(f"{name}.OKX") for name in ("BTCUSDT", "BTCUSDT-PERP", "BTCUSDT-PERP", "BTCUSD-261225")
    ]
    urls = [request.url.partition("=")[2] for request in instruments_requests(Venue.OKX, kinds)]
    assert urls == ["SPOT", "SWAP", "FUTURES"]
    option = parse_symbol("BTCUSD-220527-30000-C.OKX")
    (request,) = instruments_requests(Venue.OKX, [option])
    assert request.url.endswith("instType=OPTION&instFamily=BTC-USD")
    assert instruments_requests(Venue.HYPERLIQUID, [])[0].body == b'{"type":"meta"}'
    assert book_url(Venue.OKX, "BTC-USDT").endswith("instId=BTC-USDT&sz=400")
    assert all(url.startswith("https://") for url in BOOKS.values())


@pytest.mark.needs_shared
def test_a_recorded_answer():
    (found,) = [
        read_instruments(Venue.KRAKEN, e.data) for e in session("kraken_v1_20210417") if e.kind == "http"
    ]
    assert any(str(instrument.symbol) == "BTCUSD.KRAKEN" for instrument in found)
