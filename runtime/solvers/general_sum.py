"""Nash equilibria of general-sum stages with two agents, by Lemke's method in numpy.

A Nash equilibrium is a correlated and a coarse correlated one, so it serves all three concepts.
"""

from __future__ import annotations

import numpy as np

from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .certificates import TOLERANCE, check_equilibrium, scale_of
from .protocol import StageSolution

STARTS = 40
"""Most prescriptions that a path is started from."""
_ZERO = 1e-10


def solve_general_sum(payoffs: StagePayoffs) -> StageSolution:
    """Find a Nash equilibrium of each node.

    Parameters
    ----------
    payoffs
        With two payoffs, one an agent.

    Notes
    -----
    Source: Lemke (1965) on the linear complementarity problem of an equilibrium, with a variable
    for each action at a private value, as von Stengel, van den Elzen and Talman (2002) have it for
    sequences. An addition to the paper, which asks for correlated equilibria where no fast method
    is known for large stages.
    """
    nodes, types_1, actions_1, types_2, actions_2 = payoffs.values.shape[1:]
    first = np.empty((nodes, types_1, actions_1))
    second = np.empty((nodes, types_2, actions_2))
    restarts = 0
    for node in range(nodes):
        first[node], second[node], starts = solve_equilibrium(*payoffs.values[:, node])
        restarts += starts > 1
    values, gaps = check_equilibrium(payoffs.values, (first, second))
    return StageSolution(
        prescriptions=(first, second), values=values, gaps=gaps, fallbacks=restarts
    )


def solve_equilibrium(table_1: Floats, table_2: Floats) -> tuple[Floats, Floats, int]:
    """Find an equilibrium of one node.

    Parameters
    ----------
    table_1, table_2 : (m_1, A_1, m_2, A_2)

    Returns
    -------
    The prescription of each agent, and how many starts it took.
    """
    values = np.stack([table_1, table_2])[:, None]
    allowed = TOLERANCE * max(scale_of(table[None])[0] for table in (table_1, table_2))
    random = np.random.default_rng(0)
    gap = np.inf
    for start in range(STARTS):
        played = _choose_start(table_1, table_2, random if start else None)
        found = _follow_path(table_1, table_2, *played)
        if found is None:
            continue
        gap = float(check_equilibrium(values, (found[0][None], found[1][None]))[1][0])
        if gap <= allowed:
            return *found, start + 1
    raise AssertionError(f"no equilibrium of a stage from {STARTS} starts; the last gap is {gap:g}")


def _choose_start(
    table_1: Floats, table_2: Floats, random: np.random.Generator | None
) -> tuple[Ints, Ints]:
    """Replies to replies to uniform play; pure prescriptions at random when asked for."""
    types_1, actions_1, types_2, actions_2 = table_1.shape
    played_1: Ints = table_1.sum(axis=(2, 3)).argmax(axis=1)
    played_2: Ints = np.zeros(types_2, dtype=np.int64)
    if random is not None:
        played_1[:] = random.integers(actions_1, size=types_1)
        played_2[:] = random.integers(actions_2, size=types_2)
        return played_1, played_2
    for _ in range(2):
        played_2 = table_2[np.arange(types_1), played_1].sum(axis=0).argmax(axis=1)
        played_1 = table_1[:, :, np.arange(types_2), played_2].sum(axis=2).argmax(axis=1)
    return played_1, played_2


def _follow_path(
    table_1: Floats, table_2: Floats, played_1: Ints, played_2: Ints
) -> tuple[Floats, Floats] | None:
    """Follow equilibria while a bonus for the pure prescriptions given falls to 0.

    With x the weights of all actions at all private values, w their slacks, u the payoff of each
    private value and t the bonus: w = u - (payoff of the action) + t [action is not one of those
    given], the x of a private value add up to 1, and x w = 0. None when the path ends elsewhere.
    """
    types_1, actions_1, types_2, actions_2 = table_1.shape
    size_1, size_2 = types_1 * actions_1, types_2 * actions_2
    count, types = size_1 + size_2, types_1 + types_2
    payoff = np.zeros((count, count))
    payoff[:size_1, size_1:] = table_1.reshape(size_1, size_2)
    payoff[size_1:, :size_1] = table_2.reshape(size_1, size_2).T
    owner = np.concatenate(
        [
            np.repeat(np.arange(types_1), actions_1),
            types_1 + np.repeat(np.arange(types_2), actions_2),
        ]
    )
    played = np.concatenate(
        [
            np.arange(types_1) * actions_1 + played_1,
            size_1 + np.arange(types_2) * actions_2 + played_2,
        ]
    )
    # Payoffs matter by their differences between actions; each private value has its own unit.
    payoff -= payoff[played[owner]]
    unit = np.zeros(types)
    np.maximum.at(unit, owner, np.abs(payoff).max(axis=1))
    payoff /= np.where(unit > 0, unit, 1.0)[owner][:, None]
    is_played = np.isin(np.arange(count), played)
    # Columns: x, w, t, u, right side. Rows: slacks, then sums of weights.
    columns = 2 * count + 2 + types
    system = np.zeros((count + types, columns))
    system[:count, :count] = payoff
    system[:count, count : 2 * count] = np.eye(count)
    system[:count, 2 * count] = np.where(is_played, 0.0, -1.0)
    system[np.arange(count), 2 * count + 1 + owner] = -1.0
    system[count + owner, np.arange(count)] = 1.0
    system[count:, -1] = 1.0
    basic = np.where(is_played, np.arange(count), count + np.arange(count))
    start = np.concatenate([basic, 2 * count + 1 + np.arange(types)])
    tableau = np.linalg.solve(system[:, start], system)[:count]
    opening = basic.copy()
    rows = np.flatnonzero(tableau[:, -1] < 0)
    if len(rows):
        least = tableau[rows, -1]
        leaves = int(rows[np.flatnonzero(least == least.min())[-1]])
        enters = 2 * count
        for _ in range(50 * count):
            tableau[leaves] /= tableau[leaves, enters]
            factors = tableau[:, enters].copy()
            factors[leaves] = 0.0
            tableau -= np.outer(factors, tableau[leaves])
            left, basic[leaves] = int(basic[leaves]), enters
            if left == 2 * count:
                break
            enters = left + count if left < count else left - count
            positive = np.flatnonzero(tableau[:, enters] > _ZERO)
            if not len(positive):
                return None
            leaves = _choose_leaving(tableau[positive], enters, opening, basic[positive], 2 * count)
            leaves = int(positive[leaves])
        else:
            return None
    weights = np.zeros(2 * count + 1)
    weights[basic] = np.maximum(tableau[:, -1], 0.0)
    sums = np.bincount(owner, weights[:count])
    if not (sums > 0.5).all():
        return None
    rows_of = weights[:count] / sums[owner]
    return rows_of[:size_1].reshape(types_1, actions_1), rows_of[size_1:].reshape(
        types_2, actions_2
    )


def _choose_leaving(rows: Floats, enters: int, opening: Ints, basic: Ints, bonus: int) -> int:
    """Pick the row with the least ratio; of equal ones the bonus, or else the lexicographic least.

    The columns of the variables that were basic at the start are the inverse of the basis.
    """
    tied = np.arange(len(rows))
    for column in (-1, *opening.tolist()):
        ratios = rows[tied, column] / rows[tied, enters]
        tied = tied[ratios <= ratios.min() + _ZERO]
        if column == -1 and bonus in basic[tied]:
            return int(tied[basic[tied] == bonus][0])
        if len(tied) == 1:
            break
    return int(tied[0])
