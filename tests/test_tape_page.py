"""`docs/tape.md` names every section of a tape file with its type, and no other."""

import re
from pathlib import Path

from truefill.tape.format import SECTIONS, dtype_name

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tape.md"


def test_every_section_is_documented_with_its_type() -> None:
    """The table of the page is the table of the code."""
    rows = re.findall(r"^\| (`[^|]+`) \| (\w+) \|", PAGE.read_text(), re.M)
    documented = {name: kind for names, kind in rows for name in re.findall(r"`([\w.]+)`", names)}

    assert documented == {name: dtype_name(dtype).lstrip("<") for name, dtype in SECTIONS.items()}
