"""Nash equilibria of two-agent general-sum stages by Lemke's method, node after node."""

from __future__ import annotations

import numpy as np

from ...game import Floats, Ints
from .compiling import compile_kernel

TOLERANCE = 1e-10
"""Coefficients below this are 0; payoffs are scaled to 1."""
_TIE = 1e-10


@compile_kernel
def _reply(table: Floats, types: int, actions: int, others: Ints, played: Ints) -> None:
    """Set ``played`` to the best pure reply to the pure prescription ``others``.

    ``table`` (m A, m' A') are the payoffs; ``others`` are column numbers. Of equally good actions
    the one that is played already stays.
    """
    for p in range(types):
        best = 0.0
        for k in others:
            best += table[p * actions + played[p], k]
        for a in range(actions):
            value = 0.0
            for k in others:
                value += table[p * actions + a, k]
            if value > best:
                best = value
                played[p] = a


@compile_kernel
def _fill(
    table: Floats,
    types: int,
    actions: int,
    played: Ints,
    replies: int,
    reply_types: int,
    replied: Ints,
    tableau: Floats,
    basic: Ints,
    nonbasic: Ints,
    row: int,
    column: int,
    other_column: int,
    variable: int,
    count: int,
) -> None:
    """Write one agent's rows at the start, and name its variables.

    ``row``, ``column`` and ``variable`` are its first ones, ``other_column`` the other agent's
    first column; ``count`` is the number of weights of both agents.
    """
    last = tableau.shape[1] - 1
    for p in range(types):
        zero = p * actions + played[p]
        # Payoffs of a private value are in units of their own, so rare ones are solved as well.
        unit = 0.0
        for a in range(actions):
            for k in range(reply_types * replies):
                unit = max(unit, abs(table[p * actions + a, k] - table[zero, k]))
        inverse = 1.0 / unit if unit > 0.0 else 0.0
        own_row = row + p * actions + actions - 1
        own_column = column + p * actions + actions - 1
        for j in range(last + 1):
            tableau[own_row, j] = 0.0
        tableau[own_row, last] = 1.0
        basic[own_row] = variable + zero
        nonbasic[own_column] = count + variable + zero
        here = p * actions
        for a in range(actions):
            if a == played[p]:
                continue
            for j in range(last + 1):
                tableau[row + here, j] = 0.0
            own = p * actions + a
            right = 0.0
            place = other_column
            for q in range(reply_types):
                least = q * replies + replied[q]
                base = table[zero, least] - table[own, least]
                right += base
                for b in range(replies):
                    if b != replied[q]:
                        k = q * replies + b
                        gain = base - table[zero, k] + table[own, k]
                        tableau[row + here, place] = gain * inverse
                        place += 1
                place += 1  # of the other agent's slack of the action it plays
            tableau[row + here, own_column] = -1.0
            tableau[row + here, last - 1] = -1.0
            tableau[row + here, last] = right * inverse
            tableau[own_row, column + here] = 1.0
            basic[row + here] = count + variable + own
            nonbasic[column + here] = variable + own
            here += 1


