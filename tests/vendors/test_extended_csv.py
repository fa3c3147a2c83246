"""Extended's older CSV files: what each becomes, one clock, one market, and exactly its columns."""

from pathlib import Path

import pytest

from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core import events as e
from truefill.core.decimals import to_text
from truefill.core.errors import ConfigError, DataError
from truefill.vendors import guess_format, read_extended_csv

MS = 1_790_425_202_000
TRADES = "timestamp_ms,datetime,market,side,price,quantity,trade_id,trade_type\n"
BEST = "timestamp_ms,datetime,market,seq,bid_price,bid_quantity,ask_price,ask_quantity,"
BEST += "mid_price,spread,spread_bps\n"
DEPTH = "timestamp_ms,datetime,market,seq," + ",".join(
    f"{side}_{what}{level}" for level in range(2) for side in ("bid", "ask") for what in ("price", "qty")
)
DEPTH += "\n"
TRADE_ROWS = (
    f"{MS + 5},2026-09-26T12:20:02,BTC-USD,SELL,84118,0.00237,2103821900219158529,TRADE\n"
    f"{MS + 9},2026-09-26T12:20:02,BTC-USD,buy,84119.000000,0.00020,2103821900693114880,LIQUIDATION\n"
)
BEST_ROWS = (
    f"{MS},2026,BTC-USD,1,84117,0.5,84118.0,0.25,84117.5,1,0.1\n"
    f"{MS + 7},2026,BTC-USD,2,84117.000,0.50,84119,0.0100,84118,2,0.2\n"
)
DEPTH_ROWS = (
    f"{MS},2026,BTC-USD,1,84117,0.5,84118.0,0.25,84116,1,84120,2\n"
    f"{MS + 7},2026,BTC-USD,2,84117.000,0.50,84119,0.0100,,,84120.0,2.0\n"
)
BOOK = [
    (e.DEPTH_CLEAR, 0, "0", "0", 0),
    (e.DEPTH_SNAPSHOT, 1, "84117", "0.5", 0),
    (e.DEPTH_SNAPSHOT, 1, "84116", "1", 0),
    (e.DEPTH_SNAPSHOT, -1, "84118", "0.25", 0),
    (e.DEPTH_SNAPSHOT, -1, "84120", "2", 0),
    (e.TRADE, -1, "84118", "0.00237", 5),
    (e.DEPTH, 1, "84116", "0", 7),
    (e.DEPTH, -1, "84118", "0", 7),
    (e.DEPTH, -1, "84119", "0.01", 7),
    (e.TRADE, 1, "84119", "0.0002", 9),
]


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


def events(*paths: Path, **options: object) -> list[tuple[int, int, str, str, int]]:
    """Kind, side, price, quantity, and the exchange time in ms after MS."""
    rows = joined(read_extended_csv(*paths, **options))
    texts = [
        (to_text(int(row["px"]), int(row["px_exp"])), to_text(int(row["qty"]), int(row["qty_exp"])))
        for row in rows
    ]
    times = (rows["exch_ts"] // 1_000_000 - MS).tolist()
    return [
        (kind, side, *text, ts)
        for kind, side, text, ts in zip(kinds(rows).tolist(), sides(rows).tolist(), texts, times, strict=True)
    ]


def test_depth_and_trades_are_one_book(tmp_path: Path) -> None:
    """Numbers in several spellings are equal; a level that is not there any more is deleted."""
    depth = written(tmp_path, "orderbook_depth.csv", DEPTH + DEPTH_ROWS)
    trades = written(tmp_path, "trades.csv", TRADES + TRADE_ROWS)

    assert {guess_format(depth), guess_format(trades)} == {"extended-csv"}
    assert events(depth, trades) == BOOK
    reader = read_extended_csv(trades, feed_latency_ns=70)
    rows = joined(reader)
    assert rows["order_id"].tolist() == [2103821900219158529, 2103821900693114880]
    assert (rows["local_ts"] - rows["exch_ts"]).tolist() == [70, 70]
    assert reader.counters.others == {"liquidations_and_other_trades": 1}


def test_best_prices_are_a_book_alone_and_tickers_beside_one(tmp_path: Path) -> None:
    best = written(tmp_path, "orderbook.csv", BEST + BEST_ROWS)
    depth = written(tmp_path, "orderbook_depth.csv", DEPTH + DEPTH_ROWS)

    assert events(best) == [
        *(row for row in BOOK[:4] if row[2] != "84116"),
        (e.DEPTH, -1, "84118", "0", 7),
        (e.DEPTH, -1, "84119", "0.01", 7),
    ]
    both = events(depth, best)
    assert [row[0] for row in both if row[4] == 0][:2] == [e.TICKER_BID, e.TICKER_ASK]
    assert [row for row in both if row[0] < e.INDEX_PRICE] == [row for row in BOOK if row[0] != e.TRADE]


def test_the_tape_says_that_there_is_one_clock(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "trades.csv", TRADES + TRADE_ROWS),
        written(tmp_path, "orderbook_depth.csv", DEPTH + DEPTH_ROWS),
    ]
    report = convert_files(
        files, symbol="BTC-USD.EXTENDED", out=tmp_path / "x.tape", feed_latency_ns=20_000_000
    )

    assert report.notes == [
        "liquidations and other trades: 1",
        "one clock: local times are the exchange's and 20,000,000 ns",
    ]
    header = open_tape(tmp_path / "x.tape").header
    assert (header.counts["trade"], header.tick_size, header.lot_size) == (2, "1", "0.00001")


def test_one_market_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "trades.csv", TRADES + TRADE_ROWS + TRADE_ROWS.replace("BTC", "ETH"))

    with pytest.raises(
        DataError, match=r"csv:4, market: expected one market, or the option market, got ETH-USD"
    ):
        events(path)
    assert len(events(path, market="ETH-USD")) == 2
    with pytest.raises(DataError, match="rows of SOL-USD"):
        events(path, market="SOL-USD")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TRADES.replace("quantity", "qty"), r":1: .*of trades\.csv .*without quantity; with qty"),
        (BEST.replace("mid_price,spread,", "spread,mid_price,"), r"orderbook\.csv .*another order: "),
        (DEPTH.replace("ask_qty1", "ask_qty2"), r"orderbook_depth\.csv .*without ask_qty1; with ask_qty2"),
        (DEPTH.replace(",ask_qty1", ""), r"orderbook_depth\.csv"),
        (TRADES + TRADE_ROWS.replace("SELL", "SHORT"), ":2, side: expected BUY or SELL"),
        (TRADES + TRADE_ROWS.replace("0.00020", "0"), ":3, quantity: expected quantities above 0"),
        (TRADES + TRADE_ROWS.replace(f"{MS + 9}", f"{MS // 1000}"), ":3, timestamp_ms: .*the wrong unit"),
        (TRADES + TRADE_ROWS.replace("84118", "n/a"), ":2: expected a decimal number as price, got 'n/a'"),
        (DEPTH + DEPTH_ROWS.replace("84116", "84118"), ":2: expected bids whose prices fall"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    path = written(tmp_path, "x.csv", text)
    with pytest.raises(DataError, match=expected):
        convert_files(path, symbol="X.Y", out=tmp_path / "x.tape", format="extended-csv")
    with pytest.raises(ConfigError, match="a latency of 0"):
        read_extended_csv(path, feed_latency_ns=-1)
    assert [found.name for found in tmp_path.iterdir()] == ["x.csv"]
