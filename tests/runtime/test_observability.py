"""gamma of Assumption 2: known answers, and the definition by brute force.

The references are slow and obvious: one linear program for each way to split the states, a
mixed-integer program, and for three rows exact fractions. Each route is held against them alone.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache, reduce
from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linprog, milp

from posg.runtime import Game, measure_observability
from posg.runtime.separation import (
    Separation,
    bound_by_inverse,
    bound_by_reweighting,
    distance_of,
    find_dependence,
    left_inverse,
    merge_columns,
    search_vertices,
    separate_quickly,
)
from posg.runtime.separation_programs import separate, solve_for_signs, solve_lifted

from .games import dectiger, dense_dynamics, names, random_game


def sensing_game(rows: np.ndarray, *, horizon: int = 2) -> Game:
    """States that mix uniformly and are observed by one row each, whatever is done."""
    states, observations = rows.shape
    with np.errstate(invalid="ignore"):
        game = random_game(0, states=states, horizon=horizon)
    tables = dense_dynamics(
        np.full((states, 4, states), 1 / states), np.tile(rows, (4, 1, 1)).reshape(4, states, -1)
    )
    return replace(
        game,
        labels=replace(game.labels, observations=(names("o", observations), ("none",))),
        dynamics=(tables,),
        dynamics_of_step=np.zeros(horizon, dtype=np.int64),
        initial_probability=np.full(states, 1 / states),
    )


def sensors(accuracy: float, count: int) -> np.ndarray:
    one = np.array([[accuracy, 1 - accuracy], [1 - accuracy, accuracy]])
    rows = [reduce(np.kron, [one[state]] * count) for state in range(2)]
    return np.array(rows)


@pytest.mark.parametrize(
    ("rows", "gamma"),
    [
        (sensors(0.85, 2), 0.7),
        (sensors(0.8, 3), 0.792),
        (sensors(0.8, 2), 0.6),
        (sensors(0.9, 2), 0.8),
        (np.eye(2), 1.0),
        (np.eye(5), 1.0),
        (np.full((3, 4), 0.25), 0.0),
        (np.random.default_rng(0).dirichlet(np.ones(3), size=4), 0.0),
    ],
)
def test_known_answers(rows, gamma):
    found = measure_observability(sensing_game(rows))
    assert found.gamma == pytest.approx(gamma, abs=1e-9)
    assert (found.step, found.action) == (2, None)


def check_witness(found, rows, labels):
    first = np.array([found.first.get(label, 0.0) for label in labels])
    second = np.array([found.second.get(label, 0.0) for label in labels])
    assert first.sum() == pytest.approx(1) and second.sum() == pytest.approx(1)
    assert not ((first > 0) & (second > 0)).any()
    assert np.abs((first - second) @ rows).sum() / 2 == pytest.approx(found.gamma, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_no_split_is_better(seed):
    random = np.random.default_rng(seed)
    rows = random.dirichlet(np.ones(6), size=4)
    game = sensing_game(rows)
    found = measure_observability(game)
    assert found.gamma is not None
    check_witness(found, rows, game.labels.states)
    for size in (1, 2):
        for part in combinations(range(4), size):
            inside = np.isin(np.arange(4), part)
            for _ in range(200):
                weights = random.dirichlet(np.full(4, 0.5))
                first, second = np.where(inside, weights, 0), np.where(inside, 0, weights)
                first, second = first / first.sum(), second / second.sum()
                assert np.abs((first - second) @ rows).sum() / 2 >= found.gamma - 1e-9


def test_dependent_rows_have_a_witness():
    rows = np.array([[0.5, 0.5, 0], [0, 0.5, 0.5], [0.25, 0.5, 0.25], [0.2, 0.2, 0.6]])
    game = sensing_game(rows)
    found = measure_observability(game)
    assert found.gamma == 0
    check_witness(found, rows, game.labels.states)
    assert found.first == {"s2": 1.0} or found.second == {"s2": 1.0}


def test_dectiger_is_not_observable_after_opening():
    found = measure_observability(dectiger(3))
    assert found.gamma == 0
    assert (found.step, found.action) == (2, {"alice": "listen", "bob": "open_left"})
    assert (found.first, found.second) == ({"tiger=left": 1.0}, {"tiger=right": 1.0})


def test_only_reachable_states_count():
    """States 0 and 1 look alike, but only 1 and 2 can follow."""
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    game = sensing_game(rows, horizon=3)
    transition = np.zeros((3, 4, 3))
    transition[:, :, 1] = transition[:, :, 2] = 0.5
    tables = dense_dynamics(transition, np.tile(rows, (4, 1, 1)))
    game = replace(game, dynamics=(tables,))
    assert measure_observability(game).gamma == 1


def test_initial_observations_count():
    game = sensing_game(np.eye(2))
    labels = replace(game.labels, initial_observations=(names("o", 2), ("nothing",)))
    game = replace(
        game,
        labels=labels,
        initial_state=np.array([0, 0, 1, 1]),
        initial_observation=np.array([[0, 0], [1, 0], [0, 0], [1, 0]]),
        initial_probability=np.array([0.45, 0.05, 0.1, 0.4]),
    )
    found = measure_observability(game)
    assert found.gamma == pytest.approx(0.7)
    assert (found.step, found.action) == (1, None)


def test_one_state_is_observable():
    assert measure_observability(sensing_game(np.ones((1, 1)))).gamma == 1


def gamma_by_splits(rows: np.ndarray) -> float:
    """min over splits of a linear program with its own variables for b and b'."""
    count, columns = rows.shape
    best = np.inf
    for size in range(1, count // 2 + 1):
        for part in combinations(range(count), size):
            rest = [state for state in range(count) if state not in part]
            signed = np.vstack([rows[list(part)], -rows[rest]]).T
            ones = np.zeros((2, count + columns))
            ones[0, : len(part)], ones[1, len(part) : count] = 1, 1
            found = linprog(
                np.r_[np.zeros(count), np.full(columns, 0.5)],
                A_ub=np.block([[signed, -np.eye(columns)], [-signed, -np.eye(columns)]]),
                b_ub=np.zeros(2 * columns),
                A_eq=ones,
                b_eq=[1, 1],
            )
            assert found.status == 0
            best = min(best, found.fun)
    return best


def gamma_by_milp(rows: np.ndarray) -> float:
    """One binary per state says whether it belongs to b or to b'."""
    count, columns = rows.shape
    none, eye = np.zeros((count, count)), np.eye(count)
    wide, unit = np.zeros((count, columns)), np.eye(columns)
    thin = np.zeros((columns, count))
    sums = np.zeros((2, 3 * count + columns))
    sums[0, :count], sums[1, count : 2 * count] = 1, 1
    found = milp(
        np.r_[np.zeros(3 * count), np.full(columns, 0.5)],
        integrality=np.r_[np.zeros(2 * count), np.ones(count), np.zeros(columns)],
        bounds=(np.zeros(3 * count + columns), np.r_[np.ones(3 * count), np.full(columns, np.inf)]),
        constraints=[
            LinearConstraint(np.block([eye, none, -eye, wide]), ub=0),
            LinearConstraint(np.block([none, eye, eye, wide]), ub=1),
            LinearConstraint(np.block([rows.T, -rows.T, thin, -unit]), ub=0),
            LinearConstraint(np.block([-rows.T, rows.T, thin, -unit]), ub=0),
            LinearConstraint(sums, 1, 1),
        ],
        options={"mip_rel_gap": 0},
    )
    assert found.status == 0
    return found.fun


def some_rows(kind: str, seed: int, count: int, columns: int) -> np.ndarray:
    random = np.random.default_rng([seed, count, columns])
    if kind == "dense":
        return random.dirichlet(np.ones(columns), size=count)
    if kind == "skewed":
        return random.dirichlet(np.full(columns, 0.2), size=count)
    # Few values and many zeros: vertices at which many observations vanish at once.
    table = random.choice([0.0, 0.0, 1.0, 2.0], size=(count, columns))
    table[np.arange(count), random.integers(columns, size=count)] += 1
    return table / table.sum(axis=1, keepdims=True)


KINDS = ("dense", "skewed", "sparse")
SIZES = ((2, 2), (2, 5), (3, 3), (3, 6), (4, 5), (4, 9), (5, 5), (5, 8), (6, 7), (6, 9))
CASES = [(kind, seed, *size) for kind in KINDS for seed in range(2) for size in SIZES]


@cache
def reference(kind: str, seed: int, count: int, columns: int) -> float:
    return gamma_by_splits(some_rows(kind, seed, count, columns))


def check_separation(rows: np.ndarray, found: Separation, gamma: float) -> None:
    """Bounds hold, and the upper one is what its d gives."""
    assert found.lower <= gamma + 1e-9
    assert found.upper >= gamma - 1e-9
    difference = found.difference
    assert difference.sum() == pytest.approx(0, abs=1e-9)
    assert np.abs(difference).sum() == pytest.approx(2)
    assert np.abs(difference @ rows).sum() / 2 == pytest.approx(found.upper, abs=1e-12)


def poor_start(rows: np.ndarray) -> Separation:
    upper, difference = distance_of(rows, np.eye(len(rows))[0] - np.eye(len(rows))[1])
    return Separation(lower=0.0, upper=upper, difference=difference)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_routes_agree_with_all_splits(case):
    rows, gamma = some_rows(*case), reference(*case)
    merged = merge_columns(rows)
    quick = separate_quickly(rows)
    check_separation(rows, quick, gamma)
    assert quick.exact
    # Branch and bound finds the same from nothing, dependent rows or not.
    slow = separate(rows, poor_start(rows), seconds=100)
    check_separation(rows, slow, gamma)
    assert slow.exact
    if find_dependence(rows, merged) is not None:
        assert gamma == pytest.approx(0, abs=1e-9)
        return
    found = search_vertices(rows, merged)
    assert found is not None
    check_separation(rows, found, gamma)
    assert found.upper == pytest.approx(gamma, abs=1e-9)
    inverse, candidate = bound_by_inverse(merged, left_inverse(merged))
    assert inverse <= gamma + 1e-9
    if merged.shape[0] == merged.shape[1]:
        assert inverse == pytest.approx(gamma, abs=1e-9)
        assert distance_of(rows, candidate)[0] == pytest.approx(gamma, abs=1e-9)
    assert bound_by_reweighting(merged) <= gamma + 1e-9


@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_a_lifted_program_bounds_its_splits(case):
    """Whatever signs are given; with all of them it is the split."""
    rows = some_rows(*case)
    count = len(rows)
    random = np.random.default_rng(case[1])
    signs = np.where(np.arange(count) < 1 + random.integers(count - 1), 1.0, -1.0)
    whole = solve_lifted(rows, signs, seconds=100)
    assert whole is not None and whole.branching is None
    part, rest = np.flatnonzero(signs > 0), np.flatnonzero(signs < 0)
    for _ in range(100):
        first, second = random.dirichlet(np.ones(len(part))), random.dirichlet(np.ones(len(rest)))
        distance = np.abs(first @ rows[part] - second @ rows[rest]).sum() / 2
        assert distance >= whole.bound - 1e-9
    assert distance_of(rows, whole.differences[0])[0] == pytest.approx(whole.bound, abs=1e-9)
    last = whole.bound
    for state in random.permutation(count)[:-1]:
        signs[state] = 0
        found = solve_lifted(rows, signs, seconds=100)
        assert found is not None and found.bound <= last + 1e-9
        last = found.bound


def test_the_steepest_direction_has_the_value_of_its_program():
    rows = some_rows("dense", 3, 6, 9)
    for target in (np.eye(6)[2], np.array([1.0, -1, 1, 1, -1, -1])):
        found = solve_for_signs(rows, target)
        assert found is not None
        assert target @ found.difference == pytest.approx(1)
        assert np.abs(found.difference @ rows).sum() == pytest.approx(found.value)


@pytest.mark.parametrize(("count", "columns"), [(8, 14), (9, 12), (10, 18)])
def test_mixed_integer_programs_agree(count, columns):
    rows = some_rows("dense", 1, count, columns)
    gamma = gamma_by_milp(rows)
    found = separate(rows, poor_start(rows), seconds=100)
    assert found.exact
    # The tolerance is that of the mixed-integer program.
    assert found.upper == pytest.approx(gamma, abs=1e-6)
    assert separate_quickly(rows).lower <= found.upper + 1e-12


def test_more_states_take_a_second():
    rows = some_rows("dense", 2, 16, 22)
    start = separate_quickly(rows)
    assert not start.exact and 0 < start.lower < start.upper
    found = separate(rows, start, seconds=100)
    assert found.exact
    assert start.lower <= found.lower <= found.upper <= start.upper


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.3])
def test_an_interrupted_search_leaves_valid_bounds(seconds):
    rows = some_rows("dense", 2, 12, 40)
    found = separate(rows, separate_quickly(rows), seconds=seconds)
    check_separation(rows, found, separate(rows, found, seconds=100).upper)
    assert found.lower > 0


