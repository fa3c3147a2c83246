"""One source: what Python computes, a compiled strategy computes too."""

import numba
import pytest

from truefill.quoting import (
    alpha_shift,
    asymmetric_coefficients,
    asymmetric_depths,
    avellaneda_stoikov_depths,
    avellaneda_stoikov_steady_reservations,
    glft_depths,
    glft_inventory_sd,
    place_quotes,
    return_quote,
    return_quoting,
    table_depths,
)

SETTINGS = return_quoting(tick_size=0.01, max_inventory=10.0, gamma=10.0, horizon=14400.0)


def quote_everything(q, table, settings):  # type: ignore[no-untyped-def]
    """All quotes of the room for one inventory, as a strategy would ask for them."""
    bid, ask = glft_depths(q, 0.3, 0.9, 0.3, 0.01, 0.01, 1.0, 0.001, 0.1, 0.2)
    placed = place_quotes(100.5, bid, ask, 100, 101, True)
    a, b, rounds = asymmetric_coefficients(0.3, 1.2, 0.3, 0.6, 0.3, 0.01, 0.01, 1.0, 0.0, True)
    pipeline = return_quote(2800.0, q, 1e-4, 2000.0, 2500.0, settings)
    return (
        (bid, ask),
        placed,
        asymmetric_depths(q, a, b, 0.3, 0.3, 0.01, 1.0),
        rounds,
        avellaneda_stoikov_depths(q, 0.5, 2.0, 1.5, 1.4, 0.1, 1.0),
        avellaneda_stoikov_steady_reservations(100.0, q, 3.0, 0.1),
        table_depths(q, table, table[::-1].copy(), 1.0),
        (alpha_shift(0.1, 2.0, 1.0), glft_inventory_sd(0.3, 0.07, 1.0)),
        (pipeline.bid, pipeline.ask, pipeline.gamma),
    )


@pytest.mark.compiled_only
@pytest.mark.slow
def test_strategies_can_compile_all_of_it() -> None:
    import numpy as np

    compiled = numba.njit(quote_everything)
    table = np.array([1.0, 2.0, 3.0, 4.0, np.inf])
    for q in (-3.0, 0.0, 2.0, 3.0):
        expected, got = quote_everything(q, table, SETTINGS), compiled(q, table, SETTINGS)
        for mine, theirs in zip(expected, got, strict=True):
            assert mine == pytest.approx(theirs, rel=1e-12)
