"""The venue and the collector, each a process of its own."""

import json
import signal
import subprocess
import sys

import pytest

from truefill.cli.main import app

PROGRAM = [sys.executable, "-c", "from truefill.cli.main import main; main()"]
SYMBOL = "DEMOUSDT-PERP.BINANCE"


def start(*args):
    return subprocess.Popen(
        [*PROGRAM, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_made_market_is_served_and_collected_by_two_commands(tmp_path):
    venue = start("exchange", "serve-market", SYMBOL, "--speed", "20", "--port", "0")
    try:
        said = venue.stderr.readline().split()
        stream, rest = (word.strip(";") for word in said if "://" in word)
        collector = start(
            "collect", SYMBOL, "--out", tmp_path, "--stream", stream, "--rest", rest, "--for", "3s", "--json"
        )
        output, errors = collector.communicate(timeout=60)
        venue.send_signal(signal.SIGINT)
        _, ended = venue.communicate(timeout=20)
    finally:
        venue.kill()
    assert (collector.returncode, venue.returncode) == (0, 0), errors + ended
    assert json.loads(output)["messages"] > 1000
    assert "1 connections; faults: none" in ended


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["BTCUSD.KRAKEN"], "expected instruments of BINANCE or OKX, got KRAKEN"),
        ([SYMBOL, "--faults", "drip=1"], "expected faults of drop"),
        ([SYMBOL, "--recording", "nothing.gz"], "nothing.gz: expected a file, got none with this name"),
        ([SYMBOL, "--speed", "-1"], "Invalid value for '--speed'"),
        ([SYMBOL, "--for", "x"], "--for"),
    ],
)
def test_bad_input_is_one_line(capsys, args, said):
    with pytest.raises(SystemExit) as ended:
        app(["exchange", "serve-market", *args])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert said in printed.err
    assert printed.err.count("\n") == 1
