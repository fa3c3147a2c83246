"""Event rows in the making: messages are added one by one, their numbers are parsed together.

Parsing a number costs some 50 ns in a batch and a thousand alone, so a reader of files takes rows every few
thousand messages, and a live connector after each read of its socket.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from truefill.core.decimals import parse_decimals, to_text
from truefill.core.errors import DataError
from truefill.core.events import DECIMAL_EVENT, DEPTH, DEPTH_SNAPSHOT, KIND_MASK, TRADE

_COMMON = 7  # ev, exch_ts, local_ts, order_id, ival, place, number of rows
_NO_NUMBERS = ("0", "0")


class RowBatch:
    """Rows in the order in which they were added, until somebody takes them."""

    def __init__(self) -> None:
        self._common: list[int] = []
        self._pairs: list[tuple[str, str]] = []

    def __len__(self) -> int:
        return len(self._pairs)

    def levels(
        self, ev: int, exch_ts: int, local_ts: int, pairs: Sequence[tuple[str, str]], place: int
    ) -> None:
        """Add one row for each (price, quantity).

        Parameters
        ----------
        ev : int
            Flags and kind of all these rows.
        exch_ts, local_ts : int
            UTC nanoseconds.
        pairs : sequence of (str, str)
            As the venue wrote them.
        place : int
            What an error names: the number of the line or message.
        """
        if pairs:
            self._common += (ev, exch_ts, local_ts, 0, 0, place, len(pairs))
            self._pairs += pairs

    def pair(
        self, ev: int, exch_ts: int, local_ts: int, px: str, qty: str, order_id: int, ival: int, place: int
    ) -> None:
        """Add one row that has a number of its own: a trade, a ticker, a mark."""
        self._common += (ev, exch_ts, local_ts, order_id, ival, place, 1)
        self._pairs.append((px, qty))

    def mark(self, ev: int, exch_ts: int, local_ts: int, place: int) -> None:
        """Add one row without numbers: a gap, a clear of everything."""
        self._common += (ev, exch_ts, local_ts, 0, 0, place, 1)
        self._pairs.append(_NO_NUMBERS)

    def take(self) -> NDArray[np.void]:
        """Return the rows added so far, and start anew.

        Returns
        -------
        DECIMAL_EVENT[n]

        Raises
        ------
        DataError
            A number is none, or a price or quantity is one that no market has. `where` is the place given.
        """
        common = np.array(self._common, dtype=np.int64).reshape(-1, _COMMON)
        pairs = self._pairs
        self._common, self._pairs = [], []
        if not pairs:
            return np.zeros(0, DECIMAL_EVENT)
        spread = np.repeat(common, common[:, _COMMON - 1], axis=0)
        try:
            mantissa, exponent = parse_decimals(",".join(chain.from_iterable(pairs)))
        except DataError:
            raise _first_bad_number(pairs, spread[:, 5]) from None
        if len(mantissa) != 2 * len(pairs):  # a comma inside of a number
            raise _first_bad_number(pairs, spread[:, 5])
        rows = np.zeros(len(pairs), DECIMAL_EVENT)
        for column, name in enumerate(("ev", "exch_ts", "local_ts", "order_id", "ival")):
            rows[name] = spread[:, column]
        rows["px"], rows["qty"] = mantissa[0::2], mantissa[1::2]
        rows["px_exp"], rows["qty_exp"] = exponent[0::2], exponent[1::2]
        _check_market_numbers(rows, spread[:, 5])
        return rows


def _check_market_numbers(rows: NDArray[np.void], places: NDArray[np.int64]) -> None:
    kind = rows["ev"] & KIND_MASK
    market = (kind == DEPTH) | (kind == TRADE) | (kind == DEPTH_SNAPSHOT)
    wrong = market & ((rows["px"] <= 0) | (rows["qty"] < 0))
    if wrong.any():
        index = int(np.argmax(wrong))
        row = rows[index]
        price = to_text(int(row["px"]), int(row["px_exp"]))
        qty = to_text(int(row["qty"]), int(row["qty_exp"]))
        raise DataError(
            "a price above 0 and a quantity of at least 0",
            f"price {price}, quantity {qty}",
            int(places[index]),
        )


def _first_bad_number(pairs: list[tuple[str, str]], places: NDArray[np.int64]) -> DataError:
    for pair, place in zip(pairs, places.tolist(), strict=True):
        for text in pair:
            try:
                if len(parse_decimals(text)[0]) != 1:
                    raise DataError("one number", text)
            except DataError:
                return DataError("a decimal number of at most 18 digits", repr(text), place)
    raise AssertionError("unreachable: some number was refused")
