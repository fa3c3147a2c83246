"""HftBacktest's ``data.utils.binancehistmktdata``: each name says what does its work here."""

from typing import Any

from truefill.compat.hftbacktest.data.utils.later import refuse


def __getattr__(name: str) -> Any:
    raise refuse(__name__, name)
