"""The same market maker as a strategy over a `Bot`: its quotes meet the simulator's latency and queues.

It decides as `quote_replay` does, with the same functions; what is filled, and when, is the simulator's.
"""

import math
from typing import NamedTuple

import numpy as np

from truefill.backtest.quote_replay import CalibrationRows, ReplayNumbers
from truefill.backtest.quote_replay_kernel import (
    ACCOUNT_WORDS,
    CASH,
    COUNTERS,
    POSITION,
    decide,
    room_for,
)
from truefill.core.events import NO_ASK_TICK, NO_BID_TICK
from truefill.core.records import GTC, GTX, LIMIT
from truefill.quoting import ReturnQuoting
from truefill.strategy.maker_market import MakerMarket

_STEP_NS = 1_000_000_000  # between two looks where quotes are decided at calibrations only


class MakerParams(NamedTuple):
    """What `quote_strategy` takes: numbers and arrays."""

    calibration_ts: np.ndarray
    usable: np.ndarray
    values: np.ndarray
    segment_begin: np.ndarray  # int64: quotes are allowed from `allowed_from` of each on
    allowed_from: np.ndarray
    segment_end: np.ndarray
    quoting: ReturnQuoting
    numbers: ReplayNumbers


def maker_params(
    market: MakerMarket,
    rows: CalibrationRows,
    quoting: ReturnQuoting,
    numbers: ReplayNumbers,
    warmup: float,
) -> MakerParams:
    """Put together what the strategy takes."""
    begin, end = (np.ascontiguousarray(market.segments[:, i]) for i in (0, 1))
    return MakerParams(
        np.ascontiguousarray(rows.ts, np.int64),
        np.ascontiguousarray(rows.usable, np.bool_),
        np.ascontiguousarray(rows.values, np.float64),
        begin,
        begin + round(warmup * 1e9),
        end,
        quoting,
        numbers,
    )


def quote_strategy(bot, params):  # type: ignore[no-untyped-def]
    """Keep one quote a side where the model wants it; ids are even for bids, odd for asks."""
    s = params.numbers
    account = np.zeros(ACCOUNT_WORDS, np.int64)
    counters = np.zeros(COUNTERS, np.int64)
    money = np.zeros(3)
    book = np.zeros(2, np.int64)
    wanted_tick = np.zeros(2, np.int64)
    wanted_lots = np.zeros(2, np.int64)
    cool_until = np.zeros(2, np.int64)
    working = np.zeros(2, np.int64)
    done = np.zeros(2, np.int64)  # filled, and decided anew at the next calibration only
    current = -1
    segment = 0
    number = 0
    seen_fills = 0
    valid_until = np.int64(0)
    step = s.requote_ns if s.requote_ns > 0 else _STEP_NS
    while bot.elapse(step) == 0:
        now = bot.current_timestamp
        bot.clear_inactive_orders(0)
        fresh = False
        while current + 1 < len(params.calibration_ts) and params.calibration_ts[current + 1] <= now:
            current += 1
            fresh = True
            done[:] = 0
        while segment + 1 < len(params.segment_end) and now >= params.segment_end[segment]:
            segment += 1
        for fill in bot.fills(0, seen_fills):
            seen_fills += 1
            side = 0 if fill.side > 0 else 1
            if s.requote_ns < 0:
                done[side] = 1
            if s.cooldown_ns > 0:
                cool_until[side] = fill.local_ts + s.cooldown_ns
        depth = bot.depth(0)
        usable = current >= 0 and params.usable[current]
        quiet = not usable or now < params.allowed_from[segment] or now >= params.segment_end[segment]
        quiet = quiet or not depth.best_bid < depth.best_ask
        wanted_lots[:] = 0
        if not quiet:
            book[0] = depth.best_bid_tick
            book[1] = depth.best_ask_tick
            mid2 = book[0] + book[1]
            state = bot.state_values(0)
            account[POSITION] = int(np.rint(bot.position(0) / s.lot_size))
            account[CASH] = int(np.rint(state.balance / s.unit))
            money[1] = state.fee
            if s.requote_ns >= 0 or fresh:
                bid, ask, _, _ = decide(
                    now, mid2, book, params.values[current], account, counters, params.quoting, s
                )
                wanted_tick[0] = bid
                wanted_tick[1] = ask
                valid_until = now + s.validity_ns
            size = s.order_lots
            if s.notional > 0.0:
                size = math.floor(s.notional / (0.5 * mid2 * s.tick_size) / s.lot_size + 1e-9)
            for side in range(2):
                tick = wanted_tick[side]
                if tick == 0 or tick == NO_BID_TICK or tick == NO_ASK_TICK or now < cool_until[side]:
                    continue
                if now >= valid_until or done[side] == 1:
                    continue
                wanted_lots[side] = min(size, room_for(side, tick, account, money, mid2, s))
        working[:] = 0
        for order in bot.orders(0):
            side = 0 if order.side > 0 else 1
            kept = wanted_lots[side] > 0 and order.price_tick == wanted_tick[side]
            if s.cooldown_ns > 0 and order.filled_qty > 0.0:
                kept = False
            if order.cancellable and not kept:
                bot.cancel(0, order.order_id, False)
            working[side] += 1
        for side in range(2):
            if wanted_lots[side] > 0 and working[side] == 0:
                number += 1
                price = wanted_tick[side] * s.tick_size
                qty = wanted_lots[side] * s.lot_size
                force = GTX if s.post_only else GTC
                if side == 0:
                    bot.submit_buy_order(0, 2 * number, price, qty, force, LIMIT, False)
                else:
                    bot.submit_sell_order(0, 2 * number + 1, price, qty, force, LIMIT, False)
    return 0
