"""`truefill verify` on what is being collected: each instrument's events, as they come."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from truefill.core.events import BUY, DEPTH, EVENT, EXCH, LOCAL
from truefill.tape import StreamVerifier, VerifyReport
from truefill.tape.npz import written
from truefill.venues.orders_book import OrdersBook
from truefill.venues.stream import Stream

CHECKS = "verify.json"


class LiveChecks:
    """Checks events, and writes what it found beside the collector's state.

    Parameters
    ----------
    folder : Path
        Gets ``verify.json``: the report of each instrument, of this run.
    streams : mapping
        Instruments, by the venue's name.
    """

    def __init__(self, folder: Path, streams: Mapping[str, Stream]) -> None:
        self._path = folder / CHECKS
        self._verifiers = {
            native: StreamVerifier(by_order=isinstance(stream.book, OrdersBook))
            for native, stream in streams.items()
        }
        self._told: set[tuple[str, str]] = set()
        _compile()

    def rows(self, native: str, rows: np.ndarray) -> None:
        """Take events of an instrument, in the order in which they came."""
        self._verifiers[native].feed(rows)

    def save(self) -> list[str]:
        """Write the reports, whole or not at all.

        Returns
        -------
        list of str
            Errors of a kind that the instrument did not have before, as they are told a user.

        Raises
        ------
        DataError
            They cannot be written.
        """
        reports = {native: verifier.report() for native, verifier in self._verifiers.items()}
        with written(self._path) as file:
            file.write(msgspec.json.format(msgspec.json.encode(reports), indent=2) + b"\n")
        return [text for native, report in reports.items() for text in self._news(native, report)]

    def _news(self, native: str, report: VerifyReport) -> list[str]:
        fresh = [f for f in report.findings if f.severity == "error" and (native, f.kind) not in self._told]
        self._told.update((native, finding.kind) for finding in fresh)
        return [f"{native}: {finding.text}" for finding in fresh]


def _compile() -> None:
    """Load the kernels before messages come, which would wait for that."""
    row = np.zeros(1, EVENT)
    row["ev"], row["px"], row["qty"] = DEPTH | EXCH | LOCAL | BUY, 1.0, 1.0
    verifier = StreamVerifier()
    verifier.feed(row)
    verifier.report()
