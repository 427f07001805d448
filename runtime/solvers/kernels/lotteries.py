"""Correlated and coarse correlated equilibria of any number of agents, node after node.

A joint prescription is a row of weights, agent after agent and private value after private value.
Cases, choices and gains of deviations are those of ``Deviations``.
"""

from __future__ import annotations

import numpy as np

from ...game import Floats, Ints
from .compiling import compile_kernel
from .simplex import solve_saddles

TOLERANCE = 1e-9
"""Gains below this, relative to the largest payoff, are none."""
SMALL = 1e-12
"""Gains below this are not magnified, relative to the largest payoff."""
DUST = 1e-12
"""Weights of a lottery below this are dropped."""
_RARE = 1e-30
"""Chance of moves that are not made otherwise, so that all actions are reached."""


@compile_kernel
def _pay(
    table: Floats,
    widths: Ints,
    starts: Ints,
    agent: int,
    rows: Floats,
    left: Floats,
    right: Floats,
    paid: Floats,
) -> None:
    """Set ``paid`` to what an agent's actions make of a table against the others' ``rows``.

    ``widths`` and ``starts`` are where each agent is in a row; ``left`` and ``right`` are scratch.
    """
    before = 1
    left[0] = 1.0
    for other in range(agent):
        width = widths[other]
        for k in range(before - 1, -1, -1):
            chance = left[k]
            for j in range(width):
                left[k * width + j] = chance * rows[starts[other] + j]
        before *= width
    after = 1
    right[0] = 1.0
    for other in range(agent + 1, len(widths)):
        width = widths[other]
        for k in range(after - 1, -1, -1):
            chance = right[k]
            for j in range(width):
                right[k * width + j] = chance * rows[starts[other] + j]
        after *= width
    own = widths[agent]
    for k in range(own):
        paid[k] = 0.0
    for i in range(before):
        if left[i] == 0.0:
            continue
        for k in range(own):
            place = (i * own + k) * after
            total = 0.0
            for j in range(after):
                total += table[place + j] * right[j]
            paid[k] += left[i] * total


@compile_kernel
def _list_gains(
    payoffs: Floats, rows: Floats, types: Ints, actions: Ints, informed: bool, gains: Floats
) -> None:
    """Fill in the gains (Q, K) of deviations from a joint prescription with payoffs of actions."""
    gains[:] = 0.0
    case = 0
    place = 0
    for agent in range(len(types)):
        count = actions[agent]
        for _ in range(types[agent]):
            if informed:
                for a in range(count):
                    for b in range(count):
                        better = payoffs[place + b] - payoffs[place + a]
                        gains[case, b] = rows[place + a] * better
                    case += 1
            else:
                followed = 0.0
                for a in range(count):
                    followed += rows[place + a] * payoffs[place + a]
                for a in range(count):
                    gains[case, a + 1] = payoffs[place + a] - followed
                case += 1
            place += count


@compile_kernel
def _settle(moves: Floats, count: int, chances: Floats) -> None:
    """Fill in a stationary distribution of weights of moves, by elimination; these are spoilt."""
    for a in range(count):
        for b in range(count):
            moves[a, b] += _RARE
    for last in range(count - 1, 0, -1):
        leaving = 0.0
        for b in range(last):
            leaving += moves[last, b]
        for a in range(last):
            moves[a, last] /= leaving
            for b in range(last):
                moves[a, b] += moves[a, last] * moves[last, b]
    total = 1.0
    chances[0] = 1.0
    for a in range(1, count):
        chances[a] = 0.0
        for b in range(a):
            chances[a] += chances[b] * moves[b, a]
        total += chances[a]
    for a in range(count):
        chances[a] /= total


@compile_kernel
def _respond(
    values: Floats,
    types: Ints,
    actions: Ints,
    widths: Ints,
    starts: Ints,
    informed: bool,
    prices: Floats,
    sweeps: int,
    table: Floats,
    moves: Floats,
    left: Floats,
    right: Floats,
    paid: Floats,
    rows: Floats,
) -> None:
    """Fill in a deterministic joint prescription from which the priced deviations gain nothing.

    ``prices`` (Q, K) weigh the choices in each case. ``rows`` are first those that all deviations
    together leave as they are, whatever the payoffs; then agents in turn minimise the gains.
    """
    agents = len(types)
    table[:] = 0.0
    case = 0
    for agent in range(agents):
        count = actions[agent]
        own = widths[agent]
        after = 1
        for other in range(agent + 1, agents):
            after *= widths[other]
        before = len(table) // (own * after)
        for p in range(types[agent]):
            place = starts[agent] + p * count
            if not informed:
                leaving = 0.0
                for b in range(count):
                    leaving += prices[case, b + 1]
                for b in range(count):
                    rows[place + b] = (
                        prices[case, b + 1] / leaving if leaving > 0.0 else 1.0 / count
                    )
            for a in range(count):
                for b in range(count):
                    price = prices[case + a, b] if informed else prices[case, b + 1]
                    if informed:
                        moves[a, b] = price
                    if price == 0.0 or a == b:
                        continue
                    for i in range(before):
                        here = (i * own + p * count + a) * after
                        there = (i * own + p * count + b) * after
                        for j in range(after):
                            table[here + j] += price * (
                                values[agent, there + j] - values[agent, here + j]
                            )
            if informed:
                _settle(moves, count, rows[place : place + count])
                case += count
            else:
                case += 1
    for _ in range(sweeps):
        for agent in range(agents):
            _pay(table, widths, starts, agent, rows, left, right, paid)
            count = actions[agent]
            for p in range(types[agent]):
                best = p * count
                for k in range(p * count, p * count + count):
                    if paid[k] < paid[best]:
                        best = k
                for k in range(p * count, p * count + count):
                    rows[starts[agent] + k] = 1.0 if k == best else 0.0


