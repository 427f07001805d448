"""Episodes of a game, many at once, played by anything that maps what it learns to joint actions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .arrays import offsets_of, sum_at
from .game import Dynamics, Floats, Game, Ints, RewardScope
from .streams import ENVIRONMENT, BlockStream, Stream

BLOCK = 1 << 13
"""Episodes that are drawn at once; which numbers an episode gets depends on it."""


class Player(Protocol):
    """Plays a block of N episodes from step 1 on."""

    def act(self, step: int) -> Ints:
        """Choose the joint actions a_h of ``step``: (N,) codes."""
        ...

    def learn(self, step: int, actions: Ints, observations: Ints) -> None:
        """Take in what followed ``step``: (N,) codes of a_h and o_{h+1}."""
        ...


class Playable(Protocol):
    """Whatever can play blocks of episodes."""

    def enter(self, game: Game, initial_observations: Ints, stream: BlockStream) -> Player:
        """Begin a block of ``game``, from joint codes (N,) of what is seen before step 1."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JointEpisodes:
    """What happened in the first T steps of N episodes, as joint codes (last agent fastest).

    Attributes
    ----------
    initial_observations : (N,) int64
    actions : (N, T) int64, a_1, ..., a_T
    observations : (N, T) int64, o_2, ..., o_{T+1}
        ``observations[:, h - 1]`` follows the action of step h.
    rewards : (N, T, n) float64, before discounting
    states : (N, T + 1) int64, s_1, ..., s_{T+1}, or None
        Nobody in the game sees them.
    """

    initial_observations: Ints
    actions: Ints
    observations: Ints
    rewards: Floats
    states: Ints | None

    @property
    def count(self) -> int:
        """N."""
        return len(self.actions)


class EpisodeSampler:
    """Draws episodes of a game, block by block.

    Transitions and observations are drawn by bisection in cumulative probabilities.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self._actions = int(np.prod(game.action_counts))
        self._outcomes = {
            which: _Outcomes(game.dynamics[which]) for which in set(game.dynamics_of_step.tolist())
        }
        self._opening = Distributions(
            np.array([0, len(game.initial_probability)]), game.initial_probability
        )
        seen = np.ravel_multi_index(tuple(game.initial_observation.T), initial_counts(game))
        self._initial_observation: Ints = np.asarray(seen, dtype=np.int64)

    def blocks(
        self, policy: Playable, episodes: int, stream: Stream, *, steps: int, states: bool
    ) -> Iterator[JointEpisodes]:
        """Draw episodes, at most ``BLOCK`` at a time."""
        for number, begin in enumerate(range(0, episodes, BLOCK)):
            count = min(BLOCK, episodes - begin)
            yield self.block(policy, count, stream.block(number), steps=steps, states=states)

    def block(
        self, policy: Playable, episodes: int, stream: BlockStream, *, steps: int, states: bool
    ) -> JointEpisodes:
        """Draw the first steps of one block of episodes."""
        game = self.game
        zeros = np.zeros(episodes, dtype=np.int64)
        start = self._opening.draw(zeros, stream.uniform(0, ENVIRONMENT, episodes)[0])
        state: Ints = game.initial_state[start]
        initial = self._initial_observation[start]
        actions = np.empty((episodes, steps), dtype=np.int64)
        observations = np.empty((episodes, steps), dtype=np.int64)
        rewards = np.empty((episodes, steps, len(game.agents)))
        visited = np.empty((episodes, steps + 1), dtype=np.int64) if states else None
        player = policy.enter(game, initial, stream)
        for step in range(1, steps + 1):
            if visited is not None:
                visited[:, step - 1] = state
            action = player.act(step)
            row = state * self._actions + action
            outcomes = self._outcomes[int(game.dynamics_of_step[step - 1])]
            luck = stream.uniform(step, ENVIRONMENT, episodes, 2)
            transition, emission, outcome = outcomes.draw(row, luck)
            observation = outcomes.dynamics.emission_observation[emission]
            table = game.rewards[int(game.rewards_of_step[step - 1])]
            place = {
                RewardScope.ACTION: row,
                RewardScope.TRANSITION: transition,
                RewardScope.OUTCOME: outcome,
            }[table.scope]
            actions[:, step - 1] = action
            observations[:, step - 1] = observation
            rewards[:, step - 1] = table.values[:, place].T
            state = outcomes.dynamics.successor[transition]
            if step < steps:
                player.learn(step, action, observation)
        if visited is not None:
            visited[:, steps] = state
        return JointEpisodes(
            initial_observations=initial,
            actions=actions,
            observations=observations,
            rewards=rewards,
            states=visited,
        )


def join_episodes(parts: list[JointEpisodes]) -> JointEpisodes:
    """Put blocks one after the other; there must be at least one."""

    def join(arrays: list[NDArray[np.int64]]) -> Ints:
        return np.concatenate(arrays) if len(arrays) > 1 else arrays[0]

    visited = [part.states for part in parts if part.states is not None]
    return JointEpisodes(
        initial_observations=join([part.initial_observations for part in parts]),
        actions=join([part.actions for part in parts]),
        observations=join([part.observations for part in parts]),
        rewards=np.concatenate([part.rewards for part in parts]),
        states=join(visited) if visited else None,
    )


def initial_counts(game: Game) -> tuple[int, ...]:
    """How many values each agent may see before step 1."""
    return tuple(len(names) for names in game.labels.initial_observations)


class Distributions:
    """Distributions of different lengths, one after the other.

    Parameters
    ----------
    offsets : (R + 1,) int64
    probability : (offsets[-1],) float64
        Weights; those of a distribution need not sum to 1.
    """

    def __init__(self, offsets: Ints, probability: Floats) -> None:
        self._offsets = offsets
        self._reached = np.cumsum(probability)
        self._before = np.concatenate([[0.0], self._reached])[offsets]
        row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self._total = sum_at(row, probability, len(offsets) - 1)

    def draw(self, rows: Ints, luck: Floats) -> Ints:
        """Choose one entry of each row, by numbers in [0, 1)."""
        wanted = self._before[rows] + luck * self._total[rows]
        place = np.searchsorted(self._reached, wanted, side="right").astype(np.int64)
        last: Ints = self._offsets[rows + 1] - 1
        inside: Ints = np.minimum(np.maximum(place, self._offsets[rows]), last)
        return inside


class _Outcomes:
    """Draws transitions and emissions of one table."""

    def __init__(self, dynamics: Dynamics) -> None:
        self.dynamics = dynamics
        self._transitions = Distributions(dynamics.offsets, dynamics.probability)
        self._emissions = Distributions(dynamics.emission_offsets, dynamics.emission_probability)
        self._offsets = offsets_of(np.diff(dynamics.emission_offsets)[dynamics.emission])

    def draw(self, rows: Ints, luck: Floats) -> tuple[Ints, Ints, Ints]:
        """Draw a transition entry, an emission entry and the outcome that they make."""
        transition = self._transitions.draw(rows, luck[0])
        row = self.dynamics.emission[transition]
        emission = self._emissions.draw(row, luck[1])
        outcome = self._offsets[transition] + emission - self.dynamics.emission_offsets[row]
        return transition, emission, outcome
