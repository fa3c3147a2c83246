"""`config.json` of the Extended pipeline, read as it is: its documented defaults, every key known.

Its own programs ignore a key that they do not know, and fall back to their defaults when the file is not
JSON; and those defaults are others than the documented ones. Here the documentation holds, a typing error is
an error, and `effective` says of each value where it comes from.
"""

import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from truefill.cli.config import Settings
from truefill.core.errors import ConfigError

if TYPE_CHECKING:
    from truefill.quoting import ReturnQuoting

# Keys of its searches over γ, which `truefill walk-forward` does: known, and of no effect.
IGNORED = ("gamma_grid_points", "gamma_log_spacing", "num_threads")
# Keys whose default no documentation of the pipeline states: those of its programs.
UNDOCUMENTED = (
    "gamma_min",
    "gamma_max",
    "min_volatility",
    "max_volatility",
    "max_inventory",
    "effective_volume_threshold",
)

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Market = Annotated[str, Field(min_length=1)]


class PipelineConfig(Settings):
    """What `config.json` says, and the documented defaults for what it does not say.

    Times are seconds, fees and spreads basis points, volatilities returns per square root of a second.
    """

    markets: Annotated[tuple[Market, ...], Field(strict=False)] = ()
    data_directory: Annotated[str, Field(min_length=1)] = "data"
    collect_orderbook: bool = True
    collect_trades: bool = True
    collect_full_orderbook: bool = True
    max_depth_levels: Annotated[int, Field(ge=1, le=1000)] = 20
    inventory_horizon_seconds: Positive = 1800.0
    risk_aversion_gamma: Positive = 0.1
    gamma_mode: Literal["constant", "inventory_scaled", "max_shift"] = "constant"
    gamma_min: Positive = 1e-6  # bounds of the two modes that compute γ
    gamma_max: Positive = 1e6
    max_shift_ticks: Positive = 100.0
    fill_cooldown_seconds: NotNegative = 60.0  # of each side
    maker_fee_bps: float = 1.5
    taker_fee_bps: float = 4.5
    gap_threshold_seconds: Positive = 1800.0
    warmup_period_seconds: NotNegative = 900.0
    quote_validity_seconds: Positive = 60.0
    calibration_window_seconds: Positive = 3600.0
    recalibration_interval_seconds: Positive = 600.0
    min_spread_bps: NotNegative = 3.0
    max_spread_bps: Positive = 200.0
    min_volatility: NotNegative = 0.0
    max_volatility: Positive = 0.02
    tick_size: Positive | None = None  # None: the recording's
    max_inventory: Positive = 10.0  # quantity
    effective_volume_threshold: Positive = 1000.0  # quote currency

    @model_validator(mode="after")
    def _do_not_contradict_each_other(self) -> Self:
        for low, high in (
            ("gamma_min", "gamma_max"),
            ("min_spread_bps", "max_spread_bps"),
            ("min_volatility", "max_volatility"),
        ):
            small, large = getattr(self, low), getattr(self, high)
            if small > large:
                raise ValueError(f"expected {low} <= {high}, got {small:g} and {large:g}")
        if 2.0 * self.maker_fee_bps > self.max_spread_bps:
            raise ValueError(
                "expected a max_spread_bps of at least twice maker_fee_bps, since no spread is smaller than "
                f"the fees of both sides, got {self.max_spread_bps:g} and {self.maker_fee_bps:g}"
            )
        for market in self.markets:
            if self.markets.count(market) > 1:
                raise ValueError(f"expected each of markets once, got {market} twice")
        return self

    def quoting(self, tick_size: float, **changed: Any) -> "ReturnQuoting":
        """The settings of the quotes; `tick_size` is the recording's, if the file has none.

        Parameters
        ----------
        tick_size : float
            Price.
        **changed
            Further arguments of `truefill.quoting.return_quoting`.
        """
        from truefill.quoting import return_quoting

        constant = self.gamma_mode == "constant"
        return return_quoting(
            **{
                "tick_size": self.tick_size or tick_size,
                "max_inventory": self.max_inventory,
                "gamma": self.risk_aversion_gamma,
                "gamma_mode": self.gamma_mode,
                "gamma_min": 1e-6 if constant else self.gamma_min,
                "gamma_max": 1e6 if constant else self.gamma_max,
                "max_shift_ticks": self.max_shift_ticks,
                "horizon": self.inventory_horizon_seconds,
                "maker_fee_bps": self.maker_fee_bps,
                "min_spread_bps": self.min_spread_bps,
                "max_spread_bps": self.max_spread_bps,
                "min_volatility": self.min_volatility,
                "max_volatility": self.max_volatility,
            }
            | changed
        )

    @property
    def duty(self) -> float:
        """Share of the time that the pipeline itself has quotes: they are made at each recalibration only."""
        return min(1.0, self.quote_validity_seconds / self.recalibration_interval_seconds)


