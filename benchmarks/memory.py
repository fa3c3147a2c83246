"""How much memory this process takes and took."""

import resource
import sys


def memory() -> dict[str, int]:
    """Bytes at most so far; and, on Linux, bytes now: the process's own, and of mapped files.

    Not `ru_maxrss` where there is something better: on Linux a new process inherits its parent's.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:  # noqa: PTH123 - no more imports than needed
            rows = dict(line.split(":", 1) for line in file)
        names = {"peak_bytes": "VmHWM", "own_bytes": "RssAnon", "mapped_bytes": "RssFile"}
        return {name: int(rows[row].split()[0]) * 1024 for name, row in names.items()}
    except (OSError, KeyError):
        unit = 1 if sys.platform == "darwin" else 1024
        return {"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
