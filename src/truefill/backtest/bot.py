"""The bot: what a strategy talks to. Ordinary Python classes over the engine's records.

Compiled code sees the same classes as one-pointer types (`bot_compiled`); an interpreted strategy drives
the same compiled engine through them. Records that `orders`, `state_values` and friends give out alias
the live state: they change as time moves on, in both worlds alike.
"""

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from truefill.backtest import seams
from truefill.backtest.account import Account, AccountBinding, checked_accounts, currencies_of, members_of
from truefill.backtest.account_records import ACCOUNT
from truefill.backtest.activity import Activity, activity_of
from truefill.backtest.arguments import BAD_DISPLAY, BAD_SIDE, raise_bad_argument
from truefill.backtest.asset import Asset, Binding
from truefill.backtest.chain import Chain
from truefill.backtest.chain_kernels import gather_trades
from truefill.backtest.computing import charge, compute, measured_advance
from truefill.backtest.depth import Depth
from truefill.backtest.engine import ENTRIES, RARE_ENTRIES
from truefill.backtest.feed_events import read_events_at
from truefill.backtest.feeds import Feed, checked_feeds, feed_table
from truefill.backtest.local_side import clear_trades, feed_times, trades_seen
from truefill.backtest.models.exchanges import ProRataExchange, UserExchange
from truefill.backtest.orders import Orders, Record, checked_order_id
from truefill.backtest.queue_positions import queue_position_entry, run_tracked
from truefill.backtest.records import ASSET, RUN, fills_at, trades_at
from truefill.backtest.tape_binding import free_blocks
from truefill.core.address import free, i64_view, record_view
from truefill.core.errors import BotError, ConfigError, shown
from truefill.core.events import EVENT, NO_BID_TICK, NO_TIME
from truefill.core.gate import real, truth, whole
from truefill.core.records import GTC, LIMIT, REDUCE_ONLY, SLIDE, STATE

_STATE_OFFSET = ASSET.fields["position"][1]  # type: ignore[index]
_LOGS = (
    "resting",
    "waiting",
    "requests",
    "responses",
    "positions",
    "fills",
    "orders_log",
    "records",
    "kept",
    "events",
    "places",
)
_BLOCKS = (
    *(f"{name}_addr" for name in _LOGS),
    "bids_addr",
    "asks_addr",
    "xmap_keys_addr",
    "xmap_slots_addr",
    "lmap_keys_addr",
    "lmap_slots_addr",
)
_state_at = record_view(STATE)
_INT64_MIN = NO_BID_TICK
_EVENT_ROW = EVENT.itemsize
UNTIL_END_OF_DATA = NO_TIME
ALL_ASSETS = -1
MEASURED = "measured"
TRACKED = "Bot(..., track_queues=True), which keeps the places of own orders in their queues"


