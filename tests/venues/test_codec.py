"""The codec of Binance's market data on small messages written by hand."""

from typing import Any

import numpy as np
import pytest

from tests.venues import messages as m
from truefill.core import events as ev
from truefill.core.decimals import to_text
from truefill.core.errors import DataError
from truefill.venues import parse_symbol
from truefill.venues.binance import MarketDataCodec

NAMES = {
    ev.DEPTH: "depth",
    ev.TRADE: "trade",
    ev.DEPTH_CLEAR: "clear",
    ev.DEPTH_SNAPSHOT: "snapshot",
    ev.GAP_BEGIN: "gap begins",
    ev.GAP_END: "gap ends",
    ev.TICKER_BID: "best bid",
    ev.TICKER_ASK: "best ask",
    ev.MARK_PRICE: "mark",
    ev.INDEX_PRICE: "index",
    ev.FUNDING: "funding",
}
Row = tuple[str, str, str, str, str, int, int]


def plain(rows: np.ndarray) -> list[Row]:
    """Rows as (kind, side, views, price, quantity, exchange ms after T0, local us after T0)."""
    result = []
    for r in rows:
        bits = int(r["ev"])
        side = "buy" if bits & ev.BUY else "sell" if bits & ev.SELL else ""
        views = ("E" if bits & ev.EXCH else "") + ("L" if bits & ev.LOCAL else "")
        px, qty = to_text(int(r["px"]), int(r["px_exp"])), to_text(int(r["qty"]), int(r["qty_exp"]))
        exch, local = int(r["exch_ts"]) // 10**6 - m.T0, int(r["local_ts"]) // 10**3 - m.T0 * 1000
        result.append((NAMES[bits & ev.KIND_MASK], side, views, px, qty, exch, local))
    return result


def local(us: int) -> int:
    """Local time in ns, `us` after T0."""
    return (m.T0 * 1000 + us) * 1000


def run(codec: MarketDataCodec, *messages: tuple[int, bytes]) -> list[Row]:
    """Feed (local us, message) and return the rows."""
    for us, message in messages:
        codec.add(message, local(us))
    return plain(codec.take())


@pytest.fixture
def usdm() -> MarketDataCodec:
    """A codec of BTCUSDT, USD-M."""
    return MarketDataCodec(parse_symbol("BTCUSDT-PERP.BINANCE"))


@pytest.fixture
def spot() -> MarketDataCodec:
    """A codec of BTCUSDT, spot."""
    return MarketDataCodec(parse_symbol("BTCUSDT.BINANCE"))


def test_depth_update(usdm: MarketDataCodec) -> None:
    """Bids first, then asks; the matching engine's time; numbers exactly as written, zeros are removals."""
    message = m.usdm_depth(5, 9, 4, 10, [("58710.20", "0.014"), ("58000.00", "0.000")], [("61496.5", "12")])
    assert run(usdm, (15_000, message)) == [
        ("depth", "buy", "EL", "58710.2", "0.014", 10, 15_000),
        ("depth", "buy", "EL", "58000", "0", 10, 15_000),
        ("depth", "sell", "EL", "61496.5", "12", 10, 15_000),
    ]
    assert (usdm.counters.depth, usdm.counters.levels, usdm.counters.zero_levels) == (1, 3, 1)


def test_trades_name_the_side_of_the_aggressor(usdm: MarketDataCodec) -> None:
    """A buyer whose order rested was hit by a seller. The venue's id is kept."""
    usdm.add(m.usdm_trade(71, 10, "61800.30", "0.006", False), local(15))
    usdm.add(m.usdm_trade(72, 11, "61800.20", "1", True), local(16))
    rows = usdm.take()
    assert [r[:5] for r in plain(rows)] == [
        ("trade", "buy", "EL", "61800.3", "0.006"),
        ("trade", "sell", "EL", "61800.2", "1"),
    ]
    assert rows["order_id"].tolist() == [71, 72]


def test_trades_outside_of_the_book_are_left_out(usdm: MarketDataCodec) -> None:
    """Fills of the insurance fund did not happen in the book; Binance sends some with price 0."""
    assert run(usdm, (1, m.usdm_trade(71, 10, "0", "0", False, X="NA"))) == []
    assert run(usdm, (1, m.usdm_trade(72, 10, "61800", "3", False, X="INSURANCE_FUND"))) == []
    assert usdm.counters.trades_not_market == 2


