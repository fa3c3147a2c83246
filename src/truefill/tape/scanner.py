"""Pass 1 of the builder, block by block: the state that the kernel in `scan` works on."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from truefill.core.decimals import normal, step_decimal
from truefill.core.errors import TapeError
from truefill.core.events import DECIMAL_EVENT, NO_TIME
from truefill.tape import layout, scan
from truefill.tape.decimal_events import decimal_events, float_values, market_rows
from truefill.tape.faults import fault_error
from truefill.tape.format import Disorder
from truefill.tape.layout import AUX, BLOCK_ROWS, ROW
from truefill.tape.spill import Block

Step = str | float | Decimal | None


class Steps(NamedTuple):
    """Final units: a price is ``n * 10 ** px_exp`` with n a multiple of `tick`; quantities likewise."""

    px_exp: int
    tick: int
    qty_exp: int
    lot: int

    @property
    def tick_size(self) -> tuple[int, int]:
        """Price step, mantissa and exponent."""
        return normal(self.tick, self.px_exp)

    @property
    def lot_size(self) -> tuple[int, int]:
        """Quantity step, mantissa and exponent."""
        return normal(self.lot, self.qty_exp)


class Scanner:
    """Checks events and makes them ROW and AUX; collects prices, steps, counts and the least latency.

    Parameters
    ----------
    tick_size, lot_size : str, float or Decimal, optional
        Given steps, which must divide the data.
    """

    def __init__(self, tick_size: Step, lot_size: Step) -> None:
        self.events = 0
        self.counts = np.zeros(256, np.int64)  # of each kind
        self._given = (tick_size, lot_size)
        self._state = np.zeros(layout.SCAN_SIZE, np.int64)
        self._state[layout.PX_EXP] = self._state[layout.QTY_EXP] = layout.UNSET
        self._state[layout.MIN_LAG] = NO_TIME
        self._set_step(tick_size, "tick size", layout.PX_EXP, layout.TICK)
        self._set_step(lot_size, "lot size", layout.QTY_EXP, layout.LOT)
        self._prices = np.empty(2 * BLOCK_ROWS, np.int64)
        self._price_unit = 0
        self._table = np.zeros(8 * BLOCK_ROWS, np.int64)
        self._rows = np.zeros(BLOCK_ROWS, ROW)
        self._aux = np.zeros(BLOCK_ROWS, AUX)
        self._aux_row = np.empty(BLOCK_ROWS, np.int32)

    @property
    def aux_rows(self) -> int:
        """AUX rows so far."""
        return int(self._state[layout.AUX_ROWS])

    @property
    def exch_rows(self) -> int:
        """Rows of the exchange's view so far."""
        return int(self._state[layout.EXCH_ROWS])

    @property
    def local_rows(self) -> int:
        """Rows of the local view so far."""
        return int(self._state[layout.LOCAL_ROWS])

    @property
    def least_lag_ns(self) -> int:
        """Least local minus exchange time of the local rows; NO_TIME when there are none."""
        return int(self._state[layout.MIN_LAG])

    @property
    def has_snapshot(self) -> bool:
        """Whether there was a snapshot row."""
        return bool(self._state[layout.HAS_SNAPSHOT])

    @property
    def disorder(self) -> dict[str, Disorder]:
        """Where times went backward, of those views in which they did."""
        s = self._state
        places = {
            "local": (layout.BACK_LOCAL, layout.BACK_LOCAL_ROW, layout.BACK_LOCAL_TS),
            "exch": (layout.BACK_EXCH, layout.BACK_EXCH_ROW, layout.BACK_EXCH_TS),
        }
        return {
            name: Disorder(*(int(s[at]) for at in place)) for name, place in places.items() if s[place[0]]
        }

    def scan(self, given: np.ndarray) -> tuple[np.ndarray, np.ndarray, Block]:
        """Scan up to BLOCK_ROWS events (EVENT or DECIMAL_EVENT).

        Returns
        -------
        rows : ROW[]
            Valid until the next call.
        aux : AUX[]
        block : Block

        Raises
        ------
        DataError, TapeError
            An event cannot be right, does not fit the given steps, or the tape would be too long.
        """
        events = given if given.dtype == DECIMAL_EVENT else decimal_events(given, self.events)
        state = self._state
        exch_rows, local_rows = self.exch_rows, self.local_rows
        state[layout.FIRST_EVENT] = self.events
        px_exp, qty_exp = scan.find_units(events, state)
        self._check(given)
        if not scan.change_units(state, px_exp, qty_exp):
            state[layout.FAULT], state[layout.FAULT_ROW] = layout.TOO_FINE, _finest(events)
            self._check(given)
        self._prepare_prices(len(events))
        count = scan.scan_block(
            events, state, self._table, self._prices, self.counts, self._rows, self._aux, self._aux_row
        )
        self._check(given)
        if max(self.exch_rows, self.local_rows) > layout.MAX_ROWS:
            got = "more: split the recording into several tapes"
            raise TapeError(f"at most {layout.MAX_ROWS} events in one tape", got)
        aux = self._aux[:count]
        for name in ("px", "qty"):
            aux[name] = float_values(given[self._aux_row[:count]], name)
        self.events += len(events)
        block = Block(
            rows=len(events),
            aux=int(count),
            qty_exp=int(state[layout.QTY_EXP]),
            exch_rows=self.exch_rows - exch_rows,
            local_rows=self.local_rows - local_rows,
            min_exch=int(state[layout.MIN_EXCH]),
            min_local=int(state[layout.MIN_LOCAL]),
        )
        return self._rows[: len(events)], aux, block

    def steps(self) -> Steps:
        """Steps of what was scanned, the given ones if there are any; 1 where the data has nothing to say."""
        s = self._state
        px_exp, qty_exp = int(s[layout.PX_EXP]), int(s[layout.QTY_EXP])
        return Steps(
            px_exp=0 if px_exp == layout.UNSET else px_exp,
            tick=int(s[layout.TICK]) or int(s[layout.PX_GCD]) or 1,
            qty_exp=0 if qty_exp == layout.UNSET else qty_exp,
            lot=int(s[layout.LOT]) or int(s[layout.QTY_GCD]) or 1,
        )

    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Ticks of all levels, ascending (int64[L]), and the level of each price id (int32[L])."""
        prices = self._prices[: int(self._state[layout.PRICES])]
        order = np.argsort(prices)
        rank_of = np.empty(len(order), np.int32)
        rank_of[order] = np.arange(len(order), dtype=np.int32)
        return prices[order] // self.steps().tick, rank_of

    def _set_step(self, step: Step, name: str, exp: int, at: int) -> None:
        if step is not None:
            decimal = step_decimal(str(step) if isinstance(step, Decimal) else step, name)
            self._state[at], self._state[exp] = decimal

    def _check(self, given: np.ndarray) -> None:
        """Raise the error of the fault in the kernel's state, if there is one."""
        fault, row = int(self._state[layout.FAULT]), int(self._state[layout.FAULT_ROW])
        if fault != layout.NO_FAULT:
            raise fault_error(fault, given[row], self.events + row, *self._given)

    def _prepare_prices(self, new: int) -> None:
        """Make room for `new` more prices, and bring the known ones to the current unit."""
        count = int(self._state[layout.PRICES])
        if count + new > len(self._prices):
            grown = np.empty(2 * (count + new), np.int64)
            grown[:count] = self._prices[:count]
            self._prices = grown
        unit = int(self._state[layout.PX_EXP])
        changed = count > 0 and self._price_unit != unit
        if changed:
            self._prices[:count] *= 10 ** (self._price_unit - unit)
        self._price_unit = unit
        slots = len(self._table) // 2
        while slots < 2 * (count + new):  # at most half of the slots in use
            slots *= 2
        if changed or 2 * slots != len(self._table):
            self._table = np.zeros(2 * slots, np.int64)
            scan.fill_table(self._table, self._prices, count)


def _finest(events: np.ndarray) -> int:
    """Event with the smallest exponent, which is the one to name when the data does not fit."""
    exponent = np.minimum(events["px_exp"], events["qty_exp"])
    return int(np.argmin(np.where(market_rows(events), exponent, np.iinfo(np.int32).max)))
