"""What a run leaves behind for whoever looks at it: arrays, and nothing of who made them.

A backtest, a paper session and a live journal all end as a `RunData`: per asset the best prices, the
immutable fill records, the order lives and, where the strategy kept some, samples of its state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truefill.core.contracts import CONTRACT_NAMES
from truefill.core.errors import CurrencyError, InputError, shown
from truefill.core.events import NO_TIME
from truefill.core.records import FILL, ORDER_LOG, PAYMENT, RECORD

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Records = NDArray[np.void]  # a structured array

NO_PAYMENTS: Records = np.empty(0, PAYMENT)

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND


@dataclass(frozen=True, eq=False)
class AssetRun:
    """One asset's side of a run.

    Parameters
    ----------
    symbol : str
        E.g. ``"BTCUSDT-PERP.BINANCE"``.
    tick_size, lot_size : float
        Smallest steps of price and quantity.
    multiplier : float
        Multiplier or size of the contract (`core.contracts`).
    fee_currency : str
        Currency of fees.
    price_ts : int64[P]
        Local times of the price samples, ns, never going back.
    bid, ask : float64[P]
        Best prices at those times; NaN where a side was empty.
    fills : FILL[F]
        Executions (`truefill.core.records`).
    orders : ORDER_LOG[O]
        Orders, one record for each life.
    records : RECORD[R]
        Samples of the state that the strategy asked for; empty when it kept none.
    contract : str
        One of `core.contracts.CONTRACT_NAMES`: what the multiplier means.
    price_interval_ns : int or None
        Spacing of the price samples: 0 when every change of a best price is there, None when not known
        (then told from the times: evenly spaced samples have their spacing, others count as changes).
    currency : str
        Currency of balance, value and PnL; empty: that of the fees.
    fee_currencies : tuple of str
        Names of the currencies that fills number in ``fee_currency``; empty: all fees are in `fee_currency`.
    base : str
        Of spot whose buyers pay fees in the coin: its name among `fee_currencies`.
    payments : PAYMENT[M]
        What an account received and paid for this asset without an order, its currencies numbered as those of
        the fills. A ``local_ts`` of NO_TIME: not reported.

    Raises
    ------
    InputError
        On a wrong dtype or shape, on times that go back, on a step that is not positive.
    """

    symbol: str
    tick_size: float
    lot_size: float
    multiplier: float
    fee_currency: str
    price_ts: Ints
    bid: Floats
    ask: Floats
    fills: Records
    orders: Records
    records: Records
    contract: str = "linear"
    price_interval_ns: int | None = None
    currency: str = ""
    fee_currencies: tuple[str, ...] = ()
    base: str = ""
    payments: Records = field(default_factory=NO_PAYMENTS.copy)

    def __post_init__(self) -> None:
        where = f"asset {self.symbol}"
        for name, dtype in (
            ("price_ts", np.dtype(np.int64)),
            ("bid", np.dtype(np.float64)),
            ("ask", np.dtype(np.float64)),
            ("fills", FILL),
            ("orders", ORDER_LOG),
            ("records", RECORD),
            ("payments", PAYMENT),
        ):
            column = getattr(self, name)
            if not isinstance(column, np.ndarray) or column.dtype != dtype or column.ndim != 1:
                got = f"{column.ndim}-d {column.dtype}" if isinstance(column, np.ndarray) else type(column)
                raise InputError(f"a one-dimensional array of {dtype} as {name}", got, where)
        if not len(self.price_ts) == len(self.bid) == len(self.ask):
            lengths = f"{len(self.price_ts)}, {len(self.bid)} and {len(self.ask)}"
            raise InputError("as many times as bids and asks", lengths, where)
        for name in ("tick_size", "lot_size", "multiplier"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"a positive {name}", value, where)
        if self.contract not in CONTRACT_NAMES:
            raise InputError(f"a contract of {', '.join(CONTRACT_NAMES)}", self.contract, where)
        if self.contract == "inverse":
            self._check_prices(where)
        if not self.currency:
            object.__setattr__(self, "currency", self.fee_currency)
        for name, times in (("price", self.price_ts), ("record", self.records["timestamp"])):
            backward = np.flatnonzero(np.diff(times) < 0)
            if len(backward):
                raise InputError(
                    f"{name} times in order", "a time that goes back", f"{where}, row {backward[0] + 1}"
                )

    def _check_prices(self, where: str) -> None:
        """An inverse contract is worth so many coins for its price: there must be one."""
        for prices in (self.bid, self.ask, self.fills["price"], self.records["price"]):
            if (prices <= 0).any():
                raise InputError("prices above 0 of an inverse contract", float(np.nanmin(prices)), where)

    @property
    def reported(self) -> Records:
        """Fills whose report arrived, in the order of arrival; the others never touched the state here."""
        known = self.fills[self.fills["local_ts"] < NO_TIME]
        return known[np.argsort(known["local_ts"], kind="stable")]

    @property
    def paid(self) -> Records:
        """Payments whose report arrived, in the order of arrival."""
        return _arrived(self.payments)

    def fees_by_currency(self, fills: Records) -> list[tuple[str, NDArray[np.bool_]]]:
        """Currencies of the fees of some fills, each with a mask of the fills that paid in it."""
        if not self.fee_currencies:
            return [(self.fee_currency, np.ones(len(fills), np.bool_))]
        numbers = fills["fee_currency"]
        return [(self.fee_currencies[n], numbers == n) for n in np.unique(numbers).tolist()]

    @property
    def mids(self) -> tuple[Ints, Floats]:
        """Times and mid prices, NaN where a side was empty; those of the records when there are no prices."""
        if not len(self.price_ts) and len(self.records):
            return self.records["timestamp"], self.records["price"]
        return self.price_ts, (self.bid + self.ask) / 2.0


def _arrived(payments: Records) -> Records:
    known = payments[payments["local_ts"] < NO_TIME]
    return known[np.argsort(known["local_ts"], kind="stable")]


@dataclass(frozen=True, eq=False)
class RunData:
    """A whole run: its assets and what is worth telling about it.

    Parameters
    ----------
    assets : tuple of AssetRun
        In the order of their asset numbers.
    meta : dict
        Plain values that JSON can hold. Read here, all of them optional: ``name``, ``strategy``,
        ``started`` (text), ``run_hash``, ``config`` (nested dict), ``notes`` (list of text: a corrected
        clock, gaps), ``models`` (dict of name to text), ``gaps`` (list of [begin, end], local ns).
    currency : str, optional
        What totals are reported in. By default the currency that all assets settle in, or the only one of
        theirs that has no rate.
    rates : dict of str to float, int or str
        What a unit of a currency is worth: a float (a fixed number), or an asset of this run whose mid says
        so, by number (int) or symbol.
    payments : PAYMENT[M]
        What accounts received and paid without an order and not for one asset: interest on a wallet that
        several trade with. It counts in totals.
    payment_currencies : tuple of str
        Names of the currencies that `payments` number.
    """

    assets: tuple[AssetRun, ...]
    meta: dict[str, Any] = field(default_factory=dict)
    currency: str | None = None
    rates: Mapping[str, float | int | str] = field(default_factory=dict)
    payments: Records = field(default_factory=NO_PAYMENTS.copy)
    payment_currencies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assets: object = self.assets
        meta: object = self.meta
        if not isinstance(assets, tuple) or not all(isinstance(a, AssetRun) for a in assets):
            raise InputError("a tuple of AssetRun as assets", type(assets), "run")
        if not isinstance(meta, dict):
            raise InputError("a dict as meta", type(meta), "run")
        if self.currency is not None and not (isinstance(self.currency, str) and self.currency):
            raise CurrencyError("the name of a currency, or None", shown(self.currency), "run")
        if not isinstance(self.rates, Mapping):
            raise CurrencyError('a dict of rates, such as {"BTC": 0}', shown(self.rates), "run")
        column = self.payments
        if not isinstance(column, np.ndarray) or column.dtype != PAYMENT or column.ndim != 1:
            raise InputError("a one-dimensional array of PAYMENT as payments", type(column), "run")
        rates = {name: self._rate(name, rate) for name, rate in self.rates.items()}
        object.__setattr__(self, "rates", rates)

    def _rate(self, name: object, rate: object) -> float | int:
        """A fixed rate as a float, an asset as its number."""
        where = f"rate of {name}"
        if not isinstance(name, str) or not name or name == self.currency:
            raise CurrencyError("the name of a currency other than the run's", shown(name), "rates")
        if isinstance(rate, str):
            numbers = [k for k, asset in enumerate(self.assets) if asset.symbol == rate]
            if len(numbers) != 1:
                symbols = ", ".join(asset.symbol for asset in self.assets)
                raise CurrencyError(f"the symbol of one asset ({symbols})", shown(rate), where)
            return numbers[0]
        if isinstance(rate, int | np.integer) and not isinstance(rate, bool):
            if not 0 <= rate < len(self.assets):
                wanted = f"an asset number below {len(self.assets)}, or a float such as 1.0 for a fixed rate"
                raise CurrencyError(wanted, int(rate), where)
            return int(rate)
        if not isinstance(rate, float | np.floating) or not (np.isfinite(rate) and rate > 0):
            raise CurrencyError("a finite rate > 0, or an asset's number or symbol", shown(rate), where)
        return float(rate)

    @property
    def paid(self) -> Records:
        """Payments of no asset whose report arrived, in the order of arrival."""
        return _arrived(self.payments)

    @property
    def has_payments(self) -> bool:
        """Whether an account has received or paid anything without an order."""
        return len(self.payments) > 0 or any(len(asset.payments) for asset in self.assets)

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last local time of anything known (ns), None for a run of nothing."""
        times = [
            int(t)
            for columns in (
                *((a.price_ts, a.records["timestamp"], a.reported["local_ts"]) for a in self.assets),
                (paid["local_ts"] for paid in (self.paid, *(a.paid for a in self.assets))),
            )
            for column in columns
            if len(column)
            for t in (column[0], column[-1])
        ]
        return (min(times), max(times)) if times else None
