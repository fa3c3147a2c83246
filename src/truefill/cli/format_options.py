"""`--option NAME=VALUE`: what the readers of a format take, for the commands that read historical files."""

from collections.abc import Sequence
from typing import Annotated

import typer

from truefill.cli.durations import parse_duration
from truefill.core.errors import ConfigError

FormatOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-O",
        metavar="NAME=VALUE",
        help="Another option of the format, see [cyan]truefill formats[/]. Can be repeated.",
    ),
]


def named_options(options: Sequence[str] | None) -> dict[str, int | str]:
    """``name=value`` by name: a duration where the name says so, a whole number where it is one."""
    return dict(_named(option) for option in options or ())


def _named(option: str) -> tuple[str, int | str]:
    name, equals, value = option.partition("=")
    if not equals or not name.isidentifier():
        raise ConfigError("NAME=VALUE", repr(option), "--option")
    if name.endswith("_ns") and not value.isdigit():
        return name, parse_duration(value, f"--option {name}")
    return name, int(value) if value.isdigit() else value
