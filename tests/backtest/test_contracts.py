"""Contracts: worked examples by the venues' own rules to the last unit, identities, and what is refused."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.quotes import quotes_tape
from truefill.analysis import equity_curve, metrics
from truefill.analysis.equity import from_records
from truefill.backtest import (
    Asset,
    Bot,
    ConstantLatency,
    InverseContract,
    LinearContract,
    QuantoContract,
    RiskLimits,
    Spot,
    TradingValueFees,
    run,
)
from truefill.backtest.models.contracts import Contract
from truefill.core.errors import ConfigError, InputError
from truefill.core.limits import VenueLimits
from truefill.core.reasons import BELOW_MIN_NOTIONAL
from truefill.core.records import GTC, LIMIT, MARKET, OK, RISK_REFUSED
from truefill.core.risk import NOTIONAL_LIMIT

SATOSHI = 100_000_000

# contract, tick, lot, bought at, sold at, quantity, taker fee, unit of money, and by the venue's formula:
# value of the buy, value of the sale, profit before fees
VENUES: dict[str, tuple[Contract, float, float, str, str, int, str, int, str]] = {
    # Binance, COIN-M: PnL = contracts * 100 USD * (1 / entry - 1 / exit), in BTC
    "Binance BTCUSD_PERP": (
        InverseContract(100.0, "BTC"), 0.1, 1.0, "50000.1", "51234.5", 37, "0.0005", SATOSHI, "inverse",
    ),
    # BitMEX, inverse perpetuals: long 50,000 contracts of 1 USD from 10,000 to 11,000 earns 0.4545 XBT
    "BitMEX XBTUSD": (
        InverseContract(1.0, "XBT"), 0.5, 100.0, "10000", "11000", 500, "0.00075", SATOSHI, "inverse",
    ),
    # BitMEX, quanto: contracts * 0.000001 XBT for each USD * (exit - entry)
    "BitMEX ETHUSD": (
        QuantoContract(0.000001, "XBT"), 0.05, 1.0, "2543.15", "2601.85", 1_250, "0.00075", SATOSHI, "linear",
    ),
    # Binance, USD-M: quantity * (exit - entry), in USDT
    "Binance BTCUSDT": (
        LinearContract(currency="USDT"), 0.1, 0.001, "61234.5", "61000.1", 3, "0.0005", SATOSHI, "linear",
    ),
    # Binance, spot: price * quantity leaves one balance, quantity comes to the other
    "Binance spot BTCUSDT": (
        Spot("BTC", "USDT"), 0.01, 1.0, "61234.56", "61300.01", 2, "0.001", SATOSHI, "linear",
    ),
}  # fmt: skip


def trade(asset: Asset, qty: float) -> Bot:
    """Buy at the first ask and sell at the second bid."""
    bot = Bot([asset])
    assert bot.elapse(100_000_000) == OK
    assert bot.submit_buy_order(0, 1, 0.0, qty, GTC, MARKET, True) == OK
    bot.record()
    assert bot.elapse(1_000_000_000) == OK
    bot.record()
    assert bot.submit_sell_order(0, 2, 0.0, qty, GTC, MARKET, True) == OK
    bot.record()
    return bot


@pytest.mark.parametrize("name", VENUES)
def test_by_the_rules_of_the_venues(name: str) -> None:
    """Bought, marked and sold: value, fee, profit and equity are the venue's, to the satoshi."""
    contract, tick, lot, entry, exit_, units, rate, unit, kind = VENUES[name]
    buy, sell = Fraction(entry), Fraction(exit_)
    qty = units * Fraction(str(lot))
    step = Fraction(str(tick))
    mark = sell + step / 2
    tape = quotes_tape(
        [(float(buy - step), float(buy)), *[(float(sell), float(sell + step))] * 2],
        tick_size=tick,
        lot_size=lot,
    )
    bot = trade(Asset(tape, contract=contract, fees=TradingValueFees(0.0, float(rate))), float(qty))
    size = Fraction(str(contract.unit))
    if kind == "inverse":
        values = [size * qty / buy, size * qty / sell]
        profit = size * qty * (1 / buy - 1 / sell)
        open_profit = size * qty * (1 / buy - 1 / mark)
    else:
        values = [size * qty * buy, size * qty * sell]
        profit = size * qty * (sell - buy)
        open_profit = size * qty * (mark - buy)
    fees = [Fraction(rate) * value for value in values]

    def units_of(number: Any) -> int:
        return round(number * unit)

    data = run(bot, lambda bot: None, compiled=False).run_data()
    bought, marked, sold = data.assets[0].records
    assert [units_of(fill["fee"]) for fill in bot.fills(0)] == [units_of(fee) for fee in fees]
    assert units_of(bought["balance"]) == -units_of(values[0])
    assert units_of(sold["trading_value"]) == units_of(sum(values))
    assert units_of(sold["fee"]) == units_of(sum(fees))
    assert (bought["position"], sold["position"]) == (float(qty), 0.0)
    state = [marked["balance"], marked["position"], marked["price"]]
    assert marked["price"] == pytest.approx(float(mark))
    assert units_of(contract.equity(*state, marked["fee"])) == units_of(open_profit - fees[0])
    assert units_of(contract.equity(sold["balance"], 0.0, math.nan, sold["fee"])) == units_of(
        profit - sum(fees)
    )

    found = metrics(data, 0)
    assert units_of(found["GrossPnL"]) == units_of(profit)
    assert units_of(found["Fees"]) == units_of(sum(fees))
    assert units_of(found["Return"]) == units_of(profit - sum(fees))
    assert units_of(found["TradingValue"]) == units_of(sum(values))
    assert found["SpreadPnL"] + found["InventoryPnL"] == pytest.approx(found["GrossPnL"])
    assert found["SpreadPnL"] < 0, "two market orders paid half a spread each"
    curve = equity_curve(data.assets[0])
    assert curve.currency == contract.settlement
    assert units_of(curve.equity[-1]) == units_of(profit - sum(fees))
    sampled = from_records(data.assets[0])
    assert [units_of(equity) for equity in sampled.equity[1:]] == [
        units_of(open_profit - fees[0]),
        units_of(profit - sum(fees)),
    ]


