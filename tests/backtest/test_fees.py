"""Fees by direction, by volume and from what is received, against plain arithmetic over the fills."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.quotes import START, quotes_tape
from truefill.backtest import (
    Asset,
    Bot,
    ConstantLatency,
    DirectionalFees,
    FlatPerTradeFees,
    InverseContract,
    LinearContract,
    Spot,
    TieredFees,
    TradingQtyFees,
    TradingValueFees,
)
from truefill.core.errors import ConfigError
from truefill.core.records import GTC, LIMIT, MARKET, OK

HOUR = 3_600_000_000_000
DAY = 24 * HOUR
BINANCE = ((0.0, 0.0002, 0.0005), (15e6, 0.00016, 0.0004), (50e6, 0.00014, 0.00035))


def random_fills(asset: Asset, seed: int, actions: int, step_ns: int) -> list[dict[str, Any]]:
    """Fills of random market and limit orders, as dictionaries."""
    rng = random.Random(seed)
    bot = Bot([asset])
    bot.elapse(1)
    for number in range(actions):
        if bot.elapse(rng.randrange(1, 2 * step_ns)) != OK:
            break
        kind = LIMIT if rng.random() < 0.5 else MARKET
        depth = bot.depth(0)
        submit, price = rng.choice(
            ((bot.submit_buy_order, depth.best_bid), (bot.submit_sell_order, depth.best_ask))
        )
        qty = rng.randrange(1, 20) * asset.tape.lot_size
        assert submit(0, number + 1, price, qty, GTC, kind, False) == OK
    while bot.elapse(step_ns) == OK:
        pass
    names = ("exch_ts", "side", "maker", "price", "qty", "fee", "fee_currency", "local_ts")
    fills = [{name: getattr(fill, name) for name in names} for fill in bot.fills(0)]
    bot.close()
    return fills


def hours_tape(hours: int, seed: int = 1) -> Any:
    """A quote each hour."""
    rng = random.Random(seed)
    bids = [100.0 + rng.randrange(-20, 21) for _ in range(hours)]
    return quotes_tape([(bid, bid + 1.0) for bid in bids], tick_size=1.0, lot_size=0.5, step_ns=HOUR)


@pytest.mark.parametrize(
    "common",
    [
        TradingValueFees(-0.0001, 0.0005),
        TradingQtyFees(0.002, 0.003),
        FlatPerTradeFees(0.25, 0.5),
        TieredFees(((0, -0.0001, 0.0005),)),
    ],
    ids=lambda common: type(common).__name__,
)
@pytest.mark.parametrize("contract", [LinearContract(), InverseContract(100.0)], ids=["linear", "inverse"])
def test_a_tax_on_buyers_and_sellers(common: Any, contract: Any) -> None:
    """Common fee by its own rule, and a share of the value by side on top."""
    fees = DirectionalFees(common, buyer=0.0003, seller=0.001)
    asset = Asset(hours_tape(60), latency=ConstantLatency(1, 1), fees=fees, contract=contract)
    fills = random_fills(asset, 5, 40, HOUR)
    for fill in fills:
        value = contract.value(fill["price"], fill["qty"])
        of = {TradingQtyFees: fill["qty"], FlatPerTradeFees: 1.0}.get(type(common), value)
        maker, taker = common.rates(0.0) if isinstance(common, TieredFees) else (common.maker, common.taker)
        expected = (maker if fill["maker"] else taker) * of
        expected += (0.0003 if fill["side"] > 0 else 0.001) * value
        assert fill["fee"] == pytest.approx(expected, rel=1e-12)
    assert {(fill["maker"], fill["side"]) for fill in fills} == {(0, 1), (0, -1), (1, 1), (1, -1)}


def tier_twin(fees: TieredFees, fills: list[dict[str, Any]], first_ts: int) -> list[float]:
    """Fee of each fill, from all fills before it and the calendar, recounted each time."""

    def date(ts: int) -> int:
        return datetime.fromtimestamp(ts // 1_000_000_000, UTC).date().toordinal()

    first = date(first_ts)
    start = fees.start_volume
    if isinstance(start, tuple):
        before = {first - back: volume for back, volume in enumerate(reversed(start), 1)}
    elif fees.days is None:
        before = {first - 1: start}
    else:
        before = {first - back: float(start) / fees.days for back in range(1, fees.days + 1)}
    expected = []
    for number, fill in enumerate(fills):
        today = date(fill["exch_ts"])
        last = today - 1 if fees.evaluated == "day" else today
        oldest = -1 if fees.days is None else last - fees.days + 1
        volume = sum(v for day, v in before.items() if oldest <= day <= last)
        for earlier in fills[:number]:
            if oldest <= date(earlier["exch_ts"]) <= last:
                amount = earlier["price"] * earlier["qty"] if fees.counts == "value" else earlier["qty"]
                volume += amount
        maker, taker = [tier[1:] for tier in fees.tiers if tier[0] <= volume][-1]
        of = {"value": fill["price"] * fill["qty"], "quantity": fill["qty"], "trade": 1.0}[fees.rates_on]
        expected.append((maker if fill["maker"] else taker) * of)
    return expected


@pytest.mark.parametrize("days", [None, 1, 2, 5])
@pytest.mark.parametrize("evaluated", ["trade", "day"])
def test_tiers_against_a_recount(days: int | None, evaluated: str) -> None:
    """Each fill's fee is that of a recount of all fills before it, over twelve days."""
    tape = hours_tape(12 * 24, seed=7)
    used = set()
    for seed, counts in enumerate(("value", "quantity")):
        scale = 100.0 if counts == "value" else 1.0
        start: Any = 40.0 * scale if days is None or seed else (10.3 * scale,) * min(days, 3)
        rates = ("value", "quantity", "trade")[(seed + (days or 0)) % 3]
        fees = TieredFees(
            tuple(
                (edge * scale, 0.003 - k / 1000, 0.006 - k / 1000)
                for k, edge in enumerate((0, 60.1, 130.3, 300.7))
            ),
            rates_on=rates,
            counts=counts,
            days=days,
            evaluated=evaluated,
            start_volume=start,
        )
        fills = random_fills(Asset(tape, latency=ConstantLatency(1, 1), fees=fees), seed, 200, HOUR)
        expected = tier_twin(fees, fills, START)
        assert [fill["fee"] for fill in fills] == pytest.approx(expected, rel=1e-12)
        of = {
            "value": lambda f: f["price"] * f["qty"],
            "quantity": lambda f: f["qty"],
            "trade": lambda f: 1.0,
        }
        used |= {round(fill["fee"] / of[rates](fill), 6) for fill in fills}
        assert len(fills) > 100
    assert len(used) >= 4, "several tiers were reached"


