"""The documentation does what it says: its Python runs, its commands exist and run, its targets exist.

In a page, blocks of one page belong together and run in order in one empty folder:

* ``python`` is executed; with ``title="file.py"`` it is written to that file instead, as are ``toml`` blocks;
* ``bash`` lines that begin with ``truefill`` are run, and have to end with status 0;
* ``console`` blocks are examples on the reader's own files: their commands and options must exist.
"""

import functools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)```", re.M | re.S)

TRUEFILL = Path(sys.executable).with_name("truefill")

pytestmark = pytest.mark.docs


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    title: str
    line: int  # of its first line of text, from 1
    body: str


def blocks(page: Path) -> list[Block]:
    """Fenced blocks of a page, in order."""
    text = page.read_text()
    found = []
    for match in FENCE.finditer(text):
        info = match["info"].strip()
        title = re.search(r'title="([^"]+)"', info)
        line = text.count("\n", 0, match.start("body")) + 1
        body = match["body"]
        if match["indent"]:
            body = re.sub(rf"^{match['indent']}", "", body, flags=re.M)
        found.append(Block(info.split(" ")[0], title[1] if title else "", line, body))
    return found


def commands(page: Path, *languages: str) -> list[list[str]]:
    """The `truefill ...` lines in the page's blocks of these languages, split into words."""
    lines = [
        line.removeprefix("$ ").split("  #")[0]
        for block in blocks(page)
        if block.language in languages
        for line in block.body.replace("\\\n", " ").splitlines()
    ]
    return [shlex.split(line) for line in lines if line.startswith("truefill ")]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _runs(page: Path) -> bool:
    return any(b.language == "python" for b in blocks(page)) or bool(commands(page, "bash"))


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if _runs(p)], ids=_name)
def test_code_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    """Each page works from top to bottom in an empty folder."""
    program = ""
    for block in blocks(page):
        if block.title:
            (tmp_path / block.title).write_text(block.body)
        elif block.language == "python":  # at its own line, so that a traceback names the line of the page
            program += "\n" * (block.line - 1 - program.count("\n")) + block.body
    if program:
        script = tmp_path / f"{page.stem.replace('-', '_').lower()}_page.py"
        script.write_text(program)
        _run([sys.executable, script.name], tmp_path)
    for words in commands(page, "bash"):
        _run([TRUEFILL, *words[1:]], tmp_path)


def _run(command: list[str | Path], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "110"}
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@functools.cache
def _help_of(command: tuple[str, ...]) -> str:
    done = subprocess.run(
        [TRUEFILL, *command, "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
    )
    assert done.returncode == 0, f"truefill {' '.join(command)} --help\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, "bash", "console")], ids=_name)
def test_commands_and_options_of_the_page_exist(page: Path) -> None:
    """No page names a command or an option that the command line does not know."""
    for words in commands(page, "bash", "console"):
        command = tuple(words[1:3] if words[1] in ("tape", "calibrate", "exchange") else words[1:2])
        known = _help_of(command)
        unknown = [w for w in words if w.startswith("--") and w.split("=")[0] not in known]
        assert unknown == [], shlex.join(words)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_of_the_page_exist(page: Path) -> None:
    """Each `make x` that a page mentions is a target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", page.read_text(), re.M))

    assert named <= targets


def test_blocks_are_found_and_cut_right(tmp_path: Path) -> None:
    """The reader of pages is tested too: titles, indentation, line numbers."""
    page = tmp_path / "page.md"
    page.write_text(
        'a\n```python title="s.py"\nx = 1\n```\n\n  ```toml\n  [a]\n  ```\n'
        "```bash\ntruefill demo  # hm\n```\n"
    )

    assert blocks(page) == [
        Block("python", "s.py", 3, "x = 1\n"),
        Block("toml", "", 7, "[a]\n"),
        Block("bash", "", 10, "truefill demo  # hm\n"),
    ]
    assert commands(page, "bash") == [["truefill", "demo"]]