def exact_gamma_of_three(rows: list[list[Fraction]]) -> Fraction:
    """A vertex of three rows makes one observation equally likely; in fractions."""
    best = Fraction(1)
    for a, b, c in zip(*rows, strict=True):
        difference = (b - c, c - a, a - b)
        size = sum(map(abs, difference))
        if size:
            image = sum(
                abs(sum(d * x for d, x in zip(difference, column, strict=True)))
                for column in zip(*rows, strict=True)
            )
            best = min(best, image / size)
    return best


@pytest.mark.parametrize("power", range(4, 16))
def test_nearly_dependent_rows(power):
    """The third row is a mixture of the others but for 10^-power."""
    shift = Fraction(1, 10**power)
    rows = [
        [Fraction(1, 2), Fraction(1, 4), Fraction(1, 8), Fraction(1, 8)],
        [Fraction(1, 8), Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)],
        [Fraction(5, 16) + shift, Fraction(3, 8), Fraction(3, 16) - shift, Fraction(1, 8)],
    ]
    gamma = float(exact_gamma_of_three(rows))
    table = np.array([[float(value) for value in row] for row in rows])
    found = measure_observability(sensing_game(table))
    assert found.bounds.lower <= gamma + 1e-15 and found.bounds.upper >= gamma - 1e-12
    assert found.bounds.exact
    assert found.gamma == (0 if power > 12 else pytest.approx(gamma, rel=1e-2))
    assert found.holds is (gamma > 1e-9)


