"""The venues' own names of instruments: from base, quote and contract, and back.

A contract is "" (spot), ``PERP``, ``FLEX`` (Kraken's perpetuals on many collaterals; with a day of delivery
``FLEX-YYMMDD``), a day of delivery as ``YYMMDD``, or an option: ``YYMMDD-<strike>-C`` or ``-P``. Names as of
2026-09; each way is tried on every instrument that a venue's own answer lists, where there is a recording of
one.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from truefill.venues.venue import Venue

PERPETUAL = "PERP"
FLEX = "FLEX"
OPTION = re.compile(r"(\d{6})-(\d+(?:\.\d+)?)-([CP])")


class Parts(NamedTuple):
    """What an instrument is made of."""

    base: str
    quote: str
    contract: str = ""


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_QUARTER = {"H": 3, "M": 6, "U": 9, "Z": 12}
# Quotes by which a pair written as one word is split, the longest that fits first.
_DOLLARS = (
    "USDT",
    "USDC",
    "USDE",
    "USD1",
    "USDG",
    "FDUSD",
    "TUSD",
    "BUSD",
    "USDQ",
    "USDR",
    "USDH",
    "USDS",
    "RLUSD",
)
_MONEY = (
    "USD",
    "EUR",
    "GBP",
    "AUD",
    "CHF",
    "SGD",
    "NZD",
    "JPY",
    "BRL",
    "TRY",
    "PLN",
    "ARS",
    "MXN",
    "CAD",
    "DAI",
    "BRZ",
)
_QUOTES = (*_DOLLARS, *_MONEY, "BTC", "XBT", "ETH", "BNB", "SOL", "MNT", "OKB")


# Of contracts, a quote at Binance alone, and of coins at no exchange for dollars: there it is the end of many
# a coin and the dollar.
_COINS_OF_DOLLARS = ("BUSD", "TUSD")
_DOLLAR_EXCHANGES = ("COINBASE", "COINBASE_EXCHANGE", "KRAKEN", "BITSTAMP", "INDEPENDENT_RESERVE")


def split_pair(pair: str, exchange: str = "BINANCE", contract: str = "") -> tuple[str, str]:
    """Split a pair of currencies written as one word; a guess by the known quotes, "" where none fits."""
    quotes = ("USD",) if contract and exchange in ("EXTENDED", "KRAKEN") else _QUOTES
    fitting = [quote for quote in quotes if pair.endswith(quote) and len(pair) > len(quote)]
    if exchange in _DOLLAR_EXCHANGES or (contract and exchange != "BINANCE"):
        fitting = [quote for quote in fitting if quote not in _COINS_OF_DOLLARS]
    elif pair.endswith(("BUSD", "TUSD")) and len(pair) < len("BTCBUSD"):
        fitting = ["USD"]  # BNBUSD, DOTUSD: a coin ending in B or T against the dollar
    quote = max(fitting, key=len, default="")
    return pair[: len(pair) - len(quote)], quote


def _day(code: str) -> str | None:
    """``27MAR26`` or ``7MAR26`` as ``260327``."""
    match = re.fullmatch(r"(\d{1,2})([A-Z]{3})(\d\d)", code)
    if match is None or match[2] not in _MONTHS:
        return None
    return f"{match[3]}{_MONTHS.index(match[2]) + 1:02d}{int(match[1]):02d}"


def _code(day: str) -> str:
    return f"{int(day[4:])}{_MONTHS[int(day[2:4]) - 1]}{day[:2]}"


def _last_friday(year: int, month: int) -> str:
    day = monthrange(year, month)[1]
    while date(year, month, day).weekday() != 4:
        day -= 1
    return f"{year % 100:02d}{month:02d}{day:02d}"


def _quarter(day: str) -> str:
    """A day of delivery as the letter of its month and the year: ``U26``."""
    letter = {month: letter for letter, month in _QUARTER.items()}.get(int(day[2:4]), "?")
    return f"{letter}{day[:2]}"


def _from_quarter(text: str) -> Parts | None:
    """``BTCUSD`` or ``BTCUSDU26``, which is delivered on the last Friday of the month."""
    match = re.fullmatch(r"([A-Z0-9]+?)USD(?:([HMUZ])(\d\d))?", text)
    if match is None:
        return None
    when = _last_friday(2000 + int(match[3]), _QUARTER[match[2]]) if match[2] else PERPETUAL
    return Parts(match[1], "USD", when)


# -- Binance ------------------------------------------------------------------------------------------------


def _binance(venue: Venue, p: Parts) -> str:
    if not p.contract or (p.contract == PERPETUAL and venue is not Venue.BINANCE_COINM):
        return p.base + p.quote
    return f"{p.base}{p.quote}_{p.contract}"


def _from_binance(venue: Venue, text: str) -> Parts | None:
    if venue is Venue.BINANCE_SPOT:
        return Parts(*split_pair(text)) if re.fullmatch(r"[A-Z0-9]+", text) else None
    match = re.fullmatch(r"([A-Z0-9]+)(?:_(PERP|\d{6}))?", text)
    return match and Parts(*split_pair(match[1]), match[2] or PERPETUAL)


# -- Bybit: BTCUSDT; BTCPERP (USDC); BTCUSDT-27MAR26, BTC-27MAR26 (USDC); BTCUSD, BTCUSDU26 (inverse) ------


def _bybit(venue: Venue, p: Parts) -> str:
    usdc = p.quote == "USDC"
    if not p.contract:
        return p.base + p.quote
    if p.contract == PERPETUAL:
        return f"{p.base}PERP" if usdc else p.base + p.quote
    option = OPTION.fullmatch(p.contract)
    if option is not None:
        name = f"{p.base}-{_code(option[1])}-{option[2]}-{option[3]}"
        return name if usdc else f"{name}-{p.quote}"
    if venue is Venue.BYBIT_INVERSE:
        return f"{p.base}{p.quote}{_quarter(p.contract)}"
    return f"{p.base if usdc else p.base + p.quote}-{_code(p.contract)}"


def _from_bybit(venue: Venue, text: str) -> Parts | None:
    if venue is Venue.BYBIT_SPOT:
        return Parts(*split_pair(text)) if re.fullmatch(r"[A-Z0-9]+", text) else None
    if venue is Venue.BYBIT_OPTION:
        match = re.fullmatch(r"([A-Z0-9]+)-(\d{1,2}[A-Z]{3}\d\d)-([\d.]+)-([CP])(?:-([A-Z]+))?", text)
        day = match and _day(match[2])
        if match is None or not day:
            return None
        return Parts(match[1], match[5] or "USDC", f"{day}-{match[3]}-{match[4]}")
    if venue is Venue.BYBIT_INVERSE:
        return _from_quarter(text)
    match = re.fullmatch(r"([A-Z0-9]+)(?:-(\d{1,2}[A-Z]{3}\d\d))?", text)
    if match is None:
        return None
    if match[2]:
        day = _day(match[2])
        base, quote = split_pair(match[1]) if match[1].endswith("USDT") else (match[1], "USDC")
        return Parts(base, quote, day) if day else None
    if text.endswith("PERP") and len(text) > len("PERP"):
        return Parts(text[:-4], "USDC", PERPETUAL)
    return Parts(*split_pair(text), PERPETUAL)


# -- OKX: BTC-USDT, BTC-USDT-SWAP, BTC-USD-220527, BTC-USD-220527-30000-C ----------------------------------


def _okx(venue: Venue, p: Parts) -> str:
    contract = "SWAP" if p.contract == PERPETUAL else p.contract
    return "-".join(part for part in (p.base, p.quote, contract) if part)


def _from_okx(venue: Venue, text: str) -> Parts | None:
    match = re.fullmatch(r"([A-Z0-9]+)-([A-Z0-9]+)(?:-(SWAP|\d{6}(?:-[\d.]+-[CP])?))?", text)
    return match and Parts(match[1], match[2], PERPETUAL if match[3] == "SWAP" else match[3] or "")


# -- Hyperliquid: the coin alone; its thousands are written with a small k ----------------------------------

_THOUSANDS = {"KPEPE", "KSHIB", "KBONK", "KFLOKI", "KLUNC", "KDOGS", "KNEIRO"}


def _hyperliquid(venue: Venue, p: Parts) -> str:
    return "k" + p.base[1:] if p.base in _THOUSANDS else p.base


def _from_hyperliquid(venue: Venue, text: str) -> Parts | None:
    return Parts(text.upper(), "USDC", PERPETUAL) if re.fullmatch(r"[A-Za-z0-9]+", text) else None


# -- Bitget, MEXC: as Binance's pairs; Bitget's USDC perpetuals as Bybit's -----------------------------------


def _bitget(venue: Venue, p: Parts) -> str:
    if venue is Venue.BITGET_COIN and p.contract != PERPETUAL:
        return f"{p.base}{p.quote}{_quarter(p.contract)}"
    return f"{p.base}PERP" if venue is Venue.BITGET_USDC else p.base + p.quote


def _from_bitget(venue: Venue, text: str) -> Parts | None:
    if not re.fullmatch(r"[A-Z0-9]+", text):
        return None
    if venue is Venue.BITGET_USDC:
        return Parts(text.removesuffix("PERP"), "USDC", PERPETUAL) if text.endswith("PERP") else None
    if venue is Venue.BITGET_COIN:
        return _from_quarter(text)
    return Parts(*split_pair(text), "" if venue in (Venue.BITGET_SPOT, Venue.MEXC_SPOT) else PERPETUAL)


# -- Extended, Coinbase, Kraken, Bitstamp, Independent Reserve: two words ------------------------------------


def _words(separator: str, contract: str, lower: bool = False) -> tuple["_Native", "_Read"]:
    def native(venue: Venue, p: Parts) -> str:
        name = f"{p.base}{separator}{p.quote}"
        return name.lower() if lower else name

    def read(venue: Venue, text: str) -> Parts | None:
        match = re.fullmatch(rf"([A-Z0-9.]+){re.escape(separator)}([A-Z0-9]+)", text.upper())
        return match and Parts(match[1], match[2], contract)

    return native, read


_KRAKEN = {"BTC": "XBT", "DOGE": "XDG"}
_FROM_KRAKEN = {theirs: ours for ours, theirs in _KRAKEN.items()}


def _kraken(venue: Venue, p: Parts) -> str:
    return f"{_KRAKEN.get(p.base, p.base)}/{_KRAKEN.get(p.quote, p.quote)}"


def _from_kraken(venue: Venue, text: str) -> Parts | None:
    match = re.fullmatch(r"([A-Z0-9.]+)/([A-Z0-9]+)", text)
    return match and Parts(_FROM_KRAKEN.get(match[1], match[1]), _FROM_KRAKEN.get(match[2], match[2]))


def _kraken_futures(venue: Venue, p: Parts) -> str:
    kind, _, day = p.contract.rpartition("-")
    if kind == FLEX:
        kind, day = "FF", f"_{day}"
    else:
        kind = {PERPETUAL: "PI", FLEX: "PF"}.get(p.contract, "FI")
        day = "" if kind != "FI" else f"_{p.contract}"
    return f"{kind}_{_KRAKEN.get(p.base, p.base)}{p.quote}{day}"


def _from_kraken_futures(venue: Venue, text: str) -> Parts | None:
    match = re.fullmatch(r"(PI|PF|FI|FF)_([A-Z0-9]+)USD(?:_(\d{6}))?", text)
    if match is None or (match[1][0] == "F") != bool(match[3]):
        return None
    contract = {"PI": PERPETUAL, "PF": FLEX, "FI": match[3], "FF": f"{FLEX}-{match[3]}"}[match[1]]
    return Parts(_FROM_KRAKEN.get(match[2], match[2]), "USD", contract)


def _bitstamp(venue: Venue, p: Parts) -> str:
    return (p.base + p.quote).lower()


def _from_bitstamp(venue: Venue, text: str) -> Parts | None:
    return Parts(*split_pair(text.upper())) if re.fullmatch(r"[a-zA-Z0-9]+", text) else None


_Native = Callable[[Venue, Parts], str]
_Read = Callable[[Venue, str], Parts | None]

_NAMES: dict[str, tuple[_Native, _Read]] = {
    "BINANCE": (_binance, _from_binance),
    "BYBIT": (_bybit, _from_bybit),
    "OKX": (_okx, _from_okx),
    "HYPERLIQUID": (_hyperliquid, _from_hyperliquid),
    "BITGET": (_bitget, _from_bitget),
    "MEXC": (_bitget, _from_bitget),
    "EXTENDED": _words("-", PERPETUAL),
    "COINBASE": _words("-", ""),
    "COINBASE_EXCHANGE": _words("-", ""),
    "BITSTAMP": (_bitstamp, _from_bitstamp),
    "INDEPENDENT_RESERVE": _words("-", "", lower=True),
}


def native_name(venue: Venue, parts: Parts) -> str:
    """Return the venue's own name of an instrument."""
    return _functions(venue)[0](venue, parts)


def read_native(venue: Venue, text: str) -> Parts | None:
    """Read a venue's own name; None: it is not one."""
    return _functions(venue)[1](venue, text)


def _functions(venue: Venue) -> tuple[_Native, _Read]:
    if venue is Venue.KRAKEN:
        return _kraken, _from_kraken
    if venue is Venue.KRAKEN_FUTURES:
        return _kraken_futures, _from_kraken_futures
    return _NAMES[venue.company]
