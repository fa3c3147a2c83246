"""`Asset.tape`: given as a tape or a list of them, read as what is traded. Type checkers see both."""

import os
from collections.abc import Sequence
from typing import Any, overload

from truefill.backtest.chain import Market
from truefill.tape import Tape


class TapeField:
    """The attribute ``tape`` of an asset, which its class turns from a list into a chain."""

    @overload
    def __get__(self, owner: None, kind: type) -> "TapeField": ...
    @overload
    def __get__(self, owner: object, kind: type) -> Market: ...

    def __get__(self, owner: Any, kind: type) -> Any:
        """What was set; the class itself has none."""
        if owner is None:
            raise AttributeError("tape")
        return owner.__dict__["tape"]

    def __set__(self, owner: Any, value: Market | Sequence[Tape | str | os.PathLike[str]]) -> None:
        owner.__dict__["tape"] = value