@compile_kernel
def solve_equilibria(
    tables_1: Floats, tables_2: Floats, first: Floats, second: Floats, status: Ints
) -> None:
    """Fill in a Nash equilibrium of each stage.

    Weights x of agent 1's actions have slacks w[p, a] = u[p] - (payoff of a), and each x w is 0. An
    agent gets a bonus t for the actions of a pure prescription to start from, which is an
    equilibrium when t is large; equilibria are followed as t falls to 0. The basis at the start
    eliminates u, so the tableau has a row for each weight and no free variable. With weights
    bounded and only one equilibrium for large t, no ray but the first exists; ties are broken
    lexicographically, so no basis comes twice.

    Parameters
    ----------
    tables_1, tables_2 : (G, m_1, A_1, m_2, A_2), (G, m_2, A_2, m_1, A_1)
        The payoff of each agent, its own axes first.
    first : (G, m_1, A_1), written
    second : (G, m_2, A_2), written
    status : (G,), written
        0 when solved, 1 when the limit of pivots was reached, 2 when a ray was met (by rounding).
    """
    nodes, types_1, actions_1, types_2, actions_2 = tables_1.shape
    size_1 = types_1 * actions_1
    size_2 = types_2 * actions_2
    count = size_1 + size_2
    limit = 50 * count
    tableau = np.empty((count, count + 2))
    pivot_row = np.empty(count + 2)
    # Variables are numbered x of both agents, then their slacks, then t.
    basic = np.empty(count, np.int64)
    nonbasic = np.empty(count + 1, np.int64)
    opening = np.empty(count, np.int64)
    place = np.empty(2 * count + 1, np.int64)
    tied = np.empty(count, np.int64)
    played_1 = np.zeros(types_1, np.int64)
    played_2 = np.zeros(types_2, np.int64)
    columns_1 = np.empty(types_1, np.int64)
    columns_2 = np.empty(types_2, np.int64)
    everything = np.arange(size_2)
    for node in range(nodes):
        table_1 = tables_1[node].reshape(size_1, size_2)
        table_2 = tables_2[node].reshape(size_2, size_1)
        # Start from replies to replies to uniform play.
        played_1[:] = 0
        played_2[:] = 0
        _reply(table_1, types_1, actions_1, everything, played_1)
        for _ in range(2):
            for p in range(types_1):
                columns_1[p] = p * actions_1 + played_1[p]
            _reply(table_2, types_2, actions_2, columns_1, played_2)
            for q in range(types_2):
                columns_2[q] = q * actions_2 + played_2[q]
            _reply(table_1, types_1, actions_1, columns_2, played_1)
        _fill(
            table_1, types_1, actions_1, played_1, actions_2, types_2, played_2,
            tableau, basic, nonbasic, 0, 0, size_1, 0, count,
        )  # fmt: skip
        _fill(
            table_2, types_2, actions_2, played_2, actions_1, types_1, played_1,
            tableau, basic, nonbasic, size_1, size_1, 0, size_1, count,
        )  # fmt: skip
        nonbasic[count] = 2 * count
        enters = count
        leaves = -1
        worst = 0.0
        for i in range(count):
            opening[i] = basic[i]
            place[basic[i]] = -1 - i
            place[nonbasic[i]] = i
            # Of equal rows the last is the lexicographic minimum.
            if tableau[i, count + 1] < 0.0 and tableau[i, count + 1] <= worst:
                worst = tableau[i, count + 1]
                leaves = i
        place[2 * count] = count
        status[node] = 1
        if leaves < 0:
            status[node] = 0
        for _ in range(limit):
            if leaves < 0:
                break
            # Exchange the basic variable of row `leaves` for the nonbasic one of column `enters`.
            inverse = 1.0 / tableau[leaves, enters]
            for j in range(count + 2):
                pivot_row[j] = tableau[leaves, j] * inverse
            for i in range(count):
                factor = tableau[i, enters]
                if i != leaves and factor != 0.0:
                    for j in range(count + 2):
                        tableau[i, j] -= factor * pivot_row[j]
                    tableau[i, enters] = -factor * inverse
            for j in range(count + 2):
                tableau[leaves, j] = pivot_row[j]
            tableau[leaves, enters] = inverse
            left = basic[leaves]
            basic[leaves] = nonbasic[enters]
            nonbasic[enters] = left
            place[basic[leaves]] = -1 - leaves
            place[left] = enters
            if left == 2 * count:
                status[node] = 0
                break
            enters = place[left + count if left < count else left - count]
            # The row with the least ratio leaves; t does when it is among them.
            ratio = np.inf
            ties = 0
            for i in range(count):
                coefficient = tableau[i, enters]
                if coefficient > TOLERANCE:
                    reached = tableau[i, count + 1] / coefficient
                    if reached < ratio - _TIE:
                        ratio = reached
                        tied[0] = i
                        ties = 1
                    elif reached <= ratio + _TIE:
                        ratio = min(ratio, reached)
                        tied[ties] = i
                        ties += 1
            if ties == 0:
                status[node] = 2
                break
            if ties > 1:
                for k in range(ties):
                    if basic[tied[k]] == 2 * count:
                        tied[0] = tied[k]
                        ties = 1
                        break
            for k in range(count):
                if ties == 1:
                    break
                # The next column of the inverse of the basis, for the tied rows.
                where = place[opening[k]]
                least = np.inf
                kept = 0
                for t in range(ties):
                    i = tied[t]
                    if where >= 0:
                        value = tableau[i, where] / tableau[i, enters]
                    elif where == -1 - i:
                        value = 1.0 / tableau[i, enters]
                    else:
                        value = 0.0
                    if value < least - _TIE:
                        least = value
                        kept = 0
                    if value <= least + _TIE:
                        tied[kept] = i
                        kept += 1
                ties = kept
            leaves = tied[0]
        for p in range(types_1):
            for a in range(actions_1):
                first[node, p, a] = 0.0
        for q in range(types_2):
            for b in range(actions_2):
                second[node, q, b] = 0.0
        for i in range(count):
            variable = basic[i]
            if tableau[i, count + 1] > 0.0:
                if variable < size_1:
                    p, a = divmod(variable, actions_1)
                    first[node, p, a] = tableau[i, count + 1]
                elif variable < count:
                    q, b = divmod(variable - size_1, actions_2)
                    second[node, q, b] = tableau[i, count + 1]
        for p in range(types_1):
            value = 0.0
            for a in range(actions_1):
                value += first[node, p, a]
            for a in range(actions_1):
                first[node, p, a] = first[node, p, a] / value if value > 0.0 else 1.0 / actions_1
        for q in range(types_2):
            value = 0.0
            for b in range(actions_2):
                value += second[node, q, b]
            for b in range(actions_2):
                second[node, q, b] = second[node, q, b] / value if value > 0.0 else 1.0 / actions_2
