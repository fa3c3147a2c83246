"""The codec of Independent Reserve on a whole session of a live client, and what is special to it."""

import json
from decimal import Decimal

import numpy as np
import pytest

from tests.support.sessions import Entry, RowsBook, replay
from tests.venues.makers import IndependentReserve
from truefill import build_tape
from truefill.core import events as ev
from truefill.core.errors import DataError
from truefill.venues import Venue, venue_symbol
from truefill.venues.codec import VenueCodec
from truefill.venues.independent_reserve import IndependentReserveCodec
from truefill.venues.numbers import iso_time, uuid_id
from truefill.venues.wants import Fetch

NAME = "independent_reserve_l3_20220403"
PAIRS = "pmgt-nzd eth-aud bch-sgd matic-usd dot-nzd"


@pytest.mark.needs_shared
def test_session() -> None:
    """The counts of the recordings' own list; no number is missing, nothing is crossed. A cancellation later
    than the list of orders is of one in it or added since, and the books are those of a simpler reader.
    """
    codec = IndependentReserveCodec([venue_symbol(Venue.INDEPENDENT_RESERVE, p) for p in PAIRS.split()])
    codec.connected(0)
    twins: dict[str, dict[str, tuple[str, Decimal]]] = {}
    unknown = []
    made: dict[str, str] = {}

    def snapshot(entry: Entry) -> tuple[VenueCodec, str] | None:
        if "GetAllOrders" not in entry.url:
            return None
        m = json.loads(entry.data, parse_float=Decimal)
        native = f"{m['PrimaryCurrencyCode']}-{m['SecondaryCurrencyCode']}".lower()
        made[native] = m["CreatedTimestampUtc"]
        twins[native] = {
            order["Guid"]: (side, order["Price"])
            for side, orders in (("LimitBid", m["BuyOrders"]), ("LimitOffer", m["SellOrders"]))
            for order in orders
        }
        return codec, native

    def after(codec: VenueCodec, entry: Entry) -> None:
        m = json.loads(entry.data, parse_float=Decimal)
        for native, twin in twins.items():
            if m.get("Channel") != f"orderbook-{native.partition('-')[0]}":
                continue
            guid = m["Data"]["OrderGuid"]
            if m["Event"] == "NewOrder":
                twin[guid] = m["Data"]["OrderType"], m["Data"]["Price"][native.partition("-")[2]]
            elif twin.pop(guid, None) is None:
                unknown.append(m["Time"])
                assert iso_time(made[native]) > m["Time"] * 1_000_000

    rows = replay(NAME, lambda conn: codec, after, snapshot)
    c, b = codec.counters, codec.book_counters
    assert (c.messages, c.depth, c.zero_levels, c.heartbeats, c.answers) == (1670, 1663, 832, 1, 1)
    assert (b.snapshots, b.snapshots_refused) == (5, 0)
    assert (b.gaps, b.duplicates, b.out_of_order, b.crossed) == (0, 0, 0, 0)
    assert c.ignored == 1  # a bid at 0.0 US dollars
    assert len(unknown) == 37  # all of before the list was made
    for native, stream in codec.streams.items():
        assert stream.book.valid
        book = RowsBook()
        every = rows[str(stream.symbol)]
        start = np.flatnonzero((every["ev"] & ev.KIND_MASK) == ev.DEPTH_CLEAR)[0]
        book.apply(every[start:])
        sides = {"LimitBid": ev.BUY, "LimitOffer": ev.SELL}
        expected = {uuid_id(guid): (sides[side], px) for guid, (side, px) in twins[native].items() if px}
        assert {
            order_id: (side, Decimal(px).scaleb(px_exp))
            for order_id, (side, (px, px_exp), _) in book.orders.items()
        } == expected
    tape = build_tape(rows["PMGTNZD.INDEPENDENT_RESERVE"], symbol="PMGTNZD.INDEPENDENT_RESERVE")
    for view, kinds in tape.header.orders.items():
        assert (view, kinds["open_at_end"], kinds["unknown_cancel"]) == (view, 63, 0)
        assert kinds["duplicate_add"] == kinds["unknown_modify"] == 0


