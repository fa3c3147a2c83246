"""The records that hold a run together: what compiled code reaches from one address.

RUN holds the clock and the addresses of engine entries and of the asset table; ASSET, one row of that
table, holds an instrument's constants, its models, its cursors into the tape, and the addresses of its
arrays. Names that end in ``_addr`` are addresses. Quantities are integer lots, prices integer ticks.

Arrays whose size the data decides belong to NumPy (the `Bot` keeps them alive); logs that grow are C
memory of the engine (`core.address.reallocate`), freed when the bot goes.
"""

import numpy as np

from truefill.core.address import array_view, record_view
from truefill.core.events import EVENT
from truefill.core.limits import LIMITS
from truefill.core.records import FILL, ORDER, ORDER_LOG, RECORD
from truefill.core.tape_records import BEST, CUSTOM_MORE, CUSTOM_ROW, EXCH_RUN, STOP

I8, I4, F8, U1, I1 = "<i8", "<i4", "<f8", "u1", "i1"

# Kinds of a message between the two sides; also what a latency model is asked about.
PLACE = 0
MODIFY = 1
CANCEL = 2
REPORT = 3  # answer to one of the three
FILL_REPORT = 4  # news of a resting order's execution
POSITION_REPORT = 5  # news of the position, where it is a message of its own
MESSAGE_KINDS = 6

# What a model is: built in, or the user's by address.
USER_MODEL = 99
CONSTANT_LATENCY, CALLED_LATENCY = 0, 1
RISK_AVERSE, LOG_2, POWER, LOG, POWER_2, POWER_3, EVIDENCE = 0, 1, 2, 3, 4, 5, 6
L3_FIFO = 50  # a queue whose places the tape tells
# What fills resting orders: trades and a model of the queue; fills that name an order; trades, places known.
BY_LEVEL, BY_FILLS, BY_TRADES = 0, 1, 2
TRIGGER_TRADE, TRIGGER_BEST, TRIGGER_MARK = 0, 1, 2  # what wakes stops
NO_PARTIAL_FILL, FIFO, PARTIAL_FILL, PRO_RATA = 0, 1, 2, 3
BY_VALUE, BY_QUANTITY, PER_TRADE = 0, 1, 2

NO_RISK_MODEL, RISK_LIMITS = 0, 1

# Which model failed.
LATENCY_MODEL, QUEUE_MODEL, FEE_MODEL, EXCHANGE_MODEL, RISK_MODEL = 1, 2, 3, 4, 5
MODEL_NAMES = {
    LATENCY_MODEL: "latency",
    QUEUE_MODEL: "queue",
    FEE_MODEL: "fee",
    EXCHANGE_MODEL: "exchange",
    RISK_MODEL: "risk",
}

# An order at the exchange. `queue` part: what a queue model keeps of it.
RESTING = np.dtype(
    [
        ("front", F8),  # quantity ahead, lots
        ("traded", F8),  # traded at its price since the last depth change, lots
        ("extra0", F8),  # for the user's models
        ("extra1", F8),
        ("event_ts", I8),  # exchange time of what a user's model is told of
        ("order_id", "<u8"),
        ("tick", I8),
        ("qty", I8),
        ("leaves", I8),
        ("filled", I8),
        ("entry_ts", I8),
        ("ahead", F8),  # front at entry
        ("arrival", I8),  # running number: time order
        ("book_index", I8),  # where its level stands in the book; -1: no depth row ever names its price
        ("side", I8),
        ("tif", I8),
        # evidence about its place (models.queue_evidence)
        ("traded_ts", I8),  # of the last trade at its price
        ("gone_ts", I8),  # of the last decrease of its level that no trade explained
        ("gone", F8),  # those decreases within `late_ns`, lots
        ("moved", F8),  # by how much they brought the order forward
        ("row_since", I8),  # whether its level has changed since the last trade
        ("next_free", I8),
        # rules of the exchange
        ("allotted", I8),  # of the trade that is being shared out
        # a tape of single orders
        ("entry_row", I8),  # rows of the exchange's view when it came to rest
        ("order_type", I8),  # of a triggered order: LIMIT or MARKET
        ("flags", I8),
        ("trigger", I8),  # tick
        ("waits", I8),  # 1: a stop that has not been triggered, and stands in no queue
        ("expire_ts", I8),  # NO_TIME: never
        ("display", I8),  # iceberg: lots of a tip, 0 none
        ("shown", I8),  # iceberg: what is left of the tip
        ("reason", I8),  # core.reasons
    ],
    align=True,
)

