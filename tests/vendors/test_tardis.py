"""tardis.dev: what each kind of file becomes, kinds and days together, and what is refused with its place."""

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core import events as e
from truefill.core.decimals import to_text
from truefill.core.errors import ConfigError, DataError
from truefill.vendors import guess_format, packed, read_tardis
from truefill.vendors.merging import merged

T = 1_585_699_200_000_000  # us, 2020-04-01
HEAD = "exchange,symbol,timestamp,local_timestamp,"
BOOK = HEAD + "is_snapshot,side,price,amount\n"
TRADES = HEAD + "id,side,price,amount\n"
QUOTES = HEAD + "ask_amount,ask_price,bid_price,bid_amount\n"
TICKER = HEAD + (
    "funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price\n"
)


def lines(*rows: str, exchange: str = "deribit", symbol: str = "BTC-PERPETUAL") -> str:
    """Rows `<us after T, exchange> <us after T, local> <the rest>`; an exchange time - or z is none."""
    out = []
    for row in rows:
        exch, local, rest = row.split(" ")
        times = "" if exch == "-" else "0" if exch == "z" else str(T + int(exch))
        out.append(f"{exchange},{symbol},{times},{T + int(local)},{rest}\n")
    return "".join(out)


# Two snapshots; a level of nothing; a price that JavaScript writes with an exponent.
BOOK_ROWS = (
    "0 5 true,ask,101.5,3",
    "0 5 true,ask,102,4",
    "0 6 true,bid,101,1e-7",
    "10 12 false,bid,100.5,2",
    "20 25 false,ask,101.5,0",
    "30 31 true,bid,99,7",
    "30 31 true,ask,99.5,8",
    "z 40 false,bid,99,6",
)


def plain(mantissa: np.int64, exponent: np.int32) -> str:
    """A decimal as text, without zeros that say nothing."""
    return to_text(int(mantissa), int(exponent))


def events(path: Path | list[Path], **options: str) -> list[tuple[int, int, str, str, int, int]]:
    """Kind, side, price, quantity, and both times in us after T."""
    reader = read_tardis(*(path if isinstance(path, list) else [path]), **options)
    rows = joined(reader)
    assert len(reader.lines) <= len(rows)
    return [
        (
            kind,
            side,
            plain(row["px"], row["px_exp"]),
            plain(row["qty"], row["qty_exp"]),
            int(row["exch_ts"]) // 1000 - T,
            int(row["local_ts"]) // 1000 - T,
        )
        for row, kind, side in zip(rows, kinds(rows).tolist(), sides(rows).tolist(), strict=True)
    ]


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


BURST = [
    (e.DEPTH_CLEAR, 0, "0", "0", 0, 5),
    (e.DEPTH_SNAPSHOT, -1, "101.5", "3", 0, 5),
    (e.DEPTH_SNAPSHOT, -1, "102", "4", 0, 5),
    (e.DEPTH_SNAPSHOT, 1, "101", "0.0000001", 0, 6),
]
CHANGES = [(e.DEPTH, 1, "100.5", "2", 10, 12), (e.DEPTH, -1, "101.5", "0", 20, 25)]
SECOND = [
    (e.DEPTH_CLEAR, 0, "0", "0", 30, 31),
    (e.DEPTH_SNAPSHOT, 1, "99", "7", 30, 31),
    (e.DEPTH_SNAPSHOT, -1, "99.5", "8", 30, 31),
]
LAST = [(e.DEPTH, 1, "99", "6", 40, 40)]  # no exchange time: the local one


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("process", BURST + CHANGES + SECOND + LAST),
        ("ignore_sod", CHANGES + SECOND + LAST),
        ("ignore", CHANGES + LAST),
    ],
)
def test_each_snapshot_is_one_clear_and_all_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, expected: list[object]
) -> None:
    """Also when a block of the file ends inside a snapshot."""
    path = written(tmp_path, "book.csv", BOOK + lines(*BOOK_ROWS))
    for size in (1 << 18, 130, 7):
        monkeypatch.setattr(packed, "_BLOCK", size)
        assert events(path, snapshot_mode=mode) == expected


def test_trades_have_the_taker_and_a_number_as_id(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "trades.csv",
        TRADES + lines("1 2 77,buy,9682,0.132", "1 2 a-b,sell,9681.5,2", "- 4 ,unknown,1e-7,12345678901"),
    )
    assert events(path) == [
        (e.TRADE, 1, "9682", "0.132", 1, 2),
        (e.TRADE, -1, "9681.5", "2", 1, 2),
        (e.TRADE, 0, "0.0000001", "12345678901", 4, 4),
    ]
    reader = read_tardis(path)
    assert joined(reader)["order_id"].tolist() == [77, 0, 0]
    assert (reader.counters.rows, reader.counters.events, reader.lines.tolist()) == (3, 3, [2, 3, 4])


