"""Nash equilibria of two agents against deviations tried one by one, in numpy and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posg.runtime.solvers import general_sum
from posg.runtime.solvers.compiled import solve_general_sum_compiled
from posg.runtime.solvers.general_sum import solve_general_sum
from posg.runtime.solvers.kernels import lemke

from .stages import (
    FAMILIES,
    as_stages,
    assert_distributions,
    best_deviation,
    draw_stages,
    seeds,
    shapes,
    some_families,
    worth,
)


def check(solver, stages) -> None:
    solution = solver(stages)
    assert_distributions(solution.prescriptions, stages.values.shape[2:])
    for node in range(len(stages.nodes)):
        payoffs = stages.values[:, node]
        allowed = 1e-8 * np.abs(payoffs).max() + 1e-300
        rows = [part[node] for part in solution.prescriptions]
        gains = []
        for agent, table in enumerate(payoffs):
            value = worth(table, rows)
            assert solution.values[agent, node] == pytest.approx(value, abs=allowed)
            gains.append(best_deviation(table, rows, agent) - value)
        assert max(gains) <= allowed
        assert solution.gaps[node] == pytest.approx(max(gains), abs=allowed / 10)


@settings(deadline=None, max_examples=60)
@given(seeds, shapes(2), some_families)
def test_compiled(seed, shape, families):
    check(solve_general_sum_compiled, draw_stages(seed, 2, shape, families))


@settings(deadline=None, max_examples=40)
@given(seeds, shapes(2), some_families)
def test_numpy(seed, shape, families):
    check(solve_general_sum, draw_stages(seed, 2, shape, families))


@settings(deadline=None, max_examples=30)
@given(seeds, shapes(2), st.sampled_from(FAMILIES), st.sampled_from(FAMILIES))
def test_agents_may_differ_in_kind_and_scale(seed, shape, one, other):
    first = draw_stages(seed, 1, shape, [one]).values
    second = draw_stages(seed + 1, 1, shape, [other]).values
    check(solve_general_sum_compiled, as_stages(np.concatenate([first, 1e4 * second])))


@pytest.mark.parametrize("family", FAMILIES)
def test_kernel_needs_no_help(family):
    stages = draw_stages(3, 2, (4, 3, 3, 4), [family] * 200)
    solution = solve_general_sum_compiled(stages)
    assert solution.fallbacks == 0
    scale = np.abs(stages.values).max(axis=(0, 2, 3, 4, 5))
    assert (solution.gaps <= 1e-10 * scale).all()


@pytest.mark.parametrize("solver", [solve_general_sum, solve_general_sum_compiled])
def test_large_degenerate_stages(solver):
    stages = draw_stages(5, 2, (9, 4, 9, 4), ["normal", "integers", "binary"] * 4)
    solution = solver(stages)
    assert solution.fallbacks == 0
    assert solution.gaps.max() < 1e-9


@pytest.mark.parametrize("solver", [solve_general_sum, solve_general_sum_compiled])
def test_equilibria_of_known_games(solver):
    chicken = [[0.0, 7.0], [2.0, 6.0]]
    pennies = [[1.0, -1.0], [-1.0, 1.0]]
    dilemma = [[-1.0, -3.0], [0.0, -2.0]]
    first = np.array([chicken, pennies, dilemma])
    second = np.array([np.transpose(chicken), -np.array(pennies), np.transpose(dilemma)])
    solution = solver(as_stages(np.array([first, second])[:, :, None, :, None, :]))
    np.testing.assert_allclose(solution.prescriptions[0][1], [[0.5, 0.5]])
    np.testing.assert_allclose(solution.prescriptions[1][1], [[0.5, 0.5]])
    np.testing.assert_allclose(solution.prescriptions[0][2], [[0, 1]])
    np.testing.assert_allclose(solution.values[:, 2], -2)
    assert solution.gaps.max() < 1e-12


@pytest.mark.parametrize("wrong", ["gives up", "errs"])
def test_what_the_kernel_fails_at_is_solved_otherwise_and_counted(monkeypatch, wrong):
    def fail(tables_1, tables_2, first, second, status):
        first[:] = np.eye(3)[0]
        second[:] = np.eye(3)[0]
        status[:] = 2 if wrong == "gives up" else 0

    stages = draw_stages(2, 2, (2, 3, 3, 3), ["normal"] * 10)
    monkeypatch.setattr(lemke, "solve_equilibria", fail)
    solution = solve_general_sum_compiled(stages)
    assert solution.fallbacks == 10 if wrong == "gives up" else solution.fallbacks > 5
    check(solve_general_sum_compiled, stages)


def test_paths_that_end_elsewhere_are_started_again_and_counted(monkeypatch):
    follow = general_sum._follow_path
    calls = []

    def fail_twice(*arguments):
        calls.append(arguments)
        return None if len(calls) <= 2 else follow(*arguments)

    monkeypatch.setattr(general_sum, "_follow_path", fail_twice)
    stages = draw_stages(2, 2, (2, 3, 3, 3), ["normal"] * 3)
    assert solve_general_sum(stages).fallbacks == 1
    assert len(calls) == 5
    check(solve_general_sum, stages)


def test_no_answer_is_no_silent_answer(monkeypatch):
    monkeypatch.setattr(general_sum, "_follow_path", lambda *_: None)
    with pytest.raises(AssertionError, match="no equilibrium"):
        solve_general_sum(draw_stages(2, 2, (2, 3, 3, 3), ["normal"]))


def test_random_starts_lead_to_equilibria_too(monkeypatch):
    choose = general_sum._choose_start
    random = np.random.default_rng(4)
    monkeypatch.setattr(general_sum, "_choose_start", lambda a, b, _: choose(a, b, random))
    for family in FAMILIES:
        check(solve_general_sum, draw_stages(7, 2, (3, 2, 2, 3), [family] * 5))
