"""Saddle points of zero-sum stages by a dense simplex method, node after node."""

from __future__ import annotations

import numpy as np

from ...game import Floats, Ints
from .compiling import compile_kernel

TOLERANCE = 1e-11
"""Reduced costs and coefficients below this are 0; differences of payoffs are scaled to 1."""


@compile_kernel
def solve_saddles(tables: Floats, first: Floats, second: Floats, status: Ints) -> None:
    """Fill in maximin prescriptions of both agents.

    With x the first agent's prescription and s[q, b] = sum(x table[:, :, q, b]) - v[q] the slack of
    the second agent's action b at its private value q, sum(v) is maximised subject to s >= 0. The
    start is a vertex: the first agent plays a0(p) and b0(q) is the reply. Then x[p, a0(p)] and
    v[q] are eliminated, so nothing is done to find a feasible point, and no variable is free. The
    second agent's prescription is the dual solution.

    The entering variable has the best reduced cost. After as many degenerate pivots in a row as
    there are variables, the least index enters and leaves (Bland), until the value improves: so no
    basis comes twice.

    Parameters
    ----------
    tables : (G, m_1, A_1, m_2, A_2)
    first : (G, m_1, A_1), written
    second : (G, m_2, A_2), written
    status : (G,), written
        0 when solved, 1 when the limit of pivots was reached.
    """
    nodes, types_1, actions_1, types_2, actions_2 = tables.shape
    choices = types_1 * actions_1
    replies = types_2 * actions_2
    rows = types_2 * (actions_2 - 1) + types_1
    columns = types_1 * (actions_1 - 1) + types_2
    limit = 50 * (rows + columns)
    # basic = right - (coefficients) nonbasic; the last row is what the value gains, the last column
    # the right side.
    tableau = np.empty((rows + 1, columns + 1))
    pivot_row = np.empty(columns + 1)
    # Variables are numbered x[p, a], then s[q, b].
    basic = np.empty(rows, np.int64)
    nonbasic = np.empty(columns, np.int64)
    played = np.empty(types_1, np.int64)
    replied = np.empty(types_2, np.int64)
    total = np.empty(replies)
    weight = np.empty(types_2)
    for node in range(nodes):
        table = tables[node].reshape(choices, replies)
        first[node] = 0.0
        second[node] = 0.0
        # The vertex to start from: best against uniform replies, then against the best replies.
        for p in range(types_1):
            best = -np.inf
            for a in range(actions_1):
                value = 0.0
                for k in range(replies):
                    value += table[p * actions_1 + a, k]
                if value > best:
                    best = value
                    played[p] = a
        for k in range(replies):
            value = 0.0
            for p in range(types_1):
                value += table[p * actions_1 + played[p], k]
            total[k] = value
        scale = 0.0
        for q in range(types_2):
            replied[q] = 0
            for b in range(1, actions_2):
                if total[q * actions_2 + b] < total[q * actions_2 + replied[q]]:
                    replied[q] = b
            # Only differences between actions matter, so they give the unit.
            largest = 0.0
            for c in range(choices):
                base = table[c // actions_1 * actions_1, q * actions_2]
                for b in range(actions_2):
                    largest = max(largest, abs(table[c, q * actions_2 + b] - base))
            weight[q] = largest
            scale = max(scale, largest)
        if scale == 0.0:
            scale = 1.0
        for q in range(types_2):
            # Private values that hardly matter are not blown up.
            weight[q] = max(weight[q], 1e-9 * scale)
        # The tableau of that vertex. Slacks of q are in units of weight[q].
        column = 0
        tableau[rows, :] = 0.0
        for p in range(types_1):
            zero = p * actions_1 + played[p]
            for a in range(actions_1):
                if a == played[p]:
                    continue
                own = p * actions_1 + a
                nonbasic[column] = own
                row = 0
                gain = 0.0
                for q in range(types_2):
                    least = q * actions_2 + replied[q]
                    base = table[own, least] - table[zero, least]
                    gain += base
                    inverse = 1.0 / weight[q]
                    for b in range(actions_2):
                        if b != replied[q]:
                            k = q * actions_2 + b
                            tableau[row, column] = (base - table[own, k] + table[zero, k]) * inverse
                            row += 1
                tableau[rows, column] = gain / scale
                for other in range(types_1):
                    tableau[row + other, column] = 0.0
                tableau[row + p, column] = 1.0
                column += 1
        row = 0
        for q in range(types_2):
            least = q * actions_2 + replied[q]
            nonbasic[column + q] = choices + least
            tableau[:, column + q] = 0.0
            for b in range(actions_2):
                if b != replied[q]:
                    k = q * actions_2 + b
                    basic[row] = choices + k
                    tableau[row, column + q] = -1.0
                    tableau[row, columns] = (total[k] - total[least]) / weight[q]
                    row += 1
            tableau[rows, column + q] = -weight[q] / scale
        for p in range(types_1):
            basic[row + p] = p * actions_1 + played[p]
            tableau[row + p, columns] = 1.0
        status[node] = 1
        stalled = 0
        for _ in range(limit):
            careful = stalled > rows + columns
            enters = -1
            best = TOLERANCE
            for j in range(columns):
                if tableau[rows, j] > best:
                    if careful and enters >= 0 and nonbasic[j] > nonbasic[enters]:
                        continue
                    enters = j
                    if not careful:
                        best = tableau[rows, j]
            if enters < 0:
                status[node] = 0
                break
            leaves = -1
            ratio = np.inf
            for i in range(rows):
                coefficient = tableau[i, enters]
                if coefficient > TOLERANCE:
                    reached = tableau[i, columns] / coefficient
                    if leaves < 0 or reached < ratio - 1e-13:
                        leaves = i
                        ratio = reached
                    elif reached <= ratio + 1e-13:
                        if careful:
                            if basic[i] < basic[leaves]:
                                leaves = i
                                ratio = min(ratio, reached)
                        elif coefficient > tableau[leaves, enters]:
                            leaves = i
                            ratio = min(ratio, reached)
            if leaves < 0:  # the value is bounded, so this is rounding
                break
            stalled = 0 if ratio > 1e-13 else stalled + 1
            inverse = 1.0 / tableau[leaves, enters]
            for j in range(columns + 1):
                pivot_row[j] = tableau[leaves, j] * inverse
            for i in range(rows + 1):
                factor = tableau[i, enters]
                if i != leaves and factor != 0.0:
                    for j in range(columns + 1):
                        tableau[i, j] -= factor * pivot_row[j]
                    tableau[i, enters] = -factor * inverse
            for j in range(columns + 1):
                tableau[leaves, j] = pivot_row[j]
            tableau[leaves, enters] = inverse
            for i in range(rows):
                tableau[i, columns] = max(tableau[i, columns], 0.0)
            basic[leaves], nonbasic[enters] = nonbasic[enters], basic[leaves]
        for i in range(rows):
            if basic[i] < choices:
                p, a = divmod(basic[i], actions_1)
                first[node, p, a] = tableau[i, columns]
        for j in range(columns):
            if nonbasic[j] >= choices:
                q, b = divmod(nonbasic[j] - choices, actions_2)
                second[node, q, b] = max(0.0, -tableau[rows, j] / weight[q])
        for p in range(types_1):
            value = first[node, p].sum()
            for a in range(actions_1):
                first[node, p, a] = first[node, p, a] / value if value > 0.0 else 1.0 / actions_1
        for q in range(types_2):
            value = second[node, q].sum()
            for b in range(actions_2):
                second[node, q, b] = second[node, q, b] / value if value > 0.0 else 1.0 / actions_2
