"""HftBacktest's converters of archives beside ours: equal where theirs are right, a test for each fault."""

import datetime
import json
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.compat.converters import ours, theirs, write_gz
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    KIND_MASK,
    MODIFY_ORDER,
    SELL,
    TRADE,
)
from truefill.tape.npz import read_npz

MS = 1_704_067_200_000
T = MS * 10**6

DEPTH_UPDATES = f"""\
symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu
BTCUSDT,{MS},99,104,a,set,9235.09,0.000,95
BTCUSDT,{MS},99,104,b,set,9235.01,0.852,95
BTCUSDT,{MS + 9},107,110,b,set,9235.01,0.9,104
"""
TRADES = f"""\
id,price,qty,quote_qty,time,is_buyer_maker
4368750001,9235.1,0.005,46.1755,{MS + 3},true
4368750002,9235.0,1.2,11082,{MS + 9},true
"""


def kinds(rows: np.ndarray) -> list[int]:
    return (rows["ev"] & np.uint64(KIND_MASK)).tolist()


def written(tmp_path: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in files]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_binances_depth_and_trades(tmp_path: Path) -> None:
    """Row by row, when every trade sold; theirs leaves times in ms, as if they were ns."""
    files = written(tmp_path, {"depth.csv": DEPTH_UPDATES, "trades.csv": TRADES})
    expected = theirs("binancehistmktdata").convert(*files, buffer_size=100, feed_latency=20)
    actual = ours("binancehistmktdata").convert(
        *files, tmp_path / "out", buffer_size=100, feed_latency=20_000_000
    )

    for name in ("exch_ts", "local_ts"):
        expected[name] *= 1_000_000
    assert actual.tobytes() == expected.tobytes()
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_binances_buyers_take_too(tmp_path: Path) -> None:
    """R: theirs takes the text "false" for true, so that all trades sold."""
    files = written(tmp_path, {"depth.csv": DEPTH_UPDATES, "trades.csv": TRADES.replace("true", "false", 1)})
    found = []
    for convert in (theirs("binancehistmktdata").convert, ours("binancehistmktdata").convert):
        rows = convert(*files, buffer_size=100)
        trades = rows[(rows["ev"] & np.uint64(KIND_MASK)) == TRADE]
        found.append([bool(ev & BUY) for ev in trades["ev"].tolist()])
    assert found == [[False, False], [True, False]]


SNAPSHOT = f"""\
symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty
BTCUSDT,{MS - 1},100,100,a,snap,9235.10,3
BTCUSDT,{MS - 1},100,100,a,snap,9235.09,1.5
BTCUSDT,{MS - 1},100,100,b,snap,9234.00,2
BTCUSDT,{MS - 1},100,100,b,snap,9235.00,4
"""


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_binances_snapshot(tmp_path: Path) -> None:
    """Best levels first. R: theirs sorts by quantity, which is the same only by chance."""
    module = ours("binancehistmktdata")
    (path,) = written(tmp_path, {"snap.csv": SNAPSHOT})
    actual = module.convert_snapshot(path, tmp_path / "out.npz")
    expected = theirs("binancehistmktdata").convert_snapshot(path, ss_buffer_size=10)
    for name in ("exch_ts", "local_ts"):
        expected[name] *= 1_000_000
    assert actual.tobytes() == expected.tobytes()
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()
    (path,) = written(tmp_path, {"snap.csv": SNAPSHOT.replace("9235.09,1.5", "9235.09,7")})
    assert module.convert_snapshot(path)["px"].tolist() == [9235.0, 9234.0, 9235.09, 9235.1]
    wrong = theirs("binancehistmktdata").convert_snapshot(path, ss_buffer_size=10)
    assert wrong["px"].tolist() == [9235.0, 9234.0, 9235.1, 9235.09]


