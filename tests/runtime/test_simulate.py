"""Episodes: means agree with exact values, streams are independent and reproducible."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from posg.runtime import (
    RewardScope,
    evaluate_policy,
    expand_common_information,
    plan,
    simulate_episodes,
)

from .games import full, none, one_directional, one_step_delay, random_game
from .reference import Reference
from .test_certify import randomised, with_lottery

EPISODES = 20_000


@pytest.mark.parametrize("structure", [one_step_delay, full, one_directional])
@pytest.mark.parametrize("scope", list(RewardScope))
def test_means_are_the_exact_values(structure, scope):
    options = {"scope": scope, "horizon": 3, "discount": 0.9, "initial_observations": True}
    game = random_game(6, kind="general", **options)
    team = random_game(6, kind="team", **options)
    information = structure(game)
    base = plan(team, expand_common_information(team, information), concept="team").policy
    policy = with_lottery(randomised(base, 1), randomised(base, 2), 0.4)
    exact = evaluate_policy(game, information, policy).value
    episodes = simulate_episodes(game, information, policy, episodes=EPISODES, seed=11)
    error = episodes.returns.std(axis=0) / np.sqrt(EPISODES)
    assert episodes.missing == 0
    assert (np.abs(episodes.returns.mean(axis=0) - exact) < 4.5 * error).all()


def test_uniform_play_without_strategy_independence():
    game = random_game(3, kind="general", states=2, horizon=2)
    information = none(game)
    exact = Reference(game, information).evaluate(lambda *_: {0: 0.5, 1: 0.5})
    episodes = simulate_episodes(game, information, None, episodes=EPISODES, seed=5)
    error = episodes.returns.std(axis=0) / np.sqrt(EPISODES)
    assert (np.abs(episodes.returns.mean(axis=0) - exact) < 4.5 * error).all()


def test_information_is_what_the_structure_says():
    game = random_game(3, horizon=3, initial_observations=True)
    information = full(game)
    episodes = simulate_episodes(game, information, None, episodes=200, seed=5)
    reference = Reference(game, information)
    for k in range(200):
        p = (0, 0)
        z, p = reference.update(0, p, p, tuple(episodes.initial_observations[k].tolist()))
        for step in range(1, 4):
            assert episodes.increments[k, step - 1] == z
            assert tuple(episodes.private[k, step - 1].tolist()) == p
            if step < 3:
                z, p = reference.update(
                    step,
                    p,
                    tuple(episodes.actions[k, step - 1].tolist()),
                    tuple(episodes.observations[k, step - 1].tolist()),
                )


def test_same_seed_same_episodes_and_agents_draw_independently():
    game = random_game(3, horizon=1, states=1)
    information = none(game)
    first, again, other = (
        simulate_episodes(game, information, None, episodes=EPISODES, seed=seed)
        for seed in (1, 1, 2)
    )
    for field in fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(again, field.name))
    assert not np.array_equal(first.actions, other.actions)
    joint = np.bincount(first.actions[:, 0] @ [2, 1], minlength=4) / EPISODES
    assert joint == pytest.approx(np.full(4, 0.25), abs=0.02)


def test_transitions_follow_the_tables():
    game = random_game(8, horizon=1, states=3)
    episodes = simulate_episodes(game, none(game), None, episodes=EPISODES, seed=1)
    counts = np.bincount(episodes.states[:, 0], minlength=3) / EPISODES
    assert counts == pytest.approx(game.initial_probability, abs=0.02)
    reference = Reference(game, none(game))
    expected = np.zeros((3, 4))
    for state, chance in enumerate(game.initial_probability):
        for a in reference.joint_actions():
            for more, following, o, _ in reference.outcomes(1, state, a):
                expected[following, o[0] * 2 + o[1]] += chance * more / 4
    found = np.zeros((3, 4))
    seen = episodes.observations[:, 0] @ [2, 1]
    np.add.at(found, (episodes.states[:, 1], seen), 1 / EPISODES)
    assert found == pytest.approx(expected, abs=0.02)