@compile_kernel
def find_lotteries(
    tables: Floats,
    types: Ints,
    actions: Ints,
    informed: bool,
    sweeps: int,
    scales: Floats,
    counts: Ints,
    weights: Floats,
    prescriptions: Floats,
    status: Ints,
) -> None:
    """Fill in an equilibrium of each stage: a lottery over joint prescriptions.

    As ``generate_lottery``, from the first actions on: a linear program mixes joint prescriptions; while
    deviators gain from the best mixture, one is added that their best deviations gain nothing from.
    Learning first would save programs, but takes as long as they do.

    Parameters
    ----------
    tables : (G, n, m_1 A_1 ... m_n A_n)
        Each agent's payoffs.
    types, actions : (n,), m_i and A_i
    informed
        Whether deviators see what they are recommended.
    sweeps
        How often agents improve a new joint prescription.
    scales : (G,)
        The largest payoffs.
    counts : (G,), written
        How many joint prescriptions there are in each lottery.
    weights, prescriptions : (G, T), (G, T, m_1 A_1 + ... + m_n A_n), written
        T must be one more than there are choices other than the first in all cases. Prescriptions
        are deterministic; the first actions where no equilibrium is found.
    status : (G,), written
        0 when solved, 1 when a linear program failed, 2 when it does not become more precise, 3
        when there are too many joint prescriptions.
    """
    agents = len(types)
    widths = types * actions
    starts = np.zeros(agents, np.int64)
    cases = 0
    for agent in range(agents):
        if agent:
            starts[agent] = starts[agent - 1] + widths[agent - 1]
        cases += widths[agent] if informed else types[agent]
    width = starts[agents - 1] + widths[agents - 1]
    most = actions.max()
    choices = most if informed else most + 1
    kept = weights.shape[1]
    limit = 2 * kept + 100
    columns = np.empty((limit, width))
    gains = np.empty((limit, cases, choices))
    scaled = np.empty(limit * cases * choices)
    unit = np.empty(cases)
    chances = np.empty((1, cases, choices))
    mixture = np.empty(limit)
    solved = np.empty(1, np.int64)
    payoffs = np.empty(width)
    moves = np.empty((most, most))
    table = np.empty(tables.shape[2])
    left = np.empty(tables.shape[2])
    right = np.empty(tables.shape[2])
    paid = np.empty(widths.max())
    for node in range(len(tables)):
        values = tables[node]
        count = 1
        for agent in range(agents):
            for k in range(widths[agent]):
                columns[0, starts[agent] + k] = 1.0 if k % actions[agent] == 0 else 0.0
        while True:
            for agent in range(agents):
                _pay(values[agent], widths, starts, agent, columns[count - 1], left, right, paid)
                for k in range(widths[agent]):
                    payoffs[starts[agent] + k] = paid[k]
            _list_gains(payoffs, columns[count - 1], types, actions, informed, gains[count - 1])
            for q in range(cases):
                unit[q] = SMALL * scales[node]
                for t in range(count):
                    for k in range(choices):
                        unit[q] = max(unit[q], abs(gains[t, q, k]))
                if unit[q] == 0.0:
                    unit[q] = 1.0
            for t in range(count):
                for q in range(cases):
                    for k in range(choices):
                        scaled[(t * cases + q) * choices + k] = -gains[t, q, k] / unit[q]
            solve_saddles(
                scaled[: count * cases * choices].reshape(1, 1, count, cases, choices),
                mixture[:count].reshape(1, 1, count),
                chances,
                solved,
            )
            if solved[0] != 0:
                status[node] = 1
                break
            gap = 0.0
            for q in range(cases):
                worst = 0.0
                for k in range(choices):
                    total = 0.0
                    for t in range(count):
                        total += mixture[t] * gains[t, q, k]
                    worst = max(worst, total)
                gap += worst
            if gap <= TOLERANCE * scales[node]:
                status[node] = 0
                break
            if count == limit:
                status[node] = 3
                break
            for q in range(cases):
                for k in range(choices):
                    chances[0, q, k] /= unit[q]
            _respond(
                values,
                types,
                actions,
                widths,
                starts,
                informed,
                chances[0],
                sweeps,
                table,
                moves,
                left,
                right,
                paid,
                columns[count],
            )
            known = False
            for t in range(count):
                same = True
                for k in range(width):
                    same = same and columns[t, k] == columns[count, k]
                known = known or same
            if known:
                status[node] = 2
                break
            count += 1
        counts[node] = 0
        total = 0.0
        if status[node] != 0:
            mixture[:count] = 0.0
            mixture[0] = 1.0
        for t in range(count):
            if mixture[t] > DUST and counts[node] < kept:
                weights[node, counts[node]] = mixture[t]
                prescriptions[node, counts[node]] = columns[t]
                total += mixture[t]
                counts[node] += 1
        for t in range(counts[node]):
            weights[node, t] /= total