REQUEST = np.dtype(
    [
        ("ts", I8),  # arrival at the exchange
        ("local_ts", I8),
        ("order_id", "<u8"),
        ("tick", I8),
        ("qty", I8),
        ("kind", I1),
        ("side", I1),
        ("tif", I1),
        ("order_type", I1),
        # rules of the exchange
        ("trigger", I8),
        ("display", I8),
        ("expire_ts", I8),
        ("flags", I8),
    ],
    align=True,
)

RESPONSE = np.dtype(
    [
        ("ts", I8),  # arrival here
        ("exch_ts", I8),
        ("local_ts", I8),  # of the request it answers
        ("order_id", "<u8"),
        ("tick", I8),
        ("qty", I8),
        ("leaves", I8),
        ("filled", I8),
        ("exec_qty", I8),
        ("exec_tick", I8),
        ("fills", I8),  # executions reported up to and with this message
        ("fills_from", I8),  # with overtaking: and from this one on
        ("number", I8),  # with overtaking: in the order of sending
        ("ahead", F8),
        ("kind", I1),
        ("event", I1),  # core.order_states
        ("side", I1),
        ("tif", I1),
        ("order_type", I1),
        ("maker", I1),
        ("executed", I1),
        ("reason", U1),
    ],
    align=True,
)

# An execution on its way to the ledger, where the position is reported by messages of its own.
POSITION_NEWS = np.dtype(
    [
        ("ts", I8),  # arrival here
        ("lots", I8),  # bought, or (negative) sold
        ("value", F8),
        ("fee", F8),
    ],
    align=True,
)

# What the local side keeps of an order and the strategy need not see.
ORDER_META = np.dtype(
    [
        ("qty", I8),
        ("leaves", I8),
        ("old_qty", I8),
        ("old_tick", I8),
        ("submit_ts", I8),
        ("ack_ts", I8),
        ("end_ts", I8),
        ("heard", I8),  # with overtaking: number of the newest news of it
        ("modifies", I4),
        ("cancels", I4),
        ("previous", U1),
        ("modifying", U1),
        # its places in the queue that are kept (queue_positions.py): row number + 1, 0 none
        ("place_first", I8),
        ("place_last", I8),
    ],
    align=True,
)

# Where an own order stood in its queue after everything that happened at one moment.
QUEUE_PLACE = np.dtype(
    [
        ("ts", I8),  # exchange time
        ("entry_ts", I8),  # when it joined this queue
        ("front", F8),  # lots ahead
        ("next", I8),  # row number + 1 of the order's next one (of a free row: of the next free one), 0 none
        ("used", I8),
    ],
    align=True,
)


# What a fill rule of the user's is told of an own order that a trade or a crossing book reaches.
# Quantities in lots, prices in ticks.
FILL_CHANCE = np.dtype(
    [
        ("event", I8),  # 0 a trade, 1 the opposite best price moved onto the order
        ("timestamp", I8),  # at the exchange, ns
        ("order_id", "<u8"),
        ("side", I8),  # 1 buy, -1 sell
        ("tick", I8),
        ("qty", I8),
        ("leaves", I8),
        ("filled", I8),
        ("entry_ts", I8),  # it came to rest, ns
        ("front", F8),  # lots ahead of it now, the queue model's word
        ("front_at_entry", F8),
        ("level_qty", I8),  # of the market at the order's price, on its side
        ("bid_tick", I8),  # best prices of the exchange's book; NO_BID_TICK, NO_ASK_TICK: none
        ("ask_tick", I8),
        ("through", I8),  # ticks by which the event went beyond the order's price; 0: at it
        ("given", I8),  # lots of this event that other own orders have got already
        ("trade_tick", I8),  # a trade: its price,
        ("trade_qty", I8),  # its quantity,
        ("reached", I8),  # and how much of it was left when the order's turn came
        ("opposite_qty", I8),  # crossing: what the book shows from its best price to the order's
        ("extra0", F8),  # the model's own, from call to call
        ("extra1", F8),
        ("extra2", F8),
        ("extra3", F8),
    ],
    align=True,
)

