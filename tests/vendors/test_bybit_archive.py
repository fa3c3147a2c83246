"""Bybit's public archive: the book with its update ids, trades of derivatives and of spot, a real ob500."""

import gzip
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core.decimals import nearest_floats
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, GAP_BEGIN, TRADE
from truefill.vendors import guess_format, read_bybit_archive

MS = 1_733_011_200_000


def message(type: str, u: int, at: int, b: list, a: list, symbol: str = "XRPUSDT") -> str:
    data = {"s": symbol, "b": b, "a": a, "u": u, "seq": 9 * u}
    topic = f"orderbook.500.{symbol}"
    return json.dumps(
        {"topic": topic, "type": type, "ts": MS + at, "data": data, "cts": MS + at - 2},
        separators=(",", ":"),
    )


BOOK = [
    message("snapshot", 100, 0, [["1.9531", "6203"], ["1.9530", "2409"]], [["1.9532", "77"]]),
    message("delta", 101, 100, [["1.9531", "0"]], []),
    message("delta", 102, 200, [], [["1.9532", "70.5"], ["1.9533", "4"]]),
]

TRADES = """\
timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional
1733011200.1000,XRPUSDT,Buy,120,1.9532,PlusTick,4a1b6f2e-0b6f-5d3c-9f64-b1b2c3d4e5f6,2.34384e+10,120,234.384
1733011200.2503,XRPUSDT,Sell,7.5,1.9530,MinusTick,5a1b6f2e-0b6f-5d3c-9f64-b1b2c3d4e5f6,1.46475e+09,7.5,14.6475
"""
SPOT = f"""\
id,timestamp,price,volume,side,rpi
1,{MS + 100},0.000009461,18057687,buy,0
2,{MS + 250},0.000009460,0.25,sell,1
"""


def write(path: Path, text: str) -> Path:
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.name.removesuffix(".zip"), text)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def table(rows: np.ndarray) -> list[tuple[int, int, float, float, float]]:
    """Kind, side, price, quantity, and ms since the beginning."""
    px, qty = nearest_floats(rows["px"], rows["px_exp"]), nearest_floats(rows["qty"], rows["qty_exp"])
    since = (rows["exch_ts"] - MS * 10**6) / 10**6
    columns = (kinds(rows), sides(rows), px, qty, since)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_the_book_is_a_snapshot_and_its_changes(tmp_path: Path) -> None:
    """Times are the matching engine's; nothing arrives before it was sent."""
    path = write(tmp_path / "2024-12-01_XRPUSDT_ob500.data.zip", "\n".join(BOOK) + "\n")
    reader = read_bybit_archive(path, feed_latency_ns=30)
    rows = joined(reader)

    assert table(rows) == [
        (DEPTH_CLEAR, 0, 0, 0, -2),
        (DEPTH_SNAPSHOT, 1, 1.9531, 6203, -2),
        (DEPTH_SNAPSHOT, 1, 1.953, 2409, -2),
        (DEPTH_SNAPSHOT, -1, 1.9532, 77, -2),
        (DEPTH, 1, 1.9531, 0, 98),
        (DEPTH, -1, 1.9532, 70.5, 198),
        (DEPTH, -1, 1.9533, 4, 198),
    ]
    assert set((rows["local_ts"] - rows["exch_ts"]).tolist()) == {2_000_030}
    assert (reader.lines.tolist(), reader.counters.rows) == ([1, 1, 1, 1, 2, 3, 3], 3)
    assert guess_format(path) == "bybit-archive"
    spot = [line.replace(f',"cts":{MS + at - 2}', "") for line, at in zip(BOOK, (0, 100, 200), strict=True)]
    rows = joined(read_bybit_archive(write(tmp_path / "spot.data", "\n".join(spot))))
    assert (rows["exch_ts"] == rows["local_ts"]).all()
    assert [row[4] for row in table(rows)][-1] == 200


