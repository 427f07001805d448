"""Models of windows: exact chances in the limit, thresholds, rewards; and oracles by brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from posg.runtime.learning.exploration_policy import (
    WindowPolicy,
    WindowTable,
    mix_components,
    uniform_exploration,
)
from posg.runtime.learning.joint_windows import JointWindows
from posg.runtime.learning.oracle import LinearOracle
from posg.runtime.learning.simulator import Simulator
from posg.runtime.learning.spanner import find_spanner
from posg.runtime.learning.window_model import WindowModel, construct_model

from ..games import random_game
from .reference import code_of, outcomes, state_law

Rows = dict[tuple[int, int], dict[int, float]]


def rows_of(model: WindowModel, step: int) -> Rows:
    """(z, a) -> o -> probability."""
    table = model.steps[step - 1]
    found: Rows = {}
    for row, o, chance in zip(
        table.row[table.entry_row].tolist(),
        table.observation.tolist(),
        table.probability.tolist(),
        strict=True,
    ):
        found.setdefault(divmod(row, model.windows.actions), {})[o] = chance
    return found


def law_in(model: WindowModel, choose: dict[tuple[int, int], int], step: int) -> np.ndarray:
    """The law of o_t under (h, z) -> a, by recursion; the sink is dropped."""
    law = np.zeros(model.windows.observations)

    def follow(number: int, window: int, mass: float) -> None:
        action = choose[number, window]
        for o, chance in rows_of(model, number).get((window, action), {}).items():
            if number == step - 1:
                law[o] += mass * chance
                continue
            codes = [np.array([code]) for code in (window, action, o)]
            follow(number + 1, int(model.windows.append(number, *codes)[0]), mass * chance)

    for window, mass in zip(
        model.initial_window.tolist(), model.initial_probability.tolist(), strict=True
    ):
        follow(1, window, mass)
    return law


def tiny_model(seed: int, *, episodes: int = 400, threshold: int = 25) -> WindowModel:
    game = random_game(seed, agents=1, horizon=3, states=3, kind="general")
    return construct_model(
        Simulator(game, seed),
        uniform_exploration(3),
        length=1,
        episodes=episodes,
        threshold=threshold,
        stream=(0,),
    )


def all_policies(model: WindowModel, step: int):
    """(h, z) -> a for all 2^9 deterministic window policies of steps 1 to 3."""
    places = [
        (number, window)
        for number in range(1, step)
        for window in range(model.windows.count(number))
    ]
    for actions in product(range(model.windows.actions), repeat=len(places)):
        yield dict(zip(places, actions, strict=True))


def choices_of(policy: WindowPolicy, model: WindowModel) -> dict[tuple[int, int], int]:
    """What a policy does; windows without an answer are never reached in the model."""
    found = {
        (number, window): -1
        for number in range(1, policy.cut)
        for window in range(model.windows.count(number))
    }
    for number, table in enumerate(policy.tables, start=1):
        for window, action in zip(table.window.tolist(), table.action.tolist(), strict=True):
            found[number, window] = action
    return found


@pytest.mark.parametrize("seed", range(3))
def test_oracle_and_spanner_against_all_window_policies(seed):
    model = tiny_model(seed)
    assert any(step.rare_rows for step in model.steps)
    laws = np.array([law_in(model, choose, 4) for choose in all_policies(model, 4)])
    assert len(laws) == 512
    directions = np.random.default_rng(seed).normal(size=(12, 2))
    answer = LinearOracle(model, 4).maximise(directions)
    assert answer.values == pytest.approx((laws @ directions.T).max(axis=0), abs=1e-12)
    for value, vector, policy, direction in zip(
        answer.values, answer.vectors, answer.policies, directions, strict=True
    ):
        assert policy.cut == 4
        assert law_in(model, choices_of(policy, model), 4) == pytest.approx(vector, abs=1e-12)
        assert vector @ direction == pytest.approx(value, abs=1e-12)

    def best(wanted):
        found = LinearOracle(model, 4).maximise(wanted)
        return found.vectors, found.policies

    for factor in (1.05, 2.0):
        spanner = find_spanner(best, 2, factor=factor)
        coefficients = np.linalg.solve(spanner.basis, laws.T)
        assert np.abs(coefficients).max() <= factor + 1e-9


def test_an_oracle_of_a_model_without_rows():
    model = tiny_model(0, episodes=5, threshold=10)
    assert model.row_count == 0
    answer = LinearOracle(model, 4).maximise(np.eye(2))
    assert not answer.vectors.any()
    assert answer.policies[0].cut == 4
    some = tiny_model(0, episodes=12, threshold=5)
    assert some.row_count > 0
    assert not len(some.steps[2].row)
    assert not LinearOracle(some, 4).maximise(np.eye(2)).vectors.any()


@pytest.mark.parametrize(("dimension", "rank"), [(5, 5), (6, 3), (4, 1), (3, 0)])
def test_spanners_of_random_polytopes(dimension, rank):
    random = np.random.default_rng(dimension)
    points = random.normal(size=(60, rank)) @ random.normal(size=(rank, dimension))

    def best(wanted):
        place = (wanted @ points.T).argmax(axis=1)
        return points[place], tuple(place.tolist())

    for factor in (1.05, 2.0):
        spanner = find_spanner(best, dimension, factor=factor)
        assert len(spanner.members) == rank
        assert spanner.vectors == pytest.approx(points[list(spanner.members)])
        coefficients = np.linalg.solve(spanner.basis, points.T)
        dummies = [choice is None for choice in spanner.choices]
        assert np.abs(coefficients).max() <= factor + 1e-9
        assert np.abs(coefficients[dummies]).max(initial=0.0) <= 1e-9
    with pytest.raises(ValueError, match="larger than 1"):
        find_spanner(best, dimension, factor=1.0)


def test_columns_that_would_make_a_basis_singular_stay_unit_vectors():
    points = np.array([[1.0, 0.0], [1.0, 1e-11]])

    def best(wanted):
        place = (wanted @ points.T).argmax(axis=1)
        return points[place], tuple(place.tolist())

    spanner = find_spanner(best, 2, tolerance=1e-13)
    assert len(spanner.members) == 1
    assert np.linalg.cond(spanner.basis) < 2


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_chances_are_those_of_bayes_from_the_law_before_the_window(length):
    """What the window says of o_{h+1}, when nothing else of the past is known."""
    game = random_game(2, horizon=3, states=2, initial_observations=True)
    windows = JointWindows.of(game, length)
    random = np.random.default_rng(5)
    policies = [uniform_exploration(3)[0]] * 3
    if length == 1:
        table = WindowTable(
            window=np.arange(windows.count(1)),
            action=random.integers(windows.actions, size=windows.count(1)),
        )
        policies[2] = mix_components(1, [[WindowPolicy()], [WindowPolicy(tables=(table,))]])
    model = construct_model(
        Simulator(game, 3),
        tuple(policies),
        length=length,
        episodes=50_000,
        threshold=100,
        stream=(0,),
    )
    for step in range(1, 4):
        exact: dict[tuple[int, int], np.ndarray] = {}
        paid: dict[tuple[int, int], np.ndarray] = {}
        start = max(1, step - length)
        law: dict[tuple[tuple[int, ...], int], float] = {}
        for (history, state), mass in state_law(game, policies[step - 1], start - 1).items():
            kept = history if start == 1 else (0,)
            law[kept, state] = law.get((kept, state), 0) + mass
        for number in range(start, step):
            later: dict[tuple[tuple[int, ...], int], float] = {}
            for (history, state), mass in law.items():
                for action in range(4):
                    for chance, following, o, _ in outcomes(game, number, state, action):
                        key = ((*history, action, o), following)
                        later[key] = later.get(key, 0) + mass * chance / 4
            law = later
        for (history, state), mass in law.items():
            # Only the digits that the window keeps are in the history.
            code = code_of(windows, history) if start == 1 else _fold(windows, history)
            for action in range(4):
                row = exact.setdefault((code, action), np.zeros(4))
                means = paid.setdefault((code, action), np.zeros(2))
                for chance, _, o, reward in outcomes(game, step, state, action):
                    row[o] += mass * chance
                    means += mass * chance * reward
        table = model.steps[step - 1]
        found = rows_of(model, step)
        assert len(found) == len(table.row)
        for number, (key, row) in enumerate(found.items()):
            total = exact[key].sum()
            expected = exact[key] / total
            visits = int(table.visits[number])
            error = 5 * np.sqrt(np.maximum(expected * (1 - expected), 1e-3) / visits)
            chances = np.array([row.get(o, 0.0) for o in range(4)])
            assert (np.abs(chances - expected) <= error).all()
            assert visits / 50_000 == pytest.approx(total / 4, abs=0.01)
            means = paid[key] / total
            assert table.rewards[:, number] == pytest.approx(means, abs=5 / np.sqrt(visits))


def _fold(windows: JointWindows, history: tuple[int, ...]) -> int:
    code = 0
    for action, o in zip(history[1::2], history[2::2], strict=True):
        code = (code * windows.actions + action) * windows.observations + o
    return code


def test_counts_against_the_episodes():
    game = random_game(6, horizon=2, states=2, kind="general", initial_observations=True)
    simulator = Simulator(game, 4)
    model = construct_model(
        simulator, uniform_exploration(2), length=1, episodes=9000, threshold=60, stream=(3, 1)
    )
    assert model.environment_steps == 27_000
    episodes = simulator.episodes(uniform_exploration(2)[0], 9000, (3, 1, 2), 2)
    counts: dict[tuple[int, int], list[int]] = {}
    for number in range(9000):
        first = int(episodes.actions[number, 0]) * 4 + int(episodes.observations[number, 0])
        counts.setdefault((first, int(episodes.actions[number, 1])), []).append(number)
    found = rows_of(model, 2)
    table = model.steps[1]
    assert set(found) == {key for key, visits in counts.items() if len(visits) >= 60}
    assert table.rare_rows == len(counts) - len(found) > 0
    for place, (key, row) in enumerate(found.items()):
        visits = counts[key]
        assert table.visits[place] == len(visits)
        assert table.rewards[:, place] == pytest.approx(episodes.rewards[visits, 1].mean(axis=0))
        for o, chance in row.items():
            assert chance == (episodes.observations[visits, 1] == o).mean()
    for o in range(4):
        seen = episodes.observations[:, 1] == o
        assert table.observation_rewards[:, o] == pytest.approx(
            episodes.rewards[seen, 1].mean(axis=0)
        )
    opening = simulator.episodes(uniform_exploration(2)[0], 9000, (3, 1, 1), 1)
    share = np.bincount(opening.initial_observations, minlength=4) / 9000
    assert model.initial_probability == pytest.approx(share[model.initial_window])
