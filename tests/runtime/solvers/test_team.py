"""Team optima against all joint prescriptions, in numpy and compiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posg.runtime.errors import LimitError
from posg.runtime.solvers import compiled, team
from posg.runtime.solvers.compiled import solve_team_compiled
from posg.runtime.solvers.team import solve_team

from .stages import (
    FAMILIES,
    as_stages,
    assert_distributions,
    best_of_all,
    draw_stages,
    seeds,
    shapes,
    some_families,
    worth,
)

small_shapes = st.one_of(
    shapes(1), shapes(2), shapes(3, private=2, actions=2), shapes(4, private=1, actions=3)
)


def check(solver, stages) -> None:
    solution = solver(stages)
    assert_distributions(solution.prescriptions, stages.values.shape[2:])
    for node, table in enumerate(stages.values[0]):
        allowed = 1e-10 * np.abs(table).max() + 1e-300
        rows = [part[node] for part in solution.prescriptions]
        assert set(np.unique(np.concatenate([part.ravel() for part in rows]))) <= {0.0, 1.0}
        assert solution.values[0, node] == pytest.approx(worth(table, rows), abs=allowed)
        assert solution.values[0, node] == pytest.approx(best_of_all(table), abs=allowed)
        assert 0 <= solution.gaps[node] <= allowed


@settings(deadline=None, max_examples=50)
@given(seeds, small_shapes, some_families)
def test_compiled(seed, shape, families):
    check(solve_team_compiled, draw_stages(seed, 1, shape, families))


@settings(deadline=None, max_examples=30)
@given(seeds, small_shapes, some_families)
def test_numpy(seed, shape, families):
    check(solve_team, draw_stages(seed, 1, shape, families))


@pytest.mark.parametrize(
    "shape", [(6, 3, 5, 3), (5, 3, 6, 3), (9, 2, 9, 2), (8, 3, 2, 4), (3, 3, 3, 2, 2, 3)]
)
def test_search_agrees_with_enumeration(shape):
    """From five private values on, bounds are tightened first."""
    stages = draw_stages(0, 1, shape, list(FAMILIES))
    enumerated, searched = solve_team(stages), solve_team_compiled(stages)
    assert searched.fallbacks == 0
    scale = np.abs(stages.values[0]).max(axis=tuple(range(1, 1 + len(shape))))
    assert (np.abs(searched.values[0] - enumerated.values[0]) <= 1e-11 * scale).all()
    assert (searched.gaps <= 1e-11 * scale).all()


def test_alternating_is_not_enough():
    """Both optima are stable when one agent at a time changes; only one is best."""
    stages = as_stages(np.array([[5.0, 0.0], [0.0, 6.0]]).reshape(1, 1, 1, 2, 1, 2))
    for solver in (solve_team, solve_team_compiled):
        assert solver(stages).values[0, 0] == 6


@pytest.mark.parametrize("shape", [(2, 3, 3, 2), (2, 2, 2, 2, 2, 2)])
def test_searches_that_are_too_long_are_done_otherwise_and_counted(monkeypatch, shape):
    monkeypatch.setattr(compiled, "SEARCH", 0)
    stages = draw_stages(1, 1, shape, list(FAMILIES))
    solution = solve_team_compiled(stages)
    assert solution.fallbacks == len(FAMILIES)
    np.testing.assert_array_equal(solution.values, solve_team(stages).values)
    check(solve_team_compiled, stages)


def test_too_long_and_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(compiled, "SEARCH", 0)
    monkeypatch.setattr(team, "PROFILE_LIMIT", 3)
    with pytest.raises(LimitError) as caught:
        solve_team_compiled(draw_stages(1, 1, (2, 2, 2, 2, 2, 2), ["normal"]))
    assert caught.value.code == "P0604"


def test_integer_program_bounds_its_value(monkeypatch):
    stages = draw_stages(1, 1, (3, 3, 3, 2), list(FAMILIES))
    expected = solve_team(stages)
    monkeypatch.setattr(team, "PROFILE_LIMIT", 0)
    programmed = solve_team(stages)
    scale = np.abs(stages.values[0]).max(axis=(1, 2, 3, 4))
    assert (np.abs(programmed.values[0] - expected.values[0]) <= 1e-6 * scale).all()
    assert (programmed.gaps <= 1e-5 * scale).all()