class Bot:
    """A market that a strategy trades in, moved on by the strategy's own calls.

    Parameters
    ----------
    assets : sequence of Asset
        One or more instruments, all over the same time.
    compute_ns : int or "measured"
        The strategy's own computing time, ns: its requests leave so long after it woke, and it cannot wake
        again before. ``"measured"``: what it really takes on this machine, from the second call that moves
        time on; such a run does not repeat (``bot.repeats``).
    feeds : sequence of Feed
        Events that reach the strategy and no book, `last_events` reads them; the run goes on until they end.
    track_queues : bool
        Keep where own orders stand in their queues, for `queue_position`.
    accounts : Account or sequence of Account, optional
        What the assets trade with (docs/accounts.md); without any they have unlimited credit.

    Notes
    -----
    Return codes are HftBacktest's: 0 done, 1 end of data, 2 feed, 3 order response, 10 order id exists,
    11 request in process, 12 order not found, 18 interrupted, 20 too many orders, 21 a model failed, 1000 + n
    the risk model held the request back, for reason n. Arguments that cannot be meant raise BotError.
    """

    def __init__(
        self,
        assets: Sequence[Asset],
        *,
        compute_ns: int | str = 0,
        track_queues: bool = False,
        accounts: Account | Sequence[Account] | None = None,
        feeds: Sequence[Feed] = (),
    ) -> None:
        assets = _assets(assets)
        self.accounts = tuple(checked_accounts(accounts))
        members = members_of(self.accounts, assets)
        self.assets = tuple(assets)
        self.feeds = checked_feeds(feeds)
        self._run_array = np.zeros(1, RUN)
        self._table = np.zeros(len(assets), ASSET)
        self._run = self._run_array[0]
        self._p = int(self._run_array.ctypes.data)
        names = [name for asset in assets for name in asset.currencies]
        self.currencies = tuple(dict.fromkeys([*names, *currencies_of(self.accounts, assets)]))
        self._bindings = [
            Binding(asset, number, self._p, self.currencies) for number, asset in enumerate(assets)
        ]
        for row, binding in zip(self._table, self._bindings, strict=True):
            for name, value in binding.values.items():
                row[name] = value
        run = self._run
        self._bind_accounts(members)
        run["num_assets"] = len(assets)
        run["assets_addr"] = self._table.ctypes.data
        self._feed_table = feed_table(self.feeds)
        run["num_feeds"] = len(self.feeds)
        run["feeds_addr"] = self._feed_table.ctypes.data
        run["now"] = self._first_time()
        self.compute_ns = _compute_ns(compute_ns)
        for name, entry in ENTRIES.items():
            run[f"f_{name}"] = entry.address
        run["f_move"] = run["f_advance"]
        rare = _rare_entries(assets, self.accounts)
        for name in rare + (["next_event", "take_events"] if self.feeds else []):
            run[f"f_{name}"] = RARE_ENTRIES[name].address
        self._call = {name: entry.ctypes for name, entry in ENTRIES.items()}
        self.track_queues = truth(track_queues, "True or False", ConfigError, "Bot.track_queues")
        if self.track_queues:
            self._track_queues()
        if self.compute_ns != 0:
            self._charge_computing()
        self.start_timestamp = int(run["now"])
        self.end_timestamp = self._last_time()
        self.closed = False
        blocks = [binding.tapes.blocks for binding in self._bindings]
        self._finalizer = weakref.finalize(self, _free_memory, self._table, self._account_table, blocks)

    def _bind_accounts(self, members: list[list[tuple[int, Asset]]]) -> None:
        self._account_table = np.zeros(len(self.accounts), ACCOUNT)
        self._account_bindings = [
            AccountBinding(account, number, self._p, found, self.currencies)
            for number, (account, found) in enumerate(zip(self.accounts, members, strict=True))
        ]
        self._run["num_accounts"] = len(self.accounts)
        self._run["accounts_addr"] = self._account_table.ctypes.data
        for number, (row, binding) in enumerate(
            zip(self._account_table, self._account_bindings, strict=True)
        ):
            for name, value in binding.values.items():
                row[name] = value
            for k, (asset_number, _) in enumerate(binding.members):
                asset = self._table[asset_number]
                asset["account_addr"] = self._account_table.ctypes.data + number * ACCOUNT.itemsize
                asset["holding"] = k

    def _track_queues(self) -> None:
        run = self._run
        run["f_run_plainly"] = run["f_run_exchange"]
        run["f_run_exchange"] = run_tracked.address
        run["f_queue_position"] = queue_position_entry.address

    def _charge_computing(self) -> None:
        run = self._run
        run["f_compute"] = compute.address
        if self.repeats:
            run["compute_ns"] = self.compute_ns
            return
        run["f_charge"] = charge.address
        run["f_advance"] = measured_advance.address
        self._call["advance"] = measured_advance.ctypes

    @property
    def repeats(self) -> bool:
        """Whether the same run gives the same again: not when computing time is measured."""
        return self.compute_ns != MEASURED

    def _times(self) -> list[tuple[int, int]]:
        """First and last time of each view that holds anything."""
        spans = [span for asset in self.assets for span in asset.spans]
        columns = [feed.events["local_ts"] for feed in self.feeds if len(feed.events)]
        return spans + [(int(ts[0]), int(ts[-1])) for ts in columns]

    def _first_time(self) -> int:
        return min((first for first, _ in self._times()), default=0)

    def _last_time(self) -> int:
        return max((last for _, last in self._times()), default=0)

    def _asset(self, asset_no: int) -> np.void:
        last = len(self.assets) - 1
        row: np.void = self._table[whole(asset_no, f"an asset number from 0 to {last}", 0, last, BotError)]
        return row

    def _numbers(self, asset_no: int) -> list[int]:
        """One asset, or all of them."""
        last = len(self.assets) - 1
        what = f"an asset number from 0 to {last}, or ALL_ASSETS (-1)"
        number = whole(asset_no, what, ALL_ASSETS, last, BotError)
        return list(range(len(self.assets))) if number == ALL_ASSETS else [number]

    @property
    def current_timestamp(self) -> int:
        """Time now, UTC ns. Before the first step: the time of the earliest event."""
        return int(self._run["now"])

    @property
    def num_assets(self) -> int:
        """Number of assets."""
        return len(self.assets)

    @property
    def max_orders(self) -> int:
        """How many orders the largest table of the assets has room for."""
        return max(asset.max_orders for asset in self.assets)

    def depth(self, asset_no: int) -> Depth:
        """The book of an asset."""
        return Depth(self, self._asset(asset_no))

    def position(self, asset_no: int) -> float:
        """Position of an asset, in units, from the executions reported so far."""
        return float(self._asset(asset_no)["position"])

    def state_values(self, asset_no: int) -> Record:
        """Position, balance, fee, num_trades, trading_volume, trading_value: a fold over the fills."""
        address = self._asset(asset_no).__array_interface__["data"][0]
        return Record(_state_at(address + _STATE_OFFSET))

    def account(self, account_no: int) -> Record:
        """Cash, equity and margins of an account, from what has been reported here: ACCOUNT_STATE.

        A picture of this moment: ask again after time has moved on.
        """
        return Record(self._account_state(self._account_number(account_no), -1))

    def account_balance(self, account_no: int, currency_no: int) -> float:
        """Balance of an account in one currency, its number in `currencies`, as reported here."""
        number = self._account_number(account_no)
        last = len(self.currencies) - 1
        wanted = f"a currency number from 0 to {last}"
        self._account_state(number, whole(currency_no, wanted, 0, last, BotError))
        return float(self._account_table[number]["balance_out"])

    def _account_number(self, account_no: int) -> int:
        last = len(self.accounts) - 1
        wanted = f"an account number from 0 to {last}" if self.accounts else "a bot with accounts"
        return whole(account_no, wanted, 0, last, BotError)

    def _account_state(self, number: int, currency: int) -> np.void:
        self._status(RARE_ENTRIES["read_account"].ctypes(self._p, number, currency))
        state: np.void = self._account_bindings[number].state[0]
        return state

    def orders(self, asset_no: int) -> Orders:
        """Own orders of an asset."""
        return Orders(self._asset(asset_no))

    def queue_position(self, asset_no: int, order_id: int) -> float:
        """Quantity of the market ahead of an own order in its queue now, in units, as far as it can be known.

        The queue model's word (on a tape of single orders the truth) at the newest exchange time of the feed
        that has arrived here, and no later. NaN where nothing can be known: no such order, no answer yet,
        it is over, a stop that has not been triggered, or the feed has not yet come to the time at which it
        joined its queue (``order.queue_ahead`` is what the exchange said then).

        Raises
        ------
        BotError
            The bot was made without ``track_queues=True``.
        """
        number = int(self._asset(asset_no)["number"])
        order_id = checked_order_id(order_id)
        if not self.track_queues:
            raise BotError(TRACKED, "a bot that does not track them")
        ahead = float(queue_position_entry.ctypes(self._p, number, order_id))
        if ahead < 0:
            self._status(int(ahead))
        return ahead

    def fills(self, asset_no: int, first: int = 0) -> np.recarray:
        """Give the executions reported so far from number `first` on, FILL records, oldest first.

        Interpreted a copy. Compiled a view of the engine's log, to be read while the bot lives: return
        ``bot.fills(a).copy()`` to keep it longer.
        """
        a = self._asset(asset_no)
        first = whole(first, "a number of fills from 0", 0, NO_TIME, BotError)
        return fills_at(a["fills_addr"], a["fills_seen"])[first:].copy().view(np.recarray)

    def last_trades(self, asset_no: int) -> np.recarray:
        """Market trades that arrived since `clear_last_trades`, EVENT records, oldest first."""
        a = self._asset(asset_no)
        first, end = int(a["trades_cleared"]), int(trades_seen(a))
        bound = self._bindings[int(a["number"])].tapes
        if bound.blocks is None:
            return bound.trades[first:end].view(np.recarray)
        address = a["trades_addr"] + first * _EVENT_ROW
        if a["trades_carried"] > 0:
            address = gather_trades.ctypes(a.__array_interface__["data"][0])
        # a copy: the chain may use the memory again for its next tape
        return trades_at(address, a["trades_carried"] + end - first).copy().view(np.recarray)

    def activity(self, asset_no: int) -> Activity:
        """How much has arrived from an asset's market since the run began: events, trades, volume."""
        feed_events, best_changes, trades, volume = activity_of(self._asset(asset_no))
        return Activity(int(feed_events), int(best_changes), int(trades), float(volume))

    def clear_last_trades(self, asset_no: int) -> None:
        """Forget the market trades that have arrived, of one asset or (ALL_ASSETS) of all."""
        for number in self._numbers(asset_no):
            clear_trades(self._table[number])

    @property
    def num_feeds(self) -> int:
        """Number of feeds that are on no tape."""
        return len(self.feeds)

    def _source(self, number: int) -> np.void:
        """An asset's row, or behind the assets a feed's."""
        count = self.num_assets
        last = count + self.num_feeds - 1
        what = f"a number from 0 to {last}: of an asset, or from {count} on of a feed"
        number = whole(number, what, 0, last, BotError)
        row: np.void = self._table[number] if number < count else self._feed_table[number - count]
        return row

    def last_events(self, number: int) -> np.recarray:
        """Events of other kinds that arrived since `clear_last_events`, EVENT records, oldest first.

        Parameters
        ----------
        number : int
            An asset's number: the rows on its tape that are neither book nor trade (mark price, funding,
            tickers, kinds of your own). From ``num_assets`` on: the feeds of `Bot(feeds=)`, in their order.

        Notes
        -----
        Interpreted a copy. Compiled a view that holds until `clear_last_events`: copy what you keep longer.
        """
        row = self._source(number)
        if number < self.num_assets:
            count = int(read_events_at(row.__array_interface__["data"][0]))
            return trades_at(row["events_addr"], count).copy().view(np.recarray)
        events = self.feeds[int(number) - self.num_assets].events
        return events[int(row["cleared"]) : int(row["seen"])].copy().view(np.recarray)

    def clear_last_events(self, number: int) -> None:
        """Forget the events that have arrived, of one asset or feed or (ALL_ASSETS) of all."""
        total = self.num_assets + self.num_feeds
        every = isinstance(number, int | np.integer) and number == ALL_ASSETS
        for each in range(total) if every else (number,):
            row = self._source(each)
            if each < self.num_assets:
                read_events_at(row.__array_interface__["data"][0])
                row["events_count"] = 0
            else:
                row["cleared"] = row["seen"]

    def clear_inactive_orders(self, asset_no: int) -> None:
        """Drop filled, cancelled and expired orders from the table, of one asset or (ALL_ASSETS) of all."""
        for number in self._numbers(asset_no):
            self._status(self._call["clear_inactive"](self._p, number))

    def feed_latency(self, asset_no: int) -> tuple[int, int] | None:
        """(exchange time, local time) of the last feed event that arrived, ns; None before the first.

        Compiled code unpacks it after the test for None: ``exch_ts, local_ts = latency``.
        """
        a = self._asset(asset_no)
        exch_ts, local_ts = feed_times(a)
        return (int(exch_ts), int(local_ts)) if local_ts != 0 else None

    def order_latency(self, asset_no: int) -> tuple[int, int, int] | None:
        """(request, exchange, response) times of the last answered request, ns; None before the first.

        Compiled code unpacks it after the test for None, as `feed_latency`.
        """
        a = self._asset(asset_no)
        if a["order_response_ts"] == 0:
            return None
        return int(a["order_request_ts"]), int(a["order_exch_ts"]), int(a["order_response_ts"])

    def _status(
        self, status: int, number: int = 0, price: float = 0.0, qty: float = 0.0, tif: int = 0, kind: int = 0
    ) -> int:
        if status < 0:
            raise_bad_argument(status, number, price, qty, tif, kind, len(self.assets))
        return int(status)

    def _submit(
        self,
        side: int,
        asset_no: int,
        order_id: int,
        price: float,
        qty: float,
        tif: int,
        kind: int,
        wait: bool,
        trigger: float = 0.0,
        display: float = 0.0,
        expire_ts: int = 0,
        flags: int = 0,
    ) -> int:
        a = self._asset(asset_no)
        order_id = checked_order_id(order_id)
        price, qty = _number(price, "price"), _number(qty, "quantity")
        # the engine says which of them it knows; here they only have to reach it unchanged
        tif = whole(tif, "a time in force", _INT64_MIN, NO_TIME, BotError)
        kind = whole(kind, "an order type", _INT64_MIN, NO_TIME, BotError)
        number = int(a["number"])
        more = _number(trigger, "trigger price"), _number(display, "display quantity"), expire_ts, flags
        status = self._call["submit"](
            self._p, number, side, order_id, price, qty, tif, kind, _wait(wait), *more
        )
        number = side if status == BAD_SIDE else number
        return self._status(status, number, price, more[1] if status == BAD_DISPLAY else qty, tif, kind)

    def submit_buy_order(
        self,
        asset_no: int,
        order_id: int,
        price: float,
        qty: float,
        time_in_force: int = GTC,
        order_type: int = LIMIT,
        wait: bool = False,
    ) -> int:
        """Send a buy order.

        Parameters
        ----------
        asset_no : int
        order_id : int
            Not in the table yet; 0 to 2**64 - 1.
        price : float
            Rounded to the nearest tick. A market order ignores it.
        qty : float
            In units; a multiple of the lot.
        time_in_force : int
            GTC, GTX (post only), IOC or FOK.
        order_type : int
            LIMIT or MARKET.
        wait : bool
            Move time on until the first answer about this order.

        Returns
        -------
        int
            0; with `wait` 1 when the data ends; 10 the id exists; 20 the table is full; 1000 + n the risk
            model held it back for reason n.

        Raises
        ------
        BotError
            Price or quantity not finite, not positive, off the lot; asset, id, type out of range.
        """
        return self._submit(1, asset_no, order_id, price, qty, time_in_force, order_type, wait)

    def submit_sell_order(
        self,
        asset_no: int,
        order_id: int,
        price: float,
        qty: float,
        time_in_force: int = GTC,
        order_type: int = LIMIT,
        wait: bool = False,
    ) -> int:
        """Send a sell order; as `submit_buy_order`."""
        return self._submit(-1, asset_no, order_id, price, qty, time_in_force, order_type, wait)

    def submit_order(
        self,
        asset_no: int,
        order_id: int,
        side: int,
        price: float,
        qty: float,
        time_in_force: int = GTC,
        order_type: int = LIMIT,
        wait: bool = False,
        trigger_price: float = 0.0,
        display_qty: float = 0.0,
        expire_ts: int = 0,
        reduce_only: bool = False,
        post_only_slide: bool = False,
    ) -> int:
        """Send an order of any type: docs/orders.md.

        Parameters
        ----------
        asset_no, order_id, price, qty, wait
            As for `submit_buy_order`; `price` is ignored where the type has no limit.
        side : int
            BUY_SIDE or SELL_SIDE.
        time_in_force : int
            GTC, GTX (post only), IOC, FOK or GTD.
        order_type : int
            LIMIT, MARKET, STOP_MARKET, STOP_LIMIT, TAKE_PROFIT_MARKET or TAKE_PROFIT_LIMIT.
        trigger_price : float
            For stops and take-profits: the trade price that brings them to the book.
        display_qty : float
            Iceberg: what is shown at a time, in units; 0 shows all.
        expire_ts : int
            With GTD: exchange time at which the order ends, ns.
        reduce_only : bool
            It never opens or turns the position that the exchange knows.
        post_only_slide : bool
            Post-only, and where it would take it moves to one tick behind the touch.

        Returns
        -------
        int
            As `submit_buy_order`.

        Raises
        ------
        BotError
            As `submit_buy_order`; parts that do not fit each other.
        """
        side = whole(side, "a side BUY_SIDE 1 or SELL_SIDE -1", -1, 1, BotError)
        expire_ts = whole(expire_ts, "an expire_ts from 0 to 2**63 - 1 ns", 0, NO_TIME, BotError)
        flags = 0
        if truth(reduce_only, "True or False as reduce_only", BotError):
            flags |= REDUCE_ONLY
        if truth(post_only_slide, "True or False as post_only_slide", BotError):
            flags |= SLIDE
        terms = (price, qty, time_in_force, order_type, wait, trigger_price, display_qty, expire_ts, flags)
        return self._submit(side, asset_no, order_id, *terms)

    def modify(self, asset_no: int, order_id: int, price: float, qty: float, wait: bool = False) -> int:
        """Change an order's price and open quantity.

        A smaller or equal open quantity at the same price keeps the place in the queue; all else loses it
        and may take. Returns 0, 11 (a request is in process), 12 (no such order), 1000 + n (the risk
        model held it back), with `wait` also 1.
        """
        a = self._asset(asset_no)
        price, qty = _number(price, "price"), _number(qty, "quantity")
        number = int(a["number"])
        status = self._call["modify"](self._p, number, checked_order_id(order_id), price, qty, _wait(wait))
        return self._status(status, number, price, qty)

    def cancel(self, asset_no: int, order_id: int, wait: bool = False) -> int:
        """Ask for an order's cancellation. Returns 0, 11, 12, with `wait` also 1."""
        number = int(self._asset(asset_no)["number"])
        return self._status(
            self._call["cancel"](self._p, number, checked_order_id(order_id), _wait(wait)), number
        )

    def _until(self, duration: int, what: str) -> int:
        duration = whole(duration, f"{what} from 0 to 2**63 - 1 whole nanoseconds", 0, NO_TIME, BotError)
        return min(self.current_timestamp + duration, NO_TIME)

    def elapse(self, duration: int) -> int:
        """Move time on by `duration` ns. Returns 0, or 1 when the data has ended."""
        stop = self._until(duration, "a duration")
        return self._status(self._call["advance"](self._p, stop, seams.WAIT_NOTHING, 0, 0))

    def wait_next_feed(self, include_order_resp: bool, timeout: int) -> int:
        """Move on to the next feed event (or order response), at most `timeout` ns.

        Returns 0 (timeout), 1 (end of data), 2 (feed), 3 (order response).
        """
        stop = self._until(timeout, "a timeout")
        both = truth(include_order_resp, "True or False as include_order_resp", BotError)
        wait = seams.WAIT_FEED_OR_RESPONSE if both else seams.WAIT_FEED
        return self._status(self._call["advance"](self._p, stop, wait, 0, 0))

    def wait_order_response(self, asset_no: int, order_id: int, timeout: int) -> int:
        """Move on to the next answer about an order, at most `timeout` ns: 0, or 1 at the end of data."""
        number = int(self._asset(asset_no)["number"])
        stop = self._until(timeout, "a timeout")
        order_id = checked_order_id(order_id)
        return self._status(self._call["advance"](self._p, stop, seams.WAIT_ORDER, number, order_id))

    def record(self) -> None:
        """Keep a sample of time, mid price and state of every asset, for the statistics."""
        self._status(self._call["record"](self._p))

    def interrupt(self) -> None:
        """Make every time-moving call return 18 from now on: the loop ends. Any thread may call."""
        self._run["stop"] = 1

    @property
    def interrupted(self) -> bool:
        """Whether `interrupt` or `close` was called."""
        return bool(self._run["stop"])

    def close(self) -> int:
        """End the run; what happened stays readable. Returns 0."""
        self.closed = True
        self._run["stop"] = 1
        return 0


