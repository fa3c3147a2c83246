"""RUN.toml: what a run consists of, as typed and frozen settings; an unknown key is an error.

The tables are documented key by key in ``docs/configuration.md``. Each room owns its own frozen
settings; the models here only read a file, and ``assets.py`` turns them into those.
"""

import difflib
import math
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from truefill.cli.durations import parse_duration
from truefill.cli.series_files import is_series_file
from truefill.core.errors import ConfigError


def _duration(value: object) -> int:
    try:
        return parse_duration(value)
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _decimal(value: object) -> str:
    """Keep a step size as the decimal that was written, never as its binary neighbour."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"expected a decimal number such as 0.1, got {value!r}")
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise ValueError(f"expected a decimal number such as 0.1, got {value!r}") from None
    if not number.is_finite() or number <= 0:
        raise ValueError(f"expected a number above 0, got {value!r}")
    return format(number, "f")


def _signed_duration(value: object) -> int:
    if isinstance(value, str) and value.startswith("-"):
        return -_duration(value[1:])
    if isinstance(value, int) and not isinstance(value, bool) and value < 0:
        return -_duration(-value)
    return _duration(value)


def _compute(value: object) -> object:
    return value if value == "measured" else _duration(value)


def _mark(value: object) -> object:
    if isinstance(value, str) and (value == "mid" or is_series_file(value)):
        return value
    raise ValueError(f"expected 'mid', or a .csv or .parquet file, got {value!r}")


def _rate(value: object) -> object:
    if isinstance(value, str) and is_series_file(value):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"expected a number > 0, or a .csv or .parquet file, got {value!r}")
    return float(value)


def _tables(value: object) -> object:
    """``[account]`` as the only one of ``[[account]]``."""
    return tuple(value) if isinstance(value, list) else (value,)


Duration = Annotated[int, BeforeValidator(_duration)]
SignedDuration = Annotated[int, BeforeValidator(_signed_duration)]
Step = Annotated[str, BeforeValidator(_decimal)]
Scalar = bool | int | float | str


class Settings(BaseModel):
    """Base of all tables: frozen, no unknown keys, no silent conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class LatencySettings(Settings):
    """``[latency]``: how long a request and its answer take."""

    model: Literal["constant", "interpolated", "lognormal", "gamma"] = "constant"
    entry: Duration = 10_000_000  # ns, from here to the exchange; drawn: median or mean above the minimum
    response: Duration = 10_000_000  # ns, from the exchange to here
    place: Duration | None = None  # for one kind of message, instead of entry or response
    modify: Duration | None = None
    cancel: Duration | None = None
    fill: Duration | None = None
    position: Duration | None = None  # reports of the position as messages of their own
    file: str | None = None  # of recorded orders
    offset: SignedDuration = 0  # added to both ways of recorded orders
    sigma: Annotated[float, Field(ge=0, le=10)] = 0.5
    shape: Annotated[float, Field(ge=0.01, le=1e6)] = 1.0
    minimum: Duration = 0
    seed: Annotated[int, Field(ge=0)] = 0
    overtaking: bool = False  # whether messages may overtake each other

    @model_validator(mode="after")
    def _keys_belong_to_the_model(self) -> Self:
        by_kind = {"entry", "response", "place", "modify", "cancel", "fill", "position"}
        own = {
            "constant": by_kind,
            "interpolated": {"file", "offset"},
            "lognormal": by_kind | {"sigma", "minimum", "seed"},
            "gamma": by_kind | {"shape", "minimum", "seed"},
        }[self.model]
        own = own | {"overtaking"}
        foreign = sorted(self.model_fields_set - own - {"model"})
        if foreign:
            raise ValueError(f"expected {', '.join(sorted(own))} with model {self.model!r}, got {foreign[0]}")
        if self.model == "interpolated" and self.file is None:
            raise ValueError("expected a file of recorded orders with model 'interpolated', got none")
        return self


class QueueSettings(Settings):
    """``[queue]``: how a resting order moves ahead when the level shrinks without a trade."""

    # auto: log2, and the exact place on a tape of single orders
    model: Literal["auto", "risk_averse", "log", "log2", "power", "power2", "power3", "evidence"] = "auto"
    n: Annotated[float | None, Field(gt=0)] = None  # exponent of the power models and of "evidence"
    late: Duration | None = None  # of "evidence": between a trade and the decrease that it explains

    @model_validator(mode="after")
    def _n_and_late_belong_to_their_models(self) -> Self:
        evidence = self.model == "evidence"
        if (evidence or self.model.startswith("power")) != (self.n is not None):
            got = f"model {self.model!r} without n" if self.n is None else f"n with model {self.model!r}"
            raise ValueError(f"expected n with a power model or 'evidence' and only there, got {got}")
        if self.late is not None and not evidence:
            raise ValueError(f"expected late with model 'evidence' only, got late with model {self.model!r}")
        if self.late is not None and self.late < 0:
            raise ValueError(f"expected late to be a time of at least 0, got {self.late}")
        return self


