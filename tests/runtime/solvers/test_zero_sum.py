"""Saddle points against the matrix game of all prescriptions, in numpy and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from posg.runtime.solvers import compiled, zero_sum
from posg.runtime.solvers.certificates import check_saddle
from posg.runtime.solvers.compiled import solve_zero_sum_compiled
from posg.runtime.solvers.kernels import simplex
from posg.runtime.solvers.zero_sum import solve_zero_sum

from .stages import (
    FAMILIES,
    as_stages,
    assert_distributions,
    best_deviation,
    draw_stages,
    matrix_game_value,
    normal_form,
    seeds,
    shapes,
    some_families,
    worth,
)


def check(solver, stages, *, accuracy: float = 1e-8) -> None:
    solution = solver(stages)
    table = stages.values[0]
    assert_distributions(solution.prescriptions, table.shape[1:])
    for node, payoffs in enumerate(table):
        allowed = accuracy * np.abs(payoffs).max()
        rows = [part[node] for part in solution.prescriptions]
        conceded = best_deviation(payoffs, rows, 0)
        secured = -best_deviation(-payoffs, rows, 1)
        assert conceded - secured <= allowed + 1e-300
        assert solution.gaps[node] == pytest.approx(conceded - secured, abs=allowed / 10 + 1e-300)
        value = solution.values[0, node]
        assert value == pytest.approx(worth(payoffs, rows), abs=allowed + 1e-300)
        expected = matrix_game_value(normal_form(payoffs))
        # The reference itself is a linear program with tolerances of its own.
        assert value == pytest.approx(expected, abs=10 * allowed + 1e-300)


@settings(deadline=None, max_examples=60)
@given(seeds, shapes(2), some_families)
def test_compiled(seed, shape, families):
    check(solve_zero_sum_compiled, draw_stages(seed, 1, shape, families))


@settings(deadline=None, max_examples=25)
@given(seeds, shapes(2), some_families)
def test_numpy(seed, shape, families):
    check(solve_zero_sum, draw_stages(seed, 1, shape, families))


@pytest.mark.parametrize("family", FAMILIES)
def test_kernel_needs_no_help(family):
    """Each family at a size where mixing is the rule; enumeration finds no pure saddle points."""
    stages = draw_stages(3, 1, (5, 4, 4, 3), [family] * 200)
    solution = solve_zero_sum_compiled(stages)
    assert solution.fallbacks == 0
    scale = np.abs(stages.values[0]).max(axis=(1, 2, 3, 4))
    assert (solution.gaps <= 1e-10 * scale).all()
    backward = as_stages(-stages.values.transpose(0, 1, 4, 5, 2, 3))
    np.testing.assert_allclose(
        solve_zero_sum_compiled(backward).values, -solution.values, atol=1e-9 * scale.max()
    )


@pytest.mark.parametrize("solver", [solve_zero_sum, solve_zero_sum_compiled])
def test_large_payoffs_do_not_hide_differences(solver):
    stages = draw_stages(0, 1, (3, 3, 2, 3), ["normal"] * 4)
    table = stages.values[0] + 1e9
    found = solver(as_stages(table[None]))
    _, gaps = check_saddle(table - 1e9, *found.prescriptions)
    assert gaps.max() < 1e-5


@pytest.mark.parametrize("private", [(9, 9), (1, 9), (9, 1)])
def test_large_stages(private):
    stages = draw_stages(0, 1, (private[0], 4, private[1], 4), ["normal", "integers", "binary"] * 5)
    solution = solve_zero_sum_compiled(stages)
    assert solution.fallbacks == 0
    assert solution.gaps.max() < 1e-10
    for node in (0, 1, 2):
        first, second = zero_sum.solve_saddle(stages.values[0, node])
        value = np.einsum("paqb,pa,qb", stages.values[0, node], first, second)
        assert solution.values[0, node] == pytest.approx(value, abs=1e-6)


def test_threads_share_a_batch(monkeypatch):
    stages = draw_stages(1, 1, (2, 2, 2, 2), ["normal"] * 999)
    alone = solve_zero_sum_compiled(stages)
    monkeypatch.setattr(compiled, "_SHARED", 16)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    shared = solve_zero_sum_compiled(stages)
    for one, other in zip(alone.prescriptions, shared.prescriptions, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("wrong", ["gives up", "errs", "gives no numbers"])
def test_what_the_kernel_fails_at_is_solved_otherwise_and_counted(monkeypatch, wrong):
    def fail(tables, first, second, status):
        simplex_solver(tables, first, second, status)
        if wrong == "gives up":
            status[::2] = 1
        elif wrong == "errs":
            first[::2] = np.eye(3)[0]
        else:
            second[::2] = np.nan

    simplex_solver = simplex.solve_saddles
    stages = draw_stages(2, 1, (2, 3, 3, 3), ["normal"] * 10)
    expected = solve_zero_sum_compiled(stages)
    assert expected.fallbacks == 0
    monkeypatch.setattr(simplex, "solve_saddles", fail)
    found = solve_zero_sum_compiled(stages)
    assert 4 <= found.fallbacks <= 5
    np.testing.assert_allclose(found.values, expected.values, atol=1e-8)
    check(solve_zero_sum_compiled, stages)


def test_cycling_is_left_by_the_least_index():
    """Ties everywhere: most pivots are degenerate."""
    random = np.random.default_rng(0)
    tables = random.integers(0, 2, size=(1, 2000, 3, 3, 3, 3)).astype(float)
    tables[:, :, :, :, 1] = tables[:, :, :, :, 0]
    solution = solve_zero_sum_compiled(as_stages(tables))
    assert solution.fallbacks == 0
    assert solution.gaps.max() < 1e-12


def test_payoffs_need_not_be_contiguous_or_writeable():
    values = draw_stages(5, 1, (2, 3, 3, 2), ["normal"] * 6).values
    expected = solve_zero_sum_compiled(as_stages(values))
    values = np.asfortranarray(values)
    values.setflags(write=False)
    np.testing.assert_array_equal(
        solve_zero_sum_compiled(as_stages(values)).values, expected.values
    )
