"""The picture of a tape: a complete page with bounded size, gaps shaded and crossed by no line."""

import json
import re

import numpy as np
import pytest

from tests.analysis.pages import Page, numbers, payload_of
from truefill.analysis.plots import PALETTE
from truefill.analysis.tape_picture import (
    MOST_LISTED,
    MOST_SHADED,
    shaded,
    tape_picture,
    tape_picture_html,
)
from truefill.core.errors import DataError
from truefill.core.events import BUY, DEPTH, EVENT, EXCH, GAP_BEGIN, GAP_END, LOCAL, SELL, TRADE
from truefill.tape import Tape, build_tape
from truefill.tape.picture_data import tape_picture_data

BOTH = EXCH | LOCAL
START = 1_700_000_000_000_000_000
MS = 1_000_000


def market(milliseconds: int = 400, gaps: list[tuple[int, int]] | None = None) -> Tape:
    """A book whose bid and ask change every millisecond, a trade with each, and gaps (ms)."""
    rng = np.random.default_rng(1)
    e = np.zeros(3 * milliseconds, EVENT)
    e["ev"] = np.tile([DEPTH | BUY | BOTH, DEPTH | SELL | BOTH, TRADE | BUY | BOTH], milliseconds)
    e["px"] = np.tile([99.5, 100.5, 100.5], milliseconds)
    e["qty"] = rng.integers(1, 50, len(e))
    e["exch_ts"] = e["local_ts"] = START + np.repeat(np.arange(milliseconds), 3) * MS
    marks = np.zeros(2 * len(gaps or []), EVENT)
    marks["ev"] = np.tile([GAP_BEGIN | BOTH, GAP_END | BOTH], len(gaps or []))
    marks["exch_ts"] = marks["local_ts"] = START + np.array(gaps or [], np.int64).ravel() * MS
    rows = np.concatenate([e, marks])
    order = np.argsort(rows["local_ts"], kind="stable")
    return build_tape(rows[order], symbol="X.TEST", tick_size="0.5", lot_size="1")


def charts_of(text: str) -> dict:
    return {chart["id"]: chart for chart in payload_of(text)["charts"]}


def lines_of(chart: dict) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    named = [trace for trace in chart["data"] if "name" in trace]
    return {trace["name"]: (numbers(trace["x"]), numbers(trace["y"])) for trace in named}


def test_the_page_has_everything_and_loads_nothing():
    text = tape_picture_html(market(gaps=[(100, 200)]), [("tick size", "0.5"), ("", "<more>")])
    page = Page(text)
    words = " ".join(page.words)
    assert page.open == page.loads == []
    assert "default-src 'none'" in text
    for word in ("X.TEST", "tick size", "<more>", "Gaps", "2023-11-14 22:13:20.200000", "100 ms", "UTC"):
        assert word in words
    charts = charts_of(text)
    assert list(charts) == ["price", "spread", "depth", "levels", "rate"]
    assert {f"chart-{key}" for key in charts} <= set(page.ids)
    assert set(re.findall(r'"\$([a-z0-9]+)[/"]', json.dumps(charts))) <= set(PALETTE)
    assert payload_of(text)["gaps"] == [[(START + 100 * MS) / 1e6, (START + 200 * MS) / 1e6]]


def test_lines_are_the_numbers_of_the_buckets():
    tape = market()
    charts = charts_of(tape_picture_html(tape))
    found = tape_picture_data(tape)
    middle = (found.edges[:-1] + found.edges[1:]) / 2e6
    for key, name, values in (
        ("price", "Best bid", found.bid),
        ("price", "Best ask", found.ask),
        ("spread", "Spread", found.spread),
        ("depth", "Bid", found.bid_qty),
        ("depth", "Ask", found.ask_qty),
        ("levels", "Bid", found.bid_depth),
        ("levels", "Ask", found.ask_depth),
    ):
        lines = lines_of(charts[key])
        for ending, part in (("", values.last), (", lowest", values.low), (", highest", values.high)):
            x, y = lines[name + ending]
            assert x == pytest.approx(middle, abs=1e-3)
            assert y.tolist() == part.tolist()
    rates = lines_of(charts["rate"])
    assert rates["Events"][1] @ found.seconds == pytest.approx(tape.header.events)
    assert rates["Trades"][1] @ found.seconds == pytest.approx(400)


