"""LOBSTER: what each type of message becomes, and ten real levels after each of a thousand messages."""

import datetime
import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import counts, joined, levels, plain, replay
from truefill.core.errors import ConfigError, DataError
from truefill.core.events import TRADING_STATUS
from truefill.core.order_book import OrderBook
from truefill.vendors import read_lobster
from truefill.vendors.lobster_kernels import made_up_id

NAME = "TEST_2012-06-21_34200000_57600000_message_2.csv"
MIDNIGHT = 1_340_251_200_000_000_000  # 2012-06-21 00:00 in New York is 04:00 UTC

MESSAGES = """\
34200.000000001,1,11,100,1000100,1
34200.00000001,2,11,40,1000100,1
34200.5,4,11,25,1000100,1
34201.123456789,5,0,7,1000150,-1
34202,3,11,35,1000100,1
34203.25,4,99,10,1000300,-1
34204,3,98,190,1000300,-1
34205,7,0,0,-1,-1
34206,6,0,1000,1000200,-1
"""
# ask price, ask size, bid price, bid size, two levels; 99 and 98 are older than the first message.
BOOK = """\
1000300,200,1000100,100,1000500,5,1000000,50
1000300,200,1000100,60,1000500,5,1000000,50
1000300,200,1000100,35,1000500,5,1000000,50
1000300,200,1000100,35,1000500,5,1000000,50
1000300,200,1000000,50,1000500,5,999900,8
1000300,190,1000000,50,1000500,5,999900,8
1000500,5,1000000,50,1000600,6,999900,8
1000500,5,1000000,50,1000600,6,999900,8
1000500,5,1000000,50,1000600,6,999900,8
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / NAME.replace("message", "orderbook")).write_text(BOOK)
    (tmp_path / NAME).write_text(MESSAGES)
    return tmp_path / NAME


def test_each_type_of_message_becomes_its_events(files: Path) -> None:
    """Remaining quantities, fill before what takes it out, the taker's side in trades."""
    reader = read_lobster(files, use_orderbook=False)
    rows = joined(reader)

    assert plain(rows) == [
        ("add", 1, 11, 1000100, 100),
        ("modify", 1, 11, 1000100, 60),
        ("trade", -1, 0, 1000100, 25),
        ("fill", 1, 11, 1000100, 25),
        ("modify", 1, 11, 1000100, 35),
        ("trade", 1, 0, 1000150, 7),
        ("cancel", 1, 11, 1000100, 35),
        ("trade", 1, 0, 1000300, 10),
        ("fill", -1, 99, 1000300, 10),
        (str(TRADING_STATUS), 0, 0, 0, 0),
        ("trade", 0, 0, 1000200, 1000),
    ]
    assert rows["ival"][-2] == -1
    assert reader.counters.odd() == {"unknown_fills": 1, "unknown_cancels": 1}
    assert (reader.counters.rows, reader.counters.events) == (9, 11)
    assert set(rows["px_exp"]) == {-4}


def test_times_are_exact_and_utc(files: Path) -> None:
    """Nine decimals of a second, the midnight of New York in summer, and the latency that is given."""
    rows = joined(read_lobster(files, use_orderbook=False, feed_latency_ns=250))

    assert rows["exch_ts"][0] == MIDNIGHT + 34_200_000_000_001
    assert rows["exch_ts"][1] == MIDNIGHT + 34_200_000_000_010
    assert rows["exch_ts"][5] == MIDNIGHT + 34_201_123_456_789
    assert (rows["local_ts"] - rows["exch_ts"] == 250).all()


def test_the_book_file_says_what_the_messages_do_not(files: Path) -> None:
    """Levels from before the first message, orders in them, and levels that come into sight."""
    reader = read_lobster(files)
    rows = joined(reader)
    asks = made_up_id(-1, 1000300)

    assert plain(rows)[:4] == [
        ("add", -1, asks, 1000300, 200),
        ("add", -1, made_up_id(-1, 1000500), 1000500, 5),
        ("add", 1, made_up_id(1, 1000000), 1000000, 50),
        ("add", 1, 11, 1000100, 100),
    ]
    assert plain(rows)[9:] == [
        ("cancel", 1, 11, 1000100, 35),
        ("add", 1, made_up_id(1, 999900), 999900, 8),
        ("trade", 1, 0, 1000300, 10),
        ("fill", -1, asks, 1000300, 10),
        ("modify", -1, asks, 1000300, 190),
        ("cancel", -1, asks, 1000300, 190),
        ("add", -1, made_up_id(-1, 1000600), 1000600, 6),
        (str(TRADING_STATUS), 0, 0, 0, 0),
        ("trade", 0, 0, 1000200, 1000),
    ]
    assert reader.counters.odd() == {}
    assert reader.counters.others == {
        "initial_levels": 3,
        "messages_of_initial_orders": 2,
        "levels_revealed": 2,
        "levels_vanished_out_of_sight": 0,
        "levels_mended_in_sight": 0,
    }


