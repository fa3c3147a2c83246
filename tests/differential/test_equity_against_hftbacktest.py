"""Equity of records is HftBacktest's, by the formulas of its own statistics, linear and inverse."""

from typing import Any

import pytest

from tests.differential import hft
from tests.differential.engine import engine_bot
from tests.differential.setups import random_setup
from truefill.analysis.equity import from_records
from truefill.backtest.result import collect

pytestmark = pytest.mark.skipif(bool(hft.available), reason=hft.available or "installed")


@pytest.mark.parametrize("seed", range(12))
def test_equity_of_random_runs(seed: int) -> None:
    """After each step of a random run, per asset."""
    import polars as pl
    from hftbacktest.stats import InverseAssetRecord, LinearAssetRecord

    setup = random_setup(seed, "no_partial_fill", for_hft=True)
    bot = engine_bot(setup)
    number = 0
    while bot.elapse(50) == 0 and number < 400:
        number += 1
        for asset in range(bot.num_assets):
            depth: Any = bot.depth(asset)
            if depth.best_bid == depth.best_bid and depth.best_ask == depth.best_ask:
                price = depth.best_ask if number % 3 else depth.best_bid
                submit = bot.submit_buy_order if number % 5 < 3 else bot.submit_sell_order
                submit(
                    asset, number, price, setup.markets[asset].stream.lot_size * (1 + number % 4), 0, 0, False
                )
        bot.record()
    data = collect(bot).run_data()
    traded = 0
    for market, asset in zip(setup.markets, data.assets, strict=True):
        kind = InverseAssetRecord if market.inverse else LinearAssetRecord
        columns = {name: asset.records[name].copy() for name in asset.records.dtype.names}
        theirs = kind(pl.DataFrame(columns)).contract_size(market.multiplier)
        theirs.prepare()
        ours = from_records(asset)
        expected = theirs.df["equity_wo_fee"].to_numpy()
        scale = float(asset.records["trading_value"].max(initial=1e-9))
        known = ours.equity_gross == ours.equity_gross
        priced = asset.records["price"] == asset.records["price"]  # an empty side: we keep the last known mid
        assert ours.equity_gross[known & priced] == pytest.approx(
            expected[known & priced], rel=1e-9, abs=1e-9 * scale
        )
        traded += int((known & priced).sum() > 0 and asset.records["num_trades"].max(initial=0) > 0)
    bot.close()
    assert traded > 0 or not len(data.assets[0].records)
