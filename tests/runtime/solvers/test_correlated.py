"""Correlated and coarse correlated equilibria of stages, against all deviations in turn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from posg.runtime.payoffs import StagePayoffs
from posg.runtime.solvers import correlated, selection
from posg.runtime.solvers.certificates import check_lottery
from posg.runtime.solvers.compiled import solve_correlated_compiled
from posg.runtime.solvers.correlated import solve_correlated
from posg.runtime.solvers.kernels import lotteries
from posg.runtime.solvers.protocol import StageSolution
from posg.runtime.solvers.selection import SELECTIONS, solve_selected
from posg.runtime.solvers.team import solve_team

from .stages import (
    FAMILIES,
    Shape,
    as_stages,
    assert_distributions,
    draw_stages,
    pure_prescriptions,
    seeds,
    shapes,
    some_families,
    worth,
)

several_agents = st.one_of(
    shapes(2, private=2), shapes(3, private=2, actions=2), shapes(3, private=1)
)


def signals_of(solution: StageSolution, node: int) -> list[tuple[float, list[np.ndarray]]]:
    """Weights and joint prescriptions of a node."""
    assert solution.lottery is not None
    return [
        (
            float(solution.lottery.weight[signal]),
            [rows[signal] for rows in solution.prescriptions],
        )
        for signal in np.flatnonzero(solution.lottery.node == node)
    ]


def value_of(table: np.ndarray, signals: list[tuple[float, list[np.ndarray]]]) -> float:
    return sum(weight * worth(table, rows) for weight, rows in signals)


def gain_of(
    table: np.ndarray,
    signals: list[tuple[float, list[np.ndarray]]],
    agent: int,
    informed: bool,
) -> float:
    """The best deviation of an agent, found by trying each."""
    types, actions = signals[0][1][agent].shape
    best = -np.inf
    if not informed:
        for choice in pure_prescriptions(types, actions):
            own = np.eye(actions)[list(choice)]
            changed = [
                (weight, [own if k == agent else row for k, row in enumerate(rows)])
                for weight, rows in signals
            ]
            best = max(best, value_of(table, changed))
        return best - value_of(table, signals)
    for swap in product(range(actions), repeat=types * actions):
        move = np.zeros((types, actions, actions))
        for (p, a), to in zip(product(range(types), range(actions)), swap, strict=True):
            move[p, a, to] = 1
        changed = [
            (
                weight,
                [
                    np.einsum("pa,pab->pb", row, move) if k == agent else row
                    for k, row in enumerate(rows)
                ],
            )
            for weight, rows in signals
        ]
        best = max(best, value_of(table, changed))
    return best - value_of(table, signals)


def check(solution: StageSolution, stages: StagePayoffs, shape: Shape, informed: bool) -> None:
    assert solution.lottery is not None
    assert_distributions(solution.prescriptions, shape)
    for node in range(len(stages.nodes)):
        signals = signals_of(solution, node)
        assert sum(weight for weight, _ in signals) == pytest.approx(1, abs=1e-12)
        scale = float(np.abs(stages.values[:, node]).max())
        gains = []
        for agent, table in enumerate(stages.values[:, node]):
            value = value_of(table, signals)
            assert solution.values[agent, node] == pytest.approx(value, abs=1e-11 * scale + 1e-300)
            gains.append(gain_of(table, signals, agent, informed))
        # Whoever follows the lottery gains nothing, so no gap is negative.
        assert solution.gaps[node] == pytest.approx(max(*gains, 0.0), abs=1e-11 * scale + 1e-300)
        assert solution.gaps[node] <= 1e-8 * scale


@settings(max_examples=25, deadline=None)
@given(seeds, several_agents, some_families, st.booleans(), st.booleans())
def test_nobody_gains_by_deviating(seed, shape, families, informed, compiled):
    if informed and max(m * a for m, a in zip(shape[::2], shape[1::2], strict=True)) > 4:
        shape = tuple(min(size, 2) for size in shape)
    stages = draw_stages(seed, len(shape) // 2, shape, families)
    solve = solve_correlated_compiled if compiled else solve_correlated
    solution = solve(stages, informed=informed)
    check(solution, stages, shape, informed)


@pytest.mark.parametrize("informed", [False, True])
def test_prescriptions_are_generated_where_learning_was_too_short(informed, monkeypatch):
    monkeypatch.setattr(correlated, "ROUNDS", 1)
    shape = (2, 2, 2, 2, 1, 2)
    stages = draw_stages(1, 3, shape, ["normal"] * 20)
    solution = solve_correlated(stages, informed=informed)
    assert solution.fallbacks > 0
    check(solution, stages, shape, informed)


@pytest.mark.parametrize("informed", [False, True])
@pytest.mark.parametrize("shape", [(2, 3, 2, 3, 2, 2), (4, 3, 4, 3), (3, 4, 3, 4)])
def test_kernel_needs_hardly_any_help(shape, informed):
    fallbacks = 0
    for family in FAMILIES:
        stages = draw_stages(3, len(shape) // 2, shape, [family] * 20)
        solution = solve_correlated_compiled(stages, informed=informed)
        fallbacks += solution.fallbacks
        axes = (0, *range(2, stages.values.ndim))
        assert (solution.gaps <= 1e-9 * np.abs(stages.values).max(axis=axes)).all()
    assert fallbacks <= 2  # of 20 stages of each family


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_neither_large_payoffs_nor_large_agents_hide_gains(offset):
    """The last agent has little at stake, the others much; all get a lot in any case."""
    shape = (2, 3, 2, 2, 2, 2)
    stages = draw_stages(5, 3, shape, ["normal"] * 4)
    units = np.array([1.0, 1e3, 1e-3]).reshape(3, *[1] * 7)
    rounded = stages.values * units + offset
    differences = (rounded - offset) / units
    solvers = [solve_correlated, solve_correlated_compiled]
    solvers += [partial(solve_selected, select=select) for select in SELECTIONS]
    for informed, solve in product([False, True], solvers):
        found = solve(replace(stages, values=rounded), informed=informed)
        assert found.lottery is not None
        _, gaps = check_lottery(differences, found.prescriptions, found.lottery, informed=informed)
        assert gaps.max() < 1e-8


@pytest.mark.parametrize("wrong", ["gives up", "errs"])
@pytest.mark.parametrize("informed", [False, True])
def test_what_the_kernel_fails_at_is_solved_otherwise_and_counted(wrong, informed, monkeypatch):
    find = lotteries.find_lotteries

    def fail(*arguments):
        find(*arguments)
        *_, counts, weights, prescriptions, status = arguments
        counts[::2], weights[::2, 0], prescriptions[::2, 0] = 1, 1.0, 0.0
        prescriptions[::2, 0, ::2] = 1.0  # the first of two actions
        status[::2] = 2 if wrong == "gives up" else 0

    monkeypatch.setattr(lotteries, "find_lotteries", fail)
    shape = (2, 2, 2, 2, 1, 2)
    stages = draw_stages(1, 3, shape, ["normal"] * 12)
    solution = solve_correlated_compiled(stages, informed=informed)
    assert solution.fallbacks == 6 if wrong == "gives up" else 3 <= solution.fallbacks <= 6
    check(solution, stages, shape, informed)


def test_a_correlated_equilibrium_is_a_coarse_one():
    shape = (2, 3, 2, 2, 1, 3)
    stages = draw_stages(2, 3, shape, ["normal"] * 30)
    solution = solve_correlated(stages, informed=True)
    assert solution.lottery is not None
    _, gaps = check_lottery(stages.values, solution.prescriptions, solution.lottery, informed=False)
    assert gaps.max() < 1e-8


def best_equilibrium(values: np.ndarray, informed: bool, select: str) -> float:
    """The linear program over all deterministic joint prescriptions and all deviations at once."""
    agents = len(values)
    sizes = list(zip(values.shape[1::2], values.shape[2::2], strict=True))
    profiles = list(product(*(pure_prescriptions(*size) for size in sizes)))
    rows = []

    def pays(profile, agent):
        return worth(
            values[agent],
            [np.eye(a)[list(own)] for own, (_, a) in zip(profile, sizes, strict=True)],
        )

    table = np.array([[pays(profile, agent) for agent in range(agents)] for profile in profiles])
    place = {profile: number for number, profile in enumerate(profiles)}
    for agent, (types, actions) in enumerate(sizes):
        if informed:
            for p, a, b in product(range(types), range(actions), range(actions)):
                row = np.zeros(len(profiles))
                for number, profile in enumerate(profiles):
                    if profile[agent][p] == a:
                        own = (*profile[agent][:p], b, *profile[agent][p + 1 :])
                        other = (*profile[:agent], own, *profile[agent + 1 :])
                        row[number] = table[place[other], agent] - table[number, agent]
                rows.append(row)
        else:
            for own in pure_prescriptions(types, actions):
                others = [(*profile[:agent], own, *profile[agent + 1 :]) for profile in profiles]
                rows.append(table[[place[other] for other in others], agent] - table[:, agent])
    upper = np.hstack([np.array(rows), np.zeros((len(rows), 1))])
    cost = np.append(-table.sum(axis=1), 0.0)
    if select == "egalitarian":
        upper = np.vstack([upper, np.hstack([-table.T, np.ones((agents, 1))])])
        cost = np.append(np.zeros(len(profiles)), -1.0)
    found = linprog(
        cost,
        A_ub=upper,
        b_ub=np.zeros(len(upper)),
        A_eq=np.append(np.ones(len(profiles)), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * len(profiles) + [(None, None)],
    )
    assert found.status == 0
    return -found.fun


@pytest.mark.parametrize("select", SELECTIONS)
@pytest.mark.parametrize("informed", [False, True])
@pytest.mark.parametrize(("listed", "compiled"), [(2000, False), (1, False), (1, True)])
@pytest.mark.parametrize("shape", [(2, 2, 2, 2), (1, 3, 2, 2), (2, 3, 2, 2), (2, 2, 1, 2, 1, 2)])
def test_the_best_equilibrium_is_selected(shape, listed, compiled, informed, select, monkeypatch):
    monkeypatch.setattr(selection, "LISTED", listed)
    stages = draw_stages(3, len(shape) // 2, shape, ["normal", "integers", "twin actions"])
    solution = solve_selected(stages, informed=informed, select=select, compiled=compiled)
    check(solution, stages, shape, informed)
    for node, values in enumerate(solution.values.T):
        found = values.sum() if select == "welfare" else values.min()
        expected = best_equilibrium(stages.values[:, node], informed, select)
        assert found == pytest.approx(expected, abs=1e-7)


def chsh() -> np.ndarray:
    """Both get 1 if the actions differ exactly when both coins are true; coins are fair."""
    table = np.zeros((2, 2, 2, 2))
    for p, a, q, b in product(range(2), repeat=4):
        table[p, a, q, b] = 0.25 * ((a != b) == (p and q))
    return table


def test_a_lottery_does_not_see_private_values():
    """3/4 is the most; whoever lets the lottery see the coins finds 1."""
    stages = as_stages(np.stack([chsh(), chsh()])[:, None])
    assert solve_team(as_stages(chsh()[None, None])).values[0, 0] == pytest.approx(0.75)
    for informed in (False, True):
        found = solve_correlated(stages, informed=informed)
        assert found.values[0, 0] <= 0.75 + 1e-9
        for select in SELECTIONS:
            best = solve_selected(stages, informed=informed, select=select)
            assert best.values[0, 0] == pytest.approx(0.75, abs=1e-9)
    assert sum(chsh()[p, :, q, :].max() for p, q in product(range(2), repeat=2)) == 1