class ExchangeSettings(Settings):
    """``[exchange]``: the rules by which orders fill."""

    model: Literal["fifo", "pro_rata", "no_partial_fill", "partial_fill"] = "fifo"
    time_share: Annotated[float | None, Field(ge=0, le=1)] = None  # of "pro_rata"
    min_lots: Annotated[int | None, Field(ge=1)] = None  # of "pro_rata"
    self_trade: Literal["none", "newest", "oldest", "both", "decrement"] = "none"
    stop_trigger: Literal["trade", "best", "mark"] = "trade"

    @model_validator(mode="after")
    def _shares_belong_to_pro_rata(self) -> Self:
        for name in ("time_share", "min_lots"):
            if self.model != "pro_rata" and getattr(self, name) is not None:
                raise ValueError(f"expected {name} with model 'pro_rata' only, got it with {self.model!r}")
        return self


Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class LimitSettings(Settings):
    """``[limits]``: what the venue refuses; None is no limit."""

    tick_size: Positive | None = None
    lot_size: Positive | None = None
    min_notional: Positive | None = None
    max_qty: Positive | None = None
    max_orders: Count | None = None
    band_percent: Positive | None = None
    band_reference: Literal["last", "mid"] = "last"
    messages: Count | None = None
    interval: Duration | None = None  # ns
    count_cancels: bool = True

    @model_validator(mode="after")
    def _messages_in_an_interval(self) -> Self:
        if (self.messages is None) != (self.interval is None):
            raise ValueError("expected messages and interval together, got one of them")
        return self


Tier = Annotated[tuple[float, float, float], Field(strict=False)]


class FeeSettings(Settings):
    """``[fees]``: what an execution costs; negative is a rebate."""

    model: Literal["value", "quantity", "per_trade", "tiered"] = "value"
    maker: float = 0.0
    taker: float = 0.0
    currency: str | None = None  # None: the contract's
    buyer: float = 0.0  # on the value, on top
    seller: float = 0.0
    tiers: Annotated[tuple[Tier, ...] | None, Field(strict=False, min_length=1)] = None  # from, maker, taker
    rates_on: Literal["value", "quantity", "trade"] = "value"
    counts: Literal["value", "quantity"] = "value"
    days: Count | None = None  # None: all volume since the start of the run
    evaluated: Literal["trade", "day"] = "trade"
    start_volume: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _tiers_belong_to_their_model(self) -> Self:
        schedule = {"tiers", "rates_on", "counts", "days", "evaluated", "start_volume"}
        foreign = sorted(self.model_fields_set & (schedule if self.model != "tiered" else {"maker", "taker"}))
        if foreign:
            raise ValueError(f"expected other keys with model {self.model!r}, got {foreign[0]}")
        if self.model == "tiered" and self.tiers is None:
            raise ValueError("expected tiers [from volume, maker, taker] with model 'tiered', got none")
        return self


class ContractSettings(Settings):
    """``[contract]``: what one unit of quantity is worth, and in which currency."""

    model: Literal["linear", "inverse", "quanto", "spot"] = "linear"
    multiplier: Positive | None = None  # of linear (1.0) and quanto
    size: Positive | None = None  # of inverse
    currency: str | None = None  # of all but spot
    base: str | None = None  # of spot
    quote: str | None = None
    fees_in: Literal["quote", "received"] = "quote"

    @model_validator(mode="after")
    def _keys_belong_to_the_model(self) -> Self:
        own = {
            "linear": {"multiplier", "currency"},
            "inverse": {"size", "currency"},
            "quanto": {"multiplier", "currency"},
            "spot": {"base", "quote", "fees_in"},
        }[self.model]
        foreign = sorted(self.model_fields_set - own - {"model"})
        if foreign:
            raise ValueError(f"expected {', '.join(sorted(own))} with model {self.model!r}, got {foreign[0]}")
        needed = {"inverse": ("size",), "quanto": ("multiplier", "currency")}.get(self.model, ())
        for name in needed:
            if getattr(self, name) is None:
                raise ValueError(f"expected a {name} with model {self.model!r}, got none")
        return self


MarginTier = Annotated[tuple[float, ...], Field(strict=False, min_length=2, max_length=3)]


