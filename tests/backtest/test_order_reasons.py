"""Why orders were refused or ended stays readable when the run is over."""

from tests.differential.market import TICK, book
from truefill import GTX, IOC, VenueLimits
from truefill.analysis.plots_execution import order_reasons
from truefill.analysis.report import report_html
from truefill.backtest.result import collect
from truefill.core.reasons import REASON_NAMES


def test_the_log_says_why_an_order_ended() -> None:
    """Refused, expired, cleared away or still in the table: the reason is in result and report."""
    market = book().quiet()
    bot = market.bot(limits=VenueLimits(max_qty=5.0))
    bot.elapse(150)
    bot.submit_buy_order(0, 1, 102 * TICK, 1.0, GTX)  # would take
    bot.submit_buy_order(0, 2, 100 * TICK, 9.0)  # more than the venue takes
    bot.elapse(50)
    bot.clear_inactive_orders(0)
    bot.submit_buy_order(0, 3, 101 * TICK, 1.0, IOC)  # finds nobody
    bot.submit_buy_order(0, 4, 100 * TICK, 1.0)
    bot.elapse(50)
    result = collect(bot)
    reasons = {int(o["order_id"]): REASON_NAMES[o["reason"]] for o in result.orders}

    assert {1: "would_take", 2: "above_max_qty", 3: "unfilled", 4: ""} == reasons
    assert {"would_take": 1, "above_max_qty": 1, "unfilled": 1} == order_reasons(result.run_data())
    assert "above max qty 1" in report_html(result.run_data())
