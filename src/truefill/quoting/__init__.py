"""Where to quote: market-making models, calibration, exact solutions, and an oracle of their worth."""

from truefill.quoting.asymmetric import asymmetric_coefficients, asymmetric_depths
from truefill.quoting.avellaneda_stoikov import (
    avellaneda_stoikov_depths,
    avellaneda_stoikov_reservation,
    avellaneda_stoikov_steady_reservations,
    mean_fill_premium,
)
from truefill.quoting.cartea_jaimungal import alpha_shift, alpha_step, cartea_jaimungal
from truefill.quoting.choosing import gamma_for_horizon_skew, gamma_for_inventory_sd, gamma_for_skew
from truefill.quoting.exact import exact_quotes
from truefill.quoting.fit_status import FitStatus
from truefill.quoting.fitting import fit_intensity
from truefill.quoting.flow import SideFlow, merge_executions
from truefill.quoting.glft import fill_discount, glft_coefficients, glft_depths, glft_inventory_sd
from truefill.quoting.hawkes import HawkesFit, fit_hawkes, hawkes_residuals, without_gaps
from truefill.quoting.intensity import (
    IntensityFit,
    arrivals_probability,
    bootstrap_lattice,
    fit_lattice,
    fit_regression,
    fit_waiting_times,
    market_model,
    rescaled_arrivals,
    virtual_waiting_times,
)
from truefill.quoting.markouts import Markouts, markouts
from truefill.quoting.micro_price import fit_micro_price, micro_price
from truefill.quoting.oracle import Outcome, oracle, policy_grid
from truefill.quoting.parameters import MarketModel, Risk, Unit
from truefill.quoting.placing import (
    ASK_HELD_BACK,
    BID_HELD_BACK,
    NO_ASK,
    NO_BID,
    PLACED,
    place_quotes,
)
from truefill.quoting.queue_reactive import QueueFit, fit_queue_reactive
from truefill.quoting.return_space import (
    ReturnQuote,
    ReturnQuoting,
    return_gamma,
    return_quote,
    return_quoting,
)
from truefill.quoting.rolling import Calibration, RollingCalibration, calibration_series
from truefill.quoting.signals import (
    FLOW_WORDS,
    depth_imbalance,
    imbalance,
    order_flow,
    order_flow_series,
    standardise,
    standardise_series,
    standardiser,
    trade_flow_series,
    trade_flow_step,
    vamp,
    vpin_series,
    vpin_state,
    vpin_step,
    weighted_mid,
)
from truefill.quoting.tables import Implied, QuoteTable, table_depths, tabulate
from truefill.quoting.volatility import VolatilityFit, fit_volatility, sample_path, without_holes

__all__ = [
    "ASK_HELD_BACK",
    "BID_HELD_BACK",
    "FLOW_WORDS",
    "NO_ASK",
    "NO_BID",
    "PLACED",
    "Calibration",
    "FitStatus",
    "HawkesFit",
    "Implied",
    "IntensityFit",
    "MarketModel",
    "Markouts",
    "Outcome",
    "QueueFit",
    "QuoteTable",
    "ReturnQuote",
    "ReturnQuoting",
    "Risk",
    "RollingCalibration",
    "SideFlow",
    "Unit",
    "VolatilityFit",
    "alpha_shift",
    "alpha_step",
    "arrivals_probability",
    "asymmetric_coefficients",
    "asymmetric_depths",
    "avellaneda_stoikov_depths",
    "avellaneda_stoikov_reservation",
    "avellaneda_stoikov_steady_reservations",
    "bootstrap_lattice",
    "calibration_series",
    "cartea_jaimungal",
    "depth_imbalance",
    "exact_quotes",
    "fill_discount",
    "fit_hawkes",
    "fit_intensity",
    "fit_lattice",
    "fit_micro_price",
    "fit_queue_reactive",
    "fit_regression",
    "fit_volatility",
    "fit_waiting_times",
    "gamma_for_horizon_skew",
    "gamma_for_inventory_sd",
    "gamma_for_skew",
    "glft_coefficients",
    "glft_depths",
    "glft_inventory_sd",
    "hawkes_residuals",
    "imbalance",
    "market_model",
    "markouts",
    "mean_fill_premium",
    "merge_executions",
    "micro_price",
    "oracle",
    "order_flow",
    "order_flow_series",
    "place_quotes",
    "policy_grid",
    "rescaled_arrivals",
    "return_gamma",
    "return_quote",
    "return_quoting",
    "sample_path",
    "standardise",
    "standardise_series",
    "standardiser",
    "table_depths",
    "tabulate",
    "trade_flow_series",
    "trade_flow_step",
    "vamp",
    "virtual_waiting_times",
    "vpin_series",
    "vpin_state",
    "vpin_step",
    "weighted_mid",
    "without_gaps",
    "without_holes",
]
