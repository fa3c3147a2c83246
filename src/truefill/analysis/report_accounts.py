"""The report on accounts: the rules of each wallet and what became of it. Nothing without accounts."""

from html import escape
from typing import Any

from truefill.analysis.formats import number
from truefill.core.run_data import RunData

AMOUNTS = {
    "equity": "Equity at the end",
    "cash": "Cash at the end",
    "unrealized": "Unrealized profit at the end",
    "initial_margin": "Initial margin at the end",
    "maintenance_margin": "Maintenance margin at the end",
    "funding": "Funding, received less paid",
    "interest": "Interest, received less paid",
    "liquidation_fees": "Liquidation fees",
    "insurance": "Taken over by the insurance fund",
}


def accounts_section(run: RunData) -> str:
    """Make a card for each account that the run tells of (``meta["accounts"]``)."""
    accounts = run.meta.get("accounts") or []
    if not accounts:
        return ""
    cards = "".join(_card(k, account) for k, account in enumerate(accounts))
    return f'<h2>Accounts</h2><div class="groups">{cards}</div>'


def _card(place: int, account: dict[str, Any]) -> str:
    currency, end = account["currency"], account["end"]
    deposits = ", ".join(f"{number(amount)} {name}" for name, amount in account["balances"].items())
    rows = [
        ("Assets", ", ".join(account["assets"]), ""),
        ("Deposits", deposits, ""),
        ("Rules", rules(account["margin"]), ""),
        *((label, number(end[name]), currency) for name, label in AMOUNTS.items()),
        ("Orders refused for want of money", str(account["refused"]), ""),
        ("Liquidations", str(end["liquidations"]), ""),
        ("Bankrupt", "YES" if end["bankrupt"] else "no", ""),
    ]
    if account["borrow"]:
        annual = ", ".join(f"{name} {rate:.4%}" for name, rate in account["borrow"].items())
        rows.insert(3, ("Interest on debts, a year", annual, ""))
    cells = "".join(
        f"<tr><td>{escape(label)}</td><td>{escape(text)}<small>{escape(unit)}</small></td></tr>"
        for label, text, unit in rows
    )
    return f'<section class="card"><h3>Account {place}</h3><table><tbody>{cells}</tbody></table></section>'


def rules(margin: dict[str, Any]) -> str:
    """Margin rules in a few words."""
    if margin["model"] == "cash":
        return "cash, no credit"
    tiers = margin["tiers"]
    words = [f"{margin['model']}, initial {margin['initial_rate']:.4%}"]
    if tiers:
        words.append(f"maintenance from {tiers[0][1]:.4%}" + (f" in {len(tiers)} tiers" if tiers[1:] else ""))
    if margin["liquidation_fee"]:
        words.append(f"liquidation fee {margin['liquidation_fee']:.4%}")
    return ", ".join(words)