def test_a_trade_counts_once_whichever_stream_brings_it(usdm: MarketDataCodec) -> None:
    """trade and aggTrade share their ids; repeated ones after a reconnection are dropped, too."""
    rows = run(
        usdm,
        (1, m.usdm_trade(70, 10, "100", "1", False)),
        (2, m.agg_trade(70, 70, 10, "100", "1")),
        (3, m.agg_trade(71, 74, 11, "101", "4")),
        (4, m.usdm_trade(73, 11, "101", "1", False)),
        (5, m.usdm_trade(75, 12, "102", "1", False)),
        (6, m.usdm_trade(75, 12, "102", "1", False)),
        (7, m.agg_trade(74, 76, 13, "102", "3")),  # half of it is known
    )
    assert [(r[3], r[4]) for r in rows] == [("100", "1"), ("101", "4"), ("102", "1")]
    assert (usdm.counters.trades, usdm.counters.trades_dropped) == (3, 4)


def test_book_ticker_is_a_kind_of_its_own(usdm: MarketDataCodec) -> None:
    """Best bid and ask with the update id; an id not above the last is dropped."""
    usdm.add(m.usdm_ticker(50, 10, "99.9", "1", "100.1", "2"), local(15))
    usdm.add(m.usdm_ticker(50, 10, "99.9", "1", "100.1", "2"), local(16))
    usdm.add(m.usdm_ticker(49, 10, "99.9", "1", "100.1", "2"), local(17))
    rows = usdm.take()
    assert plain(rows) == [
        ("best bid", "", "EL", "99.9", "1", 10, 15),
        ("best ask", "", "EL", "100.1", "2", 10, 15),
    ]
    assert rows["ival"].tolist() == [50, 50]
    assert usdm.counters.tickers_dropped == 2


def test_mark_index_and_funding(usdm: MarketDataCodec) -> None:
    """At the event's time: T is when the next funding is due."""
    message = m._dump(
        {
            "e": "markPriceUpdate",
            "E": m.T0 + 10,
            "s": "BTCUSDT",
            "p": "11794.15",
            "i": "11784.6",
            "r": "-0.00038167",
            "T": m.T0 + 3_600_000,
        }
    )
    usdm.add(message, local(15))
    rows = usdm.take()
    assert [(r[0], r[3], r[5]) for r in plain(rows)] == [
        ("mark", "11794.15", 10),
        ("index", "11784.6", 10),
        ("funding", "-0.00038167", 10),
    ]
    assert int(rows["ival"][2]) == (m.T0 + 3_600_000) * 10**6


def test_snapshot_clears_everything_and_repeats_what_is_newer(usdm: MarketDataCodec) -> None:
    """The exchange's order has the newer difference after the snapshot already; the local one has not."""
    rows = run(
        usdm,
        (100, m.usdm_depth(5, 9, 4, 10, [("99", "1")], [("101", "1")])),
        (200, m.usdm_depth(11, 19, 9, 20, [("98", "0")], [])),
        (300, m.usdm_depth(21, 29, 19, 30, [("97", "7")], [])),
        (400, m.usdm_snapshot(25, 25, [("99", "2"), ("98", "3")], [("101", "4")])),
    )
    assert rows[4:] == [
        ("clear", "", "EL", "0", "0", 25, 400),
        ("snapshot", "buy", "EL", "99", "2", 25, 400),
        ("snapshot", "buy", "EL", "98", "3", 25, 400),
        ("snapshot", "sell", "EL", "101", "4", 25, 400),
        ("depth", "buy", "L", "97", "7", 30, 400),
    ]
    assert (usdm.counters.repeated_levels, usdm.counters.snapshot_levels) == (1, 3)
    assert (usdm.counters.levels, usdm.counters.zero_levels) == (4, 1)


def test_repeated_removals_are_counted_once(usdm: MarketDataCodec) -> None:
    """Counters speak of what the venue sent."""
    run(
        usdm,
        (100, m.usdm_depth(5, 9, 4, 10, [("99", "0.00"), ("98", "1")], [])),
        (400, m.usdm_snapshot(7, 5, [("99", "2")], [])),
    )
    assert (usdm.counters.levels, usdm.counters.zero_levels) == (2, 1)


