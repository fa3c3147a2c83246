"""Event arrays of every shape, and tape files that somebody cut or altered."""

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.market import events, tape
from tests.hostile.report import Report
from truefill.backtest import Asset, Bot
from truefill.core.events import EVENT
from truefill.tape import Tape, build_tape

FIELDS = EVENT.names or ()
_NUMBERS = (
    *(0, 1, -1, 1 << 31, 1 << 63, (1 << 63) - 1, (1 << 64) - 1),
    *(float("nan"), float("inf"), -1.0, 1e308, 5e-324, 0.1 + 0.2, 1e17),
)


def throw(rng: random.Random, count: int, report: Report) -> None:
    """Build tapes from what is no market; open files that are no tape any more; run what was accepted."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(count):
            if rng.random() < 0.5:
                found = report.call("build_tape", build_tape, _shape(rng, _altered(rng)), symbol="A.B")
            else:
                found = report.call("Tape.open", Tape.open, _file(rng, Path(folder)))
            if found is not None:
                _trade(rng, found, report)


def _altered(rng: random.Random) -> Any:
    """Events with some fields replaced: times back and forth, prices that are none, unknown flags."""
    start = rng.randrange(len(events()) - 60)
    rows = events()[start : start + rng.choice((0, 1, 50))].copy()
    if rng.random() < 0.3:
        rng.shuffle(rows)
    for _ in range(rng.choice((0, 1, 1, 5)) if len(rows) else 0):
        field, row = rng.choice(FIELDS), rng.randrange(len(rows))
        if rng.random() < 0.5:
            raw = rows[row : row + 1].view(np.uint8)
            raw[rng.randrange(64)] ^= 1 << rng.randrange(8)
        else:
            with np.errstate(all="ignore"):
                rows[field][row] = np.array(rng.choice(_NUMBERS)).astype(EVENT[field])
    return rows


def _shape(rng: random.Random, rows: Any) -> Any:
    """The same rows in every layout that NumPy has, and in others that are no events."""
    forms = (
        lambda: rows,
        lambda: np.repeat(rows, 2)[::2],
        lambda: rows[::-1],
        lambda: _unaligned(rows),
        lambda: _read_only(rows),
        lambda: rows.view(np.recarray),
        lambda: [rows[:1], rows[1:]],
        lambda: iter([rows]),
        lambda: rows.astype(EVENT.newbyteorder(">")),
        lambda: rows.view(np.uint8),
        lambda: rows.reshape(1, -1),
        lambda: rows[0] if len(rows) else rows,
        lambda: rows[:1].reshape(()) if len(rows) else rows,
        lambda: np.ma.masked_array(rows),
        lambda: rows[[name for name in FIELDS if name != "fval"]],
        lambda: rows.astype(object),
        rows.tolist,
        lambda: rows["px"],
    )
    # mostly one that is right, so that what is in the rows gets a chance
    return forms[0]() if rng.random() < 0.4 else rng.choice(forms)()


def _unaligned(rows: Any) -> Any:
    buffer = np.zeros(rows.nbytes + 1, np.uint8)
    buffer[1:] = np.frombuffer(rows.tobytes(), np.uint8)
    return buffer[1:].view(EVENT)


def _read_only(rows: Any) -> Any:
    rows = rows.copy()
    rows.flags.writeable = False
    return rows


def _file(rng: random.Random, folder: Path) -> Path:
    """A tape file that was cut, grown, or had bits flipped; most flips beyond the header's checksum."""
    path = folder / "hostile.tape"
    if not (folder / "good.tape").exists():
        tape().save(folder / "good.tape")
    good = bytearray((folder / "good.tape").read_bytes())
    kind = rng.random()
    if kind < 0.2:
        good = good[: rng.randrange(len(good))]
    elif kind < 0.25:
        good += bytes(rng.randrange(1, 200))
    else:
        for _ in range(rng.choice((1, 1, 8, 64))):
            place = rng.randrange(64) if rng.random() < 0.1 else rng.randrange(len(good))
            good[place] ^= 1 << rng.randrange(8)
    path.write_bytes(good)
    return path


def _trade(rng: random.Random, found: Tape, report: Report) -> None:
    """Quote around the touch to the end of whatever this is."""
    report.call("custom rows", lambda: found.custom)
    asset = report.call("an asset of it", Asset, found, max_orders=256)
    bot = None if asset is None else report.call("a bot of it", Bot, [asset])
    if bot is None:
        return
    for number in range(1, 30):
        depth = bot.depth(0)
        for side, price in ((bot.submit_buy_order, depth.best_bid), (bot.submit_sell_order, depth.best_ask)):
            order_id = 2 * number + (side == bot.submit_sell_order)
            report.call("a quote", side, 0, order_id, price, depth.lot_size * rng.randint(1, 9))
        step = rng.choice((10**6, 10**8, 10**9))
        if report.call("a step", bot.elapse, step) != 0:
            break
    report.call("the rest", bot.elapse, (1 << 63) - 1)
    report.call("trades", lambda: len(bot.last_trades(0)))
