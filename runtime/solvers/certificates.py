"""What prescriptions are worth and how good they are, recomputed from the payoffs of a stage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import blocks
from ..game import Floats
from .protocol import Lottery

TOLERANCE = 1e-9
"""Largest gap of a stage that is accepted, relative to its largest payoff."""
_ENTRIES = 1 << 21
"""Payoffs of signals held at once."""


def payoffs_of_actions(table: Floats, prescriptions: Sequence[Floats], agent: int) -> Floats:
    """Expect one agent's actions to pay, with the others at their prescriptions.

    Parameters
    ----------
    table : (G, m_1, A_1, ..., m_n, A_n)
    prescriptions : n arrays (G, m_i, A_i)

    Returns
    -------
    (G, m, A) of the agent: the derivative of its payoff in its prescription (Proposition 9).
    """
    nodes = table.shape[0]
    rest = table
    for other in range(agent):
        rows = prescriptions[other].reshape(nodes, 1, -1)
        rest = np.matmul(rows, rest.reshape(nodes, rows.shape[2], -1))
    for other in range(len(prescriptions) - 1, agent, -1):
        rows = prescriptions[other].reshape(nodes, -1, 1)
        rest = np.matmul(rest.reshape(nodes, -1, rows.shape[1]), rows)
    return rest.reshape(prescriptions[agent].shape)


def largest(payoffs: Floats) -> Floats:
    """Sum over private values of what the best action pays: (G, m, A) to (G,)."""
    best = payoffs[:, :, 0]
    for action in range(1, payoffs.shape[2]):
        best = np.maximum(best, payoffs[:, :, action])
    total: Floats = best.sum(axis=1)
    return total


def expect(payoffs: Floats, prescription: Floats) -> Floats:
    """Weigh the payoffs (G, m, A) of actions by a prescription: (G,)."""
    worth: Floats = np.einsum("gpa,gpa->g", payoffs, prescription)
    return worth


def scale_of(table: Floats) -> Floats:
    """Largest payoff of each node in absolute value: (G,)."""
    flat = table.reshape(len(table), -1)
    scale: Floats = np.maximum(flat.max(axis=1), -flat.min(axis=1))
    return scale


def check_saddle(table: Floats, first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return value and gap of a zero-sum stage, ``table`` being what the first agent gets.

    The gap is what the second agent concedes at most, less what the first secures.
    """
    conceded = payoffs_of_actions(table, (first, second), 0)
    secured = payoffs_of_actions(table, (first, second), 1)
    return expect(conceded, first), largest(conceded) + largest(-secured)


def check_equilibrium(values: Floats, prescriptions: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Return values (n, G) and the largest gain (G,) of an agent by a best response.

    ``values`` (n, G, m_1, A_1, ...) are all agents' payoffs.
    """
    worth = np.empty((len(prescriptions), values.shape[1]))
    gains = np.zeros(values.shape[1])
    for agent, (table, rows) in enumerate(zip(values, prescriptions, strict=True)):
        payoffs = payoffs_of_actions(table, prescriptions, agent)
        worth[agent] = expect(payoffs, rows)
        np.maximum(gains, largest(payoffs) - worth[agent], out=gains)
    return worth, gains


def check_lottery(
    values: Floats, prescriptions: Sequence[Floats], lottery: Lottery, *, informed: bool
) -> tuple[Floats, Floats]:
    """Return values (n, G) and the largest gain (G,) of an agent that deviates from a lottery.

    Parameters
    ----------
    values : (n, G, m_1, A_1, ..., m_n, A_n)
    prescriptions : n arrays (T, m_i, A_i)
    informed
        Whether the deviator sees the action that it is recommended (a correlated equilibrium) or
        nothing (a coarse one). It never sees the signal.

    Notes
    -----
    Source: Liu and Zhang (2023), Definitions 9 and 10, for one step.
    """
    agents, nodes = values.shape[:2]
    starts = np.append(np.searchsorted(lottery.node, np.arange(nodes)), len(lottery.node))
    worth = np.empty((agents, nodes))
    gains = np.zeros(nodes)
    for begin, end in blocks(np.diff(starts) * values[0, 0].size, _ENTRIES):
        first, last = int(starts[begin]), int(starts[end])
        signals = slice(first, last)
        offsets = starts[begin:end] - first
        rows = [prescription[signals] for prescription in prescriptions]
        weight = lottery.weight[signals, None, None]
        for agent, own in enumerate(rows):
            table = values[agent][lottery.node[signals]]
            payoffs = weight * payoffs_of_actions(table, rows, agent)
            followed = np.add.reduceat(expect(payoffs, own), offsets)
            if informed:
                swapped = np.einsum("tpa,tpb->tpab", own, payoffs)
                best = np.add.reduceat(swapped, offsets).max(axis=3).sum(axis=(1, 2))
            else:
                best = largest(np.add.reduceat(payoffs, offsets))
            worth[agent, begin:end] = followed
            gains[begin:end] = np.maximum(gains[begin:end], best - followed)
    return worth, gains


def expect_common(table: Floats, prescriptions: Sequence[Floats]) -> Floats:
    """Return the value (G,) of a payoff that all agents share."""
    return expect(payoffs_of_actions(table, prescriptions, 0), prescriptions[0])