@pytest.mark.parametrize("size", [1 << 18, 60])
def test_book_snapshots_become_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Finer numbers later do not change what was said; a missing level is no level."""
    monkeypatch.setattr(packed, "_BLOCK", size)
    head = HEAD + ",".join(
        f"{s}[{i}].{n}" for i in range(2) for s in ("asks", "bids") for n in ("price", "amount")
    )
    path = written(
        tmp_path,
        "book_snapshot_2.csv",
        head
        + "\n"
        + lines("0 1 102,3,101,5,103,2,100,4", "2 3 102,3.5,101,5,103,2,,", "4 5 101.25,1,101,5,,,100,4"),
    )
    assert events(path) == [
        (e.DEPTH_CLEAR, 0, "0", "0", 0, 1),
        (e.DEPTH_SNAPSHOT, 1, "101", "5", 0, 1),
        (e.DEPTH_SNAPSHOT, 1, "100", "4", 0, 1),
        (e.DEPTH_SNAPSHOT, -1, "102", "3", 0, 1),
        (e.DEPTH_SNAPSHOT, -1, "103", "2", 0, 1),
        (e.DEPTH, 1, "100", "0", 2, 3),
        (e.DEPTH, -1, "102", "3.5", 2, 3),
        (e.DEPTH, 1, "100", "4", 4, 5),
        (e.DEPTH, -1, "101.25", "1", 4, 5),
        (e.DEPTH, -1, "102", "0", 4, 5),
        (e.DEPTH, -1, "103", "0", 4, 5),
    ]


def test_quotes_are_a_book_alone_and_tickers_beside_one(tmp_path: Path) -> None:
    quotes = written(tmp_path, "quotes.csv", QUOTES + lines("0 1 3,102,101,5", "11 13 3,102,,"))
    book = written(tmp_path, "book.csv", BOOK + lines(*BOOK_ROWS[:4]))

    assert events(quotes) == [
        (e.DEPTH_CLEAR, 0, "0", "0", 0, 1),
        (e.DEPTH_SNAPSHOT, 1, "101", "5", 0, 1),
        (e.DEPTH_SNAPSHOT, -1, "102", "3", 0, 1),
        (e.DEPTH, 1, "101", "0", 11, 13),
    ]
    first = [(e.TICKER_BID, 1, "101", "5", 0, 1), (e.TICKER_ASK, -1, "102", "3", 0, 1)]
    found = events([book, quotes])
    assert [row[:1] + row[2:] for row in found[:2]] == [row[:1] + row[2:] for row in first]
    assert [row[0] for row in found[2:]] == [e.DEPTH_CLEAR, *[e.DEPTH_SNAPSHOT] * 3, e.DEPTH, e.TICKER_ASK]
    assert [row[0] for row in events(quotes, quotes="ticker")] == [e.TICKER_BID, e.TICKER_ASK, e.TICKER_ASK]
    with pytest.raises(ConfigError, match="quotes: expected quotes as ticker beside a book"):
        read_tardis(book, quotes, quotes="book")


def test_derivative_tickers_are_said_when_they_change(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "derivative_ticker.csv",
        TICKER
        + lines(
            f"0 1 {T + 99},0.0001,,5,100,100.5,100.25",
            f"2 3 {T + 99},0.0001,,6,101,100.5,100.75",
            f"4 5 {T + 199},0.0001,,6,101,,100.75",
        ),
    )
    found = events(path)
    assert [(row[0], row[2], row[5]) for row in found] == [
        (e.INDEX_PRICE, "100.5", 1),
        (e.MARK_PRICE, "100.25", 1),
        (e.FUNDING, "0.0001", 1),
        (e.MARK_PRICE, "100.75", 3),
        (e.FUNDING, "0.0001", 5),
    ]
    rows = joined(read_tardis(path))
    assert rows["ival"][kinds(rows) == e.FUNDING].tolist() == [(T + 99) * 1000, (T + 199) * 1000]


def test_days_and_kinds_become_one_tape(tmp_path: Path) -> None:
    """In the order of arrival, whatever the order of the files; a trade before the depth of its time."""
    day = 86_400_000_000
    later = [
        f"{int(row.split(' ')[0]) + day} {int(row.split(' ')[1]) + day} {row.split(' ')[2]}"
        for row in BOOK_ROWS[:7]
    ]
    files = [
        written(tmp_path, "deribit_incremental_book_L2_2020-04-02_BTC.csv.gz", BOOK + lines(*later)),
        written(tmp_path, "deribit_incremental_book_L2_2020-04-01_BTC.csv.gz", BOOK + lines(*BOOK_ROWS)),
        written(tmp_path, "deribit_trades_2020-04-01_BTC.csv.gz", TRADES + lines("20 25 1,buy,101.5,3")),
        written(tmp_path, "deribit_trades_2020-04-02_BTC.csv.gz", ""),
    ]
    assert {guess_format(path) for path in files} == {"tardis"}
    rows = joined(read_tardis(*files))
    assert (np.diff(rows["local_ts"]) >= 0).all()
    at = int(np.flatnonzero(kinds(rows) == e.TRADE)[0])
    assert kinds(rows)[at + 1] == e.DEPTH and rows["local_ts"][at + 1] == rows["local_ts"][at]

    report = convert_files(files, symbol="BTC-PERPETUAL.DERIBIT", out=tmp_path / "x.tape")
    header = open_tape(tmp_path / "x.tape").header
    assert header.counts == {"trade": 1, "depth_clear": 4, "depth_snapshot": 10, "depth": 5}
    assert (header.tick_size, header.lot_size, header.disorder) == ("0.5", "0.0000001", {})
    assert (report.format, report.notes, report.counters.others) == ("tardis", [], {"snapshots": 4})


def test_one_instrument_is_read(tmp_path: Path) -> None:
    mixed = BOOK + lines(*BOOK_ROWS[:4]) + lines("50 51 false,bid,5,5", symbol="ETH-PERPETUAL")
    path = written(tmp_path, "book.csv", mixed)

    with pytest.raises(
        DataError,
        match=r"book\.csv:6, symbol: expected one symbol, or the option instrument, got "
        "ETH-PERPETUAL beside BTC-PERPETUAL",
    ):
        events(path)
    assert len(events(path, instrument="ETH-PERPETUAL")) == 1
    assert events(path, instrument="BTC-PERPETUAL") == BURST + CHANGES[:1]
    other = written(tmp_path, "trades.csv", TRADES + lines("1 2 7,buy,1,1", exchange="bitmex"))
    with pytest.raises(
        DataError, match=r"csv:2, exchange: expected one exchange, got (bitmex|deribit) beside"
    ):
        events([written(tmp_path, "one.csv", BOOK + lines(*BOOK_ROWS)), other])
    with pytest.raises(DataError, match="rows of XRP"):
        events(path, instrument="XRP")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRADES.replace("amount", "qty"), r":1: expected columns of trades \(.*, got without amount"),
        (BOOK.replace("local_timestamp", "local"), "of incremental_book_L2 .*without local_ti"),
        (QUOTES.replace("ask_price", "bid_price"), ":1: expected columns of quotes .*without ask_price"),
        (TRADES.replace("\n", ",id\n"), "with id twice"),
        ("a,b,c\n1,2,3\n", ":1: expected columns of "),
        (BOOK + lines("1 2 true,mid,5,5"), r":2, side: expected bid or ask or buy or sell, got 'mid'"),
        (BOOK + lines("1 2 maybe,bid,5,5"), ":2, is_snapshot: expected true or false"),
        (BOOK + lines("1 2 true,bid,5,5", "1 2 true,bid,five,5"), ":3: expected a decimal number as price"),
        (BOOK + lines("1 2 true,bid,5,-5"), ":2, amount: expected amounts of 0 or more, got -5e0"),
        (TRADES + lines("1 2 7,buy,5,0"), ":2, amount: expected amounts above 0"),
        (BOOK + lines("1 2 true,bid,5"), r":2: expected 8 columns \(exchange, "),
        (BOOK + lines("1 2 true,bid,5,5").replace(f",{T + 2},", f",{T // 1000},"),
         ":2, local_timestamp: .*in microseconds .*times in the wrong unit.*seems to be in milli"),
        (BOOK + lines("1 2 true,bid,5,5").replace(f",{T + 1},", f",{T * 1000},"),
         ":2, timestamp: .*in microseconds .*times in the wrong unit.*seems to be in nanoseconds"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    path = written(tmp_path, "deribit_x_2020-04-01_BTC.csv", text)

    with pytest.raises(DataError, match=expected):
        convert_files(path, symbol="X.Y", out=tmp_path / "x.tape", format="tardis")
    assert [found.name for found in tmp_path.iterdir()] == [path.name], "something half-written remains"


def test_a_cut_file_liquidations_and_wrong_modes_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress((BOOK + lines(*(BOOK_ROWS * 50))).encode())
    path = tmp_path / "book.csv.gz"
    path.write_bytes(whole[:-20])
    with pytest.raises(
        DataError, match=r"book\.csv\.gz:\d+: expected a complete file, got packed data that break off"
    ):
        events(path)
    with pytest.raises(DataError, match="got liquidations"):
        read_tardis(written(tmp_path, "bitmex_liquidations_2020-04-01_X.csv", TRADES))
    with pytest.raises(DataError, match="one kind of book"):
        head = HEAD + "asks[0].price,asks[0].amount,bids[0].price,bids[0].amount\n"
        read_tardis(written(tmp_path, "a.csv", BOOK), written(tmp_path, "b.csv", head))
    with pytest.raises(DataError, match=r"without asks\[1\]\.amount"):
        read_tardis(written(tmp_path, "b.csv", head[:-1] + ",asks[1].price,bids[1].price,bids[1].amount\n"))
    for options in ({"snapshot_mode": "some"}, {"quotes": "both"}):
        with pytest.raises(ConfigError, match=" or "):
            read_tardis(written(tmp_path, "a.csv", BOOK), **options)
    with pytest.raises(DataError, match="at least one file with rows"):
        read_tardis(written(tmp_path, "empty.csv.gz", ""))


def test_sources_are_merged_by_arrival() -> None:
    """Random chunks of three sources, one of which steps back: all rows once, in order but for the steps."""
    rng = np.random.default_rng(5)
    sources, everything = [], []
    for number in range(3):
        times = np.sort(rng.integers(0, 200, 100))
        rows = np.zeros(100, e.DECIMAL_EVENT)
        rows["local_ts"], rows["ival"] = times, number
        everything.append(rows)
        parts = np.split(np.arange(100), np.sort(rng.integers(0, 100, 12)))
        sources.append(iter([(rows[part], part) for part in parts]))
    expected = np.concatenate(everything)
    expected = expected[np.argsort(expected["local_ts"], kind="stable")]
    got = list(merged(sources))

    assert np.array_equal(np.concatenate([rows for rows, _ in got]), expected)
    assert sorted(np.concatenate([lines for _, lines in got]).tolist()) == sorted([*range(100)] * 3)

    back = np.zeros(3, e.DECIMAL_EVENT)
    back["local_ts"] = 5, 9, 7
    other = np.zeros(1, e.DECIMAL_EVENT)
    other["local_ts"] = 8
    got = list(merged([iter([(back, np.arange(3))]), iter([(other, np.arange(1))])]))
    assert sorted(np.concatenate([rows["local_ts"] for rows, _ in got]).tolist()) == [5, 7, 8, 9]


@pytest.mark.slow
@pytest.mark.needs_shared
def test_real_files() -> None:
    """Two hours of trades and the quotes beside them; the two books that show their layouts."""
    folder = "csv/tardis"
    rows = joined(read_tardis(shared_data(f"{folder}/binance-futures_trades_2020-02-22_BTCUSDT.csv.gz")))
    assert (len(rows), set(kinds(rows).tolist())) == (9_999, {e.TRADE})
    assert rows["order_id"][0] == 42_377_944
    quotes = read_tardis(shared_data(f"{folder}/binance-futures_quotes_2020-02-22_BTCUSDT.csv.gz"))
    rows = joined(quotes)
    assert quotes.counters.rows == 9_999
    # The book of one level is what the last quote says.
    last = {}
    for row, kind, side in zip(rows, kinds(rows).tolist(), sides(rows).tolist(), strict=True):
        if kind in (e.DEPTH, e.DEPTH_SNAPSHOT):
            last.setdefault(side, {})[int(row["px"])] = int(row["qty"])
    book = {side: {px: qty for px, qty in levels.items() if qty} for side, levels in last.items()}
    with gzip.open(quotes._files[0][0], "rt") as text:
        ask_qty, ask, bid, bid_qty = (Decimal(x) for x in text.read().split()[-1].split(",")[4:])
    unit = Decimal(10) ** int(rows["px_exp"][-1]), Decimal(10) ** int(rows["qty_exp"][-1])
    assert {s: [(px * unit[0], qty * unit[1]) for px, qty in its.items()] for s, its in book.items()} == {
        1: [(bid, bid_qty)],
        -1: [(ask, ask_qty)],
    }
    rows = joined(read_tardis(shared_data(f"{folder}/deribit_incremental_book_L2_BTC-PERPETUAL.csv.gz")))
    assert (len(rows), kinds(rows)[0]) == (16, e.DEPTH_CLEAR)
    snapshot = read_tardis(shared_data(f"{folder}/binance-futures_book_snapshot_5_BTCUSDT.csv.gz"))
    assert kinds(joined(snapshot))[:11].tolist() == [e.DEPTH_CLEAR, *[e.DEPTH_SNAPSHOT] * 10]
    assert snapshot.counters.rows == 10
