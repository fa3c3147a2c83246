"""What a collector archives of each venue is read again by a reader of recordings, which fetches nothing."""

import pytest

from tests.support.sessions import RowsBook
from tests.venues.makers import MAKERS, Maker
from tests.venues.makers.coinbase import Coinbase
from tests.venues.makers.extended import Extended
from truefill.core import events as ev
from truefill.venues import venue_symbol
from truefill.venues.recorded import recorded_codec

# Forms that a recording has to be read in by a codec made for them.
CHOSEN = ("OkxWithoutSnapshots", "BitstampOrders")


@pytest.mark.parametrize("maker", [m for m in MAKERS if m.__name__ not in CHOSEN], ids=lambda m: m.__name__)
def test_an_archive_is_read_again(maker: type[Maker]) -> None:
    """Answers, snapshots by REST among the messages, messages that are no text: the book and the trade."""
    venue = maker()
    venue.open()
    lines = venue.acknowledgements()
    bids, asks = [("100.0", "1.0"), ("99.5", "2.0")], [("100.5", "1.5"), ("101.0", "2.5")]
    if venue.fetches:
        lines.append(venue.make_change(9, [("99.5", "2.0")], []))
    venue.bids, venue.asks = {}, {}
    venue.snapshot(10, bids, asks)  # so that the maker's own book has it
    lines.append(venue.snapshot_message(10, bids, asks))
    lines += [venue.make_change(11, [("100.0", "4.0")], []), venue.trade_message(71, "100.5", "0.5", True)]
    codec, book = recorded_codec(venue_symbol(venue.venue, venue.native)), RowsBook()
    for number, line in enumerate(lines, start=1):
        codec.add(venue.codec.line(line), venue.now + number * 1_000_000, number)
        book.apply(codec.take())
    codec.end()
    assert codec.book.valid
    assert codec.book.counters.gaps == 0
    assert codec.counters.trades == 1
    assert book.floats(ev.BUY) == {100.0: 4.0, 99.5: 2.0}
    assert book.floats(ev.SELL) == {100.5: 1.5, 101.0: 2.5}


@pytest.mark.parametrize("maker", [Coinbase, Extended])
def test_a_part_of_a_connection(maker: type[Extended]) -> None:
    """The venue numbers all of it: what was sent of other instruments is no gap here; a new connection counts
    anew, its book suspect until the snapshot.
    """
    venue = maker()
    venue.open()
    codec = recorded_codec(venue_symbol(venue.venue, venue.native))
    codec.add(venue.snapshot_message(10, [("100", "1")], [("101", "1")]), venue.now)
    venue.change_message(11, [], [])
    change = venue.change_message(12, [("99", "1")], [])
    codec.add(change, venue.now)
    codec.add(change, venue.now)
    counters = codec.book.counters
    assert (codec.book.valid, counters.gaps, counters.duplicates) == (True, 0, 1)
    venue.acknowledgements()  # numbers begin anew
    codec.add(venue.trade_message(71, "100", "1", True), venue.now)
    assert not codec.book.valid
    codec.add(venue.snapshot_message(20, [("100", "1")], [("101", "1")]), venue.now)
    assert codec.book.valid
    assert [int(bits) & ev.KIND_MASK for bits in codec.take()["ev"]].count(ev.GAP_BEGIN) == 1
