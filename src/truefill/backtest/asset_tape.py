"""`Asset.tape`: given as a tape or a list of them, read as what is traded. Type checkers see both."""

import os
from collections.abc import Sequence
from typing import Any

from truefill.backtest.chain import Market
from truefill.tape import Tape


class TapeField:
    """The attribute ``tape`` of an asset, which its class turns from a list into a chain."""

    def __get__(self, owner: Any, kind: type) -> Market:
        """What was set; the class itself has none."""
        if owner is None:
            raise AttributeError("tape")
        market: Market = owner.__dict__["tape"]
        return market

    def __set__(self, owner: Any, value: Market | Sequence[Tape | str | os.PathLike[str]]) -> None:
        owner.__dict__["tape"] = value
