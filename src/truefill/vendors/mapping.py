"""Declared mappings: a TOML file that says which columns of a table are what."""

import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from truefill.core.errors import ConfigError, DataError

Unit = Literal["s", "ms", "us", "ns", "text"]
Word = str | int | float | bool

_BUY: list[Word] = ["buy", "Buy", "BUY", "bid", "Bid", "BID", "b", "B", "1", "+1", "1.0"]
_SELL: list[Word] = ["sell", "Sell", "SELL", "ask", "Ask", "ASK", "s", "S", "a", "A", "-1", "-1.0"]
_NO_SIDE: list[Word] = ["", "unknown", "none", "0"]
_NEEDS = {
    "trade": ("price", "quantity"),
    "depth": ("side", "price", "quantity"),
    "quote": ("bid_price", "bid_quantity", "ask_price", "ask_quantity"),
    "book": ("bid_price", "bid_quantity", "ask_price", "ask_quantity"),
}


class Mapping(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the columns of one kind of file are.

    Of a book, a name with ``{}`` stands for a column a level, one without for a column of lists.
    """

    kind: Literal["trade", "depth", "quote", "book"]
    files: str = "*"  # of several tables: a pattern of the names of its files
    columns: list[str] | None = None  # of CSV files without a first line of names
    exchange_time: str | None = None
    local_time: str | None = None
    time_unit: Unit = "text"
    exchange_time_unit: Unit | None = None
    local_time_unit: Unit | None = None
    side: str | None = None
    buy: list[Word] = msgspec.field(default_factory=lambda: list(_BUY))
    sell: list[Word] = msgspec.field(default_factory=lambda: list(_SELL))
    no_side: list[Word] = msgspec.field(default_factory=lambda: list(_NO_SIDE))
    price: str | None = None
    quantity: str | None = None
    id: str | None = None
    snapshot: str | None = None
    bid_price: str | None = None
    bid_quantity: str | None = None
    ask_price: str | None = None
    ask_quantity: str | None = None
    first_level: int = 0  # what stands for {} at the best level
    instrument: str | None = None

    def unit(self, role: str) -> Unit:
        """Of ``exchange_time`` or ``local_time``."""
        own = self.exchange_time_unit if role == "exchange_time" else self.local_time_unit
        return own or self.time_unit

    def sides(self, buy: int, sell: int) -> dict[str, int]:
        """What each word for a side stands for."""
        parts: dict[str, tuple[list[Word], int]] = {"buy": (self.buy, buy), "sell": (self.sell, sell)}
        if self.kind == "trade":
            parts["no_side"] = (self.no_side, 0)
        table: dict[str, int] = {}
        for name in sorted(parts, key=self.given):  # the user's own words after those that are there anyway
            words, code = parts[name]
            table |= {text(word): code for word in words}
        return table

    def given(self, name: str) -> bool:
        """Whether the words of a side are the user's own."""
        return bool(getattr(self, name) != {"buy": _BUY, "sell": _SELL, "no_side": _NO_SIDE}[name])


def text(word: Word) -> str:
    """Write a word of the mapping as it stands in a file."""
    return str(word).lower() if isinstance(word, bool) else str(word)


def read_mapping(path: str | Path) -> list[Mapping]:
    """Read a mapping file: one mapping, or a table for each kind of file.

    Raises
    ------
    DataError
        There is no such file.
    ConfigError
        It is no TOML, or a key is unknown, missing, or not what it has to be: with file and key.
    """
    file = Path(path)
    try:
        loaded = tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise DataError("a mapping file", "none with this name", file) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise ConfigError("a mapping in TOML", error, file) from None
    tables = {name: value for name, value in loaded.items() if isinstance(value, dict)}
    if not tables:
        return [_mapping(loaded, f"{file}")]
    for name in loaded.keys() - tables.keys():
        raise ConfigError("keys inside the tables", name, file)
    for name, table in tables.items():
        if "files" not in table and len(tables) > 1:
            raise ConfigError(
                "files, a pattern of names, in each of several tables", "none", f"{file}: {name}"
            )
    return [_mapping(table, f"{file}: {name}") for name, table in tables.items()]


def _mapping(table: dict[str, Any], place: str) -> Mapping:
    try:
        mapping = msgspec.convert(table, Mapping)
    except msgspec.ValidationError as error:
        raise ConfigError("keys of a mapping", error, place) from None
    missing = [name for name in _NEEDS[mapping.kind] if getattr(mapping, name) is None]
    if missing:
        raise ConfigError(f"{', '.join(missing)} of kind {mapping.kind}", "none", place)
    if mapping.exchange_time is None and mapping.local_time is None:
        raise ConfigError("exchange_time, local_time or both", "neither", place)
    both = {text(word) for word in mapping.buy} & {text(word) for word in mapping.sell}
    if both and mapping.given("buy") and mapping.given("sell"):
        raise ConfigError("different words for buy and sell", ", ".join(sorted(both)), place)
    return mapping
