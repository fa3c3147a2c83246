"""Pass 1's kernel: check events, find the steps of prices and quantities, give each price an id.

Prices and quantities come as ``mantissa * 10 ** exponent`` with any exponents. They are counted in a unit,
the power of ten of the finest seen so far; the unit may become finer from block to block, and what is
kept from before is then multiplied. The step is the greatest common divisor.
"""

import numpy as np

from truefill.core.address import i64_view
from truefill.core.decimals import power_of_ten
from truefill.core.events import (
    ADD_ORDER,
    BUY,
    CANCEL_ORDER,
    DEPTH,
    DEPTH_CLEAR,
    DEPTH_SNAPSHOT,
    EXCH,
    FILL,
    KIND_MASK,
    LOCAL,
    MODIFY_ORDER,
    NO_TIME,
    SELL,
    TRADE,
)
from truefill.core.jit import entry, inlined
from truefill.tape import layout


@inlined
def hash_slot(key, mask):
    """Place of a price in a table of ``mask + 1`` slots; no product leaves 63 bits, also interpreted."""
    return (((key & 0x7FFFFFFF) * 0x5BD1E995 + ((key >> 31) & 0x7FFFFFFF)) >> 13) & mask


@inlined
def price_id(table, prices, state, key):
    """Id of a price, a new one when it is new. `table` (int64) holds price and id + 1, side by side."""
    mask = len(table) // 2 - 1
    slot = hash_slot(key, mask)
    while table[2 * slot + 1] != 0:
        if table[2 * slot] == key:
            return table[2 * slot + 1] - 1
        slot = (slot + 1) & mask
    new = state[layout.PRICES]
    table[2 * slot] = key
    table[2 * slot + 1] = new + 1
    prices[new] = key
    state[layout.PRICES] = new + 1
    return new


@entry
def fill_table(table, prices, count):
    """Enter the first `count` prices into an empty table."""
    mask = len(table) // 2 - 1
    for i in range(count):
        slot = hash_slot(prices[i], mask)
        while table[2 * slot + 1] != 0:
            slot = (slot + 1) & mask
        table[2 * slot] = prices[i]
        table[2 * slot + 1] = i + 1


@inlined
def finer(unit, mantissa, exponent):
    """Exponent that a number needs: `unit` if that is fine enough."""
    if mantissa == 0 or exponent >= unit:
        return unit
    while exponent < unit and mantissa % 10 == 0:
        mantissa //= 10
        exponent += 1
    return min(unit, exponent)


@inlined
def in_units(mantissa, exponent, unit):
    """Count a number in units of ``10 ** unit``; LARGEST or more in magnitude when it does not fit."""
    if mantissa == 0:
        return np.int64(0)
    power = exponent - unit
    if power < 0:  # `unit` is fine enough, so the digits cut here are zeros
        while power < 0:
            mantissa //= 10
            power += 1
        return np.int64(mantissa)
    if power > 18 or abs(mantissa) >= layout.LARGEST // power_of_ten(power):
        return np.int64(layout.LARGEST)
    return np.int64(mantissa * power_of_ten(power))


@inlined
def common_step(a, b):
    """Greatest common divisor of two numbers, of which the second may be negative."""
    b = abs(b)
    while b != 0:
        a, b = b, a % b
    return a


@inlined
def rescale(state, exp, gcd, largest, step, unit):
    """Change a unit to a finer one; False when what was seen so far does not fit then."""
    if state[exp] != layout.UNSET and unit != state[exp]:
        power = state[exp] - unit
        if power > 18 or state[largest] >= layout.LARGEST // power_of_ten(power):
            return False
        if state[step] >= layout.LARGEST // power_of_ten(power):
            return False
        factor = power_of_ten(power)
        state[gcd] *= factor
        state[largest] *= factor
        state[step] *= factor
    state[exp] = unit
    return True


@inlined
def is_exact(kind):
    """Whether the price and the quantity of this kind of event count for the steps."""
    return kind in (DEPTH, DEPTH_SNAPSHOT, TRADE, ADD_ORDER, MODIFY_ORDER, FILL)


