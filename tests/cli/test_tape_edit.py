"""`truefill tape cut | join | resample`."""

import json

import pytest

from truefill.tape import Tape


def test_cut_and_joined_again(truefill, folder):
    tape = Tape.open(folder / "market.tape")
    middle = tape.header.first_ts // 1_000_000_000 * 1_000_000_000 + 9_000_000_000
    iso = f"2025-01-01T00:00:{middle // 1_000_000_000 % 60:02d}Z"
    assert truefill("tape", "cut", "market.tape", "--to", middle, "--out", "a.tape").exit_code == 0
    done = truefill("tape", "cut", "market.tape", "--from", iso, "--out", "b.tape", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["book_at"] == middle - 1
    done = truefill("tape", "join", "a.tape", "b.tape", "--out", "again.tape")
    assert done.exit_code == 0, done.stderr
    assert Tape.open(folder / "again.tape").header.content_hash == tape.header.content_hash
    assert "DEMO-PERP.SYNTH" in done.stdout
    assert truefill("verify", "b.tape").exit_code == 0


def test_resampled(truefill, folder):
    done = truefill("tape", "resample", "market.tape", "--every", "100ms", "--out", "coarse.tape")
    assert done.exit_code == 0, done.stderr
    assert "every 100000000 ns" in done.stdout
    assert len(Tape.open(folder / "coarse.tape").local.code) < len(
        Tape.open(folder / "market.tape").local.code
    )


@pytest.mark.parametrize(
    "words",
    [
        ("cut", "market.tape", "--from", "yesterday"),
        ("cut", "market.tape", "--from", "2031-01-01"),
        ("join", "market.tape", "market.tape"),
        ("resample", "market.tape", "--every", "0ns"),
        ("join", "market.tape", "none.tape"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(truefill, folder, words):
    before = sorted(folder.iterdir())
    done = truefill("tape", *words, "--out", "x.tape")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert sorted(folder.iterdir()) == before