def test_two_bots_count_on_their_own() -> None:
    """A second run of the same assets starts with the first tier again."""
    fees = TieredFees(((0, 0.001, 0.002), (500, 0.0, 0.0)))
    asset = Asset(hours_tape(60), fees=fees)
    assert random_fills(asset, 1, 20, HOUR) == random_fills(asset, 1, 20, HOUR)


def test_binance_s_table() -> None:
    """The volume that lifts a tier is still charged below it; a start volume counts."""
    assert TieredFees(BINANCE).rates(15e6) == (0.00016, 0.0004)
    tape = quotes_tape([(50_000.0, 50_000.1)] * 9, tick_size=0.1, lot_size=0.001)
    fees = TieredFees(BINANCE, start_volume=15e6 - 60_000.0)
    bot = Bot([Asset(tape, fees=fees, contract=LinearContract(currency="USDT"))])
    bot.elapse(100_000_000)
    for number in range(3):
        assert bot.submit_buy_order(0, number + 1, 0.0, 1.0, GTC, MARKET, True) == OK
    rates = [fill.fee / 50_000.1 for fill in bot.fills(0)]
    assert rates == pytest.approx([0.0005, 0.0005, 0.0004], rel=1e-12)


def test_spot_fees_from_what_is_received() -> None:
    """Binance spot: 0.1 % of the coins that a buyer gets, and of the money that a seller gets."""
    tape = quotes_tape([(20_000.0, 20_000.01)] * 9, tick_size=0.01, lot_size=0.00001)
    contract = Spot("BTC", "USDT", fees_in="received")
    for latency in (ConstantLatency(), ConstantLatency(position_ns=1_000)):
        bot = Bot([Asset(tape, contract=contract, fees=TradingValueFees(0.001, 0.001), latency=latency)])
        bot.elapse(100_000_000)
        assert bot.submit_buy_order(0, 1, 0.0, 1.5, GTC, MARKET, True) == OK
        assert bot.submit_sell_order(0, 2, 0.0, 0.5, GTC, MARKET, True) == OK
        bot.elapse(1_000_000)
        bought, sold = bot.fills(0)
        assert bot.currencies == ("USDT", "BTC")
        assert (bot.currencies[bought.fee_currency], round(bought.fee * 1e8)) == ("BTC", 150_000)
        assert (bot.currencies[sold.fee_currency], round(sold.fee * 1e8)) == ("USDT", 10 * 10**8)
        state = bot.state_values(0)
        assert round(state.fee * 1e8) == round((0.0015 * 20_000.01 + 10.0) * 1e8)
        assert state.position == 1.0
        bot.close()


