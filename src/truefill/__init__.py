"""truefill: record, replay, simulate and trade limit order books, with fills you can trust.

Everything in ``__all__`` is found on first use, so that ``import truefill`` costs next to nothing.

>>> import truefill
>>> tape = truefill.build_tape(truefill.make_market(5, seed=1), symbol="DEMO-PERP.SYNTH", venue="synthetic")
>>> tape.header.tick_size
'0.01'
"""

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from truefill.analysis import (
        RunData,
        equity_frame,
        export_tables,
        fills_frame,
        load_run,
        metrics,
        orders_frame,
        save_run,
        summary_frame,
        summary_table,
    )
    from truefill.backtest import (
        ALL_ASSETS,
        ORDER_LATENCY,
        UNTIL_END_OF_DATA,
        Account,
        Asset,
        Bot,
        ConstantLatency,
        CrossMargin,
        DrawnLatency,
        EvidenceQueue,
        Feed,
        FifoExchange,
        FlatPerTradeFees,
        FundingSchedule,
        Gamma,
        InterpolatedLatency,
        IsolatedMargin,
        L3FifoQueue,
        LinearContract,
        Lognormal,
        LogProbQueue,
        LogProbQueue2,
        NoPartialFillExchange,
        OrderStream,
        PartialFillExchange,
        PowerProbQueue,
        PowerProbQueue2,
        PowerProbQueue3,
        ProRataExchange,
        Quantiles,
        Result,
        RiskAverseQueue,
        RiskLimits,
        TradingQtyFees,
        TradingValueFees,
        UserExchange,
        UserFees,
        UserLatency,
        UserQueue,
        UserRisk,
        calibrate_queue,
        generate_order_latency,
        level_tape,
        order_tape_probes,
        own_order_probes,
        run,
        score_queues,
    )
    from truefill.collect import (
        ConversionReport,
        FilesReport,
        convert,
        convert_files,
    )
    from truefill.core.errors import (
        BotError,
        ConfigError,
        DataError,
        InputError,
        ModelError,
        StrategyError,
        TapeError,
        TruefillError,
    )
    from truefill.core.events import (
        EVENT,
    )
    from truefill.core.limits import (
        VenueLimits,
    )
    from truefill.core.records import (
        BUY_SIDE,
        CANCELED,
        EXPIRED,
        FILL,
        FILLED,
        FOK,
        GTC,
        GTD,
        GTX,
        IOC,
        LEVEL,
        LIMIT,
        MARKET,
        NEW,
        NONE,
        ORDER_LOG,
        PARTIALLY_FILLED,
        REDUCE_ONLY,
        REJECTED,
        REPLACED,
        SELL_SIDE,
        SLIDE,
        STOP_LIMIT,
        STOP_MARKET,
        TAKE_PROFIT_LIMIT,
        TAKE_PROFIT_MARKET,
    )
    from truefill.strategy import (
        Callbacks,
        Strategy,
        new_state,
        run_events,
    )
    from truefill.synthetic import (
        ZeroIntelligence,
        make_market,
    )
    from truefill.tape import (
        Snapshot,
        Tape,
        TapeBuilder,
        build_tape,
        end_snapshot,
        read_npz,
        write_npz,
    )

