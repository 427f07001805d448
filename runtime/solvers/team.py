"""Team optimum of a stage: the best deterministic joint prescription."""

from __future__ import annotations

from itertools import product

import numpy as np

from ..arrays import blocks, digits
from ..errors import LimitError
from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .protocol import StageSolution
from .team_program import solve_team_program

PROFILE_LIMIT = 20_000_000
"""Most prescription profiles that are enumerated at a node."""
_ENTRIES = 1 << 21
"""Payoffs of profiles held at once."""


def solve_team(payoffs: StagePayoffs) -> StageSolution:
    """Maximise the common payoff over deterministic prescriptions of all agents.

    The prescriptions of all agents but one are enumerated; the agent with most prescriptions
    instead best-responds, separately for each of its private values. With two agents and more than
    ``PROFILE_LIMIT`` profiles an integer program takes the place of the enumeration.

    Raises
    ------
    LimitError
        P0604 when a node of three or more agents has too many profiles to enumerate, P0605 when an
        integer program takes too long.

    Notes
    -----
    Source: the maximisation of Liu and Zhang (2023), Algorithm 1, for team games; enumerating all
    sides but one is an addition.
    """
    shape = payoffs.values.shape[2:]
    types, actions = shape[0::2], shape[1::2]
    responder, enumerated = order_agents(shape)
    profiles = count_profiles(shape)
    if profiles > PROFILE_LIMIT and len(types) == 2:
        return _solve_programs(payoffs)
    if profiles > PROFILE_LIMIT:
        raise LimitError("P0604", profiles=f"{profiles:.3g}", limit=PROFILE_LIMIT)
    axes = [0]
    for agent in (*enumerated, responder):
        axes += [1 + 2 * agent, 2 + 2 * agent]
    table = payoffs.values[0].transpose(axes)
    per_node = int(profiles) * types[responder] * actions[responder]
    nodes = table.shape[0]
    best = np.empty(nodes)
    chosen = [np.empty((nodes, m), dtype=np.int64) for m in types]
    for begin, end in blocks(np.full(nodes, per_node), _ENTRIES):
        value, rows = _maximise(np.ascontiguousarray(table[begin:end]), per_node)
        best[begin:end] = value
        for agent, row in zip((*enumerated, responder), rows, strict=True):
            chosen[agent][begin:end] = row
    return StageSolution(
        prescriptions=tuple(np.eye(count)[row] for row, count in zip(chosen, actions, strict=True)),
        values=best[None],
        gaps=np.zeros(nodes),  # nothing was left out
    )


def order_agents(shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Choose who responds, in a stage (m_1, A_1, ...), and list the others.

    The last of those with most prescriptions responds; then come the others, most first.
    """
    counts = [float(a) ** m for m, a in zip(shape[0::2], shape[1::2], strict=True)]
    order = sorted(range(len(counts)), key=lambda agent: (counts[agent], agent), reverse=True)
    return order[0], tuple(order[1:])


def count_profiles(shape: tuple[int, ...]) -> float:
    """Count the joint prescriptions of all agents but the one that responds."""
    _, others = order_agents(shape)
    return float(np.prod([float(shape[2 * agent + 1]) ** shape[2 * agent] for agent in others]))


def _solve_programs(payoffs: StagePayoffs) -> StageSolution:
    """Solve one integer program a node."""
    nodes, types_1, actions_1, types_2, actions_2 = payoffs.values.shape[1:]
    best, bound = np.empty(nodes), np.empty(nodes)
    rows = np.empty((nodes, types_1), dtype=np.int64), np.empty((nodes, types_2), dtype=np.int64)
    for node, table in enumerate(payoffs.values[0]):
        best[node], bound[node], rows[0][node], rows[1][node] = solve_team_program(table)
    return StageSolution(
        prescriptions=(np.eye(actions_1)[rows[0]], np.eye(actions_2)[rows[1]]),
        values=best[None],
        gaps=np.maximum(bound - best, 0.0),
    )


def _maximise(table: Floats, per_node: int) -> tuple[Floats, list[Ints]]:
    """Maximise over the profiles of a few nodes, fixing leading choices when a node is large."""
    nodes = table.shape[0]
    if table.ndim == 3:
        return table.max(axis=2).sum(axis=1), [table.argmax(axis=2)]
    types, actions = table.shape[1:3]
    fixed = 0
    while nodes * per_node > _ENTRIES and fixed < types:
        per_node //= actions
        fixed += 1
    best = np.full(nodes, -np.inf)
    rows = [np.zeros((nodes, m), dtype=np.int64) for m in table.shape[1::2]]
    for prefix in product(range(actions), repeat=fixed):
        base = np.zeros((nodes, 1, *table.shape[3:]))
        for place, action in enumerate(prefix):
            base += table[:, place, action][:, None]
        value, found = _enumerate(table, base, fixed)
        found[0][:, :fixed] = prefix
        better = value > best
        best[better] = value[better]
        for row, new in zip(rows, found, strict=True):
            row[better] = new[better]
    return best, rows


def _enumerate(table: Floats, base: Floats, fixed: int) -> tuple[Floats, list[Ints]]:
    """Maximise over all completions of the first agent's first ``fixed`` choices.

    ``base`` (G, 1, rest) is the payoff that the fixed choices already give.
    """
    nodes = table.shape[0]
    summed = _sum_choices(table[:, None], base, fixed)
    radices = [[table.shape[2]] * (table.shape[1] - fixed)]
    widths = [table.shape[1]]
    while summed.ndim > 4:
        inner = summed
        widths.append(inner.shape[2])
        radices.append([inner.shape[3]] * inner.shape[2])
        empty = np.zeros((nodes, inner.shape[1], *inner.shape[4:]))
        summed = _sum_choices(inner, empty, 0)
    totals = summed.max(axis=3).sum(axis=2)
    profile = totals.argmax(axis=1)
    here = np.arange(nodes)
    flat = digits(profile, [radix for group in radices for radix in group])
    rows: list[Ints] = []
    start = 0
    for width, group in zip(widths, radices, strict=True):
        row = np.zeros((nodes, width), dtype=np.int64)
        row[:, width - len(group) :] = flat[start : start + len(group)].T
        rows.append(row)
        start += len(group)
    rows.append(summed[here, profile].argmax(axis=2))
    return totals[here, profile], rows


def _sum_choices(table: Floats, base: Floats, fixed: int) -> Floats:
    """Enumerate one agent's choices at its types from ``fixed`` on.

    Parameters
    ----------
    table : (G, K, m, A, rest), K profiles of the agents before
    base : (G, K, rest), the payoff so far

    Returns
    -------
    (G, K * A**(m - fixed), rest), the last type's choice fastest.
    """
    nodes, profiles, types, _ = table.shape[:4]
    rest = table.shape[4:]
    total = base.reshape(nodes, profiles, 1, *rest)
    for place in range(fixed, types):
        total = total[:, :, :, None] + table[:, :, None, place]
        total = total.reshape(nodes, profiles, -1, *rest)
    return total.reshape(nodes, -1, *rest)
