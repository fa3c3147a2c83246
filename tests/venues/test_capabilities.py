"""The table of what the codecs do: the page shows it, and every venue in it has a codec that passes."""

from pathlib import Path

from tests.venues.makers import speakers
from truefill.venues import Venue
from truefill.venues.capabilities import CAPABILITIES, UNVERIFIED, capabilities_table
from truefill.venues.codecs import codec_type, has_codec

PAGE = Path(__file__).resolve().parents[2] / "docs" / "venues.md"


def test_the_page_shows_the_table() -> None:
    """To write it anew: put `capabilities_table()` between the two marks."""
    text = PAGE.read_text()
    _, _, rest = text.partition("<!-- table -->\n")
    shown, mark, _ = rest.partition("\n<!-- end of table -->")
    assert mark
    assert shown.strip() == capabilities_table()


def test_each_venue_of_the_table_has_a_codec_and_is_tested() -> None:
    """The numbered acceptance tests have a maker of each row's protocol, and it does what the row says."""
    listed = {venue for c in CAPABILITIES for venue in c.venues}
    assert listed == {venue for venue in Venue if has_codec(venue)}
    for c in CAPABILITIES:
        for maker in speakers(c.protocol):
            assert any(maker.venue in row.venues for row in CAPABILITIES if row.protocol == c.protocol)
            assert maker.fetches <= ("REST" in c.snapshot)
            assert maker.tells_gaps == (not c.gap_rule.startswith(("nothing", "each message is the whole")))
    assert len({(c.protocol, c.venues) for c in CAPABILITIES}) == len(CAPABILITIES)


def test_the_table_names_the_channels_that_a_codec_has() -> None:
    """No more and no fewer: what may be asked for is what is read."""
    for venue in Venue:
        listed = {channel for c in CAPABILITIES if venue in c.venues for channel in c.channels.split()}
        assert listed == set(codec_type(venue).offered_by(venue)), venue


def test_nothing_is_empty_that_a_reader_needs() -> None:
    """Each protocol says how a gap is told, and by what it was verified, or that it was not."""
    for c in CAPABILITIES:
        assert c.gap_rule
        assert c.date
        assert c.verified == UNVERIFIED or c.verified[0].isdigit()
        assert set(c.channels.split()) <= {"depth", "trades", "best", "marks", "klines"}
        assert ("checksum" in c.gap_rule) <= bool(c.checksum)
