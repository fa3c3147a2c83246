"""The verifier again, in plain dicts and lists: slow, and obvious."""

import math
from collections import defaultdict

from truefill.core import events as e


class Twin:
    """Same definitions as `truefill.tape.StreamVerifier`, row by row."""

    def __init__(self, stale_ns, ghost_ns):
        self.stale_ns, self.ghost_ns = stale_ns, ghost_ns
        self.count = defaultdict(int)
        self.book = ({}, {})  # price -> [qty, row that set it, since when it is crossed or None]
        self.messages = []
        self.in_gap = self.known = False
        self.row = -1
        self.last = self.last_book = self.last_exch = None
        self.since = {"crossed": None, "locked": None}
        self.ns = {"crossed": 0, "locked": 0, "stale": 0, "stale_book": 0}

    def run(self, events):
        """Check EVENT rows; what was found, by name."""
        message = []
        for event in events:
            if not int(event["ev"]) & e.LOCAL:
                continue
            if message and event["local_ts"] != message[0]["local_ts"]:
                self.message(message)
                message = []
            message.append(event)
        if message:
            self.message(message)
        for kind, since in self.since.items():
            if since is not None:
                self.ns[kind] += self.last - since
        for side in self.book:
            for px in list(side):
                self.unmark(side[px], self.last)
        return {name: n for name, n in self.count.items() if n}

    def message(self, rows):
        before = None  # the book before a snapshot, where it can be compared
        copied = False
        snapshot = ({}, {})
        seen = (set(), set())
        is_snapshot = False
        for row in rows:
            self.row += 1
            ev, ts = int(row["ev"]), int(row["local_ts"])
            kind, side = ev & e.KIND_MASK, 0 if ev & e.BUY else 1 if ev & e.SELL else None
            px, qty = float(row["px"]), float(row["qty"])
            self.times(row, ev, ts)
            if kind in (e.DEPTH, e.DEPTH_SNAPSHOT, e.DEPTH_CLEAR):
                self.book_time(ts)
                if kind != e.DEPTH and not copied:
                    copied = True
                    if self.known and not self.in_gap:
                        before = tuple({p: v[0] for p, v in book.items()} for book in self.book)
            if kind == e.DEPTH_CLEAR:
                for k in (0, 1):
                    if side in (None, k):
                        for p in list(self.book[k]):
                            upto = side is None or px == 0 or not math.isfinite(px)
                            if upto or (p >= px if k == 0 else p <= px):
                                self.unmark(self.book[k].pop(p), ts)
            elif kind in (e.DEPTH, e.DEPTH_SNAPSHOT):
                if side is None:
                    self.count["side"] += 1
                elif not (px > 0 and math.isfinite(px)):
                    self.count["bad price"] += 1
                elif not (qty >= 0 and math.isfinite(qty)):
                    self.count["bad quantity"] += 1
                else:
                    if kind == e.DEPTH_SNAPSHOT:
                        is_snapshot, self.in_gap = True, False
                        seen[side].add(px)
                    old = self.book[side].pop(px, None)
                    if old:
                        self.unmark(old, ts)
                    if qty > 0:
                        self.book[side][px] = [qty, self.row, None]
                    if is_snapshot:
                        put(snapshot[side], px, qty)
                        if kind == e.DEPTH and before:
                            put(before[side], px, qty)
            elif kind == e.TRADE:
                self.trade(px, qty)
            elif kind == e.GAP_BEGIN:
                self.in_gap = True
            elif kind == e.GAP_END:
                self.in_gap = False
        if is_snapshot:
            self.count["snapshots"] += 1
            self.known = True
            if before:
                self.compare(before, snapshot, seen)
        self.judge(int(rows[0]["local_ts"]))

    def times(self, row, ev, ts):
        exch = int(row["exch_ts"])
        if self.last is not None:
            self.count["back local"] += ts < self.last
            if ts - self.last > self.stale_ns:
                self.count["stale"] += 1
                self.ns["stale"] += ts - self.last
        self.last = ts if self.last is None else max(ts, self.last)
        self.count["early"] += ts < exch
        if ev & e.EXCH:
            back = self.last_exch is not None and exch < self.last_exch
            self.count["back exch"] += back
            if not back:
                self.last_exch = exch

    def book_time(self, ts):
        if self.last_book is not None and ts - self.last_book > self.stale_ns:
            self.count["stale book"] += 1
            self.ns["stale_book"] += ts - self.last_book
        self.last_book = ts if self.last_book is None else max(ts, self.last_book)

    def trade(self, px, qty):
        self.count["bad quantity"] += not (qty >= 0 and math.isfinite(qty))
        self.count["empty trade"] += qty == 0
        if not (px > 0 and math.isfinite(px)):
            self.count["bad price"] += 1
        elif not self.in_gap and self.book[0] and self.book[1]:
            self.count["outside"] += px < max(self.book[0]) or px > min(self.book[1])
            self.count["beyond"] += px < min(self.book[0]) or px > max(self.book[1])

    def compare(self, before, snapshot, seen):
        self.count["compared"] += 1
        wrong = 0
        for side in (0, 1):
            if not seen[side]:
                continue
            last = min(seen[0]) if side == 0 else max(seen[1])
            for px in before[side].keys() | snapshot[side].keys():
                if (px < last) if side == 0 else (px > last):
                    continue
                one, other = before[side].get(px), snapshot[side].get(px)
                name = "missing" if one is None else "extra" if other is None else "wrong"
                if one != other:
                    self.count[name] += 1
                    wrong += 1
        self.count["differs"] += wrong > 0

    def judge(self, now):
        bids, asks = (sorted(side) for side in self.book)
        state = None
        if bids and asks and not self.in_gap and bids[-1] >= asks[0]:
            state = "crossed" if bids[-1] > asks[0] else "locked"
        for kind in ("crossed", "locked"):
            if state == kind:
                self.count[kind] += 1
                if self.since[kind] is None:
                    self.since[kind] = now
            elif self.since[kind] is not None:
                self.ns[kind] += now - self.since[kind]
                self.since[kind] = None
        blamed = set()
        while state == "crossed" and bids and asks and bids[-1] > asks[0]:
            if self.book[0][bids[-1]][1] < self.book[1][asks[0]][1]:
                blamed.add((0, bids.pop()))
            else:
                blamed.add((1, asks.pop(0)))
        for side in (0, 1):
            for px, level in self.book[side].items():
                if (side, px) not in blamed:
                    self.unmark(level, now)
                elif level[2] is None:
                    level[2] = now

    def unmark(self, level, now):
        if level[2] is not None and now - level[2] >= self.ghost_ns:
            self.count["ghost"] += 1
        level[2] = None


def put(side, px, qty):
    """Set a level; 0 removes it."""
    side.pop(px, None)
    if qty > 0:
        side[px] = qty