def test_more_states_than_observations():
    found = measure_observability(sensing_game(some_rows("dense", 0, 100, 25)))
    assert (found.gamma, found.holds) == (0, False)
    assert found.reason == (
        "gamma > 0 needs at least as many joint observations as states: S = 100 > 25 at step 2"
    )
    assert found.first is not None and found.second is not None
    assert not set(found.first) & set(found.second)


def test_observations_that_say_the_same_count_once():
    """The second agent's observation is noise: 3 states, 4 joint observations, 2 that matter."""
    rows = np.kron(np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]]), np.array([[0.3, 0.7]]))
    found = measure_observability(sensing_game(rows))
    assert found.gamma == 0
    assert found.reason is not None and "that differ in what they say" in found.reason
    assert "S = 3 > 2" in found.reason


def test_columns_that_are_multiples_are_one():
    rows = sensors(0.85, 2)
    assert merge_columns(rows).shape == (2, 3)
    assert merge_columns(np.column_stack([rows, np.zeros(2)])).shape == (2, 3)
    assert separate_quickly(merge_columns(rows)).upper == pytest.approx(0.7)


def test_dectiger_step_by_step():
    """Listening tells the doors apart with 0.7; anything else tells nothing."""
    found = measure_observability(dectiger(4))
    assert found.reason == "the joint observation says nothing about the state there"
    listening, other = found.per_step
    assert listening.steps == other.steps == (2, 3, 4)
    assert listening.actions == ({"alice": "listen", "bob": "listen"},)
    assert other.actions is not None and len(other.actions) == 8
    assert listening.gamma.upper == pytest.approx(0.7)
    assert (other.gamma.upper, other.states, other.observations) == (0, 2, 4)
    assert {agent: own.upper for agent, own in found.individual.items()} == {"alice": 0, "bob": 0}