TAPE = quotes_tape([(1.0, 2.0)], tick_size=0.5, lot_size=1.0)
REFUSED = {
    "no tiers": (lambda: TieredFees(()), "a sequence of (from volume, maker, taker)"),
    "a text": (lambda: TieredFees("012"), "a sequence of (from volume"),  # type: ignore[arg-type]
    "two numbers": (lambda: TieredFees(((0, 0.1),)), "a sequence of (from"),  # type: ignore[arg-type]
    "not from 0": (lambda: TieredFees(((5, 0.1, 0.1),)), "the first tier from a volume of 0, got 5.0"),
    "falling": (lambda: TieredFees(((0, 0, 0), (0, 1, 1))), "rising volumes, got 0.0 after 0.0"),
    "NaN": (lambda: TieredFees(((0, float("nan"), 0),)), "TieredFees.tiers[0]: expected a finite number"),
    "days": (lambda: TieredFees(BINANCE, days=0), "days from 1 to 3660, or None"),
    "evaluated": (lambda: TieredFees(BINANCE, evaluated="hour"), "one of trade, day, got 'hour'"),
    "counts": (lambda: TieredFees(BINANCE, counts="coins"), "one of value, quantity"),
    "rates on": (lambda: TieredFees(BINANCE, rates_on="coins"), "one of value, quantity, trade"),
    "start": (lambda: TieredFees(BINANCE, start_volume=-1.0), "a finite volume >= 0"),
    "start by day": (lambda: TieredFees(BINANCE, start_volume=(1.0,)), "1 volumes without days"),
    "longer start": (lambda: TieredFees(BINANCE, days=1, start_volume=(1.0, 2.0)), "2 volumes for 1 days"),
    "common": (lambda: DirectionalFees(0.1), "TradingValueFees, TradingQtyFees"),  # type: ignore[arg-type]
    "buyer": (lambda: DirectionalFees(TradingValueFees(), float("inf")), "DirectionalFees.buyer"),
    "share in another currency": (
        lambda: Asset(TAPE, contract=LinearContract(1, "USDT"), fees=TieredFees(BINANCE), fee_currency="BNB"),
        "expected fees in USDT, of which they are a share",
    ),
    "taxed in another currency": (
        lambda: Asset(
            TAPE,
            contract=LinearContract(currency="USDT"),
            fee_currency="BNB",
            fees=DirectionalFees(FlatPerTradeFees(), 0.1),
        ),
        "got DirectionalFees in BNB",
    ),
    "received": (lambda: Spot("BTC", "USDT", fees_in="BNB"), '"quote" or "received"'),
    "received and named": (
        lambda: Asset(TAPE, contract=Spot("BTC", "USDT", fees_in="received"), fee_currency="BNB"),
        "no fee_currency where fees are taken from what is received",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_fees_that_are_none(name: str) -> None:
    """What is no schedule, and fees in a currency that they cannot be in."""
    make, message = REFUSED[name]
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)
