"""Bitfinex R0: orders without times, and a made-up clock that has to be asked for."""

import datetime
from pathlib import Path

import numpy as np
import pytest

from tests.support.shared import shared_data
from tests.vendors.replay import counts, joined, plain, replay
from truefill.core.errors import ConfigError, DataError
from truefill.core.order_book import OrderBook
from truefill.vendors import read_bitfinex

LINES = """\
{"event":"info","version":2}
{"event":"subscribed","channel":"book","chanId":8047,"symbol":"tBTCUSD","prec":"R0","len":"25"}
[8047,[[11,60945,0.246386],[12,60940.35136398,0.1],[13,60977,-0.00212042]]]
[8047,[13,60972,-0.00212042]]
[8047,"hb"]
[8047,[11,0,1]]
[8047,[99,0,-1]]
[8047,[14,60000.5,1e-8],7,1614556800123]
[8047,[[15,60900,2]]]
"""
P = 10**10


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "r0.jsonl"
    path.write_text(text)
    return path


def test_each_message_becomes_its_events(tmp_path: Path) -> None:
    """Exact decimals, a clear before each snapshot, deletes by price 0; trailing fields are passed over."""
    reader = read_bitfinex(write(tmp_path, LINES), start=1_000, step_ns=10)
    rows = joined(reader)

    assert plain(rows) == [
        ("clear", 0, 0, 0, 0),
        ("add", 1, 11, 60945 * P, 24_638_600),
        ("add", 1, 12, 609_403_513_639_800, 10_000_000),
        ("add", -1, 13, 60977 * P, 212_042),
        ("modify", -1, 13, 60972 * P, 212_042),
        ("cancel", 1, 11, 60945 * P, 24_638_600),
        ("add", 1, 14, 600_005 * P // 10, 1),
        ("clear", 0, 0, 0, 0),
        ("add", 1, 15, 60900 * P, 200_000_000),
    ]
    assert rows["local_ts"].tolist() == [1020, 1020, 1020, 1020, 1030, 1050, 1070, 1080, 1080]
    assert reader.counters.odd() == {"unknown_cancels": 1}
    assert reader.counters.others == {
        "info_messages": 2,
        "snapshots": 2,
        "snapshot_orders": 4,
        "heartbeats": 1,
        "updates": 2,
        "deletes": 2,
    }
    assert reader.counters.live_orders == 1


def test_without_a_clock_it_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, LINES)
    for arguments in ({}, {"start": 0}, {"step_ns": 5}):
        with pytest.raises(ConfigError, match="a start, and a step"):
            read_bitfinex(path, **arguments)  # type: ignore[arg-type]
    for start in ("yesterday", "2021-03-01T00:00:00", datetime.datetime(2021, 3, 1), -1, 1 << 63):
        with pytest.raises(ConfigError, match="start"):
            read_bitfinex(path, start=start, step_ns=1)
    with pytest.raises(ConfigError, match="a step"):
        read_bitfinex(path, start=0, step_ns=-1)
    with pytest.raises(ConfigError, match="decimal places"):
        read_bitfinex(path, start=0, step_ns=1, price_places=19)

    expected = 1_614_556_800_000_000_000
    for good in ("2021-03-01T00:00:00Z", datetime.datetime(2021, 3, 1, tzinfo=datetime.UTC), expected):
        rows = joined(read_bitfinex(path, start=good, step_ns=1, feed_latency_ns=40))
        assert rows["local_ts"][0] == expected + 2
        assert rows["exch_ts"][0] == expected - 38


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[8047,[1,2]]", "a message of a raw book"),
        ("[8047", "a message of a raw book"),
        ("[8047]", "[channel, data]"),
        ("hello", "a message of a raw book"),
        ("[8048,[1,2,3]]", "one channel, or which one is wanted"),
        ("[8047,[1,2.00000000001,3]]", "at most 10 decimal places as price"),
        ("[8047,[1,900000000,3]]", "a number below"),
        ('{"event":"subscribed","channel":"book","prec":"P0"}', "a raw book, channel book and prec R0"),
    ],
)
def test_malformed_lines_are_named(tmp_path: Path, line: str, expected: str) -> None:
    path = write(tmp_path, f"[8047,[1,100,3]]\n{line}\n")

    with pytest.raises(DataError) as caught:
        list(read_bitfinex(path, start=0, step_ns=1))
    assert expected in str(caught.value)
    assert str(caught.value.where) == f"{path}:2"


def test_one_of_several_channels(tmp_path: Path) -> None:
    path = write(tmp_path, LINES + "[5,[70,1,1]]\n")
    reader = read_bitfinex(path, start=0, step_ns=1, channel=5)

    assert plain(joined(reader)) == [("add", 1, 70, P, 10**8)]
    assert reader.counters.others["messages_of_other_channels"] == 7


@pytest.mark.slow
@pytest.mark.needs_shared
def test_the_real_messages_replay_with_their_counts() -> None:
    """100,001 messages: a snapshot of 50 orders, 62,977 updates, 37,021 deletes, 27,374 orders."""
    path = shared_data("l3/bitfinex/btcusd_r0_202103.jsonl.gz")
    reader = read_bitfinex(path, start="2021-03-01T00:00:00Z", step_ns=10_000_000)
    rows = joined(reader)
    book = OrderBook()

    # Prices as fine as 1e-8 and 1,000 apart: too many ticks for one window, so ranks stand for them.
    orders = rows[rows["order_id"] != 0]
    orders["px"] = np.unique(orders["px"], return_inverse=True)[1]
    assert replay(book, orders, 1) == 0
    assert len(book) == reader.counters.live_orders == 38
    assert reader.counters.rows == 100_001
    assert reader.counters.odd() == {}
    assert reader.counters.others == {
        "info_messages": 2,
        "snapshots": 1,
        "snapshot_orders": 50,
        "updates": 62_977,
        "deletes": 37_021,
    }
    assert len(np.unique(rows["order_id"])) - 1 == 27_374
    assert counts(rows) == {"clear": 1, "add": 37_059, "modify": 25_968, "cancel": 37_021}
