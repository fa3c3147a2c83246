"""What is in a file of Binance's public archive: told by its first line, or by its name.

Newer files of futures begin with a line of names, those of spot and older ones do not. Without names the form
of the fields tells which file it is: seven of them are trades of spot, aggregated trades of futures or best
prices.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from truefill.core.errors import DataError
from truefill.vendors import table_kernels as k
from truefill.vendors.packed import first_line
from truefill.vendors.table import Column

# What a column is for, and how it is read. Prices and quantities get their decimal places from the reader.
_WHOLE = (k.NUMBER, 0)
ROLES: Mapping[str, tuple[int, int]] = {
    "id": _WHOLE,
    "time": _WHOLE,
    "close_time": _WHOLE,
    "price": (k.NUMBER, -1),
    "qty": (k.NUMBER, -2),
    "is_buyer_maker": (k.WORD, 0),
    "best_bid_price": (k.NUMBER, -1),
    "best_bid_qty": (k.NUMBER, -2),
    "best_ask_price": (k.NUMBER, -1),
    "best_ask_qty": (k.NUMBER, -2),
    "date": (k.TIME, 0),
    "percentage": (k.NUMBER, 8),
    "notional": (k.NUMBER, 8),
    "open": (k.NUMBER, -1),
    "high": (k.NUMBER, -1),
    "low": (k.NUMBER, -1),
    "close": (k.NUMBER, -1),
    "trades": _WHOLE,
    "quote_volume": (k.NUMBER, 8),
    "taker_buy_volume": (k.NUMBER, -2),
    "symbol": (k.TEXT, 0),
    "first_update_id": _WHOLE,
    "last_update_id": _WHOLE,
    "side": (k.WORD, 0),
    "update_type": (k.WORD, 0),
    "pu": (k.OPTIONAL, 0),
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One kind of files.

    Attributes
    ----------
    kind : str
        As in the names of the files.
    names : mapping
        Role of each named column that is read; several names may have one role.
    needed : tuple of str
        Roles that a line of names has to give.
    rows : tuple of (str, tuple of str)
        Of files without a line of names: the form of a row, and the role of each of its fields ("": skipped).
    """

    kind: str
    names: Mapping[str, str]
    needed: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


_TIME, _NUMBER, _ID, _BOOL = r"\d{9,19}", r"-?\d+(?:\.\d*)?", r"\d+", "(?i:true|false)"


def _row(*fields: str) -> str:
    return ",".join(fields) + "$"


