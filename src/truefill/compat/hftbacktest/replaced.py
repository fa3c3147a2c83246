"""Names of HftBacktest's that this face does not have, each with what does its work in truefill."""

from truefill.core.errors import ReplacedError

_LIVE = "`truefill.Bot`, in a backtest: trading live is not part of truefill yet"
_JITCLASS = "`numba.typeof(hbt)` is the type of a backtest for annotations; make one with "
_C_FUNCTION = "the methods of the backtest, its depth and its orders: there is no C library behind them"

_STATS = "the methods of `LinearAssetRecord` and `InverseAssetRecord`"

_HASHMAP, _ROI = "HashMapMarketDepthBacktest([asset, ...])", "ROIVectorMarketDepthBacktest([asset, ...])"

# What takes a name's place, whatever module it is asked of.
REPLACED = {
    "LiveInstrument": _LIVE,
    "HashMapMarketDepthLiveBot": _LIVE,
    "HashMapMarketDepthLiveBot_": _LIVE,
    "ROIVectorMarketDepthLiveBot": _LIVE,
    "ROIVectorMarketDepthLiveBot_": _LIVE,
    "build_hashmap_livebot": _LIVE,
    "build_roivec_livebot": _LIVE,
    "build_hashmap_backtest": _HASHMAP,
    "build_roivec_backtest": _ROI,
    "BacktestAsset_": "BacktestAsset",
    "HashMapMarketDepthBacktest_": _JITCLASS + _HASHMAP,
    "ROIVectorMarketDepthBacktest_": _JITCLASS + _ROI,
    "HashMapMarketDepth_": "`hbt.depth(asset_no)`",
    "ROIVectorMarketDepth_": "`hbt.depth(asset_no)`",
    "OrderDict_": "`hbt.orders(asset_no)`",
    "Values_": "`hbt.orders(asset_no).values()`",
    "Order_": "`hbt.orders(asset_no).get(order_id)`",
    "Recorder_": "`Recorder(...).recorder`",
    "FuseMarketDepth_": "`truefill.compat.hftbacktest.data.FuseMarketDepth`",
    "StateValues_": "`hbt.state_values(asset_no)`",
    "_hftbacktest": _C_FUNCTION,
    "lib": _C_FUNCTION,
    "intrinsic": "truefill.core.address",
    "ptr_from_val": "truefill.core.address",
    "val_from_ptr": "truefill.core.address",
    "address_as_void_pointer": "truefill.core.address",
    "is_null_ptr": "truefill.core.address",
    "generate_order_latency_nb": "`generate_order_latency`",
    "convert_": "`convert`",
    "compute_metrics": _STATS,
    "resample": _STATS,
    "monthly": _STATS,
    "daily": _STATS,
    "hourly": _STATS,
    "get_num_samples_per_day": _STATS,
    "get_total_days": _STATS,
    "utils": _STATS,
}
_C_PREFIXES = ("hashmapdepth_", "roivecdepth_", "hashmapbt_", "roivecbt_", "orders_", "fusemarketdepth_")


def missing(module: str, name: str) -> Exception:
    """The error about a name that a module of this face does not have.

    A name that HftBacktest has gives a ReplacedError, any other a plain AttributeError.
    """
    instead = REPLACED.get(name)
    if instead is None and name.startswith(_C_PREFIXES):
        instead = _C_FUNCTION
    if instead is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    return ReplacedError(f"{module}.{name}", instead)
