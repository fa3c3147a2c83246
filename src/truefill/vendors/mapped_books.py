"""Whole books of a mapped table: a column a level, or columns of lists."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from truefill.core.errors import DataError
from truefill.vendors.books import Books
from truefill.vendors.decimals import Decimals
from truefill.vendors.mapped_rows import Rows
from truefill.vendors.mapping import Mapping
from truefill.vendors.merging import Chunk
from truefill.vendors.rows import Times
from truefill.vendors.table_kernels import NO_NUMBER

SIDES = ("bid", "ask")
_CELLS = 1 << 17  # levels of books that become events at once


def level_names(names: Sequence[str], pattern: str, first: int) -> list[str]:
    """Columns that a name with {} stands for, from the best level on, as long as there are any."""
    found: list[str] = []
    while (name := pattern.replace("{}", str(first + len(found)))) in names:
        found.append(name)
    return found


def book_events(rows: Rows, mapping: Mapping, times: Times, books: Books) -> Iterator[Chunk]:
    """Events that lead from each book to the next, some books at a time."""
    px, qty = _levels(rows, mapping, "price"), _levels(rows, mapping, "quantity")
    levels = max(px.mantissa.shape[2], qty.mantissa.shape[2])
    px, qty = _wider(px, levels), _wider(qty, levels)
    wrong = (qty.mantissa < 0).any(axis=(1, 2)) | (
        (px.mantissa == NO_NUMBER) != (qty.mantissa == NO_NUMBER)
    ).any(axis=(1, 2))
    if wrong.any():
        raise DataError(
            "a price and a quantity of 0 or more for each level",
            "less",
            rows.place(int(np.argmax(wrong)), ""),
        )
    size = max(_CELLS // (2 * levels), 1)
    for start in range(0, len(rows.lines), size):
        at = np.arange(start, min(start + size, len(rows.lines)))
        its = times.part(at)
        made, source = books.exact_events(
            its.exch,
            its.local,
            px.part(at),
            qty.part(at),
            lambda row, s=start: rows.place(s + row, ""),  # type: ignore[misc]
        )
        yield made, rows.lines[at][source]


def _levels(rows: Rows, mapping: Mapping, what: str) -> Decimals:
    """Numbers of all levels, (n, 2, levels)."""
    sides = []
    for side in SIDES:
        name = getattr(mapping, f"{side}_{what}")
        if mapping.kind == "book" and "{}" not in name:
            sides.append(_listed(*rows.lists(name)))
            continue
        its = level_names(rows.names, name, mapping.first_level) if "{}" in name else [name]
        columns = [rows.numbers(one) for one in its]
        sides.append(Decimals(*(np.stack(part, 1)[:, None, :] for part in zip(*columns, strict=True))))
    levels = max(side.mantissa.shape[2] for side in sides)
    both = [_wider(side, levels) for side in sides]
    return Decimals(
        np.concatenate([side.mantissa for side in both], 1),
        np.concatenate([side.exponent for side in both], 1),
    )


def _listed(numbers: Decimals, lengths: NDArray[np.int64]) -> Decimals:
    """Lists of any lengths as (n, 1, longest)."""
    shape = (len(lengths), 1, max(int(lengths.max(initial=0)), 1))
    row = np.repeat(np.arange(len(lengths)), lengths)
    level = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    mantissa, exponent = np.full(shape, NO_NUMBER, np.int64), np.zeros(shape, np.int32)
    mantissa[row, 0, level], exponent[row, 0, level] = numbers
    return Decimals(mantissa, exponent)


def _wider(numbers: Decimals, levels: int) -> Decimals:
    room = ((0, 0), (0, 0), (0, levels - numbers.mantissa.shape[2]))
    return Decimals(np.pad(numbers.mantissa, room, constant_values=NO_NUMBER), np.pad(numbers.exponent, room))
