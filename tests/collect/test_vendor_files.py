"""Order-by-order files into tapes and HftBacktest's events: formats told apart, options, notes."""

from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.test_bitfinex import LINES as BITFINEX
from tests.vendors.test_bitstamp import LINES as BITSTAMP_LINES, log
from tests.vendors.test_databento import RAW as DATABENTO
from tests.vendors.test_lobster import BOOK, MESSAGES, NAME
from truefill import convert_files, make_market, open_tape, read_npz
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import EXCH, LOCAL
from truefill.tape import write_npz, write_parquet
from truefill.vendors import all_events, guess_format, read_bitstamp

BITSTAMP = log(BITSTAMP_LINES)
CLOCK = {"start": "2021-03-01T00:00:00Z", "step_ns": 1000}
BITSTAMP_TABLE = (
    "id,timestamp,exchange.timestamp,price,volume,action,direction\n1,1430438404518,0,1,5,created,bid\n"
)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (NAME, MESSAGES, "lobster"),
        ("messages.csv", MESSAGES, "lobster"),
        ("mbo.csv", DATABENTO, "databento"),
        ("live.log", BITSTAMP, "bitstamp"),
        ("orders.csv", BITSTAMP_TABLE, "bitstamp"),
        ("r0.jsonl", BITFINEX, "bitfinex"),
        ("r0.jsonl", BITFINEX.split("\n", 2)[2], "bitfinex"),
        ("mbo.dbn", "DBN\x01", "databento"),
        ("orderbook.csv", BOOK, None),
        ("r.txt", "1723161255030314667 {}\n", None),
        ("empty.txt", "\n", None),
    ],
)
def test_formats_are_told_by_name_and_first_line(
    tmp_path: Path, name: str, text: str, expected: str | None
) -> None:
    (tmp_path / name).write_text(text)

    assert guess_format(tmp_path / name) == expected


def test_each_format_becomes_a_tape(tmp_path: Path) -> None:
    """Steps, counts and the end of the book; faults in the report and not in the way."""
    (tmp_path / NAME).write_text(MESSAGES)
    book = tmp_path / NAME.replace("message", "orderbook")
    book.write_text(BOOK)
    (tmp_path / "mbo.csv").write_text(DATABENTO)
    (tmp_path / "live.log").write_text(BITSTAMP)
    (tmp_path / "r0.jsonl").write_text(BITFINEX)
    found = {}
    for files, options in (
        ([book, tmp_path / NAME], {"feed_latency_ns": 500}),
        ([tmp_path / "mbo.csv"], {}),
        ([tmp_path / "live.log"], {}),
        ([tmp_path / "r0.jsonl"], CLOCK),
    ):
        report = convert_files(files, symbol="ABC.TEST", out=tmp_path / "x.tape", **options)
        header = open_tape(tmp_path / "x.tape").header
        assert (header.events, header.source) == (report.events, [Path(f).name for f in report.files])
        assert report.content_hash == header.content_hash
        found[report.format] = (header.tick_size, header.lot_size, header.last_best_bid, header.last_best_ask)

    assert found == {
        "lobster": ("0.005", "1", "100", "100.05"),  # a hidden order was executed half a cent off
        "databento": ("0.25", "1", "4798.75", "4799.5"),
        "bitstamp": ("0.01", "0.1", "236.47", "237"),
        "bitfinex": ("0.00000002", "0.00000001", "60900", None),
    }


def test_notes_say_what_was_odd(tmp_path: Path) -> None:
    (tmp_path / "mbo.csv").write_text(DATABENTO)
    report = convert_files(tmp_path / "mbo.csv", symbol="ABC.TEST", out=tmp_path / "x.tape")

    assert report.notes == [
        "unknown cancels: 1",
        "unknown modifies: 1",
        "unknown fills: 1",
        "overdrawn: 1",
        "without price: 1",
        "moved behind a snapshot: 1",
        "maybe bad book: 1",
    ]
    assert report.as_dict()["counters"]["others"]["snapshot_orders"] == 2


def test_npz_has_the_orders_themselves(tmp_path: Path) -> None:
    """One row for both sides while the orders of time agree, else all for one and then all for the other."""
    path = tmp_path / "live.log"
    path.write_text(BITSTAMP)
    convert_files(path, symbol="ABC.TEST", out=tmp_path / "x.npz", to="npz")
    assert np.array_equal(read_npz(tmp_path / "x.npz"), all_events(read_bitstamp(path)))

    lines = BITSTAMP.splitlines(keepends=True)[:2]
    late = [
        line.replace('"id"', f'"microtimestamp": {us}, "id"') for line, us in zip(lines, (9, 4), strict=True)
    ]
    path.write_text("".join(late))
    convert_files(path, symbol="ABC.TEST", out=tmp_path / "x.npz", to="npz")
    rows = read_npz(tmp_path / "x.npz")
    flags = [(bool(ev & EXCH), bool(ev & LOCAL)) for ev in rows["ev"].tolist()]
    assert flags == [(True, False)] * 2 + [(False, True)] * 2
    assert rows["exch_ts"].tolist() == [4000, 9000, 9000, 4000]
    assert rows["order_id"].tolist() == [8, 7, 7, 8]


