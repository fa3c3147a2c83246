"""What every protocol in the table of capabilities has to pass, numbered; on small made streams of each
(`makers`).
"""

import numpy as np
import pytest

from tests.support.sessions import RowsBook
from tests.venues.makers import Maker, Side, speakers
from truefill.core import events as ev
from truefill.core.errors import DataError
from truefill.venues.capabilities import CAPABILITIES
from truefill.venues.wants import Fetch

BIDS = [("100.0", "1.0"), ("99.5", "2.0"), ("99.0", "3.0")]
ASKS = [("100.5", "1.5"), ("101.0", "2.5"), ("101.5", "3.5")]
SECOND = 1_000_000_000


SPEAKERS = [m for protocol in dict.fromkeys(c.protocol for c in CAPABILITIES) for m in speakers(protocol)]


@pytest.fixture(params=SPEAKERS, ids=lambda m: m.__name__)
def maker(request: pytest.FixtureRequest) -> Maker:
    return request.param()


def kinds(rows: np.ndarray) -> list[int]:
    return [int(bits) & ev.KIND_MASK for bits in rows["ev"]] if len(rows) else []


def opened(maker: Maker) -> RowsBook:
    """A connection with a whole book up to change 10."""
    maker.open()
    book = RowsBook()
    book.apply(maker.snapshot(10, BIDS, ASKS))
    assert maker.stream.book.valid
    return book


def expected(side: Side) -> dict[float, float]:
    return {float(px): float(qty) for px, qty in side.values()}


def check(book: RowsBook, maker: Maker) -> None:
    """What the rows lead to is the venue's own book."""
    assert book.floats(ev.BUY) == expected(maker.bids)
    assert book.floats(ev.SELL) == expected(maker.asks)


def test_01_good_stream(maker: Maker) -> None:
    """Subscribe, acknowledge, snapshot, changes, trades: rows that lead to the venue's book."""
    assert maker.open(), "nothing was asked for on a new connection"
    book = RowsBook()
    rows = maker.snapshot(10, BIDS, ASKS)
    assert kinds(rows)[0] == ev.DEPTH_CLEAR
    assert kinds(rows).count(maker.snapshot_kind) == 6
    book.apply(rows)
    check(book, maker)
    book.apply(maker.change(11, [("100.0", "4.0")], []))
    book.apply(maker.change(12, [("99.5", "0")], [("100.5", "0"), ("102.0", "1.0")]))
    book.apply(maker.change(13, [], [("101.0", "2.0")]))
    check(book, maker)
    assert book.best() == (100.0, 101.0)
    for trade_id, buys in ((71, True), (72, False)):
        rows = maker.feed(maker.trade_message(trade_id, "100.5", "0.25", buys))
        (row,) = rows[(rows["ev"] & ev.KIND_MASK) == ev.TRADE]
        assert int(row["ev"]) & (ev.BUY | ev.SELL) == (ev.BUY if buys else ev.SELL)
        assert row["px"] * 10.0 ** row["px_exp"] == 100.5
        assert row["qty"] * 10.0 ** row["qty_exp"] == 0.25
        assert row["order_id"] in (trade_id, 0)
        assert row["local_ts"] == maker.now
    counters = maker.stream.book.counters
    assert maker.stream.book.valid
    assert (counters.gaps, counters.duplicates, counters.out_of_order, counters.crossed) == (0, 0, 0, 0)
    assert counters.checksums_wrong == 0
    assert maker.stream.counters.trades == 2
    assert maker.codec.wants() == []


def test_02_gap(maker: Maker) -> None:
    """A missing change makes the book suspect, is marked, asked to be repaired once, and repaired by a
    snapshot.
    """
    book = opened(maker)
    book.apply(maker.change(11, [("100.0", "4.0")], []))
    maker.make_change(12, [("99.5", "7.0")], [])
    rows = maker.change(13, [("99.0", "1.0")], [])
    if not maker.tells_gaps:
        assert maker.stream.book.valid
        assert ev.GAP_BEGIN not in kinds(rows)
        return
    assert kinds(rows).count(ev.GAP_BEGIN) == 1
    assert maker.change_kind in kinds(rows), "what came is passed on"
    assert not maker.stream.book.valid
    assert len(maker.codec.wants()) > 0
    rows = maker.change(14, [("99.0", "1.5")], [])
    assert ev.GAP_BEGIN not in kinds(rows)
    assert maker.codec.wants() == []
    rows = maker.snapshot(14, list(BIDS), list(ASKS))
    assert ev.GAP_END in kinds(rows)
    assert maker.stream.book.valid
    book = RowsBook()
    book.apply(rows)
    book.apply(maker.change(15, [("99.0", "9.0")], []))
    check(book, maker)