# What a risk model is told of a request before it leaves. Quantities and prices in units.
RISK_REQUEST = np.dtype(
    [
        ("kind", I8),  # PLACE or MODIFY
        ("side", I8),  # 1 buy, -1 sell
        ("order_type", I8),
        ("order_id", "<u8"),
        ("timestamp", I8),  # now, ns
        ("price", F8),  # of a market order: the best opposite price known here, NaN without one
        ("qty", F8),  # open quantity that is asked for
        ("replaced_qty", F8),  # MODIFY: open quantity that the order has now
        ("value", F8),  # of `qty` at `price`, in the settlement currency
        ("position", F8),
        ("open_buy_qty", F8),  # of all open orders but this one
        ("open_sell_qty", F8),
        ("open_orders", I8),  # this one included when it is there already
        ("best_bid", F8),  # as known here, NaN without one
        ("best_ask", F8),
        ("extra0", F8),  # the model's own, from call to call
        ("extra1", F8),
        ("extra2", F8),
        ("extra3", F8),
    ],
    align=True,
)


def _log(name: str) -> list[tuple[str, str]]:
    """Fields of a growing log: address of its memory, rows used, rows there is room for."""
    return [(f"{name}_addr", I8), (f"{name}_count", I8), (f"{name}_room", I8)]


def _idmap(name: str) -> list[tuple[str, str]]:
    """Fields of a map order id -> slot (backtest.idmap)."""
    return [(f"{name}_keys_addr", I8), (f"{name}_slots_addr", I8), (f"{name}_mask", I8), (f"{name}_used", I8)]


# One tape's rows of other kinds: where they are.
EVENT_PART = np.dtype(
    [
        ("rows_addr", I8),  # CUSTOM_ROW[]
        ("rows", I8),
        ("runs_addr", I8),  # EXCH_RUN[]
        ("runs", I8),
        ("more_addr", I8),  # CUSTOM_MORE[]
        ("more", I8),
        ("ts_addr", I8),  # times of the groups as recorded, local and exchange
        ("exch_ts_addr", I8),
        ("groups", I8),
        ("offset", I8),  # of another location, ns
    ],
    align=True,
)

# A feed that is on no tape, and how far it has been read.
FEED = np.dtype(
    [
        ("events_addr", I8),  # EVENT[]
        ("count", I8),
        ("seen", I8),
        ("cleared", I8),
    ],
    align=True,
)

