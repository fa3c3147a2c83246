"""The wide layout of the Extended pipeline: written from a tape and row by row, resumed, and read."""

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import truefill.collect.wide_writer as wide_writer
from tests.tape.streams import random_events
from truefill.collect import WideWriter, convert_files, write_wide
from truefill.core.errors import DataError
from truefill.core.events import BUY, DEPTH, EXCH, KIND_MASK, LOCAL, SELL, TRADE
from truefill.tape import build_tape
from truefill.tape.best_levels import best_levels

MS = 1_000_000


def market(seed, size=400):
    """Depth and trades on whole milliseconds, without clears, gaps or crossed books."""
    events = random_events(seed, size, splits=False)
    kinds = events["ev"] & np.uint64(KIND_MASK)
    events = events[(kinds == DEPTH) | (kinds == TRADE)]
    bid = events["ev"] & np.uint64(BUY) != 0
    flags = np.where(bid, BUY, SELL).astype(np.uint64) | np.uint64(EXCH | LOCAL)
    events["ev"] = (events["ev"] & np.uint64(KIND_MASK)) | flags
    events["exch_ts"] = (1_700_000_000_000 + np.arange(len(events)) // 2) * MS
    events["local_ts"] = events["exch_ts"] + 5 * MS
    events["px"] = np.where(bid, 50.0, 50.2) + np.where(bid, -0.05, 0.05) * (np.arange(len(events)) % 7)
    events["px"] = np.round(events["px"], 2)
    events["qty"] = np.minimum(events["qty"], 1000) + (events["ev"] & np.uint64(KIND_MASK) == TRADE) * 0.25
    return events


def books_of(tape, levels=3):
    parts = list(best_levels(tape, "exch", levels))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def slow_books(events, levels):
    """The obvious twin: dictionaries."""
    sides = ({}, {})
    out, last = [], None
    for ts in np.unique(events["exch_ts"]):
        for e in events[events["exch_ts"] == ts]:
            if int(e["ev"]) & KIND_MASK == DEPTH:
                side = sides[0 if int(e["ev"]) & BUY else 1]
                side[round(e["px"] * 20)] = e["qty"]
        book = [
            [(p, q) for p, q in sorted(side.items(), reverse=i == 0) if q][:levels]
            for i, side in enumerate(sides)
        ]
        if book != last and (last or any(book)):
            out.append((ts, book))
        last = book
    return out


def test_best_levels_are_those_of_a_slow_book():
    events = market(1)
    tape = build_tape(events, symbol="X.TEST", tick_size="0.05", lot_size="0.25")
    ts, tick, lots = books_of(tape)
    found = [
        (t, [[(p, q / 4) for p, q in zip(*side, strict=True) if q] for side in zip(a, b, strict=True)])
        for t, a, b in zip(ts, tick, lots, strict=True)
    ]
    assert found == slow_books(events, 3)


def test_best_levels_go_on_from_block_to_block(monkeypatch):
    tape = build_tape(random_events(2, 900), symbol="X.TEST")
    whole = books_of(tape)
    monkeypatch.setattr("truefill.tape.best_levels._GROUPS", 7)
    for a, b in zip(whole, books_of(tape), strict=True):
        np.testing.assert_array_equal(a, b)


def test_tape_to_folder_and_back(tmp_path, monkeypatch):
    """Names, columns, metadata, rows a file and state; and the same market from it."""
    monkeypatch.setattr(wide_writer, "BOOK_ROWS", 40)
    monkeypatch.setattr(wide_writer, "TRADE_ROWS", 25)
    tape = build_tape(market(3), symbol="X.TEST")
    state = write_wide(tape, tmp_path / "data", "ABC-USD", levels=5)
    folder = tmp_path / "data" / "abc_usd"
    books = sorted((folder / "orderbook_parts").iterdir())
    trades = sorted((folder / "trades_parts").iterdir())
    assert books[0].name == "part_1700000000000_0000000001_000000.parquet"
    assert books[1].name.endswith("_0000000041_000001.parquet")
    assert trades[0].name.startswith("part_17000000000") and trades[0].name.endswith("_000000.parquet")
    frame = pl.read_parquet(books[0])
    assert frame.schema == {
        "timestamp_ms": pl.Datetime("ms"),
        "market": pl.String,
        "seq": pl.Int64,
        **{f"{s}_{w}_{i}": pl.Float64 for i in range(5) for s in ("bid", "ask") for w in ("price", "qty")},
    }
    assert frame.columns[3:8] == ["bid_price_0", "bid_qty_0", "ask_price_0", "ask_qty_0", "bid_price_1"]
    assert [len(pl.read_parquet(file)) for file in books[:-1]] == [40] * (len(books) - 1)
    assert pl.read_parquet(trades[0]).schema == {
        "timestamp_ms": pl.Datetime("ms"),
        "price": pl.Float64,
        "quantity": pl.Float64,
        "is_buyer_maker": pl.Boolean,
    }
    facts = pl.read_parquet_metadata(books[0])
    assert {k: facts[k] for k in ("schema_version", "market", "max_levels")} == {
        "schema_version": "1.0",
        "market": "ABC-USD",
        "max_levels": "5",
    }
    assert pq.ParquetFile(books[0]).metadata.row_group(0).column(0).compression == "ZSTD"
    stored = json.loads((folder / "state.json").read_text())
    assert stored["orderbook_updates_count"] == sum(len(pl.read_parquet(f)) for f in books)
    assert stored["trades_count"] == tape.header.counts["trade"] == state.trades_count
    assert stored["orderbook_part_counter"] == len(books)

    report = convert_files(
        folder,
        symbol="X.TEST",
        out=tmp_path / "x.tape",
        feed_latency_ns=5 * MS,
        tick_size=0.05,
        lot_size=0.25,
    )
    assert report.format == "extended-parquet"
    assert not [note for note in report.notes if "state" in note]
    from truefill import open_tape

    again = open_tape(tmp_path / "x.tape")
    for a, b in zip(books_of(tape, 5), books_of(again, 5), strict=True):
        np.testing.assert_array_equal(a, b)
    for name in ("px", "qty", "exch_ts", "local_ts"):
        np.testing.assert_array_equal(again.trades[name], tape.trades[name])
    np.testing.assert_array_equal(again.trades["ev"] & np.uint64(SELL), tape.trades["ev"] & np.uint64(SELL))


def rows(n, first=1, levels=2, market_px=100.0):
    px = np.full((n, 2, levels), np.nan)
    qty = np.full((n, 2, levels), np.nan)
    px[:, 0, 0], px[:, 1, 0] = market_px, market_px + 1
    qty[:, :, 0] = (first + np.arange(n))[:, None]
    seq = first + np.arange(n)
    return seq * 100, seq, px, qty


def test_a_run_goes_on_where_the_last_one_stopped(tmp_path, monkeypatch):
    """Also one that was killed: what was flushed is there, once, and no part is written over."""
    monkeypatch.setattr(wide_writer, "BOOK_ROWS", 10)
    writer = WideWriter(tmp_path, "ABC-USD", levels=2)
    writer.append_books(*rows(4))
    writer.flush()
    writer.append_books(*rows(4, 5))
    writer.append_trades(np.array([100]), np.array([1.0]), np.array([2.0]), np.array([True]), last_id=77)
    writer.flush()
    writer.append_books(*rows(7, 9))  # fills the part, and begins the next; then killed
    del writer
    folder = tmp_path / "abc_usd"
    parts = sorted((folder / "orderbook_parts").iterdir())
    assert [path.name for path in parts] == ["part_0000000000100_0000000001_000000.parquet"]
    assert len(pl.read_parquet(parts[0])) == 10

    with WideWriter(tmp_path, "ABC-USD", levels=2) as writer:
        assert (writer.state.last_orderbook_seq, writer.state.last_trade_id) == (8, 77)
        writer.append_books(*rows(5, 9))  # 9 and 10 come again
        writer.flush()
        writer.append_books(*rows(2, 14))
    parts = sorted((folder / "orderbook_parts").iterdir())
    assert [path.name[-14:] for path in parts] == ["000000.parquet", "000001.parquet"]
    report = convert_files(folder, symbol="X.TEST", out=tmp_path / "x.tape")
    assert "repeated books: 2" in report.notes
    assert report.counters.rows == 15 + 1
    assert list(folder.rglob("*.tmp")) == []
    with pytest.raises(DataError, match="the state of abc-usd, got ABC-USD"):
        WideWriter(tmp_path, "abc-usd")
    (folder / "state.json").write_text("{")
    with pytest.raises(DataError, match=r"state\.json"):
        WideWriter(tmp_path, "ABC-USD")
    with pytest.raises(DataError, match="the name of a market"):
        WideWriter(tmp_path, "../x")
    with pytest.raises(DataError, match="books of 2 x 3 levels"):
        WideWriter(tmp_path, "NEW", levels=3).append_books(*rows(2))


def test_parts_that_are_wrong_name_file_row_and_column(tmp_path):
    with WideWriter(tmp_path, "ABC-USD", levels=2) as writer:
        writer.append_books(*rows(4))
        writer.append_trades(np.arange(3), np.ones(3), np.ones(3), np.ones(3, bool))
    folder = tmp_path / "abc_usd"
    (book,) = (folder / "orderbook_parts").iterdir()
    (trade,) = (folder / "trades_parts").iterdir()
    out = tmp_path / "x.tape"

    def refused(path, table, match):
        before = path.read_bytes()
        pq.write_table(table, path)
        with pytest.raises(DataError, match=rf"{path.name}.*{match}"):
            convert_files(folder, symbol="X", out=out)
        path.write_bytes(before)
        assert not out.exists()

    table, trades = pq.read_table(book), pq.read_table(trade)
    micro = table["timestamp_ms"].cast(pa.timestamp("us"))
    refused(
        book, table.set_column(0, "timestamp_ms", micro), r"timestamp\[ms\] as type of column timestamp_ms"
    )
    refused(book, table.drop_columns("seq"), "a column seq")
    refused(book, table.drop_columns("ask_qty_1"), "a column ask_qty_1")
    refused(book, table.set_column(1, "market", pa.array(["A", "A", "B", "B"])), "books of A, got B")
    worse = table.set_column(7, "bid_price_1", pa.array([101.0] * 4)).set_column(
        8, "bid_qty_1", pa.array([1.0] * 4)
    )
    refused(book, worse, "row 1: expected bids whose prices fall")
    other = table.replace_schema_metadata({"schema_version": "2.0"})
    refused(book, other, r"schema version 1\.0, got 2\.0")
    refused(trade, trades.set_column(1, "price", pa.array([1.0, np.nan, 1.0])), "row 2, column price")
    nulls = pa.array([True, True, None])
    refused(trade, trades.set_column(3, "is_buyer_maker", nulls), "row 3, column is_buyer_maker")
    trade.write_bytes(trade.read_bytes()[:-20])
    with pytest.raises(DataError, match="a complete Parquet file"):
        convert_files(folder, symbol="X", out=out)
    with pytest.raises(DataError, match="a folder with parts"):
        convert_files(tmp_path, symbol="X", out=out)


def test_noise_of_floats_can_be_rounded_away(tmp_path):
    with WideWriter(tmp_path, "ABC-USD", levels=2) as writer:
        ts, seq, px, qty = rows(2)
        qty[0, 0, 0] = 0.1 + 0.2
        writer.append_books(ts, seq, px, qty)
    report = convert_files(tmp_path / "abc_usd", symbol="X.Y", out=tmp_path / "x.tape", qty_places=3)
    assert report.lot_size == "0.1"
    assert [note for note in report.notes if "no trades" in note]
