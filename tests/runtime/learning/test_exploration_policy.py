"""Episodes under exploration: their law, their random numbers, and what is not shown."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import chi2

from posg.runtime import LimitError, RewardScope, plan
from posg.runtime.episodes import BLOCK, EpisodeSampler, join_episodes
from posg.runtime.learning.exploration_policy import (
    ExplorationPolicy,
    WindowPolicy,
    WindowTable,
    mix_components,
    uniform_exploration,
)
from posg.runtime.learning.joint_windows import JointWindows
from posg.runtime.learning.simulator import Simulator
from posg.runtime.nodes import expand_common_information
from posg.runtime.policy_play import PolicyPlay
from posg.runtime.streams import Stream

from ..games import one_step_delay, random_game
from .reference import joint_law, window_of

EPISODES = 60_000


def random_window_policy(windows: JointWindows, cut: int, seed: int) -> WindowPolicy:
    """Deterministic actions in about two thirds of the windows."""
    random = np.random.default_rng(seed)
    tables = []
    for step in range(1, cut):
        window = np.flatnonzero(random.random(windows.count(step)) < 2 / 3)
        tables.append(
            WindowTable(window=window, action=random.integers(windows.actions, size=len(window)))
        )
    return WindowPolicy(tables=tuple(tables))


def mixture(game, length: int) -> ExplorationPolicy:
    windows = JointWindows.of(game, length)
    return mix_components(
        length,
        [
            [WindowPolicy()],
            [random_window_policy(windows, 3, 1), random_window_policy(windows, 2, 2)],
        ],
    )


@pytest.mark.parametrize("length", [0, 1, 2])
def test_histories_have_the_law_of_the_mixture(length):
    game = random_game(4, horizon=3, states=2, initial_observations=True)
    policy = mixture(game, length)
    law = joint_law(game, policy, 2)
    episodes = Simulator(game, 7).episodes(policy, EPISODES, 1, 2)
    columns = [episodes.initial_observations]
    for step in range(2):
        columns += [episodes.actions[:, step], episodes.observations[:, step]]
    found: dict[tuple[int, ...], int] = {}
    for row in np.stack(columns, axis=1).tolist():
        found[tuple(row)] = found.get(tuple(row), 0) + 1
    assert set(found) <= set(law)
    expected = np.array([law[key] * EPISODES for key in sorted(law)])
    counts = np.array([found.get(key, 0) for key in sorted(law)])
    often = expected >= 5
    statistic = ((counts - expected)[often] ** 2 / expected[often]).sum()
    assert statistic < chi2.isf(1e-4, int(often.sum()))


def test_the_tail_is_uniform_and_independent_of_the_state_before_it():
    game = random_game(9, horizon=5, states=2, stationary=True)
    windows = JointWindows.of(game, 1)
    policy = mix_components(1, [[random_window_policy(windows, 4, seed) for seed in range(3)]])
    assert policy.cut == 4
    episodes = Simulator(game, 5).episodes(policy, EPISODES, 0, 5, states=True)
    assert episodes.states is not None
    state = episodes.states[:, policy.cut - 1]
    tail = episodes.actions[:, policy.cut - 1] * 4 + episodes.actions[:, policy.cut]
    counts = np.bincount(state * 16 + tail, minlength=32).reshape(2, 16)
    expected = counts.sum(axis=1, keepdims=True) / 16 * np.ones((1, 16))
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert statistic < chi2.isf(1e-4, 30)
    before = np.bincount(episodes.actions[:, 0], minlength=4) / EPISODES
    assert before.max() > 0.3


def test_rewards_are_those_of_the_tables():
    for scope in RewardScope:
        game = random_game(5, horizon=1, states=2, scope=scope, kind="general")
        episodes = Simulator(game, 1).episodes(uniform_exploration(1)[0], 50_000, 0)
        law = joint_law(game, uniform_exploration(1)[0], 1, rewards=True)
        for (_, action, observation), (chance, mean) in law.items():
            chosen = (episodes.actions[:, 0] == action) & (
                episodes.observations[:, 0] == observation
            )
            rewards = episodes.rewards[chosen, 0]
            error = rewards.std(axis=0) / np.sqrt(chosen.sum())
            assert chosen.mean() == pytest.approx(chance, abs=0.01)
            assert (np.abs(rewards.mean(axis=0) - mean) <= 5 * error + 1e-9).all()


def test_a_policy_without_answers_plays_uniformly():
    game = random_game(5, horizon=2, states=2)
    nothing = WindowTable(window=np.zeros(0, np.int64), action=np.zeros(0, np.int64))
    policy = mix_components(1, [[WindowPolicy(tables=(nothing,))]])
    episodes = Simulator(game, 1).episodes(policy, 40_000, 0)
    share = np.bincount(episodes.actions[:, 0], minlength=4) / 40_000
    assert share == pytest.approx(np.full(4, 0.25), abs=0.02)


def test_an_episode_is_the_same_however_many_are_drawn():
    game = random_game(4, horizon=3, states=2, initial_observations=True)
    policy = mixture(game, 1)
    simulator = Simulator(game, 7)
    many = simulator.episodes(policy, BLOCK + 100, 3, states=True)
    few = simulator.episodes(policy, 50, 3, states=True)
    fewer_steps = simulator.episodes(policy, 50, 3, 2)
    for name in ("initial_observations", "actions", "observations", "rewards", "states"):
        assert np.array_equal(getattr(many, name)[:50], getattr(few, name))
    assert np.array_equal(few.actions[:, :2], fewer_steps.actions)
    again = Simulator(game, 7).episodes(policy, BLOCK + 100, 3)
    assert np.array_equal(many.rewards, again.rewards)
    for other in (Simulator(game, 8).episodes(policy, 50, 3), simulator.episodes(policy, 50, 4)):
        assert not np.array_equal(few.actions, other.actions)
    assert not np.array_equal(many.actions[:100], many.actions[BLOCK:])


def test_blocks_may_be_drawn_in_any_order():
    game = random_game(4, horizon=3, states=2)
    policy = mixture(game, 1)
    simulator = Simulator(game, 7)
    whole = simulator.episodes(policy, 2 * BLOCK + 10, (3, 1))
    sampler, stream = EpisodeSampler(game), Stream(7, 3, 1)
    counts = {0: BLOCK, 1: BLOCK, 2: 10}
    parts = {
        number: sampler.block(policy, counts[number], stream.block(number), steps=3, states=False)
        for number in (2, 0, 1)
    }
    joined = join_episodes([parts[number] for number in sorted(parts)])
    assert np.array_equal(joined.actions, whole.actions)
    assert np.array_equal(joined.rewards, whole.rewards)


def test_the_environment_has_the_same_luck_under_all_policies():
    game = random_game(4, horizon=2, states=3)
    information = one_step_delay(game)
    policy = plan(game, expand_common_information(game, information), concept="team").policy
    simulator = Simulator(game, 7)
    plays = [
        uniform_exploration(2)[0],
        PolicyPlay(game, information, None),
        PolicyPlay(game, information, policy),
    ]
    first, *others = (simulator.episodes(play, 5000, 1, 1, states=True) for play in plays)
    for other in others:
        assert first.states is not None
        assert other.states is not None
        assert np.array_equal(first.states[:, 0], other.states[:, 0])
        same = first.actions[:, 0] == other.actions[:, 0]
        assert 0 < same.sum() < 5000
        assert np.array_equal(first.observations[same], other.observations[same])
        assert np.array_equal(first.states[same], other.states[same])


def test_states_are_not_shown_unless_asked_for():
    game = random_game(4, horizon=2)
    assert Simulator(game, 1).episodes(uniform_exploration(2)[0], 5, 0).states is None


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5])
def test_windows_hold_the_last_steps(length):
    game = random_game(4, horizon=4, states=2, initial_observations=True)
    windows = JointWindows.of(game, length)
    episodes = Simulator(game, 1).episodes(uniform_exploration(4)[0], 300, 0)
    codes = windows.first(episodes.initial_observations)
    for step in range(1, 5):
        assert ((codes >= 0) & (codes < windows.count(step))).all()
        kept = [window_of(episodes, number, step, length) for number in range(300)]
        for (one, code), (two, other) in product(zip(kept, codes.tolist(), strict=True), repeat=2):
            assert (one == two) == (code == other)
        codes = windows.append(
            step, codes, episodes.actions[:, step - 1], episodes.observations[:, step - 1]
        )


def test_windows_that_cannot_be_numbered_are_refused():
    with pytest.raises(LimitError) as caught:
        JointWindows(actions=9, observations=4, initial=1, length=40)
    assert (caught.value.code, caught.value.facts["fits"]) == ("P0630", "10")
    assert JointWindows(actions=9, observations=4, initial=1, length=10).count(11) == 36**10


def test_weights_must_be_a_distribution():
    for weights in ([0.5], [0.5, 0.6], [1.5, -0.5]):
        with pytest.raises(ValueError, match="weight"):
            ExplorationPolicy(
                length=0, components=(WindowPolicy(), WindowPolicy()), weights=np.array(weights)
            )


def test_a_policy_of_another_game_is_refused():
    game, other = random_game(4, horizon=2), random_game(5, horizon=2)
    with pytest.raises(ValueError, match="another game"):
        Simulator(game, 1).episodes(PolicyPlay(other, one_step_delay(other), None), 5, 0)
