"""Stages to solve, ordinary and degenerate, and slow, obvious references."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

from posg.runtime.payoffs import StagePayoffs

Shape = tuple[int, ...]

FAMILIES = (
    "normal",
    "zeros",
    "constant",
    "integers",
    "binary",
    "zero rows",
    "twin actions",
    "no interaction",
    "rare private value",
    "very rare private value",
    "one matters",
    "small",
    "large",
    "offset",
)


def draw_table(random: np.random.Generator, shape: Shape, family: str) -> np.ndarray:
    """One agent's payoffs (m_1, A_1, ..., m_n, A_n)."""
    table = random.normal(size=shape)
    match family:
        case "zeros":
            table[:] = 0
        case "constant":
            table[:] = random.normal()
        case "integers":
            table = np.round(2 * table)
        case "binary":
            table = np.round(table).clip(0, 1)
        case "zero rows":
            table[random.integers(shape[0])] = 0
            table[:, random.integers(shape[1])] = 0
        case "twin actions":
            table[:, -1] = table[:, 0]
            table[..., -1] = table[..., 0]
        case "no interaction":
            table[:] = table[..., :1, :1]
        case "rare private value":
            table[-1] *= 1e-7
        case "very rare private value":
            table[..., -1, :] *= 1e-14
        case "one matters":
            table[1:] *= 1e-11
        case "small":
            table *= 1e-6
        case "large":
            table *= 1e6
        case "offset":
            table += 1e3
    return table


def draw_stages(seed: int, payoffs: int, shape: Shape, families: list[str]) -> StagePayoffs:
    """A stage of each family, for ``payoffs`` agents."""
    random = np.random.default_rng(seed)
    return as_stages(
        np.array(
            [[draw_table(random, shape, family) for family in families] for _ in range(payoffs)]
        )
    )


def as_stages(values: np.ndarray) -> StagePayoffs:
    """Payoffs (K, G, m_1, A_1, ...) as a batch."""
    nodes = values.shape[1]
    private = tuple(np.tile(np.arange(m), (nodes, 1)) for m in values.shape[2::2])
    return StagePayoffs(nodes=np.arange(nodes), private=private, values=values)


def shapes(agents: int, *, private: int = 3, actions: int = 3) -> st.SearchStrategy[Shape]:
    """(m_1, A_1, ..., m_n, A_n) with at most so many private values and actions."""
    sizes = [st.integers(1, bound) for _ in range(agents) for bound in (private, actions)]
    return st.tuples(*sizes)


some_families = st.lists(st.sampled_from(FAMILIES), min_size=1, max_size=6)
seeds = st.integers(0, 2**32 - 1)


def pure_prescriptions(types: int, actions: int) -> list[tuple[int, ...]]:
    return list(product(range(actions), repeat=types))


def normal_form(table: np.ndarray) -> np.ndarray:
    """Payoffs for each pair of deterministic prescriptions of two agents."""
    types_1, actions_1, types_2, actions_2 = table.shape
    return np.array(
        [
            [
                sum(
                    table[p, row_1[p], q, row_2[q]]
                    for p, q in product(range(types_1), range(types_2))
                )
                for row_2 in pure_prescriptions(types_2, actions_2)
            ]
            for row_1 in pure_prescriptions(types_1, actions_1)
        ]
    )


def matrix_game_value(matrix: np.ndarray) -> float:
    """The value of a zero-sum game of two agents for the one that picks rows."""
    scale = float(np.abs(matrix).max()) or 1.0
    rows, columns = matrix.shape
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.column_stack([-matrix.T / scale, np.ones(columns)]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert found.status == 0
    return -found.fun * scale


def worth(table: np.ndarray, prescriptions: list[np.ndarray]) -> float:
    """Expected payoff of prescriptions, summed over everything that can happen."""
    types, actions = table.shape[0::2], table.shape[1::2]
    total = 0.0
    for p in product(*map(range, types)):
        for a in product(*map(range, actions)):
            index = tuple(part for pair in zip(p, a, strict=True) for part in pair)
            chance = 1.0
            for rows, own, action in zip(prescriptions, p, a, strict=True):
                chance *= rows[own, action]
            total += chance * table[index]
    return total


def best_deviation(table: np.ndarray, prescriptions: list[np.ndarray], agent: int) -> float:
    """What an agent gets by its best deterministic prescription against the others."""
    types, actions = prescriptions[agent].shape
    best = -np.inf
    for choice in pure_prescriptions(types, actions):
        changed = list(prescriptions)
        changed[agent] = np.eye(actions)[list(choice)]
        best = max(best, worth(table, changed))
    return best


def best_of_all(table: np.ndarray) -> float:
    """The best value of joint deterministic prescriptions."""
    rows = [
        [np.eye(a)[list(choice)] for choice in pure_prescriptions(m, a)]
        for m, a in zip(table.shape[0::2], table.shape[1::2], strict=True)
    ]
    return max(worth(table, list(choice)) for choice in product(*rows))


def assert_distributions(prescriptions: tuple[np.ndarray, ...], shape: Shape) -> None:
    for rows, types, actions in zip(prescriptions, shape[0::2], shape[1::2], strict=True):
        assert rows.shape[1:] == (types, actions)
        assert (rows >= 0).all()
        np.testing.assert_allclose(rows.sum(axis=2), 1, atol=1e-12)