def test_03_duplicate(maker: Maker) -> None:
    """A change or a trade that comes twice counts once."""
    book = opened(maker)
    change = maker.make_change(11, [("100.0", "4.0")], [])
    book.apply(maker.feed(change))
    book.apply(maker.feed(change))
    check(book, maker)
    assert maker.stream.book.valid
    assert maker.stream.book.counters.gaps == 0
    trade = maker.trade_message(71, "100.5", "0.25", True)
    with_id = bool(maker.feed(trade)["order_id"][0])
    assert ev.TRADE not in kinds(maker.feed(trade)) or not with_id


def test_04_out_of_order(maker: Maker) -> None:
    """A change that is older than the last does not change the book."""
    book = opened(maker)
    old = maker.make_change(11, [("99.5", "4.0")], [])
    book.apply(maker.feed(old))
    book.apply(maker.change(12, [("99.5", "5.0"), ("100.0", "7.0")], []))
    rows = maker.feed(old)
    book.apply(rows)
    counters = maker.stream.book.counters
    if maker.tells_order:
        check(book, maker)
        assert counters.out_of_order == 1
        assert maker.stream.book.valid
    else:
        assert counters.out_of_order == 0
        assert maker.stream.book.valid != maker.tells_gaps, "a wrong checksum tells"


def test_05_snapshot_older_than_the_buffer(maker: Maker) -> None:
    """Fetched, it is refused and another one asked for; in a stream it is the venue's, and takes over."""
    maker.open()
    if maker.fetches:
        maker.change(20, [("100.0", "4.0")], [])
        maker.change(21, [("99.5", "0")], [])
        maker.codec.wants()
        rows = maker.snapshot(10, BIDS, ASKS)
        assert maker.snapshot_kind not in kinds(rows)
        assert not maker.stream.book.valid
        assert maker.codec.wants(), "no other snapshot is asked for"
        maker.snapshot(21, BIDS, ASKS)
        assert maker.stream.book.valid
        return
    rows = maker.snapshot(20, BIDS, ASKS)
    book = RowsBook()
    if maker.whole_books:
        book.apply(rows)
        maker.feed(maker.snapshot_message(10, [("98.0", "1.0")], []))
        check(book, maker)
        assert maker.stream.book.counters.out_of_order == 1
        return
    book.apply(maker.snapshot(10, BIDS[1:], ASKS[1:]))
    check(book, maker)
    assert maker.stream.book.valid
    book.apply(maker.change(11, [("99.5", "8.0")], []))
    check(book, maker)
    assert maker.stream.book.counters.gaps == 0


def test_06_crossed_book(maker: Maker) -> None:
    """A bid above an ask makes the book suspect at once, unless takers are in the stream; a snapshot repairs
    it.
    """
    opened(maker)
    rows = maker.change(11, [("101.2", "1.0")], [])
    if not maker.judges_crossing:
        assert ev.GAP_BEGIN not in kinds(rows)
        assert maker.stream.book.valid
        return
    assert kinds(rows).count(ev.GAP_BEGIN) == 1
    assert not maker.stream.book.valid
    assert maker.stream.book.counters.crossed == 1
    assert maker.codec.wants()
    rows = maker.snapshot(11, BIDS, ASKS)
    assert ev.GAP_END in kinds(rows)
    assert maker.stream.book.valid


def test_07_reset(maker: Maker) -> None:
    """A new connection: the book is suspect until its snapshot; numbers begin anew; all is subscribed
    again.
    """
    book = opened(maker)
    book.apply(maker.change(11, [("100.0", "4.0")], []))
    first = maker.open()
    assert first
    assert not maker.stream.book.valid
    rows = maker.snapshot(3, BIDS[:2], ASKS[:2])
    assert [k for k in kinds(rows) if k in (ev.GAP_BEGIN, ev.GAP_END)] in (
        [ev.GAP_END],
        [ev.GAP_BEGIN, ev.GAP_END],
    )
    assert maker.stream.book.valid
    book = RowsBook()
    book.apply(rows)
    book.apply(maker.change(4, [("100.0", "6.0")], []))
    check(book, maker)
    assert maker.stream.book.counters.gaps == 0


def test_08_wrong_route_silence(maker: Maker) -> None:
    """Acknowledged and then nothing: after the deadline each silent stream is named, and only those."""
    maker.open()
    start = maker.now
    assert maker.codec.silent(start + SECOND, 10 * SECOND) == []
    assert {s.channel for s in maker.codec.silent(start + 10 * SECOND, 10 * SECOND)} == {"depth", "trades"}
    maker.snapshot(10, BIDS, ASKS)
    if maker.fetches:
        maker.change(11, [("100.0", "4.0")], [])
    assert {s.channel for s in maker.codec.silent(start + 10 * SECOND, 10 * SECOND)} == {"trades"}
    maker.feed(maker.trade_message(71, "100.5", "0.25", True))
    assert maker.codec.silent(start + 10 * SECOND, 10 * SECOND) == []


