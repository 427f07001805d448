"""How an episode opens: the common information of step 1, and how edges lead to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import run_starts, sum_by_key
from .beliefs import Beliefs, merge_beliefs, normalise_beliefs
from .game import Floats, Game, Ints
from .information import InformationStructure


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Increments that lead on, sorted by node and increment.

    Attributes
    ----------
    offsets : (C + 1,) int64
    increment : (E,) int64, z
    child : (E,) int64, node of the next step
    probability : (E,) float64, P(z | c) under uniform prescriptions
    """

    offsets: Ints
    increment: Ints
    child: Ints
    probability: Floats

    @property
    def source(self) -> Ints:
        """Node that each edge leaves."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(a.nbytes for a in (self.offsets, self.increment, self.child, self.probability))


def open_episode(
    game: Game, information: InformationStructure, *, merge: bool
) -> tuple[Edges, Beliefs]:
    """Apply chi and xi to the initial observations: the nodes of step 1 and how to get there."""
    update = information.updates[0]
    private_counts = information.private_counts[0]
    increment = np.zeros(len(game.initial_state), dtype=np.int64)
    target = game.initial_state.astype(np.int64)
    for agent, count in enumerate(private_counts):
        observation = game.initial_observation[:, agent]
        increment = increment * update.common_sizes[agent] + update.common[agent][0, 0, observation]
        target = target * count + update.private[agent][0, 0, observation]
    if update.joint is not None:
        increment = update.joint[increment]
    width = game.state_count * prod(private_counts)
    positive = game.initial_probability > 0
    keys, (weight,) = sum_by_key(
        (increment * width + target)[positive], game.initial_probability[positive]
    )
    starts = run_starts(keys // width)
    beliefs = normalise_beliefs(starts, keys % width, weight)
    child = np.arange(len(starts))
    if merge:
        beliefs, child = merge_beliefs(beliefs)
    roots = Edges(
        offsets=np.array([0, len(starts)]),
        increment=(keys // width)[starts],
        child=child,
        probability=np.add.reduceat(weight, starts),
    )
    return roots, beliefs
