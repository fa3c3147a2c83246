"""collect.toml, and the Extended pipeline's config.json: what `truefill collect` is asked to do.

The keys are documented in ``docs/collecting.md``. Paths are relative to the file's folder.
"""

import difflib
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError

from truefill.cli.config import Duration, Settings, dotted, find_line
from truefill.cli.durations import NANOSECONDS
from truefill.cli.pipeline_config import load_pipeline_config
from truefill.core.errors import ConfigError, DataError
from truefill.venues import Venue, parse_symbol, venue_symbol

if TYPE_CHECKING:
    from truefill.collect.settings import CollectSettings

_SECOND = 1_000_000_000  # ns
Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Text, ...], Field(strict=False)]


class VenueTable(Settings):
    """``[venue.binance-usdm]``: what is different at one venue."""

    channels: Names | None = None
    stream: str = ""
    rest: str = ""


class CollectConfig(Settings):
    """A whole collect.toml. Times are nanoseconds here."""

    symbols: Names = ()
    out: Text | None = None
    channels: Names = ("depth", "trades")
    layout: Literal["events", "wide", "none"] = "events"
    levels: Annotated[int, Field(ge=1, le=1000)] = 20
    period: Literal["day", "hour"] = "day"
    fsync: bool = False
    verify: bool = False
    stale: Duration = 60 * _SECOND
    silent: Duration = 30 * _SECOND
    retry: Duration = _SECOND // 2
    most: Duration = 60 * _SECOND
    state: Duration = 30 * _SECOND
    trades: Duration = 2 * _SECOND
    snapshots: Duration = 600 * _SECOND
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    venue: dict[str, VenueTable] = Field(default_factory=dict)


TIMES = ("stale", "silent", "retry", "most", "state", "trades", "snapshots")


def load_collect_config(path: str | Path) -> CollectConfig:
    """Read and check a collect.toml, or a config.json.

    Raises
    ------
    ConfigError
        Naming the file, the line where it can be told, the key, and for an unknown key the nearest known.
    """
    path = Path(path)
    if path.suffix == ".json":
        return _pipeline(path)
    try:
        text = path.read_text(encoding="utf-8")
        given = tomllib.loads(text)
    except OSError as error:
        raise ConfigError("a configuration file", error.strerror or error, path) from None
    except UnicodeDecodeError:
        raise ConfigError("a TOML file in UTF-8", "bytes that are not text", path) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("TOML", error, path) from None
    try:
        config = CollectConfig.model_validate(given)
    except ValidationError as error:
        raise _explain(error, text, path) from None
    if config.out is None:
        return config
    return config.model_copy(update={"out": str(path.parent / config.out)})


def _pipeline(path: Path) -> CollectConfig:
    """What config.json says, as collect.toml would say it."""
    read = load_pipeline_config(path)
    wanted = (("depth", read.collect_orderbook), ("trades", read.collect_trades))
    channels = tuple(name for name, is_wanted in wanted if is_wanted)
    if not channels:
        raise ConfigError("collect_orderbook or collect_trades", "both false", path)
    try:
        symbols = tuple(str(venue_symbol(Venue.EXTENDED, market)) for market in read.markets)
    except DataError as error:
        raise ConfigError(error.expected, error.got, f"{path}: markets") from None
    if not symbols:
        raise ConfigError("at least one market", "none", f"{path}: markets")
    return CollectConfig(
        symbols=symbols,
        out=str(path.parent / read.data_directory),
        channels=channels,
        layout="wide",
        levels=read.max_depth_levels if read.collect_full_orderbook else 1,
    )


def settings_of(config: CollectConfig) -> "CollectSettings":
    """Give the collector's own settings.

    Raises
    ------
    ConfigError
        There is no symbol or no folder, or one of the values cannot be.
    """
    from truefill.collect.settings import CollectSettings, Patience, VenueSettings

    if not config.symbols:
        raise ConfigError("at least one symbol, such as BTCUSDT-PERP.BINANCE", "none", "symbols")
    if config.out is None:
        raise ConfigError("a folder to write to (--out FOLDER)", "none", "out")
    for name in TIMES:
        if getattr(config, name) <= 0:
            raise ConfigError("a time above zero", getattr(config, name), name)
    patience = Patience(**{f"{name}_s": getattr(config, name) / _SECOND for name in TIMES})
    venues = {
        Venue.parse(name): VenueSettings(table.channels, table.stream, table.rest)
        for name, table in config.venue.items()
    }
    return CollectSettings(
        symbols=tuple(parse_symbol(symbol) for symbol in config.symbols),
        out=Path(config.out),
        channels=config.channels,
        layout=config.layout,
        levels=config.levels,
        period=config.period,
        fsync=config.fsync,
        verify=config.verify,
        patience=patience,
        venues=venues,
    )


def venue_of(symbol: str) -> Venue:
    """Tell the venue of a symbol as the user wrote it."""
    return parse_symbol(symbol).venue


def shown(config: CollectConfig) -> list[tuple[str, str]]:
    """Each key that is in force, and its value as it is written in the file."""
    rows = []
    for name in CollectConfig.model_fields:
        value = getattr(config, name)
        if name == "venue":
            rows += [
                (f"venue.{venue}.{key}", _written(v))
                for venue, table in value.items()
                for key, v in table.model_dump(exclude_defaults=True).items()
            ]
        elif name in TIMES:
            rows.append((name, f'"{_exact(value)}"'))
        else:
            rows.append((name, _written(value)))
    return rows


def _exact(ns: int) -> str:
    """A duration as a file may have it."""
    unit, size = next((u, n) for u, n in reversed(NANOSECONDS.items()) if ns % n == 0)
    return f"{ns // size}{unit}"


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else "" if value is None else str(value)


def _explain(error: ValidationError, text: str, path: Path) -> ConfigError:
    """Turn pydantic's first complaint into one line: file, line, key, expected, got."""
    detail = sorted(error.errors(), key=lambda d: d["type"] != "extra_forbidden")[0]
    location: list[Any] = list(detail["loc"])
    key = dotted(location)
    line = find_line(text, [part for part in location if isinstance(part, str)])
    where = f"{path}:{line}" if line else str(path)
    if detail["type"] == "extra_forbidden":
        table = VenueTable if location[0] == "venue" else CollectConfig
        known = list(table.model_fields)
        nearest = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        return ConfigError(f"one of {', '.join(known)}", f"unknown key {key!r}{hint}", where)
    message = detail["msg"].removeprefix("Value error, ")
    if found := re.fullmatch(r"expected (.*), got (.*)", message, re.DOTALL):
        return ConfigError(f"{key} to be {found[1]}", found[2], where)
    if detail["type"] == "literal_error":
        return ConfigError(f"{key} to be one of {detail['ctx']['expected']}", repr(detail["input"]), where)
    return ConfigError(
        f"{key} to be {message.removeprefix('Input should be ')}", repr(detail["input"]), where
    )
