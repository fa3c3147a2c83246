"""What a run has left: fills, orders, states, samples, and a hash over the first two."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from truefill.backtest.account_records import payments_at
from truefill.backtest.account_story import account_notes, owned, stories
from truefill.backtest.asset import apart
from truefill.backtest.bot import Bot
from truefill.backtest.currencies import received_coin
from truefill.backtest.price_series import best_prices
from truefill.backtest.records import fills_at, metas_at, orders_at, orders_log_at, records_at
from truefill.core.contracts import CONTRACT_NAMES
from truefill.core.records import ACCOUNT_STATE, FILL, ORDER_LOG, PAYMENT, RECORD, STATE
from truefill.core.run_data import AssetRun, RunData

NS_PER_MS = 1_000_000
BPS = 10_000


@dataclass(frozen=True, eq=False)
class Result:
    """The outcome of a run; all arrays are the result's own.

    Attributes
    ----------
    fills : FILL[F]
        Executions of all assets by exchange time. Those whose report had not arrived when the run ended
        have ``local_ts`` NO_TIME and are in no position or balance.
    orders : ORDER_LOG[O]
        Orders of all assets by time of submission.
    records : tuple of RECORD[R]
        Per asset, the samples that the strategy took with ``bot.record()``.
    states : STATE[A]
        Position, balance, fee and totals of each asset at the end.
    counters : tuple of dict
        Per asset: requests sent (submits, modifies, cancels), refused by the exchange (rejects), and held
        back by the risk model (risk_refused).
    timestamp : int
        Time at which the run ended, ns.
    run_hash : str
        SHA-256 over orders and fills, with accounts also over payments: equal for equal runs, on every
        machine, if the run repeats.
    returned : object
        What the strategy function returned.
    error : Exception or None
        What ended the run before its time: an error of the strategy, or ModelError.
    interrupted : bool
        Whether it was told to stop (Ctrl-C).
    repeats : bool
        Whether the same run gives the same again. False with ``Bot(compute_ns="measured")``.
    payments : PAYMENT[P]
        What accounts received and paid without an order, by exchange time: funding, interest, liquidation
        fees, insurance. Those that had not been reported when the run ended have a ``local_ts`` after it.
    accounts : ACCOUNT_STATE[N]
        The accounts at the end, as the strategy knew them.
    """

    bot: Bot
    fills: np.ndarray
    orders: np.ndarray
    records: tuple[np.ndarray, ...]
    states: np.ndarray
    counters: tuple[dict[str, int], ...]
    timestamp: int
    run_hash: str
    returned: Any = None
    error: BaseException | None = None
    interrupted: bool = False
    repeats: bool = True
    payments: np.ndarray = field(default_factory=lambda: np.empty(0, PAYMENT))
    accounts: np.ndarray = field(default_factory=lambda: np.empty(0, ACCOUNT_STATE))

    def run_data(
        self, *, currency: str | None = None, rates: Mapping[str, float | int | str] | None = None
    ) -> RunData:
        """The same for the analysis: with best prices, and what is worth knowing about the run.

        Parameters
        ----------
        currency : str, optional
            What totals are reported in.
        rates : dict of str to float, int or str, optional
            What a unit of a currency is worth: a float, or an asset whose mid says so, by its number (int) or
            symbol. Totals of assets that settle in different currencies need them.
        """
        arrived = max(self.timestamp, int(self.bot._table[0]["feed_ts"]))  # as the accounts have it
        payments, shared = owned(self.bot, self.payments, arrived)
        assets = tuple(self._asset_run(number, payments[number]) for number in range(self.bot.num_assets))
        told = stories(self.bot, self.orders, self.accounts)
        described = [asset.describe() for asset in self.bot.assets]
        meta: dict[str, Any] = {
            "run_hash": self.run_hash,
            "repeats": self.repeats,
            "models": _models(described),
            "assets": described,
            **({"feeds": [feed.describe() for feed in self.bot.feeds]} if self.bot.feeds else {}),
            **({"accounts": told} if told else {}),
            "counters": list(self.counters),
            "notes": [*account_notes(told), *self._notes()],
            "gaps": [
                [int(gap["begin_local"]) + moved, min(int(gap["end_local"]) + moved, self.timestamp)]
                for asset in self.bot.assets
                for moved in (asset.location_offset_ns,)
                for gap in asset.tape.gaps
            ],
        }
        return RunData(assets, meta, currency, rates or {}, shared, self.bot.currencies)

    def _asset_run(self, number: int, payments: np.ndarray) -> AssetRun:
        asset = self.bot.assets[number]
        tape = asset.tape
        price_ts, bid, ask = best_prices(asset, int(self.bot._table[number]["feed_ts"]))
        return AssetRun(
            symbol=tape.symbol,
            tick_size=tape.tick_size,
            lot_size=tape.lot_size,
            multiplier=asset.contract.unit,
            fee_currency=asset.fees_in,
            price_ts=price_ts,
            bid=bid,
            ask=ask,
            fills=self.fills[self.fills["asset"] == number],
            orders=self.orders[self.orders["asset"] == number],
            records=self.records[number],
            contract=CONTRACT_NAMES[asset.contract.kind],
            price_interval_ns=0,
            currency=asset.currency,
            fee_currencies=self.bot.currencies,
            base=received_coin(asset.contract) or "",
            payments=payments,
        )

    def _notes(self) -> list[str]:
        notes = []
        for asset in self.bot.assets:
            header = asset.tape.header
            if header.clock_correction_ns:
                notes.append(
                    f"{header.symbol}: the recorder's clock was "
                    f"{header.clock_correction_ns / NS_PER_MS:,.1f} ms behind the venue's; "
                    "local times were moved by that much"
                )
            if len(asset.tape.gaps):
                notes.append(f"{header.symbol}: {len(asset.tape.gaps)} gaps in the recording")
            if not header.has_snapshot:
                notes.append(
                    f"{header.symbol}: no snapshot in the recording; the book starts empty and fills up"
                )
        notes += apart(self.bot.assets)
        if not self.repeats:
            notes.append(
                "the strategy's computing time was measured: this run does not repeat, and the next one has "
                "another hash"
            )
        if self.interrupted:
            notes.append("the run was interrupted")
        if self.error is not None:
            notes.append(f"the run ended with an error: {type(self.error).__name__}: {self.error}")
        return notes


def _models(described: list[dict[str, Any]]) -> dict[str, str]:
    """Models by name as short text; of several assets with different models, each with its symbol."""
    texts = {}
    for name in ("latency", "queue", "exchange", "fees", "contract", "risk"):
        if not any(name in asset for asset in described):
            continue
        by_asset = [_text(asset.get(name, {"model": "none"})) for asset in described]
        if len(set(by_asset)) == 1:
            texts[name] = by_asset[0]
        else:
            texts[name] = "; ".join(f"{a['symbol']}: {t}" for a, t in zip(described, by_asset, strict=True))
    return texts


def _text(model: dict[str, Any]) -> str:
    """A model in a few words: its name and its numbers, with units."""
    values = {name: value for name, value in model.items() if name != "model"}
    words = [model["model"]]
    if "entry_ns" in values:
        out, back = values.pop("entry_ns") / NS_PER_MS, values.pop("response_ns") / NS_PER_MS
        words.append(f"{out:g} ms out, {back:g} ms back")
        for name in [name for name in values if name.endswith("_ns")]:
            words.append(f"{name.removesuffix('_ns')} {values.pop(name) / NS_PER_MS:g} ms")
    if model["model"] == "TradingValueFees":
        maker, taker = (values.pop(name) * BPS for name in ("maker", "taker"))
        words.append(f"maker {maker:g} bps, taker {taker:g} bps")
    words += [f"{name} {value}" for name, value in values.items()]
    return words[0] if len(words) == 1 else f"{words[0]}: {', '.join(words[1:])}"


def collect(bot: Bot, returned: Any = None, error: BaseException | None = None) -> Result:
    """Copy out of the engine what a run has left so far."""
    fills = [fills_at(a["fills_addr"], a["fills_count"]) for a in bot._table]
    all_fills = _by_time(np.concatenate([np.empty(0, FILL), *fills]), "exch_ts")
    orders = [part for a in bot._table for part in _order_lives(a)]
    all_orders = _by_time(np.concatenate([np.empty(0, ORDER_LOG), *orders]), "submit_ts")
    payments = _payments(bot)
    states = np.zeros(bot.num_assets, STATE)
    for name in STATE.names or ():
        states[name] = bot._table[name]
    return Result(
        bot=bot,
        fills=all_fills,
        orders=all_orders,
        records=tuple(
            np.concatenate([np.empty(0, RECORD), records_at(a["records_addr"], a["records_count"])])
            for a in bot._table
        ),
        states=states,
        counters=tuple(
            {name: int(a[name]) for name in ("submits", "modifies", "cancels", "rejects", "risk_refused")}
            for a in bot._table
        ),
        timestamp=bot.current_timestamp,
        run_hash=run_hash(all_orders, all_fills, *((payments,) if bot.accounts else ())),
        returned=returned,
        error=error,
        interrupted=bot.interrupted and not bot.closed,
        repeats=bot.repeats,
        payments=payments,
        accounts=_account_states(bot),
    )


def _payments(bot: Bot) -> np.ndarray:
    """Payments of all accounts by exchange time."""
    logs = [payments_at(row["payments_addr"], row["payments_count"]) for row in bot._account_table]
    return _by_time(np.concatenate([np.empty(0, PAYMENT), *logs]), "exch_ts")


def _account_states(bot: Bot) -> np.ndarray:
    states = np.zeros(len(bot.accounts), ACCOUNT_STATE)
    for number in range(len(bot.accounts)):
        state = bot._account_state(number, -1)
        for name in ACCOUNT_STATE.names or ():
            states[number][name] = state[name]
    return states


def _by_time(rows: np.ndarray, field: str) -> np.ndarray:
    """Rows in the order of a time, equal times as they are; without a copy when they are in order."""
    ts = np.ascontiguousarray(rows[field])
    return rows if (ts[1:] >= ts[:-1]).all() else rows[np.argsort(ts, kind="stable")]


def _order_lives(a: np.void) -> tuple[np.ndarray, np.ndarray]:
    """Logged orders (the engine's own memory) and those still in the table, as ORDER_LOG."""
    logged = orders_log_at(a["orders_log_addr"], a["orders_log_count"])
    table = orders_at(a["orders_addr"], a["orders_count"])
    metas = metas_at(a["orders_meta_addr"], a["orders_count"])
    alive = np.zeros(len(table), ORDER_LOG)
    for name in ORDER_LOG.names or ():
        if name == "asset":
            alive[name] = a["number"]
        elif name in (table.dtype.names or ()):
            alive[name] = table[name]
        else:
            alive[name] = metas[name]
    return logged, alive


def run_hash(*logs: np.ndarray) -> str:
    """SHA-256 over every field of orders, fills and so on, field by field (padding has no say)."""
    digest = hashlib.sha256()
    for array in logs:
        digest.update(len(array).to_bytes(8, "little"))
        for name in array.dtype.names:
            digest.update(np.ascontiguousarray(array[name]).data)
    return digest.hexdigest()