def test_bitmex_s_published_number() -> None:
    """Their guide: 50,000 contracts from 10,000 to 11,000 are 0.4545 XBT."""
    contract = InverseContract(1.0, "XBT")
    balance = -contract.value(10_000.0, 50_000.0)
    assert round(contract.equity(balance, 50_000.0, 11_000.0), 4) == 0.4545


numbers = st.floats(0.01, 1e6)
contracts = st.one_of(
    numbers.map(LinearContract),
    numbers.map(InverseContract),
    numbers.map(lambda size: QuantoContract(size, "X")),
    st.just(Spot()),
)
trades = st.lists(st.tuples(st.sampled_from((1, -1)), numbers, numbers), max_size=20)


@given(contracts, trades, numbers)
def test_equity_is_the_sum_of_what_each_trade_has_earned(
    contract: Contract, done: list[tuple[int, float, float]], mark: float
) -> None:
    """Equity = cash + worth of the position = profits of the single trades at the mark."""
    balance = -math.fsum(side * contract.value(price, qty) for side, price, qty in done)
    position = math.fsum(side * qty for side, _, qty in done)
    values = [contract.value(price, qty) + contract.value(mark, qty) for _, price, qty in done]
    sign = -1 if isinstance(contract, InverseContract) else 1
    earned = math.fsum(
        sign * side * (contract.value(mark, qty) - contract.value(price, qty)) for side, price, qty in done
    )
    scale = 1e-9 * math.fsum(values) + 1e-300
    equity = contract.equity(balance, position, mark)
    assert equity == pytest.approx(earned, abs=scale)
    assert equity == pytest.approx(contract.cash(balance) + contract.worth(mark, position), abs=scale)
    assert contract.equity(balance, position, mark, 5.0) == pytest.approx(equity - 5.0, abs=scale)


@given(contracts, numbers, numbers)
def test_a_long_position_gains_when_the_price_rises(contract: Contract, low: float, rise: float) -> None:
    """For every kind, and a short one loses as much."""
    gain = contract.worth(low + rise, 3.0) - contract.worth(low, 3.0)
    assert gain > 0
    assert contract.worth(low + rise, -3.0) - contract.worth(low, -3.0) == pytest.approx(-gain)