def _assets(given: Any) -> list[Asset]:
    try:
        assets = [given] if isinstance(given, Asset) else list(given)
    except TypeError:
        assets = []
    if not assets or not all(isinstance(asset, Asset) for asset in assets):
        raise ConfigError("one or more Asset objects", shown(given), "Bot")
    return assets


def _rare_entries(assets: list[Asset], accounts: tuple[Account, ...]) -> list[str]:
    """Entries that only some models need: they are not compiled for a run that has none of these."""
    needed = []
    if any(asset.risk is not None for asset in assets):
        needed.append("check_risk")
    if any(isinstance(asset.exchange, UserExchange) for asset in assets):
        needed.append("fill_by_user")
    if any(isinstance(asset.exchange, ProRataExchange) for asset in assets):
        needed.append("share_out")
    if any(asset.latency.reports_position for asset in assets):
        needed += ["tell_position", "hear_positions"]
    if accounts:
        needed += ["run_rounds", "account_refusal", "read_account"]
    if any(isinstance(asset.tape, Chain) for asset in assets):
        needed += ["next_tape", "gather_trades"]
    return needed


def _compute_ns(given: Any) -> int | str:
    if isinstance(given, str) and given == MEASURED:
        return MEASURED
    wanted = "0 ns to 10**15 ns (11 days), or 'measured'"
    return whole(given, wanted, 0, 10**15, ConfigError, "Bot.compute_ns")


def _number(value: Any, what: str) -> float:
    return real(value, f"a number as {what}", BotError)


def _wait(value: Any) -> int:
    return int(truth(value, "True or False as wait", BotError))


def _free_memory(table: np.ndarray, accounts: np.ndarray, blocks: list[np.ndarray | None]) -> None:
    """Give the engine's C memory back."""
    for of_chain in blocks:
        if of_chain is not None:
            free_blocks(of_chain)
    for account in accounts:
        free(account["payments_addr"])
        account["payments_addr"] = account["payments_count"] = 0
    for a in table:
        kept = i64_view(a["kept_addr"], int(a["kept_count"])).copy()
        for address in kept:
            free(address)
        for name in _BLOCKS:
            free(a[name])
            a[name] = 0
