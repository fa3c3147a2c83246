"""`truefill formats`: the historical files that `truefill convert` reads."""

from typing import Annotated

import typer

from truefill.cli.show import out, plain_table, print_json


def formats(
    json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")] = False,
) -> None:
    """List the formats of historical files, and the options that each has.

    [cyan]truefill formats[/]

    [cyan]truefill convert book.csv.gz trades.csv.gz --format NAME --option NAME=VALUE --symbol S --out T[/]
    """
    from truefill.collect.event_files import ALL_FORMATS

    if json:
        print_json([{"name": f.name, "title": f.title, "options": sorted(f.options)} for f in ALL_FORMATS])
        return
    rows = [(f.name, ", ".join(sorted(f.options)), f.title) for f in ALL_FORMATS]
    out().print(plain_table(("format", "options", "files"), rows, left=(0, 1, 2)))