def test_a_level_that_no_message_explains_is_mended_and_counted(files: Path) -> None:
    """Less than the messages say: the newest order pays; all of a level that is not shown: it goes."""
    files.write_text("34200,1,1,100,1000100,1\n34201,1,2,30,1000100,1\n34202,1,3,5,1000200,1\n")
    book = files.with_name(files.name.replace("message", "orderbook"))
    book.write_text(
        "1000300,1,1000100,100,9999999999,0,-9999999999,0\n"
        "1000300,1,1000100,120,9999999999,0,-9999999999,0\n"
        "1000300,1,1000200,5,9999999999,0,-9999999999,0\n"
    )
    reader = read_lobster(files)

    assert plain(joined(reader))[1:] == [
        ("add", 1, 1, 1000100, 100),
        ("add", 1, 2, 1000100, 30),
        ("modify", 1, 2, 1000100, 20),
        ("add", 1, 3, 1000200, 5),
        ("cancel", 1, 2, 1000100, 20),
        ("cancel", 1, 1, 1000100, 100),
    ]
    assert reader.counters.others["levels_mended_in_sight"] == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("34200,1,1,100,1000100", "6 columns"),
        ("34200,1,1,100,1000100,1,x,y", "6 columns"),
        ("34200.0000000001,1,1,100,1000100,1", "at most 9 decimal places as time"),
        ("34200,1,one,100,1000100,1", "a decimal number as order id"),
        ("34200,8,1,100,1000100,1", "a type from 1 to 7"),
        ("34200,1,1,100,1000100,0", "direction 1 or -1"),
        ("34100,1,1,100,1000100,1", "a time not before that of the last line"),
        ("34200,1,4611686018427387904,1,1,1", "an order id from 0"),
        ("34200,1,1,99999999999999999999,1,1", "digits fit into 63 bits as size"),
    ],
)
def test_malformed_lines_are_named(files: Path, line: str, expected: str) -> None:
    """File, line, what was expected: at the second line here."""
    files.write_text(f"34200,1,5,100,1000100,1\n{line}\n34300,1,6,1,1000100,1\n")

    with pytest.raises(DataError, match=expected) as caught:
        list(read_lobster(files, use_orderbook=False))
    assert str(caught.value.where) == f"{files}:2"


def test_files_that_do_not_belong_together_are_refused(files: Path) -> None:
    book = files.with_name(files.name.replace("message", "orderbook"))
    book.write_text(BOOK.partition("\n")[2])
    with pytest.raises(DataError, match="a row for each message"):
        list(read_lobster(files))
    book.write_text(BOOK + BOOK)
    with pytest.raises(DataError, match="a message for each row"):
        list(read_lobster(files))
    book.write_text("1,2,3\n")
    with pytest.raises(DataError, match="4 columns a level"):
        list(read_lobster(files))


def test_the_date_comes_from_the_name_or_is_asked_for(files: Path) -> None:
    other = files.with_name("messages.csv.gz")
    other.write_bytes(gzip.compress(MESSAGES.encode()))

    with pytest.raises(ConfigError, match="a date"):
        read_lobster(other)
    with pytest.raises(ConfigError, match="a date as"):
        read_lobster(other, date="21.6.2012")
    with pytest.raises(ConfigError, match="time zone"):
        read_lobster(files, timezone="New York")
    with pytest.raises(DataError, match="a file"):
        read_lobster(files.with_name("no.csv"), date="2012-06-21")
    winter = joined(read_lobster(other, date=datetime.date(2012, 12, 21)))
    assert winter["exch_ts"][0] == 1_356_066_000_000_000_000 + 34_200_000_000_001
    assert len(winter) == 11


