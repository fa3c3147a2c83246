"""What happens to the money of an account without an order, as rows by time: marks, rates, funding, interest.

Everything is found once, before the run: from the tape (mark prices, funding rates, the book's mid) or from
what the user gives. The engine only takes the next row. Times are UTC ns, those of the exchange for what the
exchange does, local ones for what the strategy sees.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from truefill.backtest.account_records import (
    FUNDING_DUE,
    INTEREST_DUE,
    MARK_CHANGE,
    MONEY_EVENT,
    RATE_CHANGE,
)
from truefill.backtest.chain import Market, begins_anew, tapes_of
from truefill.core.errors import ConfigError, shown
from truefill.core.events import FUNDING, KIND_MASK, MARK_PRICE
from truefill.core.gate import real, whole

MID = "mid"


@dataclass(frozen=True, slots=True)
class FundingSchedule:
    """Funding at even intervals, always at the same rate.

    Parameters
    ----------
    interval_ns : int
        From one payment to the next, ns; payments are at whole multiples of it since 1970 (plus `offset_ns`):
        of eight hours at 0, 8 and 16 o'clock UTC.
    rate : float
        Of one interval; 0.0001 is 0.01 %. Positive: longs pay.
    offset_ns : int
    """

    interval_ns: int
    rate: float
    offset_ns: int = 0

    def __post_init__(self) -> None:
        where = "FundingSchedule"
        for name, low in (("interval_ns", 1), ("offset_ns", -(1 << 62))):
            wanted = f"whole nanoseconds from {low}"
            value = whole(getattr(self, name), wanted, low, 1 << 62, ConfigError, f"{where}.{name}")
            object.__setattr__(self, name, value)
        rate = real(self.rate, "a finite rate", ConfigError, f"{where}.rate")
        if not np.isfinite(rate):
            raise ConfigError("a finite rate", rate, f"{where}.rate")
        object.__setattr__(self, "rate", rate)

    def times(self, first: int, last: int) -> np.ndarray:
        """Times of payment in (first, last], ns."""
        return multiples(self.interval_ns, self.offset_ns, first, last)


Series = tuple[np.ndarray, np.ndarray]


def series(given: Any, what: str, where: str) -> tuple[np.ndarray, ...]:
    """Check (times, values) or (exchange times, values, local times): as arrays, in order, finite.

    Raises
    ------
    ConfigError
    """
    wanted = f"{what} as (times in ns, values) or (exchange times, values, local times), rising"
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise ConfigError(wanted, shown(given), where)
    try:
        ts, values, *local = (np.asarray(part) for part in given)
        ts = ts.astype(np.int64, casting="same_kind")
        local_ts = local[0].astype(np.int64, casting="same_kind") if local else ts
        values = values.astype(np.float64, casting="same_kind")
    except (TypeError, ValueError) as error:
        raise ConfigError(wanted, f"{shown(given)}: {error}", where) from None
    if not ts.ndim == values.ndim == local_ts.ndim == 1 or not len(ts) == len(values) == len(local_ts):
        raise ConfigError(wanted, "arrays of different shapes", where)
    if (np.diff(ts) < 0).any() or (np.diff(local_ts) < 0).any():
        raise ConfigError(wanted, "times that go back", where)
    if not np.isfinite(values).all():
        raise ConfigError(wanted, "values that are not finite", where)
    return ts, values, local_ts


def multiples(interval_ns: int, offset_ns: int, first: int, last: int) -> np.ndarray:
    """Whole multiples of an interval (plus an offset) in (first, last]."""
    begin = (first - offset_ns) // interval_ns + 1
    end = (last - offset_ns) // interval_ns
    return np.arange(begin, end + 1, dtype=np.int64) * np.int64(interval_ns) + np.int64(offset_ns)


def rows(kind: int, number: int, ts: np.ndarray, values: Any) -> np.ndarray:
    """MONEY_EVENT rows of one kind about one thing."""
    out = np.zeros(len(ts), MONEY_EVENT)
    out["ts"], out["kind"], out["number"], out["value"] = ts, kind, number, values
    return out


def in_order(parts: list[np.ndarray], last: int) -> np.ndarray:
    """All rows up to `last` by time; at equal times marks and rates first, then funding, then interest."""
    joined = np.concatenate([np.empty(0, MONEY_EVENT), *parts])
    joined = joined[joined["ts"] <= last]
    return np.ascontiguousarray(joined[np.lexsort((joined["number"], joined["kind"], joined["ts"]))])


def last_exchange_ts(tape: Market) -> int:
    """Exchange time of a tape's last row; money stands still after it."""
    ts = tapes_of(tape)[-1].section("exch.group_ts")
    return int(ts[-1]) if len(ts) else 0


def first_exchange_ts(tape: Market) -> int:
    """Exchange time of a tape's first row."""
    ts = tapes_of(tape)[0].section("exch.group_ts")
    return int(ts[0]) if len(ts) else 0


