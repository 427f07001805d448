"""Equilibria of a team's stage, against enumeration of all joint prescriptions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from posg.runtime import certify_policy, evaluate_policy, expand_common_information, plan
from posg.runtime.errors import ProblemError
from posg.runtime.solvers import person_by_person
from posg.runtime.solvers.person_by_person import solve_person_by_person

from ..games import dectiger, one_step_delay, random_game
from .stages import (
    FAMILIES,
    assert_distributions,
    best_deviation,
    best_of_all,
    draw_stages,
    normal_form,
    seeds,
    shapes,
    some_families,
    worth,
)


@settings(deadline=None, max_examples=25)
@given(seeds, shapes(2) | shapes(3, private=2, actions=2) | shapes(1), some_families)
def test_nobody_gains_alone(seed, shape, families):
    stages = draw_stages(seed, 1, shape, families)
    solution = solve_person_by_person(stages)
    assert_distributions(solution.prescriptions, shape)
    for node, table in enumerate(stages.values[0]):
        rounding = 1e-12 * np.abs(table).max() * table.size
        rows = [own[node] for own in solution.prescriptions]
        assert all(((own == 0) | (own == 1)).all() for own in rows)
        value = solution.values[0, node]
        assert value == pytest.approx(worth(table, rows), abs=rounding)
        assert value <= best_of_all(table) + rounding
        assert 0 <= solution.gaps[node] <= rounding
        for agent in range(len(rows)):
            assert best_deviation(table, rows, agent) <= value + rounding


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_reached_is_one_of_the_equilibria_in_pure_prescriptions(family, monkeypatch):
    """With one start it is some equilibrium, with many the best."""
    stages = draw_stages(2, 1, (2, 2, 2, 3), [family] * 10)
    equilibria = []
    for table in stages.values[0]:
        pays = normal_form(table)
        near = 1e-12 * np.abs(table).max() * table.size
        stable = (pays >= pays.max(axis=0) - near) & (
            pays >= pays.max(axis=1, keepdims=True) - near
        )
        equilibria.append(pays[stable])
    for starts in (1, 100):
        monkeypatch.setattr(person_by_person, "STARTS", starts)
        values = solve_person_by_person(stages).values[0]
        for value, known, table in zip(values, equilibria, stages.values[0], strict=True):
            near = 1e-11 * np.abs(table).max()
            assert np.abs(known - value).min() <= near
            if starts > 1:
                assert value >= known.max() - near


@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_plans_are_equilibria_of_the_game_and_no_better_than_the_optimum(agents, seed):
    game = random_game(seed, agents=agents, horizon=4 - agents // 2, kind="team")
    information = one_step_delay(game)
    nodes = expand_common_information(game, information)
    found = plan(game, nodes, concept="nash", person_by_person=True)
    assert found.stage_gap <= 1e-12
    certificate = certify_policy(game, information, found.policy, concept="nash")
    assert certificate.method == "exact"
    assert certificate.gap == pytest.approx(0, abs=1e-10)
    assert evaluate_policy(game, information, found.policy).value == pytest.approx(found.value)
    assert found.value[0] <= plan(game, nodes, concept="team").value[0] + 1e-12


@pytest.mark.parametrize(("starts", "value"), [(1, 17.94967376), (8, 21.99701733)])
def test_an_equilibrium_may_be_poor(starts, value, monkeypatch):
    monkeypatch.setattr(person_by_person, "STARTS", starts)
    game = dectiger(7)
    information = one_step_delay(game)
    nodes = expand_common_information(game, information)
    policy = plan(game, nodes, concept="nash", person_by_person=True).policy
    alone = certify_policy(game, information, policy, concept="nash")
    assert alone.value["alice"] == pytest.approx(value)
    assert alone.gap == pytest.approx(0, abs=1e-9)
    together = certify_policy(game, information, policy, concept="team")
    assert together.gap == pytest.approx(22.91830384 - value)


@pytest.mark.parametrize(
    ("kind", "concept"), [("team", "team"), ("team", "ce"), ("zero-sum", "nash")]
)
def test_only_nash_equilibria_of_teams(kind, concept):
    game = random_game(0, horizon=1, kind=kind)
    nodes = expand_common_information(game, one_step_delay(game))
    with pytest.raises(ProblemError) as caught:
        plan(game, nodes, concept=concept, person_by_person=True)
    assert caught.value.code == "P0711"
