"""The market that both packages are timed on: one recording, repeated with shifted times to any length.

Between two repeats the book is led back to how it stood at the beginning by ordinary depth rows, so that
the data has no clears (HftBacktest's dense book does not carry out those of asks) and no stale levels.
Truefill reads it as a tape, HftBacktest as an array of the same events in an ``.npy`` file. Both are kept
in a folder and found again by what they were made from.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from truefill.core.events import BUY, DEPTH, DEPTH_SNAPSHOT, EVENT, EXCH, KIND_MASK, LOCAL, SELL, TRADE
from truefill.tape import Tape, TapeBuilder
from truefill.tape.events import tape_events
from truefill.tape.format import FORMAT_VERSION

RECORDING = "raw/binance_usdm/btcusdt_20240808.gz"
SLICE_EVENTS = 20_000  # of the short market on which strategies are compiled before they are timed

_VERSION = 2  # of what this file makes; part of the names in the cache
_MS = 1_000_000
_BATCH = 1 << 20  # rows between two lines of progress
_PAUSE = 50 * _MS  # before and after the rows that lead the book back
_FEED_LATENCY = 5 * _MS  # of those rows
_SYNTHETIC_SECONDS = 3600.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Files:
    """One market as each package reads it."""

    tape: str
    events: str
    count: int  # events, each counted once
    rows: int  # rows of the array: an event whose place differs between the two orders stands twice


@dataclass(frozen=True)
class Market:
    """The market and what is known about it. Prices in quote currency, times in ns."""

    name: str
    symbol: str
    tick_size: float
    lot_size: float
    repeats: int
    repeat_events: int
    seconds: float  # market time from first to last event
    low: float  # lowest and highest trade
    high: float
    build_seconds: float  # to build the tape, from events that are in memory
    full: Files
    short: Files
    by_order: bool = False  # single orders instead of levels

    @property
    def roi(self) -> tuple[float, float]:
        """Price range for HftBacktest's dense book: the traded range and 1 % more on both sides."""
        return self.low * 0.99, self.high * 1.01


def recording_path(name: str = RECORDING) -> Path | None:
    """A real recording, if it is there (beside the repository, or where TRUEFILL_SHARED says)."""
    root = os.environ.get("TRUEFILL_SHARED")
    shared = Path(root) if root else Path(__file__).resolve().parents[2] / "shared"
    path = shared / "data" / name
    return path if path.exists() else None


def load_market(events: int, cache: Path, recording: Path | None, say: Say) -> Market:
    """Find the market of at least `events` events in the cache, or make it.

    Parameters
    ----------
    events : int
        How many events it shall have at least.
    cache : Path
        Folder for it; made if it is not there.
    recording : Path or None
        A USD-M recording of BTCUSDT; None: a synthetic market instead.
    say : callable
        Gets lines of progress.
    """
    return kept(f"{_VERSION} {source_of(recording)} {events}", cache, partial(_make, events, recording), say)


def source_of(recording: Path | None) -> str:
    """Name and size of a recording."""
    return f"{recording.name} {recording.stat().st_size}" if recording else "synthetic"


def kept(made_from: str, cache: Path, make: Callable[[Path, Path, Say], Market], say: Say) -> Market:
    """Find a market by what it is made from, or make it.

    Parameters
    ----------
    made_from : str
        All that it depends on, but for the format of tapes.
    cache : Path
        Folder for it; made if it is not there.
    make : callable
        Gets the folder to write to, the folder where the files will be, and `say`.
    say : callable
        Gets lines of progress.
    """
    key = hashlib.blake2b(f"{FORMAT_VERSION} {made_from}".encode(), digest_size=6).hexdigest()
    folder = cache / f"market-{key}"
    facts = folder / "market.json"
    if facts.exists():
        stored = json.loads(facts.read_text())
        full, short = Files(**stored.pop("full")), Files(**stored.pop("short"))
        say(f"market of {full.count:,} events: found in {folder}")
        return Market(**stored, full=full, short=short)
    temporary = cache / f".market-{key}.building"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        market = make(temporary, folder, say)
        (temporary / "market.json").write_text(json.dumps(asdict(market), indent=1))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return market


