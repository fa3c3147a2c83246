"""CSV files that commands write: whole or not at all."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a table as CSV with one line of names."""
    from truefill.tape.npz import written

    text = io.StringIO()
    made = csv.writer(text, lineterminator="\n")
    made.writerow(head)
    made.writerows(rows)
    with written(path) as file:
        file.write(text.getvalue().encode())
