"""`truefill tape fuse`: the tape is that of `truefill.tape.fuse`, whatever the files are."""

import json
import random

import numpy as np
import pytest

from tests.tape.fuse_streams import random_venue
from truefill.core.events import EXCH, LOCAL
from truefill.tape import Tape, build_tape, fuse, tape_events, write_parquet as to_parquet

NAME = "FUSED.TEST"
NAMES = ("deep", "near", "best")


@pytest.fixture
def venue(folder):
    """Three streams of a made venue as .npz files in the folder, best prices last."""
    venue = random_venue(random.Random(5))
    for name in NAMES:
        np.savez(folder / f"{name}.npz", data=rows_of(venue, name))
    return venue


def rows_of(venue, name):
    """A stream's rows, which both sides have seen."""
    rows = np.concatenate(getattr(venue, name))
    rows["ev"] |= np.uint64(EXCH | LOCAL)
    return rows


def steps(venue):
    """Options that an .npz file does not tell."""
    return ("--symbol", NAME, "--tick-size", venue.tick, "--lot-size", venue.lot)


def fused(venue, **about):
    """What the library makes of the streams."""
    streams = [rows_of(venue, name) for name in NAMES]
    events = fuse(streams, tick_size=venue.tick, lot_size=venue.lot, **about)
    return build_tape(events, symbol=NAME, tick_size=venue.tick, lot_size=venue.lot)


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ((), {}),
        (("--only-mentioned",), {"complete": False}),
        (("--newer-by", "number"), {"newer_by": "ival"}),
    ],
)
def test_a_tape_is_what_the_library_makes(truefill, folder, venue, options, about):
    files = ("deep.npz", "near.npz", "best.npz")
    done = truefill("tape", "fuse", *files, *steps(venue), "--out", "f.tape", *options, "--json")

    assert done.exit_code == 0, done.output
    made, expected = Tape.open(folder / "f.tape"), fused(venue, **about)
    assert made.header.content_hash == expected.header.content_hash
    assert made.header.source == list(files)
    told = json.loads(done.stdout)
    assert told["events"] == expected.header.events
    assert told["given"] == sum(len(rows_of(venue, name)) for name in NAMES)


def test_levels_are_those_of_each_file(truefill, folder, venue):
    files = ("deep.npz", "near.npz", "best.npz")
    levels = f"all,{venue.near_levels},all"
    done = truefill("tape", "fuse", *files, *steps(venue), "--out", "f.tape", "--levels", levels)

    assert done.exit_code == 0, done.output
    expected = fused(venue, ranges=(None, venue.near_levels, None))
    assert Tape.open(folder / "f.tape").header.content_hash == expected.header.content_hash
    assert "instrument" in done.stdout and NAME in done.stdout and "near.npz" in done.stdout


def test_tapes_and_parquet_name_their_instrument(truefill, folder, venue):
    about = {"symbol": NAME, "tick_size": venue.tick, "lot_size": venue.lot}
    deep = build_tape(rows_of(venue, "deep"), path=folder / "deep.tape", **about)
    to_parquet(rows_of(venue, "best"), folder / "best.parquet", **about)
    done = truefill("tape", "fuse", "deep.tape", "best.parquet", "--out", "f.tape")

    assert done.exit_code == 0, done.output
    events = fuse([tape_events(deep), rows_of(venue, "best")], tick_size=venue.tick, lot_size=venue.lot)
    expected = build_tape(events, **about)
    made = Tape.open(folder / "f.tape")
    assert made.header.content_hash == expected.header.content_hash
    assert (made.symbol, made.header.venue) == (NAME, "TEST")


REFUSED = {
    "no symbol": (("deep.npz", "best.npz"), "--symbol: none of the files names it"),
    "no step": (("deep.npz", "best.npz", "--symbol", "A.B"), "--tick-size: none of the files names it"),
    "two instruments": (
        ("market.tape", "other.tape"),
        "(market.tape) and OTHER.SYNTH (other.tape)",
    ),
    "no file": (("market.tape", "nowhere.tape"), "nowhere.tape"),
    "levels of one": (("market.tape", "market.tape", "--levels", "5"), "for each of 2 files"),
    "no levels": (("market.tape", "--levels", "0"), "for each of 1 files"),
    "off the tick": (("market.tape", "--tick-size", "7"), "market.tape"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_line_and_leaves_nothing(truefill, folder, venue, name):
    build_tape(
        tape_events(Tape.open(folder / "market.tape")), symbol="OTHER.SYNTH", path=folder / "other.tape"
    )
    arguments, message = REFUSED[name]
    done = truefill("tape", "fuse", *arguments, "--out", "f.tape")

    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "f.tape").exists()


def test_help_teaches(truefill):
    done = truefill("tape", "fuse", "--help")

    assert done.exit_code == 0
    for part in ("--levels", "--newer-by", "best prices last", "truefill tape fuse depth.tape"):
        assert part in done.stdout