_HOMES = {
    "truefill.analysis": (
        "RunData",
        "equity_frame",
        "export_tables",
        "fills_frame",
        "load_run",
        "metrics",
        "orders_frame",
        "save_run",
        "summary_frame",
        "summary_table",
    ),
    "truefill.backtest": (
        "ALL_ASSETS",
        "ORDER_LATENCY",
        "UNTIL_END_OF_DATA",
        "Account",
        "Asset",
        "Bot",
        "ConstantLatency",
        "CrossMargin",
        "DrawnLatency",
        "EvidenceQueue",
        "Feed",
        "Feed",
        "FifoExchange",
        "FlatPerTradeFees",
        "FundingSchedule",
        "Gamma",
        "InterpolatedLatency",
        "LinearContract",
        "IsolatedMargin",
        "L3FifoQueue",
        "LogProbQueue",
        "LogProbQueue2",
        "Lognormal",
        "NoPartialFillExchange",
        "PartialFillExchange",
        "OrderStream",
        "PowerProbQueue",
        "PowerProbQueue2",
        "PowerProbQueue3",
        "ProRataExchange",
        "Quantiles",
        "Result",
        "RiskAverseQueue",
        "RiskLimits",
        "TradingQtyFees",
        "TradingValueFees",
        "UserExchange",
        "UserFees",
        "UserLatency",
        "UserQueue",
        "UserRisk",
        "calibrate_queue",
        "level_tape",
        "order_tape_probes",
        "own_order_probes",
        "generate_order_latency",
        "run",
        "score_queues",
    ),
    "truefill.collect": (
        "ConversionReport",
        "FilesReport",
        "convert",
        "convert_files",
    ),
    "truefill.core.errors": (
        "BotError",
        "ConfigError",
        "DataError",
        "InputError",
        "ModelError",
        "StrategyError",
        "TapeError",
        "TruefillError",
    ),
    "truefill.core.events": ("EVENT",),
    "truefill.core.limits": ("VenueLimits",),
    "truefill.core.records": (
        "BUY_SIDE",
        "CANCELED",
        "EXPIRED",
        "FILL",
        "FILLED",
        "FOK",
        "GTC",
        "GTD",
        "GTX",
        "IOC",
        "LEVEL",
        "LIMIT",
        "MARKET",
        "NEW",
        "NONE",
        "ORDER_LOG",
        "PARTIALLY_FILLED",
        "REDUCE_ONLY",
        "REJECTED",
        "REPLACED",
        "SELL_SIDE",
        "SLIDE",
        "STOP_LIMIT",
        "STOP_MARKET",
        "TAKE_PROFIT_LIMIT",
        "TAKE_PROFIT_MARKET",
    ),
    "truefill.strategy": (
        "Callbacks",
        "Strategy",
        "new_state",
        "run_events",
    ),
    "truefill.synthetic": (
        "ZeroIntelligence",
        "make_market",
    ),
    "truefill.tape": (
        "Snapshot",
        "Tape",
        "TapeBuilder",
        "build_tape",
        "end_snapshot",
        "read_npz",
        "write_npz",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ALL_ASSETS",
    "BUY_SIDE",
    "CANCELED",
    "EVENT",
    "EXPIRED",
    "FILL",
    "FILLED",
    "FOK",
    "GTC",
    "GTD",
    "GTX",
    "IOC",
    "LEVEL",
    "LIMIT",
    "MARKET",
    "NEW",
    "NONE",
    "ORDER_LATENCY",
    "ORDER_LOG",
    "PARTIALLY_FILLED",
    "REDUCE_ONLY",
    "REJECTED",
    "REPLACED",
    "SELL_SIDE",
    "SLIDE",
    "STOP_LIMIT",
    "STOP_MARKET",
    "TAKE_PROFIT_LIMIT",
    "TAKE_PROFIT_MARKET",
    "UNTIL_END_OF_DATA",
    "Account",
    "Asset",
    "Bot",
    "BotError",
    "Callbacks",
    "ConfigError",
    "ConstantLatency",
    "ConversionReport",
    "CrossMargin",
    "DataError",
    "DrawnLatency",
    "EvidenceQueue",
    "Feed",
    "FifoExchange",
    "FilesReport",
    "FlatPerTradeFees",
    "FundingSchedule",
    "Gamma",
    "InputError",
    "InterpolatedLatency",
    "IsolatedMargin",
    "L3FifoQueue",
    "LinearContract",
    "LogProbQueue",
    "LogProbQueue2",
    "Lognormal",
    "ModelError",
    "NoPartialFillExchange",
    "OrderStream",
    "PartialFillExchange",
    "PowerProbQueue",
    "PowerProbQueue2",
    "PowerProbQueue3",
    "ProRataExchange",
    "Quantiles",
    "Result",
    "RiskAverseQueue",
    "RiskLimits",
    "RunData",
    "Snapshot",
    "Strategy",
    "StrategyError",
    "Tape",
    "TapeBuilder",
    "TapeError",
    "TradingQtyFees",
    "TradingValueFees",
    "TruefillError",
    "UserExchange",
    "UserFees",
    "UserLatency",
    "UserQueue",
    "UserRisk",
    "VenueLimits",
    "ZeroIntelligence",
    "build_tape",
    "calibrate_queue",
    "convert",
    "convert_files",
    "end_snapshot",
    "equity_frame",
    "export_tables",
    "fills_frame",
    "generate_order_latency",
    "level_tape",
    "load_run",
    "make_market",
    "metrics",
    "new_state",
    "open_tape",
    "order_tape_probes",
    "orders_frame",
    "own_order_probes",
    "read_npz",
    "report",
    "run",
    "run_events",
    "save_run",
    "score_queues",
    "summary_frame",
    "summary_table",
    "write_npz",
]


def open_tape(path: str | os.PathLike[str]) -> "Tape":
    """Open a tape file; takes a few milliseconds whatever its length.

    Raises
    ------
    TapeError
        If it is missing, no tape, of a later version, truncated or altered.
    """
    from truefill.tape import Tape

    return Tape.open(path)


def report(result: "Result | RunData", path: str | os.PathLike[str] = "report.html") -> Path:
    """Write a run's report: one HTML page that needs no network.

    Parameters
    ----------
    result : Result or RunData
        What `run` or `load_run` gave.
    path : path
        The page to write.

    Returns
    -------
    Path
        The page.
    """
    from truefill.analysis import RunData, report as write_report

    page = Path(path)
    write_report(result if isinstance(result, RunData) else result.run_data(), page)
    return page


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("truefill")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'truefill' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*__all__, *globals()})