def list_of(orders: str, ms: int) -> bytes:
    """An answer of REST with these bids, made at this millisecond."""
    codes = '"PrimaryCurrencyCode":"Eth","SecondaryCurrencyCode":"Aud"'
    time = f'"CreatedTimestampUtc":"2023-11-14T22:13:20.{ms:03d}Z"'
    return f'{{"BuyOrders":[{orders}],"SellOrders":[],{codes},{time}}}'.encode()


GUIDS = [f"8b3e7e72-950c-4c4e-8000-{number:012x}" for number in range(1, 5)]


def fetched(maker: IndependentReserve, body: bytes) -> RowsBook:
    maker.codec.fetched(Fetch("", maker.native), body, maker.now, 1)
    ((_, rows),) = maker.codec.take()
    book = RowsBook()
    book.apply(rows)
    return book


def test_snapshot_and_messages_meet_in_any_order() -> None:
    """A message counts once, whether the list of orders was made before or after it."""
    new, gone, both, changed = GUIDS
    listed = [f'{{"Guid":"{guid}","Price":100.0,"Volume":5.0}}' for guid in (gone, both, changed)]
    then = [f'{{"Guid":"{new}","Price":101.0,"Volume":1.0}}', listed[1], listed[2].replace("5.0", "2.5")]
    for body in (list_of(",".join(listed), 1), list_of(",".join(then), 9)):
        maker = IndependentReserve()
        maker.open()
        for nonce, (event, guid, more) in enumerate(
            [
                ("NewOrder", new, ',"Price":{"aud":101.0},"Volume":1.0'),
                ("OrderCanceled", gone, ""),
                ("OrderChanged", changed, ',"Volume":2.5'),
            ]
        ):
            data = f'{{"OrderType":"LimitBid","OrderGuid":"{guid}"{more}}}'
            head = f'{{"Channel":"orderbook-eth","Nonce":{nonce},"Event":"{event}"'
            maker.feed(f'{head},"Time":1700000000001,"Data":{data}}}'.encode())
        assert fetched(maker, body).floats(ev.BUY) == {100.0: 7.5, 101.0: 1.0}
        assert maker.stream.book.valid


def test_a_falling_nonce_later_in_time_is_a_reset() -> None:
    """The venue counts anew: messages may be missing."""
    maker = IndependentReserve()
    maker.open()
    maker.snapshot(10, [("100.0", "1.0")], [("100.5", "1.0")])
    maker.change(11, [("99.0", "1.0")])
    maker.change(12, [("98.0", "1.0")])
    later = maker.change_message(13, [("97.0", "1.0")], []).replace(b'"Nonce":3', b'"Nonce":1')
    assert ev.GAP_BEGIN in maker.feed(later)["ev"] & ev.KIND_MASK
    assert maker.stream.book.counters.gaps == 1
    assert isinstance(maker.codec.wants()[0], Fetch)


def test_a_refused_list_of_orders_is_asked_for_again() -> None:
    """The book does not wait for ever for an answer that was none."""
    maker = IndependentReserve()
    maker.open()
    assert isinstance(maker.codec.wants()[0], Fetch)
    with pytest.raises(DataError):
        maker.codec.fetched(Fetch("", maker.native), b"<html>", maker.now)
    assert isinstance(maker.codec.wants()[0], Fetch)
    maker.change(11, [("100.0", "4.0")])
    assert maker.codec.wants() == []


def test_trades_of_2022_name_the_pair() -> None:
    """The channel was of one pair, and the price a number."""
    maker = IndependentReserve()
    maker.open()
    now = maker.trade_message(7, "100.5", "0.25", True)
    then = now.replace(b'{"Aud":100.5,"Usd":1.5}', b"100.5").replace(b"ticker-eth", b"ticker-eth-aud")
    rows = maker.feed(then)
    assert rows["order_id"].tolist() == [7]
    assert (rows["px"] * 10.0 ** rows["px_exp"]).tolist() == [100.5]
    assert len(maker.feed(now)) == 0
