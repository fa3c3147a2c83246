"""The oracle against enumeration of every path, against matrices, and at its gate."""

import itertools
import math

import numpy as np
import pytest

from truefill.core.errors import ConfigError
from truefill.quoting import MarketModel, Outcome, Unit, oracle, policy_grid

MODEL = MarketModel(
    unit=Unit.TICK,
    sigma=0.7,
    bid_rate=1.3,
    bid_decay=0.8,
    ask_rate=0.9,
    ask_decay=0.5,
    drift=0.11,
    fee=0.07,
    jump=0.19,
)
SIZE, DT, GAMMA = 2.0, 0.4, 0.13
RNG = np.random.default_rng(3)
BID = np.pad(RNG.uniform(-0.5, 2.0, (3, 4)), ((0, 0), (0, 1)), constant_values=math.inf)
ASK = np.pad(RNG.uniform(-0.5, 2.0, (3, 4)), ((0, 0), (1, 0)), constant_values=math.inf)


def _every_path(scheme: str, start: int) -> tuple[list[float], list[float], list[float]]:
    """Probability, profit and inventory (in nodes) of each possible path, three steps long."""
    p_list, w_list, q_list = [], [], []
    choices = list(itertools.product((0, 1), (0, 1), (-1, 1)))
    for path in itertools.product(choices, repeat=3):
        p, wealth, mid, node = 1.0, 0.0, 100.0, start
        first = SIZE * (start - 2)
        wealth -= first * mid  # what is held at the beginning is marked at the first mid
        cash, held = 0.0, first
        for k, (buy, sell, move) in enumerate(path):
            depths = BID[k, node], ASK[k, node]
            rates = (
                MODEL.bid_rate * math.exp(-MODEL.bid_decay * depths[0]),
                MODEL.ask_rate * math.exp(-MODEL.ask_decay * depths[1]),
            )
            chance = [min(1.0, r * DT) if scheme == "capped" else 1.0 - math.exp(-r * DT) for r in rates]
            p *= 0.5 * (chance[0] if buy else 1.0 - chance[0]) * (chance[1] if sell else 1.0 - chance[1])
            if p == 0.0:
                break
            quoted = mid
            if buy:
                cash -= SIZE * (quoted - depths[0] + MODEL.fee)
                held += SIZE
                mid -= MODEL.jump
            if sell:
                cash += SIZE * (quoted + depths[1] - MODEL.fee)
                held -= SIZE
                mid += MODEL.jump
            mid += MODEL.drift * DT + move * MODEL.sigma * math.sqrt(DT)
            node += buy - sell
        else:
            p_list.append(p)
            w_list.append(wealth + cash + held * mid)
            q_list.append(node)
    return p_list, w_list, q_list


@pytest.mark.parametrize("scheme", ["capped", "exponential"])
@pytest.mark.parametrize("start", [2, 3])
def test_every_path_counted_gives_the_same(scheme: str, start: int) -> None:
    p, w, q = map(np.array, _every_path(scheme, start))
    outcome = oracle(
        MODEL, BID, ASK, horizon=3 * DT, scheme=scheme, order_size=SIZE, gamma=GAMMA, start=SIZE * (start - 2)
    )
    mean = p @ w

    assert p.sum() == pytest.approx(1.0)
    assert outcome.mean == pytest.approx(mean, rel=1e-12)
    assert outcome.sd**2 == pytest.approx(p @ (w - mean) ** 2, rel=1e-11)
    assert outcome.kurtosis == pytest.approx(p @ (w - mean) ** 4 / outcome.sd**4, rel=1e-10)
    assert outcome.certainty_equivalent == pytest.approx(-math.log(p @ np.exp(-GAMMA * w)) / GAMMA, rel=1e-12)
    assert outcome.law == pytest.approx(np.bincount(q.astype(int), weights=p, minlength=5), abs=1e-15)


def _chain(bid: np.ndarray, ask: np.ndarray, gamma: float) -> np.ndarray:
    """Generator of the inventory, each jump weighted with e^(-γ profit)."""
    grid = SIZE * np.arange(-2, 3)
    out = np.zeros((5, 5))
    for i in range(5):
        buy, sell = (
            MODEL.bid_rate * math.exp(-MODEL.bid_decay * bid[i]),
            MODEL.ask_rate * math.exp(-MODEL.ask_decay * ask[i]),
        )
        out[i, i] = 0.5 * (gamma * MODEL.sigma * grid[i]) ** 2 - gamma * MODEL.drift * grid[i] - buy - sell
        if buy:
            gain = SIZE * (bid[i] - MODEL.fee) - MODEL.jump * grid[i + 1]
            out[i, i + 1] = buy * math.exp(-gamma * gain)
        if sell:
            gain = SIZE * (ask[i] - MODEL.fee) + MODEL.jump * grid[i - 1]
            out[i, i - 1] = sell * math.exp(-gamma * gain)
    return out