def test_no_line_crosses_a_gap_however_short():
    tape = market(gaps=[(10, 11), (100, 200), (300, 301)])
    for chart in charts_of(tape_picture_html(tape)).values():
        for name, (x, y) in lines_of(chart).items():
            assert (np.diff(x) >= 0).all()
            drawn = [
                (a, b)
                for a, b, p, q in zip(x, x[1:], y, y[1:], strict=False)
                if np.isfinite(p) and np.isfinite(q)
            ]
            for begin in (10, 100, 300):
                at = (START + begin * MS) / 1e6 + 0.01
                crossing = [piece for piece in drawn if piece[0] < at < piece[1]]
                # what still arrived in a gap is told: here messages did
                assert not crossing or chart["id"] == "rate", (name, begin)


def test_bands_are_closed_for_each_stretch():
    chart = charts_of(tape_picture_html(market(gaps=[(100, 200)])))["depth"]
    band = chart["data"][0]
    x, y = numbers(band["x"]), numbers(band["y"])
    assert band["fill"] == "toself"
    ends = np.flatnonzero(np.isnan(y))
    assert len(ends) == 2
    first = x[: ends[0]]
    assert first[0] == first[-1]
    assert first.max() < (START + 100 * MS) / 1e6 < x[ends[0] + 1]


def test_size_is_bounded_however_many_rows_and_gaps():
    """Five charts of 1,200 buckets with a hole in each; gaps closer than a bucket are shaded as one."""
    tape = market(1_600, [(k, k + 1) for k in range(0, 1_600, 2)])
    text = tape_picture_html(tape)
    assert "800 in all" in text
    assert text.count("<tr>") == MOST_LISTED + 1
    assert max(len(x) for chart in charts_of(text).values() for x, _ in lines_of(chart).values()) <= 2 * 1_200
    assert len(json.dumps(payload_of(text))) < 1_300_000


def test_many_gaps_less_than_a_bucket_apart_are_shaded_as_one():
    picture = tape_picture_data(market(10))
    begin = (30 * np.arange(200)[:, None] + [0, 2, 4]).ravel() * MS
    gaps = np.column_stack([begin, begin + MS])
    few = picture._replace(edges=np.arange(3) * 5 * MS, gaps=gaps[:MOST_SHADED])
    assert shaded(few) is few.gaps
    many = shaded(few._replace(gaps=gaps))
    assert many.tolist() == [[30 * k * MS, (30 * k + 5) * MS] for k in range(200)]


def test_a_tape_of_trades_shows_their_prices():
    rows = np.zeros(3, EVENT)
    rows["ev"] = TRADE | BUY | BOTH
    rows["px"], rows["qty"] = [10, 12, 11], 1
    rows["exch_ts"] = rows["local_ts"] = START + np.arange(3) * MS
    text = tape_picture_html(build_tape(rows, symbol="X.TEST"))
    charts = charts_of(text)
    assert list(charts) == ["price", "rate"]
    prices = lines_of(charts["price"])["Trades"][1]
    assert sorted(prices[np.isfinite(prices)]) == [10, 11, 12]
    assert text.count("n/a: nothing to show") == 3


def test_a_tape_on_which_nothing_arrived_has_a_page():
    rows = np.zeros(1, EVENT)
    rows["ev"], rows["px"], rows["qty"] = TRADE | BUY | EXCH, 1, 1
    rows["exch_ts"] = START
    text = tape_picture_html(build_tape(rows, symbol="X.TEST"))
    assert Page(text).open == []
    assert text.count("n/a: nothing to show") == 5


def test_names_cannot_break_the_page():
    evil = "</script><script>alert('&')</script>\u2028"
    text = tape_picture_html(market(10), [(evil, evil)])
    assert "<script>alert" not in text
    assert Page(text).open == []


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "picture.html"
    assert tape_picture(market(10), path) == path
    before = path.read_text()
    with pytest.raises(DataError, match="expected an existing folder"):
        tape_picture(market(10), tmp_path / "none" / "picture.html")
    with pytest.raises(DataError, match="expected a file that can be written"):
        tape_picture(market(10), tmp_path)
    monkeypatch.setattr("truefill.analysis.tape_picture.page_html", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tape_picture(market(20), path)
    assert path.read_text() == before
    assert list(tmp_path.iterdir()) == [path]
