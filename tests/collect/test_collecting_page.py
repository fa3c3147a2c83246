"""The commands of the page "How to record a market", venue by venue, on archives as a collector writes them.

`truefill collect` itself needs the venue; that its symbol leads to the file that the next command names is
seen here.
"""

import gzip
from pathlib import Path

import pytest

from tests.test_docs import ROOT, commands
from tests.venues.makers import MAKERS, Maker
from truefill import open_tape
from truefill.cli.main import app
from truefill.collect.store import file_name
from truefill.venues import Venue, parse_symbol, venue_symbol

PAGE = ROOT / "docs" / "collecting.md"
VENUES = {venue.value for venue in Venue}
NAMED = [words for words in commands(PAGE, "console") if words[-1].removesuffix(".tape") in VENUES]
STEPS = list(zip(NAMED[::3], NAMED[1::3], NAMED[2::3], strict=True))


def archive(maker: Maker) -> bytes:
    """Lines of an instrument: a book, changes and trades of some seconds."""
    maker.open()
    lines = []
    if maker.fetches:
        lines.append(maker.make_change(9, [("99.5", "2.0")], []))
    maker.bids, maker.asks = {}, {}
    sides = [("100.0", "1.0"), ("99.5", "2.0")], [("100.5", "1.5"), ("101.0", "2.5")]
    maker.snapshot(10, *sides)
    lines.append(maker.snapshot_message(10, *sides))
    for n in range(11, 31):
        lines.append(maker.make_change(n, [("100.0", f"{n}.0")], []))
        lines.append(maker.trade_message(n, "100.5", "0.25", True))
    start = maker.now + 1_000_000_000
    texts = [maker.codec.line(line) for line in lines]
    return b"".join(b"%d %b\n" % (start + 50_000_000 * k, text) for k, text in enumerate(texts))


def test_every_company_is_on_the_page() -> None:
    """Three commands each."""
    venues = [Venue(step[0][-1]) for step in STEPS]
    assert {venue.company for venue in venues} == {venue.company for venue in Venue}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step[0][-1])
def test_from_an_archive_to_a_verified_tape(
    step: tuple[list[str], ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page's own words."""
    collect, convert, verify = step
    assert [words[1] for words in step] == ["collect", "convert", "verify"]
    symbol, folder = parse_symbol(collect[2]), tmp_path / collect[-1] / "raw"
    native = convert[convert.index("--symbol") + 1]
    assert symbol == venue_symbol(Venue(collect[-1]), native)
    maker = next(m for m in MAKERS if m.venue is symbol.venue and m.native == native)()
    folder.mkdir(parents=True)
    file = folder / f"{file_name(native)}_20231114.gz"
    file.write_bytes(gzip.compress(archive(maker), 1))
    monkeypatch.chdir(tmp_path)
    (found,) = [str(path.relative_to(tmp_path)) for path in tmp_path.glob(convert[2])]
    for words in ([*convert[1:2], found, *convert[3:]], verify[1:]):
        with pytest.raises(SystemExit) as ended:
            app(words)
        assert ended.value.code in (None, 0), words
    tape = open_tape(tmp_path / verify[-1]).header
    assert tape.symbol == str(symbol)
    assert (tape.last_best_bid, tape.last_best_ask) == ("100", "100.5")
