"""Stage solvers by compiled kernels: for many nodes, or large ones.

A kernel's answers are checked against the payoffs in numpy; nodes where it gave up, or where the
check fails, are solved again by the numpy solvers and counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..game import Floats
from ..payoffs import StagePayoffs
from .certificates import TOLERANCE, check_equilibrium, check_saddle, expect_common, scale_of
from .general_sum import solve_equilibrium
from .protocol import StageSolution
from .team import order_agents, solve_team
from .zero_sum import solve_saddle

MARGIN = 1e-13
"""What a branch must promise above the best to be searched, relative to the largest payoff."""
SEARCH = 10**10
"""Payoffs that a branch and bound may look at in a node before it gives up (some ten seconds)."""
_SHARED = 1 << 16
"""Payoffs that a thread should have to work on."""


def solve_zero_sum_compiled(payoffs: StagePayoffs) -> StageSolution:
    """Find maximin prescriptions of both agents at each node, by the simplex method.

    Parameters
    ----------
    payoffs
        With one payoff, the first agent's.

    Notes
    -----
    Source: the linear program of Liu and Zhang (2023) for zero-sum stage games.
    """
    from .kernels.simplex import solve_saddles

    table = _ready(payoffs.values[0])
    nodes, types_1, actions_1, types_2, actions_2 = table.shape
    first = np.empty((nodes, types_1, actions_1))
    second = np.empty((nodes, types_2, actions_2))
    status = np.empty(nodes, dtype=np.int64)
    _share(
        lambda part: solve_saddles(table[part], first[part], second[part], status[part]),
        nodes,
        table.size,
    )
    values, gaps = check_saddle(table, first, second)
    refused = _refused(status, gaps, scale_of(table))
    if len(refused):
        for node in refused.tolist():
            first[node], second[node] = solve_saddle(table[node])
        values[refused], gaps[refused] = check_saddle(
            table[refused], first[refused], second[refused]
        )
    return StageSolution(
        prescriptions=(first, second), values=values[None], gaps=gaps, fallbacks=len(refused)
    )


def solve_general_sum_compiled(payoffs: StagePayoffs) -> StageSolution:
    """Find a Nash equilibrium of two agents at each node, by Lemke's method.

    Parameters
    ----------
    payoffs
        With two payoffs, one an agent.

    Notes
    -----
    Source: see ``general_sum``.
    """
    from .kernels.lemke import solve_equilibria

    values = _ready(payoffs.values)
    nodes, types_1, actions_1, types_2, actions_2 = values.shape[1:]
    own = _ready(values[1].transpose(0, 3, 4, 1, 2))
    first = np.empty((nodes, types_1, actions_1))
    second = np.empty((nodes, types_2, actions_2))
    status = np.empty(nodes, dtype=np.int64)
    _share(
        lambda part: solve_equilibria(
            values[0][part], own[part], first[part], second[part], status[part]
        ),
        nodes,
        values.size,
    )
    worth, gaps = check_equilibrium(values, (first, second))
    refused = _refused(status, gaps, np.maximum(scale_of(values[0]), scale_of(values[1])))
    if len(refused):
        for node in refused.tolist():
            first[node], second[node], _ = solve_equilibrium(values[0, node], values[1, node])
        worth[:, refused], gaps[refused] = check_equilibrium(
            values[:, refused], (first[refused], second[refused])
        )
    return StageSolution(
        prescriptions=(first, second), values=worth, gaps=gaps, fallbacks=len(refused)
    )


def solve_team_compiled(payoffs: StagePayoffs) -> StageSolution:
    """Maximise the common payoff over deterministic prescriptions, by branch and bound.

    Raises
    ------
    LimitError
        As ``solve_team``, for nodes where the search is too long.

    Notes
    -----
    Source: the maximisation of Liu and Zhang (2023), Algorithm 1, for team games; the search is an
    addition.
    """
    from .kernels.branching import solve_teams

    shape = payoffs.values.shape[2:]
    if len(shape) == 2:
        return solve_team(payoffs)
    responder, others = order_agents(shape)
    agents = (*others, responder)
    types = np.array([shape[2 * agent] for agent in agents])
    actions = np.array([shape[2 * agent + 1] for agent in agents])
    axes = [0, *(axis for agent in agents for axis in (1 + 2 * agent, 2 + 2 * agent))]
    table = _ready(payoffs.values[0].transpose(axes))
    nodes = len(table)
    flat = table.reshape(nodes, -1)
    rows = np.empty((nodes, int(types.sum())), dtype=np.int64)
    bounds = np.empty(nodes)
    status = np.empty(nodes, dtype=np.int64)
    limit = SEARCH // (flat.shape[1] // (shape[2 * others[0]] * shape[2 * others[0] + 1]))
    scale = scale_of(flat)
    margins = MARGIN * scale
    _share(
        lambda part: solve_teams(
            flat[part],
            types,
            actions,
            margins[part],
            limit,
            rows[part],
            bounds[part],
            status[part],
        ),
        nodes,
        flat.size,
    )
    choices = np.split(rows, np.cumsum(types)[:-1], axis=1)
    ordered = [
        (row[:, :, None] == np.arange(count)).astype(np.float64)
        for row, count in zip(choices, actions, strict=True)
    ]
    values = expect_common(table, ordered)
    gaps = np.maximum(bounds - values, 0.0)
    prescriptions = [ordered[agents.index(agent)] for agent in range(len(agents))]
    refused = _refused(status, gaps, scale)
    if len(refused):
        again = solve_team(
            replace(
                payoffs,
                nodes=payoffs.nodes[refused],
                private=tuple(private[refused] for private in payoffs.private),
                values=payoffs.values[:, refused],
            )
        )
        for rows_of, new in zip(prescriptions, again.prescriptions, strict=True):
            rows_of[refused] = new
        values[refused], gaps[refused] = again.values[0], again.gaps
    return StageSolution(
        prescriptions=tuple(prescriptions),
        values=values[None],
        gaps=gaps,
        fallbacks=len(refused),
    )


def _ready(values: Floats) -> Floats:
    """Make payoffs what kernels are compiled for: C-contiguous and writeable, which they keep."""
    return np.require(values, dtype=np.float64, requirements=["C", "W"])


def _refused(status: NDArray[np.int64], gaps: Floats, scale: Floats) -> NDArray[np.int64]:
    """Nodes whose answer is not good enough; a gap that is no number is not."""
    return np.flatnonzero((status != 0) | ~(gaps <= TOLERANCE * scale))


def _share(solve: Callable[[slice], None], nodes: int, size: int) -> None:
    """Let threads solve parts of a batch; kernels release the interpreter lock."""
    threads = min(os.cpu_count() or 1, nodes, size // _SHARED)
    if threads < 2:
        solve(slice(0, nodes))
        return
    # Several parts a thread, as nodes differ in how long they take.
    ends = np.linspace(0, nodes, min(nodes, 4 * threads) + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(solve, [slice(*pair) for pair in pairwise(ends)]):
            pass
