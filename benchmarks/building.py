"""A process that times how fast a package turns a recording into what it reads.

    python -m benchmarks.building PEER RECORDING FOLDER

The recording is converted twice; the second time counts, because the first one compiles.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

from benchmarks.memory import memory


def main(arguments: list[str]) -> None:
    """Convert twice; one line of JSON on stdout."""
    name, recording, folder = arguments
    convert = _truefill if name == "truefill" else _hftbacktest
    with contextlib.redirect_stdout(sys.stderr):
        convert(recording, folder)
        begin = time.perf_counter()
        events, size = convert(recording, folder)
        seconds = time.perf_counter() - begin
    peak = memory()["peak_bytes"]
    print(json.dumps({"events": events, "seconds": seconds, "file_bytes": size, "peak_bytes": peak}))


def _truefill(recording: str, folder: str) -> tuple[int, int]:
    from truefill.collect import convert

    out = Path(folder) / "converted.tape"
    report = convert(recording, venue="binance-usdm", symbol="BTCUSDT", out=out)
    return report.events, out.stat().st_size


def _hftbacktest(recording: str, folder: str) -> tuple[int, int]:
    import numpy as np
    from hftbacktest.data.utils.binancefutures import convert

    out = Path(folder) / "converted.npz"
    rows = convert(recording, str(out), opt="t")  # with the book ticker, as truefill
    return int(np.count_nonzero(rows["ev"] & (1 << 31))), out.stat().st_size


if __name__ == "__main__":
    main(sys.argv[1:])