def test_limits_count_the_contract_s_value() -> None:
    """The smallest value of a venue, and the largest of a risk limit, are coins of an inverse contract."""
    tape = quotes_tape([(50_000.0, 50_000.5)] * 3, tick_size=0.5, lot_size=1.0)
    coins = 100 * 5 / 50_000.0
    bot = Bot(
        [
            Asset(
                tape,
                contract=InverseContract(100.0),
                latency=ConstantLatency(1_000_000, 1_000_000),
                limits=VenueLimits(min_notional=0.999 * coins),
                risk=RiskLimits(max_notional=2.001 * coins),
            )
        ]
    )
    bot.elapse(100_000_000)
    assert bot.submit_buy_order(0, 1, 50_000.0, 4.0, GTC, LIMIT, True) == OK
    assert bot.orders(0).get(1).reason == BELOW_MIN_NOTIONAL
    assert bot.submit_buy_order(0, 2, 50_000.0, 5.0, GTC, LIMIT, True) == OK
    assert bot.orders(0).get(2).reason == 0
    assert bot.submit_buy_order(0, 3, 50_000.0, 11.0, GTC, LIMIT, True) == RISK_REFUSED + NOTIONAL_LIMIT
    assert bot.submit_buy_order(0, 4, 40_000.0, 10.0, GTC, LIMIT, True) == RISK_REFUSED + NOTIONAL_LIMIT
    assert bot.submit_buy_order(0, 5, 50_000.0, 10.0, GTC, LIMIT, True) == OK


REFUSED = {
    "no size": (InverseContract, "InverseContract.size: expected a finite size > 0"),
    "no multiplier": (lambda: QuantoContract(currency="XBT"), "QuantoContract.multiplier: expected a finite"),
    "negative": (lambda: InverseContract(-100.0), "got -100.0"),
    "zero": (lambda: QuantoContract(0.0, "XBT"), "got 0.0"),
    "NaN": (lambda: InverseContract(math.nan), "got nan"),
    "infinite": (lambda: LinearContract(math.inf), "got inf"),
    "text": (lambda: InverseContract("100"), "got '100'"),  # type: ignore[arg-type]
    "no third currency": (lambda: QuantoContract(0.000001), "QuantoContract.currency: expected the name"),
    "a number as currency": (lambda: LinearContract(1.0, 5), "LinearContract.currency"),  # type: ignore[arg-type]
    "empty": (lambda: Spot("", "USDT"), "Spot.base: expected the name of a currency"),
    "twice the same": (lambda: Spot("BTC", "BTC"), "a quote that is not the base"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_contracts_that_are_none(name: str) -> None:
    """A size that is missing, negative or no number, and a currency without a name."""
    make, message = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)


def test_an_inverse_contract_needs_prices() -> None:
    """A tape with a price of 0 or below cannot be one of an inverse contract."""
    tape = quotes_tape([(-0.5, 0.5)], tick_size=0.5, lot_size=1.0)
    with pytest.raises(ConfigError, match="prices above 0 for an inverse contract"):
        Asset(tape, contract=InverseContract(100.0))
    assert Asset(tape).currency == "quote"
    assert InverseContract(1.0).value(0.0, 1.0) == math.inf
    with pytest.raises(InputError):
        Asset(tape, contract=1.0)  # type: ignore[arg-type]


def test_names_of_currencies() -> None:
    """The contract's own; unnamed, that of the fees; else quote or base."""
    tape = quotes_tape([(1.0, 2.0)], tick_size=0.5, lot_size=1.0)
    assert Asset(tape, contract=InverseContract(100.0)).currency == "base"
    assert Asset(tape, fee_currency="USD").currency == "USD"
    asset = Asset(tape, contract=LinearContract(currency="USD"), fee_currency="BNB")
    assert (asset.currency, asset.fees_in) == ("USD", "BNB")
    assert asset.describe()["fee_currency"] == "BNB"
    assert Bot([asset, Asset(tape)]).currencies == ("USD", "BNB", "quote")