@inlined
def check_event(e):
    """Fault of an event that needs no other event to be seen, or NO_FAULT."""
    ev = np.int64(e["ev"])
    if ev < 0 or ev >> 32 != 0:
        return layout.UNKNOWN_BITS
    if ev & (EXCH | LOCAL) == 0:
        return layout.NO_VIEW_FLAG
    kind = ev & KIND_MASK
    if kind == 0:
        return layout.BAD_KIND
    side = ev & (BUY | SELL)
    book = kind in (DEPTH, DEPTH_SNAPSHOT)
    order = ADD_ORDER <= kind <= FILL
    if ((book or kind == ADD_ORDER) and side == 0) or (
        (book or order or kind in (TRADE, DEPTH_CLEAR)) and side == (BUY | SELL)
    ):
        return layout.BAD_SIDE
    if (ev & EXCH != 0 and not 0 <= e["exch_ts"] < NO_TIME) or (
        ev & LOCAL != 0 and not 0 <= e["local_ts"] < NO_TIME
    ):
        return layout.BAD_TIME
    if is_exact(kind) and e["qty"] < 0:
        return layout.NEGATIVE_QTY
    return layout.NO_FAULT


@entry
def find_units(events, state):
    """Check a block of DECIMAL_EVENT and find its units; returns the new (price, quantity) exponents."""
    px_exp = state[layout.PX_EXP]
    qty_exp = state[layout.QTY_EXP]
    for i in range(len(events)):
        e = events[i]
        fault = check_event(e)
        if fault != layout.NO_FAULT:
            state[layout.FAULT] = fault
            state[layout.FAULT_ROW] = i
            return px_exp, qty_exp
        kind = np.int64(e["ev"]) & KIND_MASK
        if is_exact(kind):
            if e["px_exp"] < px_exp:
                px_exp = finer(px_exp, e["px"], np.int64(e["px_exp"]))
                if state[layout.TICK] != 0 and px_exp < state[layout.PX_EXP]:
                    state[layout.FAULT] = layout.OFF_TICK
                    state[layout.FAULT_ROW] = i
                    return px_exp, qty_exp
            if e["qty_exp"] < qty_exp:
                qty_exp = finer(qty_exp, e["qty"], np.int64(e["qty_exp"]))
                if state[layout.LOT] != 0 and qty_exp < state[layout.QTY_EXP]:
                    state[layout.FAULT] = layout.OFF_LOT
                    state[layout.FAULT_ROW] = i
                    return px_exp, qty_exp
    return px_exp, qty_exp


@entry
def change_units(state, px_exp, qty_exp):
    """Make `px_exp` and `qty_exp` the units; False when what was seen so far does not fit then."""
    return rescale(state, layout.PX_EXP, layout.PX_GCD, layout.PX_MAX, layout.TICK, px_exp) and rescale(
        state, layout.QTY_EXP, layout.QTY_GCD, layout.QTY_MAX, layout.LOT, qty_exp
    )