def _exponential(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eig(matrix)
    return np.real(vectors @ np.diag(np.exp(values)) @ np.linalg.inv(vectors))


def _continuous(gamma: float) -> Outcome:
    return oracle(MODEL, BID, ASK, horizon=3 * DT, scheme="continuous", order_size=SIZE, gamma=gamma)


def test_continuous_time_is_the_exponential_of_the_generator() -> None:
    flat = np.zeros(5)
    flat[2] = 1.0
    law, worth = flat, flat
    for bid, ask in zip(BID, ASK, strict=True):
        law = law @ _exponential(_chain(bid, ask, 0.0) * DT)
        worth = worth @ _exponential(_chain(bid, ask, GAMMA) * DT)
    outcome = _continuous(GAMMA)

    assert outcome.law == pytest.approx(law, abs=1e-13)
    assert outcome.certainty_equivalent == pytest.approx(-math.log(worth.sum()) / GAMMA, rel=1e-12)
    assert outcome.bid_fills - outcome.ask_fills == pytest.approx(outcome.inventory_mean / SIZE, rel=1e-12)


def test_moments_in_continuous_time_are_derivatives_of_the_certainty_equivalent() -> None:
    """ln E e^(-γW) = -γ m1 + γ² m2 / 2 - γ³ m3 / 6 + γ⁴ m4 / 24: cumulants by differences of it."""
    h = 0.02
    outcome = _continuous(h)
    k = {g: -g * _continuous(g * h).certainty_equivalent * h for g in (1, 2, 3, 4)}
    mean_free = [k[g] + g * h * outcome.mean for g in (1, 2, 3, 4)]
    variance, _, fourth, _ = np.linalg.solve(
        [[(g * h) ** n / math.factorial(n) * (-1) ** n for n in (2, 3, 4, 5)] for g in (1, 2, 3, 4)],
        mean_free,
    )

    assert outcome.sd**2 == pytest.approx(variance, rel=1e-5)
    assert 3.0 + fourth / outcome.sd**4 == pytest.approx(outcome.kurtosis, rel=1e-2)


def test_no_quotes_leave_the_mids_own_risk() -> None:
    nothing = np.full(5, math.inf)
    for scheme in ("capped", "continuous"):
        outcome = oracle(
            MODEL,
            nothing,
            nothing,
            horizon=2.0,
            scheme=scheme,
            order_size=SIZE,
            start=SIZE,
            steps=7,
            moves="normal",
        )
        assert outcome.mean == pytest.approx(SIZE * MODEL.drift * 2.0)
        assert outcome.sd == pytest.approx(SIZE * MODEL.sigma * math.sqrt(2.0))
        assert outcome.kurtosis == pytest.approx(3.0)
        assert [0, 0, 0, 1, 0] == outcome.law.tolist()


def test_a_utility_beyond_any_float_is_still_a_number() -> None:
    """At gamma 1 and 60 orders, e^(γ loss) is far over 1e308 at the edge: the middle must not notice."""
    model = MarketModel.symmetric(Unit.PRICE, sigma=2.0, rate=20.0, decay=1.5)
    table = policy_grid(lambda tau, q: (1.0 + q, 1.0 - q), horizon=0.1, steps=4, nodes=60)
    wide = oracle(model, *table, horizon=0.1, scheme="capped", gamma=1.0)
    narrow = policy_grid(lambda tau, q: (1.0 + q, 1.0 - q), horizon=0.1, steps=4, nodes=6)

    assert wide.certainty_equivalent == pytest.approx(
        oracle(model, *narrow, horizon=0.1, scheme="capped", gamma=1.0).certainty_equivalent, rel=1e-12
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"scheme": "poisson"}, "scheme"),
        ({"scheme": "capped", "moves": "up"}, "moves"),
        ({"scheme": "capped", "horizon": 0.0}, "horizon"),
        ({"scheme": "capped", "start": 1.0}, "start"),
        ({"scheme": "capped", "gamma": math.nan}, "gamma"),
        ({"scheme": "capped", "bid_depth": np.zeros((3, 5))}, "upper limit"),
        ({"scheme": "capped", "bid_depth": np.full((3, 5), math.nan)}, "NaN"),
        ({"scheme": "capped", "bid_depth": BID[0]}, "steps="),
        (
            {"scheme": "continuous", "bid_depth": np.where(np.isinf(BID), BID, -1e4)},
            "fills until the horizon",
        ),
    ],
)
def test_gate(change: dict[str, object], named: str) -> None:
    call = {"bid_depth": BID, "ask_depth": ASK, "horizon": 1.0, "order_size": SIZE, **change}

    with pytest.raises(ConfigError, match=named):
        oracle(MODEL, **call)  # type: ignore[arg-type]
