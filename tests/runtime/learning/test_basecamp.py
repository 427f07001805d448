"""Exploration of combination locks, and its parts put together."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import posg.specs
from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import Game
from posg.runtime.learning.basecamp import (
    Addition,
    ExplorationOptions,
    explore,
    is_settled,
)
from posg.runtime.learning.coverage import measure_coverage, state_law
from posg.runtime.learning.exploration_policy import WindowPolicy, uniform_exploration
from posg.runtime.learning.sample_bound import theoretical_sample_count
from posg.runtime.learning.simulator import Simulator
from posg.runtime.learning.window_model import construct_model

from ..games import random_game
from .reference import state_law as slow_state_law
from .test_exploration_policy import mixture

SPECS = Path(next(iter(posg.specs.__path__)))


@cache
def lock(name: str = "lock", horizon: int | None = None, **settings: str) -> Game:
    bag = Bag()
    program = load(Source(name, (SPECS / f"{name}.posg").read_text()), lambda path: "", bag)
    assert program is not None
    compiled = compile_game(program, Request(horizon=horizon, settings=settings), bag)
    assert compiled is not None
    return compiled.game


def missed(game: Game, policies, threshold: float, tail: int = 1) -> list[float]:
    """How likely some policy is in what exploration misses, for each h > L̂."""
    found = measure_coverage(game, policies, tail=tail, threshold=threshold)
    return [coverage.reachable for coverage in found]


@pytest.mark.parametrize("length", [1, 2])
def test_a_lock_is_opened_with_spanners(length):
    game = lock()
    options = ExplorationOptions(length=length, tail=length, episodes=20_000, rounds=2)
    first, second = explore(Simulator(game, 1), options).groups
    assert min(missed(game, first.policies, 0.02, length)[3:]) >= 0.99
    assert max(missed(game, second.policies, 0.02, length)) <= 0.01


def test_a_lock_is_not_opened_without_spanners():
    game, options = lock(), ExplorationOptions(episodes=20_000, rounds=2)
    simulator = Simulator(game, 1)
    uniform = uniform_exploration(7)
    assert min(missed(game, uniform, 0.02)[3:]) >= 0.99
    # Twice the episodes of a round, so as many as with spanners: rows that tell of an open lock.
    blind = construct_model(
        simulator, uniform, length=1, episodes=40_000, threshold=10, stream=(0,)
    )
    second = explore(simulator, options).groups[1].model

    def open_visits(model):
        rewards = model.steps[-1].rewards[0]
        return float((rewards * model.steps[-1].visits).sum()) / model.steps[-1].episodes

    assert open_visits(blind) < 0.01
    assert open_visits(second) > 0.1


@pytest.mark.slow
def test_the_frontier_of_a_long_lock_moves_round_by_round():
    game = lock(horizon=10, positions="8", accuracy="0.85")
    options = ExplorationOptions(episodes=2000, threshold=5, rounds=4, growth=0)
    groups = explore(Simulator(game, 0), options).groups
    left = [sum(chance > 0.01 for chance in missed(game, g.policies, 0.005)) for g in groups]
    assert left[0] == 5
    assert left == sorted(left, reverse=True)
    assert len(set(left)) >= 3
    assert left[-1] == 0


@pytest.mark.slow
def test_a_vault_is_opened_though_its_wheel_sticks():
    game = lock("vault")
    options = ExplorationOptions(episodes=20_000, rounds=2)
    first, second = explore(Simulator(game, 2), options).groups
    assert max(missed(game, first.policies, 0.01)) >= 0.6
    assert max(missed(game, second.policies, 0.01)) <= 0.01


def test_the_tail_is_as_long_as_asked_for():
    game = lock()
    options = ExplorationOptions(length=1, tail=3, episodes=4000, rounds=3)
    for number, group in enumerate(explore(Simulator(game, 1), options).groups):
        for step, policy in enumerate(group.policies, start=1):
            assert policy.cut == (max(1, step - 3) if number else 1)
            assert policy.weights.sum() == pytest.approx(1)
            assert policy.weights[0] == pytest.approx(1 / (number + 1))


def test_samples_are_counted_and_rounds_can_be_continued():
    game = lock()
    options = ExplorationOptions(episodes=3000, rounds=3, growth=0)
    whole = explore(Simulator(game, 1), options, stream=4)
    assert whole.environment_steps == (3000 * 28,) * 3
    assert not whole.settled
    again = explore(Simulator(game, 1), options, stream=4, groups=whole.groups[:1])
    for one, two in zip(whole.groups, again.groups, strict=True):
        for first, second in zip(one.model.steps, two.model.steps, strict=True):
            assert np.array_equal(first.visits, second.visits)
            assert np.array_equal(first.probability, second.probability)
    other = explore(Simulator(game, 1), options, stream=5)
    assert (
        other.groups[0].model.steps[0].visits.tolist()
        != whole.groups[0].model.steps[0].visits.tolist()
    )


def test_it_ends_when_nothing_new_is_found():
    game = random_game(3, horizon=3, states=2)
    found = explore(Simulator(game, 1), ExplorationOptions(rounds=9, episodes=20_000))
    assert found.settled
    assert len(found.groups) < 9


def test_rows_or_vectors_that_are_new_count_as_news():
    game = random_game(3, horizon=3, states=2)
    options = ExplorationOptions(rounds=2, episodes=20_000, growth=0)
    one, two = explore(Simulator(game, 1), options).groups
    after = replace(two, model=one.model)
    loose = ExplorationOptions()
    assert is_settled(loose, (one, after), two.additions)
    assert not is_settled(options, (one, after), two.additions)
    assert not is_settled(loose, (one,), two.additions)
    far = Addition(components=(WindowPolicy(),), vectors=np.full((1, 4), 50.0))
    assert not is_settled(loose, (one, after), (*two.additions[:-1], far))
    fewer = construct_model(
        Simulator(game, 1), one.policies, length=1, episodes=300, threshold=10, stream=(0,)
    )
    assert fewer.row_count < one.model.row_count
    assert not is_settled(loose, (replace(one, model=fewer), after), two.additions)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_coverage_by_recursion(length):
    game = random_game(4, horizon=4, states=3, initial_observations=True)
    policy = mixture(game, length)
    for step in (1, 2, 3):
        law = np.zeros(3)
        for (_, state), mass in slow_state_law(game, policy, step - 1).items():
            law[state] += mass
        assert state_law(game, policy, step) == pytest.approx(law, abs=1e-12)


def test_reachable_states_of_a_lock():
    game = lock()
    coverage = measure_coverage(game, uniform_exploration(7), tail=1, threshold=0.02)
    assert [c.step for c in coverage] == [1, 2, 3, 4, 5, 6]
    # Three right presses; nothing else leads to the fourth position.
    assert coverage[3].law[3] == pytest.approx((0.998 / 4) ** 3)
    assert coverage[3].missed[[0, 1, 2, 3, 4]].all()
    assert coverage[3].reachable == pytest.approx(0.998**3)
    assert coverage[0].reachable == 0


def test_what_the_theory_asks_for():
    game = random_game(0, agents=1, states=2, actions=4, observations=4, horizon=3)
    bound = theoretical_sample_count(game, common=16, private=1, length=1, gamma=0.5)
    assert bound.phi == pytest.approx(-13, abs=1)
    assert bound.zeta_1 == pytest.approx(-19, abs=1)
    assert bound.zeta_2 == 2 * bound.zeta_1
    assert bound.episodes == pytest.approx(51, abs=2)
    longer = theoretical_sample_count(game, common=256, private=1, length=2, gamma=0.5)
    assert longer.episodes > bound.episodes + 3


def test_options_that_make_no_sense():
    for wrong in (
        {"length": -1},
        {"length": 2},
        {"tail": -1},
        {"threshold": 0},
        {"rounds": 0},
        {"episodes": 0},
    ):
        with pytest.raises(ValueError, match=r"at least|episode"):
            ExplorationOptions(**wrong)
