"""Where the money came from, fill by fill, in parts that add up to the profit to the last unit.

For a fill at price p, with m the mid at it, m' the mid a horizon after its report and M the last mid:

    edge        side * (m - p)       what the price was better than the mid
    markout     side * (m' - m)      what the mid did then: < 0 is adverse selection
    inventory   side * (M - m')      what the position made or lost afterwards
    fees, payments (funding and others)

    profit = edge + markout + inventory - fees + payments

All are whole numbers of one small unit of money (of the tick's, the lot's and the contract's product where
that is possible), so the sum has no rounding in it. Where the prices end before the horizon, the markout goes
to the end and nothing is left for the inventory; without a mid at the fill its edge is 0.
"""

import math
from dataclasses import dataclass

import numpy as np

from truefill.analysis.payments import KINDS, in_currency
from truefill.analysis.rates import Rates, prices_at
from truefill.analysis.valuation import valuation
from truefill.core.errors import InputError
from truefill.core.run_data import NS_PER_SECOND, AssetRun, Floats, Ints, Records, RunData

HORIZON = 10 * NS_PER_SECOND
PARTS = ("edge", "markout", "inventory", "fees")
_FINEST = 10**6  # parts of tick * lot * contract
_LARGEST = 2.0**61
_BLOCKS = 50
_FEWEST_BLOCKS = 8


@dataclass(frozen=True, eq=False)
class Attribution:
    """The profit of one asset's reported fills, taken apart. All amounts are whole numbers of `unit`.

    Attributes
    ----------
    symbol, currency : str
        Currency that the asset settles in.
    unit : float
        Money.
    horizon_ns : int
        Of the markout.
    ts : int64[F]
        Time of each report, ns.
    side : int64[F]
        1 bought, -1 sold.
    maker : bool[F]
    edge, markout, inventory, fees : int64[F]
        Of each fill; fees are what was paid, negative.
    payments : dict of str to int
        By kind (`Funding`, `Interest`, ...), received less paid.
    """

    symbol: str
    currency: str
    unit: float
    horizon_ns: int
    ts: Ints
    side: Ints
    maker: np.ndarray
    edge: Ints
    markout: Ints
    inventory: Ints
    fees: Ints
    payments: dict[str, int]

    @property
    def fills(self) -> Ints:
        """int64[F]: profit of each fill, without payments."""
        return self.edge + self.markout + self.inventory + self.fees

    @property
    def profit(self) -> int:
        """Everything together, in `unit`: exactly the sum of all parts."""
        return sum(self.totals().values())

    def totals(self, chosen: np.ndarray | None = None) -> dict[str, int]:
        """Sum of each part in `unit`; of some fills only (a mask), and then without payments."""
        every = chosen is None
        mask = np.ones(len(self.ts), np.bool_) if chosen is None else chosen
        # Python's integers: a sum of int64 may be beyond int64
        found = {name: sum(getattr(self, name)[mask].tolist()) for name in PARTS}
        return found | (self.payments if every else {})

    def money(self, amount: float) -> float:
        """An amount of `unit` as money."""
        return amount * self.unit

    def error(self, name: str) -> float:
        """Standard error of a part's sum, money, from its scatter over blocks of time; NaN: too few fills.

        Fills near each other share their price moves; one by one they would claim too much.
        """
        if len(self.ts) < 2 * _FEWEST_BLOCKS:
            return math.nan
        edges = np.linspace(self.ts[0], self.ts[-1], _BLOCKS + 1)[1:-1]
        amounts = self.fills if name == "fills" else getattr(self, name)
        sums = np.bincount(np.searchsorted(edges, self.ts, side="right"), amounts, minlength=_BLOCKS)
        filled = np.bincount(np.searchsorted(edges, self.ts, side="right"), minlength=_BLOCKS) > 0
        if filled.sum() < _FEWEST_BLOCKS:
            return math.nan
        return float(sums.std(ddof=1) * math.sqrt(_BLOCKS) * self.unit)


