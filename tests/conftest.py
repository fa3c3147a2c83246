"""What holds for every test: the three modes, and no silence about tests that did not run."""

import signal
from collections import Counter

import pytest

from tests.support.modes import BOUNDS_CHECKED, INTERPRETED
from tests.support.shared import MISSING, shared_root


def pytest_configure() -> None:
    """Heed Ctrl-C even where a shell started the tests in the background with the signal turned off."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> list[str]:
    """Say which mode this is and which data it has."""
    if INTERPRETED:
        mode = "interpreted (NUMBA_DISABLE_JIT=1)"
    elif BOUNDS_CHECKED:
        mode = "compiled with bounds checks (NUMBA_BOUNDSCHECK=1)"
    else:
        mode = "compiled"
    data = "found" if (shared_root() / "data").is_dir() else "NOT FOUND, tests on them will be skipped"
    return [f"truefill: {mode}; real recordings {data}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what only makes sense compiled, and what needs recordings when there are none."""
    no_data = not (shared_root() / "data").is_dir()
    for item in items:
        if INTERPRETED and item.get_closest_marker("compiled_only"):
            item.add_marker(pytest.mark.skip(reason="about compiled code; this run is interpreted"))
        if no_data and item.get_closest_marker("needs_shared"):
            item.add_marker(pytest.mark.skip(reason=f"{MISSING}: set TRUEFILL_SHARED"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count skipped tests by reason, and what fuzzes compared: green must not hide what did not run."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    if reasons:
        terminalreporter.section("not run", sep="-")
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count:5d}  {reason}")
    proved = [
        (report.nodeid, value)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, value in report.user_properties
        if name == "proof"
    ]
    if proved:
        terminalreporter.section("proof", sep="-")
        for test, text in sorted(proved):
            terminalreporter.write_line(f"{test}\n  {text}")
