"""What the commands print: results on stdout, everything about how it goes on stderr.

With ``--json`` stdout holds one JSON document and nothing else, so that it can be piped.
"""

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

ACCENT = "cyan"
GOOD, BAD, WEAK = "green", "red", "bright_black"


def out() -> Console:
    """Return the console of results: stdout as it is now (tests and pipes replace it)."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """Return the console of progress and messages: stderr."""
    return Console(file=sys.stderr, highlight=False, soft_wrap=not sys.stderr.isatty())


def error_line(message: object) -> None:
    """Print ``error: message`` on stderr, in one line."""
    line = " ".join(str(message).split())
    err().print(Text.assemble(("error: ", f"bold {BAD}"), line), soft_wrap=True)


def note(message: str, console: Console | None = None) -> None:
    """Print one line about how it went on stderr, or on the console that draws there."""
    (console or err()).print(Text.assemble(("note: ", "bold yellow"), message), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; what JSON cannot say (NaN, infinity) becomes null."""
    sys.stdout.write(json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n")


def write_json(value: Any, path: Path) -> None:
    """Write `value` as `print_json` does, to a file, whole or not at all."""
    from truefill.tape.npz import written

    with written(path) as file:
        file.write((json.dumps(_plain(value), indent=2, ensure_ascii=False) + "\n").encode())


def _plain(value: Any) -> Any:
    if hasattr(value, "item") and not hasattr(value, "__len__"):
        value = value.item()  # a NumPy scalar
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return _plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def plain_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], left: Sequence[int] = (0,)
) -> Table:
    """Make a table with a ruled head; columns are right-aligned, except those in `left`."""
    table = Table(box=SIMPLE_HEAD, header_style=f"bold {ACCENT}", pad_edge=False, show_edge=False)
    for i, column in enumerate(columns):
        text = i in left and i == len(columns) - 1  # only a last column of words may take more than a line
        justify: Literal["left", "right"] = "left" if i in left else "right"
        table.add_column(column, justify=justify, no_wrap=not text, overflow="fold" if text else "ellipsis")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else str(cell) for cell in row))
    return table


def facts(pairs: Sequence[tuple[str, object]]) -> Table:
    """Make a borderless two-column list: name, value."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=WEAK, no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, value if isinstance(value, Text) else Text(str(value)))
    return table


class Steps:
    """Long work as a list of steps on stderr: a bar while one runs, one line with its time when it is done.

    On something that is no terminal only the finished lines are written.

    Parameters
    ----------
    quiet : bool
        Write no finished lines; the bar of a running step is shown on a terminal all the same.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.console = err()
        self.quiet = quiet

    def note(self, message: str) -> None:
        """Say something remarkable, in line with the steps."""
        lead = "" if self.quiet else "    "
        self.console.print(Text.assemble((f"{lead}note: ", "yellow"), message), soft_wrap=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Run one step: call the `Step` with (done, total) now and then, set its `result` before the end."""
        step = Step(self.console, title, self.quiet)
        try:
            yield step
        except BaseException:
            step.stop()
            raise
        step.finish()


class Step:
    """A running step: call it with what is done, e.g. ``step(3, 10)``.

    Attributes
    ----------
    result : str
        What the finished line says.
    """

    def __init__(self, console: Console, title: str, quiet: bool) -> None:
        self._console = console
        self._title = title
        self._quiet = quiet
        self._started = time.perf_counter()
        self._last = 0.0
        self._done = False
        self.result = ""
        self._progress = Progress(
            TextColumn(" "),
            SpinnerColumn(style=ACCENT, finished_text=" "),
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=30, complete_style=ACCENT, finished_style=ACCENT, pulse_style=ACCENT),
            TextColumn("{task.fields[note]}", style=WEAK),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            refresh_per_second=8,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(title, total=None, note="")
        self._progress.start()

    def __call__(self, done: float, total: float | None = 1.0, text: str = "") -> None:
        """Show how far it is; may be called as often as one likes."""
        now = time.perf_counter()
        if now - self._last > 0.05:
            self._last = now
            self._progress.update(self._task, completed=done, total=total or None, note=text)

    def finish(self) -> None:
        """End the step here and write its line."""
        if self._done:
            return
        self.stop()
        if not self._quiet:
            seconds = time.perf_counter() - self._started
            self._console.print(
                Text.assemble(
                    ("  ✓ ", f"bold {GOOD}"),
                    (f"{self._title:<20} ", "bold"),
                    f"{self.result:<{max(20, min(64, self._console.width - 36))}} ",
                    (f"{seconds:6.1f} s", WEAK),
                ),
                soft_wrap=True,
            )

    def stop(self) -> None:
        """Take the bar away."""
        self._done = True
        self._progress.stop()


def braille_chart(
    values: Sequence[float], width: int, height: int, style: Callable[[float], str]
) -> list[Text]:
    """Draw a line as text, two by four dots a character; zero is always in the picture.

    Parameters
    ----------
    values : sequence of float
        The line, evenly spaced in time.
    width, height : int
        Characters.
    style : callable
        ``value -> rich style`` of each row's characters, given the value at the middle of the row.

    Returns
    -------
    list of Text
        `height` rows, the highest first.
    """
    columns, levels = 2 * width, 4 * height
    finite = [v for v in values if math.isfinite(v)]
    if len(finite) < 2:
        return [Text("") for _ in range(height)]
    low, high = min(0.0, *finite), max(0.0, *finite)
    span = (high - low) or 1.0
    dots = [[0] * width for _ in range(height)]
    bits = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))  # from the lowest dot of a character up
    previous = None
    for x in range(columns):
        value = finite[min(len(finite) - 1, x * len(finite) // columns)]
        y = min(levels - 1, int((value - low) / span * levels))
        last = y if previous is None else previous
        for between in range(min(y, last), max(y, last) + 1):
            dots[height - 1 - between // 4][x // 2] |= bits[between % 4][x % 2]
        previous = y
    rows = []
    for r, row in enumerate(dots):
        middle = high - (r + 0.5) / height * span
        rows.append(Text("".join(chr(0x2800 + dot) for dot in row), style=style(middle)))
    return rows
