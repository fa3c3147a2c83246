"""`truefill calibrate TAPE|DIR`: a table, JSON, a page; folders of all kinds; one line for what is wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from truefill.collect import write_wide
from truefill.tape import Tape, cut, write_npz, write_parquet

QUICK = ("--window", "12s", "--step", "3s")


def test_table_json_and_page(truefill: Any, folder: Path) -> None:
    """The three say the same numbers; the word `market` may be left out."""
    done = truefill("calibrate", "market.tape", *QUICK, "--html", "page.html")
    assert done.exit_code == 0, done.output
    found = json.loads(truefill("calibrate", "market", "market.tape", *QUICK, "--json").stdout)
    assert found["unit"] == "tick" and found["settings"]["window"] == 12.0
    assert len(found["rolling"]) == 3 and len(found["volatility"]) == 7
    bid = found["sides"]["bid"]
    assert bid["a_band"][0] < bid["a"] < bid["a_band"][1]
    assert f"{bid['kappa']:.3g}" in done.stdout and bid["status"] in done.stdout
    for word in ("Intensity", "two_scale", "regression", "by blocks", "jump after a fill", "Rolling"):
        assert word in done.stdout
    assert "page written to page.html" in done.stderr
    assert 'id="chart-kappa"' in (folder / "page.html").read_text()


def test_units_are_a_factor(truefill: Any) -> None:
    """κ in 1/price is κ in 1/tick over the tick; σ the other way; A is A."""
    tick, price, share = (
        json.loads(truefill("calibrate", "market.tape", *QUICK, "--unit", unit, "--json").stdout)
        for unit in ("tick", "price", "return")
    )
    mid = tick["mean_mid"]
    for other, size in ((price, 0.01), (share, 0.01 / mid)):
        assert tick["sides"]["ask"]["kappa"] / size == pytest.approx(other["sides"]["ask"]["kappa"])
        assert tick["volatility"][0]["sigma"] * size == pytest.approx(other["volatility"][0]["sigma"])
        assert tick["sides"]["ask"]["a"] == other["sides"]["ask"]["a"]


def test_a_recording_in_any_form(truefill: Any, folder: Path) -> None:
    """A folder of tapes that follow each other, of Parquet events, an .npz file: the same numbers."""
    tape = Tape.open(folder / "market.tape")
    middle = (tape.header.first_ts + tape.header.last_ts) // 2
    for name in ("tapes", "events"):
        (folder / name).mkdir()
    cut(tape, None, middle, folder / "tapes" / "b.tape")
    cut(tape, middle, None, folder / "tapes" / "a.tape")
    write_parquet(tape, folder / "events" / "day.parquet")
    write_npz(tape, folder / "day.npz")
    write_wide(tape, folder / "wide", "DEMO-PERP", levels=5)
    whole = json.loads(truefill("calibrate", "market.tape", *QUICK, "--json").stdout)
    for source in ("tapes", "events", "day.npz"):
        done = truefill("calibrate", source, *QUICK, "--json")
        assert done.exit_code == 0, done.output
        assert whole["sides"] == json.loads(done.stdout)["sides"]
    wide = json.loads(truefill("calibrate", "wide/demo_perp", *QUICK, "--json").stdout)
    assert wide["symbol"] == "DEMOPERP-PERP.EXTENDED"
    assert wide["sides"]["bid"]["orders"] == pytest.approx(whole["sides"]["bid"]["orders"], rel=0.05)
    assert "one market (demo_perp)" in truefill("calibrate", "wide").stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.tape"], "no such file or folder"),
        (["empty"], "a folder without any"),
        (["market.tape", "--window", "1h"], "a window within the recording"),
        (["market.tape", "--window", "0s"], "a time above 0"),
        (["market.tape", "--window", "soon"], "a duration"),
        (["market.tape", "--step", "1us"], "at most 100,000 fits"),
        (["market.tape", "--unit", "inch"], "tick, price or return"),
        (["market.tape", "--intensity", "best"], "lattice, waiting_times, regression"),
        (["market.tape", "--volatility", "garch"], "two_scale"),
        (["market.tape", "--html", "nowhere/page.html"], "nowhere"),
        (["strategy.py"], "a tape file"),
    ],
)
def test_bad_input(truefill: Any, folder: Path, arguments: list[str], says: str) -> None:
    """One line on stderr, status 2, nothing written."""
    (folder / "empty").mkdir()
    before = sorted(folder.iterdir())
    done = truefill("calibrate", *arguments)

    assert done.exit_code == 2
    assert says in done.stderr and len(done.stderr.strip().splitlines()[-1].split("error: ")) == 2
    assert before == sorted(folder.iterdir())


def test_help_teaches(truefill: Any) -> None:
    """What is fitted, what statuses are for, examples; and the group names all three."""
    text = truefill("calibrate", "market", "--help").stdout
    assert "A e^(−κδ)" in text and "truefill calibrate btcusdt.tape" in text and "--window" in text
    group = truefill("calibrate", "--help").stdout
    assert all(name in group for name in ("market", "queue", "latency"))
