"""``python -m tests.hostile PART SEED COUNT``."""

import random
import sys
import warnings

from tests.hostile import bot_calls, compiled_calls, data, makers
from tests.hostile.report import Report

PARTS = {"bot": bot_calls, "compiled": compiled_calls, "makers": makers, "data": data}


def main() -> int:
    """Throw, print the counts, and every fault; 1 when there was one."""
    name, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    warnings.simplefilter("ignore")  # NumPy's, on what the arguments are
    report = Report()
    PARTS[name].throw(random.Random(seed), count, report)
    counts = ", ".join(f"{what} {number:,}" for what, number in sorted(report.counts.items()))
    sys.stdout.write("\n".join([counts, *report.faults[:20]]) + "\n")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
