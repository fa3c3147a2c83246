"""Where to quote: market-making models, exact solutions, and an oracle that says what a policy is worth."""

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
from truefill.quoting.glft import fill_discount, glft_coefficients, glft_depths, glft_inventory_sd
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
from truefill.quoting.return_space import (
    ReturnQuote,
    ReturnQuoting,
    return_gamma,
    return_quote,
    return_quoting,
)
from truefill.quoting.tables import Implied, QuoteTable, table_depths, tabulate

__all__ = [
    "ASK_HELD_BACK",
    "BID_HELD_BACK",
    "NO_ASK",
    "NO_BID",
    "PLACED",
    "Implied",
    "MarketModel",
    "Outcome",
    "QuoteTable",
    "ReturnQuote",
    "ReturnQuoting",
    "Risk",
    "Unit",
    "alpha_shift",
    "alpha_step",
    "asymmetric_coefficients",
    "asymmetric_depths",
    "avellaneda_stoikov_depths",
    "avellaneda_stoikov_reservation",
    "avellaneda_stoikov_steady_reservations",
    "cartea_jaimungal",
    "exact_quotes",
    "fill_discount",
    "gamma_for_horizon_skew",
    "gamma_for_inventory_sd",
    "gamma_for_skew",
    "glft_coefficients",
    "glft_depths",
    "glft_inventory_sd",
    "mean_fill_premium",
    "oracle",
    "place_quotes",
    "policy_grid",
    "return_gamma",
    "return_quote",
    "return_quoting",
    "table_depths",
    "tabulate",
]
