"""`truefill verify`: a table, JSON, a report file, an exit status."""

import json

import pytest

from tests.tape.test_builder import event, events
from truefill.core.events import DEPTH_SNAPSHOT, GAP_BEGIN, GAP_END, SELL
from truefill.tape import build_tape, write_npz


@pytest.fixture
def crossed(folder):
    """Events whose book is crossed, with a gap after it."""
    rows = events(
        event(DEPTH_SNAPSHOT, px=99.5),
        event(DEPTH_SNAPSHOT, px=100.5, side=SELL),
        event(px=101.0, local=3000),
        event(px=101.0, qty=0, local=4000),
        event(GAP_BEGIN, side=0, local=5000),
        event(GAP_END, side=0, local=6000),
    )
    write_npz(rows, folder / "crossed.npz")
    return "crossed.npz"


def test_a_sound_tape(truefill):
    done = truefill("verify", "market.tape", "--strict")
    assert done.exit_code == 0
    assert "✓ market.tape: no error" in done.stdout
    assert "DEMO-PERP.SYNTH" in done.stdout


def test_a_table_and_a_status_of_what_is_wrong(truefill, crossed):
    done = truefill("verify", crossed, "market.tape")
    assert done.exit_code == 1
    for part in (
        "error",
        "crossed",
        "after 1 messages",
        "gap from",
        "1970-01-01 00:00:00.000005",
        "would be wrong",
    ):
        assert part in done.stdout
    assert "✓ market.tape: no error" in done.stdout


def test_json_and_the_report_file_are_the_same(truefill, crossed, folder):
    done = truefill("verify", crossed, "--json", "--out", "report.json", "--stale", "1us")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told == json.loads((folder / "report.json").read_text())
    (stream,) = told["streams"]
    assert (told["sound"], stream["errors"], stream["kind"], stream["rows"]) == (False, 1, "npz", 6)
    assert stream["gaps"] == [[5000, 6000]]
    assert [f["kind"] for f in stream["findings"]] == ["crossed", "gap"]


def test_strict_refuses_warnings(truefill, folder):
    build_tape(events(event()), symbol="X.TEST", path=folder / "x.tape")
    assert truefill("verify", "x.tape").exit_code == 0
    assert truefill("verify", "x.tape", "--strict").exit_code == 1


def test_what_cannot_be_checked_is_one_line(truefill, folder):
    for words in (("none.tape",), ("strategy.py",), ("market.tape", "--stale", "soon")):
        done = truefill("verify", *words, "--out", "report.json")
        assert done.exit_code == 2
        assert done.stderr.startswith("error: ")
        assert done.stdout == ""
    assert not (folder / "report.json").exists()


def test_a_report_that_cannot_be_written(truefill):
    done = truefill("verify", "market.tape", "--out", "nowhere/report.json")
    assert done.exit_code == 2
    assert "existing folder" in done.stderr


def test_options_of_a_format(truefill, folder):
    (folder / "t.toml").write_text(
        'kind = "trade"\nexchange_time = "t"\ntime_unit = "ns"\nprice = "p"\nquantity = "q"\nside = "s"\n'
    )
    (folder / "t.csv").write_text("t,p,q,s\n1730130143833000000,1.5,2,1\n")
    done = truefill("verify", "t.csv", "--format", "mapped", "--option", "mapping=t.toml", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["streams"][0]["rows"] == 1