def test_gap_is_marked_and_repaired(usdm: MarketDataCodec) -> None:
    """From the break to the snapshot that fits."""
    rows = run(
        usdm,
        (100, m.usdm_snapshot(9, 5, [("99", "2")], [("101", "4")])),
        (200, m.usdm_depth(10, 19, 9, 10, [("99", "3")], [])),
        (300, m.usdm_depth(30, 39, 29, 20, [("98", "1")], [])),
        (400, m.usdm_snapshot(35, 15, [("99", "5")], [("101", "6")])),
        (500, m.usdm_depth(40, 49, 39, 30, [("99", "7")], [])),
    )
    assert rows[3:] == [
        ("depth", "buy", "EL", "99", "3", 10, 200),
        ("gap begins", "", "EL", "0", "0", 20, 300),
        ("depth", "buy", "EL", "98", "1", 20, 300),
        ("clear", "", "EL", "0", "0", 15, 400),
        ("snapshot", "buy", "EL", "99", "5", 15, 400),
        ("snapshot", "sell", "EL", "101", "6", 15, 400),
        ("depth", "buy", "L", "98", "1", 20, 400),
        ("gap ends", "", "EL", "0", "0", 20, 400),
        ("depth", "buy", "EL", "99", "7", 30, 500),
    ]
    assert usdm.book.counters.gaps == 1


def test_further_snapshot_clears_its_own_range(usdm: MarketDataCodec) -> None:
    """Side by side, down or up to its last level."""
    rows = run(
        usdm,
        (100, m.usdm_snapshot(9, 5, [("99", "2"), ("90", "1")], [("101", "4")])),
        (200, m.usdm_depth(10, 19, 9, 10, [("99", "3")], [])),
        (300, m.usdm_snapshot(19, 10, [("99", "3"), ("95", "1")], [("101", "4"), ("102", "5")])),
    )
    assert rows[5:7] == [
        ("clear", "buy", "EL", "95", "0", 10, 300),
        ("clear", "sell", "EL", "102", "0", 10, 300),
    ]
    assert [r[0] for r in rows[7:]] == ["snapshot"] * 4


def test_duplicates_leave_no_rows(usdm: MarketDataCodec) -> None:
    """The same difference again, and one from before."""
    message = m.usdm_depth(5, 9, 4, 10, [("99", "1")], [])
    assert len(run(usdm, (1, message), (2, message), (3, m.usdm_depth(1, 4, 0, 5, [("98", "1")], [])))) == 1
    assert (usdm.book.counters.duplicates, usdm.book.counters.out_of_order) == (1, 1)


def test_answers_leave_no_rows(usdm: MarketDataCodec) -> None:
    """Acknowledgements are counted, errors are kept as notices, other streams are counted."""
    assert run(usdm, (1, b'{"result":null,"id":1}')) == []
    assert run(usdm, (2, b'{"code":-1003,"msg":"Too many requests"}')) == []
    assert run(usdm, (3, b'{"id":3,"error":{"code":2,"msg":"bad"}}')) == []
    assert (
        run(usdm, (4, m._dump({"e": "kline", "E": 1, "s": "BTCUSDT", "k": {"t": 1}}, "btcusdt@kline_1m")))
        == []
    )
    c = usdm.counters
    assert (c.answers, c.venue_errors, c.ignored) == (1, 2, 1)
    assert usdm.notices == ["-1003 Too many requests", '{"code":2,"msg":"bad"}']


def test_spot_times(spot: MarketDataCodec) -> None:
    """Depth has E only, a trade T; a ticker gets the latest time seen."""
    rows = run(
        spot,
        (100, m.spot_depth(5, 9, 10, [("99", "1")], [])),
        (200, m.spot_trade(1, 12, "100", "1", True)),
        (250, m.spot_trade(2, 11, "100", "1", True)),
        (300, m.spot_ticker(10, "99", "1", "101", "2")),
    )
    assert [(r[0], r[5]) for r in rows] == [
        ("depth", 10),
        ("trade", 12),
        ("trade", 11),
        ("best bid", 12),
        ("best ask", 12),
    ]


