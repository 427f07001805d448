"""The sequence form, against dynamic programming where both apply and against tree search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    LimitError,
    ProblemError,
    RewardScope,
    certify_policy,
    check_perfect_recall,
    evaluate_policy,
    expand_common_information,
    plan,
    solve_sequence_form,
)

from .games import (
    assemble,
    build_information,
    delayed,
    full,
    none,
    one_directional,
    one_step_delay,
    random_game,
    uncontrolled,
)
from .reference import Reference, matrix_game_value


def case_a(game):
    """Example 2: the first agent controls the state, the second reports late and forgets."""
    return build_information(game, [0, 2], [1, None])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("structure", "options"),
    [
        (one_step_delay, {"scope": RewardScope.OUTCOME, "discount": 0.9}),
        (full, {"initial_observations": True, "states": 2, "horizon": 2}),
        (one_directional, {"states": 2, "stationary": True}),
        (uncontrolled, {"uncontrolled": True, "horizon": 4, "states": 2}),
        (case_a, {"controller": 0, "horizon": 3, "states": 2}),
    ],
)
def test_agrees_with_dynamic_programming(structure, options, seed):
    game = random_game(seed, kind="zero-sum", **{"horizon": 3, **options})
    information = structure(game)
    planned = plan(game, expand_common_information(game, information), concept="nash")
    found = solve_sequence_form(game, information)
    assert found.value == pytest.approx(planned.value, abs=1e-8)
    assert evaluate_policy(game, information, found.policy).value == pytest.approx(found.value)
    certificate = certify_policy(game, information, found.policy, concept="nash")
    assert certificate.gap == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("structure", "options"),
    [
        (none, {"horizon": 3}),
        (none, {"horizon": 2, "initial_observations": True, "actions": 3}),
        (lambda game: delayed(game, 2), {"horizon": 3, "discount": 0.8}),
        (lambda game: build_information(game, [0, 2], [1, 1]), {"horizon": 3}),
    ],
)
def test_certified_without_strategy_independence(structure, options, seed):
    game = random_game(seed, kind="zero-sum", states=2, **options)
    information = structure(game)
    assert expand_common_information(game, information, refuse=False).witness is not None
    found = solve_sequence_form(game, information)
    reference = Reference(game, information)
    chances = reference.lookup(found.policy)
    assert reference.evaluate(chances) == pytest.approx(found.value, abs=1e-9)
    for agent in range(2):
        best = reference.remember_best(agent, chances)
        assert best == pytest.approx(found.value[agent], abs=1e-8)
    certificate = certify_policy(game, information, found.policy, concept="nash")
    assert certificate.method == "exact"
    assert certificate.gap == pytest.approx(0, abs=1e-8)


def test_one_step_is_a_matrix_game():
    """Without observations a game of one step is a matrix game."""
    game = random_game(3, kind="zero-sum", horizon=1, actions=4, states=2)
    table = np.einsum(
        "s,sab->ab", game.initial_probability, game.rewards[0].values[0].reshape(2, 4, 4)
    )
    found = solve_sequence_form(game, none(game))
    assert found.value[0] == pytest.approx(matrix_game_value(table))


def test_rewards_that_add_up_to_constants():
    game = random_game(5, kind="zero-sum", horizon=3, states=2, discount=0.9)
    shifted = replace(
        game,
        rewards=tuple(
            replace(r, values=r.values + np.array([[0.0], [k + 1.0]]))
            for k, r in enumerate(game.rewards)
        ),
    )
    plain, found = (solve_sequence_form(g, none(g)) for g in (game, shifted))
    assert found.value[0] == pytest.approx(plain.value[0])
    assert found.value.sum() == pytest.approx(1 + 0.9 * 2 + 0.81 * 3)
    certificate = certify_policy(shifted, none(shifted), found.policy, concept="nash")
    assert certificate.gap == pytest.approx(0, abs=1e-8)


def forgetful(game):
    """Nothing is shared, and an agent knows its last observation only."""
    return assemble(game, lambda agent, step, p, a, o: (o, ()), "forgetful")


def test_agents_who_forget_are_refused():
    game = random_game(1, kind="zero-sum", horizon=3, states=2)
    information = forgetful(game)
    with pytest.raises(ProblemError) as caught:
        solve_sequence_form(game, information)
    assert caught.value.code == "P0709"
    assert caught.value.facts["agent"] == "agent0"
    assert caught.value.facts["step"] == "2"
    assert (caught.value.facts["first"], caught.value.facts["second"]) == ("a0", "a1")
    assert check_perfect_recall(game, information).holds is False


def test_forgetting_what_makes_no_difference():
    """Actions that move nothing are forgotten without harm, though recall is not perfect."""
    game = random_game(2, kind="zero-sum", horizon=3, states=2, uncontrolled=True)
    forgets, remembers = build_information(game, [9, 9], [None, None]), none(game)
    assert check_perfect_recall(game, forgets).holds is False
    found, other = (solve_sequence_form(game, structure) for structure in (forgets, remembers))
    assert found.value == pytest.approx(other.value, abs=1e-8)
    assert len(found.plans[0]) < len(other.plans[0])


@pytest.mark.parametrize(
    ("kind", "agents", "concept"),
    [("team", 2, "nash"), ("general", 2, "nash"), ("zero-sum", 2, "team"), ("general", 3, "nash")],
)
def test_only_for_zero_sum_games_of_two_agents(kind, agents, concept):
    game = random_game(1, kind=kind, agents=agents, horizon=2, states=2)
    with pytest.raises(ProblemError) as caught:
        solve_sequence_form(game, none(game), concept=concept)
    assert caught.value.code == "P0710"


def test_too_large_is_refused_with_the_horizon_that_fits():
    game = random_game(1, kind="zero-sum", horizon=30, states=2, stationary=True)
    information = delayed(game, 1)
    with pytest.raises(LimitError) as caught:
        solve_sequence_form(game, information, memory_bytes=1 << 20)
    assert caught.value.code == "P0615"
    fits = int(caught.value.facts["fits"])
    short = random_game(1, kind="zero-sum", horizon=fits, states=2, stationary=True)
    solve_sequence_form(short, delayed(short, 1), memory_bytes=1 << 20)


def test_time_limit():
    game = random_game(1, kind="zero-sum", horizon=4, states=2, stationary=True)
    with pytest.raises(LimitError) as caught:
        solve_sequence_form(game, none(game), seconds=0.0)
    assert caught.value.code == "P0606"
