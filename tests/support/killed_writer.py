"""Write an archive in a process that is killed at random moments, again and again; run as a program.

One process starts them all by fork, so that the package is imported once. Receive times are made up, a
millisecond a message, so what may be lost is counted in messages and no clock matters.

    python -m tests.support.killed_writer FOLDER ROUNDS SEED
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from truefill.collect.archive import RawArchive

FIRST_TS = 1_786_310_818_000_000_000
STEP = 1_000_000  # ns from message to message


def message(number: int) -> bytes:
    return b'{"n":%d,"noise":"%x"}' % (number, random.Random(number).getrandbits(400))


def _write(folder: Path, first: int, told: int) -> None:
    archive = RawArchive(folder)
    for number in range(first, first + 1_000_000):
        os.write(told, b"%d\n" % number)
        archive.append("x", FIRST_TS + number * STEP, message(number))


def main() -> None:
    folder, rounds, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    sent = folder.parent / "sent.txt"
    first = 0
    for _ in range(rounds):
        told = os.open(sent, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        child = os.fork()
        if child == 0:
            _write(folder, first, told)
            os._exit(1)
        while not sent.stat().st_size or _last(sent) < first:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        first = _last(sent) + 1
        with (folder.parent / "last.txt").open("a") as file:
            file.write(f"{first - 1}\n")


def _last(sent: Path) -> int:
    lines = sent.read_bytes().split(b"\n")
    return int(lines[-2]) if len(lines) > 1 else -1


if __name__ == "__main__":
    main()
