"""Every public name of the installed HftBacktest is here, or says what takes its place."""

import importlib
import types
import warnings

import numpy as np
import pytest

from tests.differential import hft
from truefill.compat import hftbacktest as ours
from truefill.core.errors import ReplacedError

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")

MODULES = [
    "",
    ".order",
    ".types",
    ".state",
    ".binding",
    ".recorder",
    ".data",
    ".data.validation",
    ".data.utils",
]
MODULES += [".stats", ".stats.stats", ".stats.metrics"]
UTILS = (
    "binancefutures",
    "binancehistmktdata",
    "bybit",
    "bybithistmktdata",
    "databento",
    "hyperliquid",
    "mexc",
)
UTILS += ("difforderbooksnapshot", "feed_order_latency", "migration2", "snapshot", "tardis")
MODULES += [f".data.utils.{name}" for name in UTILS]
WITH_CONSTANTS = ("", ".order", ".types")  # elsewhere they are only imported


def _is_theirs(module: types.ModuleType, name: str) -> bool:
    """Whether a name is HftBacktest's own, and not what one of its modules imports for itself."""
    value = getattr(module, name)
    if isinstance(value, types.ModuleType):
        return value.__name__.startswith("hftbacktest")
    if isinstance(value, int | np.dtype):
        return module.__name__.removeprefix("hftbacktest") in WITH_CONSTANTS
    home = getattr(value, "__module__", None) or ""
    is_package = hasattr(module, "__path__")
    return home.startswith("hftbacktest") if is_package else home == module.__name__


def _public(module: str) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = importlib.import_module(f"hftbacktest{module}")
        except (ModuleNotFoundError, AttributeError) as error:  # a package is missing; or Numba is off
            pytest.skip(f"hftbacktest{module}: {error}")
    return [name for name in dir(theirs) if not name.startswith("_") and _is_theirs(theirs, name)]


@pytest.mark.parametrize("module", MODULES)
def test_each_name_is_there_or_named_in_an_error(module: str) -> None:
    """No name of theirs ends in a bare AttributeError."""
    mine = importlib.import_module(f"truefill.compat.hftbacktest{module}")
    names = _public(module)
    lost = []
    for name in names:
        try:
            if not hasattr(mine, name):
                importlib.import_module(f"{mine.__name__}.{name}")
        except ReplacedError as error:
            assert error.instead, name
        except ImportError:
            lost.append(name)

    assert names or module == ".data.utils"
    assert lost == []


@pytest.mark.parametrize(
    "name", ["BacktestAsset", "HashMapMarketDepthBacktest", "ROIVectorMarketDepthBacktest"]
)
def test_each_method_of_the_classes_is_there(name: str) -> None:
    """Options of the builder; methods of the backtests (theirs are in the type hints)."""
    import hftbacktest
    from hftbacktest import binding

    theirs = hftbacktest.BacktestAsset if name == "BacktestAsset" else getattr(binding, name)
    mine = getattr(ours, name)

    assert [m for m in dir(theirs) if not m.startswith("_") and m != "ptr" and not hasattr(mine, m)] == []


def test_values_of_constants_are_theirs() -> None:
    """Numbers and record layouts, byte for byte."""
    for module in (".order", ".types"):
        theirs = importlib.import_module(f"hftbacktest{module}")
        mine = importlib.import_module(f"truefill.compat.hftbacktest{module}")
        for name in _public(module):
            value = getattr(theirs, name)
            if isinstance(value, int) or name.endswith("_dtype"):
                assert getattr(mine, name) == value, name


def test_what_is_missing_says_what_takes_its_place() -> None:
    """From an import statement, too; an unknown name is an AttributeError."""
    with pytest.raises(ReplacedError, match=r"instead: `truefill\.Bot`"):
        from truefill.compat.hftbacktest import LiveInstrument  # noqa: F401
    with pytest.raises(AttributeError):
        ours.no_such_name  # noqa: B018
    with pytest.raises(ReplacedError, match="no C library"):
        importlib.import_module("truefill.compat.hftbacktest.binding").hashmapbt_elapse  # noqa: B018
