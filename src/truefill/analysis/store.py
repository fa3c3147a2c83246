"""A run on disk: one folder with ``run.json`` and four Parquet files, five where accounts paid something.

    run.json          format, version, meta, the constants of each asset, rows per asset, digest of each file
    prices.parquet    ts, bid, ask
    fills.parquet, orders.parquet, records.parquet    the records, field by field
    payments.parquet  what accounts received and paid: of each asset, then of none

Rows of all assets stand one after the other in the same file. What is loaded equals what was saved,
to the bit.

New files get temporary names first. ``run.json`` goes first and comes back last, and it knows the others'
digests: a folder left by a crash, or with files of two runs, is refused and never half read.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from truefill.core.errors import DataError, InputError
from truefill.core.records import FILL, ORDER_LOG, PAYMENT, RECORD
from truefill.core.run_data import AssetRun, Records, RunData

FORMAT, VERSION = "truefill-run", 2  # 2: the reason of each order
WITH_PAYMENTS = 3  # the version of a run that has any: who does not know of them must not read it
RUN_FILE = "run.json"
PRICES = np.dtype([("ts", "<i8"), ("bid", "<f8"), ("ask", "<f8")])
TABLES = {"prices": PRICES, "fills": FILL, "orders": ORDER_LOG, "records": RECORD}
PAYMENTS = {"payments": PAYMENT}
_STEPS = ("tick_size", "lot_size", "multiplier")
_CONSTANTS = ("symbol", *_STEPS, "fee_currency", "contract", "price_interval_ns")
_LATER = ("currency", "fee_currencies", "base")  # runs that were saved before have none


def save_run(run: RunData, folder: str | os.PathLike[str]) -> Path:
    """Save a run, in place of one that is there.

    Parameters
    ----------
    run : RunData
    folder : path
        Made when missing; other files in it are left alone.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        When `run.meta` holds something that JSON cannot.
    """
    folder = Path(folder)
    try:
        meta = json.dumps(run.meta, default=_plain, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise InputError("plain values in the meta of a run", error, folder) from error
    folder.mkdir(parents=True, exist_ok=True)

    tables = TABLES | (PAYMENTS if run.has_payments else {})
    drafts = {name: folder / f".{name}.parquet.{os.getpid()}" for name in tables}
    index = folder / f".{RUN_FILE}.{os.getpid()}"
    try:
        for name, draft in drafts.items():
            parts = [_rows(a, name) for a in run.assets] + ([run.payments] if name == "payments" else [])
            _write(np.concatenate([np.empty(0, tables[name]), *parts]), draft)
        head = {
            "format": FORMAT,
            "version": WITH_PAYMENTS if run.has_payments else VERSION,
            "meta": json.loads(meta),
            "currency": run.currency,
            "rates": dict(run.rates),
            "assets": [
                {key: getattr(asset, key) for key in (*_CONSTANTS, *_LATER)}
                | {"rows": {name: len(_rows(asset, name)) for name in tables}}
                for asset in run.assets
            ],
            **({"payment_currencies": run.payment_currencies} if run.has_payments else {}),
            "files": {_file(name): _digest(draft) for name, draft in drafts.items()},
        }
        index.write_text(json.dumps(head, indent=1, ensure_ascii=False, default=_plain), encoding="utf-8")
        (folder / RUN_FILE).unlink(missing_ok=True)
        for name, draft in drafts.items():
            draft.replace(folder / _file(name))
        index.replace(folder / RUN_FILE)
        if not run.has_payments:
            (folder / _file("payments")).unlink(missing_ok=True)  # of an earlier run
    finally:
        for draft in (*drafts.values(), index):
            draft.unlink(missing_ok=True)
    return folder


def load_run(folder: str | os.PathLike[str]) -> RunData:
    """Load a run.

    Raises
    ------
    DataError
        When the folder is not there or not a run, is of another version, lacks a file, or a file in it was
        changed or cut.
    """
    folder = Path(folder)
    head = _head(folder)
    try:
        listed = head["assets"]
        paid = head["version"] == WITH_PAYMENTS
        dtypes = TABLES | (PAYMENTS if paid else {})
        tables = {name: _read(folder, name, head["files"][_file(name)]) for name in dtypes}
        stops = {name: np.cumsum([asset["rows"][name] for asset in listed])[:-1] for name in TABLES}
        parts = {name: np.split(tables[name], stops[name]) for name in TABLES}
        payments: list[Records] = [np.empty(0, PAYMENT)] * (len(listed) + 1)  # the last: of no asset
        if paid:
            ends = np.cumsum([asset["rows"]["payments"] for asset in listed])
            payments = np.split(tables["payments"], ends)
        for name in TABLES:
            promised = sum(asset["rows"][name] for asset in listed)
            if promised != len(tables[name]):
                raise DataError(f"{promised} rows", len(tables[name]), folder / _file(name))
        return RunData(
            tuple(
                AssetRun(
                    **{key: asset[key] for key in _CONSTANTS},
                    **{key: _tuple(asset[key]) for key in _LATER if key in asset},
                    price_ts=parts["prices"][i]["ts"].copy(),
                    bid=parts["prices"][i]["bid"].copy(),
                    ask=parts["prices"][i]["ask"].copy(),
                    fills=parts["fills"][i],
                    orders=parts["orders"][i],
                    records=parts["records"][i],
                    payments=payments[i],
                )
                for i, asset in enumerate(listed)
            ),
            head["meta"],
            head.get("currency"),
            head.get("rates", {}),
            payments[-1],
            _tuple(head.get("payment_currencies", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        got = f"{type(error).__name__} {error}"
        raise DataError("a complete run.json", got, folder / RUN_FILE) from error


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _head(folder: Path) -> dict[str, Any]:
    path = folder / RUN_FILE
    if not path.is_file():
        what = "a folder without it" if folder.is_dir() else "no such folder"
        raise DataError(f"a saved run ({RUN_FILE})", what, folder)
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError("JSON", error, path) from error
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise DataError(f'"format": "{FORMAT}"', "something else", path)
    if head.get("version") not in (VERSION, WITH_PAYMENTS):
        raise DataError(f"a run of version {VERSION} or {WITH_PAYMENTS}", head.get("version"), path)
    return head


def _rows(asset: AssetRun, name: str) -> Records:
    if name != "prices":
        rows: Records = getattr(asset, name)
        return rows
    prices = np.empty(len(asset.price_ts), PRICES)
    prices["ts"], prices["bid"], prices["ask"] = asset.price_ts, asset.bid, asset.ask
    return prices


def _file(name: str) -> str:
    return f"{name}.parquet"


def _write(rows: Records, path: Path) -> None:
    import polars as pl

    names = rows.dtype.names or ()
    frame = pl.DataFrame({name: np.ascontiguousarray(rows[name]) for name in names})
    frame.write_parquet(path, compression="zstd", compression_level=3)


def _read(folder: Path, name: str, digest: str) -> Records:
    import polars as pl

    path = folder / _file(name)
    if not path.is_file():
        raise DataError("a file of the run", "no such file", path)
    if _digest(path) != digest:
        raise DataError("the file that was saved with this run", "a changed or cut one", path)
    frame = pl.read_parquet(path)
    dtype = (TABLES | PAYMENTS)[name]
    if tuple(frame.columns) != dtype.names:
        raise DataError(f"columns {', '.join(dtype.names or ())}", ", ".join(frame.columns), path)
    rows = np.zeros(len(frame), dtype)
    for column in frame.columns:
        rows[column] = frame[column].to_numpy()
    return rows


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _plain(value: object) -> object:
    """Turn what a configuration may hold into what JSON has."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray | tuple | set | frozenset):
        return list(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} {value!r}")
