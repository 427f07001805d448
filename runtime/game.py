"""The numeric game: sparse kernels over coded states, joint actions and joint observations.

Axis letters used across the project: H steps, S states, A_i actions and O_i observations of agent
i, A and O their products (the *last agent runs fastest*), n agents, P_i private values, C nodes of
common information, Z increments of common information.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamics:
    """T_h and O_{h+1} of one step: who moves where, and what is then observed.

    Row ``s * A + a`` of the transition is ``successor[offsets[row]:offsets[row + 1]]`` with
    ``probability``; rows of states that no decision is taken in are empty. Each transition entry
    names an emission row (the observation may depend on s, a and s'), and distinct emission rows
    are stored once.

    Attributes
    ----------
    offsets : (S*A + 1,) int64
    successor : (T,) int64, next states
    probability : (T,) float64
    emission : (T,) int64, the emission row of each transition entry
    emission_offsets : (E + 1,) int64
    emission_observation : (K,) int64, joint observations
    emission_probability : (K,) float64
    """

    offsets: Ints
    successor: Ints
    probability: Floats
    emission: Ints
    emission_offsets: Ints
    emission_observation: Ints
    emission_probability: Floats


class RewardScope(Enum):
    """What a reward table is aligned with."""

    ACTION = "action"
    """(n, S*A): reward depends on s and a."""
    TRANSITION = "transition"
    """(n, T): one entry per transition entry."""
    OUTCOME = "outcome"
    """(n, sum over transition entries of the length of their emission rows), in that order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """r_i(s, a, s', o') of one step, stored at the coarsest scope that carries it."""

    scope: RewardScope
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names for the codes.

    ``initial_observations[i]`` names the values agent i may see before its first decision; it is
    ``("nothing",)`` when there is none.
    """

    states: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    observations: tuple[tuple[str, ...], ...]
    initial_observations: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """A partially observable stochastic game with finite horizon.

    One step h = 1..H: the state s and the joint action a give the next state s', then the joint
    observation o', then the rewards r_i(s, a, s', o'), weighted by ``discount ** (h - 1)``.

    Attributes
    ----------
    dynamics, rewards
        The distinct tables; time-homogeneous parts are stored once.
    dynamics_of_step, rewards_of_step : (H,) int64
        Which table step h = index + 1 uses. ``rewards`` tables of scope TRANSITION or OUTCOME are
        aligned with the dynamics of each step that uses them.
    initial_state : (I,) int64
    initial_observation : (I, n) int64, codes into ``labels.initial_observations``
    initial_probability : (I,) float64
        The joint law of s_1 and the initial observations.
    """

    name: str
    agents: tuple[str, ...]
    horizon: int
    discount: float
    labels: Labels
    initial_state: Ints
    initial_observation: Ints
    initial_probability: Floats
    dynamics: tuple[Dynamics, ...]
    dynamics_of_step: Ints
    rewards: tuple[Rewards, ...]
    rewards_of_step: Ints

    @property
    def state_count(self) -> int:
        """S."""
        return len(self.labels.states)

    @property
    def action_counts(self) -> tuple[int, ...]:
        """(A_1, ..., A_n)."""
        return tuple(len(names) for names in self.labels.actions)

    @property
    def observation_counts(self) -> tuple[int, ...]:
        """(O_1, ..., O_n)."""
        return tuple(len(names) for names in self.labels.observations)
