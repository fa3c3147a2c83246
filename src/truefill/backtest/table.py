"""The asset table: rows of ASSET records behind one address."""

from truefill.backtest.records import ASSET, asset_at
from truefill.core.jit import helper

_ROW = ASSET.itemsize


@helper
def asset_of(run, number):
    """Row of asset `number`, which is in range."""
    return asset_at(run["assets_addr"] + number * _ROW)


@helper
def asset_address(run, a):
    """Address of an asset's row."""
    return run["assets_addr"] + a["number"] * _ROW
