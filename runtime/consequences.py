"""What actions lead to, straight from the tables of the game and the information structure.

Evaluation and certificates use this; planning does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import expand_ranges, sum_at
from .game import Floats, Game, Ints, RewardScope
from .information import InformationStructure


def apply_update(
    information: InformationStructure, number: int, own: list[tuple[Ints, Ints, Ints]]
) -> tuple[Ints, Ints]:
    """Apply ``updates[number]``: z and the next joint private value.

    Parameters
    ----------
    own
        For each agent, its (p_i, a_i, o_i).
    """
    update = information.updates[number]
    increment = np.ravel_multi_index(
        tuple(common[where] for common, where in zip(update.common, own, strict=True)),
        update.common_sizes,
    )
    if update.joint is not None:
        increment = update.joint[increment]
    private = np.ravel_multi_index(
        tuple(table[where] for table, where in zip(update.private, own, strict=True)),
        information.private_counts[number],
    )
    return np.asarray(increment, dtype=np.int64), np.asarray(private, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """All that can follow some rows s * A + a that come with weights.

    Attributes
    ----------
    row : (N,) int64
        Position of the row that each (s', o) came from.
    successor, observation : (N,) int64
    weight : (N,) float64
        Weight of the row times P(s', o | s, a).
    rewards : (n, R) float64
        Weight of the row times E[r_i | s, a].
    """

    row: Ints
    successor: Ints
    observation: Ints
    weight: Floats
    rewards: Floats

    @classmethod
    def of(cls, game: Game, step: int, rows: Ints, weights: Floats) -> Consequences:
        """Multiply out transitions and emissions of one step for the given rows."""
        dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
        rewards = game.rewards[int(game.rewards_of_step[step - 1])]
        lengths = np.diff(dynamics.offsets)[rows]
        transition = expand_ranges(dynamics.offsets[rows], lengths)
        row = np.repeat(np.arange(len(rows)), lengths)
        weight = weights[row] * dynamics.probability[transition]
        emission = dynamics.emission[transition]
        emitted = np.diff(dynamics.emission_offsets)[emission]
        draw = expand_ranges(dynamics.emission_offsets[emission], emitted)
        place = np.repeat(np.arange(len(transition)), emitted)
        outcome_weight = weight[place] * dynamics.emission_probability[draw]
        match rewards.scope:
            case RewardScope.ACTION:
                paid = rewards.values[:, rows] * weights
            case RewardScope.TRANSITION:
                paid = _sum_rows(row, rewards.values[:, transition] * weight, len(rows))
            case RewardScope.OUTCOME:
                before = np.cumsum(np.diff(dynamics.emission_offsets)[dynamics.emission])
                before = np.concatenate([[0], before])
                where = expand_ranges(before[transition], emitted)
                products = rewards.values[:, where] * outcome_weight
                paid = _sum_rows(row[place], products, len(rows))
        return cls(
            row=row[place],
            successor=dynamics.successor[transition][place],
            observation=dynamics.emission_observation[draw],
            weight=outcome_weight,
            rewards=paid,
        )


def _sum_rows(row: Ints, values: Floats, count: int) -> Floats:
    """Add up values (n, N) by row: (n, count)."""
    return np.stack([sum_at(row, column, count) for column in values])
