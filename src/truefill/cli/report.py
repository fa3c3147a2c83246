"""`truefill report`: the summary and the report page of a run that was kept."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="What [cyan]truefill backtest --out[/] wrote.")
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON on stdout and nothing else.")
    ] = False,
) -> None:
    """Print the summary of a run and write its report.html again.

    [cyan]truefill report result[/]

    [cyan]truefill report result --json | jq .metrics[/]

    The run itself is in Parquet files beside the report, e.g. [cyan]result/fills.parquet[/].
    """
    from truefill.analysis import load_run, report as write_report
    from truefill.cli.results import REPORT, print_summary
    from truefill.cli.show import note

    data = load_run(folder)
    write_report(data, folder / REPORT)
    print_summary(data, json)
    if not json:
        note(f"report written to {folder / REPORT}")
