"""Lines of comma-separated text to integers, exactly: the compiled part of `table`.

Numbers are never floats here: a column has a number of decimal places, and a price in it becomes an
integer of so many places; or each number has its own power of ten. Times become nanoseconds since 1970, short
words their bytes in one integer.
"""

import numpy as np

from truefill.core.jit import entry, helper, inlined

# What a column holds.
SKIPPED = 0  # anything
NUMBER = 1  # a decimal number of at most `places` decimal places
OPTIONAL = 2  # the same, or nothing: NO_NUMBER
WORD = 3  # up to 8 characters, the first one lowest
UNSIGNED = 4  # an integer below 2**64, as the int64 of the same bits
TIME = 5  # UNSIGNED nanoseconds, or 2023-12-25T22:00:00.180087113Z
TEXT = 6  # any text, as a hash of 48 bits
DECIMAL = 7  # a decimal number, 1e-7 too, with its own power of ten
OPTIONAL_DECIMAL = 8  # the same, or nothing: NO_NUMBER
ID = 9  # UNSIGNED, or 0 for any other text

NO_NUMBER = np.iinfo(np.int64).max

HASH_MASK = (1 << 48) - 1

# What can be wrong with a field.
FINE, NOT_A_NUMBER, TOO_FINE, TOO_LARGE, TOO_FEW_COLUMNS, TOO_MANY_COLUMNS, NOT_A_TIME, TOO_LONG = range(8)

_NEWLINE, _RETURN, _COMMA = 10, 13, 44
_MINUS, _PLUS, _POINT, _ZERO, _NINE = 45, 43, 46, 48, 57
_QUOTE = 34
_LARGEST = np.int64(9_223_372_036_854_775_807)
_POWER = 99  # the largest power of ten that may be written after an e


@helper
def _number(text, start, end, places, out, row, column):
    """Read one decimal number of `text[start:end]`; what is wrong with it."""
    i = start
    negative = False
    if i < end and (text[i] == _MINUS or text[i] == _PLUS):
        negative = text[i] == _MINUS
        i += 1
    value = np.int64(0)
    digits = 0
    after = -1  # decimal places read, -1 before the point
    while i < end:
        c = np.int64(text[i])
        i += 1
        if c == _POINT and after < 0:
            after = 0
            continue
        if c < _ZERO or c > _NINE:
            return NOT_A_NUMBER
        digits += 1
        c -= _ZERO
        if after >= places:
            if c != 0:
                return TOO_FINE
            continue
        if after >= 0:
            after += 1
        if value > (_LARGEST - c) // 10:
            return TOO_LARGE
        value = value * 10 + c
    if digits == 0:
        return NOT_A_NUMBER
    after = max(after, 0)
    while after < places:
        if value > _LARGEST // 10:
            return TOO_LARGE
        value *= 10
        after += 1
    out[row, column] = -value if negative else value
    return FINE


@helper
def _digits(text, start, end):
    """Value of the digits in `text[start:end]`, or -1."""
    value = np.int64(0)
    for i in range(start, end):
        c = np.int64(text[i]) - _ZERO
        if c < 0 or c > 9:
            return np.int64(-1)
        value = value * 10 + c
    return value


@helper
def _decimal(text, start, end, out, exps, row, column):
    """Read one decimal number with its own power of ten; what is wrong with it."""
    i = start
    negative = False
    if i < end and (text[i] == _MINUS or text[i] == _PLUS):
        negative = text[i] == _MINUS
        i += 1
    value = np.int64(0)
    exponent = 0
    digits = 0
    point = False
    while i < end:
        c = np.int64(text[i])
        if c == _POINT and not point:
            point = True
        elif _ZERO <= c <= _NINE:
            digits += 1
            c -= _ZERO
            if value <= (_LARGEST - c) // 10:
                value = value * 10 + c
                if point:
                    exponent -= 1
            elif not point or c != 0:  # zeros at the end of 1.000000000000000000000 say nothing
                return TOO_LARGE
        else:
            break
        i += 1
    if digits == 0:
        return NOT_A_NUMBER
    if i < end:
        if (text[i] != 101 and text[i] != 69) or end - i > 4:  # e E
            return NOT_A_NUMBER
        i += 1
        down = i < end and text[i] == _MINUS
        if i < end and (text[i] == _MINUS or text[i] == _PLUS):
            i += 1
        power = _digits(text, i, end)
        if power < 0 or i == end or power > _POWER:
            return NOT_A_NUMBER
        exponent += -power if down else power
    out[row, column] = -value if negative else value
    exps[row, column] = exponent if value != 0 else 0
    return FINE


@helper
def _unsigned(text, start, end, out, row, column):
    """Read an integer below 2**64."""
    if start == end:
        return NOT_A_NUMBER
    value = np.uint64(0)
    limit = np.uint64(1844674407370955161)
    for i in range(start, end):
        c = np.int64(text[i]) - _ZERO
        if c < 0 or c > 9:
            return NOT_A_NUMBER
        if value > limit or (value == limit and c > 5):
            return TOO_LARGE
        value = value * np.uint64(10) + np.uint64(c)
    low = np.int64(value & np.uint64(0x7FFFFFFFFFFFFFFF))
    out[row, column] = low if value >> np.uint64(63) == 0 else low + np.int64(-9223372036854775808)
    return FINE