def test_a_local_clock_behind_is_corrected_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "mbo.csv"
    text = DATABENTO.replace(
        "1703545200000000200,1703545200000000120", "1703545200000000200,1703545200000000250"
    )
    path.write_text(text)
    for to, name in (("tape", "x.tape"), ("npz", "x.npz")):
        report = convert_files(
            path,
            symbol="A.B",
            out=tmp_path / name,
            to=to,
            base_latency_ns=7,  # type: ignore[arg-type]
        )
        assert report.clock_correction_ns == 57
        with pytest.raises(DataError, match="50 ns behind"):
            convert_files(path, symbol="A.B", out=tmp_path / name, to=to, strict=True)  # type: ignore[arg-type]


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    """... and leaves no file behind."""
    (tmp_path / "mbo.csv").write_text(DATABENTO)
    (tmp_path / "live.log").write_text(BITSTAMP)
    (tmp_path / "other.txt").write_text("hello\n")
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "x.tape"
    for files, options, error, message in (
        (["mbo.csv"], {"date": "2012-06-21"}, ConfigError, "options that databento has"),
        (["mbo.csv"], {"format": "csv"}, ConfigError, "databento or lobster"),
        (["live.log"], {"format": "databento"}, DataError, "a first line that names"),
        (["other.txt"], {}, DataError, "and its --venue"),
        (["none.csv"], {}, DataError, "none with this name"),
        (["mbo.csv", "live.log"], {}, DataError, "files of one format"),
        (["mbo.csv"], {"to": "csv"}, ConfigError, "tape, npz or parquet"),
        (["mbo.csv"], {"to": "npz"}, ConfigError, "ends in .npz"),
    ):
        with pytest.raises(error, match=message):
            convert_files([tmp_path / f for f in files], symbol="A.B", out=out, **options)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="an existing folder"):
        convert_files(tmp_path / "mbo.csv", symbol="A.B", out=tmp_path / "no" / "x.tape")
    (tmp_path / "empty.csv").write_text(DATABENTO.partition("\n")[0] + "\n")
    for to, name in (("tape", "x.tape"), ("npz", "x.npz")):
        with pytest.raises(DataError, match="at least one event"):
            convert_files(tmp_path / "empty.csv", symbol="A.B", out=tmp_path / name, to=to)  # type: ignore[arg-type]
    (tmp_path / "empty.csv").unlink()
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
@pytest.mark.needs_shared
def test_the_real_es_becomes_a_sound_tape(tmp_path: Path) -> None:
    """The end of its book and what its header counts, from CSV; progress runs from nothing to all."""
    steps: list[tuple[int, int]] = []
    path = shared_data("l3/cme/esh4-glbx-mdp3-20231225.mbo.csv.gz")
    report = convert_files(
        path, symbol="ESH4.CME", out=tmp_path / "es.tape", progress=lambda done, of: steps.append((done, of))
    )
    header = open_tape(tmp_path / "es.tape").header

    assert (header.last_best_bid, header.last_best_ask) == ("4810", "4810.25")
    assert (header.tick_size, header.lot_size, header.events) == ("0.25", "1", 68_792)
    assert header.orders["exch"]["unknown_fill"] == header.orders["local"]["unknown_fill"] == 7
    assert header.orders["exch"]["most_open"] == 11_237
    assert report.notes == ["unknown fills: 7"]
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1] == 2 * path.stat().st_size


HEADS = {  # of each file: its name, its columns, the one that goes
    "es.mbp-1.csv": (
        "ts_recv,ts_event,rtype,instrument_id,action,side,depth,price,size,flags,sequence,bid_px_00,ask_px_00,"
        "bid_sz_00,ask_sz_00",
        "bid_px_00",
    ),
    "XRPUSDT2024-12-01.csv": ("timestamp,symbol,side,size,price,tickDirection,trdMatchID", "price"),
    "XRPUSDT_2024-12-01.csv": ("id,timestamp,price,volume,side", "volume"),
    "trades.csv": ("timestamp_ms,datetime,market,side,price,quantity,trade_id,trade_type", "price"),
    "orderbook.csv": ("timestamp_ms,datetime,market,seq,bid_price,bid_quantity,ask_price", "bid_price"),
    "l2update_15min_1.csv": ("side,price,size,time", "price"),
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("renamed", [False, True])
def test_a_column_that_is_gone_is_told_and_does_not_make_another_format(
    tmp_path: Path, name: str, renamed: bool
) -> None:
    head, gone = HEADS[name]
    names = ["other" if each == gone else each for each in head.split(",") if renamed or each != gone]
    (tmp_path / name).write_text(",".join(names) + "\n" + ",".join("1" for _ in names) + "\n")
    with pytest.raises(DataError) as caught:
        convert_files(tmp_path / name, symbol="A.B", out=tmp_path / "x.tape")
    assert str(caught.value).startswith(f"{tmp_path / name}:1: expected")
    assert gone in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("es.mbo.csv", "ts_recv,ts_event,action,side,price,size,order_id,flags,sequence\n"
         "1703545200000118,1703545200000020,A,B,4799000000000,5,1,0,1\n", "microseconds"),
        ("A_2012-06-21_34200000_57600000_message_1.csv", "34200004.24,1,1,18,58533,1\n", "34200 to 57600 s"),
        ("live.log", '1430438404518000 trade {"price": 1, "amount": 1, "id": 1}\n', "local time, 13 digits"),
    ],
)  # fmt: skip
def test_times_in_the_wrong_unit_are_told(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=expected) as caught:
        convert_files(tmp_path / name, symbol="A.B", out=tmp_path / "x.tape")
    assert str(tmp_path / name) in str(caught.value)


def test_events_that_are_not_in_nanoseconds_are_told(tmp_path: Path) -> None:
    rows = np.concatenate(list(make_market(1, seed=1)))
    for name in ("exch_ts", "local_ts"):
        rows[name] //= 1000
    write_npz(rows, tmp_path / "us.npz")
    write_parquet(rows, tmp_path / "us.parquet", symbol="A.B")
    for name in ("us.npz", "us.parquet"):
        with pytest.raises(DataError, match=f"{name}: row 1, exch_ts: expected times in nanoseconds"):
            convert_files(tmp_path / name, symbol="A.B", out=tmp_path / "x.tape")
