"""What a learner has: decisions, each with the information that it was made with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..episodes import JointEpisodes
from ..game import Floats, Game, Ints
from ..information import InformationStructure
from ..policy_play import replay_information


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSamples:
    """N decisions of one step h, in joint codes (last agent fastest).

    Attributes
    ----------
    step
        h.
    increments : (N, h) int64
        z_1, ..., z_h.
    private : (N,) int64
        p_h.
    actions : (N,) int64
        a_h.
    observations : (N,) int64
        o_{h+1}.
    rewards : (N, n) float64
        r_{i,h}.
    """

    step: int
    increments: Ints
    private: Ints
    actions: Ints
    observations: Ints
    rewards: Floats


def replay_samples(
    game: Game, information: InformationStructure, episodes: JointEpisodes
) -> Iterator[StepSamples]:
    """Tell who knew what when each decision of some episodes was made, from step 1 on.

    Parameters
    ----------
    game
        Only its spaces are looked at.
    """
    increments, private = replay_information(game, information, episodes)
    for step in range(1, episodes.actions.shape[1] + 1):
        yield StepSamples(
            step=step,
            increments=increments[:, :step],
            private=private[:, step - 1],
            actions=episodes.actions[:, step - 1],
            observations=episodes.observations[:, step - 1],
            rewards=episodes.rewards[:, step - 1],
        )


def join_samples(parts: Sequence[StepSamples]) -> StepSamples:
    """Put decisions of the same step together."""
    return StepSamples(
        step=parts[0].step,
        increments=np.concatenate([part.increments for part in parts]),
        private=np.concatenate([part.private for part in parts]),
        actions=np.concatenate([part.actions for part in parts]),
        observations=np.concatenate([part.observations for part in parts]),
        rewards=np.concatenate([part.rewards for part in parts]),
    )
