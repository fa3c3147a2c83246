"""What one currency is worth in another over time: a run's `rates`, followed from currency to currency.

A rate is a fixed number, or the mid of an asset of the run. The mid of a linear contract or of spot is money
of its own currency for one unit of what it is about; that of an inverse or quanto contract is taken as money
of the run's currency. Where the asset itself settles in the currency that a rate is wanted for, the mid is
turned around: BTCUSDT tells what a USDT is worth in BTC, too.

What is held at a time (equity, position, fees paid so far in another coin) counts at the rate of that time;
what has flowed (value traded, fees) at the rate of the moment in which its report arrived. Nothing is worth
nothing at every rate, a rate before the first price is not a number.
"""

from dataclasses import dataclass

import numpy as np

from truefill.core.errors import CurrencyError
from truefill.core.run_data import AssetRun, Floats, Ints, Records, RunData

_SAY = 'RunData(currency="USDT", rates={"BTC": 0}): a rate is a number (1.0), or an asset\'s number or symbol'


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates of a run.

    Parameters
    ----------
    run : RunData
        With all of its assets.
    """

    run: RunData

    @property
    def reporting(self) -> str | None:
        """The currency of totals: the run's; else the one that all assets settle in, or that has no rate."""
        if self.run.currency is not None:
            return self.run.currency
        settled = dict.fromkeys(asset.currency for asset in self.run.assets)
        if len(settled) > 1:
            settled = dict.fromkeys(name for name in settled if name not in self.run.rates)
        return next(iter(settled)) if len(settled) == 1 else None

    def common(self) -> str | None:
        """The currency of totals when all assets can be turned into it, else None."""
        found = self.reporting
        if found is None:
            return None
        try:
            for asset in self.run.assets:
                self.at(np.empty(0, np.int64), asset.currency, found)
        except CurrencyError:
            return None
        return found

    def needed(self) -> str:
        """The currency of totals.

        Raises
        ------
        CurrencyError
            When assets settle in several currencies and it is not said, or has no rate.
        """
        found = self.reporting
        if found is None:
            settled = ", ".join(sorted({asset.currency for asset in self.run.assets})) or "no asset"
            raise CurrencyError(f"assets of one currency to add up, or their rates, as in {_SAY}", settled)
        for asset in self.run.assets:
            self.at(np.empty(0, np.int64), asset.currency, found)
        return found

    def at(self, ts: Ints, currency: str, into: str) -> Floats:
        """Worth of one unit of `currency`, in `into`, at each of the times (ns).

        Raises
        ------
        CurrencyError
            When no rates lead from one to the other.
        """
        end, rate = self._follow(ts, currency, into)
        if end == into:
            return rate
        other_end, other = self._follow(ts, into, end)
        if other_end != end:
            raise CurrencyError(f"a rate of {currency} in {into}, as in {_SAY}", "none")
        return rate / other

    def fees(self, asset: AssetRun, fills: Records, into: str) -> Floats:
        """Each fill's fee, in `into`, at the time of its report; in the fill's own coin at its price."""
        fees = fills["fee"].astype(np.float64)
        for currency, paid in asset.fees_by_currency(fills):
            ts = fills["local_ts"][paid]
            if currency == asset.base:
                rate = fills["price"][paid] * self.at(ts, asset.currency, into)
            else:
                rate = self.at(ts, currency, into)
            fees[paid] = times(fees[paid], rate)
        return fees

    def _follow(self, ts: Ints, start: str, goal: str) -> tuple[str, Floats]:
        """Go from rate to rate until the goal, or until there is none: where that ends, and the product."""
        rate: Floats = np.ones(len(ts))
        at, seen = start, {start}
        while at != goal and at in self.run.rates:
            step = self.run.rates[at]
            onward = self.reporting or goal
            if isinstance(step, float):
                rate = rate * step
            else:
                asset = self.run.assets[int(step)]  # symbols have become numbers
                mid = prices_at(asset, ts)
                turned = asset.currency == at
                rate = rate / mid if turned else rate * mid
                if asset.contract in ("linear", "spot") and not turned:
                    onward = asset.currency
            if onward in seen:
                raise CurrencyError("rates that lead to the currency of the run", f"a circle at {onward}")
            at = onward
            seen.add(at)
        return at, rate


def times(money: Floats, rate: Floats) -> Floats:
    """``money * rate``, and nothing where there is no money."""
    product: Floats = np.where(money == 0.0, 0.0, money * rate)
    return product


def fee_names(asset: AssetRun, fills: Records) -> list[str]:
    """Name of the currency that each fill's fee was paid in."""
    names = asset.fee_currencies
    if not names:
        return [asset.fee_currency] * len(fills)
    return [names[number] for number in fills["fee_currency"].tolist()]


def prices_at(asset: AssetRun, ts: Ints) -> Floats:
    """Last known mid price at or before each time; NaN before the first."""
    stamps, mids = asset.mids
    index = np.searchsorted(stamps, ts, side="right")
    return np.concatenate([[np.nan], last_known(mids)])[index]


def last_known(values: Floats) -> Floats:
    """Each number that is not finite replaced by the last finite one before it (NaN where there is none)."""
    if not len(values):
        return values
    known = np.isfinite(values)
    index = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(index >= 0, values[np.maximum(index, 0)], np.nan)
