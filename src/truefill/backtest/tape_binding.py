"""Where an asset's tapes are in memory: columns by address, for the engine.

Of one tape, its columns go to the asset's row. Of a chain, those of the first one do, and a table tells the
compiled switch (`chain_kernels`) where all the others are.
"""

from typing import Any

import numpy as np

from truefill.backtest.chain import Chain, Market, begins_anew, start_of_orders, tapes_of
from truefill.backtest.chain_records import BLOCK, BLOCKS, CHAIN, CHAIN_TAPE
from truefill.core.address import free
from truefill.core.events import NO_TIME
from truefill.core.tape_records import STOP_CLEAR
from truefill.tape import Tape

NO_TIME_YET = int(np.iinfo(np.int64).min)
_COLUMNS = {"code": "code", "qty": "qty", "ts": "group_ts", "end": "group_end", "stops": "stops"}
_LOCAL_TIMES = {
    "l_ts": "local.group_ts",
    "l_stops": "local.stops",
    "l_best": "local.best",
    "trades": "trades",
}


def moved(rows: np.ndarray, offset: int) -> np.ndarray:
    """Local times, or records with one, at another location; the same array when nothing moves."""
    if offset == 0:
        return rows
    rows = rows.copy()
    if rows.dtype.names is None:
        rows += offset
    else:
        rows["local_ts" if "local_ts" in rows.dtype.names else "ts"] += offset
    return rows


def last_times(market: Market) -> tuple[int, int]:
    """Time of the last event here (where the tape was recorded), and at the exchange; `NO_TIME_YET`: none."""
    tape = tapes_of(market)[-1]
    local, exch = (
        int(ts[-1]) if len(ts) else NO_TIME_YET
        for ts in (tape.section("local.group_ts"), tape.section("exch.group_ts"))
    )
    return local, exch


class BoundTapes:
    """Values for the ASSET record about its tapes, and what they point to.

    Attributes
    ----------
    values : dict
        By the names of the ASSET record.
    trades : EVENT[]
        Of the first tape, at the asset's location.
    blocks : BLOCK[] or None
        C memory of a chain.
    """

    def __init__(self, market: Market, offset: int) -> None:
        self._keep: list[np.ndarray] = []
        self.blocks: np.ndarray | None = None
        market.require_sound()
        tape = tapes_of(market)[0]
        values: dict[str, Any] = self._columns(tape)
        self.trades = tape.section("trades")
        if offset != 0:
            for name, section in _LOCAL_TIMES.items():
                rows = moved(tape.section(section), offset)
                values[f"{name}_addr"] = self._address(rows)
                if name == "trades":
                    self.trades = rows
        for name in ("levels", "level_tick_addr", "overflow_addr", "overflow_len"):
            values[f"x_{name}"] = values[name]
        for name, dtype in (("l_book", np.int64), ("x_book", np.int64), ("x_own", np.uint8)):
            values[f"{name}_addr"] = self._address(np.zeros(values["levels"] * 2, dtype))
        local, exch = last_times(market)
        values["l_last_ts"] = local + offset if local != NO_TIME_YET else local
        values["x_last_ts"] = exch
        values["l_until"] = values["x_until"] = NO_TIME
        self.values = values
        if isinstance(market, Chain):
            self._bind_chain(market, offset)

    def _address(self, array: np.ndarray) -> int:
        self._keep.append(array)
        return int(array.ctypes.data)

    def _columns(self, tape: Tape) -> dict[str, int]:
        """Where the columns of a tape are, and how long."""
        values = {
            "levels": len(tape.section("level_tick")),
            "overflow_len": len(tape.section("overflow")),
            "trades_len": len(tape.section("trades")),
            "l_bests": len(tape.section("local.best")),
            "x_clears": int(np.count_nonzero(tape.section("exch.stops")["kind"] == STOP_CLEAR)),
        }
        addresses = {name: name for name in ("level_tick", "overflow", "trades")}
        addresses |= {"l_best": "local.best", "l_exch_ts": "local.group_exch_ts", "x_prio": "exch.prio"}
        for letter, view in (("l", "local"), ("x", "exch")):
            addresses |= {f"{letter}_{name}": f"{view}.{section}" for name, section in _COLUMNS.items()}
            values[f"{letter}_rows"] = len(tape.section(f"{view}.code"))
            values[f"{letter}_groups"] = len(tape.section(f"{view}.group_ts"))
            values[f"{letter}_stops"] = len(tape.section(f"{view}.stops"))
        return values | {f"{name}_addr": self._address(tape.section(s)) for name, s in addresses.items()}

    def _bind_chain(self, chain: Chain, offset: int) -> None:
        table = np.zeros(len(chain), CHAIN_TAPE)
        for number, tape in enumerate(chain.tapes):
            row = self._columns(tape)
            row["l_first_ts"] = int(tape.section("local.group_ts")[0])
            row["x_first_ts"] = int(tape.section("exch.group_ts")[0])
            row["l_anew"], row["x_anew"] = (begins_anew(tape, view) for view in ("local", "exch"))
            row["by_order"] = tape.by_order
            row["x_start_clears"], row["x_start_rows"] = start_of_orders(tape) if tape.by_order else (0, 0)
            row["l_suspect"] = chain.suspect[number]
            for name, value in row.items():
                table[number][name] = value
        self.blocks = np.zeros(BLOCKS, BLOCK)
        record = np.zeros(1, CHAIN)
        record["tapes_addr"] = self._address(table)
        record["tapes"] = len(chain)
        record["offset"] = offset
        record["blocks_addr"] = self._address(self.blocks)
        record["x_pure_addr"] = self._address(np.zeros(self.values["levels"] * 2, np.int64))
        self.values["chain_addr"] = self._address(record)
        self.values["l_until"] = int(table["l_first_ts"][1]) + offset - 1
        self.values["x_until"] = int(table["x_first_ts"][1]) - 1


def free_blocks(blocks: np.ndarray) -> None:
    """Give a chain's C memory back."""
    for block in blocks:
        free(block["addr"])
        block["addr"] = block["size"] = 0