@entry
def scan_block(events, state_array, table_array, price_array, counts, out, aux, aux_row):
    """Turn a block of DECIMAL_EVENT whose units are known into ROW and AUX; returns the count of AUX.

    `aux_row` gets, for each AUX, the index of its event in the block. The floats `px` and `qty` of an AUX
    are left to the caller.
    """
    # Views without an owner, see `index.index_batch`.
    state = i64_view(state_array.ctypes.data, len(state_array))
    table = i64_view(table_array.ctypes.data, len(table_array))
    prices = i64_view(price_array.ctypes.data, len(price_array))
    state[layout.MIN_EXCH] = NO_TIME
    state[layout.MIN_LOCAL] = NO_TIME
    px_unit = state[layout.PX_EXP]
    qty_unit = state[layout.QTY_EXP]
    extra = 0
    for i in range(len(events)):
        e = events[i]
        ev = np.int64(e["ev"])
        kind = ev & KIND_MASK
        counts[kind] += 1
        book = kind in (DEPTH, DEPTH_SNAPSHOT)
        order = ADD_ORDER <= kind <= FILL
        px = np.int64(0)
        qty = np.int64(0)
        if is_exact(kind):
            px = in_units(e["px"], np.int64(e["px_exp"]), px_unit)
            qty = in_units(e["qty"], np.int64(e["qty_exp"]), qty_unit)
            if abs(px) >= layout.LARGEST or qty >= layout.LARGEST:
                state[layout.FAULT] = layout.TOO_FINE
                state[layout.FAULT_ROW] = i
                return extra
            state[layout.PX_MAX] = max(state[layout.PX_MAX], abs(px))
            state[layout.QTY_MAX] = max(state[layout.QTY_MAX], qty)
            if state[layout.LOT] != 0:
                if qty % state[layout.LOT] != 0:
                    state[layout.FAULT] = layout.OFF_LOT
                    state[layout.FAULT_ROW] = i
                    return extra
            elif state[layout.QTY_GCD] != 1:
                state[layout.QTY_GCD] = common_step(state[layout.QTY_GCD], qty)
        if ev & EXCH:
            state[layout.EXCH_ROWS] += 1
            state[layout.MIN_EXCH] = min(state[layout.MIN_EXCH], e["exch_ts"])
            if e["exch_ts"] < state[layout.LAST_EXCH]:
                if state[layout.BACK_EXCH] == 0:
                    state[layout.BACK_EXCH_ROW] = state[layout.FIRST_EVENT] + i
                    state[layout.BACK_EXCH_TS] = e["exch_ts"]
                state[layout.BACK_EXCH] += 1
            state[layout.LAST_EXCH] = e["exch_ts"]
        if ev & LOCAL:
            state[layout.LOCAL_ROWS] += 1
            state[layout.MIN_LOCAL] = min(state[layout.MIN_LOCAL], e["local_ts"])
            if e["local_ts"] < state[layout.LAST_LOCAL]:
                if state[layout.BACK_LOCAL] == 0:
                    state[layout.BACK_LOCAL_ROW] = state[layout.FIRST_EVENT] + i
                    state[layout.BACK_LOCAL_TS] = e["local_ts"]
                state[layout.BACK_LOCAL] += 1
            state[layout.LAST_LOCAL] = e["local_ts"]
            state[layout.MIN_LAG] = min(state[layout.MIN_LAG], e["local_ts"] - e["exch_ts"])
        known = state[layout.PRICES]
        if book:
            ref = price_id(table, prices, state, px)
            if kind == DEPTH_SNAPSHOT:
                state[layout.HAS_SNAPSHOT] = 1
        elif order:  # a cancellation needs no price, a modification may leave it as it was
            named = kind == ADD_ORDER or (kind != CANCEL_ORDER and px != 0)
            ref = price_id(table, prices, state, px) if named else np.int64(-1)
        else:
            ref = np.int64(extra)
            aux_row[extra] = i
            a = aux[extra]
            a["ev"] = e["ev"]
            a["exch_ts"] = e["exch_ts"]
            a["local_ts"] = e["local_ts"]
            a["order_id"] = e["order_id"]
            a["ival"] = e["ival"]
            a["fval"] = e["fval"]
            a["number"] = state[layout.AUX_ROWS]
            if kind == TRADE:
                a["px_units"] = px
                a["px_exp"] = px_unit
                a["qty_units"] = qty
                a["qty_exp"] = qty_unit
            else:  # a clear's price need not be on the tick, so it keeps its own unit
                a["px_units"] = e["px"]
                a["px_exp"] = e["px_exp"]
                a["qty_units"] = e["qty"]
                a["qty_exp"] = e["qty_exp"]
            state[layout.AUX_ROWS] += 1
            extra += 1
        if state[layout.PRICES] != known or kind == TRADE:
            if state[layout.TICK] != 0:
                if px % state[layout.TICK] != 0:
                    state[layout.FAULT] = layout.OFF_TICK
                    state[layout.FAULT_ROW] = i
                    return extra
            elif state[layout.PX_GCD] != 1:
                state[layout.PX_GCD] = common_step(state[layout.PX_GCD], px)
        o = out[i]
        o["exch_ts"] = e["exch_ts"]
        o["local_ts"] = e["local_ts"]
        o["qty"] = qty
        o["order_id"] = np.int64(e["order_id"]) if order else np.int64(0)
        o["ref"] = ref
        o["ev"] = ev
    return extra
