"""`demo --data` tells venue and symbol from the recording itself."""

import gzip

import pytest

from tests.support.shared import shared_data
from truefill.cli.guess import guess_market
from truefill.core.errors import DataError


@pytest.mark.needs_shared
@pytest.mark.parametrize(
    ("file", "market"),
    [
        ("raw/binance_usdm/btcusdt_20240808.gz", ("binance-usdm", "BTCUSDT")),
        ("raw/binance_cm/btcusd_perp_20240808.gz", ("binance-coinm", "BTCUSD_PERP")),
        ("raw/binance_spot/ethusdt_20240808.gz", ("binance-spot", "ETHUSDT")),
        ("raw/binance_spot/nexousdt_20240723.dat.gz", ("binance-spot", "NEXOUSDT")),
    ],
)
def test_real_recordings_are_recognized(file, market):
    assert guess_market(shared_data(file)) == market


def test_plain_text_is_read_too(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text('1 {"e":"depthUpdate","s":"ABC","pu":1}\n')
    assert guess_market(path) == ("binance-usdm", "ABC")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a Binance depth stream"),
        (gzip.compress(b"1 {}\n", mtime=0), "expected a Binance depth stream"),
        (gzip.compress(b"1 {}\n" * 100, mtime=0)[:-20], "expected a recording of market data"),
        (b"\x1f\x8b and no gzip", "expected a recording of market data"),
        (b"\xff\xfe\x00", "expected a recording of market data"),
        (b"1 [1]\n2 nothing\n{}\n", "expected a Binance depth stream"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        guess_market(path)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        guess_market(tmp_path / "none")
    with pytest.raises(DataError, match="expected a recording"):
        guess_market(tmp_path)
