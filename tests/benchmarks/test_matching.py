"""The engine's benchmark runs through on small streams, and its yardsticks trade as the engine does."""

import pytest
from benchmarks.matching import memory_latency, section, time_big_book, time_single_calls, time_streams
from benchmarks.plain_book import plain_book

from truefill.core.matching import Engine
from truefill.core.order_book_commands import TRADE
from truefill.synthetic.order_flow import SHAPES, order_flow

FIELDS = ("op", "side", "time_in_force", "order_id", "price", "qty")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_plain_book_trades_as_the_engine(shape: str) -> None:
    stream = order_flow(shape, 600, 3)
    rows = list(zip(*(stream[field].tolist() for field in FIELDS), strict=True))

    reports = Engine().process(stream)

    assert plain_book(rows) == (reports["kind"] == TRADE).sum() > 20


@pytest.mark.slow
@pytest.mark.compiled_only
def test_the_section_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.matching._TAPES", {})
    said: list[str] = []
    results = {
        "streams": time_streams(2_000, 1, said.append),
        "big_book": time_big_book(300_000, 1),
        "single": time_single_calls(1_000, 1),
        "memory_ns": memory_latency(1),
    }

    text = section(results)

    assert len(SHAPES) == len(said) == len(results["streams"])
    assert all(f"| made {shape} |" in text for shape in SHAPES)
    assert 40 < results["big_book"]["bytes_an_order"] < 100