def test_missing_messages_are_a_gap_until_the_next_snapshot(tmp_path: Path) -> None:
    """A message that comes again changes nothing; a snapshot starts anew, whatever its id."""
    lines = [
        *BOOK,
        BOOK[1],
        message("delta", 105, 300, [["1.95", "5"]], []),
        message("delta", 106, 400, [["1.95", "6"]], []),
        message("snapshot", 1, 500, [["1.94", "1"]], [["1.96", "1"]]),
        message("delta", 2, 600, [["1.94", "3"]], []),
    ]
    path = write(tmp_path / "book.data", "\n".join(lines))
    reader = read_bybit_archive(path)
    rows = joined(reader)

    assert kinds(rows).tolist()[7:] == [
        *(GAP_BEGIN, DEPTH, DEPTH, DEPTH_CLEAR, DEPTH_SNAPSHOT, DEPTH_SNAPSHOT, DEPTH)
    ]
    assert reader.counters.others == {"snapshots": 2, "gaps": 1, "messages_again_or_too_late": 1}
    report = convert_files(path, symbol="XRPUSDT.BYBIT", out=tmp_path / "x.tape")
    tape = open_tape(tmp_path / "x.tape")
    assert (report.gaps, tape.gaps["begin_exch"].tolist()) == (1, [(MS + 298) * 10**6])
    assert tape.gaps["end_exch"].tolist() == [(MS + 498) * 10**6]


@pytest.mark.parametrize("named", [True, False])
def test_trades_keep_their_time_exactly(tmp_path: Path, named: bool) -> None:
    """Seconds with a fraction, read as a decimal and not as a float; with names and without."""
    text = TRADES if named else TRADES.partition("\n")[2]
    path = write(tmp_path / "XRPUSDT2024-12-01.csv.gz", text)
    rows = joined(read_bybit_archive(path, feed_latency_ns=7))

    assert table(rows) == [(TRADE, 1, 1.9532, 120, 100), (TRADE, -1, 1.953, 7.5, 250.3)]
    assert rows["exch_ts"].tolist() == [MS * 10**6 + 100_000_000, MS * 10**6 + 250_300_000]
    assert (rows["local_ts"] - rows["exch_ts"]).tolist() == [7, 7]
    assert guess_format(path) == "bybit-archive"


def test_trades_of_spot(tmp_path: Path) -> None:
    for text in (
        SPOT,
        SPOT.partition("\n")[2],
        SPOT.replace(",rpi", "").replace("buy,0", "buy").replace("l,1", "l"),
    ):
        path = write(tmp_path / "PEPEUSDT_2024-12-01.csv.gz", text)
        rows = joined(read_bybit_archive(path))
        assert table(rows) == [(TRADE, 1, 9.461e-6, 18057687, 100), (TRADE, -1, 9.46e-6, 0.25, 250)]
        assert rows["order_id"].tolist() == [1, 2]
        assert guess_format(path) == "bybit-archive"


def test_book_and_trades_become_one_tape(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "2024-12-01_XRPUSDT_ob500.data.zip", "\n".join(BOOK) + "\n"),
        write(tmp_path / "XRPUSDT2024-12-01.csv.gz", TRADES),
    ]
    report = convert_files(files, symbol="XRPUSDT.BYBIT", out=tmp_path / "x.tape")
    header = open_tape(tmp_path / "x.tape").header

    assert (report.format, report.notes) == ("bybit-archive", [])
    assert header.counts == {"depth": 3, "trade": 2, "depth_clear": 1, "depth_snapshot": 3}
    assert (header.tick_size, header.lot_size) == ("0.0001", "0.5")
    other = write(tmp_path / "BTCUSDT2024-12-01.csv.gz", TRADES)
    with pytest.raises(DataError, match="files of one instrument, got BTCUSDT, XRPUSDT"):
        convert_files([files[0], other], symbol="A.B", out=tmp_path / "y.tape")
    assert not list(tmp_path.glob("*y.tape*"))


