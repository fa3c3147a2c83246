"""Payments of accounts over time: what has flowed so far, and what that money is worth now.

The same two numbers as for fees in another currency: what flowed counts at the rate of the moment in which
its report arrived, what is held at the rate of now. Without another currency they are the same.
"""

import numpy as np

from truefill.analysis.rates import Rates, times
from truefill.core.records import FUNDING_PAYMENT, INSURANCE, INTEREST, LIQUIDATION_FEE
from truefill.core.run_data import Floats, Ints, Records, RunData

# Metrics by kind of payment; their sum is what a curve has as payments.
KINDS = {
    "Funding": FUNDING_PAYMENT,
    "Interest": INTEREST,
    "LiquidationFees": LIQUIDATION_FEE,
    "Insurance": INSURANCE,
}


def in_currency(paid: Records, names: tuple[str, ...], rates: Rates, into: str) -> Floats:
    """Each payment, in `into`, at the rate of the time of its report."""
    amounts = paid["amount"].astype(np.float64)
    for number in np.unique(paid["currency"]).tolist():
        chosen = paid["currency"] == number
        rate = rates.at(paid["local_ts"][chosen], names[number], into)
        amounts[chosen] = times(amounts[chosen], rate)
    return amounts


def payments_so_far(paid: Records, names: tuple[str, ...], ts: Ints, rates: Rates, into: str) -> Floats:
    """Received less paid up to each of the times, in `into`, as it flowed."""
    return _sums(paid, in_currency(paid, names, rates, into), ts)


def payments_held(paid: Records, names: tuple[str, ...], ts: Ints, rates: Rates, into: str) -> Floats:
    """What the payments so far are worth at each of the times."""
    held: Floats = np.zeros(len(ts))
    for number in np.unique(paid["currency"]).tolist():
        amounts = np.where(paid["currency"] == number, paid["amount"], 0.0)
        held = held + times(_sums(paid, amounts, ts), rates.at(ts, names[number], into))
    return held


def payments_by_kind(run: RunData, asset: int | None, rates: Rates, into: str) -> dict[str, float]:
    """Received less paid in a whole run, of one asset or of all and the wallets: by the names of `KINDS`."""
    assets = run.assets if asset is None else (run.assets[asset],)
    parts = [(part.paid, part.fee_currencies) for part in assets]
    if asset is None:
        parts.append((run.paid, run.payment_currencies))
    found = dict.fromkeys(KINDS, 0.0)
    for paid, names in parts:
        amounts = in_currency(paid, names, rates, into)
        for name, kind in KINDS.items():
            found[name] += float(amounts[paid["kind"] == kind].sum())
    return found


def _sums(paid: Records, amounts: Floats, ts: Ints) -> Floats:
    sums: Floats = np.concatenate([[0.0], np.cumsum(amounts)])
    return sums[np.searchsorted(paid["local_ts"], ts, side="right")]
