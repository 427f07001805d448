"""Team optimum of a stage with two agents and many private values, by integer programming."""

from __future__ import annotations

import numpy as np

from ..errors import LimitError
from ..game import Floats, Ints

SECONDS = 600.0
"""Longest search at one node."""


def solve_team_program(table: Floats) -> tuple[float, float, Ints, Ints]:
    """Maximise payoffs (m_1, A_1, m_2, A_2) over deterministic prescriptions.

    With x_i the prescriptions and w[p_1, a_1, p_2, a_2] standing for x_1[p_1, a_1] x_2[p_2, a_2],
    sum(U w) is maximised subject to sum over a_2 of w = x_1 and sum over a_1 of w = x_2. Only x_1
    must be integer: then w is the product for every x_2 in its polytope.

    Returns
    -------
    The value, recomputed from integer choices, the solver's bound on it, and the actions of both
    agents, (m_1,) and (m_2,).

    Raises
    ------
    LimitError
        P0605 when the search takes longer than ``SECONDS``.
    """
    from scipy.optimize import milp
    from scipy.sparse import csr_array

    types_1, actions_1, types_2, actions_2 = table.shape
    size_1, size_2 = types_1 * actions_1, types_2 * actions_2
    products = size_1 * size_2
    # Columns: w, then x_1, then x_2.
    w = np.arange(products).reshape(table.shape)
    x_1 = products + np.arange(size_1).reshape(types_1, actions_1)
    x_2 = products + size_1 + np.arange(size_2).reshape(types_2, actions_2)
    # A row of the first kind for each (p_1, a_1, p_2), of the second for each (p_1, p_2, a_2), of
    # the third for each p_1.
    first = np.arange(size_1 * types_2).reshape(types_1, actions_1, types_2)
    second = first.size + np.arange(types_1 * size_2).reshape(types_1, types_2, actions_2)
    third = first.size + second.size + np.arange(types_1)
    entries = [
        (first[:, :, :, None], w, 1.0),
        (first, x_1[:, :, None], -1.0),
        (second[:, None], w, 1.0),
        (second, x_2[None], -1.0),
        (third[:, None], x_1, 1.0),
    ]
    rows, columns, values = zip(
        *(
            [part.ravel() for part in np.broadcast_arrays(row, column, value)]
            for row, column, value in entries
        ),
        strict=True,
    )
    equations, unknowns = first.size + second.size + types_1, products + size_1 + size_2
    matrix = csr_array(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(equations, unknowns),
    )
    right = np.zeros(equations)
    right[third] = 1
    scale = float(np.abs(table).sum(axis=(0, 2)).max()) or 1.0
    cost = np.zeros(unknowns)
    cost[:products] = -table.ravel() / scale
    whole = np.zeros(unknowns)
    whole[x_1] = 1
    found = milp(
        cost,
        integrality=whole,
        bounds=(0, 1),
        constraints=(matrix, right, right),
        options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
    )
    if found.status == 1:
        raise LimitError("P0605", seconds=f"{SECONDS:g}", private=max(types_1, types_2))
    if found.x is None:
        raise AssertionError(f"integer program of a stage: {found.message}")
    moves_1: Ints = np.asarray(found.x)[x_1].argmax(axis=1)
    response = table[np.arange(types_1), moves_1].sum(axis=0)
    value = float(response.max(axis=1).sum())
    bound = value if found.mip_dual_bound is None else -scale * float(found.mip_dual_bound)
    return value, bound, moves_1, response.argmax(axis=1)
