"""Bitstamp: what each message becomes, who was the maker, and three hours against the venue's own books."""

import json
import lzma
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import counts, joined, kinds, plain, replay, sides
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import FILL, TRADE
from truefill.core.order_book import OrderBook
from truefill.vendors import read_bitstamp

MS = 1_430_438_404_000
E8 = 100_000_000

# 7 rests; 9 takes 0.3 of it and rests with the rest; 5 is from before; 8 is cancelled; 7 is filled by 10.
LINES = [
    (0, "order_created", 7, 1, "236.47", "1.00000000"),
    (10, "order_created", 8, 0, "236.00", "2.5"),
    (20, "order_created", 9, 0, "236.50", "0.3"),
    (30, "order_deleted", 9, 0, "236.50", "0.00000000"),
    (31, "order_changed", 7, 1, "236.47", "0.70000000"),
    (40, "trade", 100, None, 236.47, 0.3),
    (50, "order_deleted", 8, 0, "236.00", "2.50000000"),
    (60, "order_deleted", 4, 0, "230.00", "1.00000000"),
    (70, "order_changed", 5, 1, "237.00", "4.00000000"),
    (80, "order_book", 0, None, 0, 0),
    (90, "order_changed", 5, 1, "237.00", "3.50000000"),
    (20_000, "order_created", 10, 0, "236.47", "0.90000000"),
    (20_010, "order_deleted", 7, 1, "236.47", "0"),
    (20_011, "order_changed", 10, 0, "236.47", "0.20000000"),
    (20_012, "trade", 101, None, 236.47, 0.7),
]


def log(lines: list[tuple[int, str, int, int | None, object, object]]) -> str:
    out = []
    for ms, event, number, side, price, amount in lines:
        if event == "order_book":
            body = {"bids": [["236.00", "2.5"]], "asks": []}
        else:
            body = {"price": price, "amount": amount, "id": number}
            if side is not None:
                body |= {"datetime": str(MS // 1000), "order_type": side}
        out.append(f"{MS + ms} {event} {json.dumps(body)}\n")
    return "".join(out)


EXPECTED = [
    ("add", -1, 7, 23_647_000_000, E8),
    ("add", 1, 8, 23_600_000_000, 250_000_000),
    ("add", 1, 9, 23_650_000_000, 30_000_000),
    ("cancel", 1, 9, 23_650_000_000, 30_000_000),
    ("fill", -1, 7, 23_647_000_000, 30_000_000),
    ("modify", -1, 7, 23_647_000_000, 70_000_000),
    ("trade", 1, 100, 23_647_000_000, 30_000_000),
    ("cancel", 1, 8, 23_600_000_000, 250_000_000),
    ("add", -1, 5, 23_700_000_000, 4 * E8),
    ("fill", -1, 5, 23_700_000_000, 50_000_000),
    ("modify", -1, 5, 23_700_000_000, 350_000_000),
    ("add", 1, 10, 23_647_000_000, 90_000_000),
    ("fill", -1, 7, 23_647_000_000, 70_000_000),
    ("cancel", -1, 7, 23_647_000_000, 70_000_000),
    ("modify", 1, 10, 23_647_000_000, 20_000_000),
    ("trade", 1, 101, 23_647_000_000, 70_000_000),
]


def test_each_message_becomes_its_events(tmp_path: Path) -> None:
    """The order that was there first is filled, the later one is the taker, whichever message comes first."""
    path = tmp_path / "live.log"
    # The recorder wrote the numbers of trades as floats of 17 digits.
    path.write_text(log(LINES).replace('"amount": 0.3,', f'"amount": {0.3:.17g},'))
    assert "0.29999999999999999," in path.read_text()
    reader = read_bitstamp(path)
    rows = joined(reader)

    assert plain(rows) == EXPECTED
    assert reader.counters.odd() == {"unknown_cancels": 1}
    assert reader.counters.others == {
        "order_books": 1,
        "orders_older_than_the_file": 1,
        "paired_executions": 2,
        "unpaired_executions": 1,
        "trades_without_side": 0,
    }
    assert (reader.counters.rows, reader.counters.live_orders) == (15, 2)
    assert rows["local_ts"][0] == MS * 1_000_000
    assert np.array_equal(rows["exch_ts"], rows["local_ts"])


def test_the_table_of_order_events_is_the_same_but_for_trades(tmp_path: Path) -> None:
    """Trades are made of the pairs there; its volumes may be off by one in the last place."""
    actions = {"order_created": "created", "order_changed": "changed", "order_deleted": "deleted"}
    rows = ["id,timestamp,exchange.timestamp,price,volume,action,direction"]
    for ms, event, number, side, price, amount in LINES:
        if event in actions:
            volume = round(float(str(amount)) * E8)
            direction = "ask" if side else "bid"
            rows.append(f"{number},{MS + ms},{MS},{price},{volume},{actions[event]},{direction}")
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(rows) + "\n")
    reader = read_bitstamp(path)
    events = joined(reader)
    expected = [row for row in EXPECTED if row[0] != "trade"]
    expected.insert(4, ("trade", 1, 0, 23_647_000_000, 30_000_000))
    expected.insert(
        expected.index(("fill", -1, 7, 23_647_000_000, 70_000_000)),
        ("trade", 1, 0, 23_647_000_000, 70_000_000),
    )

    assert plain(events) == expected
    path.write_text("\n".join(rows).replace(",70000000,", ",69999999,") + "\n")
    joined(reader)
    assert reader.counters.others["paired_executions"] == 2


def test_times(tmp_path: Path) -> None:
    """A given latency, the venue's microseconds where it says them, and a clock that never goes back."""
    path = tmp_path / "live.log"
    one = LINES[0]
    path.write_text(log([one, (-5, *LINES[1][1:]), (30, *LINES[2][1:])]))
    reader = read_bitstamp(path, feed_latency_ns=1_000)
    rows = joined(reader)

    assert (rows["local_ts"] - MS * 1_000_000).tolist() == [0, 0, 30_000_000]
    assert (rows["local_ts"] - rows["exch_ts"] == 1_000).all()
    assert reader.counters.others["local_time_stepped_back"] == 1
    path.write_text(log([one]).replace('"id"', f'"microtimestamp": "{MS}123", "id"'))
    assert joined(read_bitstamp(path))["exch_ts"].tolist() == [MS * 1_000_000 + 123_000]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (f"{MS + 10} ", f"{MS}999 ", "<local time, 13 digits> <event> <JSON>"),
        ('"236.00"', '"236.000000001"', "at most 8 decimal places as price"),
        ('"236.00"', '"dear"', "a decimal number as price"),
        ('"2.5"', '"99999999999.5"', "a number below"),
        ('"order_type": 0', '"order_type": 2', "order_type 0 or 1"),
        ('"id": 8', '"no": 8', "order_created with price, amount and id"),
        ('"id": 8', '"id": 9999999999999999999', "numbers of 64 bits"),
        ("}", "", "order_created with price, amount and id"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, before: str, after: str, expected: str) -> None:
    path = tmp_path / "live.log"
    first, second, *_ = log(LINES).splitlines()
    path.write_text(f"{first}\n{second.replace(before, after)}\n")

    with pytest.raises(DataError) as caught:
        list(read_bitstamp(path))
    assert expected in str(caught.value)
    assert str(caught.value.where) == f"{path}:2"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,1430438404518,0,1.0,5,made,bid", "created, changed or deleted"),
        ("1,1430438404518,0,1.0,5,created,buy", "bid or ask"),
        ("1,-1,0,1.0,5,created,bid", "a time in milliseconds"),
        ("1,1430438404518,0,1.0,5,created", "7 columns"),
    ],
)
def test_malformed_rows_of_the_table_are_named(tmp_path: Path, row: str, expected: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f"id,timestamp,exchange.timestamp,price,volume,action,direction\n{row}\n")

    with pytest.raises(DataError, match=expected) as caught:
        list(read_bitstamp(path))
    assert str(caught.value.where) == f"{path}:2"


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a file"):
        read_bitstamp(tmp_path / "none.log")
    with pytest.raises(ConfigError, match="log or csv"):
        read_bitstamp(tmp_path / "none.log", form="json")
    with pytest.raises(ConfigError, match="a latency"):
        read_bitstamp(tmp_path / "none.log", feed_latency_ns=-1)


