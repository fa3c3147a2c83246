"""What travels between the two sides: orders, requests, responses; and what stays: fills."""

from dataclasses import dataclass, field

from tests.twin.queues import QueuePosition
from truefill.core.records import CANCELED, EXPIRED, FILLED, NEW, NONE, PARTIALLY_FILLED, REPLACED


@dataclass
class TwinOrder:
    """One order as one side knows it. Prices in ticks, quantities in lots, times in ns."""

    order_id: int
    side: int
    price_tick: int
    qty: int
    order_type: int
    time_in_force: int
    leaves: int = 0
    exec_qty: int = 0  # of the last execution
    exec_price_tick: int = 0
    filled: int = 0  # of all executions
    exch_ts: int = 0
    local_ts: int = 0
    status: int = NONE
    req: int = NONE
    maker: bool = False
    queue_ahead: float = 0.0  # when it came to rest, lots
    trigger_tick: int = 0
    display: int = 0  # lots of an iceberg's tip
    expire_ts: int = 0
    reduce_only: bool = False
    slide: bool = False
    reason: int = 0
    # exchange side only
    queue: QueuePosition = field(default_factory=lambda: QueuePosition(0.0))
    entry_ts: int = 0  # came to rest (maker) or arrived (taker)
    shown: int = 0  # left of the tip
    arrival: int = 0  # running number, its time priority among own orders
    # local side only
    request: int = 0  # number of the request that is under way
    life: int = 0  # number of the request that it began with: an id may be used again
    heard: int = 0  # number of the newest response that it shows
    confirmed: tuple[int, int] = (0, 0)  # price tick and quantity before that request

    @property
    def open(self) -> bool:
        """Whether it may still trade, as far as this side knows."""
        return self.status not in (EXPIRED, FILLED, CANCELED)

    @property
    def open_lots(self) -> int:
        """What it may still trade; while a modify is under way, the more of what it was and will be."""
        return max(self.leaves, self.qty) if self.req == REPLACED else self.leaves

    @property
    def cancellable(self) -> bool:
        """Whether it is open, as far as this side knows, and nothing is under way."""
        return self.status in (NEW, PARTIALLY_FILLED) and self.req == NONE


@dataclass(frozen=True)
class TwinFill:
    """One execution."""

    trade_id: int
    order_id: int
    side: int
    maker: bool
    price_tick: int
    lots: int
    exch_ts: int
    entry_ts: int
    queue_ahead: float  # lots
    bid: int | None  # best ticks of the exchange's book at the fill
    ask: int | None
    local_ts: int = 0  # its report arrived


@dataclass(frozen=True)
class Request:
    """A copy of the local order with what is asked for in ``order.req``."""

    number: int
    order: TwinOrder


@dataclass(frozen=True)
class Response:
    """A copy of the exchange's order, or of the request's when ``rejected``."""

    order: TwinOrder
    fills: tuple[TwinFill, ...] = ()
    request: Request | None = None  # None: a fill that nobody asked about
    rejected: bool = False
    exch_ts: int = 0  # 0: it never reached the exchange
    number: int = 0  # in the order in which the exchange sent them