def attribution(
    asset: AssetRun, horizon_ns: int = HORIZON, *, rates: Rates | None = None, end_ts: int | None = None
) -> Attribution:
    """Take the profit of an asset's fills apart.

    Parameters
    ----------
    asset : AssetRun
    horizon_ns : int
        Until when a move of the mid counts as the fill's (adverse selection), from its report on.
    rates : Rates, optional
        Of the run, where fees or payments are in other currencies; they count as of their time.
    end_ts : int, optional
        When the position is valued; by default at the end of the asset's prices.

    Returns
    -------
    Attribution
    """
    if horizon_ns < 0:
        raise InputError("a horizon of 0 ns or more", horizon_ns, "attribution")
    rates = rates or Rates(RunData((asset,)))
    fills = asset.reported
    end = int(asset.price_ts[-1]) if end_ts is None and len(asset.price_ts) else end_ts or 0
    end = max([end, *fills["local_ts"][-1:].tolist()])
    at_fill = (fills["bid"] + fills["ask"]) / 2.0
    at_fill = _first_known(at_fill, prices_at(asset, fills["local_ts"]), fills["price"])
    later = prices_at(asset, np.minimum(fills["local_ts"] + horizon_ns, end))
    later = _first_known(later, at_fill)
    last = _first_known(np.full(len(fills), prices_at(asset, np.array([end]))[0]), later)
    paid = rates.fees(asset, fills, asset.currency)
    unit, values = _values(asset, fills, (fills["price"], at_fill, later, last), paid)
    amounts = in_currency(asset.paid, asset.fee_currencies, rates, asset.currency)
    kinds = asset.paid["kind"]
    payments = {
        name: sum(np.rint(amounts[kinds == kind] / unit).astype(np.int64).tolist())
        for name, kind in KINDS.items()
        if (kinds == kind).any()
    }
    return Attribution(
        symbol=asset.symbol,
        currency=asset.currency,
        unit=unit,
        horizon_ns=horizon_ns,
        ts=fills["local_ts"].copy(),
        side=fills["side"].astype(np.int64),
        maker=fills["maker"].astype(np.bool_),
        edge=values[1] - values[0],
        markout=values[2] - values[1],
        inventory=values[3] - values[2],
        fees=-np.rint(paid / unit).astype(np.int64),
        payments=payments,
    )


def _first_known(*choices: Floats) -> Floats:
    """Of several columns, in each row the first that is a number."""
    found = choices[0].astype(np.float64)
    for other in choices[1:]:
        found = np.where(np.isfinite(found), found, other)
    return found


def _values(
    asset: AssetRun, fills: Records, prices: tuple[Floats, ...], fees: Floats
) -> tuple[float, list[Ints]]:
    """A unit of money, and what each fill's quantity is worth at each of the prices, in it.

    Where all prices are on half ticks (mids are) and the worth is linear in the price, the unit divides the
    product of half a tick, a lot and the contract, and nothing is rounded.
    """
    held = (fills["side"] * fills["qty_lots"]).astype(np.int64)
    contract = valuation(asset)
    worths = [contract.worth(fills["side"] * fills["qty"], price) for price in prices]
    largest = max([1e-300, *(float(np.abs(w).sum()) for w in (*worths, fees) if len(w))])
    halves = [np.rint(2.0 * price / asset.tick_size) for price in prices]
    off = [np.abs(2.0 * p / asset.tick_size - h) for p, h in zip(prices, halves, strict=True)]
    exact = asset.contract != "inverse" and all(not len(o) or bool((o < 1e-4).all()) for o in off)
    if exact:
        base = 0.5 * asset.tick_size * asset.lot_size * asset.multiplier
        finer = _FINEST
        while finer > 1 and largest / base * finer > _LARGEST:
            finer //= 10
        if largest / base * finer <= _LARGEST:
            return base / finer, [held * h.astype(np.int64) * finer for h in halves]
    unit = 10.0 ** math.ceil(math.log10(largest / 2.0**50))
    return unit, [np.rint(w / unit).astype(np.int64) for w in worths]
