"""Files of any columns by a mapping: CSV, Parquet, Arrow; times, sides, levels, and what is refused where."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import joined, kinds, sides
from truefill import convert_files, open_tape
from truefill.core import events as e
from truefill.core.decimals import to_text
from truefill.core.errors import ConfigError, DataError
from truefill.vendors import mapped_arrow
from truefill.vendors.mapped import read_mapped

NS = 1_730_130_143_833_000_000
TRADES = {
    "kind": "trade",
    "exchange_time": "t",
    "time_unit": "ns",
    "price": "p",
    "quantity": "q",
    "side": "s",
}
LEVELS = [(side, what) for side in ("bid", "ask") for what in ("price", "quantity")]
BOOK = {
    "kind": "book",
    "exchange_time": "t",
    "local_time": "l",
    "time_unit": "ms",
    **{f"{side}_{what}": f"{side[0]}{what[0]}_{{}}" for side, what in LEVELS},
}


def mapping(folder: Path, **keys: object) -> Path:
    """A mapping file of one table."""
    lines = [f"{key} = {list(v) if isinstance(v, tuple) else v!r}" for key, v in keys.items()]
    (folder / "map.toml").write_text("\n".join(lines))
    return folder / "map.toml"


def events(*paths: Path, **options: object) -> list[tuple[int, int, str, str, int, int]]:
    """Kind, side, price, quantity, and both times in ns after NS."""
    rows = joined(read_mapped(*paths, **options))
    return [
        (
            kind,
            side,
            to_text(int(row["px"]), int(row["px_exp"])),
            to_text(int(row["qty"]), int(row["qty_exp"])),
            int(row["exch_ts"]) - NS,
            int(row["local_ts"]) - NS,
        )
        for row, kind, side in zip(rows, kinds(rows).tolist(), sides(rows).tolist(), strict=True)
    ]


def saved(folder: Path, form: str, frame: pl.DataFrame) -> Path:
    """The frame as a file of a form."""
    path = folder / f"table.{form}"
    if form == "csv":
        frame.write_csv(path)
    elif form == "parquet":
        frame.write_parquet(path)
    elif form == "stream":
        frame.write_ipc_stream(path)
    else:
        frame.write_ipc(path)
    return path


FORMS = ["csv", "parquet", "arrow", "stream"]


@pytest.mark.parametrize("form", FORMS)
def test_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Floats are the decimals that were written; words and numbers for a side; an id; a slice at a time."""
    frame = pl.DataFrame(
        {
            "t": [NS, NS + 5, NS + 9],
            "p": [68613.9, 0.1, 100.0],
            "q": [0.005, 3.0, 1e-7],
            "s": [1, -1, 0],
            "n": [7, 8, 9],
        }
    )
    expected = [
        (e.TRADE, 1, "68613.9", "0.005", 0, 70),
        (e.TRADE, -1, "0.1", "3", 5, 75),
        (e.TRADE, 0, "100", "0.0000001", 9, 79),
    ]
    path = saved(tmp_path, form, frame)
    for batch in (1 << 15, 2):
        monkeypatch.setattr(mapped_arrow, "_BATCH", batch)
        given = mapping(tmp_path, **TRADES, id="n")
        assert events(path, mapping=given, feed_latency_ns=70) == expected
        reader = read_mapped(path, mapping=given)
        assert joined(reader)["order_id"].tolist() == [7, 8, 9]
    maker = frame.with_columns(s=pl.Series([False, True, True]))
    path = saved(tmp_path, form, maker)
    found = events(path, mapping=mapping(tmp_path, **TRADES, buy=("false",), sell=("true",)))
    assert [row[1] for row in found] == [1, -1, -1]