@pytest.mark.parametrize(
    ("name", "text", "where", "expected"),
    [
        ("b.data", "\n".join(BOOK)[:-9], 3, "a message of Bybit's book"),
        ("b.data", "\n".join([*BOOK, message("delta", 103, 300, [], [], "BTCUSDT")]), 4, "one instrument"),
        ("b.data", BOOK[0] + "\n" + BOOK[1].replace("delta", "update"), 2, "snapshot or delta as type"),
        ("b.data", BOOK[0].replace("orderbook", "tickers"), 1, "the topic orderbook"),
        ("b.data", "\n".join(BOOK).replace("70.5", "7o.5"), 3, "a decimal number, got '7o.5'"),
        ("b.data", "\n".join(BOOK).replace("1.9533", "-1"), 3, "price -1, quantity 4"),
        ("b.data", "\n".join(BOOK).replace(str(MS + 198), str(MS // 1000)), 3, "seems to be in seconds"),
        ("b.data", BOOK[0].replace('"u":', '"uu":'), 1, "missing required field `u`"),
        ("t.csv", TRADES.replace("size,price", "qty,price"), 1, "a first line that names size"),
        ("t.csv", TRADES.replace("Sell", "sold"), 3, "Buy or Sell as side, got 'sold'"),
        ("t.csv", TRADES.replace("1.9530", "0"), 3, "a price above 0, got 0"),
        ("t.csv", TRADES.replace(",7.5,1.9", ",-7.5,1.9"), 3, "a size of 0 or more"),
        (
            "t.csv",
            TRADES.replace("1733011200.2503,XRP", "1733011200.2503,BTC"),
            3,
            "trades of one instrument",
        ),
        ("t.csv", TRADES.replace("1733011200.2503", "1733011200250"), 3, "as timestamp in seconds"),
        ("t.csv", TRADES.replace("1733011200.2503", "173301120"), 3, "1e-9 seconds of timestamp"),
        ("t.csv", TRADES[:-80], 3, "10 columns"),
        ("t.csv", SPOT.replace(str(MS + 250), str(MS + 250) + "000"), 3, "seems to be in microseconds"),
        ("t.csv", SPOT.replace("volume", "qty"), 1, "a first line that names"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, name: str, text: str, where: int, expected: str) -> None:
    path = write(tmp_path / name, text)
    with pytest.raises(DataError) as caught:
        list(read_bybit_archive(path))
    assert expected in str(caught.value)
    assert caught.value.where == f"{path}:{where}"


def test_options_are_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", TRADES)
    with pytest.raises(ConfigError, match="a latency of 0 ns or more"):
        read_bybit_archive(path, feed_latency_ns=-1)
    with pytest.raises(ConfigError, match="0 to 18 decimal places"):
        read_bybit_archive(path, quantity_places=-1)


@pytest.mark.needs_shared
def test_a_real_ob500(tmp_path: Path) -> None:
    """Every message and level counted, and the book at the end held against a naive one."""
    path = shared_data("raw/bybit_history/2024-12-01_XRPUSDT_ob500.data.zip")
    book: dict[str, dict[Decimal, Decimal]] = {"b": {}, "a": {}}
    with zipfile.ZipFile(path) as archive:
        for line in archive.read(archive.namelist()[0]).splitlines():
            for side in "ba":
                for px, qty in json.loads(line)["data"][side]:
                    book[side][Decimal(px)] = Decimal(qty)
    best = [max(px for px, qty in book["b"].items() if qty), min(px for px, qty in book["a"].items() if qty)]

    reader = read_bybit_archive(path)
    rows = joined(reader)
    assert (len(rows), reader.counters.rows, reader.counters.others) == (3967, 50, {"snapshots": 1})
    assert (rows["local_ts"] - rows["exch_ts"]).min() == 2_000_000
    assert (rows["local_ts"] - rows["exch_ts"]).max() == 102_000_000
    report = convert_files(path, symbol="XRPUSDT.BYBIT", out=tmp_path / "x.tape")
    header = open_tape(tmp_path / "x.tape").header
    assert header.counts == {"depth": 2966, "depth_clear": 1, "depth_snapshot": 1000}
    assert [Decimal(header.last_best_bid or 0), Decimal(header.last_best_ask or 0)] == best
    assert (header.tick_size, header.lot_size, report.gaps) == ("0.0001", "1", 0)
    assert report.notes == ["no trades: a resting order is filled only when the book moves through its price"]
