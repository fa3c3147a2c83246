"""GDAX's level 2 logs: a snapshot without a time, updates, sizes that were floats."""

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core import events as e
from truefill.core.errors import DataError
from truefill.vendors import guess_format, read_gdax

ASKS = "side,price,size\nsell,9192.01,4.660822\nsell,9194.95,0.11244000000000001\n"
BIDS = "side,price,size\nbuy,9192,7.48040715\n"
UPDATES = "side,price,size,time\nbuy,9170.51,0.01,2018-04-24T03:52:17.202Z\n"
UPDATES += "sell,9192.01,0.0,2018-04-24T03:52:17.210Z\n"
LATER = "side,price,size,time\nbuy,9170.51,1e-8,2018-04-24T03:53:00.000Z\n"
T = 1_524_541_937_202_000_000


def written(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return [folder / f"{name}.csv" for name in texts]


def test_a_snapshot_and_its_updates_are_one_log(tmp_path: Path) -> None:
    """In any order of the files; the snapshot gets the time of the first update."""
    files = written(tmp_path, b=LATER, asks=ASKS, a=UPDATES, bids=BIDS)
    assert {guess_format(path) for path in files} == {"gdax"}
    reader = read_gdax(*files, feed_latency_ns=5)
    rows = joined(reader)

    assert kinds(rows).tolist() == [e.DEPTH_CLEAR, *[e.DEPTH_SNAPSHOT] * 3, *[e.DEPTH] * 3]
    assert sides(rows).tolist() == [0, -1, -1, 1, 1, -1, 1]
    assert (rows["exch_ts"] - T).tolist() == [0, 0, 0, 0, 0, 8_000_000, 42_798_000_000]
    assert (rows["local_ts"] - rows["exch_ts"] == 5).all()
    sizes = [Decimal(int(q)).scaleb(int(x)) for q, x in zip(rows["qty"], rows["qty_exp"], strict=True)]
    assert sizes == [Decimal(x) for x in ("0", "4.660822", "0.11244", "7.48040715", "0.01", "0", "1e-8")]
    assert reader.counters.others == {"snapshots": 1, "sizes_repaired": 1}
    assert (reader.counters.rows, reader.counters.events) == (6, 7)

    report = convert_files(files, symbol="BTC-USD.GDAX", out=tmp_path / "x.tape")
    assert report.notes == [
        "sizes repaired: 1",
        "one clock: local times are the exchange's and 0 ns",
        "no trades: a resting order is filled only when the book moves through its price",
    ]
    assert open_tape(tmp_path / "x.tape").header.lot_size == "0.00000001"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"a": ASKS}, "expected updates, which have the time of the snapshot"),
        ({"a": UPDATES.replace("size", "amount")}, r"a\.csv:1: expected the columns side,price,size,time"),
        ({"a": UPDATES.replace("sell", "ask")}, ":3, side: expected buy or sell, got 'ask'"),
        ({"a": UPDATES.replace("0.01,", "0.012345678912,")}, ":2, size: expected a size of at most"),
        ({"a": UPDATES.replace("0.01,", "-0.01,")}, ":2, size: expected sizes of 0 or more"),
        ({"a": UPDATES.replace("2018-04-24T03:52:17.210Z", "24/04/2018")}, ":3: expected nanosec"),
        ({"a": UPDATES.replace("2018-04-24T03:52:17.210Z", "1524541937210")}, ":3, time: .*wrong unit"),
        ({"a": "side,price,size,time\n"}, "expected updates, got none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(
    tmp_path: Path, texts: dict[str, str], expected: str
) -> None:
    with pytest.raises(DataError, match=expected):
        joined(read_gdax(*written(tmp_path, **texts)))


@pytest.mark.slow
@pytest.mark.needs_shared
@pytest.mark.compiled_only  # 125,000 lines
def test_the_real_log() -> None:
    """All rows; the book at the end against a dictionary of decimals, and never crossed there."""
    names = ("snapshot_asks", "snapshot_bids", "l2update_15min_1", "l2update_15min_2")
    files = [shared_data(f"csv/gdax/{name}.csv.gz") for name in names]
    reader = read_gdax(*files)
    rows = joined(reader)
    assert reader.counters.rows == 14_078 + 13_741 + 2 * 48_462
    assert kinds(rows).tolist() == [e.DEPTH_CLEAR, *[e.DEPTH_SNAPSHOT] * 27_819, *[e.DEPTH] * 96_924]

    book: dict[tuple[str, Decimal], Decimal] = {}
    repaired = 0
    for file in files:
        with gzip.open(file, "rt") as text:
            for side, price, size, *_ in (line.strip().split(",") for line in list(text)[1:]):
                book[side, Decimal(price)] = Decimal(size).quantize(Decimal("1e-8"))
                repaired += Decimal(size) != Decimal(size).quantize(Decimal("1e-8"))
    found = {
        ("buy" if side > 0 else "sell", Decimal(int(px)).scaleb(int(a))): Decimal(int(qty)).scaleb(int(b))
        for side, px, a, qty, b in zip(
            sides(rows)[1:],
            rows["px"][1:],
            rows["px_exp"][1:],
            rows["qty"][1:],
            rows["qty_exp"][1:],
            strict=True,
        )
    }
    assert found == book
    assert reader.counters.others["sizes_repaired"] == repaired > 0
    best = [
        max(px for (s, px), q in book.items() if s == "buy" and q),
        min(px for (s, px), q in book.items() if s == "sell" and q),
    ]
    assert best[0] < best[1]
    assert (np.diff(rows["exch_ts"]) >= 0).all()
