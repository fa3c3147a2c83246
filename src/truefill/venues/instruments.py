"""What a venue says of its instruments, in one record for all of them."""

from dataclasses import dataclass

from truefill.venues.symbols import Symbol


@dataclass(frozen=True, slots=True)
class Instrument:
    """Steps and limits of an instrument, as decimal text; "" where the venue says nothing.

    Parameters
    ----------
    symbol : Symbol
        Its name.
    native : str
        The venue's name, as its messages have it.
    tick, lot : str
        Steps of price and quantity; "" of Independent Reserve, which does not say.
    min_qty, max_qty : str
        Of one limit order.
    min_value : str
        Price times quantity of one order, in the quote currency.
    contract_size : str
        Of one contract, in the base currency (inverse: in the quote currency); "" where quantities are coins.
    """

    symbol: Symbol
    native: str
    tick: str
    lot: str
    min_qty: str = ""
    max_qty: str = ""
    min_value: str = ""
    contract_size: str = ""


def step_of_places(places: int) -> str:
    """Return the step that a number of decimal places allows: 2 is ``0.01``."""
    return "1" if places <= 0 else f"0.{'0' * (places - 1)}1"
