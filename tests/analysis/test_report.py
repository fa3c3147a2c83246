"""The report page: complete, self-contained, safe, small enough, and calm about runs of nothing."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.pages import Page, numbers, payload_of
from tests.analysis.runs import SECOND, START, empty_asset, make_asset, make_run
from truefill.analysis.equity import equity_curves
from truefill.analysis.plots import MAX_MARKERS, PALETTE, figure, milliseconds, price_chart, time_charts
from truefill.analysis.report import report, report_html
from truefill.core.errors import InputError
from truefill.core.run_data import AssetRun, RunData

CHARTS = {"equity", "drawdown", "price-0", "position-0", "volume-0"}
CHARTS |= {"attribution", "markout", "queue-time", "outcome", "fill-size", "queue-ahead"}


def test_the_page_has_everything_and_loads_nothing() -> None:
    text = report_html(make_run())

    page = Page(text)
    words = " ".join(page.words)
    assert page.open == []
    assert page.loads == []
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    for word in ("Grid market maker", "examples/grid.py", "BTCUSDT-PERP.BINANCE", "9f3c1b52a7d0", "UTC"):
        assert word in words
    for word in (
        "Clock corrected: local times shifted by 1.27 s",
        "power n = 3",
        "[params]",
        "half_spread = 5",
    ):
        assert word in words
    for word in ("Net PnL", "Sharpe ratio", "Max drawdown", "Maker share", "Markout 10 s", "Best", "Worst"):
        assert word in words
    assert "nan" not in words.lower().replace("binance", "")


def test_every_chart_has_its_place_and_its_data() -> None:
    text = report_html(make_run())

    charts = {chart["id"]: chart for chart in payload_of(text)["charts"]}
    assert set(charts) == CHARTS
    assert {f"chart-{key}" for key in CHARTS} <= set(Page(text).ids)
    linked = {key for key, chart in charts.items() if chart["linked"]}
    assert linked == {"equity", "drawdown", "price-0", "position-0", "volume-0"}


def test_charts_show_the_run() -> None:
    asset = make_asset()
    charts = {chart["id"]: chart for chart in payload_of(report_html(make_run(asset)))["charts"]}
    curve = equity_curves(make_run(asset))[0]

    net, gross = charts["equity"]["data"]
    assert numbers(net["x"]) == pytest.approx(curve.ts / 1e6)
    assert numbers(net["y"]).tolist() == curve.equity.tolist()
    assert numbers(gross["y"]).tolist() == curve.equity_gross.tolist()
    mid, buys, sells = charts["price-0"]["data"]
    bought = asset.fills[asset.fills["side"] == 1]
    assert numbers(mid["y"]) == pytest.approx(curve.mid, nan_ok=True)
    assert numbers(buys["y"]).tolist() == bought["price"].tolist()
    assert numbers(buys["x"]) == pytest.approx(bought["local_ts"] / 1e6)
    assert len(buys["text"]) + len(sells["text"]) == 200
    assert f"order {bought['order_id'][0]}<br>fee" in buys["text"][0]
    volume = charts["volume-0"]["data"]
    assert sum(numbers(volume[0]["y"])) == pytest.approx(bought["qty"].sum())
    parts = charts["attribution"]["data"][0]["y"]
    assert sum(parts[:3]) == pytest.approx(parts[3])


def test_many_fills_are_thinned_with_a_note_and_the_file_stays_small() -> None:
    assets = [make_asset(fills=4_000), make_asset(fills=4_000, symbol="ETHUSDT-PERP.BINANCE", seed=2)]

    text = report_html(make_run(*assets))

    charts = payload_of(text)["charts"]
    shown = [len(t["text"]) for c in charts if c["id"].startswith("price") for t in c["data"][1:]]
    assert 0.95 * MAX_MARKERS < sum(shown) <= MAX_MARKERS
    assert "of 4,000 fills shown, evenly thinned" in text
    assert len(text.encode()) < 6_000_000


def test_names_cannot_break_the_page() -> None:
    evil = "</script><script>alert('&')</script>\u2028"
    run = make_run(make_asset(fills=5, symbol=evil))
    run.meta.update(name=evil, strategy=evil, notes=[evil], config={evil: evil}, models={evil: evil})

    text = report_html(run)

    assert "<script>alert" not in text
    assert Page(text).open == []
    payload_of(text)


@pytest.mark.parametrize(
    "asset",
    [
        empty_asset(),
        empty_asset(price_ts=np.array([START]), bid=np.array([1.0]), ask=np.array([2.0])),
        make_asset(fills=0),
        make_asset(seconds=3, fills=1),
        AssetRun(**{**make_asset(fills=10).__dict__, "bid": np.full(6001, np.nan)}),
    ],
    ids=["nothing", "one sample", "no fills", "one fill", "NaN prices"],
)
def test_runs_of_nothing_have_a_page_too(asset: AssetRun) -> None:
    text = report_html(make_run(asset))

    words = " ".join(Page(text).words)
    assert "n/a" in words
    assert "nan" not in words.lower().replace("binance", "")
    payload_of(text)


def test_two_currencies_have_a_page_without_a_total() -> None:
    text = report_html(make_run(make_asset(fills=5), make_asset(fills=5, currency="USDC", symbol="B")))

    assert "No total: the assets settle in different currencies (give rates)." in text
    assert "drawdown" not in {chart["id"] for chart in payload_of(text)["charts"]}


def test_gaps_are_shaded_and_end_with_the_run() -> None:
    run = make_run()
    run.meta["gaps"] = [[START + SECOND, np.iinfo(np.int64).max]]

    payload = payload_of(report_html(run))

    assert payload["gaps"] == [[(START + SECOND) / 1e6, payload["span"][1]]]


def test_the_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out" / "report.html"
    assert report(make_run(), path) == path
    before = path.read_text()

    with pytest.raises(InputError, match="expected a run with at least one asset"):
        report(RunData(()), path)

    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_options_reach_thenumbers() -> None:
    text = report_html(make_run(), book_size=1_000.0, trading_days_per_year=365)

    assert "% of book" in text
    assert "year of 365 days" in text
    assert "Max leverage" in text


def test_charts_become_figures_for_a_notebook() -> None:
    """Every colour has a value; the arrays are what they were."""
    run = make_run()
    charts = [chart for _, group in time_charts(run, equity_curves(run)) for chart in group]

    figures = [figure(chart) for chart in charts]

    assert [len(f.data) for f in figures] == [2, 1, 3, 1, 2]
    assert "$" not in json.dumps([f.to_plotly_json()["layout"] for f in figures], default=str)
    assert figures[0].data[0].line.color == "rgba(37,99,235,1)"


def test_colours_have_the_same_names_in_page_and_palette() -> None:
    page = Path(report.__code__.co_filename).parent / "page" / "report.css"

    named = dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6});", page.read_text().split("@media")[0]))
    used = set(re.findall(r'"\$([a-z0-9]+)[/"]', json.dumps(payload_of(report_html(make_run()))["charts"])))

    assert used <= set(PALETTE)
    assert {name: named.get(name) for name in used} == {name: PALETTE[name] for name in used}


def test_even_times_travel_as_ends_and_step_and_others_as_they_are() -> None:
    for ts in (
        np.arange(10) * 7,
        np.append(np.arange(10) * 7, 65),
        np.array([1, 5, 7, 20, 30]),
        np.array([3]),
    ):
        assert numbers(milliseconds(ts * 10**6)) == pytest.approx(ts)
    assert "step" in milliseconds(np.append(np.arange(10) * 7, 65))


def test_no_marker_budget_is_no_markers_lost_for_a_few_fills() -> None:
    asset = make_asset(fills=30)

    chart = price_chart("0", asset, equity_curves(make_run(asset))[0])

    assert sum(len(trace["text"]) for trace in chart["data"][1:]) == 30
    assert "shown" not in chart["note"]
