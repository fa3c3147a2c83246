"""The L2 book as two dictionaries: slow and obvious."""

import hashlib


class DictBook:
    """Quantities by price (any integers that ascend with it) and the best of each side, None for none."""

    def __init__(self) -> None:
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.bid: int | None = None
        self.ask: int | None = None

    def set(self, is_bid: bool, price: int, lots: int) -> bool:
        """Set a level; True when a best changed."""
        before = (self.bid, self.ask)
        side = self.bids if is_bid else self.asks
        side.pop(price, None)
        if lots:
            side[price] = lots
            if is_bid and (self.bid is None or price > self.bid):
                self.bid = price
                if self.ask is not None and price >= self.ask:
                    self.ask = min((p for p in self.asks if p > price), default=None)
            elif not is_bid and (self.ask is None or price < self.ask):
                self.ask = price
                if self.bid is not None and price <= self.bid:
                    self.bid = max((p for p in self.bids if p < price), default=None)
        elif is_bid and price == self.bid:
            self.bid = max((p for p in self.bids if p < price), default=None)
        elif not is_bid and price == self.ask:
            self.ask = min((p for p in self.asks if p > price), default=None)
        return before != (self.bid, self.ask)

    def clear_bids(self, upto: float | None = None) -> None:
        """Clear bids at `upto` and better, crossed ones too, or all."""
        low = float("-inf") if upto is None else upto
        self.bids = {p: q for p, q in self.bids.items() if p < low}
        if self.bid is not None and self.bid >= low:
            self.bid = max(self.bids, default=None)

    def clear_asks(self, upto: float | None = None) -> None:
        """Clear asks at `upto` and better, crossed ones too, or all."""
        high = float("inf") if upto is None else upto
        self.asks = {p: q for p, q in self.asks.items() if p > high}
        if self.ask is not None and self.ask <= high:
            self.ask = min(self.asks, default=None)

    def state_hash(self) -> str:
        """Hash of everything that a reader of the book can see."""
        return state_hash(self.bids, self.asks, self.bid, self.ask)


def state_hash(bids: dict[int, int], asks: dict[int, int], bid: int | None, ask: int | None) -> str:
    """Hash of a book, whoever keeps it."""
    state = (sorted(bids.items()), sorted(asks.items()), bid, ask)
    return hashlib.blake2b(repr(state).encode(), digest_size=8).hexdigest()
