"""The shape of the house: who may import whom, what import costs, and what the package must not contain."""

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "truefill"
CORE_MAY_IMPORT = {"numpy", "numba", "llvmlite", "truefill"}  # llvmlite is a part of numba
CORE_MUST_NOT_KNOW = {"asyncio", "datetime", "http", "io", "logging", "random", "socket", "time", "tomllib"}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def _imported_modules(source: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}:{node.lineno}: relative import"
            found.add(node.module or "")
    return found


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("source", [p for p in SOURCES if p.is_relative_to(PACKAGE / "core")], ids=_name)
def test_core_imports_only_numpy_numba_and_harmless_standard_modules(source: Path) -> None:
    """No files, sockets, clocks, settings or global randomness in the core."""
    imported = {module.split(".")[0] for module in _imported_modules(source)}
    beyond = imported - CORE_MAY_IMPORT - set(sys.stdlib_module_names)

    assert set() == beyond
    assert set() == imported & CORE_MUST_NOT_KNOW


@pytest.mark.parametrize("source", SOURCES, ids=_name)
def test_every_file_says_what_it_is(source: Path) -> None:
    """A module starts with a docstring, unless it is empty."""
    tree = ast.parse(source.read_text())

    assert not tree.body or ast.get_docstring(tree)


def test_import_contracts_hold() -> None:
    """The floors of the house, as written in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed here")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_importing_truefill_is_cheap_and_compiles_nothing() -> None:
    """Under half a second, without the heavy libraries: they come with the first thing that needs them."""
    program = (
        "import sys, time; start = time.perf_counter(); import truefill; took = time.perf_counter() - start;"
        "print(took, *sorted({'numba', 'polars', 'plotly', 'pydantic', 'typer'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(3)
    ]

    assert [[], [], []] == [heavy for _, *heavy in runs]
    assert min(float(took) for took, *_ in runs) < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("init", sorted(PACKAGE.rglob("__init__.py")), ids=_name)
def test_all_names_things_that_exist(init: Path) -> None:
    """Each room's `__all__` is true; that it is sorted is ruff's business."""
    room = importlib.import_module(".".join(init.parent.relative_to(PACKAGE.parent).parts))

    assert [] == [name for name in getattr(room, "__all__", []) if not hasattr(room, name)]


def test_lock_files_name_no_host_and_no_path() -> None:
    """The locks say which versions and which bytes, not where one machine found them."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert re.findall(r"https?://|file:|--(?:index|extra-index|find-links)|^/|\s/", text, re.M) == []
        assert "--hash=sha256:" in text


def test_run_lock_is_part_of_the_dev_lock() -> None:
    """What is tested is what runs: the same versions in both locks."""

    def pins(name: str) -> set[str]:
        lines = (ROOT / "requirements" / name).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}

    assert pins("run.txt") <= pins("dev.txt")


def test_runtime_dependencies_are_the_ones_that_the_code_imports() -> None:
    """Nothing is used that is not declared. What only an extra brings is imported inside of functions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[><=\[ ;]", requirement)[0].replace("-", "_") for requirement in requirements}

    declared = names(project["dependencies"])
    extra = names([name for extra in project["optional-dependencies"].values() for name in extra])
    imported = {module.split(".")[0] for source in SOURCES for module in _imported_modules(source)}
    used = imported - set(sys.stdlib_module_names) - {"truefill", "llvmlite"}
    at_the_top = {
        module.split(".")[0]
        for source in SOURCES
        for node in ast.parse(source.read_text()).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for module in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }

    assert used <= declared | extra
    assert set() == at_the_top & (extra - declared)


KERNEL = re.compile(r"^\s*@(entry|helper|inlined|callback|overload|intrinsic|lower_builtin)\b", re.M)


def test_files_that_mypy_reads_less_strictly_are_the_ones_with_kernels() -> None:
    """The list in pyproject.toml is exact: no kernel file is missing from it, no other file hides in it."""
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["overrides"]
    listed = {name for o in overrides if "disallow_untyped_defs" in o for name in o["module"]}
    kernels = {
        ".".join(source.relative_to(PACKAGE.parent).with_suffix("").parts)
        for source in SOURCES
        if KERNEL.search(source.read_text())
        and source.name != "jit.py"  # the decorators themselves are typed
    }

    assert listed == kernels