def bybit_files(tmp_path: Path, seconds: str, last: int = 248) -> list[str]:
    messages = [
        ("snapshot", 0, [["1.9531", "6203"], ["1.9530", "2409"]], [["1.9532", "77"], ["1.9533", "5"]]),
        ("delta", 100, [["1.9531", "0"]], [["1.9533", "6"]]),
        ("delta", last, [], [["1.9532", "70.5"]]),
    ]
    lines = [
        json.dumps(
            {
                "topic": "orderbook.500.XRPUSDT",
                "type": kind,
                "ts": MS + at,
                "data": {"s": "XRPUSDT", "b": bids, "a": asks, "u": 7 + n, "seq": n},
                "cts": MS + at - 3,
            }
        )
        for n, (kind, at, bids, asks) in enumerate(messages)
    ]
    with zipfile.ZipFile(tmp_path / "ob500.data.zip", "w") as archive:
        archive.writestr("ob500.data", "\n".join(lines) + "\n")
    rest = "PlusTick,4a1b6f2e-0b6f-5d3c-9f64-b1b2c3d4e5f6,2.34384e+10,120,234.384"
    trades = [
        "timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional",
        f"{seconds},XRPUSDT,Buy,120,1.9532,{rest}",
        f"{MS // 1000 + 2},XRPUSDT,Sell,7.5,1.9530,{rest}",
    ]
    return [str(tmp_path / "ob500.data.zip"), write_gz(tmp_path / "trades.csv.gz", trades)]


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_bybits_archive(tmp_path: Path) -> None:
    """Row by row, but for the sides of a snapshot's levels, which theirs forgets (R)."""
    files = bybit_files(tmp_path, f"{MS // 1000 + 1}")
    expected = theirs("bybithistmktdata").convert(*files, buffer_size=100, feed_latency=500)
    actual = ours("bybithistmktdata").convert(*files, tmp_path / "out.npz", feed_latency=500)

    snapshot = np.array(kinds(actual)) == DEPTH_SNAPSHOT
    both = np.uint64(BUY | SELL)
    assert (expected["ev"][snapshot] & both == 0).all()
    assert (actual["ev"][snapshot] & both).tolist() == [SELL, SELL, BUY, BUY]
    expected["ev"][snapshot] |= actual["ev"][snapshot] & both
    assert actual.tobytes() == expected.tobytes()
    assert kinds(actual)[:6] == [DEPTH_CLEAR, *[DEPTH_SNAPSHOT] * 2, DEPTH_CLEAR, *[DEPTH_SNAPSHOT] * 2]
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_bybits_times_are_exact(tmp_path: Path) -> None:
    """Q: theirs multiplies times as floats; whole ms and 0.1 ms come out with odd nanoseconds."""
    files = bybit_files(tmp_path, f"{MS // 1000 + 1}.2503", last=250)
    times = []
    for convert in (theirs("bybithistmktdata").convert, ours("bybithistmktdata").convert):
        rows = convert(*files, buffer_size=100)
        times.append((rows["exch_ts"][8:10] - T).tolist())
    assert times[1] == [250_000_000, 1_250_300_000]
    assert times[0][0] != times[1][0]
    assert times[0][1] != times[1][1]