def test_spot_snapshot_has_the_time_of_the_difference_that_contains_it(spot: MarketDataCodec) -> None:
    """And that difference comes again in both orders, because it reaches beyond the snapshot."""
    rows = run(
        spot,
        (100, m.spot_depth(5, 9, 10, [("99", "1")], [])),
        (200, m.spot_depth(10, 19, 20, [("98", "1")], [])),
        (300, m.spot_snapshot(15, [("99", "2")], [])),
    )
    assert rows[2:] == [
        ("clear", "", "EL", "0", "0", 20, 300),
        ("snapshot", "buy", "EL", "99", "2", 20, 300),
        ("depth", "buy", "EL", "98", "1", 20, 300),
    ]


@pytest.mark.parametrize(("us", "expected"), [(5_000, 5), (15_000, 10)])
def test_spot_snapshot_before_any_time(spot: MarketDataCodec, us: int, expected: int) -> None:
    """It waits for the first exchange time, and is never later than it, even if the local clock is ahead."""
    assert run(spot, (us, m.spot_snapshot(4, [("99", "2")], []))) == []
    rows = run(spot, (us + 9, m.spot_depth(5, 9, 10, [("98", "1")], [])))
    assert [(r[0], r[5], r[6]) for r in rows] == [
        ("clear", expected, us),
        ("snapshot", expected, us),
        ("depth", 10, us + 9),
    ]


def test_what_waits_at_the_end_gets_its_local_time(spot: MarketDataCodec) -> None:
    """A recording of tickers only has no other time."""
    assert run(spot, (7_000, m.spot_ticker(10, "99", "1", "101", "2"))) == []
    spot.end()
    assert [(r[0], r[5]) for r in plain(spot.take())] == [("best bid", 7), ("best ask", 7)]


def test_spot_ids_follow_each_other(spot: MarketDataCodec) -> None:
    """U must be the last u + 1."""
    rows = run(spot, (1, m.spot_depth(5, 9, 10, [("99", "1")], [])), (2, m.spot_depth(11, 12, 11, [], [])))
    assert [r[0] for r in rows] == ["depth", "gap begins"]


def test_microseconds_of_the_venue(spot: MarketDataCodec) -> None:
    """Streams with timeUnit=MICROSECOND have 16 digits."""
    spot.add(m.spot_depth(5, 9, 0, [("99", "1")], [], E=m.T0 * 1000 + 123), local(300))
    assert int(spot.take()["exch_ts"][0]) == m.T0 * 10**6 + 123_000


def test_fed_one_by_one_or_together(usdm: MarketDataCodec) -> None:
    """Batches are only faster."""
    stream = [
        m.usdm_depth(5, 9, 4, 10, [("99", "1")], [("101", "1")]),
        m.usdm_trade(1, 12, "100", "1", True),
        m.usdm_snapshot(9, 13, [("99", "5")], []),
        m.usdm_ticker(10, 14, "99", "5", "101", "1"),
    ]
    one_by_one = np.concatenate([usdm.feed(message, local(i)) for i, message in enumerate(stream)])
    together = MarketDataCodec(usdm.symbol)
    for i, message in enumerate(stream):
        together.add(message, local(i))
    assert one_by_one.tobytes() == together.take().tobytes()