ASSET = np.dtype(
    [
        ("number", I8),
        ("run_addr", I8),
        # instrument
        ("tick_size", F8),
        ("lot_size", F8),
        ("order_lots", I8),  # smallest lots of the data in one lot of an order
        ("lots_per_unit", F8),  # 1 / lot_size where that is a whole number, else 0
        # contract and fees
        ("contract", I8),  # core.contracts
        ("multiplier", F8),  # multiplier or size of the contract
        ("fee_currency", I8),
        ("received_currency", I8),  # of what a buyer receives, when fees are taken from it; else -1
        # models
        ("exchange_model", I8),
        ("latency_model", I8),
        ("latency_call", I8),
        ("latency_params_addr", I8),
        ("latency_params_len", I8),
        ("queue_model", I8),
        ("queue_n", F8),
        ("queue_late_ns", I8),
        ("queue_clear_ts", I8),  # exchange time of the last clear; until it is over best prices prove nothing
        ("queue_call", I8),
        ("queue_params_addr", I8),
        ("queue_params_len", I8),
        ("queue_wants", I8),  # what a user's model is told of besides: WANTS_THROUGH, WANTS_BEST
        ("fee_model", I8),
        ("fee_ts", I8),  # exchange time of the execution that a schedule is asked about
        ("fee_maker", F8),
        ("fee_taker", F8),
        ("fee_call", I8),
        ("fee_params_addr", I8),
        ("fee_params_len", I8),
        ("model_out_i", I8),  # where a user's model puts its answer
        ("model_out_f", F8),
        # tape: the local side's levels, quantities too large for a column, trades
        ("levels", I8),
        ("level_tick_addr", I8),
        ("overflow_addr", I8),
        ("overflow_len", I8),
        ("trades_addr", I8),
        ("trades_len", I8),
        # tape, local view, and how far it has been read
        ("l_rows", I8),
        ("l_groups", I8),
        ("l_stops", I8),
        ("l_code_addr", I8),
        ("l_qty_addr", I8),
        ("l_ts_addr", I8),
        ("l_exch_ts_addr", I8),
        ("l_end_addr", I8),
        ("l_best_addr", I8),
        ("l_bests", I8),
        ("l_stops_addr", I8),
        ("l_last_ts", I8),  # time of the last group
        ("feed_ts", I8),  # feed up to and with this time has arrived
        ("l_best", I8),  # changes of the best prices that have arrived
        ("l_group", I8),  # groups that had arrived by `l_group_ts` (`local_side.settle_groups`)
        ("l_group_ts", I8),
        ("l_synced_ts", I8),  # the local book is that of this time
        ("l_row", I8),  # rows that are in the local book
        ("l_stop", I8),
        ("l_book_addr", I8),
        ("bid", I8),  # best levels, -1 none
        ("ask", I8),
        ("trades_seen", I8),  # trades that had arrived when they were last counted
        ("trades_cleared", I8),  # trades before this one the strategy has cleared
        ("in_gap", I8),  # as of stop number `l_gap_stop`
        ("l_gap_stop", I8),
        # tape, exchange view
        ("x_rows", I8),
        ("x_groups", I8),
        ("x_stops", I8),
        ("x_code_addr", I8),
        ("x_qty_addr", I8),
        ("x_ts_addr", I8),
        ("x_end_addr", I8),
        ("x_stops_addr", I8),
        ("x_clears", I8),  # clear stops in the view: none, and whole spans are plain stores
        ("x_group", I8),
        ("x_row", I8),
        ("x_stop", I8),
        ("x_book_addr", I8),
        ("x_own_addr", I8),  # flag per book index: an own order rests there
        ("x_bid", I8),
        ("x_ask", I8),
        # a tape of single orders
        ("by_order", I8),  # BY_LEVEL, BY_FILLS or BY_TRADES
        ("x_prio_addr", I8),
        # orders at the exchange
        *_log("resting"),
        ("resting_live", I8),
        ("resting_free", I8),  # first free slot of the pool, -1 none
        ("arrivals", I8),
        ("bids_addr", I8),  # slots of own bids, best price first, then time
        ("bids_count", I8),
        ("asks_addr", I8),
        ("asks_count", I8),
        ("ranks_room", I8),
        *_idmap("xmap"),
        ("trade_id", I8),
        # buses: [head, count) is in flight
        *_log("requests"),
        ("requests_head", I8),
        ("requests_last_ts", I8),
        *_log("responses"),
        ("responses_head", I8),
        ("responses_last_ts", I8),
        # orders here
        ("orders_addr", I8),
        ("orders_meta_addr", I8),
        ("orders_count", I8),
        ("orders_room", I8),
        ("orders_changed", I8),  # first slot whose order has changed since the event loop last looked
        *_idmap("lmap"),
        # order latency (models/latency.py)
        ("latency_ns_addr", I8),  # constant: ns by kind of message
        ("latency_state_addr", I8),  # what a model keeps between calls
        ("latency_offset", I8),  # of another location, ns, for models that are called
        # messages that may overtake each other (overtaking.py)
        ("overtaking", I8),
        ("sent", I8),  # messages sent by the exchange
        ("heard", I8),  # the highest number among those that arrived
        ("fills_told", I8),  # executions that are in a message
        # reports of the position as messages of their own (position_reports.py)
        ("position_reports", I8),
        *_log("positions"),
        ("positions_head", I8),
        # what has happened
        *_log("fills"),
        ("fills_seen", I8),  # of them reported here
        *_log("orders_log"),
        *_log("records"),
        ("kept_count", I8),  # outgrown blocks that a strategy may still look at
        ("kept_addr", I8),
        # state: a fold over the fills that were reported here
        ("position_lots", I8),
        ("volume_lots", I8),
        ("position", F8),
        ("balance", F8),
        ("fee", F8),
        ("num_trades", I8),
        ("trading_volume", F8),
        ("trading_value", F8),
        # latency of the last answered request
        ("order_request_ts", I8),
        ("order_exch_ts", I8),
        ("order_response_ts", I8),
        # rules of the exchange
        ("time_share", F8),  # pro-rata: share of a trade that goes by time
        ("min_share", I8),  # pro-rata: a smaller share by size is none
        # fill rules of the user's
        ("exchange_call", I8),  # 0: built in
        ("exchange_params_addr", I8),
        ("exchange_params_len", I8),
        ("chance_addr", I8),  # one FILL_CHANCE
        # risk model, asked before a request leaves
        ("risk_model", I8),
        ("risk_call", I8),
        ("risk_params_addr", I8),
        ("risk_params_len", I8),
        ("risk_request_addr", I8),  # one RISK_REQUEST
        ("risk_max_lots", I8),
        ("risk_max_position", I8),
        ("risk_max_value", F8),
        ("risk_max_orders", I8),
        ("risk_refused", I8),  # requests that did not leave
        ("self_trade", I8),  # core.self_trade
        ("limits_addr", I8),  # LIMITS record; 0: no limits
        # Chains of tapes (chain.py). The two sides may be in different tapes: `level_tick` and `overflow`
        # above are the local side's.
        ("chain_addr", I8),  # CHAIN record; 0: one tape
        ("x_levels", I8),
        ("x_level_tick_addr", I8),
        ("x_overflow_addr", I8),
        ("x_overflow_len", I8),
        ("x_until", I8),  # the last moment of this tape, before the next one's first; NO_TIME: the last tape
        ("l_until", I8),
        ("x_last_ts", I8),  # of the whole chain; the smallest int64 when nothing ever happens
        ("x_trade_tick", I8),  # last trade of the tapes before, 0: none
        ("trades_carried", I8),  # market trades of the tapes before that the strategy has not cleared
        ("x_position", I8),  # lots, from all executions at the exchange
        *_log("waiting"),  # slots of stops that have not been triggered, by arrival
        ("stop_trigger", I8),  # TRIGGER_TRADE, TRIGGER_BEST or TRIGGER_MARK, and for the last:
        ("marks", I8),  # changes of the mark price,
        ("mark_ts_addr", I8),  # their times at the exchange, ns,
        ("mark_tick_addr", I8),  # their prices in ticks, float64,
        ("mark_at", I8),  # and the next of them
        ("reduce_only", I8),  # such orders in the ranks
        ("expiry_ts", I8),  # the next order's that expires at its time, NO_TIME: none
        # places of own orders in their queues, where they are tracked (queue_positions.py)
        *_log("places"),
        ("places_free", I8),  # row number + 1 of the first free row, 0 none
        ("places_open", I8),  # 1: the moment `places_open_ts` is half done; 2: a request arrived in it
        ("places_open_ts", I8),
        ("places_group", I8),  # local groups that `places_fed_ts` has seen
        ("places_fed_ts", I8),  # the newest exchange time among them
        # what has arrived from the market (activity.py): of tapes that are over, and trades that are counted
        ("past_groups", I8),
        ("past_bests", I8),
        ("past_trades", I8),
        ("counted_trades", I8),
        ("counted_lots", I8),
        # accounts (account_records.py)
        ("account_addr", I8),  # ACCOUNT; 0: unlimited credit
        ("holding", I8),  # its number among the account's assets
        # rows of other kinds (feed_events.py): the tapes that they are on, and how far they have been read
        ("e_parts_addr", I8),  # EVENT_PART[]
        ("e_parts", I8),
        ("e_part", I8),
        ("e_row", I8),
        ("e_run", I8),
        ("e_more", I8),
        *_log("events"),  # those that have arrived and were not cleared
        # counters
        ("submits", I8),
        ("modifies", I8),
        ("cancels", I8),
        ("rejects", I8),
    ],
    align=True,
)

