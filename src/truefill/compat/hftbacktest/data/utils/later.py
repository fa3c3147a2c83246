"""HftBacktest's converters of vendors' files, which are not in this face: what reads such files here."""

from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import ReplacedError

_EVENTS = (
    "your own rows of event_dtype for `truefill.build_tape` or `BacktestAsset.data`: "
    "truefill does not read these files yet"
)
_BINANCE = (
    "`truefill convert FILE --venue binance-usdm --symbol SYMBOL --to npz --out FILE.npz`, "
    "or `truefill.convert`: they read the same recordings"
)
_DATABENTO = "`truefill convert FILE --out FILE.tape`, or `truefill.convert_files`: they read the same files"

CONVERTERS = {
    "binancefutures": {"convert": _BINANCE},
    "binancehistmktdata": {"convert": _EVENTS, "convert_snapshot": _EVENTS},
    "bybit": {"convert_fused": _EVENTS, "convert_depth": _EVENTS, "BybitDepthLevel": _EVENTS},
    "bybithistmktdata": {"convert": _EVENTS},
    "databento": {"convert": _DATABENTO},
    "hyperliquid": {"convert": _EVENTS},
    "mexc": {"convert": _EVENTS},
    "tardis": {},
}


def refuse(module: str, name: str) -> Exception:
    """The error about a name that a module of ``data.utils`` does not have."""
    instead = CONVERTERS.get(module.rpartition(".")[2], {}).get(name)
    return missing(module, name) if instead is None else ReplacedError(f"{module}.{name}", instead)