FOLDER = "l3/bitstamp/btcusd_20150501_00-03h"


@pytest.mark.slow
@pytest.mark.needs_shared
def test_best_prices_are_those_of_the_venues_own_books() -> None:
    """In 94 % of the venue's last 2,250 books; channels are not ordered against each other."""
    path = shared_data(f"{FOLDER}.log.xz")
    reader = read_bitstamp(path)
    rows, at = [], []
    for chunk in reader:
        rows.append(chunk)
        at.append(reader.lines)
    events, lines = np.concatenate(rows), np.concatenate(at)
    book = OrderBook()
    start = refused = 0
    equal: list[bool] = []
    with lzma.open(path, "rt") as log_lines:
        for number, line in enumerate(log_lines, 1):
            if not line[14:].startswith("order_book "):
                continue
            end = int(np.searchsorted(lines, number))
            refused += replay(book, events[start:end], 1_000_000)
            start = end
            shown = json.loads(line[14:].partition(" ")[2])
            bid, ask = (round(float(shown[side][0][0]) * 100) for side in ("bids", "asks"))
            equal.append((book.best_bid, book.best_ask) == (bid, ask))

    assert (np.diff(lines) >= 0).all()
    assert (len(equal), refused) == (3249, 0)
    assert sum(equal[-2250:]) >= 0.94 * 2250
    assert counts(events) == {"trade": 406, "add": 16080, "cancel": 15904, "modify": 429, "fill": 407}
    assert reader.counters.odd() == {"unknown_cancels": 179}
    trades, fills = events[kinds(events) == TRADE], events[kinds(events) == FILL]
    assert (trades["qty"].sum(), fills["qty"].sum()) == (73_303_182_574, 73_623_182_574)
    assert int((sides(trades) == 0).sum()) == reader.counters.others["trades_without_side"] == 28
    assert reader.counters.others["paired_executions"] == 378


@pytest.mark.slow
@pytest.mark.needs_shared
def test_the_real_log_and_its_table_are_the_same_orders() -> None:
    """Event by event, but for trades; quantities differ by the table's cut-off floats only."""
    log_rows = joined(read_bitstamp(shared_data(f"{FOLDER}.log.xz")))
    table_rows = joined(read_bitstamp(shared_data(f"{FOLDER}_orders.csv.xz")))
    a, b = (rows[kinds(rows) != TRADE] for rows in (log_rows, table_rows))

    assert len(a) == len(b)
    for name in ("ev", "order_id", "px", "local_ts"):
        assert np.array_equal(a[name], b[name])
    assert np.abs(a["qty"] - b["qty"]).max() <= 2
