"""Saving and loading a run: exact, atomic, and plain about what is wrong with a folder."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.runs import empty_asset, make_asset, make_run
from truefill.analysis import store
from truefill.analysis.metrics import metrics
from truefill.analysis.store import load_run, save_run
from truefill.core.errors import DataError, InputError
from truefill.core.records import FILL
from truefill.core.run_data import AssetRun, RunData


def _same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    """Field by field, since the padding between fields means nothing."""
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    names = left.dtype.names
    if names is None:
        return left.tobytes() == right.tobytes()
    return all(left[n].tobytes() == right[n].tobytes() for n in names)


def _random_fills(count: int, seed: int) -> np.ndarray:
    """Every bit pattern a field can have, NaNs of any kind apart: signs, extremes, subnormals."""
    rng = np.random.default_rng(seed)
    fills = np.frombuffer(rng.bytes(count * FILL.itemsize), FILL).copy()
    for name in FILL.names or ():
        if fills[name].dtype.kind == "f":
            fills[name][~np.isfinite(fills[name])] = np.nan
    return fills


def test_round_trip_is_exact(tmp_path: Path) -> None:
    first = make_asset(seconds=30, fills=20, with_records=True)
    first.bid[3:9] = np.nan
    second = AssetRun(**{**make_asset(symbol="ETH", seed=4).__dict__, "fills": _random_fills(500, 3)})
    run = make_run(first, second, empty_asset(price_interval_ns=0))

    back = load_run(save_run(run, tmp_path / "deep" / "run"))

    assert back.meta == run.meta
    assert len(back.assets) == 3
    for mine, theirs in zip(run.assets, back.assets, strict=True):
        for name, value in mine.__dict__.items():
            got = getattr(theirs, name)
            assert _same_bits(value, got) if isinstance(value, np.ndarray) else value == got, name
    assert metrics(back, 0) == {k: pytest.approx(v, nan_ok=True, abs=0) for k, v in metrics(run, 0).items()}


def test_a_run_of_no_assets(tmp_path: Path) -> None:
    assert load_run(save_run(RunData(()), tmp_path)).assets == ()


def test_saving_again_replaces_the_run_and_leaves_other_files(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    save_run(make_run(make_asset(fills=50)), tmp_path)
    save_run(make_run(make_asset(fills=7)), tmp_path)

    assert len(load_run(tmp_path).assets[0].fills) == 7
    tables = {f"{name}.parquet" for name in ("prices", "fills", "orders", "records")}
    names = {"run.json", "report.html"} | tables
    assert {p.name for p in tmp_path.iterdir()} == names


def test_a_save_that_fails_keeps_the_old_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_run(make_run(make_asset(fills=7)), tmp_path)
    before = {p.name for p in tmp_path.iterdir()}

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(store, "_digest", fail)
    with pytest.raises(OSError, match="disk full"):
        save_run(make_run(make_asset(fills=9)), tmp_path)
    monkeypatch.undo()

    assert {p.name for p in tmp_path.iterdir()} == before
    assert len(load_run(tmp_path).assets[0].fills) == 7


def test_configurations_become_plain_values(tmp_path: Path) -> None:
    meta = {"path": Path("a/b"), "n": np.int64(3), "x": np.float64(0.5), "t": (1, 2), "a": np.arange(2)}

    back = load_run(save_run(RunData((), meta), tmp_path)).meta

    assert back == {"path": "a/b", "n": 3, "x": 0.5, "t": [1, 2], "a": [0, 1]}


def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plain values in the meta of a run, got object"):
        save_run(RunData((), {"strategy": object()}), tmp_path / "run")

    assert not (tmp_path / "run").exists()


def _edit(folder: Path, **changes: object) -> None:
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


Damage = Callable[[Path], object]
DAMAGE: dict[str, tuple[Damage, str]] = {
    "no folder": (lambda f: f.rename(f.with_name("gone")), "a saved run .* got no such folder"),
    "no run.json": (lambda f: (f / "run.json").unlink(), "a saved run .* got a folder without it"),
    "cut run.json": (lambda f: (f / "run.json").write_text('{"format"'), "run.json: expected JSON"),
    "a list": (lambda f: (f / "run.json").write_text("[]"), '"format": "truefill-run"'),
    "another format": (lambda f: _edit(f, format="x"), '"format": "truefill-run"'),
    "newer": (lambda f: _edit(f, version=4), "expected a run of version 2 or 3, got 4"),
    "no assets": (lambda f: _edit(f, assets=None), "a complete run.json"),
    "no digests": (lambda f: _edit(f, files={}), "a complete run.json, got KeyError 'prices.parquet'"),
    "no fills": (lambda f: (f / "fills.parquet").unlink(), "fills.parquet: expected a file of the run"),
    "cut fills": (
        lambda f: (f / "fills.parquet").write_bytes((f / "fills.parquet").read_bytes()[:-9]),
        "fills.parquet: expected the file that was saved with this run",
    ),
    "swapped": (
        lambda f: (f / "fills.parquet").write_bytes((f / "orders.parquet").read_bytes()),
        "fills.parquet: expected the file that was saved with this run",
    ),
    "fewer assets": (lambda f: _edit(f, assets=[]), "expected 0 rows, got 11"),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGE.values(), ids=DAMAGE.keys())
def test_damaged_folders_are_refused_with_a_reason(tmp_path: Path, damage: Damage, message: str) -> None:
    folder = save_run(make_run(make_asset(seconds=1, fills=0)), tmp_path / "run")
    damage(folder)

    with pytest.raises(DataError, match=message):
        load_run(folder)
