"""Recordings of other venues than Binance become tapes, in the form that HftBacktest's collector writes."""

import gzip
from pathlib import Path

import pytest

from tests.support.sessions import session
from tests.support.shared import shared_data
from tests.venues.makers import Bybit, Hyperliquid, Maker, MexcJson
from truefill import open_tape
from truefill.collect import convert
from truefill.core.errors import ConfigError, DataError


def recording(maker: Maker) -> bytes:
    """A book of three levels a side, two changes, a trade."""
    bids, asks = [("100.0", "1.0"), ("99.5", "2.0")], [("100.5", "1.5"), ("101.0", "2.5")]
    maker.bids = maker.asks = {}
    messages = [*maker.acknowledgements()]
    snapshot = maker.snapshot_message(10, bids, asks)
    maker.snapshot(10, bids, asks)
    messages += [snapshot, maker.make_change(11, [("100.0", "4.0")], [])]
    messages += [maker.make_change(12, [], [("100.5", "0")]), maker.trade_message(71, "101.0", "0.5", True)]
    start = 1_700_000_001_000_000_000
    return b"".join(b"%d %b\n" % (start + k, message) for k, message in enumerate(messages))


@pytest.mark.parametrize(
    ("maker", "venue", "symbol", "canonical"),
    [
        (Bybit, "bybit", "BTCUSDT", "BTCUSDT-PERP.BYBIT"),
        (Bybit, "bybit-linear", "BTCUSDT-PERP.BYBIT", "BTCUSDT-PERP.BYBIT"),
        (MexcJson, "mexc", "BTCUSDT", "BTCUSDT.MEXC"),
        (Hyperliquid, "hyperliquid", "BTC", "BTCUSDC-PERP.HYPERLIQUID"),
    ],
)
def test_a_made_recording(
    tmp_path: Path, maker: type[Maker], venue: str, symbol: str, canonical: str
) -> None:
    """Its book and trades are in the tape, under the canonical name."""
    (tmp_path / "day").write_bytes(recording(maker()))
    report = convert(tmp_path / "day", venue=venue, symbol=symbol, out=tmp_path / "day.tape")
    assert (report.symbol, report.gaps, report.messages.trades) == (canonical, 0, 1)
    header = open_tape(tmp_path / "day.tape").header
    assert (header.last_best_bid, header.last_best_ask) == ("100", "101")
    assert header.has_snapshot


def test_what_is_not_there(tmp_path: Path) -> None:
    """The fusing of another venue's tickers, a line of another instrument."""
    path = tmp_path / "day"
    path.write_bytes(recording(Bybit()))
    out = tmp_path / "day.tape"
    with pytest.raises(ConfigError, match="fuse_tickers: expected a recording of Binance, got bybit-linear"):
        convert(path, venue="bybit", symbol="BTCUSDT", out=out, fuse_tickers=True)
    with pytest.raises(DataError, match=r"day:2: expected messages of ETHUSDT, got one of BTCUSDT"):
        convert(path, venue="bybit", symbol="ETHUSDT", out=out)
    assert not out.exists()


@pytest.mark.needs_shared
def test_hyperliquid_recording(tmp_path: Path) -> None:
    """The example that HftBacktest ships."""
    path = shared_data("raw/hyperliquid/btcusd_20250126.gz")
    report = convert(path, venue="hyperliquid", symbol="BTC", out=tmp_path / "btc.tape")
    assert (report.events, report.messages.trades, report.tick_size) == (1 + 40 + 299 + 34, 34, "1")
    assert "30 trades of before the recording left out" in report.notes


@pytest.mark.needs_shared
def test_bybit_recording(tmp_path: Path) -> None:
    """A live session in the collector's form, one instrument of several."""
    path = tmp_path / "doge.gz"
    with gzip.open(path, "wb", 1) as file:
        for entry in session("bybit_v5_20260809"):
            if entry.kind == "recv" and entry.conn == "BYBIT.ws.2" and b".DOGEUSDT" in entry.data[:120]:
                file.write(b"%d %b\n" % (entry.local_ts, entry.data))
    report = convert(path, venue="bybit", symbol="DOGEUSDT", out=tmp_path / "doge.tape")
    assert (report.gaps, report.tick_size, report.lot_size) == (0, "0.00001", "1")
    assert (report.messages.trades, report.book.snapshots) == (83, 1)
    assert report.latency is not None
    assert 50_000_000 < report.latency.median < 200_000_000
