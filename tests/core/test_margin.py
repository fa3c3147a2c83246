"""Margin formulas: worked examples that venues publish, to the last digit they print."""

import math

import pytest

from truefill.core.margin import (
    INVERSE_SIGN,
    LINEAR_SIGN,
    bankruptcy_price,
    borrow_interest,
    covers,
    funding_payment,
    initial_margin,
    liquidation_price,
    maintenance_margin,
    open_loss,
    reduced,
    tier_deduction,
    unrealized_profit,
)

DAY_NS = 86_400 * 1_000_000_000


def test_binance_maintenance_amounts() -> None:
    """The FAQ's level 5 (250,000 from 0.5 % to 1 %, after 50): 1,300; COIN-M's level 5: 1.81 BTC."""
    assert tier_deduction(250_000, 0.01, 0.005, 50.0) == 1300.0
    assert round(tier_deduction(50, 0.05, 0.025, 0.56), 8) == 1.81


def test_binance_usdm_liquidation_prices() -> None:
    """Two positions in cross margin, by the formula of Binance's FAQ on liquidation prices of USD-M futures.

    Formula and meaning of its parts are the FAQ's. The numbers were written down from memory of its worked
    example (1,153.26 for ETHUSDT, 26,316.89 for BTCUSDT) and not checked against the page: what is proved is
    that these inputs give these prices by the FAQ's formula, which stands here a second time.
    """
    wallet = 1_535_443.01
    eth = liquidation_price(
        LINEAR_SIGN, 1, 3_683.979, 3_683.979 * 1_456.84, wallet - 71_200.81144 - 56_354.57, 0.10, 135_365.0
    )
    btc = liquidation_price(
        LINEAR_SIGN, 1, 109.488, 109.488 * 32_481.98, wallet - 356_512.508 - 448_192.89, 0.025, 16_300.0
    )

    def faq(
        others_margin: float, others_profit: float, size: float, entry: float, about: tuple[float, float]
    ) -> float:
        """(WB - TMM + UPNL + cum - side x size x entry) / (size x MMR - side x size), of a long position."""
        rate, amount = about
        return (wallet - others_margin + others_profit + amount - size * entry) / (size * rate - size)

    assert math.isclose(
        eth, faq(71_200.81144, -56_354.57, 3_683.979, 1_456.84, (0.10, 135_365.0)), rel_tol=1e-12
    )
    assert math.isclose(
        btc, faq(356_512.508, -448_192.89, 109.488, 32_481.98, (0.025, 16_300.0)), rel_tol=1e-12
    )
    assert round(eth, 2) == 1153.26
    assert round(btc, 2) == 26316.89


def test_bybit_isolated_inverse_liquidation_price() -> None:
    """60,000 USD long at 50,000 with 10x and 0.5 %: 1.2 BTC of value, 0.12 of margin; at the mark's value."""
    value = 60_000 / 50_000
    price = liquidation_price(INVERSE_SIGN, 1, 60_000, value, 0.1 * value, 0.005, 0.0)

    # Bybit's present formula: size * (1 + rate) / (value + value / leverage)
    assert math.isclose(price, 60_000 * 1.005 / (value + value / 10), rel_tol=1e-15)
    assert round(price, 2) == 45681.82


def test_okx_isolated_inverse_liquidation_prices() -> None:
    """(1 + rate) / (1 / entry + margin / face / contracts) for long, and its mirror for short."""
    entry, margin, face, contracts, rate = 8000.0, 0.25, 100.0, 100.0, 0.01
    size, value = face * contracts, face * contracts / entry
    long = liquidation_price(INVERSE_SIGN, 1, size, value, margin, rate, 0.0)
    short = liquidation_price(INVERSE_SIGN, -1, size, value, margin, rate, 0.0)

    assert math.isclose(long, (1 + rate) / (1 / entry + margin / size), rel_tol=1e-14)
    assert math.isclose(short, (1 - rate) / (1 / entry - margin / size), rel_tol=1e-14)


def test_bybit_inverse_profit() -> None:
    """10,000 dollars bought at 23,000 and sold at 25,000 earn 0.035 BTC, in the page's rounding."""
    profit = unrealized_profit(INVERSE_SIGN, 1, 10_000 / 25_000, 10_000 / 23_000)

    assert round(profit, 3) == 0.035


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("sign", [LINEAR_SIGN, INVERSE_SIGN])
def test_liquidation_and_bankruptcy_price_are_where_they_say(sign: int, side: int) -> None:
    """At the first, equity is the maintenance margin; at the second, nothing."""
    size, entry, funds, rate, deduction = 10.0, 100.0, 5.0, 0.01, 0.002
    if sign < 0:
        size, funds, deduction = 1000.0, 0.5, 0.0001

    def value(price: float) -> float:
        return size * price if sign > 0 else size / price

    cost = value(entry)
    price = liquidation_price(sign, side, size, cost, funds, rate, deduction)
    equity = funds + unrealized_profit(sign, side, value(price), cost)
    assert math.isclose(equity, maintenance_margin(value(price), rate, deduction), rel_tol=1e-9)

    broke = bankruptcy_price(sign, side, size, price, equity)
    assert math.isclose(unrealized_profit(sign, side, value(broke), cost), -funds, rel_tol=1e-9)


def test_orders_take_up_the_larger_side() -> None:
    """A long position of 100 at 10x: closing sells need nothing, turning ones only what they turn."""
    assert initial_margin(100.0, 0.0, 0.0, 0.0, 0.0, 0.1) == 10.0
    assert initial_margin(100.0, 0.0, 100.0, 0.0, 50.0, 0.1) == 10.0
    assert initial_margin(100.0, 0.0, 250.0, 0.0, 0.0, 0.1) == 15.0
    assert initial_margin(100.0, 50.0, 0.0, 2.0, 0.0, 0.1) == 17.0


def test_open_loss_is_binances() -> None:
    """Order cost = margin + open loss: a buy above the mark loses the difference, one below nothing."""
    assert open_loss(LINEAR_SIGN, 1, 1_010.0, 1_000.0) == 10.0
    assert open_loss(LINEAR_SIGN, 1, 990.0, 1_000.0) == 0.0
    assert open_loss(LINEAR_SIGN, -1, 990.0, 1_000.0) == 10.0
    assert math.isclose(open_loss(INVERSE_SIGN, 1, 1 / 101, 1 / 100), 1 / 100 - 1 / 101)


def test_funding_and_interest() -> None:
    """Longs pay a positive rate; 10 % a year is 10 in 365 days."""
    assert math.isclose(funding_payment(1, 50_000.0, 0.0001), -5.0)
    assert math.isclose(funding_payment(-1, 50_000.0, 0.0001), 5.0)
    assert math.isclose(borrow_interest(100.0, 0.1, 365 * DAY_NS), 10.0)


def test_closing_a_part_keeps_the_price_of_the_rest() -> None:
    """A third of a position closed: two thirds of the cost stay, the profit is that third's."""
    cost, profit = reduced(LINEAR_SIGN, 1, 300.0, 3, 1, 110.0)

    assert math.isclose(cost, 200.0) and math.isclose(profit, 10.0)


def test_rounding_refuses_nobody() -> None:
    """A need that is above the funds by less than sums are exact is met; a real one is not."""
    assert covers(0.3, 0.1 + 0.2)
    assert not covers(0.3, 0.3001)
