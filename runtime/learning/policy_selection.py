"""Which of several learned policies to take, by playing them (Algorithm 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..game import Floats
from ..information import InformationStructure
from ..policies import Policy
from ..policy_play import PolicyPlay
from .simulator import Simulator


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySelection:
    """What was played to select a policy.

    Attributes
    ----------
    chosen
        Number of the candidate with the least empirical gap, the last of several.
    returns : (K, n) float64
        Mean return of each candidate.
    gaps : (K,) float64
        The most that a deviation was seen to gain; for a team, that another candidate was.
    errors : (K,) float64
        Standard errors of the mean gain of the deviation that gained most, also where it lost.
    episodes
        How many episodes each policy was played for.
    steps
        How many steps of the game that took in all.
    """

    chosen: int
    returns: Floats
    gaps: Floats
    errors: Floats
    episodes: int
    steps: int


def select_policy(
    simulator: Simulator,
    information: InformationStructure,
    candidates: Sequence[Policy],
    deviations: Callable[[int], Sequence[tuple[int, Policy]]],
    *,
    episodes: int,
    stream: tuple[int, ...],
) -> PolicySelection:
    """Play candidates and deviations from them, and take the one from which least is gained.

    All are played with the same random numbers, so that differences vary less than returns do.

    Parameters
    ----------
    deviations
        For a candidate, the agent that deviates and the joint policy with its deviation, one after
        the other. Without any, candidates are compared with each other: what counts for a team.
    episodes
        At least 2.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 6.
    """
    game = simulator.game
    weights = game.discount ** np.arange(game.horizon)

    def play(policy: Policy) -> Floats:
        drawn = simulator.episodes(PolicyPlay(game, information, policy), episodes, stream)
        returns: Floats = np.einsum("khi,h->ki", drawn.rewards, weights)
        return returns

    played = [play(policy) for policy in candidates]
    count = len(candidates)
    gaps, errors = np.zeros(count), np.zeros(count)
    for number, own in enumerate(played):
        deviating = deviations(number)
        count += len(deviating)
        gains = [play(policy)[:, agent] - own[:, agent] for agent, policy in deviating]
        if not deviating:
            gains = [other[:, 0] - own[:, 0] for other in played]
        best = max(gains, key=lambda gain: float(gain.mean()))
        gaps[number] = max(0.0, best.mean())
        errors[number] = best.std() / np.sqrt(episodes)
    return PolicySelection(
        chosen=len(gaps) - 1 - int(np.argmin(gaps[::-1])),
        returns=np.array([own.mean(axis=0) for own in played]),
        gaps=gaps,
        errors=errors,
        episodes=episodes,
        steps=count * episodes * game.horizon,
    )