@pytest.mark.parametrize(
    ("unit", "times", "form"),
    [
        *[("s", ["1730130143.833", "1730130143.833000001"], form) for form in ("csv",)],
        *[("s", [1730130143, 1730130144], form) for form in FORMS],
        *[("ms", [NS // 10**6, NS // 10**6 + 1], form) for form in FORMS],
        ("us", [NS // 10**3, NS // 10**3 + 1], "parquet"),
        ("s", [1730130143.5, 1730130144.25], "parquet"),
        ("text", ["2024-10-28 15:42:23.833", "2024-10-28T15:42:23.833000001Z"], "csv"),
        ("text", ["2024-10-28 15:42:23.833+00:00", "2024-10-28 15:42:24"], "csv"),
        ("text", pl.Series([NS, NS + 1]).cast(pl.Datetime("ns", "UTC")), "parquet"),
        ("ms", pl.Series([NS // 1000, NS // 1000 + 1]).cast(pl.Datetime("us")), "arrow"),
    ],
)
def test_times_in_any_unit(tmp_path: Path, unit: str, times: object, form: str) -> None:
    frame = pl.DataFrame({"t": times, "p": ["1.5", "2"], "q": ["1", "1"], "s": ["b", "s"]})
    rows = joined(
        read_mapped(saved(tmp_path, form, frame), mapping=mapping(tmp_path, **TRADES | {"time_unit": unit}))
    )
    if isinstance(times, list):
        scale = {"s": 10**9, "ms": 10**6, "us": 1000}
        known = {"2024-10-28 15:42:24": NS + 167_000_000}
        after = {"1730130143.833000001": 1, "2024-10-28T15:42:23.833000001Z": 1}
        expected = [
            int(Decimal(repr(t)) * scale[unit])
            if isinstance(t, int | float)
            else known.get(t, NS + after.get(t, 0))
            for t in times
        ]
    else:
        expected = times.dt.epoch("ns").to_list()
    assert rows["exch_ts"].tolist() == expected


def frame_of_books(lists: bool) -> pl.DataFrame:
    """Three books of up to two levels; numbers get finer, and a level goes missing."""
    t = NS // 10**6
    both = {"t": [t, t + 1, t + 2], "l": [t + 1, t + 2, t + 3]}
    prices = {
        "b": [[101.0, 100.0], [101.0, None], [101.5, 101.0]],
        "a": [[102.0, 103.0], [102.0, 103.0], [102.25, 103.0]],
    }
    sizes = {"b": [[5.0, 4.0], [5.0, None], [1.0, 5.0]], "a": [[3.0, 2.0], [3.5, 2.0], [3.5, 2.0]]}
    named = [(f"{side}{name}", its[side]) for name, its in (("p", prices), ("q", sizes)) for side in "ba"]
    if lists:
        its = {name: [[x for x in row if x is not None] for row in rows] for name, rows in named}
        return pl.DataFrame({**both, **its})
    columns = {f"{name}_{i}": [row[i] for row in rows] for name, rows in named for i in (0, 1)}
    return pl.DataFrame({**both, **columns})


MS = 1_000_000
BOOKS = [
    (e.DEPTH_CLEAR, 0, "0", "0", 0, MS),
    (e.DEPTH_SNAPSHOT, 1, "101", "5", 0, MS),
    (e.DEPTH_SNAPSHOT, 1, "100", "4", 0, MS),
    (e.DEPTH_SNAPSHOT, -1, "102", "3", 0, MS),
    (e.DEPTH_SNAPSHOT, -1, "103", "2", 0, MS),
    (e.DEPTH, 1, "100", "0", MS, 2 * MS),
    (e.DEPTH, -1, "102", "3.5", MS, 2 * MS),
    (e.DEPTH, 1, "101.5", "1", 2 * MS, 3 * MS),
    (e.DEPTH, -1, "102", "0", 2 * MS, 3 * MS),
    (e.DEPTH, -1, "102.25", "3.5", 2 * MS, 3 * MS),
]


@pytest.mark.parametrize("form", FORMS)
def test_books_of_a_column_a_level_or_of_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    path = saved(tmp_path, form, frame_of_books(lists=False))
    for batch in (1 << 15, 1):
        monkeypatch.setattr(mapped_arrow, "_BATCH", batch)
        assert events(path, mapping=mapping(tmp_path, **BOOK)) == BOOKS
    named = {key: value.replace("_{}", "") if "{}" in value else value for key, value in BOOK.items()}
    if form == "csv":
        with pytest.raises(DataError, match=r"the column bp \(bid_price of the mapping\)"):
            events(path, mapping=mapping(tmp_path, **named))
        return
    path = saved(tmp_path, form, frame_of_books(lists=True))
    for batch in (1 << 15, 1):
        monkeypatch.setattr(mapped_arrow, "_BATCH", batch)
        assert events(path, mapping=mapping(tmp_path, **named)) == BOOKS


def test_depth_quotes_and_several_tables(tmp_path: Path) -> None:
    """A snapshot flag; quotes beside a book; a table for each kind; one instrument of two."""
    (tmp_path / "depth_1.csv").write_text(
        f"{NS + 3},X,true,buy,100,5\n{NS + 3},X,true,sell,101,6\n{NS + 4},Y,false,sell,7,7\n"
        f"{NS + 5},X,false,buy,100,0\n"
    )
    (tmp_path / "quotes.csv").write_text(f"time,bp,bq,ap,aq\n{NS + 4},100,5,101,6\n{NS + 9},,,101,6\n")
    (tmp_path / "map.toml").write_text("""
[book]
kind = "depth"
files = "depth_*"
columns = ["t", "name", "first", "side", "p", "q"]
exchange_time = "t"
time_unit = "ns"
side = "side"
price = "p"
quantity = "q"
snapshot = "first"
instrument = "name"
[best]
kind = "quote"
files = "quotes*"
local_time = "time"
time_unit = "ns"
bid_price = "bp"
bid_quantity = "bq"
ask_price = "ap"
ask_quantity = "aq"
""")
    files, given = [tmp_path / "depth_1.csv", tmp_path / "quotes.csv"], tmp_path / "map.toml"
    found = events(*files, mapping=given, instrument="X", feed_latency_ns=1)

    assert [row[0] for row in found] == [
        *(
            e.TICKER_BID,
            e.TICKER_ASK,
            e.DEPTH_CLEAR,
            e.DEPTH_SNAPSHOT,
            e.DEPTH_SNAPSHOT,
            e.DEPTH,
            e.TICKER_ASK,
        )
    ]
    assert found[0][4:] == (3, 4)  # the exchange's time is the local one less the latency
    assert events(files[1], mapping=given)[3:] == [(e.DEPTH, 1, "100", "0", 9, 9)]
    with pytest.raises(DataError, match=r"depth_1\.csv:3, name: expected one instrument, .* got Y beside X"):
        events(*files, mapping=given)
    with pytest.raises(DataError, match="rows of Z"):
        events(files[0], mapping=given, instrument="Z")
    with pytest.raises(ConfigError, match="a name that fits one of depth_"):
        events(given, mapping=given)
    report = convert_files(
        files, symbol="X.Y", format="mapped", mapping=str(given), instrument="X", out=tmp_path / "x.tape"
    )
    assert report.notes[:2] == ["other instruments: 1", "one clock in quotes: the other time is 0 ns away"]
    assert open_tape(tmp_path / "x.tape").header.counts["ticker_ask"] == 2


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"kind": "candle"}, r"map\.toml: expected keys of a mapping, got Invalid enum value 'candle'"),
        ({**TRADES, "prize": "p"}, "got Object contains unknown field `prize`"),
        ({"kind": "trade", "exchange_time": "t", "price": "p"}, "expected quantity of kind trade"),
        ({"kind": "trade", "quantity": "q", "price": "p"}, "expected exchange_time, local_time or both"),
        ({**TRADES, "buy": ("x",), "sell": ("x", "y")}, "different words for buy and sell, got x"),
        ({**TRADES, "price": 5}, r"Expected `str \| null`, got `int` - at `\$\.price`"),
    ],
)
def test_mappings_that_cannot_be_used_are_refused(
    tmp_path: Path, keys: dict[str, object], expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        read_mapped(tmp_path / "x.csv", mapping=mapping(tmp_path, **keys))
    (tmp_path / "map.toml").write_text("kind = ")
    with pytest.raises(ConfigError, match="a mapping in TOML"):
        read_mapped(tmp_path / "x.csv", mapping=tmp_path / "map.toml")
    with pytest.raises(DataError, match="a mapping file"):
        read_mapped(tmp_path / "x.csv", mapping=tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="the option mapping"):
        read_mapped(tmp_path / "x.csv")


ROW = {"t": [NS, NS], "p": [1.5, 2.5], "q": [1.0, 1.0], "s": ["buy", "sell"]}


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"p": None}, r"table\.\w+: expected the column p \(price of the mapping\), got t, q, s"),
        ({"s": ["buy", "left"]}, r"(:3|, row 2), s: expected one of .*got 'left'"),
        ({"q": [1.0, 0.0]}, "(:3|, row 2), q: expected quantities above 0"),
        ({"p": [1.5, None]}, "(:3|, row 2), p: expected a number as p, got none"),
        ({"p": ["1.5", "x"]}, "(:3|, row 2).*: expected a decimal number as p, got 'x'"),
        ({"t": [NS, NS // 1000]}, "(:3|, row 2), t: .*times in the wrong unit.*seems to be in microseconds"),
        ({"t": [NS, 0]}, "(:3|, row 2), t: expected a time as t, got none"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    tmp_path: Path, form: str, change: dict[str, object], expected: str
) -> None:
    columns = {name: value for name, value in (ROW | change).items() if value is not None}
    path = saved(tmp_path, form, pl.DataFrame(columns))
    given = mapping(tmp_path, **TRADES)
    with pytest.raises(DataError, match=expected):
        convert_files(path, symbol="X.Y", out=tmp_path / "x.tape", format="mapped", mapping=str(given))
    assert sorted(found.name for found in tmp_path.iterdir()) == ["map.toml", path.name]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_damaged_files_and_wrong_types_are_refused(tmp_path: Path, form: str) -> None:
    path = saved(tmp_path, form, pl.DataFrame(ROW))
    given = mapping(tmp_path, **TRADES)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="an intact Parquet or Arrow file"):
        joined(read_mapped(path, mapping=given))
    for change, expected in (
        ({"p": [True, False]}, "expected numbers as p, got bool"),
        ({"p": [1.5, float("inf")]}, ", row 2, p: expected a finite number as p"),
    ):
        path = saved(tmp_path, form, pl.DataFrame(ROW | change))
        with pytest.raises(DataError, match=expected):
            joined(read_mapped(path, mapping=given))
    book = {key: value.replace("_{}", "") if "{}" in value else value for key, value in BOOK.items()}
    flat = pl.DataFrame({"t": [NS], "l": [NS], **{name: [1.0] for name in ("bp", "bq", "ap", "aq")}})
    with pytest.raises(DataError, match=r"expected lists as bp \(or a name with \{\}\), got double"):
        joined(
            read_mapped(saved(tmp_path, form, flat), mapping=mapping(tmp_path, **book | {"time_unit": "ns"}))
        )


QUOTES = {
    "kind": "quote",
    "exchange_time": "timestamp",
    **{f"{side}_{what}": f"{side}_{what.replace('quantity', 'amount')}" for side, what in LEVELS},
}
STANDX = {
    "kind": "book",
    "exchange_time": "timestamp",
    "local_time": "received_at",
    "instrument": "symbol",
    **{f"{side}_{what}": f"{side}_{what.replace('quantity', 'quantitie')}s" for side, what in LEVELS},
}


@pytest.mark.slow
@pytest.mark.needs_shared
@pytest.mark.compiled_only  # half a million rows
def test_real_files(tmp_path: Path) -> None:
    """Quotes of two days, trades, StandX's books and trades: all rows, and the end against polars."""
    quotes = shared_data("csv/quotes/binance_usdm_BTCUSDT_20260101-02.csv.gz")
    reader = read_mapped(quotes, mapping=mapping(tmp_path, **QUOTES))
    assert len(joined(reader)) > 172_686 == reader.counters.rows
    trades = shared_data("csv/trades/BTCUSDT_20241028.trades.csv.gz")
    keys = TRADES | {"exchange_time": "time", "price": "price", "quantity": "size", "side": "side"}
    rows = joined(read_mapped(trades, mapping=mapping(tmp_path, **keys)))
    assert [int((sides(rows) == side).sum()) for side in (1, -1)] == [51_147, 48_147]
    assert rows["exch_ts"][0] == NS

    path = shared_data("snapshots/standx/orderbook_BTC-USD_2026-01-06_14.parquet")
    reader = read_mapped(path, mapping=mapping(tmp_path, **STANDX))
    rows = joined(reader)
    assert reader.counters.rows == 21_470
    frame = pl.read_parquet(path)
    book: dict[tuple[int, Decimal], Decimal] = {}
    for side, px, a, qty, b in zip(
        sides(rows),
        rows["px"].tolist(),
        rows["px_exp"].tolist(),
        rows["qty"].tolist(),
        rows["qty_exp"].tolist(),
        strict=True,
    ):
        book[int(side), Decimal(px).scaleb(a)] = Decimal(qty).scaleb(b)
    last = frame.row(-1, named=True)
    for side, name in ((1, "bid"), (-1, "ask")):
        levels = {px: qty for (s, px), qty in book.items() if s == side and qty}
        expected = zip(last[f"{name}_prices"], last[f"{name}_quantities"], strict=True)
        assert levels == {Decimal(repr(px)): Decimal(repr(qty)) for px, qty in expected}
    trades = shared_data("snapshots/standx/trades_BTC-USD_2026-01-06_14.parquet")
    keys = {
        "kind": "trade",
        "exchange_time": "timestamp",
        "local_time": "received_at",
        "side": "side",
        "price": "price",
    }
    reader = read_mapped(trades, mapping=mapping(tmp_path, **keys, quantity="quantity"))
    assert (len(joined(reader)), reader.counters.others) == (11_025, {"local_time_stepped_back": 18})
    assert np.isin(sides(joined(reader)), (1, -1)).all()
