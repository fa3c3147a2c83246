"""Numbers by hour, day and month: the parts add up to the whole."""

import numpy as np
import pytest

from tests.analysis.runs import SECOND, START, empty_asset, make_asset, make_run
from truefill.analysis.metrics import metrics
from truefill.analysis.periods import period_frame, period_starts
from truefill.core.errors import InputError

DAY = 86_400 * SECOND


SPANS = [("hour", 3 * 3600 + 700, 4), ("day", 2 * 86_400 + 60, 3), ("day", 2 * 86_400, 2)]


@pytest.mark.parametrize(("every", "seconds", "count"), SPANS)
def test_periods_add_up_to_the_run(every: str, seconds: int, count: int) -> None:
    run = make_run(make_asset(seconds=seconds, fills=300, price_step_ns=10 * SECOND))
    whole = metrics(run)

    frame = period_frame(run, every)

    assert len(frame) == count
    assert frame["period"].cast(int)[0] == START
    for name in ("Return", "NumberOfTrades", "TradingVolume", "TradingValue"):
        assert frame[name].sum() == pytest.approx(whole[name])
    assert frame["MaxDrawdown"].max() <= whole["MaxDrawdown"] + 1e-9
    assert frame["MaxPositionValue"].max() == pytest.approx(whole["MaxPositionValue"])


def test_a_run_within_one_period_is_that_period() -> None:
    run = make_run(make_asset())
    whole = metrics(run, book_size=100.0)

    row = period_frame(run, "month", book_size=100.0).to_dicts()[0]

    assert str(row.pop("period")) == "2024-08-01 00:00:00+00:00"
    assert row == {name: pytest.approx(whole[name]) for name in row}


def test_starts_follow_the_calendar() -> None:
    months = period_starts(np.array([START, START + 40 * DAY]), "month")

    days = [str(m)[:10] for m in months.astype("datetime64[ns]")]
    assert days == ["2024-08-01", "2024-09-01", "2024-10-01"]


def test_nothing_has_no_periods() -> None:
    assert len(period_frame(make_run(empty_asset()))) == 0


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="expected hour or day or month, got week"):
        period_frame(make_run(), "week")
    with pytest.raises(InputError, match="an asset number below 1, got 3"):
        period_frame(make_run(), asset=3)
    with pytest.raises(InputError, match="one currency"):
        period_frame(make_run(make_asset(fills=2), make_asset(fills=2, currency="USDC")))