@helper
def _time(text, start, end, out, row, column):
    """Read `2023-12-25T22:00:00.180087113Z`.

    The fraction may have 0 to 9 digits; the Z may be missing or +00:00.
    """
    if end - start > 19 and text[end - 6] == _PLUS and _digits(text, end - 5, end - 3) == 0:
        if text[end - 3] != 58 or _digits(text, end - 2, end) != 0:
            return NOT_A_TIME
        end -= 6
    if end > start and (text[end - 1] == 90 or text[end - 1] == 122):  # Z z
        end -= 1
    if end - start < 19 or text[start + 4] != _MINUS or text[start + 7] != _MINUS:
        return NOT_A_TIME
    if text[start + 10] != 84 and text[start + 10] != 32:  # T or a space
        return NOT_A_TIME
    if text[start + 13] != 58 or text[start + 16] != 58:  # :
        return NOT_A_TIME
    year, month, day = (
        _digits(text, start, start + 4),
        _digits(text, start + 5, start + 7),
        _digits(text, start + 8, start + 10),
    )
    hour, minute, second = (
        _digits(text, start + 11, start + 13),
        _digits(text, start + 14, start + 16),
        _digits(text, start + 17, start + 19),
    )
    if year < 1970 or year > 2261 or month < 1 or month > 12 or day < 1 or day > 31:
        return NOT_A_TIME
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return NOT_A_TIME
    fraction = np.int64(0)
    if end - start > 19:
        length = end - start - 20
        if text[start + 19] != _POINT or length < 1 or length > 9:
            return NOT_A_TIME
        fraction = _digits(text, start + 20, end)
        if fraction < 0:
            return NOT_A_TIME
        for _ in range(9 - length):
            fraction *= 10
    # Days since 1970 in a year that begins in March, so that a leap day comes last.
    y = year - 1 if month <= 2 else year
    m = month + 9 if month <= 2 else month - 3
    days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * m + 2) // 5 + day - 1 - 719468
    out[row, column] = (
        ((days * 24 + hour) * 60 + minute) * 60 * 1_000_000_000 + second * 1_000_000_000 + fraction
    )
    return FINE


@inlined
def _field(text, start, end, kind, places, out, exps, row, column):
    """Read one field; what is wrong with it."""
    if kind == SKIPPED:
        return FINE
    if (kind == OPTIONAL or kind == OPTIONAL_DECIMAL) and start == end:
        out[row, column] = NO_NUMBER
        return FINE
    if kind == DECIMAL or kind == OPTIONAL_DECIMAL:
        return _decimal(text, start, end, out, exps, row, column)
    if kind == NUMBER or kind == OPTIONAL:
        return _number(text, start, end, places, out, row, column)
    if kind == WORD:
        if end - start > 8:
            return TOO_LONG
        word = np.int64(0)
        for k in range(end - start):
            word |= np.int64(text[start + k]) << np.int64(8 * k)
        out[row, column] = word
        return FINE
    if kind == TEXT:
        hashed = np.int64(0)
        for i in range(start, end):
            hashed = ((hashed * 31) ^ np.int64(text[i])) & HASH_MASK
        out[row, column] = hashed
        return FINE
    if kind == ID:
        if _unsigned(text, start, end, out, row, column) != FINE:
            out[row, column] = 0
        return FINE
    if kind == TIME and end - start > 4 and text[start + 4] == _MINUS:
        return _time(text, start, end, out, row, column)
    wrong = _unsigned(text, start, end, out, row, column)
    return NOT_A_TIME if kind == TIME and wrong == NOT_A_NUMBER else wrong


@entry
def parse_rows(text, kinds, places, out, exps, lines, fault):
    """Parse whole lines. A field may stand in quotes, and then have commas.

    Parameters
    ----------
    text : ndarray of uint8
        Ends with an end of line. Empty lines are passed over.
    kinds, places : ndarray of int64
        Of each column: what it holds, and how many decimal places a number has.
    out : ndarray of int64, shape (rows, columns)
        At least as many rows as there are ends of line.
    exps : ndarray of int16, shape (rows, columns)
        Gets the power of ten of what is DECIMAL, nothing else.
    lines : ndarray of int64
        Gets the line of each row, from 0.
    fault : ndarray of int64, shape (5,)
        Gets what is wrong (0: nothing), the line, the column, and where the field begins and ends.

    Returns
    -------
    int
        Rows parsed.
    """
    columns = len(kinds)
    rows = 0
    line = 0
    i = 0
    n = len(text)
    fault[0] = FINE
    while i < n:
        if text[i] == _NEWLINE or (text[i] == _RETURN and text[i + 1] == _NEWLINE):
            i += 1 if text[i] == _NEWLINE else 2
            line += 1
            continue
        column = 0
        while True:
            start = i
            if text[i] == _QUOTE:
                i += 1
                while text[i] != _QUOTE and text[i] != _NEWLINE:
                    i += 1
            c = text[i]
            while c > _COMMA or (c != _COMMA and c != _NEWLINE):  # one comparison for digits and letters
                i += 1
                c = text[i]
            last = c == _NEWLINE
            end = i
            if last and end > start and text[end - 1] == _RETURN:
                end -= 1
            if end - start > 1 and text[start] == _QUOTE and text[end - 1] == _QUOTE:
                start += 1
                end -= 1
            if column >= columns:
                wrong = TOO_MANY_COLUMNS
            else:
                wrong = _field(text, start, end, kinds[column], places[column], out, exps, rows, column)
                if wrong == FINE and last and column < columns - 1:
                    wrong = TOO_FEW_COLUMNS
            if wrong != FINE:
                fault[0], fault[1], fault[2], fault[3], fault[4] = wrong, line, column, start, end
                return rows
            i += 1
            column += 1
            if last:
                break
        lines[rows] = line
        rows += 1
        line += 1
    return rows
