"""The examples in docstrings run and give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
WITH_EXAMPLES = [
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>> " in path.read_text()
]

pytestmark = pytest.mark.docs


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_the_module(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example sees its module's own names and an empty folder."""
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)

    assert result.failed == 0
    assert result.attempted > 0
