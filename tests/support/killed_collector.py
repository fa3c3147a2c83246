"""A collector that is run, and killed, again and again; run as a program.

One process imports the package and forks each collector, so that a hundred of them do not take a hundred
starts. Before a message goes to the archive its receive time is told, so that whoever kills knows what had
been received.

    python -m tests.support.killed_collector FOLDER STREAM REST TOLD

Reads from its standard input and answers in one line: ``run`` or ``run BYTES`` (no file may grow beyond),
with the pid; ``reap``, with the exit status of the last one.
"""

import asyncio
import logging
import os
import resource
import signal
import sys
from pathlib import Path

from truefill.collect.archive import RawArchive
from truefill.collect.collector import Collector, Patience
from truefill.collect.endpoints import Endpoint
from truefill.core.decimals import parse_decimals
from truefill.core.errors import DataError

SYMBOL = "BTCUSDT-PERP.BINANCE"


def _collect(folder: Path, stream: str, rest: str, told: Path) -> int:
    descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    real = RawArchive.append

    def append(self: RawArchive, name: str, local_ts: int, message: bytes) -> None:
        os.write(descriptor, b"%d %b\n" % (local_ts, name.encode()))
        real(self, name, local_ts, message)

    RawArchive.append = append  # type: ignore[method-assign]
    logging.disable(logging.CRITICAL)

    async def run() -> None:
        at = Endpoint(stream, rest, fetch_every_s=0.01)
        collector = Collector([SYMBOL], folder, at=at, patience=Patience(retry_s=0.01, state_s=0.2))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, collector.stop)
        await collector.run()

    try:
        asyncio.run(run())
    except DataError:
        return 2
    return 0


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    folder, stream, rest, told = sys.argv[1:]
    parse_decimals("1.0")  # loads compiled code, which would take most of a short life
    child = 0
    for line in sys.stdin:
        match line.split():
            case ["run", *limit]:
                child = os.fork()
                if child == 0:
                    if limit:
                        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
                        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit[0]), hard))
                    os._exit(_collect(Path(folder), stream, rest, Path(told)))
                _answer(child)
            case ["reap"]:
                _answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
