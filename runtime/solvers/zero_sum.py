"""Saddle points of a zero-sum stage with two agents: exact, by linear programming."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import blocks, digits
from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .certificates import check_saddle, scale_of
from .protocol import StageSolution

TOLERANCE = 1e-8
"""Largest difference between the values that the two sides guarantee, relative to the payoffs."""
_PURE = 1024
"""Most prescriptions of one side that are tried in the search for a pure saddle point."""
_ENTRIES = 1 << 21
_DUST = 1e-13


def solve_zero_sum(payoffs: StagePayoffs) -> StageSolution:
    """Find maximin prescriptions of both agents at each node.

    Nodes with a saddle point in deterministic prescriptions are found by enumeration; the others
    are one linear program each, in the realisation weights of the first agent and one variable for
    each private value of the second; the second agent's prescription is the dual solution.

    Parameters
    ----------
    payoffs
        With one payoff, the first agent's.

    Notes
    -----
    Source: the linear program of Liu and Zhang (2023) for zero-sum stage games.
    """
    table = payoffs.values[0]
    nodes, types_1, actions_1, types_2, actions_2 = table.shape
    first = np.empty((nodes, types_1, actions_1))
    second = np.empty((nodes, types_2, actions_2))
    pure = np.zeros(nodes, dtype=bool)
    widest = max(float(actions_1) ** types_1, float(actions_2) ** types_2)
    if widest <= _PURE:
        cost = int(widest) * max(types_1 * actions_1, types_2 * actions_2)
        for begin, end in blocks(np.full(nodes, cost), _ENTRIES):
            part = slice(begin, end)
            pure[part] = _solve_pure(table[part], first[part], second[part])
    for node in np.flatnonzero(~pure).tolist():
        first[node], second[node] = solve_saddle(table[node])
    values, gaps = check_saddle(table, first, second)
    return StageSolution(prescriptions=(first, second), values=values[None], gaps=gaps)


def guarantees(table: Floats, first: Floats, second: Floats) -> tuple[float, float]:
    """Return what the first agent secures, and what the second concedes at most."""
    lower = np.einsum("paqb,pa->qb", table, first).min(axis=1).sum()
    upper = np.einsum("paqb,qb->pa", table, second).max(axis=1).sum()
    return float(lower), float(upper)


def solve_saddle(table: Floats) -> tuple[Floats, Floats]:
    """Solve one node: a pair of maximin prescriptions for payoffs (m_1, A_1, m_2, A_2)."""
    table = table - table[:, :1, :, :1]  # what both get in any case is not at stake
    scale = float(np.abs(table).sum(axis=(0, 2)).max()) or 1.0
    first, second = _solve_program(table / scale)
    lower, upper = guarantees(table / scale, first, second)
    if upper - lower > TOLERANCE:
        # Degenerate duals: let the second agent's own program decide.
        second, _ = _solve_program(-table.transpose(2, 3, 0, 1) / scale)
        lower, upper = guarantees(table / scale, first, second)
    if upper - lower > TOLERANCE:
        raise AssertionError(f"the two linear programs of a stage differ by {upper - lower:g}")
    return first, second


def _solve_program(table: Floats) -> tuple[Floats, Floats]:
    """Maximise what the first agent secures; its prescription and the dual one."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, kron

    types_1, actions_1, types_2, actions_2 = table.shape
    weights = types_1 * actions_1
    secured = hstack(
        [
            csr_array(-table.reshape(weights, types_2 * actions_2).T),
            kron(csr_array(np.eye(types_2)), np.ones((actions_2, 1))),
        ]
    )
    normalised = hstack(
        [
            kron(csr_array(np.eye(types_1)), np.ones((1, actions_1))),
            csr_array((types_1, types_2)),
        ]
    )
    found = linprog(
        np.concatenate([np.zeros(weights), -np.ones(types_2)]),
        A_ub=secured.tocsr(),
        b_ub=np.zeros(types_2 * actions_2),
        A_eq=normalised.tocsr(),
        b_eq=np.ones(types_1),
        bounds=[(0, None)] * weights + [(None, None)] * types_2,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise AssertionError(f"linear program of a stage: {found.message}")
    first = _clean(np.asarray(found.x[:weights]).reshape(types_1, actions_1))
    second = _clean(-np.asarray(found.ineqlin.marginals).reshape(types_2, actions_2))
    return first, second


def _clean(rows: Floats) -> Floats:
    """Turn weights from a solver into distributions."""
    rows = np.where(rows > _DUST, rows, 0.0)
    sums = rows.sum(axis=1, keepdims=True)
    return np.where(sums > 0, rows / np.where(sums > 0, sums, 1.0), 1.0 / rows.shape[1])


def _solve_pure(table: Floats, first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Fill in the nodes that have a saddle point in deterministic prescriptions; say which."""
    _, types_1, actions_1, types_2, actions_2 = table.shape
    rows_1, rows_2 = _pure_rows(types_1, actions_1), _pure_rows(types_2, actions_2)
    # What each deterministic prescription secures, (G, number of prescriptions).
    secured = _totals(table, rows_1).min(axis=3).sum(axis=2)
    conceded = _totals(table.transpose(0, 3, 4, 1, 2), rows_2).max(axis=3).sum(axis=2)
    scale = scale_of(table)
    pure: NDArray[np.bool_] = conceded.min(axis=1) - secured.max(axis=1) <= 1e-13 * scale
    first[pure] = np.eye(actions_1)[rows_1[secured[pure].argmax(axis=1)]]
    second[pure] = np.eye(actions_2)[rows_2[conceded[pure].argmin(axis=1)]]
    return pure


def _pure_rows(types: int, actions: int) -> Ints:
    """All deterministic prescriptions, (A**m, m)."""
    return digits(np.arange(actions**types), [actions] * types).T


def _totals(table: Floats, rows: Ints) -> Floats:
    """Sum (G, m, A, m', A') over the choices of each row: (G, rows, m', A')."""
    total = np.zeros((table.shape[0], len(rows), *table.shape[3:]))
    for place in range(table.shape[1]):
        total += table[:, place, rows[:, place]]
    return total
