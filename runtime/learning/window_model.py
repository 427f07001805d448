"""The joint process as a Markov chain of windows, from counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import run_starts, sum_at, sum_by_key
from ..episodes import JointEpisodes
from ..game import Floats, Ints
from .exploration_policy import ExplorationPolicy
from .joint_windows import JointWindows
from .simulator import Simulator


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowStep:
    """What is known of o_{h+1} given the window z_h and the joint action a_h.

    Rows are pairs (z, a) that were seen often enough; of all others nothing is claimed, and the
    model lets them lead to a sink of value 0.

    Attributes
    ----------
    row : (R,) int64, ascending
        ``z * A + a``.
    visits : (R,) int64
        Episodes that came by.
    entry_row : (K,) int64, ascending
        The row of each entry.
    observation : (K,) int64
    probability : (K,) float64
        Share of o_{h+1}; the shares of a row sum to 1.
    rewards : (n, R) float64
        Mean reward of the step, of each agent.
    observation_rewards : (n, O) float64
        Mean reward of the step when o_{h+1} was seen, 0 where it was not.
    episodes
        N0.
    rare_rows
        Rows that were seen too rarely.
    """

    row: Ints
    visits: Ints
    entry_row: Ints
    observation: Ints
    probability: Floats
    rewards: Floats
    observation_rewards: Floats
    episodes: int
    rare_rows: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowModel:
    """A finite-horizon decision process whose states are windows.

    Attributes
    ----------
    windows
    initial_window : (I,) int64, ascending
        Windows of step 1.
    initial_probability : (I,) float64
    steps
        One entry for each h = 1..H.
    """

    windows: JointWindows
    initial_window: Ints
    initial_probability: Floats
    steps: tuple[WindowStep, ...]

    @property
    def row_count(self) -> int:
        """Rows of all steps."""
        return sum(len(step.row) for step in self.steps)

    @property
    def environment_steps(self) -> int:
        """Steps of the game that were played to make the model."""
        return sum(h * step.episodes for h, step in enumerate(self.steps, start=1))


def construct_model(
    simulator: Simulator,
    policies: tuple[ExplorationPolicy, ...],
    *,
    length: int,
    episodes: int,
    threshold: int,
    stream: tuple[int, ...],
) -> WindowModel:
    """Count what follows windows, step by step, each under a policy of its own.

    The chances of step h are P(o_{h+1} | z_h, a_h) under the policy that explores for h. The last
    L actions before h must be uniform there, or what the window says would be mixed with what the
    policy knew before it.

    Parameters
    ----------
    policies
        One for each h = 1..H.
    length
        L of the windows.
    episodes
        N0, drawn afresh for each h and played up to o_{h+1}.
    threshold
        N1: rows seen fewer times are left out.
    stream
        Names the random numbers; h is appended.

    Raises
    ------
    LimitError
        P0630.

    Notes
    -----
    Source: the construction of the empirical model in BaSeCAMP, N. Golowich, A. Moitra and D.
    Rohatgi, "Learning in observable POMDPs, without computationally intractable oracles", NeurIPS
    2022. Rewards may depend on anything here, so means are kept.
    """
    windows = JointWindows.of(simulator.game, length)
    agents = len(simulator.game.agents)
    opening = np.zeros(0, dtype=np.int64)
    steps: list[WindowStep] = []
    for step, policy in enumerate(policies, start=1):
        counts = _Counts(windows, agents)
        for block in simulator.blocks(policy, episodes, (*stream, step), step):
            counts.add(block)
            if step == 1:
                first = windows.first(block.initial_observations)
                opening = np.concatenate([opening, first])
        steps.append(counts.finish(threshold, episodes))
    initial, (mass,) = sum_by_key(opening, np.full(len(opening), 1 / episodes))
    return WindowModel(
        windows=windows,
        initial_window=initial,
        initial_probability=mass,
        steps=tuple(steps),
    )


class _Counts:
    """Adds up what the last step of blocks of episodes shows."""

    def __init__(self, windows: JointWindows, agents: int) -> None:
        self._windows = windows
        self._agents = agents
        self._keys: list[Ints] = []
        self._weights: list[Floats] = []

    def add(self, block: JointEpisodes) -> None:
        """Count the outcomes (z_h, a_h, o_{h+1}) of a block, and sum up their rewards."""
        window = self._windows.first(block.initial_observations)
        last = block.actions.shape[1]
        for step in range(1, last):
            window = self._windows.append(
                step, window, block.actions[:, step - 1], block.observations[:, step - 1]
            )
        row = window * self._windows.actions + block.actions[:, -1]
        keys, sums = sum_by_key(
            row * self._windows.observations + block.observations[:, -1],
            np.ones(block.count),
            *block.rewards[:, -1].T,
        )
        self._keys.append(keys)
        self._weights.append(np.stack(sums))

    def finish(self, threshold: int, episodes: int) -> WindowStep:
        """Divide counts by those of their rows, where these are large enough."""
        keys, (count, *paid) = sum_by_key(
            np.concatenate(self._keys), *np.concatenate(self._weights, axis=1)
        )
        observations = self._windows.observations
        row, observation = np.divmod(keys, observations)
        starts = run_starts(row)
        place = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(row))))
        visits = sum_at(place, count, len(starts))
        known = visits >= threshold
        number = np.cumsum(known) - 1
        entries = known[place]
        means = np.stack([sum_at(place, own, len(starts)) / visits for own in paid])
        seen = sum_at(observation, count, observations)
        by_observation = np.stack([sum_at(observation, own, observations) for own in paid])
        return WindowStep(
            row=row[starts][known],
            visits=visits[known].astype(np.int64),
            entry_row=number[place][entries],
            observation=observation[entries],
            probability=(count / visits[place])[entries],
            rewards=means[:, known],
            observation_rewards=by_observation / np.maximum(seen, 1),
            episodes=episodes,
            rare_rows=int((~known).sum()),
        )
