"""Text to integers against Python's own exact numbers, and blocks of any size."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.vendors.replay import joined
from tests.vendors.test_bitfinex import LINES as BITFINEX
from tests.vendors.test_bitstamp import LINES as BITSTAMP, log
from tests.vendors.test_databento import RAW as DATABENTO, pretty
from tests.vendors.test_lobster import BOOK, MESSAGES, NAME
from truefill.vendors import (
    EventReader,
    packed,
    read_bitfinex,
    read_bitstamp,
    read_databento,
    read_lobster,
    table_kernels as k,
)
from truefill.vendors.table import Column, read_table, text_hash, word


def parse(text: str, *columns: tuple[int, int]) -> tuple[list[list[int]], int]:
    """Rows and what is wrong."""
    data = np.frombuffer(text.encode(), np.uint8)
    out = np.zeros((text.count("\n"), len(columns)), np.int64)
    exps = np.zeros(out.shape, np.int16)
    fault = np.zeros(5, np.int64)
    kinds, places = np.array(columns, np.int64).T
    rows = k.parse_rows(
        data,
        np.ascontiguousarray(kinds),
        np.ascontiguousarray(places),
        out,
        exps,
        np.zeros(len(out), np.int64),
        fault,
    )
    powers = [k.DECIMAL, k.OPTIONAL_DECIMAL]
    if kinds[0] in powers and rows:
        return [out[0, :1].tolist() + exps[0, :1].tolist()], int(fault[0])
    return out[:rows].tolist(), int(fault[0])


@settings(max_examples=200, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9), max_value=10**9))
def test_decimals_keep_their_own_power_of_ten(value: Decimal) -> None:
    """Plain, with zeros that say nothing, and with an exponent."""
    for text in (f"{value:f}", f"{value:f}000000000000", f"{value:E}", f"{value:e}".replace("+", "")):
        ((mantissa, power),), fault = parse(f"{text}\n", (k.DECIMAL, 0))
        assert fault == k.FINE
        assert Decimal(mantissa).scaleb(power) == value


@settings(max_examples=200, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9),
    st.integers(6, 9),
)
def test_numbers_are_exact(value: Decimal, places: int) -> None:
    assert parse(f"{value:f}\n", (k.NUMBER, places)) == ([[int(value.scaleb(places))]], k.FINE)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(2261, 12, 31)), st.integers(0, 999))
def test_times_are_exact(time: datetime, ns: int) -> None:
    text = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06d}{ns:03d}Z".rjust(30, "0")
    since = time.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    expected = (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000 + ns

    assert parse(f"{text}\n{expected}\n", (k.TIME, 0)) == ([[expected], [expected]], k.FINE)


def test_kinds_of_columns() -> None:
    columns = ((k.SKIPPED, 0), (k.OPTIONAL, 2), (k.WORD, 0), (k.UNSIGNED, 0), (k.TEXT, 0))
    rows, fault = parse(f'"x y",,created,{2**64 - 1},ESH4 C1234\r\n\n,-.5,,0,\n', *columns)

    assert fault == k.FINE
    assert rows[0][1:] == [k.NO_NUMBER, word("created"), -1, text_hash("ESH4 C1234")]
    assert rows[1][1:] == [-50, 0, 0, 0]
    assert parse("12,12x\n", (k.ID, 0), (k.ID, 0)) == ([[12, 0]], k.FINE)
    assert parse('"1.5","a,b",7\n', (k.NUMBER, 1), (k.SKIPPED, 0), (k.NUMBER, 0)) == ([[15, 0, 7]], k.FINE)
    assert parse("\n", (k.OPTIONAL_DECIMAL, 0)) == ([], k.FINE)
    assert parse(",1\n", (k.OPTIONAL_DECIMAL, 0), (k.NUMBER, 0)) == ([[k.NO_NUMBER, 0]], k.FINE)
    assert parse(f"{2**63}\n", (k.UNSIGNED, 0)) == ([[-(2**63)]], k.FINE)
    assert parse(f"{2**63 - 1}\n", (k.NUMBER, 0)) == ([[2**63 - 1]], k.FINE)


@pytest.mark.parametrize(
    ("text", "kind", "places", "fault"),
    [
        (" ", k.NUMBER, 0, k.NOT_A_NUMBER),
        ("-", k.NUMBER, 0, k.NOT_A_NUMBER),
        ("1e5", k.NUMBER, 0, k.NOT_A_NUMBER),
        ("1.2.3", k.NUMBER, 3, k.NOT_A_NUMBER),
        ("1.25", k.NUMBER, 1, k.TOO_FINE),
        (str(2**63), k.NUMBER, 0, k.TOO_LARGE),
        ("93000000000", k.NUMBER, 9, k.TOO_LARGE),
        ("-1", k.UNSIGNED, 0, k.NOT_A_NUMBER),
        (str(2**64), k.UNSIGNED, 0, k.TOO_LARGE),
        ("123456789", k.WORD, 0, k.TOO_LONG),
        (".", k.DECIMAL, 0, k.NOT_A_NUMBER),
        ("1e", k.DECIMAL, 0, k.NOT_A_NUMBER),
        ("1e+", k.DECIMAL, 0, k.NOT_A_NUMBER),
        ("1e1234", k.DECIMAL, 0, k.NOT_A_NUMBER),
        ("nan", k.DECIMAL, 0, k.NOT_A_NUMBER),
        (str(2**63), k.DECIMAL, 0, k.TOO_LARGE),
        ("1.2345678901234567891", k.DECIMAL, 0, k.TOO_LARGE),
        ("-", k.OPTIONAL_DECIMAL, 0, k.NOT_A_NUMBER),
        ("1,2", k.NUMBER, 0, k.TOO_MANY_COLUMNS),
        ("2023-02-03", k.TIME, 0, k.NOT_A_TIME),
        ("2023-02-03 25:00:00", k.TIME, 0, k.NOT_A_TIME),
        ("2023-02-03T20:00:00.1234567890Z", k.TIME, 0, k.NOT_A_TIME),
        ("2023-02-03T20:00:00.12x", k.TIME, 0, k.NOT_A_TIME),
        ("1969-12-31T23:59:59Z", k.TIME, 0, k.NOT_A_TIME),
    ],
)
def test_what_is_wrong_is_told(text: str, kind: int, places: int, fault: int) -> None:
    assert parse(f"{text}\n", (kind, places)) == ([], fault)
    assert parse("1\n", (k.NUMBER, 0), (k.NUMBER, 0)) == ([], k.TOO_FEW_COLUMNS)


def _packings() -> Iterator[tuple[str, Callable[[bytes], bytes]]]:
    def zipped(data: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.csv", data)
        return out.getvalue()

    yield "plain", bytes
    yield "gzip", gzip.compress
    yield "xz", lzma.compress
    yield "zip", zipped


@pytest.mark.parametrize(("name", "pack"), list(_packings()))
def test_blocks_of_any_size_are_the_same_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pack: Callable[[bytes], bytes]
) -> None:
    """Lines that are cut by blocks, a last line without an end, and the numbers of the lines."""
    text = "\n".join(f"{i},{i}.5" for i in range(200))
    path = tmp_path / name
    path.write_bytes(pack(text.encode()))
    columns = [Column("a", k.NUMBER), Column("b", k.NUMBER, 1)]
    for size in (1, 7, 64, 1 << 18):
        monkeypatch.setattr(packed, "_BLOCK", size)
        blocks = list(read_table(path, columns))
        assert np.concatenate([block.columns["b"] for block in blocks]).tolist() == list(range(5, 2005, 10))
        assert np.concatenate([block.lines for block in blocks]).tolist() == list(range(1, 201))


def test_events_do_not_depend_on_the_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reader, with blocks down to a few bytes: the same events and the same counts."""
    (tmp_path / NAME).write_text(MESSAGES)
    (tmp_path / NAME.replace("message", "orderbook")).write_text(BOOK)
    (tmp_path / "raw.csv").write_text(DATABENTO)
    (tmp_path / "pretty.csv").write_text(pretty(DATABENTO))
    (tmp_path / "live.log").write_text(log(BITSTAMP))
    (tmp_path / "r0.jsonl").write_text(BITFINEX)
    readers: list[EventReader] = [
        read_lobster(tmp_path / NAME),
        read_databento(tmp_path / "raw.csv"),
        read_databento(tmp_path / "pretty.csv"),
        read_bitstamp(tmp_path / "live.log"),
        read_bitfinex(tmp_path / "r0.jsonl", start=0, step_ns=1),
    ]
    for reader in readers:
        expected, counters = joined(reader), reader.counters
        for size in (5, 100, 400):
            monkeypatch.setattr(packed, "_BLOCK", size)
            assert np.array_equal(expected, joined(reader))
            assert counters == reader.counters
