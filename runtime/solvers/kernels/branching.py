"""Team optima of stages by depth-first branch and bound, node after node."""

from __future__ import annotations

import numpy as np

from ...game import Floats, Ints
from .compiling import compile_kernel


@compile_kernel
def _relax(table: Floats, first: int, types: Ints, actions: Ints, rest: Ints) -> float:
    """Bound the optimum of a table (m_first, A_first, ..., m_n, A_n) from above; overwrites it.

    Each agent may choose anew for each choice of those that come later. With one agent left the
    bound is the optimum.
    """
    agents = len(types)
    for agent in range(first, agents - 1):
        size = rest[agent]
        for k in range(size):
            total = 0.0
            for p in range(types[agent]):
                start = p * actions[agent] * size + k
                best = table[start]
                for a in range(1, actions[agent]):
                    best = max(best, table[start + a * size])
                total += best
            table[k] = total  # no later k reads here
    total = 0.0
    last = actions[agents - 1]
    for p in range(types[agents - 1]):
        best = table[p * last]
        for a in range(1, last):
            best = max(best, table[p * last + a])
        total += best
    return float(total)


@compile_kernel
def _respond_to(base: Floats, table: Floats, place: int, types: int, actions: int) -> float:
    """Sum over private values of the best of ``base + table[place:]``, (types, actions)."""
    total = 0.0
    for p in range(types):
        start = p * actions
        best = base[start] + table[place + start]
        for a in range(1, actions):
            value = base[start + a] + table[place + start + a]
            best = max(best, value)
        total += best
    return total


@compile_kernel
def _take_most(
    table: Floats, place: int, actions: int, size: int, most: Floats, total: Floats
) -> None:
    """Set ``most`` to the columns' maxima over actions from ``place`` on; add them to ``total``."""
    for k in range(size):
        best = table[place + k]
        for a in range(1, actions):
            best = max(best, table[place + a * size + k])
        most[k] = best
        total[k] += best


@compile_kernel
def _tighten(
    table: Floats,
    types_1: int,
    actions_1: int,
    types_2: int,
    actions_2: int,
    sweeps: int,
    reached: Floats,
    most: Floats,
    share: Floats,
) -> None:
    """Change a flat table (m_1, A_1, m_2, A_2) so that bounds get lower, and no value changes.

    For each (p_1, a_1), amounts that add up to 0 over p_2 are added to the payoffs. They make what
    each p_2 could give at best, given p_1 plays a_1, the same for all p_2: as in the coordinate
    descent (max-product linear programming) of Globerson and Jaakkola (2007).
    """
    size = types_2 * actions_2
    for k in range(size):
        reached[k] = 0.0
    for p in range(types_1):
        _take_most(table, p * actions_1 * size, actions_1, size, most[p], reached)
    for _ in range(sweeps):
        for p in range(types_1):
            for k in range(size):
                reached[k] -= most[p, k]
            for a in range(actions_1):
                place = (p * actions_1 + a) * size
                total = 0.0
                for q in range(types_2):
                    best = -np.inf
                    for b in range(actions_2):
                        k = q * actions_2 + b
                        best = max(best, reached[k] + table[place + k])
                    share[q] = best
                    total += best
                for q in range(types_2):
                    change = total / types_2 - share[q]
                    for b in range(actions_2):
                        table[place + q * actions_2 + b] += change
            _take_most(table, p * actions_1 * size, actions_1, size, most[p], reached)


@compile_kernel
def _open_level(
    table: Floats, types: int, actions: int, size: int, order: Ints, spread: Floats, bound: Floats
) -> None:
    """Prepare to branch on one agent's choices in ``table`` (types, actions, size).

    Private values where the choice matters most come first in ``order``. Row t of ``bound``
    (types + 1, size) becomes the sum over order[t:] of the best payoff, column by column.
    """
    for p in range(types):
        spread[p] = 0.0
        order[p] = p
        for k in range(size):
            least = table[p * actions * size + k]
            most = least
            for a in range(1, actions):
                value = table[(p * actions + a) * size + k]
                least = min(least, value)
                most = max(most, value)
            spread[p] += most - least
    for t in range(1, types):
        p = order[t]
        k = t
        while k > 0 and spread[order[k - 1]] < spread[p]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = p
    for k in range(size):
        bound[types, k] = 0.0
    for t in range(types - 1, -1, -1):
        start = order[t] * actions * size
        for k in range(size):
            most = table[start + k]
            for a in range(1, actions):
                most = max(most, table[start + a * size + k])
            bound[t, k] = bound[t + 1, k] + most


