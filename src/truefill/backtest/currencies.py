"""The currencies of an asset, and what contract, fees and tape must have in common."""

from truefill.backtest.models.contracts import Contract, InverseContract, Spot
from truefill.backtest.models.fees_schedule import FeeModel, by_value
from truefill.core.errors import ConfigError
from truefill.tape import Tape


def settlement(contract: Contract, fee_currency: str | None) -> str:
    """Currency of balance, value and profit: the contract's; unnamed, that of the fees."""
    unnamed = "base" if isinstance(contract, InverseContract) else "quote"
    return contract.settlement or fee_currency or unnamed


def received_coin(contract: Contract) -> str | None:
    """The coin of spot where a buyer's fees are taken from what it receives, else None."""
    if isinstance(contract, Spot) and contract.fees_in == "received":
        return contract.base or "base"
    return None


def check_money(contract: Contract, fees: FeeModel, fee_currency: str | None, tape: Tape, where: str) -> None:
    """Raise ConfigError for fees in a currency that they cannot be in, and for prices that are none.

    Fees that are a share of the value are in its currency. An inverse contract is worth so many coins for
    its price, which has to be above 0.
    """
    named = contract.settlement
    if fee_currency is not None and named not in (None, fee_currency):
        if received_coin(contract) is not None:
            wanted = "no fee_currency where fees are taken from what is received"
            raise ConfigError(wanted, fee_currency, where)
        if by_value(fees):
            raise ConfigError(
                f"fees in {named}, of which they are a share (leave fee_currency out; in another currency "
                "are FlatPerTradeFees, TradingQtyFees or UserFees)",
                f"{type(fees).__name__} in {fee_currency}",
                where,
            )
    if isinstance(contract, InverseContract):
        ticks, prices = tape.section("level_tick"), tape.trades["px"]
        if ticks.min(initial=1) <= 0 or prices.min(initial=1.0) <= 0:
            raise ConfigError(
                "prices above 0 for an inverse contract (LinearContract if this is none)",
                "a tape with prices of 0 or below",
                where,
            )
