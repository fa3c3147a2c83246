"""Several venues in one process."""

import asyncio
import json

import pytest

from tests.collect.test_collector import BTC, ETH, HASTE, archived, collect, stream_of, until
from tests.support.served import Served
from truefill.collect.collector_state import read_collector_state
from truefill.collect.collectors import Collectors, venue_folders
from truefill.collect.settings import CollectSettings, Patience, VenueSettings
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Venue, parse_symbol

USDM, SPOT = Venue.BINANCE_USDM, Venue.BINANCE_SPOT


def settings(out, *symbols, **venues):
    addresses = {
        Venue(name.replace("_", "-")): VenueSettings(stream=stream, rest=rest)
        for name, (stream, rest) in venues.items()
    }
    wanted = tuple(parse_symbol(symbol) for symbol in symbols)
    return CollectSettings(wanted, out, patience=HASTE, venues=addresses)


@pytest.mark.slow
def test_two_venues_have_a_folder_and_a_state_each(tmp_path):
    async def run():
        async with Served([BTC, ETH], 10.0) as server:
            at = server.endpoint.stream, server.endpoint.rest
            nowhere = "ws://127.0.0.1:9/", "http://127.0.0.1:9"
            wanted = settings(
                tmp_path, BTC, "BTCUSDT-PERP.BYBIT", ETH,
                binance_usdm=at, bybit_linear=nowhere,
            )  # fmt: skip
            collectors = Collectors(wanted)
            running = asyncio.create_task(collectors.run())
            usdm = collectors.collectors[USDM].state
            await until(server.finished.is_set, "the end")
            await until(lambda: usdm.messages == server.messages, "everything")
            collectors.stop()
            return server, await running

    server, states = asyncio.run(run())
    assert [venue.value for venue in states] == ["binance-usdm", "bybit-linear"]
    for name in ("BTCUSDT", "ETHUSDT"):
        assert stream_of(archived(tmp_path / "binance-usdm", name)) == server.texts(name)
    assert states[Venue.BYBIT_LINEAR].messages == 0
    for venue, state in states.items():
        assert read_collector_state(tmp_path / venue.value, venue.value) == state
        assert not state.running
    # One of them alone goes on in its folder.
    assert venue_folders(tmp_path, [USDM]) == {USDM: tmp_path / "binance-usdm"}


def test_a_folder_of_one_venue_does_not_become_one_of_several(tmp_path):
    collect(Served(BTC, 1.0), tmp_path, [BTC])
    assert venue_folders(tmp_path, [USDM]) == {USDM: tmp_path}
    with pytest.raises(ConfigError, match="a folder of several venues, or a new one, got one of a single"):
        venue_folders(tmp_path, [USDM, SPOT])


def test_when_one_folder_is_in_use_nothing_is_collected(tmp_path):
    async def run():
        wanted = settings(tmp_path, BTC, "BTCUSDT.BINANCE", binance_usdm=("ws://127.0.0.1:9/", ""))
        first = Collectors(wanted)
        running = asyncio.create_task(first.run())
        await until((tmp_path / "binance-usdm" / "state.json").exists, "the first stands")
        with pytest.raises(DataError, match="no other collector writes"):
            await Collectors(wanted).run()
        first.stop()
        await running

    asyncio.run(run())
    assert json.loads((tmp_path / "binance-usdm" / "state.json").read_bytes())["runs"] == 1


def test_settings_that_cannot_be(tmp_path):
    with pytest.raises(ConfigError, match="at least one symbol"):
        Collectors(settings(tmp_path))
    with pytest.raises(ConfigError, match="settings of a venue that is collected: binance-usdm"):
        Collectors(settings(tmp_path, BTC, okx=("", "")))
    wide = CollectSettings((parse_symbol("BTCUSD.BITSTAMP"),), tmp_path, layout="wide", patience=Patience())
    assert Collectors(wide).collectors
    wide = CollectSettings((parse_symbol("ETHAUD.INDEPENDENT_RESERVE"),), tmp_path, layout="wide")
    with pytest.raises(ConfigError, match="layout: expected a venue that sends levels"):
        Collectors(wide)
