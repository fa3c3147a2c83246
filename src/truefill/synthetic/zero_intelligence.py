"""Zero-intelligence order flow: the model, its parameters, and what is known about it.

E. Smith, J. D. Farmer, L. Gillemot and S. Krishnamurthy, "Statistical theory of the continuous double
auction", Quantitative Finance 3 (2003) 481-514. Nobody in this market thinks:

* limit orders to buy arrive as a Poisson process at every price below the best ask, limit orders to sell
  at every price above the best bid, each at `limit_rate` orders per tick and second;
* market orders arrive at `market_rate` orders per second, buy or sell with equal chance;
* every resting order is cancelled at `cancel_rate` per second, whatever its price and age;
* sizes do not depend on anything.

In the paper's words, with shares for our lots: alpha = `limit_rate` * `mean_size` (shares per price and
time, each side), mu = `market_rate` * `mean_size` (shares per time, both sides together), delta =
`cancel_rate`, sigma = `mean_size`. Everything then depends on two numbers without dimension only: the
granularity epsilon = delta * sigma / mu, and the tick over the characteristic price mu / alpha.
(The paper of 2003 writes both with mu / 2; we follow Farmer, Patelli and Zovko, "The predictive power of
zero intelligence in financial markets", PNAS 102 (2005) 2254-2259, equation 1.)

Known results, which the tests hold the generator to: far from the mid each price holds alpha / delta
shares; the mean spread is (mu / alpha) * f(epsilon) where the tick is small, and the published fit is
f(epsilon) = 0.28 + 1.86 * epsilon ** 0.75. The scaling and the shape of f come out here as published; the
fit's factor does not: our spreads are 0.6 to 0.9 times the fit, and a simulation in continuous prices that
shares no code with this one agrees with ours (both in the tests).

Two things are not the paper's: prices reach only `window` ticks from the opposite best price, because a
computer cannot fill a half line; and there are no prices below one tick.
"""

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from truefill.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroIntelligence:
    """Parameters of the made market.

    The defaults look like a crypto perpetual around 100: a spread of 1 to 4 ticks, 10 trades and 170 depth
    changes a second, and a mid that wanders some 40 ticks (0.4 %) in ten minutes.

    Parameters
    ----------
    limit_rate : float
        Limit orders per second, tick and side.
    market_rate : float
        Market orders per second, buys and sells together.
    cancel_rate : float
        Cancellations per second of each resting order.
    mean_size : int
        Mean order size in lots.
    fixed_size : bool
        True: every order has `mean_size` lots, as in the paper. False: sizes are geometric with that mean.
    window : int
        Limit orders arrive within so many ticks of the opposite best price.
    start_tick : int
        Where the market starts, in ticks.
    warm_up : float
        How long the market lives before its opening snapshot, in mean lives of an order
        (`1 / cancel_rate`). The book begins at its mean depth, so that a few are enough.
    feed_latency, feed_latency_spread : float
        Median of the time from the exchange to the local side in seconds, and the standard deviation of
        its logarithm (log-normal).
    tick_size, lot_size : str
        Exact decimals.
    symbol : str
        Instrument and venue.
    start_ts : int
        Exchange time of the opening snapshot, UTC nanoseconds.
    """

    limit_rate: float = 0.8
    market_rate: float = 5.0
    cancel_rate: float = 0.15
    mean_size: int = 100
    fixed_size: bool = False
    window: int = 50
    start_tick: int = 10_000
    warm_up: float = 5.0
    feed_latency: float = 0.002
    feed_latency_spread: float = 0.3
    tick_size: str = "0.01"
    lot_size: str = "0.01"
    symbol: str = "DEMO-PERP.SYNTH"
    start_ts: int = 1_735_689_600_000_000_000  # 2025-01-01

    def __post_init__(self) -> None:
        for name in ("limit_rate", "market_rate", "cancel_rate", "feed_latency"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigError("a positive number", value, name)
        for name in ("warm_up", "feed_latency_spread"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError("zero or a positive number", value, name)
        for name, low, high in (
            ("mean_size", 1, 10_000_000),
            ("window", 1, 1_000_000),
            ("start_tick", 1, 1 << 40),
            ("start_ts", 0, 1 << 62),
        ):
            value = getattr(self, name)
            if not (isinstance(value, int) and low <= value <= high):
                raise ConfigError(f"a whole number from {low} to {high}", value, name)
        if self.expected_orders > 10_000_000:
            raise ConfigError("parameters with at most 10,000,000 resting orders", self.expected_orders)
        # Prices and quantities have to be exact in float64, also when the price or a level grows.
        for name, steps in (("tick_size", 4 * self.start_tick), ("lot_size", 100_000 * self.mean_size)):
            numerator, _ = decimal_step(getattr(self, name), name)
            if numerator * steps > 1 << 53:
                raise ConfigError("a step that keeps numbers exact in a float", getattr(self, name), name)

    @property
    def alpha(self) -> float:
        """Limit order density: lots per tick and second, each side."""
        return self.limit_rate * self.mean_size

    @property
    def mu(self) -> float:
        """Market order rate: lots per second, both sides together."""
        return self.market_rate * self.mean_size

    @property
    def granularity(self) -> float:
        """The paper's epsilon: order size over mu / delta, the shares that trade in an order's life."""
        return self.cancel_rate / self.market_rate

    @property
    def price_scale(self) -> float:
        """The characteristic price mu / alpha, in ticks."""
        return self.market_rate / self.limit_rate

    @property
    def expected_depth(self) -> float:
        """Mean lots at a price far from the mid: alpha / delta."""
        return self.alpha / self.cancel_rate

    @property
    def expected_spread(self) -> float:
        """Mean spread in ticks by the published fit (PNAS 2005, equation 1); up to 40 % too wide."""
        return self.price_scale * (0.28 + 1.86 * math.pow(self.granularity, 0.75))

    @property
    def expected_orders(self) -> float:
        """About how many orders rest: as if nothing ever traded."""
        return 2 * self.window * self.limit_rate / self.cancel_rate


def decimal_step(text: str, name: str) -> tuple[int, int]:
    """Read a step such as "0.05" as (5, 100): the price of a tick is then exactly tick * 5 / 100."""
    try:
        value = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        raise ConfigError("a decimal number in quotes", repr(text), name) from None
    if not value.is_finite() or value <= 0:
        raise ConfigError("a positive decimal", text, name)
    numerator, denominator = value.as_integer_ratio()
    scale = 1
    while scale % denominator:
        scale *= 10
    if scale > 10**12 or numerator * scale // denominator > 10**12:
        raise ConfigError("a step between 1e-12 and 1e12", text, name)
    return numerator * (scale // denominator), scale