class MarginSettings(Settings):
    """``[margin]``: how much credit the account's venue gives."""

    model: Literal["cash", "cross", "isolated"] = "cash"
    leverage: Positive | None = None
    initial_rate: Positive | None = None  # in place of leverage
    tiers: Annotated[tuple[MarginTier, ...], Field(strict=False)] = ()  # from value, rate, deduction
    liquidation_fee: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _credit_has_a_limit(self) -> Self:
        foreign = sorted(self.model_fields_set - {"model"})
        if self.model == "cash" and foreign:
            raise ValueError(f"expected model 'cross' or 'isolated' for {foreign[0]}, got 'cash'")
        if self.model != "cash" and (self.leverage is None) == (self.initial_rate is None):
            got = "neither" if self.leverage is None else "both"
            raise ValueError(f"expected leverage or initial_rate with model {self.model!r}, got {got}")
        return self


class FundingSettings(Settings):
    """``[funding]``: payments between longs and shorts, in place of those on the tape."""

    rate: float | None = None  # of one interval
    file: str | None = None  # of rates over time, each paid at its time
    interval: Duration = 28_800_000_000_000  # ns
    offset: SignedDuration = 0

    @model_validator(mode="after")
    def _time_goes_on(self) -> Self:
        if self.interval <= 0:
            raise ValueError(f"expected an interval above 0, got {self.interval}")
        return self

    @model_validator(mode="after")
    def _a_rate_or_a_file(self) -> Self:
        if (self.rate is None) == (self.file is None):
            raise ValueError(f"expected a rate or a file, got {'neither' if self.rate is None else 'both'}")
        foreign = sorted(self.model_fields_set & {"interval", "offset"})
        if self.file is not None and foreign:
            raise ValueError(f"expected the times of the file, got {foreign[0]}")
        if self.file is not None and not is_series_file(self.file):
            raise ValueError(f"expected a .csv or .parquet file, got {self.file!r}")
        return self


Amount = Annotated[float, Field(ge=0)]


class AccountSettings(Settings):
    """``[account]``: the wallet that the assets trade with; without the table credit has no limit.

    ``[[account]]``: several, each with its assets.
    """

    # by symbol, or number in the file from 0; None: all that have account = true
    assets: Annotated[tuple[Annotated[int, Field(ge=0)] | str, ...] | None, Field(strict=False)] = None
    margin: MarginSettings | None = None  # in place of the run's
    balances: Annotated[dict[str, Amount], Field(min_length=1)]
    currency: str | None = None  # of equity and margins; None: the first balance's
    borrow: dict[str, Amount] = Field(default_factory=dict)  # annual rates
    borrow_interval: Duration = 3_600_000_000_000  # ns
    # a number, or a file of rates over time
    rates: dict[str, Annotated[float | str, BeforeValidator(_rate)]] = Field(default_factory=dict)
    insurance: bool = False

    @model_validator(mode="after")
    def _time_goes_on(self) -> Self:
        if self.borrow_interval <= 0:
            raise ValueError(f"expected a borrow_interval above 0, got {self.borrow_interval}")
        return self


class AssetSettings(Settings):
    """``[[asset]]``: one instrument. A table of its own (``[asset.fees]``) replaces the run's table."""

    tape: str | list[str]  # a list: tapes that follow each other
    symbol: str | None = None
    tick_size: Step | None = None
    lot_size: Step | None = None
    location_offset: SignedDuration = 0
    latency: LatencySettings | None = None
    queue: QueueSettings | None = None
    exchange: ExchangeSettings | None = None
    limits: LimitSettings | None = None
    fees: FeeSettings | None = None
    contract: ContractSettings | None = None
    margin: MarginSettings | None = None
    funding: FundingSettings | None = None
    # in place of the mark prices on the tape: the mid of the book, or a file
    mark: Annotated[str | None, BeforeValidator(_mark)] = None
    account: bool = True  # False: unlimited credit although there is an account


class RunSettings(Settings):
    """``[run]``: about the run as a whole."""

    name: str | None = None
    compute: Annotated[int | Literal["measured"], BeforeValidator(_compute)] = 0  # ns from wake to act
    currency: str | None = None  # of totals
    track_queues: bool = False  # for bot.queue_position


class RunConfig(Settings):
    """A whole RUN.toml."""

    asset: Annotated[tuple[AssetSettings, ...], Field(min_length=1, strict=False)]
    latency: LatencySettings = LatencySettings()
    queue: QueueSettings = QueueSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    limits: LimitSettings = LimitSettings()
    fees: FeeSettings = FeeSettings()
    contract: ContractSettings = ContractSettings()
    account: Annotated[tuple[AccountSettings, ...], BeforeValidator(_tables)] = ()
    margin: MarginSettings = MarginSettings()
    funding: FundingSettings | None = None
    run: RunSettings = RunSettings()
    # a number, or the symbol of the asset whose mid is the rate
    rates: dict[str, Annotated[float, Field(gt=0)] | str] = Field(default_factory=dict)
    params: dict[str, Scalar] = Field(default_factory=dict)