@pytest.mark.needs_shared
def test_ten_real_levels_after_each_message() -> None:
    """AAPL: the replayed book is the order-book file, all levels, after each of 999 messages.

    The reader holds its orders against that file itself; so it is as telling that it never had to mend a
    level that was in sight: the messages explain all of those.
    """
    folder = "l3/lobster/AAPL_2012-06-21_34200000_57600000"
    reader = read_lobster(shared_data(f"{folder}_message_10_first999.csv.gz"))
    with gzip.open(shared_data(f"{folder}_orderbook_10_first999.csv.gz"), "rt") as lines:
        shown = np.loadtxt(lines, delimiter=",", dtype=np.int64)
    book = OrderBook()
    rows, at = [], []
    for chunk in reader:
        rows.append(chunk)
        at.append(reader.lines)
    events, line = np.concatenate(rows), np.concatenate(at)
    ends = np.searchsorted(line, np.arange(1, 1000), side="right")
    start = 0
    for i, end in enumerate(ends.tolist()):
        assert replay(book, events[start:end], 100) == 0
        start = end
        for side, first in ((-1, 0), (1, 2)):
            expected = [(int(shown[i, k]) // 100, int(shown[i, k + 1])) for k in range(first, 40, 4)]
            assert levels(book, side, 10) == expected, f"message {i + 1}"

    assert counts(events) == {"trade": 159, "add": 501, "cancel": 443, "modify": 27, "fill": 98}
    assert reader.counters.odd() == {}
    assert reader.counters.others == {
        "initial_levels": 19,
        "messages_of_initial_orders": 9,
        "levels_revealed": 11,
        "levels_vanished_out_of_sight": 3,
        "levels_mended_in_sight": 0,
    }
    assert (int(events["exch_ts"][0]), int(events["exch_ts"][-1])) == (
        MIDNIGHT + 34_200_004_241_176,
        MIDNIGHT + 34_249_086_375_027,
    )


def _venue(seed: int, n: int, depth: int) -> tuple[str, str]:
    """A venue that shows only its best levels, and tells only of what changes those.

    Its book is a dictionary of all orders. Orders come and go beyond what is shown, unseen.
    """
    rng = np.random.default_rng(seed)
    book: dict[int, list[int]] = {}  # id -> side, price, size
    messages, rows = [], []
    next_id = 1

    def shown() -> list[list[tuple[int, int]]]:
        sides = []
        for side in (-1, 1):
            totals: dict[int, int] = {}
            for s, price, size in book.values():
                if s == side:
                    totals[price] = totals.get(price, 0) + size
            sides.append(sorted(totals.items(), reverse=side == 1)[:depth])
        return sides

    def row() -> str:
        fields: list[int] = []
        asks, bids = shown()
        for level in range(depth):
            fields += asks[level] if level < len(asks) else (9_999_999_999, 0)
            fields += bids[level] if level < len(bids) else (-9_999_999_999, 0)
        return ",".join(map(str, fields))

    def add() -> tuple[int, int, int, int, int]:
        nonlocal next_id
        side = int(rng.choice([-1, 1]))
        asks, bids = shown()
        best = bids[0][0] if side == -1 and bids else asks[0][0] if side == 1 and asks else 1000
        price = best - side * int(rng.integers(1, 12))
        next_id += 1
        book[next_id] = [side, price, int(rng.integers(1, 20))]
        return 1, next_id, book[next_id][2], price, side

    for _ in range(60):
        add()
    for step in range(n):
        before = row()
        kind = int(rng.choice([1, 2, 3, 4], p=[0.45, 0.15, 0.25, 0.15]))
        if kind == 1 or len(book) < 10:
            message = add()
        else:
            order_id = int(rng.choice(sorted(book)))
            if kind == 4:
                side = int(rng.choice([-1, 1]))
                inside = [(price * -s, i) for i, (s, price, _) in book.items() if s == side]
                order_id = min(inside)[1] if inside else order_id
            side, price, size = book[order_id]
            by = size if kind == 3 else int(rng.integers(1, size + 1)) if kind == 4 else min(1, size - 1)
            if by == 0:
                continue
            message = (kind, order_id, by, price, side)
            book[order_id][2] -= by
            if book[order_id][2] == 0:
                del book[order_id]
        if row() != before:
            messages.append(f"{34200 + step / 1000:.3f}," + ",".join(map(str, message)) + "\n")
            rows.append(row() + "\n")
    return "".join(messages), "".join(rows)


@pytest.mark.parametrize("seed", range(4))
def test_levels_equal_those_of_a_venue_that_hides_the_rest(tmp_path: Path, seed: int) -> None:
    """All levels after each message; hardly ever is one in sight that the messages do not explain."""
    messages, shown = _venue(seed, 500, depth=[1, 3, 5, 10][seed])
    path = tmp_path / NAME
    path.write_text(messages)
    path.with_name(NAME.replace("message", "orderbook")).write_text(shown)
    reader = read_lobster(path)
    rows = joined(reader)
    lines = reader.lines
    book = OrderBook()
    ends = np.searchsorted(lines, np.arange(1, messages.count("\n") + 1), side="right")
    start = 0
    for end, row in zip(ends.tolist(), shown.splitlines(), strict=True):
        assert replay(book, rows[start:end], 1) == 0
        start = end
        fields = [int(field) for field in row.split(",")]
        for side, first in ((-1, 0), (1, 2)):
            pairs = zip(fields[first::4], fields[first + 1 :: 4], strict=True)
            expected = [pair for pair in pairs if pair[1]]
            assert levels(book, side, len(fields) // 4)[: len(expected)] == expected

    # Which order of a level went while nobody looked cannot be known. A message about one that was taken for
    # gone finds no order of its own, and the level is mended.
    odd = reader.counters.odd()
    assert set(odd) <= {"unknown_fills", "unknown_cancels"}
    assert reader.counters.others["levels_mended_in_sight"] <= sum(odd.values()) <= 0.05 * len(ends)
    assert reader.counters.others["levels_revealed"] > 0