RUN = np.dtype(
    [
        ("now", I8),
        ("num_assets", I8),
        ("assets_addr", I8),
        ("stop", I8),  # set from outside: end the run
        ("error", I8),  # return code that every further step gives
        ("error_asset", I8),
        ("error_model", I8),
        ("error_ts", I8),
        ("error_call", I8),  # which of the model's functions
        ("error_x0", F8),  # its arguments
        ("error_x1", F8),
        ("error_x2", F8),
        ("error_x3", F8),
        ("error_slot", I8),  # of the resting order that it was about
        ("steps", I8),
        ("compute_ns", I8),  # the strategy's computing time (computing.py)
        ("f_compute", I8),
        ("f_move", I8),  # the engine's `advance`; what the strategy calls may be `measured_advance`
        ("f_charge", I8),  # 0: computing time is not measured
        ("woke_at", I8),  # real time at which the strategy woke
        ("ended", I8),  # whether the data has ended once
        ("f_advance", I8),
        ("f_run_exchange", I8),
        ("f_arrive", I8),
        ("f_meet", I8),
        ("f_submit", I8),
        ("f_modify", I8),
        ("f_cancel", I8),
        ("f_clear_inactive", I8),
        ("f_sync_book", I8),
        ("f_level_lots", I8),
        ("f_record", I8),
        ("f_check_risk", I8),
        ("f_fill_by_user", I8),
        ("f_share_out", I8),
        ("f_tell_position", I8),
        ("f_hear_positions", I8),
        # feeds that are on no tape (feed_events.py)
        ("num_feeds", I8),
        ("feeds_addr", I8),  # FEED[]
        ("f_next_event", I8),
        ("f_take_events", I8),
        # where own orders' places are tracked: f_run_exchange is the one that does it, and calls this
        ("f_run_plainly", I8),
        ("f_queue_position", I8),
        # accounts
        ("num_accounts", I8),
        ("accounts_addr", I8),
        ("f_run_rounds", I8),
        ("f_account_refusal", I8),
        ("f_read_account", I8),
        ("f_next_tape", I8),
        ("f_gather_trades", I8),
    ],
    align=True,
)

run_at = record_view(RUN)
asset_at = record_view(ASSET)
resting_at = array_view(RESTING)
requests_at = array_view(REQUEST)
responses_at = array_view(RESPONSE)
positions_at = array_view(POSITION_NEWS)
orders_at = array_view(ORDER)
metas_at = array_view(ORDER_META)
places_at = array_view(QUEUE_PLACE)
fills_at = array_view(FILL)
orders_log_at = array_view(ORDER_LOG)
records_at = array_view(RECORD)
stops_at = array_view(STOP)
fill_chance_at = array_view(FILL_CHANCE)
risk_request_at = array_view(RISK_REQUEST)
limits_at = record_view(LIMITS)
bests_at = array_view(BEST)
event_parts_at = array_view(EVENT_PART)
feed_at = record_view(FEED)
custom_rows_at = array_view(CUSTOM_ROW)
custom_more_at = array_view(CUSTOM_MORE)
exch_runs_at = array_view(EXCH_RUN)
trades_at = array_view(EVENT)

REQUEST_ROW = REQUEST.itemsize
RECORD_ROW = RECORD.itemsize
