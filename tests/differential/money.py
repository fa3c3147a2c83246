"""Random accounts for random setups, and how engine and twin build them."""

import random
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tests.differential.engine import EngineBot, engine_bot
from tests.differential.setups import Market, Setup, random_setup, twin_bot
from tests.differential.streams import BASE_TS
from tests.twin import TwinBot
from tests.twin.account import YEAR, TwinAccount
from tests.twin.holdings import TwinHolding, TwinRules
from tests.twin.ledger import worth
from truefill.backtest.account import Account, CrossMargin, IsolatedMargin
from truefill.backtest.models.contracts import InverseContract, LinearContract, Spot
from truefill.backtest.records import fills_at
from truefill.backtest.result import _payments
from truefill.core.events import LOCAL, MARK_PRICE, NO_TIME
from truefill.core.records import ACCOUNT_STATE, PAYMENT_NAMES

# What is drawn: the kind of the account.
KINDS = ("cross", "cross", "cross", "isolated", "mixed", "cash", "credit", "credit")
TAPE, MID = "tape", "mid"


@dataclass(frozen=True)
class Rules:
    """Margin rules of one asset."""

    leverage: int
    tiers: tuple[tuple[float, float, float], ...]
    fee: float
    isolated: bool

    def engine(self) -> Any:
        """As truefill has it."""
        made = IsolatedMargin if self.isolated else CrossMargin
        return made(self.leverage, tiers=self.tiers, liquidation_fee=self.fee)

    def twin(self) -> TwinRules:
        """As the twin has it."""
        tiers = tuple(
            (Fraction(floor), Fraction(rate), Fraction(deducted)) for floor, rate, deducted in self.tiers
        )
        return TwinRules(Fraction(1, self.leverage), tiers, Fraction(self.fee), self.isolated)


@dataclass(frozen=True)
class Money:
    """What one asset has to do with the account."""

    rules: Rules | None
    mark: Any  # MID, TAPE, or [(exchange ts, price, local ts)]
    funding: list[tuple[int, float]]
    settled: str
    base: str


@dataclass(frozen=True)
class MoneySetup:
    """A setup and its account; one wallet for all assets."""

    setup: Setup
    kind: str
    assets: list[Money]
    balances: dict[str, float]
    rates: dict[str, float]
    borrow: dict[str, float]
    interval_ns: int
    insurance: bool