BAD: list[tuple[str, bytes, str]] = [
    (
        "usdm",
        m.spot_depth(5, 9, 10),
        "messages of binance-usdm, got a depthUpdate without pu or T, as of binance-spot",
    ),
    (
        "spot",
        m.usdm_depth(5, 9, 4, 10),
        "messages of binance-spot, got a depthUpdate with pu or T, as of futures",
    ),
    ("usdm", m.spot_ticker(1, "1", "1", "2", "1"), "got a bookTicker without T, as of binance-spot"),
    ("spot", m.usdm_ticker(1, 1, "1", "1", "2", "1"), "got a bookTicker with T, as of futures"),
    ("usdm", m.spot_snapshot(1, [], []), "got a depth snapshot without T, as of binance-spot"),
    ("spot", m.usdm_snapshot(1, 1, [], []), "got a depth snapshot with T, as of futures"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, s="ETHUSDT"), "messages of BTCUSDT, got one of ETHUSDT"),
    ("usdm", m.usdm_trade(5, 9, "1", "1", True, s="ETHUSDT"), "messages of BTCUSDT, got one of ETHUSDT"),
    (
        "usdm",
        m.usdm_snapshot(1, 1, [], [], symbol="ETHUSDT"),
        "messages of BTCUSDT, got a snapshot of ETHUSDT",
    ),
    (
        "usdm",
        b'{"channel":"l2Book","data":{"coin":"BTC","levels":[]}}',
        'binance-usdm, got {"channel":"l2Book"',
    ),
    ("usdm", b'{"channel":"trades","data":[{"coin":"BTC"}]}', "a market-data message of binance-usdm, got"),
    ("usdm", b'{"topic":"orderbook.50.BTCUSDT","type":"snapshot"}', "a market-data message of binance-usdm"),
    ("usdm", b"[1,2,3]", "a market-data message of binance-usdm, got [1,2,3]"),
    ("usdm", b"12", "a market-data message of binance-usdm, got 12"),
    ("usdm", m.usdm_depth(5, 9, 4, 10)[:-20], "one complete JSON message, got"),
    ("usdm", b"", "one complete JSON message, got"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, [("x", "1")]), "a decimal number of at most 18 digits, got 'x'"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, [("1,2", "1")]), "a decimal number of at most 18 digits, got '1,2'"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, [("NaN", "1")]), "a decimal number of at most 18 digits, got 'NaN'"),
    (
        "usdm",
        m.usdm_depth(5, 9, 4, 10, [("0.0", "1")]),
        "a price above 0 and a quantity of at least 0, got price 0",
    ),
    ("usdm", m.usdm_depth(5, 9, 4, 10, [("-1", "1")]), "got price -1, quantity 1"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, [("1", "-1")]), "got price 1, quantity -1"),
    ("usdm", m.usdm_depth(5, 9, 4, 10, b=[["1"]]), 'levels as [["price","quantity"],...], got [["1"]]'),
    ("usdm", m.usdm_depth(5, 9, 4, 10, b=[[1.5, 2]]), 'levels as [["price","quantity"],...], got'),
    ("usdm", m.usdm_depth(5, 0, 4, 10), "a depthUpdate with U, u, E, b and a, got one that lacks some"),
    ("usdm", m.usdm_trade(5, 9, "", "1", True), "a decimal number of at most 18 digits, got ''"),
    ("usdm", m.agg_trade("1", 2, 9, "1", "1"), "a trade with an id, m and T"),  # type: ignore[arg-type]
    ("usdm", m.usdm_trade(1 << 63, 9, "1", "1", True), "a market-data message of binance-usdm, got"),
    ("usdm", m.usdm_trade(1, 10**19, "1", "1", True), "a market-data message of binance-usdm, got"),
    (
        "usdm",
        m._dump({"e": "trade", "s": "BTCUSDT", "t": 5, "p": "1", "q": "1"}),
        "a trade with an id, m and T",
    ),
]


@pytest.mark.parametrize(("market", "message", "text"), BAD)
def test_bad_messages(market: str, message: bytes, text: str, request: Any) -> None:
    """Each is refused with what was expected, what came, and the place that was given."""
    codec: MarketDataCodec = request.getfixturevalue(market)
    with pytest.raises(DataError) as error:
        codec.add(message, local(1), 42)
        codec.take()
    assert text in str(error.value)
    assert error.value.where == 42


def test_coin_margined_messages_name_their_pair() -> None:
    """That tells them from USD-M; the symbol of a snapshot and the pair of an index price are checked."""
    codec = MarketDataCodec(parse_symbol("BTCUSD-PERP.BINANCE"))
    message = m.usdm_depth(5, 9, 4, 10, [("99", "1")], s="BTCUSD_PERP", ps="BTCUSD")
    assert len(codec.feed(message, local(1))) == 1
    index = {"e": "indexPriceUpdate", "E": m.T0 + 10, "i": "BTCUSD", "p": "9636.57860000"}
    assert plain(codec.feed(m._dump(index), local(2)))[0][:6] == ("index", "", "EL", "9636.5786", "0", 10)
    with pytest.raises(DataError, match="messages of BTCUSD, got one of ETHUSD"):
        codec.feed(m._dump(index | {"i": "ETHUSD"}), local(3))
    with pytest.raises(DataError, match="a depthUpdate without ps, as of binance-usdm"):
        codec.feed(m.usdm_depth(10, 19, 9, 20, s="BTCUSD_PERP"), local(4))