LAYOUTS = (
    Layout(
        "trades",
        {"id": "id", "price": "price", "qty": "qty", "time": "time", "is_buyer_maker": "is_buyer_maker"},
        ("id", "price", "qty", "time", "is_buyer_maker"),
        (
            (_row(_ID, *[_NUMBER] * 3, _TIME, _BOOL), ("id", "price", "qty", "", "time", "is_buyer_maker")),
            (
                _row(_ID, *[_NUMBER] * 3, _TIME, _BOOL, _BOOL),
                ("id", "price", "qty", "", "time", "is_buyer_maker", ""),
            ),
        ),
    ),
    Layout(
        "aggTrades",
        {
            "agg_trade_id": "id",
            "price": "price",
            "quantity": "qty",
            "transact_time": "time",
            "timestamp": "time",
            "is_buyer_maker": "is_buyer_maker",
        },
        ("id", "price", "qty", "time", "is_buyer_maker"),
        (
            (
                _row(_ID, *[_NUMBER] * 2, _ID, _ID, _TIME, _BOOL),
                ("id", "price", "qty", "", "", "time", "is_buyer_maker"),
            ),
            (
                _row(_ID, *[_NUMBER] * 2, _ID, _ID, _TIME, _BOOL, _BOOL),
                ("id", "price", "qty", "", "", "time", "is_buyer_maker", ""),
            ),
        ),
    ),
    Layout(
        "bookTicker",
        {
            "update_id": "id",
            "best_bid_price": "best_bid_price",
            "best_bid_qty": "best_bid_qty",
            "best_ask_price": "best_ask_price",
            "best_ask_qty": "best_ask_qty",
            "transaction_time": "time",
        },
        ("id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty", "time"),
        (
            (
                _row(_ID, *[_NUMBER] * 4, r"\d{13}", r"\d{13}"),
                ("id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty", "time", ""),
            ),
        ),
    ),
    Layout(
        "bookDepth",
        {"timestamp": "date", "percentage": "percentage", "depth": "qty", "notional": "notional"},
        ("date", "percentage", "qty", "notional"),
        (
            (
                _row(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", *[_NUMBER] * 3),
                ("date", "percentage", "qty", "notional"),
            ),
        ),
    ),
    Layout(
        "klines",
        {
            "open_time": "time",
            "open": "open",
            "high": "high",
            "low": "low",
            "close": "close",
            "volume": "qty",
            "close_time": "close_time",
            "quote_volume": "quote_volume",
            "count": "trades",
            "taker_buy_volume": "taker_buy_volume",
        },
        (
            "time",
            "open",
            "high",
            "low",
            "close",
            "qty",
            "close_time",
            "quote_volume",
            "trades",
            "taker_buy_volume",
        ),
        (
            (
                _row(_TIME, *[_NUMBER] * 5, _TIME, _NUMBER, _ID, *[_NUMBER] * 3),
                (
                    *("time", "open", "high", "low", "close", "qty", "close_time", "quote_volume", "trades"),
                    *("taker_buy_volume", "", ""),
                ),
            ),
        ),
    ),
    Layout(
        "T_DEPTH",
        {
            "symbol": "symbol",
            "timestamp": "time",
            "first_update_id": "first_update_id",
            "last_update_id": "last_update_id",
            "side": "side",
            "update_type": "update_type",
            "price": "price",
            "qty": "qty",
            "pu": "pu",
        },
        ("symbol", "time", "last_update_id", "side", "update_type", "price", "qty"),
        (
            (
                _row(r"[A-Z0-9_]+", _TIME, *[_ID] * 3, "[ab]", "[a-z]+", _NUMBER, _NUMBER),
                (
                    "symbol",
                    "time",
                    "",
                    "first_update_id",
                    "last_update_id",
                    "side",
                    "update_type",
                    "price",
                    "qty",
                ),
            ),
            (
                _row(r"[A-Z0-9_]+", _TIME, *[_ID] * 2, "[ab]", "[a-z]+", _NUMBER, _NUMBER),
                (
                    "symbol",
                    "time",
                    "first_update_id",
                    "last_update_id",
                    "side",
                    "update_type",
                    "price",
                    "qty",
                ),
            ),
            (
                _row(r"[A-Z0-9_]+", _TIME, *[_ID] * 2, "[ab]", "[a-z]+", _NUMBER, _NUMBER, _NUMBER),
                (
                    "symbol",
                    "time",
                    "first_update_id",
                    "last_update_id",
                    "side",
                    "update_type",
                    "price",
                    "qty",
                    "pu",
                ),
            ),
        ),
    ),
)
BY_KIND = {layout.kind: layout for layout in LAYOUTS}

# BTCUSDT-trades-2024-01-01.zip, BTCUSDT-1m-2024-01.csv, BTCUSD_PERP-bookTicker-2024-01-01.zip
_NAME = re.compile(
    r"([A-Z0-9_]+)-(trades|aggTrades|bookTicker|bookDepth|\d+(?:s|m|h|d|w|mo|M))-\d{4}-\d\d(?:-\d\d)?\."
)
_DEPTH_NAME = re.compile(r"([A-Z0-9_]+)_T_DEPTH(?:_BACKFILL)?_.*?_(depth_snap|depth_update)\.")


def named(path: Path) -> tuple[str, str] | None:
    """Symbol and kind as a file's name gives them."""
    if match := _NAME.match(path.name):
        kind = match[2]
        return match[1], "klines" if kind[0].isdigit() else kind
    if match := _DEPTH_NAME.match(path.name):
        return match[1], "T_DEPTH"
    return None


def told(line: str) -> str | None:
    """Kind of a file as its first line tells it; None when it is none of these."""
    names = set(line.split(","))
    for layout in LAYOUTS:
        roles = {layout.names[name] for name in names if name in layout.names}
        if roles >= set(layout.needed) or any(re.match(form, line) for form, _ in layout.rows):
            return layout.kind
    return None


def kind_of(path: Path) -> str:
    """Kind of a file.

    Raises
    ------
    DataError
        Neither its first line nor its name tells.
    """
    line = first_line(path)
    kind = told(line) or (named(path) or ("", None))[1]
    if kind is None:
        kinds = ", ".join(BY_KIND)
        raise DataError(f"a file of Binance's archive ({kinds})", repr(line[:80]), f"{path}:1")
    return kind


def columns_of(path: Path, kind: str, places: tuple[int, int]) -> tuple[list[Column], bool]:
    """What each column holds, and whether the first line names them.

    Parameters
    ----------
    path : Path
    kind : str
    places : (int, int)
        Decimal places of prices and quantities.

    Raises
    ------
    DataError
        A line of names without one that is needed, or a row of another form.
    """
    line, layout = first_line(path), BY_KIND[kind]
    fields = line.split(",")
    if named_columns := not any(field[:1].isdigit() for field in fields):
        roles = [layout.names.get(field, "") for field in fields]
        missing = [role for role in layout.needed if role not in roles]
        if missing:
            names = [name for name, role in layout.names.items() if role in missing]
            raise DataError(
                f"a first line that names {', '.join(names)} ({kind})", repr(line[:120]), f"{path}:1"
            )
    else:
        forms = [its for form, its in layout.rows if re.match(form, line)]
        if not forms:
            counts = " or ".join(str(len(its)) for _, its in layout.rows)
            raise DataError(f"{kind}: {counts} fields, or a line of names", repr(line[:120]), f"{path}:1")
        roles = list(forms[0])
    return [_column(role, fields[i], places) for i, role in enumerate(roles)], named_columns


def _column(role: str, name: str, places: tuple[int, int]) -> Column:
    if not role:
        return Column(name, k.SKIPPED)
    kind, digits = ROLES[role]
    return Column(role, kind, digits if digits >= 0 else places[-digits - 1])
