"""What deviations from joint prescriptions gain, and what agents play when all of them are weighed.

A deviator of a correlated equilibrium (``informed``) sees its private value and the action that it
is recommended; that of a coarse one sees its private value only. Deviations at what it sees, its
*case*, add up: ``gains[q, k]`` is the gain of choice k in case q.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..game import Floats
from .certificates import scale_of

_RARE = 1e-30
"""Chance of moves that are not made otherwise, so that all actions are reached."""
_NOISE = 1e-12
"""Differences below this, relative to the agent's largest payoff, are not magnified."""


@dataclass(frozen=True, slots=True)
class Deviations:
    """The cases and choices of all agents in a stage (m_1, A_1, ..., m_n, A_n).

    For informed deviators the cases are (agent, private value, recommended action) and choice k is
    action k; else they are (agent, private value), choice 0 is to do as recommended and choice
    k + 1 is action k. Choices that an agent does not have gain nothing.
    """

    shape: tuple[int, ...]
    informed: bool

    @property
    def cases(self) -> tuple[int, ...]:
        """Number of cases of each agent."""
        return tuple(
            types * actions if self.informed else types
            for types, actions in zip(self.shape[0::2], self.shape[1::2], strict=True)
        )

    @property
    def choices(self) -> int:
        """Most choices in a case."""
        return max(self.shape[1::2]) + (0 if self.informed else 1)

    def list_gains(self, payoffs: Sequence[Floats], prescriptions: Sequence[Floats]) -> Floats:
        """Give the gains (G, Q, K) of deviations from joint prescriptions.

        Parameters
        ----------
        payoffs, prescriptions : n arrays (G, m_i, A_i)
            What actions pay against the others' prescriptions, and the prescriptions.
        """
        nodes = len(payoffs[0])
        found = np.zeros((nodes, sum(self.cases), self.choices))
        first = 0
        for own, rows, cases in zip(payoffs, prescriptions, self.cases, strict=True):
            part = found[:, first : first + cases]
            first += cases
            actions = rows.shape[2]
            if self.informed:
                gains = rows[..., None] * (own[..., None, :] - own[..., :, None])
                part[:, :, :actions] = gains.reshape(nodes, cases, actions)
            else:
                followed = np.einsum("gpa,gpa->gp", own, rows)
                part[:, :, 1 : actions + 1] = own - followed[..., None]
        return found

    def split(self, weights: Floats) -> list[Floats]:
        """Cut (Q, K) into (m_i, A_i, A_i) or (m_i, 1 + A_i) of each agent."""
        parts: list[Floats] = []
        first = 0
        for cases, types, actions in zip(
            self.cases, self.shape[0::2], self.shape[1::2], strict=True
        ):
            part = weights[first : first + cases]
            first += cases
            if self.informed:
                parts.append(part[:, :actions].reshape(types, actions, actions))
            else:
                parts.append(part[:, : actions + 1])
        return parts

    def weigh(self, values: Floats, weights: Floats) -> Floats:
        """Sum the gains of all choices by weights: (m_1, A_1, ..., m_n, A_n).

        Parameters
        ----------
        values : (n, m_1, A_1, ..., m_n, A_n)
        weights : (Q, K)

        Returns
        -------
        A table that is multilinear in joint prescriptions, as payoffs are.
        """
        total = np.zeros(values.shape[1:])
        for agent, (table, part) in enumerate(zip(values, self.split(weights), strict=True)):
            axes = (2 * agent, 2 * agent + 1)
            own = np.moveaxis(table, axes, (0, 1))
            types, actions = own.shape[:2]
            flat = own.reshape(types, actions, -1)
            if self.informed:
                leaving = part.sum(axis=2)[..., None]
                gained = np.matmul(part, flat) - leaving * flat
            else:
                leaving = part[:, 1:].sum(axis=1)[:, None, None]
                gained = np.matmul(part[:, None, 1:], flat) - leaving * flat
            total += np.moveaxis(gained.reshape(own.shape), (0, 1), axes)
        return total

    def settle(self, weights: Floats) -> list[Floats]:
        """Find prescriptions from which deviations gain nothing in all, whatever the payoffs.

        Parameters
        ----------
        weights : (Q, K)
            Nonnegative.

        Notes
        -----
        Source: Hart and Schmeidler (1989): what deviations make of a stationary distribution is
        the same distribution.
        """
        rows: list[Floats] = []
        for part in self.split(weights):
            if self.informed:
                rows.append(stationary(part))
                continue
            leaving = part[:, 1:].sum(axis=1, keepdims=True)
            never = np.full(part[:, 1:].shape, 1.0 / (part.shape[1] - 1))
            rows.append(
                np.where(leaving > 0, part[:, 1:] / np.where(leaving > 0, leaving, 1), never)
            )
        return rows


def find_stakes(values: Floats) -> Floats:
    """Reduce payoffs (n, G, m_1, A_1, ...) to what deviations gain from.

    An agent's payoffs are compared with those of its first action, in units of the largest such
    difference at a node. So neither large amounts that an agent gets in any case, nor agents with
    larger payoffs, hide what it can gain.
    """
    stakes = np.empty_like(values)
    for agent, (table, own) in enumerate(zip(values, stakes, strict=True)):
        np.subtract(table, table.take([0], axis=2 + 2 * agent), out=own)
        unit = np.maximum(scale_of(own), _NOISE * scale_of(table))
        own /= np.where(unit > 0, unit, 1.0).reshape(-1, *[1] * (own.ndim - 1))
    return stakes


def stationary(moves: Floats) -> Floats:
    """Find a stationary distribution (..., A) of weights (..., A, A) of moves.

    Notes
    -----
    Source: Grassmann, Taksar and Heyman (1985): elimination of states without subtractions.
    """
    moves = moves + _RARE
    actions = moves.shape[-1]
    for last in range(actions - 1, 0, -1):
        leaving = moves[..., last, :last].sum(axis=-1, keepdims=True)
        moves[..., :last, last] /= leaving
        moves[..., :last, :last] += moves[..., :last, last, None] * moves[..., last, None, :last]
    chances = np.ones(moves.shape[:-1])
    for place in range(1, actions):
        chances[..., place] = (chances[..., :place] * moves[..., :place, place]).sum(axis=-1)
    normalised: Floats = chances / chances.sum(axis=-1, keepdims=True)
    return normalised
