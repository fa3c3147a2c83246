"""What the analysis is told of accounts: their rules, what became of them, and whose each payment is."""

from typing import Any

import numpy as np

from truefill.backtest.bot import Bot
from truefill.core.events import NO_TIME
from truefill.core.reasons import INSUFFICIENT_BALANCE, INSUFFICIENT_MARGIN
from truefill.core.records import ACCOUNT_STATE


def stories(bot: Bot, orders: np.ndarray, states: np.ndarray) -> list[dict[str, Any]]:
    """Each account in plain values: its description, its assets, what was refused, how it ended.

    Parameters
    ----------
    bot : Bot
    orders : ORDER_LOG[O]
    states : ACCOUNT_STATE[N]
        At the end.
    """
    refused = orders[np.isin(orders["reason"], (INSUFFICIENT_BALANCE, INSUFFICIENT_MARGIN))]
    found = []
    for number, account in enumerate(bot.accounts):
        members = members_of(bot, number)
        found.append(
            account.describe()
            | {
                "assets": [bot.assets[k].tape.symbol for k in members],
                "refused": int(np.isin(refused["asset"], members).sum()),
                "end": {name: states[number][name].item() for name in ACCOUNT_STATE.names or ()},
            }
        )
    return found


def account_notes(told: list[dict[str, Any]]) -> list[str]:
    """What nobody may overlook: bankruptcy, liquidations, refusals."""
    notes = []
    for number, account in enumerate(told):
        end = account["end"]
        name = f"account {number} ({', '.join(account['assets'])})"
        if end["bankrupt"]:
            insured = end["insurance"] > 0.0
            bearer = "the insurance fund took over" if insured else "at the end it owed"
            loss = end["insurance"] if insured else max(0.0, -end["equity"])
            notes.append(
                f"BANKRUPT: {name} lost more than it had; {bearer} {loss:,.6g} {account['currency']}. "
                "What came after is not a result that anybody could have had"
            )
        if end["liquidations"]:
            notes.append(f"LIQUIDATED: {name}; positions that the venue closed: {end['liquidations']}")
        if account["refused"]:
            notes.append(f"{name}: orders refused for want of money or margin: {account['refused']:,}")
    return notes


def members_of(bot: Bot, account: int) -> list[int]:
    """Numbers of the assets that trade with an account."""
    return [number for number, _ in bot._account_bindings[account].members]


def owned(bot: Bot, payments: np.ndarray, arrived: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Payments by asset, and those of none.

    Interest on a wallet that only one asset trades with is that asset's. What had not been reported at
    `arrived` gets no time of arrival, as fills do.
    """
    known = payments.copy()
    known["local_ts"][known["local_ts"] > arrived] = NO_TIME
    owner = known["asset"].copy()
    for number in range(len(bot.accounts)):
        members = members_of(bot, number)
        if len(members) == 1:
            owner[known["account"] == number] = members[0]
    return [known[owner == number] for number in range(bot.num_assets)], known[owner < 0]
