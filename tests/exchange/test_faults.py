from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from truefill.core.errors import ConfigError
from truefill.exchange.faults import CLOSE_CODES, Faults, FaultyLine

shares = st.floats(0, 0.5)


def carried(faults, count=400, seed=(1, 1)):
    done: Counter[str] = Counter()
    line = FaultyLine(faults, seed, done)
    sent = []
    for number in range(count):
        sent += line.carry("X", b"message %d" % number)
        if line.closing is not None:
            break
    return sent, done, line


@settings(max_examples=50, deadline=None)
@given(st.builds(Faults, drop=shares, duplicate=shares, reorder=shares, damage=shares), st.integers(0, 99))
def test_what_is_counted_is_what_happened(faults, seed):
    sent, done, _ = carried(faults, seed=(seed,))
    again, same, _ = carried(faults, seed=(seed,))
    assert (again, same) == (sent, done)
    whole = [text for native, text in sent if native]
    held = 400 + done["duplicate"] - done["drop"] - done["damage"] - len(whole)
    assert held in (0, 1)  # the last one may wait for a next one
    assert sum(native == "" for native, _ in sent) == done["damage"]
    numbers = [int(text.split()[1]) for text in whole]
    assert len(numbers) - len(set(numbers)) == done["duplicate"]
    assert sum(b < a for a, b in pairwise(numbers)) <= done["reorder"]
    if not done["reorder"]:
        assert numbers == sorted(numbers)
    assert whole[:30] == [b"message %d" % n for n in range(30)]


def test_a_connection_is_closed_with_a_venues_code_or_falls_silent():
    sent, done, line = carried(Faults(close=0.1))
    assert line.closing in CLOSE_CODES
    assert done["close"] == 1
    sent, done, line = carried(Faults(silence=0.1), 1000)
    assert 30 < len(sent) < 1000
    assert (done["silence"], line.closing) == (1, None)


def test_there_are_no_more_faults_than_wanted():
    _, done, _ = carried(Faults(drop=0.5, most=7))
    assert done["drop"] == 7


def test_faults_are_read_from_a_text():
    assert Faults.parse("drop=0.01, close=0.5,quiet=3") == Faults(drop=0.01, close=0.5, quiet=3)
    assert Faults.parse("") == Faults()
    for text, said in (
        ("drip=1", "expected faults of drop, duplicate"),
        ("drop=x", "expected a number for drop, got 'x'"),
        ("drop=1.5", "expected a share between 0 and 1, got 1.5"),
        ("drop=nan", "expected a share between 0 and 1, got nan"),
        ("quiet=-1", "expected a number of at least 0, got -1"),
    ):
        with pytest.raises(ConfigError, match=said):
            Faults.parse(text)