def _make(events: int, recording: Path | None, temporary: Path, folder: Path, say: Say) -> Market:
    if recording is not None:
        source = _convert(recording, temporary)
        name = f"Binance USD-M BTCUSDT, 2024-08-08 ({recording.name})"
    else:
        say("the real recording is not there: a synthetic market instead")
        source = _synthesize(min(_SYNTHETIC_SECONDS, events / 100.0), temporary)
        name = "a synthetic market (zero-intelligence order flow)"
    symbol, tick_size, lot_size = source.symbol, source.header.tick_size, source.header.lot_size
    opening, body, back = _one_repeat(tape_events(source), events)
    each = count_events(body) + len(back)
    repeats = max(1, -(-events // each))

    few = body[: min(SLICE_EVENTS, len(body))]
    short = _repeated(opening, few, back[:0], 1)
    full = _repeated(opening, body, back, repeats)
    build = FileBuilder(symbol, float(tick_size), float(lot_size), temporary, folder, say)
    return build.market(name, short, full, repeats=repeats, each=each)


@dataclass(frozen=True)
class FileBuilder:
    """Writes a market's files, and the facts about it."""

    symbol: str
    tick_size: float
    lot_size: float
    temporary: Path  # where they are written
    folder: Path  # where they will be
    say: Say

    def market(
        self,
        name: str,
        short: np.ndarray,
        full: np.ndarray,
        *,
        repeats: int,
        each: int,
        by_order: bool = False,
    ) -> Market:
        """Write the short and the full market of `repeats` with `each` so many events."""
        short_files, _ = self._files("short", short)  # also compiles the builder
        full_files, seconds = self._files("full", full)
        trades = full["px"][full["ev"] & np.uint64(KIND_MASK) == TRADE]
        return Market(
            name=name,
            symbol=self.symbol,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
            repeats=repeats,
            repeat_events=each,
            seconds=float(full["exch_ts"].max() - full["exch_ts"].min()) / 1e9,
            low=float(trades.min()),
            high=float(trades.max()),
            build_seconds=seconds,
            full=full_files,
            short=short_files,
            by_order=by_order,
        )

    def _files(self, stem: str, rows: np.ndarray) -> tuple[Files, float]:
        np.save(self.temporary / f"{stem}.npy", rows)
        begin = time.perf_counter()
        with TapeBuilder(
            self.temporary / f"{stem}.tape",
            symbol=self.symbol,
            tick_size=self.tick_size,
            lot_size=self.lot_size,
        ) as builder:
            for start in range(0, len(rows), _BATCH):
                builder.append(rows[start : start + _BATCH])
                self.say(f"building {stem}.tape: {min(start + _BATCH, len(rows)):,} of {len(rows):,} rows")
            builder.finish()
        seconds = time.perf_counter() - begin
        names = str(self.folder / f"{stem}.tape"), str(self.folder / f"{stem}.npy")
        return Files(*names, count_events(rows), len(rows)), seconds


def _convert(recording: Path, folder: Path) -> Tape:
    from truefill.collect import convert

    out = folder / "recording.tape"
    convert(recording, venue="binance-usdm", symbol="BTCUSDT", out=out, base_latency_ns=_MS)
    return Tape.open(out)


def _synthesize(seconds: float, folder: Path) -> Tape:
    from truefill.synthetic import ZeroIntelligence, make_market

    params = ZeroIntelligence()
    with TapeBuilder(
        folder / "recording.tape",
        symbol=params.symbol,
        venue="synthetic",
        tick_size=params.tick_size,
        lot_size=params.lot_size,
    ) as builder:
        for batch in make_market(seconds, 1, params):
            builder.append(batch)
        return builder.finish()


def count_events(rows: np.ndarray) -> int:
    """Events among rows, each once."""
    return int(np.count_nonzero(rows["ev"] & np.uint64(EXCH)))


def _one_repeat(events: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut a recording into its opening book, its rows, and the rows that lead back to the opening book.

    The opening book is that of the moment when the snapshot has arrived; both views are cut at the same
    exchange time, so that each event is whole.
    """
    kind = events["ev"] & np.uint64(KIND_MASK)
    start = int(events["local_ts"][kind == DEPTH_SNAPSHOT].max())
    after = events["exch_ts"] > start
    seen = np.sort(events["exch_ts"][after & (events["ev"] & np.uint64(EXCH) != 0)])
    stop = seen[min(most, len(seen)) - 1]
    body = events[after & (events["exch_ts"] <= stop)]
    first = _book(events[~after])
    last = first | _book(body)

    opening = _rows([(side, price, qty) for (side, price), qty in first.items() if qty > 0], DEPTH_SNAPSHOT)
    changed = [
        (side, price, first.get((side, price), 0.0))
        for (side, price), qty in last.items()
        if qty != first.get((side, price), 0.0)
    ]
    # Removals first, the best prices before the others: the book never crosses on the way back.
    changed.sort(key=lambda c: (c[2] > 0, c[0], -c[1] if c[0] == BUY else c[1]))
    return opening, body, _rows(changed, DEPTH)


def _book(rows: np.ndarray) -> dict[tuple[int, float], float]:
    """Last quantity of each (side, price) that the exchange saw."""
    kind = rows["ev"] & np.uint64(KIND_MASK)
    depth = rows[((kind == DEPTH) | (kind == DEPTH_SNAPSHOT)) & (rows["ev"] & np.uint64(EXCH) != 0)]
    sides = np.where(depth["ev"] & np.uint64(BUY) != 0, BUY, SELL)
    return dict(
        zip(zip(sides.tolist(), depth["px"].tolist(), strict=True), depth["qty"].tolist(), strict=True)
    )


def _rows(levels: list[tuple[int, float, float]], kind: int) -> np.ndarray:
    out = np.zeros(len(levels), EVENT)
    if levels:
        sides, out["px"], out["qty"] = (np.array(column) for column in zip(*levels, strict=True))
        out["ev"] = sides.astype(np.uint64) | np.uint64(kind | EXCH | LOCAL)
    return out


def _repeated(opening: np.ndarray, body: np.ndarray, back: np.ndarray, repeats: int) -> np.ndarray:
    """Put opening book and repeats one after the other in one array."""
    begin, end = int(body["exch_ts"].min()), int(body["local_ts"].max())
    length = end - begin + 2 * _PAUSE + _FEED_LATENCY
    out = np.empty(len(opening) + repeats * (len(body) + len(back)), EVENT)
    at = len(opening)
    out[:at] = opening
    out["exch_ts"][:at] = begin - _PAUSE
    out["local_ts"][:at] = begin - _PAUSE + _FEED_LATENCY
    for k in range(repeats):
        part = out[at : at + len(body)]
        part[:] = body
        part["exch_ts"] += k * length
        part["local_ts"] += k * length
        at += len(body)
        part = out[at : at + len(back)]
        part[:] = back
        part["exch_ts"] = end + k * length + _PAUSE
        part["local_ts"] = end + k * length + _PAUSE + _FEED_LATENCY
        at += len(back)
    return out
