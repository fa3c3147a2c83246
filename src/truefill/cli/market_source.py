"""A market to read: a tape, or a market's folder of the Extended pipeline, which becomes one for a while."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from truefill.cli.show import Steps
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.cli.pipeline_config import PipelineConfig
    from truefill.tape import Tape


@contextlib.contextmanager
def opened_market(path: Path, steps: Steps) -> "Iterator[Tape]":
    """Open a tape, or convert a folder of the wide layout to one that is gone afterwards.

    Raises
    ------
    DataError, TapeError
        It is neither, or damaged.
    """
    from truefill.tape import Tape

    if not path.is_dir():
        yield Tape.open(path)
        return
    from truefill.collect.vendor_files import convert_files

    with tempfile.TemporaryDirectory(prefix="truefill-") as folder:
        made = Path(folder) / "market.tape"
        name = path.resolve().name
        with steps.step(f"Read {path}") as step:
            report = convert_files(
                path,
                symbol=f"{name.replace('_', '').upper()}-PERP.EXTENDED",
                out=made,
                progress=lambda done, total: step(done, max(1, total)),
            )
            step.result = f"{report.events:,} events"
        steps.note(f"truefill convert {path} --out {name}.tape makes a tape, which opens at once")
        yield Tape.open(made)


def market_path(path: Path | None, config: "PipelineConfig", where: Path | None) -> Path:
    """The market that is meant: the one that is named, or the only one of the configuration.

    Raises
    ------
    ConfigError
        None is named, and the configuration has none or several.
    """
    from truefill.collect.wide_layout import market_folder

    if path is not None:
        return path
    if len(config.markets) != 1:
        got = f"{len(config.markets)} markets" if config.markets else "neither"
        raise ConfigError("a tape or folder, or one market in the configuration", got, where or "MARKET")
    base = Path(config.data_directory)
    if where is not None and not base.is_absolute():
        base = where.parent / base
    return base / market_folder(config.markets[0])
