"""Every public name of HftBacktest's recorder, stats and data modules is here, or says what replaces it."""

import importlib
import types
import warnings

import pytest

from tests.differential import hft
from truefill.core.errors import ReplacedError

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")

CONVERTERS = (
    *("binancefutures", "binancehistmktdata", "bybit", "bybithistmktdata", "databento", "hyperliquid"),
    *("mexc", "tardis"),
)
TOOLS = ("difforderbooksnapshot", "feed_order_latency", "migration2", "snapshot")
MODULES = [
    *("recorder", "stats", "stats.metrics", "stats.stats", "data", "data.validation"),
    # databento wants a package that is not installed.
    *(f"data.utils.{name}" for name in (*CONVERTERS, *TOOLS) if name != "databento"),
]


def _own_names(module: types.ModuleType) -> list[str]:
    """Names that a module defines; of a package those that it offers."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    names = [name for name in vars(module) if not name.startswith("_")]
    return [name for name in names if getattr(vars(module)[name], "__module__", None) == module.__name__]


@pytest.mark.compiled_only  # interpreted, HftBacktest's modules cannot all be imported
@pytest.mark.parametrize("name", MODULES)
def test_each_name_is_there_or_named_in_an_error(name: str) -> None:
    """No name of theirs ends in a bare AttributeError or ImportError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = importlib.import_module(f"hftbacktest.{name}")
    mine = importlib.import_module(f"truefill.compat.hftbacktest.{name}")
    names = _own_names(theirs)
    refused = []
    for own in names:
        try:
            assert getattr(mine, own) is not None
        except ReplacedError as error:
            assert error.instead
            refused.append(own)

    assert names
    assert not refused or name.rpartition(".")[2] not in CONVERTERS


def test_a_name_that_nobody_has_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        importlib.import_module("truefill.compat.hftbacktest.data.utils.tardis").conwert  # noqa: B018
