"""`truefill calibrate latency`: recorded orders made of a feed, for the model that reads them."""

import json

import numpy as np
import pytest

from truefill.backtest import InterpolatedLatency, generate_order_latency
from truefill.tape import Tape, write_npz

MS = 1_000_000


def test_the_file_is_what_the_function_makes(truefill, folder):
    options = (
        "--entry",
        4,
        "--entry-offset",
        "2ms",
        "--response",
        3,
        "--response-offset",
        "-1us",
        "--every",
        "100ms",
    )
    done = truefill("calibrate", "latency", "market.tape", *options, "--out", "latency.npz", "--json")
    assert done.exit_code == 0, done.stderr
    made = np.load(folder / "latency.npz")["data"]
    tape = Tape.open(folder / "market.tape")
    same = generate_order_latency(
        tape, mul_entry=4, offset_entry=2 * MS, mul_resp=3, offset_resp=-1000, resampling_ns=100 * MS
    )
    assert made.tobytes() == same.tobytes()
    told = json.loads(done.stdout)
    assert told["orders"] == len(made) > 100
    assert told["entry"]["minimum"] == (made["exch_ts"] - made["req_ts"]).min()
    assert told["response"]["maximum"] == (made["resp_ts"] - made["exch_ts"]).max()


def test_a_run_reads_the_file(truefill, folder):
    done = truefill("calibrate", "latency", "market.tape", "--out", "latency.npz")
    assert done.exit_code == 0
    assert '[latency]\nmodel = "interpolated"\nfile = "latency.npz"' in done.stdout
    InterpolatedLatency(folder / "latency.npz")
    settings = (folder / "run.toml").read_text()
    (folder / "run.toml").write_text(
        settings.replace('entry = "1ms"\nresponse = "1ms"', 'model = "interpolated"\nfile = "latency.npz"')
    )
    done = truefill("backtest", "strategy.py", "--config", "run.toml", "--out", "result", "--json")
    assert done.exit_code == 0, done.stderr


def test_events_give_the_same(truefill, folder):
    write_npz(Tape.open(folder / "market.tape"), folder / "events.npz")
    for feed, out in (("market.tape", "a.npz"), ("events.npz", "b.npz")):
        assert truefill("calibrate", "latency", feed, "--out", out).exit_code == 0
    a, b = (np.load(folder / name)["data"] for name in ("a.npz", "b.npz"))
    assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--entry", 0), "a way that takes time (--entry, --entry-offset)"),
        (("--response-offset", "-1h"), "response latency of -"),
        (("--every", "0ns"), "resampling_ns of 1 or more"),
        (("--entry-offset", "soon"), "--entry-offset"),
        (("--out", "latency.csv"), "ends in .npz"),
        (("--out", "nowhere/latency.npz"), "existing folder"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(truefill, folder, options, message):
    before = sorted(folder.iterdir())
    done = truefill("calibrate", "latency", "market.tape", "--out", "latency.npz", *options)
    assert done.exit_code == 2
    assert message in done.stderr
    assert sorted(folder.iterdir()) == before
