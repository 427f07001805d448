"""Episodes of a game under a policy, or under uniform play, with what each agent knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import digits
from .episodes import EpisodeSampler, initial_counts, join_episodes
from .game import Floats, Game, Ints
from .information import InformationStructure
from .policies import Policy
from .policy_play import PolicyPlay, replay_information
from .streams import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """What happened in N episodes; labels of the codes are those of the game.

    Attributes
    ----------
    states : (N, H + 1) int64, s_1, ..., s_{H+1}
    actions : (N, H, n) int64
    initial_observations : (N, n) int64
    observations : (N, H, n) int64
        ``observations[:, h - 1]`` is o_{h+1}, received after the decision of step h.
    increments : (N, H) int64
        ``increments[:, h - 1]`` is z_h, a code of ``information.increment_labels[h - 1]``.
    private : (N, H, n) int64
        p_{i,h}, codes of ``information.private_labels[h - 1][i]``.
    rewards : (N, H, n) float64
        Before discounting.
    returns : (N, n) float64
        Discounted sums.
    missing
        How often the policy had no answer and a uniform choice was made.
    """

    states: Ints
    actions: Ints
    initial_observations: Ints
    observations: Ints
    increments: Ints
    private: Ints
    rewards: Floats
    returns: Floats
    missing: int


def simulate_episodes(
    game: Game,
    information: InformationStructure,
    policy: Policy | None,
    *,
    episodes: int,
    seed: int,
) -> Episodes:
    """Draw episodes, many at once.

    The environment, each agent and the common lottery of the policy have random numbers of their
    own, so agents that play independently stay independent, the environment's draws are the same
    under all policies, and an episode is the same however many are drawn.

    Parameters
    ----------
    episodes
        At least 1.
    policy
        None for uniform play.
    """
    play = PolicyPlay(game, information, policy)
    drawn = EpisodeSampler(game).blocks(
        play, episodes, Stream(seed), steps=game.horizon, states=True
    )
    found = join_episodes(list(drawn))
    assert found.states is not None
    increments, private = replay_information(game, information, found)
    weights = game.discount ** np.arange(game.horizon)
    return Episodes(
        states=found.states,
        actions=np.moveaxis(digits(found.actions, game.action_counts), 0, -1),
        initial_observations=digits(found.initial_observations, initial_counts(game)).T,
        observations=np.moveaxis(digits(found.observations, game.observation_counts), 0, -1),
        increments=increments,
        private=np.stack(
            [
                digits(values, counts).T
                for values, counts in zip(private.T, information.private_counts, strict=True)
            ],
            axis=1,
        ),
        rewards=found.rewards,
        returns=np.einsum("khi,h->ki", found.rewards, weights),
        missing=play.missing,
    )
