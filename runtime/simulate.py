"""Episodes of a game under a policy, or under uniform play."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import digits, offsets_of, sum_at
from .consequences import apply_update
from .game import Dynamics, Floats, Game, Ints, RewardScope
from .information import InformationStructure
from .policies import BoundPolicy, Policy


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
    """Draw episodes, all at once.

    The environment, each agent and the common lottery of the policy have random streams of their
    own, spawned from one seed, so agents that play independently stay independent and the
    environment's draws are the same under all policies.

    Parameters
    ----------
    policy
        None for uniform play.
    """
    agents = len(game.agents)
    sequences = np.random.SeedSequence(seed).spawn(agents + 2)
    environment, lottery, *own = (np.random.default_rng(sequence) for sequence in sequences)
    bound = None if policy is None else BoundPolicy(policy, game, information)
    record = _Record(game, episodes)
    start = _draw(game.initial_probability[None], np.zeros(episodes, np.int64), environment)
    state = game.initial_state[start]
    record.initial_observations[:] = game.initial_observation[start]
    zeros = np.zeros(episodes, dtype=np.int64)
    increment, private = apply_update(
        information, 0, [(zeros, zeros, seen) for seen in record.initial_observations.T]
    )
    node = signal = zeros
    samplers = {
        which: _Sampler(game.dynamics[which]) for which in set(game.dynamics_of_step.tolist())
    }
    for step in range(1, game.horizon + 1):
        values = digits(private, information.private_counts[step - 1])
        record.states[:, step - 1] = state
        record.increments[:, step - 1] = increment
        record.private[:, step - 1] = values.T
        if bound is not None:
            node = bound.follow(step, node, increment)
            signal = _draw_signal(bound, step, node, lottery)
        for agent, count in enumerate(game.action_counts):
            if bound is None:
                chances = np.full((episodes, count), 1 / count)
            else:
                chances = bound.respond(step, agent, signal, values[agent])
            record.actions[:, step - 1, agent] = _draw(chances, np.arange(episodes), own[agent])
        sampler = samplers[int(game.dynamics_of_step[step - 1])]
        action = np.ravel_multi_index(tuple(record.actions[:, step - 1].T), game.action_counts)
        row = state * int(np.prod(game.action_counts)) + action
        transition, emission, outcome = sampler.draw(row, environment)
        observed = digits(sampler.dynamics.emission_observation[emission], game.observation_counts)
        record.observations[:, step - 1] = observed.T
        table = game.rewards[int(game.rewards_of_step[step - 1])]
        place = {
            RewardScope.ACTION: row,
            RewardScope.TRANSITION: transition,
            RewardScope.OUTCOME: outcome,
        }[table.scope]
        record.rewards[:, step - 1] = table.values[:, place].T
        state = sampler.dynamics.successor[transition]
        if step < game.horizon:
            moves = record.actions[:, step - 1].T
            increment, private = apply_update(
                information, step, list(zip(values, moves, observed, strict=True))
            )
    record.states[:, game.horizon] = state
    weights = game.discount ** np.arange(game.horizon)
    return Episodes(
        states=record.states,
        actions=record.actions,
        initial_observations=record.initial_observations,
        observations=record.observations,
        increments=record.increments,
        private=record.private,
        rewards=record.rewards,
        returns=np.einsum("khi,h->ki", record.rewards, weights),
        missing=0 if bound is None else bound.missing,
    )


class _Record:
    """Arrays to be filled in."""

    def __init__(self, game: Game, episodes: int) -> None:
        horizon, agents = game.horizon, len(game.agents)
        self.states = np.empty((episodes, horizon + 1), dtype=np.int64)
        self.actions = np.empty((episodes, horizon, agents), dtype=np.int64)
        self.initial_observations = np.empty((episodes, agents), dtype=np.int64)
        self.observations = np.empty((episodes, horizon, agents), dtype=np.int64)
        self.increments = np.empty((episodes, horizon), dtype=np.int64)
        self.private = np.empty((episodes, horizon, agents), dtype=np.int64)
        self.rewards = np.empty((episodes, horizon, agents))


class _Sampler:
    """Draws transitions and emissions of one table by bisection in cumulative sums."""

    def __init__(self, dynamics: Dynamics) -> None:
        self.dynamics = dynamics
        self._transitions = _Ragged(dynamics.offsets, dynamics.probability)
        self._emissions = _Ragged(dynamics.emission_offsets, dynamics.emission_probability)
        emitted = np.diff(dynamics.emission_offsets)[dynamics.emission]
        self._outcomes = offsets_of(emitted)

    def draw(self, rows: Ints, random: np.random.Generator) -> tuple[Ints, Ints, Ints]:
        """Draw a transition entry, an emission entry and the outcome that they make."""
        transition = self._transitions.draw(rows, random)
        row = self.dynamics.emission[transition]
        emission = self._emissions.draw(row, random)
        outcome = self._outcomes[transition] + emission - self.dynamics.emission_offsets[row]
        return transition, emission, outcome


class _Ragged:
    """Distributions of different lengths, one after the other."""

    def __init__(self, offsets: Ints, probability: Floats) -> None:
        self._offsets = offsets
        self._reached = np.cumsum(probability)
        self._before = np.concatenate([[0.0], self._reached])[offsets]
        row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        self._total = sum_at(row, probability, len(offsets) - 1)

    def draw(self, rows: Ints, random: np.random.Generator) -> Ints:
        """Draw one entry of each row."""
        wanted = self._before[rows] + random.random(len(rows)) * self._total[rows]
        place = np.searchsorted(self._reached, wanted, side="right").astype(np.int64)
        last: Ints = self._offsets[rows + 1] - 1
        inside: Ints = np.minimum(np.maximum(place, self._offsets[rows]), last)
        return inside


def _draw(chances: Floats, rows: Ints, random: np.random.Generator) -> Ints:
    """Draw a column for each of the given rows of distributions."""
    reached = np.cumsum(chances, axis=1)
    wanted = random.random(len(rows)) * reached[rows, -1]
    passed: Ints = (reached[rows] <= wanted[:, None]).sum(axis=1)
    column: Ints = np.minimum(passed, chances.shape[1] - 1)
    return column


def _draw_signal(bound: BoundPolicy, step: int, node: Ints, random: np.random.Generator) -> Ints:
    """Draw a signal of each episode's node; the agents see it together."""
    position, signal, weight = bound.draw_of(step, node)
    ragged = _Ragged(offsets_of(np.bincount(position, minlength=len(node))), weight)
    return signal[ragged.draw(np.arange(len(node)), random)]
