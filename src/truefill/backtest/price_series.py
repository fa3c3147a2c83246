"""The best prices of a run's market as a series: what the analysis values positions with."""

import numpy as np

from truefill.backtest.asset import Asset
from truefill.backtest.chain import Market, begins_anew, tapes_of
from truefill.backtest.chain_kernels import next_tape_entry
from truefill.backtest.records import ASSET, bests_at
from truefill.backtest.seams import LOCAL_SIDE
from truefill.backtest.tape_binding import NO_TIME_YET, BoundTapes, free_blocks
from truefill.core.address import i64_view
from truefill.core.errors import TapeError
from truefill.core.events import NO_TIME


def best_prices(asset: Asset, until: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Local times, best bids and best asks up to `until`.

    Each change, and the first and last moment of the feed; prices in units, NaN where a side is empty.
    """
    offset = asset.location_offset_ns
    changes = _changes(asset.tape, until - offset)
    times, bid, ask = (np.concatenate(column) for column in zip(*changes, strict=True))
    if len(changes) > 1:  # a tape that begins with a whole book tells its best prices again
        news = np.ones(len(times), bool)
        news[1:] = ~(_same(bid) & _same(ask))
        times, bid, ask = times[news], bid[news], ask[news]
    ends = np.array(_ends(asset.tape, until - offset), np.int64)
    at = np.union1d(times, ends)
    last = np.searchsorted(times, at, side="right")
    return at + offset, np.append(np.nan, bid)[last], np.append(np.nan, ask)[last]


def _same(prices: np.ndarray) -> np.ndarray:
    """Whether each price is the one before it, NaN included; from the second on."""
    same: np.ndarray = (prices[1:] == prices[:-1]) | (np.isnan(prices[1:]) & np.isnan(prices[:-1]))
    return same


def _ends(market: Market, until: int) -> list[int]:
    """First and last moment of the feed up to `until`."""
    found = []
    for tape in tapes_of(market):
        ts = tape.section("local.group_ts")
        count = int(np.searchsorted(ts, until, side="right"))
        if count:
            found += [int(ts[0]), int(ts[count - 1])]
    return [found[0], found[-1]] if found else []


def _changes(market: Market, until: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Changes of the best prices, tape by tape, as the compiled switch works them out."""
    bound = BoundTapes(market, 0)
    table = np.zeros(1, ASSET)
    row = table[0]
    for name, value in bound.values.items():
        row[name] = value
    row["tick_size"], row["lot_size"] = market.tick_size, market.lot_size
    row["bid"] = row["ask"] = -1
    row["feed_ts"] = row["l_group_ts"] = row["l_synced_ts"] = NO_TIME_YET
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    try:
        for tape in tapes_of(market):
            ticks = i64_view(row["level_tick_addr"], row["levels"])
            best = bests_at(row["l_best_addr"], row["l_bests"])
            first_ts = tape.section("local.group_ts")[:1]
            if found and begins_anew(tape, "local") and not np.isin(first_ts, best["ts"][:1]).any():
                # A tape alone begins with an empty book, and does not tell of it. Here that is a change.
                best = np.append(np.array([(first_ts[0], -1, -1)], best.dtype), best)
            best = best[: np.searchsorted(best["ts"], until, side="right")]
            price = np.append(ticks * market.tick_size, np.nan)
            found.append((best["ts"].copy(), price[best["bid"]], price[best["ask"]]))  # -1: NaN, the last
            if row["l_until"] >= min(until, NO_TIME):
                return found
            if next_tape_entry.ctypes(int(table.ctypes.data), LOCAL_SIDE) != 0:
                raise TapeError("a chain that can be gone through", "an internal error", market.symbol)
        return found
    finally:
        if bound.blocks is not None:
            free_blocks(bound.blocks)