def load_config(path: str | Path) -> RunConfig:
    """Read and check a RUN.toml.

    Raises
    ------
    ConfigError
        Naming the file, the line where it can be told, the key, and for an unknown key the nearest known.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError("a configuration file", error.strerror or error, path) from None
    except UnicodeDecodeError:
        raise ConfigError("a TOML file in UTF-8", "bytes that are not text", path) from None
    try:
        return RunConfig.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("TOML", error, path) from None
    except ValidationError as error:
        raise _explain(error, text, path) from None


def dump(config: RunConfig) -> dict[str, Any]:
    """Return the settings as plain data, for the run's own record of how it was made."""
    found = config.model_dump(exclude_none=True)
    if len(config.account) == 1:  # as it is mostly written
        found["account"] = found["account"][0]
    return found


# -- errors -------------------------------------------------------------------------------------------


def _explain(error: ValidationError, text: str, path: Path) -> ConfigError:
    """Turn pydantic's first complaint into one line: file, line, key, expected, got."""
    # A wrong `model` and what follows from it come together; the unknown key explains most, so it goes first.
    details = sorted(error.errors(), key=lambda d: d["type"] != "extra_forbidden")[0]
    location = [part for part in details["loc"] if isinstance(part, int) or part.isidentifier()]
    if location[:1] in (["params"], ["rates"]):
        location = location[:2]  # what follows are pydantic's names for the members of Scalar
    if location[:2] == ["account", 0] and "[[account]]" not in text:
        location = ["account", *location[2:]]
    key = dotted(location)
    line = find_line(text, location if details["type"] != "missing" else location[:-1])
    where = f"{path}:{line}" if line else str(path)
    kind = details["type"]
    if kind == "extra_forbidden":
        table, known = known_keys(location[:-1])
        nearest = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        return ConfigError(f"one of {', '.join(known)} in {table}", f"unknown key {key!r}{hint}", where)
    if kind == "missing":
        if location == ["asset"]:
            return ConfigError("at least one [[asset]] table with its tape", "none", where)
        return ConfigError(f"the key {key!r}", "nothing", where)
    message = details["msg"].removeprefix("Value error, ")
    if message.startswith("expected "):
        return ConfigError(
            f"{key} to be " + message.removeprefix("expected ").split(", got ")[0],
            message.split(", got ", 1)[1],
            where,
        )
    if kind == "literal_error":
        return ConfigError(f"{key} to be one of {details['ctx']['expected']}", repr(details["input"]), where)
    if location[:1] == ["rates"]:
        return ConfigError(
            f"{key} to be a number > 0, or the symbol of an asset", repr(details["input"]), where
        )
    if location[:1] == ["params"]:
        return ConfigError(f"{key} to be a number, a bool or a string", repr(details["input"]), where)
    wish = message.removeprefix("Input should be ")
    return ConfigError(f"{key} to be {wish}", repr(details["input"]), where)


def dotted(location: list[Any]) -> str:
    """``["asset", 1, "fees", "maker"]`` -> ``"asset[1].fees.maker"``."""
    out = ""
    for part in location:
        out += f"[{part}]" if isinstance(part, int) else f"{'.' if out else ''}{part}"
    return out


def known_keys(location: list[Any]) -> tuple[str, list[str]]:
    """Name of the table at `location`, as it is written in TOML, and the keys it may have."""
    model: Any = RunConfig
    for part in location:
        if isinstance(part, str):
            model = _table_model(model.model_fields[part].annotation)
    names = [str(part) for part in location if isinstance(part, str)]
    table = "the file" if not names else f"[[{names[0]}]]" if names == ["asset"] else f"[{'.'.join(names)}]"
    return table, list(model.model_fields)


def _table_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(
        m for a in annotation.__args__ if (m := a) and isinstance(a, type) and issubclass(a, BaseModel)
    )


def find_line(text: str, location: list[Any]) -> int:
    """Find the line, from 1, on which the key at `location` is written; 0 when it cannot be told."""
    names = [part for part in location if isinstance(part, str)]
    number = next((part for part in location if isinstance(part, int)), None)
    table: list[str] = []
    arrays: dict[str, int] = {}
    for i, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("["):
            table = [part.strip().strip("\"'") for part in line.split("#")[0].strip(" []").split(".")]
            if line.startswith("[["):
                arrays[table[0]] = arrays.get(table[0], -1) + 1
            here = table
        elif "=" in line and not line.startswith("#"):
            here = [*table, *(part.strip().strip("\"'") for part in line.split("=")[0].split("."))]
        else:
            continue
        if here == names and (number is None or arrays.get(names[0]) == number):
            return i
    return 0
