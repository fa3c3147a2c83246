"""`docs/configuration.md` names every key that a RUN.toml may have, and no other."""

import re
from pathlib import Path

import pytest

from tests.test_docs import blocks
from truefill.cli.config import AssetSettings, RunConfig, known_keys, load_config

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
TABLES = sorted(RunConfig.model_fields)


def documented() -> dict[str, list[str]]:
    """Keys of the page's tables, by the section they stand in."""
    sections = re.split(r"^## `\[+(\w+)\]+`$", PAGE.read_text(), flags=re.M)[1:]
    return {
        name: re.findall(r"^\| `(\w+)` \|", text, re.M)
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }


def test_every_table_has_its_section() -> None:
    """The sections of the page are the tables of the file."""
    assert sorted(documented()) == TABLES


@pytest.mark.parametrize("table", [t for t in TABLES if t not in ("params", "rates")])
def test_every_key_is_documented(table: str) -> None:
    """Each table's keys, in the order of the code."""
    known = list(AssetSettings.model_fields) if table == "asset" else known_keys([table])[1]

    assert documented()[table] == known


def test_the_example_of_the_page_is_valid(tmp_path: Path) -> None:
    """What a reader copies can be read."""
    example = next(b for b in blocks(PAGE) if b.language == "toml")
    (tmp_path / "run.toml").write_text(example.body)
    config = load_config(tmp_path / "run.toml")

    assert config.asset[0].tape == "market.tape"
    assert config.latency.entry == 10_000_000
    assert config.params == {"half_spread_ticks": 5, "order_qty": 0.01}
