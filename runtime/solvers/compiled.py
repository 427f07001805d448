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

from ..arrays import blocks
from ..game import Floats
from ..payoffs import StagePayoffs
from .certificates import (
    TOLERANCE,
    check_equilibrium,
    check_lottery,
    check_saddle,
    expect_common,
    scale_of,
)
from .correlated import SWEEPS, certify_lotteries, solve_correlated
from .deviations import Deviations, find_stakes
from .general_sum import solve_equilibrium
from .protocol import Lottery, StageSolution
from .team import order_agents, solve_team
from .zero_sum import solve_saddle

MARGIN = 1e-13
"""What a branch must promise above the best to be searched, relative to the largest payoff."""
SEARCH = 10**10
"""Payoffs that a branch and bound may look at in a node before it gives up (some ten seconds)."""
_LOTTERIES = 1 << 21
"""Weights and prescriptions of lotteries held at once, before the few that are drawn are kept."""
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
        again = solve_team(_pick(payoffs, refused))
        for rows_of, new in zip(prescriptions, again.prescriptions, strict=True):
            rows_of[refused] = new
        values[refused], gaps[refused] = again.values[0], again.gaps
    return StageSolution(
        prescriptions=tuple(prescriptions),
        values=values[None],
        gaps=gaps,
        fallbacks=len(refused),
    )


def solve_correlated_compiled(
    payoffs: StagePayoffs, *, informed: bool, tolerance: float = 0.0
) -> StageSolution:
    """Find a correlated (``informed``) or coarse correlated equilibrium of each node.

    Joint prescriptions are generated as by ``generate_lottery``, from the first actions on. That agents
    learn first, as in ``solve_correlated``, saves linear programs, but takes as long as these do
    here.

    Parameters
    ----------
    payoffs
        With one payoff an agent.
    tolerance
        Gap that is accepted in any case; others come from rounding and are far smaller.

    Notes
    -----
    Source: see ``correlated``.
    """
    values = payoffs.values
    nodes, sizes = values.shape[1], values.shape[2:]
    deviations = Deviations(sizes, informed)
    most = _most_signals(deviations)
    widths = np.multiply(sizes[0::2], sizes[1::2])
    each = most * (1 + int(widths.sum()))
    parts = [
        generate_lotteries(values[:, begin:end], deviations)
        for begin, end in blocks(np.full(nodes, each), _LOTTERIES)
    ]
    counts, weight, rows, status = (np.concatenate(part) for part in zip(*parts, strict=True))
    lottery = Lottery(node=np.repeat(np.arange(nodes), counts), weight=weight)
    prescriptions = tuple(
        own.reshape(len(own), types, actions)
        for own, types, actions in zip(
            np.split(rows, np.cumsum(widths)[:-1], axis=1), sizes[0::2], sizes[1::2], strict=True
        )
    )
    _, gaps = check_lottery(values, prescriptions, lottery, informed=informed)
    refused = _refused(status, gaps, np.max([scale_of(own) for own in values], axis=0))
    if len(refused):
        again = solve_correlated(_pick(payoffs, refused), informed=informed, tolerance=tolerance)
        assert again.lottery is not None
        kept = ~np.isin(lottery.node, refused)
        node = np.concatenate([lottery.node[kept], refused[again.lottery.node]])
        order = np.argsort(node, kind="stable")
        weight = np.concatenate([lottery.weight[kept], again.lottery.weight])
        lottery = Lottery(node=node[order], weight=weight[order])
        prescriptions = tuple(
            np.concatenate([own[kept], new])[order]
            for own, new in zip(prescriptions, again.prescriptions, strict=True)
        )
    return certify_lotteries(
        values, prescriptions, lottery, len(refused), informed=informed, tolerance=tolerance
    )


def generate_lotteries(
    values: Floats, deviations: Deviations
) -> tuple[NDArray[np.int64], Floats, Floats, NDArray[np.int64]]:
    """Find deterministic prescriptions that carry an equilibrium of each node, by the kernel.

    Parameters
    ----------
    values : (n, G, m_1, A_1, ..., m_n, A_n)

    Returns
    -------
    The signals of each node, (G,); their weights (T,) and joint prescriptions (T, sum of m_i A_i);
    the status of each node, (G,), 0 when solved.
    """
    from .kernels.lotteries import find_lotteries

    agents, nodes = values.shape[:2]
    types, actions = np.array(values.shape[2::2]), np.array(values.shape[3::2])
    table = _ready(find_stakes(values).reshape(agents, nodes, -1).transpose(1, 0, 2))
    scale = np.abs(table).max(axis=(1, 2))
    most = _most_signals(deviations)
    counts, status = np.empty(nodes, dtype=np.int64), np.empty(nodes, dtype=np.int64)
    weights = np.empty((nodes, most))
    rows = np.empty((nodes, most, int(types @ actions)))
    _share(
        lambda part: find_lotteries(
            table[part],
            types,
            actions,
            deviations.informed,
            SWEEPS,
            scale[part],
            counts[part],
            weights[part],
            rows[part],
            status[part],
        ),
        nodes,
        table.size * most,
    )
    drawn = np.arange(most) < counts[:, None]
    return counts, weights[drawn], rows[drawn], status


def _most_signals(deviations: Deviations) -> int:
    """Count the constraints of the linear program that mixes prescriptions."""
    return sum(deviations.cases) * (deviations.choices - 1) + 1


def _pick(payoffs: StagePayoffs, nodes: NDArray[np.int64]) -> StagePayoffs:
    """Take some nodes of a batch."""
    return replace(
        payoffs,
        nodes=payoffs.nodes[nodes],
        private=tuple(private[nodes] for private in payoffs.private),
        values=payoffs.values[:, nodes],
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