class Store:
    """What HftBacktest asks of Databento's client: records as a table, decoded by Databento's own library."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @classmethod
    def from_bytes(cls, file: Any) -> "Store":
        return cls(file.read())

    def to_df(self) -> Any:
        pandas = pytest.importorskip("pandas")
        dbn = pytest.importorskip("databento_dbn")
        decoder = dbn.DBNDecoder()
        decoder.write(self._data)
        records = [record for record in decoder.decode() if isinstance(record, dbn.MBOMsg)]
        table = {name: [getattr(r, name) for r in records] for name in ("size", "order_id", "flags")}
        for name in ("action", "side"):
            table[name] = [str(getattr(r, name)) for r in records]
        table["price"] = [np.nan if r.price == 2**63 - 1 else r.price / 1e9 for r in records]
        times = {
            name: pandas.to_datetime([getattr(r, name) for r in records], utc=True)
            for name in ("ts_event", "ts_recv")
        }
        table |= {"ts_event": times["ts_event"], "symbol": ["ESH4"] * len(records)}
        return pandas.DataFrame(table, index=times["ts_recv"])


def mbo_file(path: Path, records: list[tuple[int, int, str, str, int | None, int, int, int]]) -> str:
    """Local and exchange time after `T` (ns), action, side, price in quarters, size, id, flags."""
    dbn = pytest.importorskip("databento_dbn")
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3",
        start=T,
        stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.MBO,
        symbols=[],
        partial=[],
        not_found=[],
        mappings=[],
    )
    data = bytes(metadata)
    for recv, event, action, side, quarters, size, order_id, flags in records:
        message = dbn.MBOMsg(
            publisher_id=1,
            instrument_id=17077,
            ts_event=T + event,
            order_id=order_id,
            price=2**63 - 1 if quarters is None else quarters * 250_000_000,
            size=size,
            action=dbn.Action.from_str(action),
            side=dbn.Side.from_str(side),
            ts_recv=T + recv,
            flags=flags,
            ts_in_delta=0,
            sequence=0,
        )
        data += bytes(message)
    path.write_bytes(data)
    return str(path)


S = 1_000_000_000
ORDERS: list[tuple[int, int, str, str, int | None, int, int, int]] = [
    (S, S, "R", "N", None, 0, 0, 40),
    (S, -900 * S, "A", "B", 19196, 5, 1, 40),
    (S, -800 * S, "A", "A", 19197, 3, 2, 168),
    (3 * S, 2 * S, "M", "A", 19198, 4, 2, 128),
    (5 * S, 4 * S, "T", "B", 19198, 4, 0, 0),
    (5 * S, 4 * S, "F", "A", 19198, 4, 2, 0),
    (5 * S, 4 * S, "C", "A", 19198, 4, 2, 128),
    (7 * S, 6 * S, "A", "A", 19199, 1, 3, 128),
]


@pytest.fixture
def databento(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """HftBacktest's converter, with a stand-in for Databento's client, which is not installed."""
    stand_in = ModuleType("databento")
    stand_in.DBNStore = Store  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "databento", stand_in)
    return theirs("databento")


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_databentos_orders(tmp_path: Path, databento: ModuleType) -> None:
    """Row by row, when whole orders are cancelled and times are whole seconds."""
    path = mbo_file(tmp_path / "es.mbo.dbn", ORDERS)
    expected = databento.convert(path, None)
    actual = ours("databento").convert(path, None, tmp_path / "out.npz")

    expected["px"] = np.nan_to_num(expected["px"])  # of the clear
    assert actual.tobytes() == expected.tobytes()
    assert actual["ival"].tolist() == [flags for *_, flags in ORDERS]
    assert read_npz(tmp_path / "out.npz").tobytes() == actual.tobytes()


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_databentos_nanoseconds_are_kept(tmp_path: Path, databento: ModuleType) -> None:
    """Q: theirs cuts times to microseconds and sends them through a float."""
    later = 123_456_789
    path = mbo_file(tmp_path / "es.mbo.dbn", [(r + later, e + later, *rest) for r, e, *rest in ORDERS[3:]])
    actual, expected = ours("databento").convert(path, None), databento.convert(path, None)
    assert (actual["exch_ts"] - T).tolist()[0] == 2 * S + later
    assert (expected["exch_ts"] != actual["exch_ts"]).all()
    assert np.abs(expected["exch_ts"] - actual["exch_ts"]).max() < 2000


@pytest.mark.compiled_only  # HftBacktest's functions do not run interpreted
def test_fault_databentos_partial_cancels_leave_the_rest(tmp_path: Path, databento: ModuleType) -> None:
    """R: theirs makes a part cancelled a cancel of the order."""
    path = mbo_file(tmp_path / "es.mbo.dbn", [*ORDERS[:3], (3 * S, 2 * S, "C", "B", 19196, 2, 1, 128)])
    assert kinds(ours("databento").convert(path, None)) == [DEPTH_CLEAR, ADD_ORDER, ADD_ORDER, MODIFY_ORDER]
    assert ours("databento").convert(path, None)["qty"].tolist()[-1] == 3
    assert kinds(databento.convert(path, None))[-1] != MODIFY_ORDER


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    """Another schema, another kind, damage: named, and nothing is written."""
    (path,) = written(tmp_path, {"t.csv": "ts_recv,ts_event,action,side,depth,price,size,flags,sequence\n"})
    with pytest.raises(DataError, match="records of the schema trades"):
        ours("databento").convert(path, None, tmp_path / "out.npz")
    with pytest.raises(ConfigError, match="mbo"):
        ours("databento").convert(path, None, file_type="mbp-1")
    files = written(tmp_path, {"depth.csv": DEPTH_UPDATES.replace("0.9", "x"), "trades.csv": TRADES})
    with pytest.raises(DataError, match=r"depth.csv:4: expected a decimal number as qty"):
        ours("binancehistmktdata").convert(*files, tmp_path / "out.npz")
    assert not list(tmp_path.glob("*out*"))


def test_defaults_need_no_buffer(tmp_path: Path) -> None:
    """Interpreted, too: what comes out of the samples, whole."""
    files = written(tmp_path, {"depth.csv": DEPTH_UPDATES, "trades.csv": TRADES})
    rows = ours("binancehistmktdata").convert(*files)
    assert kinds(rows) == [DEPTH, DEPTH, TRADE, DEPTH, TRADE]
    assert (rows["exch_ts"] - T).tolist() == [0, 0, 3_000_000, 9_000_000, 9_000_000]
    rows = ours("bybithistmktdata").convert(*bybit_files(tmp_path, f"{MS // 1000 + 1}.2503"))
    assert kinds(rows) == [
        *(DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_SNAPSHOT, DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_SNAPSHOT),
        *(DEPTH, DEPTH, DEPTH, TRADE, TRADE),
    ]
    day = datetime.datetime.fromtimestamp(int(rows["exch_ts"][0]) // 10**9, datetime.UTC)
    assert day.isoformat() == "2024-01-01T00:00:00+00:00"
