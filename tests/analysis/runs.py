"""Made runs for the tests: a random walk, fills around it, and the orders that they came from."""

import numpy as np

from truefill.core.records import (
    BUY_SIDE,
    CANCELED,
    EXPIRED,
    FILL,
    FILLED,
    GTC,
    GTX,
    ORDER_LOG,
    RECORD,
    SELL_SIDE,
)
from truefill.core.run_data import AssetRun, RunData

START = 1_723_075_200_000_000_000  # 2024-08-08 00:00:00 UTC
SECOND = 1_000_000_000
TICK, LOT = 0.1, 0.001


def make_asset(
    *,
    seconds: int = 600,
    fills: int = 200,
    seed: int = 1,
    symbol: str = "BTCUSDT-PERP.BINANCE",
    multiplier: float = 1.0,
    maker_fee: float = -0.00005,
    taker_fee: float = 0.0002,
    price_step_ns: int = SECOND // 10,
    with_records: bool = False,
    currency: str = "USDT",
) -> AssetRun:
    """A random walk of the mid in ticks, a mean-reverting market maker's fills on it, and its orders."""
    rng = np.random.default_rng(seed)
    price_ts = START + np.arange(0, seconds * SECOND + 1, price_step_ns, dtype=np.int64)
    walk = 600_000 + np.cumsum(rng.integers(-3, 4, len(price_ts)))
    bid, ask = (walk - 1) * TICK, (walk + rng.integers(1, 4, len(price_ts))) * TICK

    rows = np.zeros(fills, FILL)
    orders = np.zeros(2 * fills, ORDER_LOG)
    times = np.sort(rng.integers(START + SECOND, price_ts[-1] - SECOND, fills)) if fills else rows["exch_ts"]
    position = 0
    for i, exch_ts in enumerate(times):
        at = np.searchsorted(price_ts, exch_ts, side="right") - 1
        lean = 0.5 - 0.03 * position
        side = BUY_SIDE if rng.random() < lean else SELL_SIDE
        maker = rng.random() < 0.9
        passive = bid[at] if side == BUY_SIDE else ask[at]
        aggressive = ask[at] if side == BUY_SIDE else bid[at]
        lots = int(rng.integers(1, 6))
        position += side * lots
        price = passive if maker else aggressive
        row = rows[i]
        row["trade_id"], row["order_id"] = i + 1, 2 * i + 1
        row["exch_ts"], row["local_ts"] = exch_ts, exch_ts + 2_000_000
        row["entry_ts"] = exch_ts - (int(rng.exponential(5 * SECOND)) if maker else 0)
        row["price_tick"], row["qty_lots"] = round(price / TICK), lots
        row["price"], row["qty"] = price, lots / 1000
        row["fee"] = lots / 1000 * price * multiplier * (maker_fee if maker else taker_fee)
        row["queue_ahead"] = rng.exponential(2.0) if maker else 0.0
        row["bid"], row["ask"] = bid[at], ask[at]
        row["side"], row["maker"] = side, maker
        for k, status in ((2 * i, FILLED), (2 * i + 1, CANCELED if i % 7 else EXPIRED)):
            order = orders[k]
            order["order_id"], order["side"], order["status"] = k + 1, side, status
            order["time_in_force"] = GTX if maker else GTC
            order["price"], order["price_tick"] = price, row["price_tick"]
            order["qty"] = row["qty"]
            order["filled_qty"] = row["qty"] if status == FILLED else 0.0
            order["submit_ts"] = row["entry_ts"] - 1_000_000
            order["ack_ts"] = row["entry_ts"] + 1_000_000
            order["end_ts"] = row["local_ts"]
            order["modifies"] = i % 11 == 0
    records = np.zeros(0, RECORD)
    asset = AssetRun(symbol, TICK, LOT, multiplier, currency, price_ts, bid, ask, rows, orders, records)
    return with_records_of(asset, SECOND) if with_records else asset


def with_records_of(asset: AssetRun, every_ns: int) -> AssetRun:
    """The same asset with the samples that a strategy would have recorded, one fill at a time."""
    times = np.arange(asset.price_ts[0], asset.price_ts[-1] + 1, every_ns)
    records = np.zeros(len(times), RECORD)
    for record, ts in zip(records, times, strict=True):
        state = fold_twin(asset, int(ts))
        record["timestamp"] = ts
        record["price"] = state["mid"]
        for name in ("position", "balance", "fee", "num_trades", "trading_volume", "trading_value"):
            record[name] = state[name]
    return AssetRun(**{**asset.__dict__, "records": records})


def fold_twin(asset: AssetRun, ts: int) -> dict[str, float]:
    """State at one time, the slow and obvious way: every fill, every price, from the start."""
    state = dict.fromkeys(
        ("position", "balance", "fee", "num_trades", "trading_volume", "trading_value", "lots"), 0.0
    )
    for fill in sorted(asset.fills, key=lambda f: f["local_ts"]):
        if fill["local_ts"] > ts:
            continue
        amount = float(fill["qty"] * fill["price"] * asset.multiplier)
        state["lots"] += int(fill["side"]) * int(fill["qty_lots"])
        state["balance"] -= int(fill["side"]) * amount
        state["fee"] += float(fill["fee"])
        state["num_trades"] += 1
        state["trading_volume"] += float(fill["qty"])
        state["trading_value"] += amount
    state["position"] = state["lots"] / 1000
    mid = float("nan")
    for at, bid, ask in zip(asset.price_ts, asset.bid, asset.ask, strict=True):
        if at <= ts and np.isfinite(bid) and np.isfinite(ask):
            mid = float((bid + ask) / 2)
    state["mid"] = mid
    worth = state["position"] * mid * asset.multiplier if state["lots"] else 0.0
    state["equity_gross"] = state["balance"] + worth
    return state


def empty_asset(**changes: object) -> AssetRun:
    """An asset of which nothing is known, with any field changed."""
    fields: dict[str, object] = {
        "symbol": "NOTHING",
        "tick_size": TICK,
        "lot_size": LOT,
        "multiplier": 1.0,
        "fee_currency": "USDT",
        "price_ts": np.zeros(0, np.int64),
        "bid": np.zeros(0),
        "ask": np.zeros(0),
        "fills": np.zeros(0, FILL),
        "orders": np.zeros(0, ORDER_LOG),
        "records": np.zeros(0, RECORD),
    }
    return AssetRun(**{**fields, **changes})  # type: ignore[arg-type]


def make_run(*assets: AssetRun) -> RunData:
    """A run with a header that has something in every place."""
    return RunData(
        assets or (make_asset(),),
        {
            "name": "Grid market maker",
            "strategy": "examples/grid.py",
            "started": "2026-11-21 02:50:00",
            "run_hash": "9f3c1b52a7d04e68",
            "notes": ["Clock corrected: local times shifted by 1.27 s"],
            "models": {"latency": "constant, 1 ms in, 1 ms out", "queue": "power n = 3", "exchange": "fifo"},
            "config": {"params": {"half_spread": 5, "levels": 3}, "fees": {"maker": -0.00005}},
        },
    )
