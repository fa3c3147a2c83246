"""A run as polars tables, with names instead of codes and times instead of nanoseconds; and their export."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from truefill.analysis.equity import equity_curves, total
from truefill.analysis.execution import HORIZON_NAMES
from truefill.analysis.fills import HORIZONS, fill_view
from truefill.analysis.rates import Rates, fee_names
from truefill.core.errors import InputError
from truefill.core.reasons import REASON_NAMES
from truefill.core.records import PAYMENT_NAMES
from truefill.core.run_data import Floats, Ints, RunData

if TYPE_CHECKING:
    import polars as pl

SIDES = {1: "buy", -1: "sell"}
STATUSES = ("none", "new", "expired", "filled", "cancelled", "partially filled", "rejected", "replaced")
TIMES_IN_FORCE = ("GTC", "GTX", "FOK", "IOC", "GTD")
ORDER_TYPES = (
    "limit",
    "market",
    "stop market",
    "stop limit",
    "take-profit market",
    "take-profit limit",
)


def fills_frame(run: RunData) -> "pl.DataFrame":
    """List all reported fills, one row each, with edge and markouts in basis points of the mid."""
    import polars as pl

    parts = []
    rates = Rates(run)
    for asset in run.assets:
        rows, view = asset.reported, fill_view(asset, rates=rates)
        with np.errstate(invalid="ignore", divide="ignore"):
            bps = {"edge_bps": view.edge / view.mid_value * 1e4} | {
                f"markout_{HORIZON_NAMES[h]}_bps": view.markouts[:, k] / view.mid_value * 1e4
                for k, h in enumerate(HORIZONS)
            }
        parts.append(
            pl.DataFrame(
                {
                    "asset": _repeated(asset.symbol, len(rows)),
                    "trade_id": _column(rows["trade_id"]),
                    "order_id": _column(rows["order_id"]),
                    "exch_time": _times(rows["exch_ts"]),
                    "local_time": _times(rows["local_ts"]),
                    "side": _named(rows["side"], SIDES),
                    "liquidity": _named(rows["maker"], {1: "maker", 0: "taker"}),
                    "price": _column(rows["price"]),
                    "qty": _column(rows["qty"]),
                    "value": view.value,
                    "fee": _column(rows["fee"]),
                    "fee_currency": pl.Series(fee_names(asset, rows), dtype=pl.String),
                    "queue_ahead": _column(rows["queue_ahead"]),
                    "time_in_queue_s": view.queue_time,
                    "bid": _column(rows["bid"]),
                    "ask": _column(rows["ask"]),
                    **bps,
                }
            )
        )
    return pl.concat(parts).sort("local_time", maintain_order=True) if parts else pl.DataFrame()


def orders_frame(run: RunData) -> "pl.DataFrame":
    """List all orders, one row for each life; times that never came are null."""
    import polars as pl

    parts = []
    for asset in run.assets:
        rows = asset.orders
        parts.append(
            pl.DataFrame(
                {
                    "asset": _repeated(asset.symbol, len(rows)),
                    "order_id": _column(rows["order_id"]),
                    "side": _named(rows["side"], SIDES),
                    "type": _named(rows["order_type"], dict(enumerate(ORDER_TYPES))),
                    "time_in_force": _named(rows["time_in_force"], dict(enumerate(TIMES_IN_FORCE))),
                    "status": _named(rows["status"], dict(enumerate(STATUSES))),
                    "price": _column(rows["price"]),
                    "qty": _column(rows["qty"]),
                    "filled_qty": _column(rows["filled_qty"]),
                    "submitted": _times(rows["submit_ts"]),
                    "acknowledged": _times(rows["ack_ts"]),
                    "ended": _times(rows["end_ts"]),
                    "modifies": _column(rows["modifies"]),
                    "cancels": _column(rows["cancels"]),
                    "reason": _named(rows["reason"], dict(enumerate(REASON_NAMES))),
                }
            )
        )
    return pl.concat(parts) if parts else pl.DataFrame()


def payments_frame(run: RunData) -> "pl.DataFrame":
    """List all reported payments of accounts, one row each: funding, interest, liquidation fees, insurance.

    What belongs to no single asset, such as interest of a wallet that several trade with, has none.
    """
    import polars as pl

    parts = []
    for symbol, rows, names in (
        *((asset.symbol, asset.paid, asset.fee_currencies) for asset in run.assets),
        (None, run.paid, run.payment_currencies),
    ):
        parts.append(
            pl.DataFrame(
                {
                    "asset": pl.Series([symbol] * len(rows), dtype=pl.String),
                    "account": _column(rows["account"]),
                    "exch_time": _times(rows["exch_ts"]),
                    "local_time": _times(rows["local_ts"]),
                    "kind": _named(rows["kind"], dict(enumerate(PAYMENT_NAMES))),
                    "amount": _column(rows["amount"]),
                    "currency": _named(rows["currency"], dict(enumerate(names))),
                    "rate": _column(rows["rate"]),
                    "qty": _column(rows["qty"]),
                    "price": _column(rows["price"]),
                }
            )
        )
    return pl.concat(parts).sort("local_time", maintain_order=True)


def equity_frame(run: RunData, interval_ns: int | None = None) -> "pl.DataFrame":
    """List equity and state over time, each asset and (where it is known) the total, in long form.

    Parameters
    ----------
    run : RunData
    interval_ns : int, optional
        Spacing; by default the smallest round one with at most 5,000 rows an asset.
    """
    import polars as pl

    curves = list(equity_curves(run, interval_ns))
    added = total(tuple(curves), run)
    if added is not None and (len(curves) > 1 or added.currency != curves[0].currency):
        curves.append(replace(added, name="total"))
    state = ("mid", "position", "balance", "fee", "equity_gross", "equity", "drawdown", "exposure")
    columns = (*state, "num_trades", "volume", "value", *(["payments"] if run.has_payments else []))
    parts = [
        pl.DataFrame(
            {
                "asset": _repeated(curve.name, len(curve.ts)),
                "currency": _repeated(curve.currency, len(curve.ts)),
                "time": _times(curve.ts),
            }
            | {name: _column(getattr(curve, name)) for name in columns}
        )
        for curve in curves
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def export_tables(run: RunData, folder: str | os.PathLike[str], kind: str = "parquet") -> list[Path]:
    """Write fills, orders, equity, summary and (where there are any) payments as tables for other programs.

    Parameters
    ----------
    run : RunData
    folder : path
        Made when missing.
    kind : str
        ``"parquet"`` or ``"csv"``.

    Returns
    -------
    list of Path
        The files.
    """
    from truefill.analysis.summary import summary_frame

    if kind not in ("parquet", "csv"):
        raise InputError("parquet or csv", kind, "export")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "fills_table": fills_frame(run),
        "orders_table": orders_frame(run),
        "equity_table": equity_frame(run),
        "summary_table": summary_frame(run),
    }
    if run.has_payments:
        frames["payments_table"] = payments_frame(run)
    written = []
    for name, frame in frames.items():
        path = folder / f"{name}.{kind}"
        draft = folder / f".{name}.{os.getpid()}"
        try:
            if kind == "parquet":
                frame.write_parquet(draft, compression="zstd", compression_level=3)
            else:
                frame.write_csv(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        written.append(path)
    return written


def _column(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(values)


def _repeated(text: str, count: int) -> "pl.Series":
    import polars as pl

    return pl.repeat(text, count, dtype=pl.String, eager=True)


def _times(ns: Ints | Floats) -> "pl.Series":
    """UTC times; 0 ("never") and the end of time become null."""
    import polars as pl

    known = (ns > 0) & (ns < np.iinfo(np.int64).max)
    series = pl.Series(_column(ns)).cast(pl.Datetime("ns", "UTC"))
    return pl.select(pl.when(pl.Series(known)).then(series)).to_series()


def _named(codes: np.ndarray[Any, Any], names: dict[int, str]) -> "pl.Series":
    import polars as pl

    text = [names.get(int(code), f"unknown ({code})") for code in codes]
    return pl.Series(text, dtype=pl.String)
