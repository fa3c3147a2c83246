"""HftBacktest's `Stats`: the numbers of a record as a table, and its chart.

The chart is plotly's, as all of truefill's, whatever `backend` asks for: neither matplotlib nor holoviews
comes with truefill.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from truefill.analysis.plots import PALETTE
from truefill.compat.hftbacktest.replaced import missing
from truefill.core.errors import InputError

BACKENDS = ("plotly", "matplotlib", "holoviews")


class Stats:
    """What `LinearAssetRecord.stats` gives.

    Parameters
    ----------
    entire : polars.DataFrame
        The resampled record, with ``equity_wo_fee``, ``fee``, ``price``, ``position``, ...
    splits : list of dict
        Numbers by name: one for each period, if periods were asked for, then one for all.
    kwargs : dict
        What `stats` was called with; ``book_size`` scales the chart.
    """

    def __init__(
        self, entire: pl.DataFrame, splits: Sequence[Mapping[str, Any]], kwargs: Mapping[str, Any]
    ) -> None:
        self.entire = entire
        self.splits = list(splits)
        self.kwargs = dict(kwargs)

    def summary(self, pretty: bool = False) -> pl.DataFrame:
        """Give the numbers as a table, a row for each period and one for all.

        Parameters
        ----------
        pretty : bool
            Taken, and without effect, as in HftBacktest.
        """
        return pl.DataFrame(self.splits)

    def plot(self, price_as_ret: bool = False, backend: str = "plotly") -> Any:
        """Draw equity with and without fees, the position, and the price behind both.

        Parameters
        ----------
        price_as_ret : bool
            Draw the price's return, in percent, beside that of the equity; needs a ``book_size``.
        backend : str
            ``"matplotlib"`` and ``"holoviews"`` are taken, too; the figure is plotly's in any case.

        Returns
        -------
        plotly.graph_objects.Figure
        """
        from plotly.subplots import make_subplots  # type: ignore[import-untyped]

        if backend not in BACKENDS:
            raise InputError(f"one of {', '.join(BACKENDS)}", backend, "Stats.plot")
        df, book_size = self.entire, self.kwargs.get("book_size")
        equity = df["equity_wo_fee"] - df["fee"]
        scale = 1.0 if book_size is None else 100.0 / book_size
        unit = "Equity" if book_size is None else "Cumulative return, %"
        as_return = price_as_ret and book_size is not None
        price = (df["price"] / df["price"].drop_nans().first() - 1.0) * 100.0 if as_return else df["price"]

        second = {"secondary_y": True}
        figure = make_subplots(
            rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.04, specs=[[second], [second]]
        )

        def draw(row: int, name: str, values: pl.Series, colour: str, **options: Any) -> None:
            trace: dict[str, Any] = {"type": "scatter", "mode": "lines", "name": name}
            trace |= {"x": df["timestamp"].to_numpy(), "y": values.to_numpy()}
            trace |= {"line": {"color": PALETTE[colour], **options.pop("line", {})}} | options
            aside = name == "Price" and not (row == 1 and as_return)
            figure.add_trace(trace, row=row, col=1, secondary_y=aside)

        draw(1, "Equity", equity * scale, "net")
        draw(1, "Equity w/o fee", df["equity_wo_fee"] * scale, "gross")
        draw(1, "Price", price, "price", opacity=0.3)
        draw(2, "Position", df["position"], "position", line={"shape": "hv"})
        draw(2, "Price", df["price"], "price", opacity=0.3, showlegend=False)
        figure.update_yaxes(title_text=unit, row=1, col=1, secondary_y=False)
        figure.update_yaxes(title_text="Position", row=2, col=1, secondary_y=False)
        for row in (1, 2):
            figure.update_yaxes(title_text="Price", row=row, col=1, secondary_y=True, showgrid=False)
        figure.update_layout(template="plotly_white", height=640, hovermode="x unified")
        return figure


def __getattr__(name: str) -> Any:
    """The records stand in a file of their own here, and in this module in HftBacktest."""
    if name in ("InverseAssetRecord", "LinearAssetRecord", "Record"):
        from truefill.compat.hftbacktest.stats import records

        return getattr(records, name)
    raise missing(__name__, name)
