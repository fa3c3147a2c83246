"""A fused book while it grows: the state that the kernel in `fuse_kernels` works on."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from truefill.core.l2book import BID
from truefill.tape import fuse_kernels as k, fuse_own as own
from truefill.tape.fuse_kernels import FUSED
from truefill.tape.fuse_own import EVERYTHING

_BATCH = 1 << 15  # messages
_OF_LEVELS = (("_lots", 0), ("_keys", own.NEVER), ("_times", 0))
_OF_OWN_LEVELS = (("_own", own.UNKNOWN), ("_listed", 0), ("_dirty", 0))


class FusedBook:
    """Levels with the age of what is known about each; takes claims in the order in which they are heard.

    Parameters
    ----------
    ranges : mapping of int to int
        Levels of a side that a stream shows, of those that do not show all.
    complete : bool
        Whether what a message of depth does not mention counts.
    """

    def __init__(self, ranges: Mapping[int, int], complete: bool) -> None:
        self._ranges = dict(ranges)
        self._complete = complete
        self._streams = 0  # that have an own book here
        self._ticks: np.ndarray[Any, Any] = np.empty(0, np.int64)
        for name, _ in _OF_LEVELS + _OF_OWN_LEVELS:
            setattr(self, name, np.zeros(0, np.int64))
        self._step_from: np.ndarray = np.zeros(0, np.int64)
        self._step_key: np.ndarray = np.zeros(0, np.int64)
        self._top = np.array([-1, -1, 0, 0, 0, 0], np.int64)
        self._window: np.ndarray = np.zeros(0, np.int64)
        self._about: np.ndarray = np.zeros(0, np.int64)

    _lots: np.ndarray
    _keys: np.ndarray
    _times: np.ndarray
    _own: np.ndarray
    _listed: np.ndarray
    _dirty: np.ndarray

    def know(self, ticks: np.ndarray) -> None:
        """Rank prices among those known; to know them before they come is faster than one by one."""
        new = np.setdiff1d(ticks, self._ticks)
        if not len(new):
            return
        old = self._ticks
        self._ticks = np.asarray(np.union1d(old, new))
        place = np.searchsorted(self._ticks, old)
        codes = np.stack([2 * place, 2 * place + 1], axis=1).ravel()
        size = 2 * len(self._ticks)
        for name, empty in _OF_LEVELS:
            values = np.full(size, empty, np.int64)
            values[codes] = getattr(self, name)
            setattr(self, name, values)
        shape = (self._streams, 2 * len(old))
        lists = self._dirty.reshape(shape)
        for name, empty in _OF_OWN_LEVELS:
            table = np.full((self._streams, size), empty, np.int64)
            table[:, codes] = getattr(self, name).reshape(shape)
            setattr(self, name, table.ravel())
        about = self._about.reshape(self._streams, own.ABOUT_SIZE)
        for s in range(self._streams):
            count = int(about[s, own.DIRTY])
            self._dirty[s * size : s * size + count] = codes[lists[s, :count]]
        for ranks in (self._top[k.TOP : k.TOP + 2], *(row[own.BEST : own.BEST + 2] for row in about)):
            some = ranks >= 0
            ranks[some] = place[ranks[some]]

    def take(self, claims: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Let claims change the book.

        Parameters
        ----------
        claims : CLAIM[]
            `rank` is filled in here.
        ends : int64[]
            Where each message ends: rows of one stream with the same two times.

        Returns
        -------
        FUSED[]
            What they change, in order.
        """
        if not len(claims):
            return np.empty(0, FUSED)
        if self._complete:
            self._hear_of(int(claims["stream"].max()) + 1)
        priced = claims["tick"] != EVERYTHING
        self.know(np.unique(claims["tick"][priced]))
        claims["rank"][priced] = np.searchsorted(self._ticks, claims["tick"][priced])
        self._widen(int(np.diff(ends, prepend=0).max()))
        parts, done = [], 0
        size = 2 * len(claims) + 64
        while done < len(ends):
            some = ends[: done + _BATCH]
            rows = int(some[-1]) - (int(ends[done - 1]) if done else 0)
            self._make_room(2 * (rows + len(some) - done))
            out = np.empty(size, FUSED)
            before = done
            done, count = k.fuse_messages(claims, some, done, self._ticks, self._arrays(), self._streams, out)
            parts.append(out[:count].copy() if count < size // 2 else out[:count])
            if done == before:
                size *= 2
        return np.concatenate(parts)

    def levels(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Ticks and lots of a side's levels, best first: int64[n] each."""
        lots = self._lots[side::2]
        held = np.flatnonzero(lots)
        if side == BID:
            held = held[::-1]
        return self._ticks[held], lots[held]

    def best_tick(self, side: int) -> int | None:
        """Best price of a side; None when it is empty."""
        rank = int(self._top[k.TOP + side])
        return None if rank < 0 else int(self._ticks[rank])

    def _arrays(self) -> tuple[np.ndarray, ...]:
        book = (self._lots, self._keys, self._times, self._step_from, self._step_key, self._top)
        return (*book, self._own, self._listed, self._dirty, self._window, self._about)

    def _hear_of(self, streams: int) -> None:
        """Give new streams a book of their own."""
        more = streams - self._streams
        if more <= 0:
            return
        size = 2 * len(self._ticks)
        for name, empty in _OF_OWN_LEVELS:
            setattr(self, name, np.append(getattr(self, name), np.full(more * size, empty, np.int64)))
        about = np.zeros((more, own.ABOUT_SIZE), np.int64)
        about[:, own.KEY] = own.NEVER
        about[:, own.BEST : own.BEST + 2] = -1
        about[:, own.RANGE] = [self._ranges.get(s, 0) for s in range(self._streams, streams)]
        self._about = np.append(self._about, about.ravel())
        width = len(self._window) // max(2 * self._streams, 1)
        self._window = np.append(self._window, np.zeros(2 * more * width, np.int64))
        self._streams = streams
        # What the book holds already may not be what a stream will know: every level is looked at.
        for s in range(streams - more, streams):
            self._listed[s * size : (s + 1) * size] = 1
            self._dirty[s * size : (s + 1) * size] = np.arange(size)
            self._about[s * own.ABOUT_SIZE + own.DIRTY] = size

    def _widen(self, longest: int) -> None:
        """Make the windows as wide as a message of so many rows may need them."""
        width = max(self._ranges.values(), default=0) + longest if self._ranges else 0
        have = len(self._window) // max(2 * self._streams, 1)
        if width > have:
            window = np.zeros((2 * self._streams, width), np.int64)
            window[:, :have] = self._window.reshape(2 * self._streams, have)
            self._window = window.ravel()

    def _make_room(self, more: int) -> None:
        """Lengthen the staircases when `more` steps might not fit."""
        have = len(self._step_from) // 2
        counts = self._top[k.STEPS : k.TOP_SIZE]
        if int(counts.max()) + more <= have:
            return
        room = 2 * (int(counts.max()) + more)
        for name in ("_step_from", "_step_key"):
            values = np.zeros((2, room), np.int64)
            values[:, :have] = getattr(self, name).reshape(2, have)
            setattr(self, name, values.ravel())