def test_each_agent_alone():
    """One agent knows the state, the other has a guess that is right with 0.8."""
    guess = np.array([[0.8, 0.2], [0.2, 0.8]])
    rows = np.array([np.kron(np.eye(2)[state], guess[state]) for state in range(2)])
    game = sensing_game(rows)
    labels = replace(game.labels, observations=(names("o", 2), names("o", 2)))
    found = measure_observability(replace(game, labels=labels))
    first, second = found.individual.values()
    assert found.gamma == 1
    assert (first.upper, second.upper) == (1, pytest.approx(0.6))


def test_a_bracket_is_reported_as_one():
    found = measure_observability(sensing_game(some_rows("dense", 5, 12, 40)), seconds=0)
    assert found.gamma is None and found.holds is True
    assert 0 < found.bounds.lower < found.bounds.upper
    assert found.reason is not None and found.reason.startswith("gamma is between")
    assert found.first is not None
    whole = measure_observability(sensing_game(some_rows("dense", 5, 12, 40)), seconds=100)
    assert whole.gamma is not None
    assert found.bounds.lower <= whole.gamma <= found.bounds.upper


def test_a_step_with_one_reachable_state():
    """Nothing to tell apart at step 2; two states at step 3."""
    rows = np.array([[0.9, 0.1], [0.3, 0.7]])
    game = sensing_game(rows, horizon=3)
    transition = np.zeros((2, 4, 2))
    transition[0, :, 1] = 1
    transition[1, :, :] = 0.5
    game = replace(
        game,
        dynamics=(dense_dynamics(transition, np.tile(rows, (4, 1, 1))),),
        initial_state=np.array([0]),
        initial_observation=np.zeros((1, 2), dtype=np.int64),
        initial_probability=np.array([1.0]),
    )
    found = measure_observability(game)
    assert [(row.steps, row.states) for row in found.per_step] == [((2,), 1), ((3,), 2)]
    assert found.per_step[0].gamma.lower == 1
    assert (found.gamma, found.step) == (pytest.approx(0.6), 3)


def test_matrices_too_large_to_decompose_leave_a_bracket(monkeypatch):
    monkeypatch.setattr("posg.runtime.separation.DENSE_WORK", 1)
    monkeypatch.setattr("posg.runtime.separation_programs.LIFTED_ENTRIES", 1)
    rows = some_rows("dense", 0, 5, 8)
    start = separate_quickly(rows)
    assert start.lower == 0 and not start.exact
    check_separation(rows, separate(rows, start, seconds=100), gamma_by_splits(rows))
    assert separate_quickly(np.eye(300)).lower == 1
