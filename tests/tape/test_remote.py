"""Files in object stores, over HTTP on the loopback interface: SeaweedFS, and servers that fail.

SeaweedFS is a real store with S3's API. What it does not do of itself, to refuse, to hang, to die in the
middle of a body, small servers of this test's own do.
"""

import http.server
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.support.object_store import KEY, SECRET, seaweedfs
from tests.tape.streams import random_events
from tests.tape.test_parquet import clear_arrivals
from truefill import Asset, convert_files, open_tape
from truefill.collect import verify
from truefill.core.errors import ConfigError, DataError
from truefill.tape import (
    Tape,
    ahead,
    build_tape,
    local,
    read_npz,
    read_parquet,
    remote,
    write_npz,
    write_parquet,
)
from truefill.tape.remote import Limits, cache_folder, is_remote

QUICK = Limits(connect_s=0.5, silence_s=0.3, request_s=2, retries=1, pause_s=0.01)


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as url:
        yield url


@pytest.fixture
def store(endpoint, tmp_path, monkeypatch):
    """Point the environment at the server, and the cache into the test's folder."""
    use(monkeypatch, endpoint, tmp_path)
    return "s3://market-data"


def use(monkeypatch, endpoint, tmp_path):
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("TRUEFILL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()


def cached():
    return sorted(path.name for path in cache_folder().rglob("*") if path.is_file())


def test_tapes_and_events_there_and_back(store):
    events = clear_arrivals(1, 300)
    tape = build_tape(events, symbol="X.TEST")
    saved = tape.save(f"{store}/a/x.tape")
    assert saved.header.content_hash == tape.header.content_hash
    assert open_tape(f"{store}/a/x.tape").header == tape.header
    assert Asset([f"{store}/a/x.tape"]).tape.symbol == "X.TEST"
    write_npz(events, f"{store}/a/x.npz")
    assert read_npz(f"{store}/a/x.npz").tobytes() == events.tobytes()
    write_parquet(tape, f"{store}/a/x.parquet")
    again = build_tape(read_parquet(f"{store}/a/x.parquet"), symbol="X.TEST")
    assert again.header.content_hash == tape.header.content_hash
    report = convert_files(f"{store}/a/x.parquet", symbol="X.TEST", out=f"{store}/a/y.tape")
    assert (report.out, report.content_hash) == (f"{store}/a/y.tape", tape.header.content_hash)
    assert cached() == ["x.npz", "x.parquet", "x.tape"]


def test_a_version_is_fetched_once(store, monkeypatch):
    write_npz(random_events(1, 50), f"{store}/b/x.npz")
    first = local(f"{store}/b/x.npz")
    stamp = first.stat().st_mtime_ns
    assert local(f"{store}/b/x.npz").stat().st_mtime_ns == stamp
    write_npz(random_events(2, 60), f"{store}/b/x.npz")
    second = local(f"{store}/b/x.npz")
    assert len(read_npz(second)) == 60
    assert cached() == ["x.npz"], "the earlier version is gone"


def test_objects_of_many_pieces(store, monkeypatch):
    monkeypatch.setattr(remote, "_CHUNK", 1000)
    events = random_events(3, 400)
    write_npz(events, f"{store}/c/x.npy")
    assert read_npz(f"{store}/c/x.npy").tobytes() == events.tobytes()


def test_a_chain_of_objects(store):
    events = clear_arrivals(4, 300)
    names = []
    for number, part in enumerate(np.array_split(events, 3)):
        names.append(f"{store}/d/{number}.tape")
        build_tape(part, symbol="X.TEST", tick_size="0.01", lot_size="0.25").save(names[-1])
    assert len(Asset(names).tape) == 3
    days = [f"{store}/d/{number}.parquet" for number in range(3)]
    for name, part in zip(days, np.array_split(events, 3), strict=True):
        write_parquet(part, name, symbol="X.TEST")
    source = read_parquet(days)
    assert len(source.headers) == 1, "the others are fetched when their turn comes"
    assert np.concatenate(list(source)).tobytes() == events.tobytes()
    assert source.events == 300


def test_the_next_file_is_fetched_while_this_one_is_worked_on(store):
    for number in range(3):
        write_npz(random_events(number, 20), f"{store}/e/{number}.npz")
    coming = ahead([f"{store}/e/{number}.npz" for number in range(3)])
    assert next(coming).name == "0.npz"
    wanted = {"0.npz", "1.npz"}
    for _ in range(2000):
        if set(cached()) == wanted:
            break
        threading.Event().wait(0.01)
    assert set(cached()) == wanted, "the second one came without being asked for, the third one did not"
    assert [path.name for path in coming] == ["1.npz", "2.npz"]


@pytest.mark.slow
def test_the_command_line_takes_urls(store, tmp_path):
    write_npz(random_events(1, 80), f"{store}/f/x.npz")
    program = [sys.executable, "-c", "from truefill.cli.main import main; main()"]
    convert = ["convert", f"{store}/f/x.npz", "--symbol", "X.TEST", "--out", f"{store}/f/x.tape", "--json"]
    for arguments in (convert, ["tape", "info", f"{store}/f/x.tape", "--json"]):
        done = subprocess.run([*program, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["symbol"] == "X.TEST"
        assert SECRET not in done.stdout + done.stderr


def test_objects_are_verified_under_their_urls(store):
    events = clear_arrivals(1, 60)
    build_tape(events, symbol="X.TEST").save(f"{store}/v/x.tape")
    write_npz(events, f"{store}/v/x.npz")
    named = [f"{store}/v/x.tape", f"{store}/v/x.npz"]
    tape, stream = verify(named)
    assert [tape.files, stream.files] == [[name] for name in named]
    assert tape.report.rows == stream.report.rows == 60
    with pytest.raises(DataError, match="no such bucket or key"):
        verify(f"{store}/v/none.npz")


def test_what_is_not_there_and_whom_it_is_not_for(store, monkeypatch, tmp_path):
    write_npz(random_events(1, 50), f"{store}/g/x.npz")
    for name in (f"{store}/g/none.npz", "s3://no-such-bucket/x.npz"):
        with pytest.raises(DataError, match=rf"{name}: expected an object in a bucket, got no such"):
            read_npz(name)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "some-other-secret")
    for action in (
        lambda: read_npz(f"{store}/g/x.npz"),
        lambda: write_npz(random_events(1, 9), f"{store}/g/y.npz"),
    ):
        with pytest.raises(DataError, match=r"s3://market-data/g/.\.npz: .* access denied") as found:
            action()
        assert "some-other-secret" not in str(found.value) + repr(found.value.__cause__)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with pytest.raises(DataError, match="no such"):
        local(f"{store}/g/y.npz")
    assert cached() == []


@pytest.mark.parametrize("bad", ["s3://", "s3://bucket", "s3://bucket/", "s3://bucket/folder/"])
def test_urls_that_name_no_object(bad):
    with pytest.raises(DataError, match="s3://bucket/key"):
        local(bad)


def test_plain_paths_and_file_urls(tmp_path):
    assert local("a/b.tape").parts == ("a", "b.tape")
    assert local(f"file://{tmp_path}/a%20b.tape") == tmp_path / "a b.tape"
    tape = build_tape(random_events(1, 50), symbol="X.TEST")
    tape.save(f"file://{tmp_path}/x.tape")
    assert Tape.open(f"file://{tmp_path}/x.tape").header == tape.header
    write_npz(tape, tmp_path / "x.npz")
    assert len(read_npz(f"file://{tmp_path}/x.npz")) >= 50
    assert not is_remote(tmp_path)


class Failing(http.server.BaseHTTPRequestHandler):
    """A store that knows every object, and breaks in the way that its server says."""

    body = bytes(100_000)

    def log_message(self, *_):
        pass

    def answer(self, status, send):
        self.send_response(status)
        self.send_header("Content-Length", str(len(self.body)))
        self.send_header("ETag", '"one"')
        self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        self.end_headers()
        self.wfile.write(send)
        self.wfile.flush()

    def do_HEAD(self):
        self.server.requests.append("HEAD")
        if self.server.way == "hang":
            self.server.over.wait(20)
        else:
            self.answer(500 if self.server.way == "error" else 200, b"")

    def do_GET(self):
        self.server.requests.append("GET")
        if "Range" in self.headers and self.server.way != "error":
            self.send_response(206)
            self.send_header("Content-Range", f"bytes 0-{len(self.body) - 1}/{len(self.body)}")
            self.send_header("Content-Length", str(len(self.body)))
            self.send_header("ETag", '"one"')
            self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
            self.end_headers()
        self.wfile.write(self.body[:5000])
        self.wfile.flush()
        if self.server.way == "stall":
            self.server.over.wait(20)
        self.close_connection = True

    def do_PUT(self):
        self.server.requests.append("PUT")
        self.rfile.read(1000)
        self.close_connection = True

    def do_POST(self):
        self.do_PUT()


@pytest.fixture
def failing(monkeypatch, tmp_path):
    """Start servers that fail in a given way; they end with the test."""
    servers = []

    def start(way):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Failing)
        server.daemon_threads = True
        server.way, server.requests, server.over = way, [], threading.Event()
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        return server

    use(monkeypatch, "http://127.0.0.1:9", tmp_path)
    monkeypatch.setattr(remote, "LIMITS", QUICK)
    yield start
    for server in servers:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("hang", "no answer in time"),
        ("stall", "no answer in time"),
        ("cut", "broke off"),
        ("error", "status 500"),
    ],
)
def test_stores_that_fail_while_reading(failing, way, reason):
    server = failing(way)
    with pytest.raises(
        DataError, match=rf"s3://b/x\.npz: expected a store that answers.*({reason}).*2 tries"
    ):
        read_npz("s3://b/x.npz")
    assert cached() == []
    asked = [kind for kind in server.requests if kind == ("HEAD" if way in ("hang", "error") else "GET")]
    assert len(asked) >= 2, "tried again"


def test_a_store_that_fails_while_writing(failing, tmp_path):
    failing("cut")
    with pytest.raises(DataError, match=r"s3://b/x\.npz: expected a store that answers"):
        write_npz(random_events(1, 50), "s3://b/x.npz")
    assert cached() == []


def test_a_store_that_refuses(failing):
    with pytest.raises(DataError, match=r"s3://b/x\.tape: .* connection refused, 2 tries"):
        Tape.open("s3://b/x.tape")
    with pytest.raises(DataError, match=r"s3://b/x\.npz: .* connection refused"):
        convert_files("s3://b/x.npz", symbol="X", out="x.tape")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ConfigError, match=r"truefill\[s3\]"):
        Tape.open("s3://b/x.tape")
