"""The Gymnasium environment: checked by Gymnasium itself, and its rewards by the ledger."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from truefill.backtest import Asset, ConstantLatency, TradingValueFees
from truefill.core.errors import ConfigError
from truefill.tape import Tape

gymnasium = pytest.importorskip("gymnasium")

MS = 10**6


@pytest.fixture
def make_env(tapes: tuple[Tape, Tape]) -> Callable[..., Any]:
    from truefill.strategy.environment import MarketMakingEnv

    def make(**settings: Any) -> Any:
        latency, fees = ConstantLatency(MS, MS), TradingValueFees(0.0001, 0.0005)
        return MarketMakingEnv(
            Asset(tapes[0], latency=latency, fees=fees), **{"step_ns": 20 * MS, **settings}
        )

    return make


def episode(env: Any, seed: int) -> tuple[list[Any], list[float], list[dict[str, Any]]]:
    """Random actions to the end."""
    observation, info = env.reset(seed=seed)
    env.action_space.seed(seed)
    seen, rewards, infos, over = [observation], [], [info], False
    while not over:
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        seen.append(observation)
        rewards.append(reward)
        infos.append(info)
        over = terminated or truncated
    return seen, rewards, infos


@pytest.mark.parametrize("actions", ["box", "grid"])
def test_gymnasium_finds_nothing_wrong(make_env: Callable[..., Any], actions: str) -> None:
    from gymnasium.utils.env_checker import check_env

    check_env(make_env(actions=actions), skip_render_check=True)
    check_env(make_env(actions=actions, window_ns=200 * MS), skip_render_check=True)


@pytest.mark.parametrize("actions", ["box", "grid"])
def test_rewards_sum_to_the_change_of_equity(make_env: Callable[..., Any], actions: str) -> None:
    """Without a penalty; and the equity is that of the bot's own ledger."""
    env = make_env(actions=actions, max_offset=0)
    _, rewards, infos = episode(env, 1)
    state = env._bot.state_values(0)

    assert infos[-1]["num_trades"] > 0
    assert infos[0]["equity"] == 0.0
    assert infos[-1]["equity"] == pytest.approx(sum(rewards), abs=1e-9)
    expected = state.balance + state.position * infos[-1]["mid"] - state.fee
    assert expected == pytest.approx(infos[-1]["equity"], abs=1e-9)


def test_the_penalty_and_a_reward_of_ones_own(make_env: Callable[..., Any]) -> None:
    _, plain, infos = episode(make_env(max_offset=0), 2)
    _, fined, _ = episode(make_env(max_offset=0, inventory_penalty=0.25), 2)
    _, own, _ = episode(make_env(max_offset=0, reward=lambda step: step.position - step.position_before), 2)
    positions = [info["position"] for info in infos]

    assert any(positions)
    assert [p - 0.25 * abs(q) for p, q in zip(plain, positions[1:], strict=True)] == pytest.approx(fined)
    assert sum(own) == pytest.approx(positions[-1])


def test_the_same_seed_is_the_same_episode(make_env: Callable[..., Any]) -> None:
    """Observations, rewards and windows; another seed, another window."""
    env = make_env(window_ns=300 * MS)
    first, again, other = (episode(env, seed) for seed in (3, 3, 4))

    assert np.array_equal(first[0], again[0])
    assert first[1:] == again[1:]
    assert first[2][0]["timestamp"] != other[2][0]["timestamp"]
    for seen, _, infos in (first, other):
        assert all(env.observation_space.contains(o) for o in seen)
        assert 280 * MS <= infos[-1]["timestamp"] - infos[0]["timestamp"] <= 300 * MS


def test_ends_are_told_right(make_env: Callable[..., Any]) -> None:
    """The end of the window truncates; a loss terminates; nothing goes on after that without a reset."""
    env = make_env(window_ns=100 * MS)
    start = env._bot.start_timestamp + 500 * MS
    _, info = env.reset(seed=0, options={"start": start})
    assert info["timestamp"] == start
    ends = [env.step(env.action_space.sample())[2:4] for _ in range(5)]
    assert [(False, False)] * 4 + [(False, True)] == ends
    with pytest.raises(ConfigError, match="reset"):
        env.step(env.action_space.sample())

    env = make_env(max_loss=1e-9, max_offset=0)
    env.reset(seed=0)
    over = terminated = False
    while not over:
        _, _, terminated, truncated, info = env.step(np.array([-1, -1, 1, 1], np.float32))
        over = terminated or truncated
    assert terminated
    assert info["equity"] <= -1e-9


def test_the_position_stays_within_its_limit(make_env: Callable[..., Any]) -> None:
    """One order beyond it at most."""
    env = make_env(max_offset=0, max_position=0.2, quantity=0.1)
    env.reset(seed=0)
    positions = []
    over = False
    while not over:
        *_, over, info = env.step(np.array([-1, 1, 1, -1], np.float32))
        positions.append(info["position"])
    assert max(positions) >= 0.2
    assert max(positions) <= 0.3 + 1e-9


def test_environments_run_side_by_side(make_env: Callable[..., Any]) -> None:
    """A vector of them gives what each gives alone."""
    vector = gymnasium.vector.SyncVectorEnv([make_env, make_env])
    seen, _ = vector.reset(seed=[5, 6])
    actions = vector.action_space.sample()
    after, rewards, *_ = vector.step(actions)
    for k, seed in enumerate((5, 6)):
        env = make_env()
        assert np.array_equal(env.reset(seed=seed)[0], seen[k])
        observation, reward, *_ = env.step(actions[k])
        assert np.array_equal(observation, after[k])
        assert reward == rewards[k]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"actions": "wish"}, "'box' or 'grid'"),
        ({"step_ns": 0}, "step_ns from 1"),
        ({"quantity": -1.0}, "above 0 as quantity"),
        ({"window_ns": 10**18}, "window_ns from step_ns"),
    ],
)
def test_bad_settings_are_refused(make_env: Callable[..., Any], settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        make_env(**settings)


def test_without_the_extra_it_says_what_to_install() -> None:
    """In a process where gymnasium cannot be imported."""
    program = "import sys; sys.modules['gymnasium'] = None\nimport truefill.strategy.environment"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "ConfigError: expected Gymnasium: pip install truefill[gym]" in done.stderr
