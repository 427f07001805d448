"""Games with hidden states fitted to episodes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from posg.runtime import Game, evaluate_policy
from posg.runtime.episodes import JointEpisodes
from posg.runtime.learning import LearningOptions, Simulator, learn_policy
from posg.runtime.learning.latent import fit_latent_game
from posg.runtime.operators import expect_rewards, list_outcomes
from posg.runtime.policy_play import PolicyPlay

from ..games import dectiger, full, random_game


def draw(game: Game, count: int, seed: int = 0) -> JointEpisodes:
    return Simulator(game, seed).episodes(PolicyPlay(game, full(game), None), count, 0)


def log_likelihood(game: Game, episodes: JointEpisodes) -> float:
    """Sum over all paths of states; without rewards."""
    actions = int(np.prod(game.action_counts))
    outcomes = list_outcomes(game.dynamics[0], game.state_count, actions)
    chance: dict[tuple[int, int, int, int], float] = {}
    state = np.repeat(np.arange(game.state_count), np.diff(outcomes.offsets))
    for key in zip(
        state.tolist(),
        outcomes.action.tolist(),
        outcomes.successor.tolist(),
        outcomes.observation.tolist(),
        outcomes.probability.tolist(),
        strict=True,
    ):
        chance[key[:4]] = chance.get(key[:4], 0.0) + key[4]
    total = 0.0
    for k in range(episodes.count):
        mass = 0.0
        length = episodes.actions.shape[1]
        for path in product(range(game.state_count), repeat=length + 1):
            weight = float(game.initial_probability[game.initial_state == path[0]].sum())
            for h in range(length):
                a, o = int(episodes.actions[k, h]), int(episodes.observations[k, h])
                weight *= chance.get((path[h], a, path[h + 1], o), 0.0)
            mass += weight
        total += np.log(mass)
    return total


def test_likelihood_is_that_of_all_paths_and_never_falls() -> None:
    true = random_game(0, horizon=3, states=2, stationary=True)
    episodes = draw(true, 300)
    silent = JointEpisodes(
        initial_observations=episodes.initial_observations,
        actions=episodes.actions,
        observations=episodes.observations,
        rewards=np.zeros_like(episodes.rewards),
        states=None,
    )
    found = fit_latent_game(true, [silent], states=2, seed=1)
    assert found.likelihood[-1] == pytest.approx(log_likelihood(found.game, silent), rel=1e-4)
    # The priors of the rows are a part of what is maximised, and of the weight of a tenth sample.
    assert (np.diff(found.likelihood) > -0.05).all()
    assert found.likelihood[-1] > log_likelihood(true, silent) - 0.05


def test_batches_of_different_lengths_count_alike() -> None:
    game = random_game(1, horizon=3, states=2, stationary=True)
    episodes = draw(game, 200)
    halves = [
        JointEpisodes(
            initial_observations=episodes.initial_observations[part],
            actions=episodes.actions[part],
            observations=episodes.observations[part],
            rewards=episodes.rewards[part],
            states=None,
        )
        for part in (slice(0, 80), slice(80, 200))
    ]
    whole = fit_latent_game(game, [episodes], states=2, seed=0)
    split = fit_latent_game(game, halves, states=2, seed=0)
    assert split.likelihood[-1] == pytest.approx(whole.likelihood[-1], rel=1e-6)
    short = Simulator(game, 5).episodes(PolicyPlay(game, full(game), None), 50, 1, 1)
    longer = fit_latent_game(game, [episodes, short], states=2, seed=0)
    assert longer.likelihood[-1] < whole.likelihood[-1]


@pytest.mark.slow
def test_the_tiger_is_found() -> None:
    game = dectiger(4)
    found = fit_latent_game(game, [draw(game, 20_000)], states=2, seed=0).game
    rewards = expect_rewards(found.dynamics[0], found.rewards[0], 2, 9)[0]
    left = int(np.argmin(rewards[:, 4]))  # both open left: -50 if the tiger is there, else 20
    assert rewards[left, 4] == pytest.approx(-50, abs=6)
    assert rewards[1 - left, 4] == pytest.approx(20, abs=6)
    assert rewards[:, 0] == pytest.approx([-2, -2])


def test_initial_observations_belong_to_the_fit() -> None:
    game = random_game(6, horizon=2, states=2, initial_observations=True, stationary=True)
    episodes = draw(game, 2000)
    found = fit_latent_game(game, [episodes], states=2, seed=0, iterations=20).game
    counts = tuple(len(names) for names in game.labels.initial_observations)
    seen = np.ravel_multi_index(tuple(found.initial_observation.T), counts)
    share = np.bincount(seen, found.initial_probability, minlength=int(np.prod(counts)))
    occurred = np.bincount(episodes.initial_observations, minlength=len(share)) / 2000
    assert share == pytest.approx(occurred, abs=1e-9)


@pytest.mark.slow
def test_hidden_states_make_the_most_of_few_samples() -> None:
    game = dectiger(7)
    information = full(game)
    worth = []
    for seed in range(2):
        options = LearningOptions(steps=80_000, rounds=1, states=2)
        found = learn_policy(Simulator(game, seed), information, None, options)
        worth.append(evaluate_policy(game, information, found.policy).value[0])
    assert np.mean(worth) > 0.98 * 40.242549
