"""Seeded random strategies, as data: a list of actions that one driver plays on any bot."""

import random
from dataclasses import dataclass, replace

from truefill.core.events import NO_TIME
from truefill.core.records import (
    FOK,
    GTC,
    GTD,
    GTX,
    IOC,
    LIMIT,
    MARKET,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
)

ELAPSE, WAIT_FEED, WAIT_RESPONSE = "elapse", "wait_next_feed", "wait_order_response"
SUBMIT, MODIFY, CANCEL = "submit", "modify", "cancel"
CLEAR_ORDERS, CLEAR_TRADES = "clear_inactive_orders", "clear_last_trades"


@dataclass(frozen=True)
class Action:
    """One call of the bot. Fields that the call has no use for stay at their defaults."""

    kind: str
    asset: int = 0
    order_id: int = 0
    side: int = 1
    tick: int = 0
    lots: int = 0
    time_in_force: int = GTC
    order_type: int = LIMIT
    wait: bool = False
    duration: int = 0
    include_response: bool = False
    # orders that HftBacktest does not have
    beyond: bool = False
    trigger_tick: int = 0
    display: int = 0
    lasts: int = 0  # GTD: it ends so many ns after it is sent
    reduce_only: bool = False
    slide: bool = False


@dataclass(frozen=True)
class ScriptOptions:
    """What a script contains."""

    actions: int = 90
    step_first: bool = False  # HftBacktest has no clock before its first step
    ids: int = 12  # few, so that ids are used again
    endless: float = 0.0  # share of waits that have no end
    beyond: float = 0.0  # share of orders of types that HftBacktest does not have


class _Author:
    """Writes actions; remembers which ids it used last, to cancel and modify orders that exist."""

    def __init__(self, rng: random.Random, mid_ticks: list[int], options: ScriptOptions) -> None:
        self.rng, self.mid_ticks, self.options = rng, mid_ticks, options
        self.sent: list[tuple[int, int]] = []
        self.turn = 0

    def write(self) -> Action:
        """Make one action."""
        rng, kind = self.rng, self.rng.random()
        asset = rng.randrange(len(self.mid_ticks))
        wait = rng.random() < 0.12
        duration = NO_TIME if rng.random() < self.options.endless else _duration(rng)
        about = Action(ELAPSE, asset=asset, order_id=self._any_id(), duration=duration, wait=wait)
        if kind < 0.25:
            return about
        if kind < 0.40:
            return replace(about, kind=WAIT_FEED, include_response=rng.random() < 0.5)
        if kind < 0.45:
            return self._to_known(replace(about, kind=WAIT_RESPONSE))
        if kind < 0.55:
            return replace(about, kind=CLEAR_ORDERS, asset=-1 if rng.random() < 0.7 else asset)
        if kind < 0.57:
            return replace(about, kind=CLEAR_TRADES)
        if kind < 0.80:
            return self._submit(about)
        if kind < 0.87:
            return self._to_known(replace(about, kind=CANCEL))
        return self._priced(self._to_known(replace(about, kind=MODIFY)))

    def _any_id(self) -> int:
        return self.rng.randint(1, self.options.ids)

    def _submit(self, about: Action) -> Action:
        self.turn = self.turn % self.options.ids + 1
        order_id = self.turn if self.rng.random() < 0.95 else self._any_id()
        self.sent = [*self.sent, (about.asset, order_id)][-8:]
        tif = self.rng.choice((GTC, GTC, GTC, GTC, GTX, GTX, IOC, FOK))
        order_type = MARKET if self.rng.random() < 0.06 else LIMIT
        order = replace(about, kind=SUBMIT, order_id=order_id, time_in_force=tif, order_type=order_type)
        priced = self._priced(order)
        return self._beyond(priced) if self.rng.random() < self.options.beyond else priced

    def _beyond(self, order: Action) -> Action:
        """One or two of the things that HftBacktest does not have."""
        rng = self.rng
        order = replace(order, beyond=True, order_type=LIMIT, time_in_force=rng.choice((GTC, GTC, GTX, GTD)))
        if rng.random() < 0.4:
            kind = rng.choice((STOP_MARKET, STOP_LIMIT, TAKE_PROFIT_MARKET, TAKE_PROFIT_LIMIT))
            trigger = self.mid_ticks[order.asset] + rng.choice((-3, -2, -1, 0, 1, 2, 3))
            tif = (
                order.time_in_force
                if kind in (STOP_LIMIT, TAKE_PROFIT_LIMIT)
                else rng.choice((GTC, IOC, FOK))
            )
            order = replace(order, order_type=kind, trigger_tick=trigger, time_in_force=tif)
        limited = order.order_type in (LIMIT, STOP_LIMIT, TAKE_PROFIT_LIMIT)
        if limited and rng.random() < 0.4:
            order = replace(order, lots=rng.randint(2, 15), display=rng.randint(1, 2))
        if order.time_in_force == GTD:
            order = replace(order, lasts=rng.choice((1, 20, rng.randint(1, 200), 500, 5_000)))
        slide = limited and rng.random() < 0.25
        return replace(order, reduce_only=rng.random() < 0.3, slide=slide)

    def _to_known(self, action: Action) -> Action:
        """Aim an action at an order that was sent lately, mostly."""
        if not self.sent or self.rng.random() < 0.1:
            return action
        asset, order_id = self.rng.choice(self.sent)
        return replace(action, asset=asset, order_id=order_id)

    def _priced(self, action: Action) -> Action:
        side = self.rng.choice((1, -1))
        inside = self.rng.choice((-3, -1, 1, 1, 1, 1, 2, 2, 2, 3))
        lots = self.rng.choice((self.rng.randint(1, 3), self.rng.randint(1, 12)))
        return replace(action, side=side, tick=self.mid_ticks[action.asset] - side * inside, lots=lots)


def random_script(rng: random.Random, mid_ticks: list[int], options: ScriptOptions) -> list[Action]:
    """Make a script for assets whose prices move about these ticks."""
    author = _Author(rng, mid_ticks, options)
    script = [author.write() for _ in range(options.actions)]
    if options.step_first:
        first = Action(ELAPSE, duration=rng.randint(0, 50))
        script.insert(0, rng.choice((first, replace(first, kind=WAIT_FEED, duration=100))))
    return script


def _duration(rng: random.Random) -> int:
    return rng.choice((0, 1, 5, rng.randint(1, 60), rng.randint(1, 60), rng.randint(50, 300)))
