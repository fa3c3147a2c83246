"""`[latency]` of a RUN.toml: each model, and what does not belong to it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from truefill.backtest import (
    ORDER_LATENCY,
    ConstantLatency,
    DrawnLatency,
    Gamma,
    InterpolatedLatency,
    Lognormal,
)
from truefill.cli.assets import make_assets
from truefill.cli.config import load_config
from truefill.core.errors import ConfigError
from truefill.synthetic import make_market
from truefill.tape import build_tape

MS = 1_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tape and a file of two recorded orders."""
    path = tmp_path_factory.mktemp("latency")
    build_tape(make_market(2, seed=1), symbol="A-PERP.SYNTH", venue="synthetic").save(path / "a.tape")
    rows = np.array([(1, 2 * MS, 5 * MS, 0), (9 * MS, 11 * MS, 14 * MS, 0)], ORDER_LATENCY)
    np.savez(path / "orders.npz", data=rows)
    return path


def asset_of(folder: Path, latency: str, asset: str = "") -> Any:
    """The asset of a RUN.toml with this table."""
    path = folder / "run.toml"
    path.write_text(f'[[asset]]\ntape = "a.tape"\n{asset}\n[latency]\n{latency}\n')
    return make_assets(load_config(path), path)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('entry = "2ms"\ncancel = "1ms"', ConstantLatency(2 * MS, 10 * MS, cancel_ns=MS)),
        (
            'model = "lognormal"\nentry = "2ms"\nsigma = 0.3\nminimum = "1ms"\nseed = 5\nfill = "4ms"',
            DrawnLatency(
                Lognormal(2 * MS, 0.3, MS),
                Lognormal(10 * MS, 0.3, MS),
                seed=5,
                fill=Lognormal(4 * MS, 0.3, MS),
            ),
        ),
        ('model = "gamma"\nshape = 2.0', DrawnLatency(Gamma(10 * MS, 2.0, 0), Gamma(10 * MS, 2.0, 0))),
    ],
)
def test_a_table_gives_its_model(folder: Path, text: str, expected: Any) -> None:
    """What is written is what the asset has."""
    assert asset_of(folder, text).latency == expected


def test_recorded_orders_are_beside_the_settings(folder: Path) -> None:
    """The file is sought in the folder of the RUN.toml; offset and location may be negative."""
    asset = asset_of(
        folder, 'model = "interpolated"\nfile = "orders.npz"\noffset = "-1ms"', 'location_offset = "-1us"'
    )
    assert isinstance(asset.latency, InterpolatedLatency)
    assert (asset.latency.orders, asset.latency.offset_ns, asset.location_offset_ns) == (2, -MS, -1000)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('model = "interpolated"', "expected latency to be a file of recorded orders"),
        ('model = "interpolated"\nfile = "none.npz"', "none.npz: expected a file of recorded orders"),
        ('model = "interpolated"\nfile = "a.tape"', "a.tape: expected a .npz or .npy file"),
        ("sigma = 0.3", "got sigma"),
        ('model = "gamma"\nfile = "orders.npz"', "got file"),
        ('model = "gamma"\nshape = 0', "latency.shape"),
    ],
)
def test_what_does_not_fit_is_an_error(folder: Path, text: str, message: str) -> None:
    """A key of another model, a file that is missing or none."""
    with pytest.raises(ConfigError, match=message):
        asset_of(folder, text)
