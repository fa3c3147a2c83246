"""What is collected is checked as it comes."""

import msgspec
import numpy as np

from tests.collect.test_collector import BTC, ETH, collect
from tests.support.served import Served
from truefill.collect import convert, verify
from truefill.collect.live_checks import LiveChecks
from truefill.core.events import BUY, DEPTH, EVENT, EXCH, LOCAL, SELL
from truefill.venues import market_codec, parse_symbol


def test_the_report_of_a_collector_is_that_of_its_files(tmp_path):
    collect(Served([BTC, ETH], 3.0), tmp_path, [BTC, ETH], verify=True)
    reports = msgspec.json.decode((tmp_path / "verify.json").read_bytes())
    assert list(reports) == ["BTCUSDT", "ETHUSDT"]
    for name, report in reports.items():
        files = sorted((tmp_path / "raw").glob(f"{name}_*.gz"))
        convert(files, venue="binance-usdm", symbol=name, out=tmp_path / "x.tape")
        (checked,) = verify(tmp_path / "x.tape")
        # A tape has rows of both views; in the collector's stream there are the same.
        assert report["rows"] == checked.report.rows > 100
        assert report["counts"] == checked.report.counts
        assert not [found for found in report["findings"] if found["severity"] == "error"]


def test_errors_are_told_once_and_stay_in_the_report(tmp_path):
    streams = market_codec(parse_symbol(BTC), ["depth"]).streams
    checks = LiveChecks(tmp_path, streams)
    rows = np.zeros(2, EVENT)
    rows["ev"] = np.array([BUY, SELL], np.uint64) | np.uint64(DEPTH | EXCH | LOCAL)
    rows["px"], rows["qty"] = [101.0, 100.0], 3.0
    rows["exch_ts"], rows["local_ts"] = 1_000, 2_000
    checks.rows("BTCUSDT", rows[:1])
    assert checks.save() == []
    checks.rows("BTCUSDT", rows[1:])
    (told,) = checks.save()
    assert told.startswith("BTCUSDT: ")
    assert "crossed" in told
    assert checks.save() == []
    report = msgspec.json.decode((tmp_path / "verify.json").read_bytes())["BTCUSDT"]
    assert [f["kind"] for f in report["findings"] if f["severity"] == "error"] == ["crossed"]