# -- marks -----------------------------------------------------------------------------------------------


def has_marks(tape: Market) -> bool:
    """Whether mark prices are on the tape."""
    return bool((_kinds(tape) == MARK_PRICE).any())


def mark_rows(tape: Market, mark: Any, number: int, offset_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Changes of a mark price: at the exchange, and as they are seen here.

    Parameters
    ----------
    mark : None, "mid", or arrays
        None: the tape's mark prices, or where it has none the mid.
    number : int
        Of the holding in its account.
    offset_ns : int
        How much further from the exchange the strategy is than the tape's recorder.
    """
    if mark is not None and not isinstance(mark, str):
        ts, values, local_ts = series(mark, "mark prices", "Asset.mark")
        if not (values > 0).all():
            raise ConfigError("mark prices > 0", float(values.min()), "Asset.mark")
        return rows(MARK_CHANGE, number, ts, values), rows(MARK_CHANGE, number, local_ts, values)
    if mark is None and has_marks(tape):
        found = tape.custom[_kinds(tape) == MARK_PRICE]
        here = rows(MARK_CHANGE, number, found["local_ts"] + offset_ns, found["px"])
        found = found[np.argsort(found["exch_ts"], kind="stable")]
        return rows(MARK_CHANGE, number, found["exch_ts"], found["px"]), here
    tapes = tapes_of(tape)
    if not all(begins_anew(later, view) for later in tapes[1:] for view in ("exch", "local")):
        # the best prices of a tape that goes on with the last one's book are not known before the run
        wanted = "tapes that begin with a snapshot, mark prices on them or as Asset.mark, for an account"
        raise ConfigError(wanted, "the mid of a book that goes on from tape to tape", tape.symbol)
    exchange: list[np.ndarray] = []
    seen: list[np.ndarray] = []
    for part in tapes:
        ticks = part.section("level_tick")
        for name, late_ns, found in (("exch.stops", 0, exchange), ("local.best", offset_ns, seen)):
            best = part.section(name)
            mids = _mids(best["ts"] + late_ns, best["bid"], best["ask"], ticks, part.tick_size)
            found.append(rows(MARK_CHANGE, number, *mids))
    return np.concatenate(exchange), np.concatenate(seen)


def _mids(
    ts: np.ndarray, bid: np.ndarray, ask: np.ndarray, ticks: np.ndarray, tick_size: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times and values of changes of the mid, one a time: what holds after everything of that time."""
    known = np.append(ts[1:] != ts[:-1], True)[: len(ts)] & (bid >= 0) & (ask >= 0)
    ts, bid, ask = ts[known], bid[known], ask[known]
    if not len(ts):
        return ts, np.empty(0)
    mid = (ticks[bid] * tick_size + ticks[ask] * tick_size) / 2.0
    changed = np.append(True, mid[1:] != mid[:-1])
    return ts[changed], mid[changed]


# -- funding, interest, rates ----------------------------------------------------------------------------


def funding_rows(tape: Market, funding: Any, number: int) -> np.ndarray:
    """Times and rates at which funding is settled.

    On the tape a funding row says the rate (px) and when it will be settled (ival; 0: at the row's own time);
    the last word before that time counts.
    """
    if isinstance(funding, FundingSchedule):
        ts = funding.times(first_exchange_ts(tape), last_exchange_ts(tape))
        return rows(FUNDING_DUE, number, ts, funding.rate)
    if funding is not None:
        ts, values, _ = series(funding, "funding rates", "Asset.funding")
        return rows(FUNDING_DUE, number, ts, values)
    found = tape.custom[_kinds(tape) == FUNDING]
    found = found[np.argsort(found["exch_ts"], kind="stable")]
    due = np.where(found["ival"] > 0, found["ival"], found["exch_ts"])
    found, due = found[found["exch_ts"] <= due], due[found["exch_ts"] <= due]
    order = np.argsort(due, kind="stable")
    due, rates = due[order], found["px"][order]
    last = np.append(due[1:] != due[:-1], True)[: len(due)]
    return rows(FUNDING_DUE, number, due[last], rates[last])


def interest_rows(interval_ns: int, first: int, last: int) -> np.ndarray:
    """Times at which interest is charged, for one interval each."""
    return rows(INTEREST_DUE, 0, multiples(interval_ns, 0, first, last), float(interval_ns))


def rate_rows(rate: Any, currency: int, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Changes of a conversion rate given as arrays: at the exchange, and as seen here."""
    ts, values, local_ts = series(rate, "rates", where)
    if not (values > 0).all():
        raise ConfigError("rates > 0", float(values.min()), where)
    return rows(RATE_CHANGE, currency, ts, values), rows(RATE_CHANGE, currency, local_ts, values)


def _kinds(tape: Market) -> np.ndarray:
    return tape.custom["ev"] & np.uint64(KIND_MASK)
