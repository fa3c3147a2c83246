"""RUN.toml: every key is read, everything wrong is one line that names file, line and key."""

from pathlib import Path

import pytest

from truefill.cli.config import dotted, find_line, load_config
from truefill.cli.durations import format_duration, parse_duration
from truefill.core.errors import ConfigError

FULL = """
[run]
name = "grid"
compute = "1.5ms"

[latency]
model = "constant"
entry = "10ms"
response = 250_000
overtaking = true

[queue]
model = "power"
n = 3

[exchange]
model = "no_partial_fill"
stop_trigger = "best"

[fees]
model = "value"
maker = -0.00005
taker = 0.0007
currency = "USDT"

[contract]
model = "linear"
multiplier = 1

[params]
half_spread = 0.5
levels = 3
skew = true
label = "a"

[[asset]]
tape = "a.tape"

[[asset]]
tape = "b.tape"
symbol = "B"
tick_size = 0.1
lot_size = "0.001"

[asset.fees]
maker = 0.1
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "run.toml"
    path.write_text(text)
    return path


def test_every_key_is_read(tmp_path):
    config = load_config(write(tmp_path, FULL))
    assert (config.run.name, config.run.compute) == ("grid", 1_500_000)
    assert (config.latency.entry, config.latency.response) == (10_000_000, 250_000)
    assert config.latency.overtaking is True
    assert (config.queue.model, config.queue.n) == ("power", 3.0)
    assert (config.exchange.model, config.exchange.stop_trigger) == ("no_partial_fill", "best")
    assert (config.fees.maker, config.fees.taker, config.fees.currency) == (-0.00005, 0.0007, "USDT")
    assert config.contract.multiplier == 1.0
    assert config.params == {"half_spread": 0.5, "levels": 3, "skew": True, "label": "a"}
    assert [type(v) for v in config.params.values()] == [float, int, bool, str]
    second = config.asset[1]
    assert (second.tape, second.symbol, second.tick_size, second.lot_size) == ("b.tape", "B", "0.1", "0.001")
    assert second.fees is not None and second.fees.maker == 0.1
    assert config.asset[0].fees is None


def test_defaults_stand_in_for_every_table_but_the_assets(tmp_path):
    config = load_config(write(tmp_path, '[[asset]]\ntape = "a.tape"\n'))
    assert config.exchange.model == "fifo"
    assert config.params == {}
    assert config.run.compute == 0 and config.run.track_queues is False


def test_computing_time_may_be_measured(tmp_path):
    config = load_config(write(tmp_path, '[run]\ncompute = "measured"\n[[asset]]\ntape = "a.tape"\n'))
    assert config.run.compute == "measured"


A = '[[asset]]\ntape = "a.tape"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            A + "[fees]\nmakr = 1",
            "run.toml:4: expected one of model, maker, taker, currency, buyer, seller, tiers, rates_on, "
            "counts, days, evaluated, start_volume in [fees], "
            "got unknown key 'fees.makr' (did you mean 'maker'?)",
        ),
        (
            A + "[lateny]\nentry = 1",
            "run.toml:3: expected one of asset, latency, queue, exchange, limits, fees, contract, account, "
            "margin, funding, run, rates, params in the file, "
            "got unknown key 'lateny' (did you mean 'latency'?)",
        ),
        (
            A + A + "tick_sise = 1",
            "run.toml:5: expected one of tape, symbol, tick_size, lot_size, location_offset, latency, queue, "
            "exchange, limits, fees, contract, margin, funding, mark, account in [[asset]], "
            "got unknown key 'asset[1].tick_sise' "
            "(did you mean 'tick_size'?)",
        ),
        (
            A + "[asset.fees]\ntakr = 1",
            "run.toml:4: expected one of model, maker, taker, currency, buyer, seller, tiers, rates_on, "
            "counts, days, evaluated, start_volume in [asset.fees], "
            "got unknown key 'asset[0].fees.takr' (did you mean 'taker'?)",
        ),
        (
            A + '[queue]\nmodel = "best"',
            "run.toml:4: expected queue.model to be one of 'auto', 'risk_averse', 'log', 'log2', ",
        ),
        (
            A + '[latency]\nentry = "10 parsecs"',
            "run.toml:4: expected latency.entry to be a duration such as",
        ),
        (
            A + '[latency]\nentry = "999999999h"',
            "run.toml:4: expected latency.entry to be a duration of at most",
        ),
        (
            A + "[latency]\nentry = -1",
            "run.toml:4: expected latency.entry to be a duration that is not negative",
        ),
        (A + '[run]\ncompute = "often"', "run.toml:4: expected run.compute to be a duration such as"),
        (A + "[latency]\nentry = 1.5", "run.toml:4: expected latency.entry to be a duration such as"),
        (
            A + '[queue]\nmodel = "power"',
            "run.toml:3: expected queue to be n with a power model or 'evidence' and only there, got model",
        ),
        (A + "[queue]\nn = 2", "got n with model 'auto'"),
        (A + '[queue]\nlate = "1ms"', "expected queue to be late with model 'evidence' only, got late with"),
        (A + "tick_size = 0", "run.toml:3: expected asset[0].tick_size to be a number above 0, got 0"),
        (A + "tick_size = nan", "run.toml:3: expected asset[0].tick_size to be a number above 0, got nan"),
        (A + "[fees]\nmaker = inf", "run.toml:4: expected fees.maker to be a finite number, got inf"),
        (A + '[fees]\nmaker = "x"', "run.toml:4: expected fees.maker to be a valid number, got 'x'"),
        (
            A + "[contract]\nmultiplier = 0",
            "run.toml:4: expected contract.multiplier to be greater than 0, got 0",
        ),
        (
            A + "[params]\nx = [1, 2]",
            "run.toml:4: expected params.x to be a number, a bool or a string, got [1, 2]",
        ),
        ("", "run.toml: expected at least one [[asset]] table with its tape, got none"),
        ("[[asset]]\n", "run.toml:1: expected the key 'asset[0].tape', got nothing"),
        ("a = = 1", "run.toml: expected TOML, got "),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, text))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(ConfigError, match="expected a configuration file, got No such file"):
        load_config(tmp_path / "no.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="expected a TOML file in UTF-8"):
        load_config(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("written", "nanoseconds"),
    [
        ("10ms", 10_000_000),
        ("1.5s", 1_500_000_000),
        ("0.25us", 250),
        ("3 µs", 3000),
        ("7ns", 7),
        (12, 12),
        ("1h", 3_600 * 10**9),
        ("2m", 120 * 10**9),
        ("2min", 120 * 10**9),
        ("0.000000001s", 1),
    ],
)
def test_durations_are_exact(written, nanoseconds):
    assert parse_duration(written) == nanoseconds


@pytest.mark.parametrize(
    "written", ["", "ms", "10", "10mss", "-3ms", "1e3ms", True, None, 1.0, "0.5ns", 2**63, -1]
)
def test_no_other_text_is_a_duration(written):
    with pytest.raises(ConfigError):
        parse_duration(written)


def test_durations_are_written_for_people():
    assert [format_duration(x) for x in (5, 1500, 2_500_000, 3e9, 90e9, 1200e9, 5400e9)] == [
        "5 ns",
        "1.5 µs",
        "2.5 ms",
        "3 s",
        "1 min 30 s",
        "20 min",
        "1 h 30 min",
    ]


def test_places_are_found_and_named():
    assert find_line(FULL, ["asset", 1, "fees", "maker"]) == len(FULL.splitlines())
    assert find_line(FULL, ["fees", "maker"]) == FULL.splitlines().index("maker = -0.00005") + 1
    assert find_line(FULL, ["nothing"]) == 0
    assert dotted(["asset", 1, "fees", "maker"]) == "asset[1].fees.maker"
