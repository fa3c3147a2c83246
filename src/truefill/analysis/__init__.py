"""What a run is worth: equity, metrics, execution quality, tables and the report page.

Everything starts from a `RunData`. Polars, rich and plotly are loaded by the functions that need them.
"""

from truefill.analysis.attribution import Attribution, attribution
from truefill.analysis.equity import Curve, equity_curve, equity_curves
from truefill.analysis.frames import equity_frame, export_tables, fills_frame, orders_frame
from truefill.analysis.metrics import Metric, metrics
from truefill.analysis.periods import period_frame
from truefill.analysis.report import report, report_html
from truefill.analysis.store import load_run, save_run
from truefill.analysis.summary import summary_frame, summary_table, to_dict
from truefill.core.run_data import AssetRun, RunData

__all__ = [
    "AssetRun",
    "Attribution",
    "Curve",
    "Metric",
    "RunData",
    "attribution",
    "equity_curve",
    "equity_curves",
    "equity_frame",
    "export_tables",
    "fills_frame",
    "load_run",
    "metrics",
    "orders_frame",
    "period_frame",
    "report",
    "report_html",
    "save_run",
    "summary_frame",
    "summary_table",
    "to_dict",
]
