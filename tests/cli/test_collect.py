"""The command, as a process of its own, beside a venue on loopback."""

import asyncio
import json
import signal
import sys

import pytest

from tests.support.served import Served
from truefill.cli.main import app
from truefill.collect.lines import LineReader

BTC = "BTCUSDT-PERP.BINANCE"
PROGRAM = [sys.executable, "-c", "from truefill.cli.main import main; main()", "collect", BTC]


def run(*args, capsys):
    with pytest.raises(SystemExit) as ended:
        app(["collect", *map(str, args)])
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err


async def start(server, folder):
    return await asyncio.create_subprocess_exec(
        *PROGRAM, "--out", str(folder), "--stream", server.endpoint.stream, "--rest", server.endpoint.rest,
        "--json", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


def stored(folder):
    reader = LineReader(*folder.glob("raw/BTCUSDT_*.gz"))
    lines = [line.partition(b" ")[2].decode() for line in reader]
    return [line for line in lines if "lastUpdateId" not in line]


@pytest.mark.slow
def test_a_collector_that_is_killed_loses_only_what_was_not_flushed_and_goes_on_when_started_again(tmp_path):
    async def session():
        async with Served(BTC, None) as server:
            first = await start(server, tmp_path)
            while not any(file.stat().st_size for file in tmp_path.glob("raw/BTCUSDT_*.gz")):
                assert first.returncode is None, (await first.communicate())[1]
                await asyncio.sleep(0.01)
            first.kill()
            await first.communicate()
            before = stored(tmp_path)
            sent = server.texts("BTCUSDT")
            second = await start(server, tmp_path)
            while server.connections < 2 or len(server.texts("BTCUSDT")) < len(sent) + 100:
                assert second.returncode is None, (await second.communicate())[1]
                await asyncio.sleep(0.01)
            second.send_signal(signal.SIGTERM)
            output, _ = await second.communicate()
            return before, sent, server.texts("BTCUSDT"), output, second.returncode

    before, sent, everything, output, status = asyncio.run(session())
    assert status == 0
    assert before == sent[: len(before)]
    assert before
    after = stored(tmp_path)
    assert after[: len(before)] == before
    new = after[len(before) :]
    start_of_second = everything.index(new[0])
    assert new == everything[start_of_second : start_of_second + len(new)]
    assert len(new) >= 100
    state = json.loads(output)
    assert (state["runs"], state["running"], state["unread"]) == (2, False, 0)


def test_it_stops_after_the_time_that_it_was_given_though_nobody_answers(tmp_path, capsys):
    code, printed, said = run(
        BTC, "--out", tmp_path, "--stream", "ws://127.0.0.1:9/", "--for", "200ms", capsys=capsys
    )
    assert code == 0
    assert "messages  0, of which 0 could not be read" in printed
    assert "no connection to ws://127.0.0.1:9/" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            [BTC, "ETHUSDT-PERP.BYBIT", "--stream", "wss://x"],
            "--stream: expected symbols of one venue with --stream or --rest, got 2 venues",
        ),
        ([], "expected at least one symbol, such as BTCUSDT-PERP.BINANCE, got none"),
        (["nonsense"], "nonsense"),
        ([BTC, "--channels", "depth,all"], "got 'all'"),
        ([BTC, "--stale", "0s"], "stale: expected a time above zero, got 0"),
        ([BTC, "--stream", "somewhere"], "an address that begins with wss://, got 'somewhere'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path, capsys, args, said):
    code, printed, error = run(*args, "--out", tmp_path / "new", capsys=capsys)
    assert (code, printed) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert not (tmp_path / "new").exists()