def random_money(seed: int, exchange: str) -> MoneySetup:
    """A random setup and an account that is neither rich nor poor for it."""
    setup = random_setup(seed, exchange)
    rng = random.Random(seed * 31 + 7)
    kind = rng.choice(KINDS)
    spot = kind in ("cash", "credit")
    markets = [replace(m, inverse=False, multiplier=1.0) if spot else m for m in setup.markets]
    setup = replace(setup, markets=markets)
    # one message a time is told by a money of its own in the twin: position reports would say it twice
    assets = [_random_asset(rng, kind, number, market) for number, market in enumerate(markets)]
    balances, rates = {}, {}
    for market, money in zip(markets, assets, strict=True):
        leverage = money.rules.leverage if money.rules else 1
        price = market.stream.mid_tick * market.stream.tick_size
        value = worth(price, market.stream.lot_size, market.multiplier, market.inverse)
        lots = rng.choice((1.2, 3.4, 7.3, 15.1, 60.7))
        balances[money.settled] = balances.get(money.settled, 0.0) + value * lots / leverage
        if money.base and rng.random() < 0.5:
            balances[money.base] = rng.choice((1, 5, 20)) * market.stream.lot_size
    counted_in = next(iter(balances))
    for money in assets:
        if money.settled != counted_in:
            rates[money.settled] = rng.choice((0.5, 3.0, 1000.0))
    rows = [market.stream.events["exch_ts"] for market in markets]
    interval = max(int(max(ts.max() for ts in rows) - min(ts.min() for ts in rows)) // rng.choice((3, 20)), 1)
    often = YEAR / interval
    often_paid = rng.random() < (0.9 if kind == "credit" else 0.4)
    owed = dict.fromkeys([*balances, *(money.base for money in assets if money.base)])
    borrow = {name: rng.choice((0.0, 0.001, 0.1)) * often for name in owed} if often_paid else {}
    return MoneySetup(setup, kind, assets, balances, rates, borrow, interval, rng.random() < 0.7)


def _random_asset(rng: random.Random, kind: str, number: int, market: Market) -> Money:
    rows = market.stream.events
    price = market.stream.mid_tick * market.stream.tick_size
    value = worth(price, market.stream.lot_size, market.multiplier, market.inverse)
    first, last = int(rows["exch_ts"].min()), int(rows["exch_ts"].max())
    rules = None
    if kind != "cash":
        leverage = rng.choice((2, 10, 20, 100, 100))
        low, high = 0.6 / leverage, 0.8 / leverage  # near the initial margin: liquidations are frequent
        tiers = rng.choice(
            ((), ((0.0, low, 0.0),), ((0.0, low, 0.0), (5 * value, high, 5 * value * (high - low))))
        )
        isolated = kind == "isolated" or (kind == "mixed" and rng.random() < 0.5)
        rules = Rules(leverage, tiers, rng.choice((0.0, 0.0125, 0.1, 0.1)), isolated)
    mark: Any = rng.choice((MID, TAPE, None, None, None, None))
    if mark is None:
        mark = _random_marks(rng, price, first, last)
    elif mark == TAPE and not _tape_marks(market):
        mark = MID
    spot = kind in ("cash", "credit")
    funding = []
    if not spot and rng.random() < 0.7:
        times = sorted(rng.randint(first, last) for _ in range(rng.choice((1, 5))))
        funding = [(ts, rng.choice((-0.01, 0.0001, 0.003))) for ts in dict.fromkeys(times)]
    settled = "USD" if rng.random() < 0.7 or spot else f"C{number}"
    return Money(rules, mark, funding, settled, f"B{number}" if spot else "")


def _random_marks(rng: random.Random, price: float, first: int, last: int) -> list[tuple[int, float, int]]:
    found = [(first - 10, price, first - 10)]
    # jumps all the time keep orders from being taken: most are calm until there are positions, then crash
    calm = rng.choice((0.0, 0.5, 0.7))
    jump = rng.choice((0.002, 0.05, 0.3, 0.3))
    for ts in sorted({rng.randint(first, last) for _ in range(rng.choice((3, 40)))}):
        size = 0.001 if ts < first + calm * (last - first) else jump
        price = max(price * (1 + rng.uniform(-size, size)), 0.01)
        found.append((ts, price, max(ts + rng.choice((0, 40)), found[-1][2])))
    return found


def _tape_marks(market: Market) -> list[tuple[int, float, int]]:
    rows = market.stream.events
    kept = rows[(rows["ev"] & np.uint64(0xFF) == MARK_PRICE) & (rows["ev"] & np.uint64(LOCAL) != 0)]
    kept = kept[np.argsort(kept["local_ts"], kind="stable")]
    marks = [
        (int(row["exch_ts"]), float(row["px"]), int(row["local_ts"]) + market.location_ns) for row in kept
    ]
    return sorted(marks, key=lambda mark: mark[0])


def engine_of(money: MoneySetup) -> EngineBot:
    """truefill with the account."""
    plain = engine_bot(money.setup)
    assets = [
        replace(
            asset,
            contract=_contract(market, about),
            margin=about.rules.engine() if about.rules else None,
            mark={MID: "mid", TAPE: None}.get(about.mark)
            if isinstance(about.mark, str)
            else _arrays(about.mark),
            funding=_arrays(about.funding) if not about.base else None,
        )
        for asset, market, about in zip(plain.assets, money.setup.markets, money.assets, strict=True)
    ]
    account = Account(
        money.balances,
        margin=money.assets[0].rules.engine() if money.assets[0].rules else None,
        rates=money.rates,
        borrow=money.borrow,
        borrow_interval_ns=money.interval_ns,
        insurance=money.insurance,
    )
    return EngineBot(assets, compute_ns=money.setup.compute_ns, accounts=account)


def _contract(market: Market, about: Money) -> Any:
    if about.base:
        return Spot(about.base, about.settled)
    return (InverseContract if market.inverse else LinearContract)(market.multiplier, about.settled)


def _arrays(rows: list[Any]) -> tuple[np.ndarray, ...]:
    columns = list(zip(*rows, strict=True)) if rows else [[], []]
    kinds = (np.int64, np.float64, np.int64)
    return tuple(np.array(column, kind) for column, kind in zip(columns, kinds, strict=False))


def twin_of(money: MoneySetup) -> TwinBot:
    """The twin with the account."""
    bot = twin_bot(money.setup)
    holdings = []
    for number, (market, about) in enumerate(zip(money.setup.markets, money.assets, strict=True)):
        marks = about.mark
        if isinstance(marks, str):
            marks = _tape_marks(market) if marks == TAPE else None
        by_value = market.fees.name == "value"
        reserve = max(0.0, *market.fees.values) if by_value else 0.0
        holdings.append(
            TwinHolding(
                bot.markets[number],
                number,
                "spot" if about.base else "inverse" if market.inverse else "linear",
                about.settled,
                about.rules.twin() if about.rules else None,
                about.base,
                marks,
                about.funding,
                Fraction(reserve),
            )
        )
    rules = money.assets[0].rules
    account = TwinAccount(
        holdings,
        money.balances,
        next(iter(money.balances)),
        margin=rules.twin() if rules else None,
        rates=money.rates,
        borrow=money.borrow,
        borrow_interval=money.interval_ns,
        insurance=money.insurance,
    )
    bot.accounts.append(account)
    return bot


def engine_view(bot: EngineBot) -> dict[str, float]:
    """What the strategy knows of the account."""
    state = bot.account(0)
    return {name: float(getattr(state, name)) for name in ACCOUNT_STATE.names or ()}


def counted_equity(bot: EngineBot, money: MoneySetup, now: int) -> float | None:
    """Equity as one would count it from the reports: cash and coins, what positions are worth, less debts.

    From fills and payments that have arrived, in exact fractions. None while something has no price here.
    """
    payments = _payments(bot)
    cash = {name: Fraction(amount) for name, amount in money.balances.items()}
    for paid in payments[payments["local_ts"] <= now]:
        name = bot.currencies[paid["currency"]]
        cash[name] = cash.get(name, Fraction(0)) + Fraction(float(paid["amount"]))
    rates = {next(iter(money.balances)): Fraction(1)}
    rates |= {name: Fraction(rate) for name, rate in money.rates.items()}
    total = Fraction(0)
    for number, (market, about) in enumerate(zip(money.setup.markets, money.assets, strict=True)):
        mark = _mark_here(bot, number, market, about, now)
        row = bot._table[number]
        mine = fills_at(row["fills_addr"], row["fills_count"])
        mine = mine[(mine["local_ts"] <= now) & (mine["local_ts"] < NO_TIME)]
        lot, size = Fraction(market.stream.lot_size), Fraction(market.multiplier)
        held = int((mine["side"] * mine["qty_lots"]).sum())
        settled = cash.setdefault(about.settled, Fraction(0))
        for fill in mine:
            qty, price = int(fill["qty_lots"]) * lot, Fraction(float(fill["price"]))
            value = -qty * size / price if market.inverse else qty * size * price
            settled -= int(fill["side"]) * value + Fraction(float(fill["fee"]))
        cash[about.settled] = settled
        if about.base:
            cash[about.base] = cash.get(about.base, Fraction(0)) + held * lot
            if cash[about.base] and mark is None:
                return None
            rates[about.base] = (mark or Fraction(0)) * rates[about.settled]
        elif held:
            if mark is None:
                return None
            worth_now = -held * lot * size / mark if market.inverse else held * lot * size * mark
            total += worth_now * rates[about.settled]
    return float(total + sum(amount * rates[name] for name, amount in cash.items()))


def _mark_here(bot: EngineBot, number: int, market: Market, about: Money, now: int) -> Fraction | None:
    """The last mark that has arrived; the book's mid is only known while both sides are there."""
    if isinstance(about.mark, str) and about.mark == MID:
        depth = bot.depth(number)
        mid = (depth.best_bid + depth.best_ask) / 2
        return Fraction(mid) if mid == mid else None
    marks = _tape_marks(market) if isinstance(about.mark, str) else about.mark
    seen = [price for _, price, local_ts in sorted(marks, key=lambda m: m[2]) if local_ts <= now]
    return Fraction(seen[-1]) if seen else None


def engine_payments(bot: EngineBot) -> list[tuple[Any, ...]]:
    """All payments that were made."""
    from truefill.backtest.result import collect

    result = collect(bot)
    return [
        (PAYMENT_NAMES[p["kind"]], int(p["asset"]), bot.currencies[p["currency"]], float(p["amount"]),
         int(p["exch_ts"]), int(p["local_ts"]))
        for p in result.payments
    ]  # fmt: skip


def twin_payments(bot: TwinBot) -> list[tuple[Any, ...]]:
    """All payments that were made."""
    return [
        (p.kind, p.number, p.currency, float(p.amount), p.exch_ts, p.local_ts)
        for p in bot.accounts[0].payments
    ]


__all__ = ["BASE_TS", "MoneySetup", "engine_of", "engine_payments", "engine_view", "random_money", "twin_of"]
