"""A market to read: a tape, or files and folders that become one for a while."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from truefill.cli.show import Steps
from truefill.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from truefill.cli.pipeline_config import PipelineConfig
    from truefill.tape import Tape


_PARTS = ("orderbook_parts", "trades_parts")
_EVENTS = (".parquet", ".npz", ".npy")


@contextlib.contextmanager
def opened_market(path: Path, steps: Steps, symbol: str | None = None) -> "Iterator[Tape]":
    """Open a recording in any form as one tape; what has to be made for that is gone afterwards.

    Parameters
    ----------
    path : Path
        A tape; a folder of tapes that follow each other; a market's folder of the wide layout; a folder of
        events (Parquet, .npz); or one file of events.
    steps : Steps
        Gets one for what has to be made.
    symbol : str, optional
        What to call the instrument, where files do not say.

    Raises
    ------
    DataError, TapeError
        It is nothing of this, or damaged.
    """
    from truefill.tape import Tape, join
    from truefill.tape.format import is_tape

    if path.is_file() and (path.suffix not in _EVENTS or is_tape(path)):
        yield Tape.open(path)
        return
    if not path.exists():
        raise DataError("a tape, or a folder of tapes or of events", "no such file or folder", path)
    sources, name = _sources(path)
    with tempfile.TemporaryDirectory(prefix="truefill-") as folder:
        made = Path(folder) / "market.tape"
        if not all(is_tape(source) for source in sources):
            _convert(sources, symbol or name, made, path, steps)
            yield Tape.open(made)
        elif len(sources) == 1:
            yield Tape.open(sources[0])
        else:
            with steps.step(f"Join {path}") as step:
                tapes = sorted(map(Tape.open, sources), key=lambda tape: tape.header.first_ts or 0)
                yielded = join(tapes, made)
                step.result = f"{yielded.header.events:,} events"
            yield yielded


def _sources(path: Path) -> tuple[list[Path], str]:
    """Which files or folders are read, and what to call the instrument if they do not say."""
    name = path.resolve().stem.upper().replace("_", "-")
    if path.is_file():
        return [path], name
    if any((path / part).is_dir() for part in _PARTS):
        return [path], f"{path.resolve().name.replace('_', '').upper()}-PERP.EXTENDED"
    found = sorted(path.glob("*.tape")) or sorted(file for file in path.iterdir() if file.suffix in _EVENTS)
    if not found:
        markets = sorted({part.parent.name for kind in _PARTS for part in path.glob(f"*/{kind}")})
        if markets:
            raise DataError(f"the folder of one market ({', '.join(markets)})", "a folder of markets", path)
        wanted = "*.tape, *.parquet or *.npz, or " + " and ".join(_PARTS)
        raise DataError(wanted, "a folder without any", path)
    return found, name


def _convert(sources: list[Path], symbol: str, made: Path, path: Path, steps: Steps) -> None:
    from truefill.collect.vendor_files import convert_files

    with steps.step(f"Read {path}") as step:
        report = convert_files(
            sources, symbol=symbol, out=made, progress=lambda done, total: step(done, max(1, total))
        )
        step.result = f"{report.events:,} events"
    steps.note(f"truefill convert {path} --out {made.name} makes a tape, which opens at once")


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
