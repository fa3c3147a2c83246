"""HftBacktest's converters of its collector's files beside ours: equal where theirs are right; each fault."""

import gzip
import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.compat.converters import ours, sides, theirs, write_gz
from tests.support.shared import shared_data
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import (
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    FUNDING,
    INDEX_PRICE,
    KIND_MASK,
    MARK_PRICE,
    TICKER_ASK,
    TICKER_BID,
    TRADE,
)
from truefill.tape.npz import read_npz

MS = 1_758_841_134_000
T = MS * 10**6


def line(at_us: int, message: object, digits: int = 19) -> str:
    return f"{str(T + at_us * 1000)[:digits]} {json.dumps(message, separators=(',', ':'))}"


def kinds(rows: np.ndarray) -> list[int]:
    return (rows["ev"] & np.uint64(KIND_MASK)).tolist()


def binance(at: int, data: dict) -> tuple[int, dict]:
    return at, {"stream": "btcusdt@x", "data": {"E": MS + at // 1000 - 2, "s": "BTCUSDT", **data}}


def depth(at: int, u: int, bids: list, asks: list) -> tuple[int, dict]:
    ids = {"U": u - 1, "u": u, "pu": u - 2, "T": MS + at // 1000 - 3}
    return binance(at, {"e": "depthUpdate", **ids, "b": bids, "a": asks})


def trade(at: int, number: int, origin: str = "MARKET") -> tuple[int, dict]:
    fields = {
        "T": MS + at // 1000 - 3,
        "t": number,
        "p": "58710.20",
        "q": "0.014",
        "X": origin,
        "m": number % 2 == 0,
    }
    return binance(at, {"e": "trade", **fields})


BINANCE = [
    depth(10_000, 10, [["58710.10", "1.5"], ["58709.00", "0.25"]], [["58710.20", "3.001"]]),
    trade(12_345, 1),
    binance(
        13_000,
        {"e": "bookTicker", "u": 11, "b": "58710.1", "B": "1.5", "a": "58710.2", "A": "3", "T": MS + 10},
    ),
    binance(
        14_000,
        {
            "e": "markPriceUpdate",
            "p": "58711.1",
            "i": "58712.2",
            "P": "58700",
            "r": "0.0001",
            "T": MS + 28_800_000,
        },
    ),
    trade(15_000, 2),
    trade(15_500, 3, "INSURANCE_FUND"),
    depth(20_000, 12, [["58710.10", "0"]], [["58710.20", "2"]]),
]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
@pytest.mark.parametrize("opt", ["", "t"])
def test_binances_futures(tmp_path: Path, opt: str) -> None:
    """Row by row for either side; ids and update ids are 0 as theirs are."""
    path = write_gz(tmp_path / "btc.gz", [line(at, message) for at, message in BINANCE])
    expected = theirs("binancefutures").convert(path, None, opt, buffer_size=100)
    actual = ours("binancefutures").convert(path, tmp_path / "out.npz", opt)

    assert [rows.tobytes() for rows in sides(actual)] == [rows.tobytes() for rows in sides(expected)]
    assert kinds(actual).count(TICKER_BID) == (opt == "t")
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_binances_marks_are_not_in_the_future(tmp_path: Path) -> None:
    """R: theirs stamps them with `T`, which is the next funding, hours ahead; so all its clocks move."""
    path = write_gz(tmp_path / "btc.gz", [line(at, message) for at, message in BINANCE])
    actual = ours("binancefutures").convert(path, None, "m")
    expected = theirs("binancefutures").convert(path, None, "m", buffer_size=100)
    marks = {kind: row for kind, row in zip(kinds(actual), actual, strict=True) if 100 <= kind <= 102}

    assert [float(marks[kind]["px"]) for kind in (INDEX_PRICE, MARK_PRICE, FUNDING)] == [
        58712.2,
        58711.1,
        0.0001,
    ]
    assert (marks[MARK_PRICE]["exch_ts"] - T, marks[MARK_PRICE]["local_ts"] - T) == (12_000_000, 14_000_000)
    assert expected["local_ts"].min() - T > 28_000 * 10**9
    assert sorted(kinds(sides(actual)[0])) == sorted(kinds(sides(expected)[0]))


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_local_times_of_16_digits(tmp_path: Path) -> None:
    """Q: the collector once wrote microseconds, which theirs cannot read."""
    path = write_gz(tmp_path / "btc.gz", [line(at, message, 16) for at, message in BINANCE])
    longer = write_gz(tmp_path / "long.gz", [line(at, message) for at, message in BINANCE])
    with pytest.raises(ValueError, match="invalid literal"):
        theirs("binancefutures").convert(path, buffer_size=100)
    assert ours("binancefutures").convert(path).tobytes() == ours("binancefutures").convert(longer).tobytes()


@pytest.mark.needs_shared
@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_real_recordings_of_binances_futures(tmp_path: Path) -> None:
    """300 lines without a snapshot, of USD-M and of COIN-M: equal for either side, but for 256 ns.

    The recorder's clock was behind, and theirs moves it as a float (`correct_local_timestamp`).
    """
    for name in ("raw/binance_usdm/btcusdt_20240719.gz", "raw/binance_cm/btcusd_perp_20240809.gz"):
        with gzip.open(shared_data(name), "rt") as file:
            path = write_gz(tmp_path / "part.gz", (text.rstrip("\n") for text in islice(file, 300)))
        expected = theirs("binancefutures").convert(path, None, "t", buffer_size=200_000)
        actual = ours("binancefutures").convert(path, None, "t")
        for mine, its in zip(sides(actual), sides(expected), strict=True):
            assert np.abs(np.sort(mine["local_ts"]) - np.sort(its["local_ts"])).max() <= 256
            for kind in (DEPTH, TRADE, TICKER_BID, TICKER_ASK):  # a tape keeps the order of each kind
                one, other = (rows[np.array(kinds(rows)) == kind] for rows in (mine, its))
                assert np.abs(one["local_ts"] - other["local_ts"]).max() <= 256
                other["local_ts"] = one["local_ts"]
                assert len(one) > 10
                assert one.tobytes() == other.tobytes()


def hyperliquid_book(at: int, bids: list[tuple[str, str]], asks: list[tuple[str, str]]) -> tuple[int, dict]:
    levels = [[{"px": px, "sz": sz, "n": 1} for px, sz in side] for side in (bids, asks)]
    return at, {
        "channel": "l2Book",
        "data": {"coin": "HYPE", "time": MS + at // 1000 - 300, "levels": levels},
    }


HYPERLIQUID = [
    (5, {"channel": "subscriptionResponse", "data": {"method": "subscribe"}}),
    hyperliquid_book(400_000, [("21.27", "80.29"), ("21.26", "3.1")], [("21.30", "2.5"), ("21.31", "9")]),
    (
        500_000,
        {
            "channel": "trades",
            "data": [
                {"coin": "HYPE", "side": side, "px": px, "sz": "7.78", "time": MS + 150, "tid": 1}
                for side, px in (("A", "21.27"), ("B", "21.3"))
            ],
        },
    ),
    hyperliquid_book(900_000, [("21.28", "1"), ("21.26", "3.1")], [("21.31", "8"), ("21.32", "4")]),
    hyperliquid_book(1_400_000, [("21.26", "3.1"), ("21.25", "6")], [("21.29", "8"), ("21.30", "4")]),
]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
@pytest.mark.parametrize("everything", [True, False])
def test_hyperliquid(tmp_path: Path, everything: bool) -> None:
    """Books as differences, with and without what left the window; trades. To the byte."""
    path = write_gz(tmp_path / "hype.gz", [line(at, message) for at, message in HYPERLIQUID])
    arguments = (path, 0.01, 0.01, 2)
    expected = theirs("hyperliquid").convert(*arguments, buffer_size=100, delete_out_of_book=everything)
    actual = ours("hyperliquid").convert(*arguments, tmp_path / "out.npz", delete_out_of_book=everything)

    assert actual.tobytes() == expected.tobytes()
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()
    assert kinds(actual).count(TRADE) == 2


@pytest.mark.needs_shared
@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_a_real_recording_of_hyperliquid() -> None:
    path = str(shared_data("raw/hyperliquid/btcusd_20250126.gz"))
    expected = theirs("hyperliquid").convert(path, 1.0, 0.00001, buffer_size=10_000)
    assert ours("hyperliquid").convert(path, 1.0, 0.00001).tobytes() == expected.tobytes()


def bybit_book(at: int, levels: int, kind: str, bids: list, asks: list) -> tuple[int, dict]:
    data = {"s": "BTCUSDT", "b": bids, "a": asks, "u": at, "seq": at}
    topic = f"orderbook.{levels}.BTCUSDT"
    return at, {
        "topic": topic,
        "type": kind,
        "ts": MS + at // 1000 - 5,
        "data": data,
        "cts": MS + at // 1000 - 6,
    }


BYBIT = [
    (1, {"success": True, "op": "subscribe"}),
    bybit_book(
        10_000, 50, "snapshot", [["109378.80", "1.273"], ["109378.50", "2"]], [["109378.90", "6.278"]]
    ),
    bybit_book(12_000, 1, "snapshot", [["109378.80", "1.1"]], [["109378.90", "6"]]),
    (
        15_000,
        {
            "topic": "publicTrade.BTCUSDT",
            "type": "snapshot",
            "ts": MS + 12,
            "data": [
                {
                    "T": MS + 11,
                    "s": "BTCUSDT",
                    "S": side,
                    "v": "0.020",
                    "p": "109378.90",
                    "i": "2a",
                    "BT": False,
                }
                for side in ("Buy", "Sell")
            ],
        },
    ),
    bybit_book(20_000, 50, "delta", [["109378.80", "1.687"]], [["109379.00", "0.003"]]),
]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
@pytest.mark.parametrize("level", [1, 50, 200])
def test_bybits_single_depths(tmp_path: Path, level: int) -> None:
    path = write_gz(tmp_path / "btc.gz", [line(at, message) for at, message in BYBIT])
    module, other = ours("bybit"), theirs("bybit")
    # Theirs has `BybitDepthLevel.LEVEL_50` in the topic it looks for on Pythons that print an IntEnum so.
    expected = other.convert_depth(path, buffer_size=100, single_depth_level=level)
    actual = module.convert_depth(
        path, tmp_path / "out.npz", single_depth_level=module.BybitDepthLevel(level)
    )

    assert actual.tobytes() == expected.tobytes()
    assert kinds(actual).count(DEPTH_CLEAR) == (2 if level < 200 else 0)
    assert [int(member) for member in module.BybitDepthLevel] == [
        int(member) for member in other.BybitDepthLevel
    ]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_bybits_fused_depths(tmp_path: Path) -> None:
    """Where no level is removed, which theirs forgets (see the tests of `FuseMarketDepth`): to the byte."""
    path = write_gz(tmp_path / "btc.gz", [line(at, message) for at, message in BYBIT])
    steps = {"tick_size": 0.1, "lot_size": 0.001}
    expected = theirs("bybit").convert_fused(path, buffer_size=100, **steps)
    assert ours("bybit").convert_fused(path, tmp_path / "out.npz", **steps).tobytes() == expected.tobytes()


@pytest.mark.needs_shared
@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_a_real_recording_of_bybit(tmp_path: Path) -> None:
    """300 messages of one instrument, 200 levels."""
    found = []
    with gzip.open(shared_data("ws/bybit_v5_20260809.jsonl.gz"), "rt") as file:
        for record in map(json.loads, file):
            if (
                record["t"] == "recv"
                and '.BTCUSDT"' in record["data"][:60]
                and "ticker" not in record["data"][:20]
            ):
                found.append(f"{round(record['ts'] * 1e6)}000 {record['data']}")
    path = write_gz(tmp_path / "btc.gz", found[:300])
    expected = theirs("bybit").convert_depth(path, buffer_size=100_000, single_depth_level=200)
    actual = ours("bybit").convert_depth(path, single_depth_level=200)
    assert actual.tobytes() == expected.tobytes()
    assert {TRADE, DEPTH, DEPTH_SNAPSHOT} <= set(kinds(actual))


def mexc(at: int, channel: str, data: dict) -> tuple[int, dict]:
    return at, {
        "c": f"spot@public.{channel}.v3.api@SOLUSDT",
        "d": data,
        "s": "SOLUSDT",
        "t": MS + at // 1000 - 80,
    }


MEXC = [
    (1, {"id": 0, "code": 0, "msg": "spot@public.deals"}),
    mexc(
        100_001,
        "limit.depth",
        {"bids": [{"p": "186.69", "v": "46.87"}], "asks": [{"p": "186.70", "v": "340.03"}]},
    ),
    mexc(200_001, "increase.depth", {"asks": [{"p": "187.57", "v": "0.00"}, {"p": "187.26", "v": "0.22"}]}),
    mexc(300_001, "increase.depth", {"bids": [{"p": "186.20", "v": "5"}]}),
    mexc(400_001, "deals", {"deals": [{"S": s, "p": "186.7", "t": MS + 310, "v": "0.5"} for s in (1, 2)]}),
]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_mexc(tmp_path: Path) -> None:
    """Row by row but for the times: theirs are floats (Q), with steps of 256 ns."""
    path = write_gz(tmp_path / "sol.gz", [line(at, message) for at, message in MEXC])
    expected = theirs("mexc").convert(path, buffer_size=100)
    actual = ours("mexc").convert(path, tmp_path / "out.npz")

    for name in ("exch_ts", "local_ts"):
        assert np.abs(actual[name] - expected[name]).max() <= 256
        assert (actual[name] - T).tolist() == [int(ns) // 1000 * 1000 for ns in (actual[name] - T)]
        assert (expected[name] != actual[name]).any()
        expected[name] = actual[name]
    assert actual.tobytes() == expected.tobytes()
    assert (actual["local_ts"] - T).tolist()[:3] == [100_001_000, 100_001_000, 200_001_000]


def test_what_comes_out_interpreted_too(tmp_path: Path) -> None:
    """Each converter on its sample: kinds, sides and times."""
    files = {
        name: write_gz(tmp_path / f"{name}.gz", [line(at, message) for at, message in messages])
        for name, messages in (("hype", HYPERLIQUID), ("bybit", BYBIT), ("mexc", MEXC), ("binance", BINANCE))
    }
    rows = ours("hyperliquid").convert(files["hype"], 0.01, 0.01)
    assert (kinds(rows).count(DEPTH), kinds(rows).count(TRADE)) == (len(rows) - 2, 2)
    rows = ours("bybit").convert_depth(files["bybit"])
    first = [DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_SNAPSHOT, DEPTH_CLEAR, DEPTH_SNAPSHOT]
    assert kinds(rows) == [*first, TRADE, TRADE, DEPTH, DEPTH]
    assert ((rows["ev"] & np.uint64(BUY)) != 0).tolist() == [*[True] * 3, *[False] * 2, *[True, False] * 2]
    rows = ours("bybit").convert_fused(files["bybit"], tick_size=0.1)
    assert kinds(rows).count(TRADE) == 2
    assert kinds(ours("mexc").convert(files["mexc"])) == [*[DEPTH_SNAPSHOT] * 2, *[DEPTH] * 3, *[TRADE] * 2]
    rows = ours("binancefutures").convert(files["binance"], None, "mt")
    assert set(kinds(rows)) == {DEPTH, TRADE, TICKER_BID, TICKER_ASK, INDEX_PRICE, MARK_PRICE, FUNDING}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hyperliquid", '1758841134000000000 {"channel":"l2Book","data":{"time":1}}', "of Hyperliquid"),
        ("hyperliquid", "17588 {}", "<local time of 19 digits"),
        ("mexc", '1758841134000000000 {"c":"spot@public.deals.v3.api","t":1}', "of MEXC"),
        ("mexc", '1758841134000000000 {"c":', "of MEXC"),
        ("bybit", "1758841134000000000 [1]", "of Bybit"),
        (
            "bybit",
            '1758841134000000000 {"topic":"orderbook.50.X","type":"delta","ts":1,"data":{"b":[["nan","1"]]}}',
            "nan",
        ),
        ("binancefutures", '1758841134000000000 {"a":1}', "no message that names its instrument"),
    ],
)
def test_damage_names_file_and_line(tmp_path: Path, name: str, text: str, expected: str) -> None:
    """... and leaves nothing behind."""
    good = {"hyperliquid": HYPERLIQUID, "bybit": BYBIT, "mexc": MEXC, "binancefutures": []}[name]
    path = write_gz(tmp_path / "file.gz", [*(line(at, message) for at, message in good), text])
    module = ours(name)
    convert = module.convert_depth if name == "bybit" else module.convert
    steps = {"tick_size": 0.01, "lot_size": 0.01} if name == "hyperliquid" else {}
    with pytest.raises(DataError) as caught:
        convert(path, **steps, output_filename=tmp_path / "out.npz")
    assert expected in str(caught.value)
    assert str(caught.value.where).startswith(path)
    if good:
        assert caught.value.where == f"{path}:{len(good) + 1}"
    assert not list(tmp_path.glob("*out*"))


def test_arguments_are_checked(tmp_path: Path) -> None:
    path = write_gz(tmp_path / "file.gz", [line(at, message) for at, message in MEXC])
    with pytest.raises(ConfigError, match="a whole number"):
        ours("mexc").convert(path, exch_ts_multiplier=0.5)
    with pytest.raises(ConfigError, match="m, t, both or neither"):
        ours("binancefutures").convert(path, opt="x")
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[:-20])
    with pytest.raises(DataError, match="packed data that break off"):
        ours("mexc").convert(path)