def load_pipeline_config(path: str | Path | None) -> PipelineConfig:
    """Read and check a `config.json`; without a path, the documented defaults.

    Raises
    ------
    ConfigError
        Naming the file, the line where it can be told, the key, and for an unknown key the nearest known.
    """
    if path is None:
        return PipelineConfig()
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError("a configuration file", error.strerror or error, path) from None
    except UnicodeDecodeError:
        raise ConfigError("a JSON file in UTF-8", "bytes that are not text", path) from None

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError("each key once", repr(name), _place(path, text, name))
        return dict(pairs)

    try:
        given = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise ConfigError("JSON", error.msg, f"{path}:{error.lineno}") from None
    except (ValueError, RecursionError) as error:  # an int of more than 4,300 digits, a nest too deep
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("JSON", error, path) from None
    if not isinstance(given, dict):
        raise ConfigError("a JSON object with settings", type(given).__name__, path)
    kept = {name: v for name, v in given.items() if name not in IGNORED and not name.startswith("_")}
    known = [*PipelineConfig.model_fields, *IGNORED]
    for name in kept:
        if name not in PipelineConfig.model_fields:
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            raise ConfigError(
                "one of " + ", ".join(known), f"unknown key {name!r}{hint}", _place(path, text, name)
            )
    try:
        return PipelineConfig.model_validate(kept)
    except ValidationError as error:
        detail = error.errors()[0]
        message = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:
            wanted, _, got = message.removeprefix("expected ").partition(", got ")
            first = next((name for name in kept if re.search(rf"\b{name}\b", message)), "")
            raise ConfigError(wanted, got, _place(path, text, first)) from None
        key = "".join(f"[{p}]" if isinstance(p, int) else str(p) for p in detail["loc"])
        wish = message.removeprefix("Input should be ")
        where = _place(path, text, str(detail["loc"][0]))
        raise ConfigError(f"{key} to be {wish}", repr(detail["input"]), where) from None


def effective(config: PipelineConfig) -> list[tuple[str, str, str]]:
    """Each key, its value as text, and where that comes from: what a command prints before it runs."""
    rows = []
    for name in PipelineConfig.model_fields:
        value = getattr(config, name)
        if name in config.model_fields_set:
            source = "file"
        elif name == "tick_size":
            source = "the recording"
        elif name in UNDOCUMENTED:
            source = "default"
        else:
            source = "documented default"
        text = f"{value:g}" if isinstance(value, float) else json.dumps(value)
        rows.append((name, "" if value is None else text, source))
    return rows


def unused(config: PipelineConfig) -> list[str]:
    """What the file sets and its γ mode does not look at, as sentences."""
    given = config.model_fields_set
    constant = config.gamma_mode == "constant"
    foreign = ("gamma_min", "gamma_max", "max_shift_ticks") if constant else ("risk_aversion_gamma",)
    return [
        f"{name} has no effect with gamma_mode {config.gamma_mode!r}" for name in foreign if name in given
    ]


def _place(path: Path, text: str, name: str) -> str:
    """File and line on which a key is written."""
    found = re.search(rf"{re.escape(json.dumps(name))}\s*:", text) if name else None
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1}" if found else str(path)