def test_09_malformed_message(maker: Maker) -> None:
    """It is refused with its place; the book, and what follows, are as if it had not come."""
    book = opened(maker)
    good = maker.change_message(11, [("100.0", "4.0")], [])
    bad = [b"", b"{", b"[]", b"null", b"1", b'{"a":', b"\xff\xfe", good[: len(good) // 2], b'{"x": {}}']
    bad += [good.replace(b"4.0", text) for text in (b"-4.0", b"4,0", b"nan", b"inf", b"1_0", b"0x4", b"")]
    bad += [good.replace(b"100.0", text) for text in (b"-100.0", b"0", b"price")]
    bad += maker.malformed()
    for number, message in enumerate(bad, start=1):
        if message == good:
            continue
        with pytest.raises(DataError) as error:
            maker.codec.add(message, maker.now, number)
        assert error.value.where == number, message
        assert maker.codec.take() == [], message
        assert maker.stream.book.valid, message
    book.apply(maker.change(11, [("100.0", "4.0")], []))
    check(book, maker)
    assert maker.stream.book.counters.gaps == 0


def test_10_unknown_symbol(maker: Maker) -> None:
    """A message of another instrument is refused by its name and changes nothing."""
    book = opened(maker)
    for message in (
        maker.change_message(11, [("100.0", "4.0")], []),
        maker.trade_message(71, "100.5", "0.25", True),
    ):
        foreign = maker.foreign(message)
        assert foreign != message
        if maker.brings_others and foreign == maker.foreign(maker.trade_message(71, "100.5", "0.25", True)):
            assert len(maker.feed(foreign)) == 0
            continue
        with pytest.raises(DataError, match=maker.other):
            maker.codec.add(foreign, maker.now)
        assert maker.codec.take() == []
    book.apply(maker.change(11, [("100.0", "4.0")], []))
    check(book, maker)


def test_11_number_spelled_in_several_ways(maker: Maker) -> None:
    """One price, however it is written, is one level, exactly."""
    book = opened(maker)
    for n, px in enumerate(("100", "100.00", "1e2", "100.000000000"), start=11):
        book.apply(maker.change(n, [(px, f"{n}.50")], []))
        check(book, maker)
        assert maker.stream.book.valid
    book.apply(maker.change(15, [("100.0000", "0.000")], []))
    check(book, maker)
    assert 100.0 not in book.floats(ev.BUY)


@pytest.mark.parametrize("damage", ["cut off", "price", "nothing"])
def test_12_damaged_snapshot(maker: Maker, damage: str) -> None:
    """It is asked for again: at once where it is fetched (the fetcher keeps the pace), else with patience."""
    maker.open()
    if maker.fetches:
        maker.change(9, [("99.0", "3.0")], [])
        maker.codec.wants()
    good = maker.snapshot_message(10, BIDS, ASKS)
    broken = {"cut off": good[:-9], "price": good.replace(b"99.5", b"x9.5"), "nothing": b""}[damage]
    assert broken != good
    for _ in range(2):
        maker.now += 1_000_000
        with pytest.raises(DataError):
            if maker.fetches:
                maker.codec.fetched(Fetch("", maker.native), broken, maker.now, 7)
            else:
                maker.codec.add(broken, maker.now, 7)
        assert maker.codec.take() == []
        assert not maker.stream.book.valid
        if maker.fetches:
            assert [type(want) for want in maker.codec.wants()] == [Fetch]
    if not maker.fetches and not maker.repeats_snapshots:
        maker.feed(maker.trade_message(71, "100.5", "0.25", True))
        asked = len(maker.codec.wants())
        assert asked == maker.numbers_connection, "asked again at once"
        if not asked:
            maker.now += 10 * SECOND
        maker.feed(maker.trade_message(72, "100.5", "0.25", True))
        assert asked or maker.codec.wants(), "never asked again"
        maker.feed(maker.trade_message(73, "100.5", "0.25", True))
        assert maker.codec.wants() == [], "asked twice"
    book = RowsBook()
    book.apply(maker.snapshot(11, BIDS, ASKS))
    assert maker.stream.book.valid
    check(book, maker)
    maker.now += 100 * SECOND
    maker.feed(maker.trade_message(74, "100.5", "0.25", True))
    assert maker.codec.wants() == []
