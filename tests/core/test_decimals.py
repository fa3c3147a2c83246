from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from truefill.core.decimals import (
    MAX_MANTISSA,
    float_decimals,
    normal,
    parse_decimal,
    parse_decimals,
    step_decimal,
    to_float,
    to_text,
)
from truefill.core.errors import DataError


def value(mantissa, exponent):
    return Decimal(int(mantissa)).scaleb(int(exponent))


@st.composite
def decimal_text(draw):
    sign = draw(st.sampled_from(["", "-", "+"]))
    whole = draw(st.text("0123456789", min_size=0, max_size=9))
    point = draw(st.booleans())
    places = draw(st.text("0123456789", min_size=0, max_size=9)) if point else ""
    if not whole and not places:
        whole = "0"
    power = draw(st.sampled_from(["", "e0", "E-7", "e+12", "e-30"]))
    return f"{sign}{whole}{'.' if point else ''}{places}{power}"


@given(st.lists(decimal_text(), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_text_is_read_exactly(texts):
    mantissa, exponent = parse_decimals(texts)
    for text, m, e in zip(texts, mantissa, exponent, strict=True):
        assert value(m, e) == Decimal(text)
        assert m % 10 != 0 or (m, e) == (0, 0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
@settings(max_examples=150, deadline=None)
def test_floats_are_their_shortest_text(values):
    mantissa, exponent = float_decimals(np.array(values))
    for x, m, e in zip(values, mantissa, exponent, strict=True):
        assert value(m, e) == Decimal(repr(x))
        assert to_float(int(m), int(e)) == x


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 6)), min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_floats_of_venue_prices_are_read_exactly(prices):
    values = [float(f"{m}e-{k}") for m, k in prices]
    mantissa, exponent = float_decimals(np.array(values))
    for (m, k), got_m, got_e in zip(prices, mantissa, exponent, strict=True):
        assert value(got_m, got_e) == Decimal(m).scaleb(-k)


@given(st.integers(-(10**17), 10**17), st.integers(-12, 6))
@settings(deadline=None)
def test_text_round_trip(mantissa, exponent):
    text = to_text(mantissa, exponent)
    assert Decimal(text) == value(mantissa, exponent)
    assert parse_decimal(text) == normal(mantissa, exponent)


def test_all_forms_of_input():
    for given_text in ("1.50,-2", b"1.50,-2", ["1.50", "-2"], [b"1.50", b"-2"]):
        mantissa, exponent = parse_decimals(given_text)
        assert mantissa.tolist() == [15, -2]
        assert exponent.tolist() == [-1, 0]
        assert (mantissa.dtype, exponent.dtype) == (np.int64, np.int32)
    assert parse_decimals("1;2", separator=";")[0].tolist() == [1, 2]
    assert len(parse_decimals("")[0]) == len(parse_decimals([])[0]) == 0


def test_as_large_as_it_gets():
    assert parse_decimal(str(MAX_MANTISSA)) == (MAX_MANTISSA, 0)
    assert parse_decimal("1" + "0" * 30) == (1, 30)
    assert parse_decimal("0." + "0" * 30 + "7") == (7, -31)


@pytest.mark.parametrize(
    "text",
    [str(MAX_MANTISSA + 1), "9" * 19, "12345678901234567890.5", "1e100000", "1e-999999999999999999999"],
)
def test_too_long_is_refused(text):
    with pytest.raises(DataError, match="digits fit into 63 bits"):
        parse_decimals(["1", text])


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1.2.3", "--1", "+", ".", "e5", "1e", "1e+", "nan", "inf", "0x10", "1_000", "½"]
)
def test_what_is_no_number_is_named(text):
    with pytest.raises(DataError, match="number 1: expected a decimal number"):
        parse_decimals(["1", text])


def test_number_with_a_separator_inside_is_not_two_numbers():
    with pytest.raises(DataError, match="number 1"):
        parse_decimals(["1", "2,5"])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_must_be_finite(bad):
    with pytest.raises(DataError, match="number 2: expected finite"):
        float_decimals(np.array([1.0, 2.0, bad]))


@pytest.mark.parametrize("step", [0, -1, "0.0", "x", float("nan"), float("inf"), "", True])
def test_step_must_be_a_positive_number(step):
    with pytest.raises(DataError):
        step_decimal(step, "tick size")


def test_steps():
    assert step_decimal("0.10", "tick size") == step_decimal(0.1, "tick size") == (1, -1)
    assert step_decimal(5, "tick size") == (5, 0)
