"""gamma of Assumption 2: known answers, and the definition by brute force."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import combinations

import numpy as np
import pytest

from posg.runtime import Game, measure_observability

from .games import dectiger, dense_dynamics, names, random_game


def sensing_game(rows: np.ndarray, *, horizon: int = 2) -> Game:
    """States that mix uniformly and are observed by one row each, whatever is done."""
    states, observations = rows.shape
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