@compile_kernel
def solve_teams(
    tables: Floats,
    types: Ints,
    actions: Ints,
    margins: Floats,
    limit: int,
    rows: Ints,
    bounds: Floats,
    status: Ints,
) -> None:
    """Fill in the best deterministic prescriptions.

    The choices of all agents but the last are branched on, one private value at a time, most
    promising action first; the last agent best-responds for each of its private values. So the first answer
    is a greedy one, which proved as good as what best responses in turn lead to. With two agents
    bounds are tightened first where that pays.

    Parameters
    ----------
    tables : (G, m_1 * A_1 * ... * m_n * A_n)
    types, actions : (n,)
        m_i and A_i, n >= 2.
    margins : (G,)
        Branches that promise no more than this above the best are not searched.
    limit
        Most branches looked at in a node.
    rows : (G, m_1 + ... + m_n), written
    bounds : (G,), written
        No prescriptions are worth more, by what the branches not searched promise.
    status : (G,), written
        0 when the search was complete, 1 when the limit was reached.
    """
    nodes = len(tables)
    agents = len(types)
    rest = np.ones(agents, np.int64)
    for agent in range(agents - 2, -1, -1):
        rest[agent] = rest[agent + 1] * types[agent + 1] * actions[agent + 1]
    # Level d chooses for the d-th private value, counted over all agents but the last.
    levels = 0
    widest = 0
    most_types = 0
    for agent in range(agents - 1):
        levels += types[agent]
        widest = max(widest, actions[agent])
        most_types = max(most_types, types[agent])
    agent_of = np.empty(levels, np.int64)
    turn_of = np.empty(levels, np.int64)
    level = 0
    for agent in range(agents - 1):
        for t in range(types[agent]):
            agent_of[level] = agent
            turn_of[level] = t
            level += 1
    # reached[d] is what the choices at levels before d are worth, an array (rest,) within an agent;
    # where an agent begins, it is the table of the agents left.
    reached = np.empty((levels + 1, max(rest[0], 1)))
    orders = np.empty((agents, most_types), np.int64)
    spread = np.empty(most_types)
    best_of_rest = np.empty((agents - 1, most_types + 1, rest[0]))
    order = np.empty((levels, widest), np.int64)
    promise = np.empty((levels, widest))
    tried = np.empty(levels, np.int64)
    chosen = np.empty(levels, np.int64)
    work = np.empty(rest[0])
    base = np.empty(rest[0])
    tight = np.empty(tables.shape[1])
    last = agents - 1
    for node in range(nodes):
        table = tables[node]
        row = rows[node]
        for k in range(len(row)):
            row[k] = 0
        best = -np.inf
        margin = margins[node]
        status[node] = 0
        bounds[node] = -np.inf
        looked = 0
        level = 0
        current = table
        if agents == 2 and levels > 4:
            for k in range(len(table)):
                tight[k] = table[k]
            _tighten(
                tight, types[0], actions[0], types[1], actions[1],
                3, base, best_of_rest[0], work,
            )  # fmt: skip
            current = tight
        fresh = True
        while level >= 0:
            agent = agent_of[level]
            size = int(rest[agent])
            turn = turn_of[level]
            source = current if agent == 0 else reached[level - turn]
            if fresh:
                # Look at all actions at this level.
                if turn == 0:
                    _open_level(
                        source, types[agent], actions[agent], size,
                        orders[agent], spread, best_of_rest[agent],
                    )  # fmt: skip
                p = orders[agent, turn]
                for k in range(size):
                    base[k] = best_of_rest[agent, turn + 1, k]
                if turn > 0:
                    for k in range(size):
                        base[k] += reached[level, k]
                for a in range(actions[agent]):
                    place = (p * actions[agent] + a) * size
                    if agent == last - 1:
                        value = _respond_to(base, source, place, types[last], actions[last])
                    else:
                        for k in range(size):
                            work[k] = base[k] + source[place + k]
                        value = _relax(work, agent + 1, types, actions, rest)
                    k = a
                    while k > 0 and promise[level, k - 1] < value:
                        promise[level, k] = promise[level, k - 1]
                        order[level, k] = order[level, k - 1]
                        k -= 1
                    promise[level, k] = value
                    order[level, k] = a
                looked += actions[agent]
                tried[level] = 0
                if looked > limit:
                    status[node] = 1
                    break
            fresh = False
            if tried[level] == actions[agent] or promise[level, tried[level]] <= best + margin:
                if tried[level] < actions[agent]:
                    bounds[node] = max(bounds[node], promise[level, tried[level]])
                level -= 1
                continue
            a = order[level, tried[level]]
            chosen[level] = a
            tried[level] += 1
            if level == levels - 1:
                # The promise is the value. No other action here is better.
                best = promise[level, tried[level] - 1]
                start = 0
                for k in range(levels):
                    if turn_of[k] == 0 and k > 0:
                        start = k
                    row[start + orders[agent_of[k], turn_of[k]]] = chosen[k]
                level -= 1
                continue
            place = (orders[agent, turn] * actions[agent] + a) * size
            if turn == 0:
                for k in range(size):
                    reached[level + 1, k] = source[place + k]
            else:
                for k in range(size):
                    reached[level + 1, k] = reached[level, k] + source[place + k]
            level += 1
            fresh = True
        bounds[node] = max(bounds[node], best) if status[node] == 0 else np.inf
        # The last agent's responses to what was found.
        start = 0
        current = table
        for agent in range(last):
            size = rest[agent]
            for k in range(size):
                work[k] = 0.0
            for p in range(types[agent]):
                place = (p * actions[agent] + row[start + p]) * size
                for k in range(size):
                    work[k] += current[place + k]
            start += types[agent]
            for k in range(size):
                reached[start, k] = work[k]
            current = reached[start]
        for p in range(types[last]):
            row[start + p] = 0
            for a in range(1, actions[last]):
                if work[p * actions[last] + a] > work[p * actions[last] + row[start + p]]:
                    row[start + p] = a
