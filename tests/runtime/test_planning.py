"""Plans against brute force, with and without merging, and their certificates."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from posg.runtime import (
    Game,
    GameClass,
    InformationStructure,
    LimitError,
    ProblemError,
    RewardScope,
    certify_policy,
    classify_game,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.payoffs import StagePayoffs
from posg.runtime.solvers import team
from posg.runtime.solvers.zero_sum import guarantees, solve_saddle

from .games import (
    delayed,
    full,
    none,
    one_directional,
    one_step_delay,
    random_game,
    uncontrolled,
)
from .reference import Reference

ACTION, TRANSITION, OUTCOME = RewardScope.ACTION, RewardScope.TRANSITION, RewardScope.OUTCOME

CASES = [
    # structure, options of the game, seeds
    (one_step_delay, {"horizon": 3, "states": 2}, 2),
    (one_step_delay, {"horizon": 2, "scope": OUTCOME, "initial_observations": True}, 3),
    (one_step_delay, {"horizon": 2, "agents": 3, "states": 2}, 2),
    (full, {"horizon": 3, "states": 2, "scope": TRANSITION, "discount": 0.9}, 1),
    (full, {"horizon": 2, "agents": 3, "states": 2, "initial_observations": True}, 1),
    (one_directional, {"horizon": 3, "states": 2, "scope": OUTCOME}, 1),
    (one_directional, {"horizon": 2, "initial_observations": True, "discount": 0.5}, 3),
    (uncontrolled, {"horizon": 3, "states": 2, "uncontrolled": True, "scope": TRANSITION}, 2),
    (none, {"horizon": 1, "states": 2, "initial_observations": True}, 2),
]
KINDS = [
    (structure, {**options, "kind": kind}, seed)
    for structure, options, seeds in CASES
    for kind in ("team", "zero-sum")
    for seed in range(seeds)
    if kind == "team" or options.get("agents", 2) == 2
]


@pytest.mark.parametrize(("structure", "options", "seed"), KINDS)
def test_plans_match_brute_force(structure, options, seed):
    game = random_game(seed, **options)
    information = structure(game)
    concept = "team" if options["kind"] == "team" else "nash"
    expected = Reference(game, information).solve(options["kind"])
    for merge in (True, False):
        nodes = expand_common_information(game, information, merge=merge)
        solution = plan(game, nodes, concept=concept)
        assert solution.value == pytest.approx(expected, abs=1e-9)
        evaluation = evaluate_policy(game, information, solution.policy)
        assert evaluation.value == pytest.approx(expected, abs=1e-9)
        assert evaluation.missing == 0
        certificate = certify_policy(
            game, information, solution.policy, concept=concept, value=evaluation.value
        )
        assert certificate.method == "exact"
        assert certificate.gap == pytest.approx(0, abs=1e-9)


def test_merging_makes_fewer_nodes_and_counts_all_histories():
    game = random_game(5, states=2, horizon=3, stationary=True, uncontrolled=True)
    information = full(game)
    merged = expand_common_information(game, information)
    histories = expand_common_information(game, information, merge=False)
    assert merged.history_counts == histories.history_counts == histories.node_counts
    assert merged.node_counts == (1, 4, 16)
    assert merged.margin < 1e-12


def direct_values(game: Game, information: InformationStructure) -> list[float]:
    """Values of all deterministic policies of a two-step team game, from plays alone."""
    reference = Reference(game, information)
    values = []
    for first in reference.joint_actions():
        plays = []  # (probability, c_2, p_2, s_2, reward so far)
        for chance, state, z, p in reference.opening():
            for more, following, o, rewards in reference.outcomes(1, state, first):
                z_next, p_next = reference.update(1, p, first, o)
                plays.append((chance * more, (z, z_next), p_next, following, rewards[0]))
        keys = [sorted({(c, p[i]) for _, c, p, _, _ in plays}) for i in reference.agents]
        choices = [
            [
                dict(zip(known, row, strict=True))
                for row in product(range(game.action_counts[i]), repeat=len(known))
            ]
            for i, known in enumerate(keys)
        ]
        paid = {
            (state, a): sum(
                chance * rewards[0] for chance, _, _, rewards in reference.outcomes(2, state, a)
            )
            for _, _, _, state, _ in plays
            for a in reference.joint_actions()
        }
        for rows in product(*choices):
            value = 0.0
            for chance, c, p, state, reward in plays:
                a = tuple(rows[i][c, p[i]] for i in reference.agents)
                value += chance * (reward + game.discount * paid[state, a])
            values.append(value)
    return values


@pytest.mark.parametrize("structure", [one_step_delay, one_directional])
@pytest.mark.parametrize("seed", range(3))
def test_team_optimum_is_best_of_all_deterministic_policies(structure, seed):
    game = random_game(seed, states=2, horizon=2, scope=TRANSITION)
    information = structure(game)
    nodes = expand_common_information(game, information)
    solution = plan(game, nodes, concept="team")
    assert solution.value[0] == pytest.approx(max(direct_values(game, information)), abs=1e-9)


def test_nash_in_a_team_game_is_the_team_optimum():
    game = random_game(1)
    nodes = expand_common_information(game, one_step_delay(game))
    team_value = plan(game, nodes, concept="team").value
    assert plan(game, nodes, concept="nash").value == pytest.approx(team_value)


def test_sharing_sooner_never_lowers_the_team_value():
    for seed in range(4):
        game = random_game(seed, states=2, horizon=3)
        values = []
        for structure in (one_step_delay, one_directional, full):
            nodes = expand_common_information(game, structure(game))
            values.append(plan(game, nodes, concept="team").value[0])
        assert values == sorted(values)


def test_concepts_that_do_not_fit():
    general = random_game(0, kind="general", agents=3)
    nodes = expand_common_information(general, full(general))
    for concept, code in (("team", "P0701"), ("nash", "P0702")):
        with pytest.raises(ProblemError) as caught:
            plan(general, nodes, concept=concept)
        assert caught.value.code == code
    zero_sum = random_game(0, kind="zero-sum")
    nodes = expand_common_information(zero_sum, full(zero_sum))
    with pytest.raises(ProblemError) as caught:
        plan(zero_sum, nodes, concept="team")
    assert caught.value.code == "P0701"


def test_game_classes():
    assert classify_game(random_game(0, kind="team", agents=3)) is GameClass.TEAM
    assert classify_game(random_game(0, kind="zero-sum")) is GameClass.ZERO_SUM
    assert classify_game(random_game(0, kind="zero-sum", agents=3)) is GameClass.GENERAL_SUM
    assert classify_game(random_game(0, kind="general")) is GameClass.GENERAL_SUM
    assert classify_game(random_game(0, kind="general", agents=1)) is GameClass.TEAM


def test_limits_name_the_step():
    game = random_game(0)
    with pytest.raises(LimitError) as caught:
        expand_common_information(game, full(game), max_nodes=10)
    assert (caught.value.code, caught.value.facts["step"]) == ("P0601", "2")
    for options, instead in (
        ({"merge": False}, "merge"),
        ({}, "auto --gap 0.1"),
        ({"radius": 0.05}, "'net(0.1)'"),
    ):
        with pytest.raises(LimitError) as caught:
            expand_common_information(game, full(game), max_nodes=1, **options)
        assert caught.value.facts["instead"] == instead
    with pytest.raises(LimitError) as caught:
        expand_common_information(game, full(game), memory_bytes=100)
    assert caught.value.code == "P0602"


def brute_force_team(table: np.ndarray) -> float:
    """The best of all joint deterministic prescriptions for (m_1, A_1, ...)."""
    types, actions = table.shape[0::2], table.shape[1::2]
    best = -np.inf
    for rows in product(
        *(list(product(range(a), repeat=m)) for m, a in zip(types, actions, strict=True))
    ):
        total = 0.0
        for p in product(*map(range, types)):
            index = [part for i, own in enumerate(p) for part in (own, rows[i][own])]
            total += table[tuple(index)]
        best = max(best, total)
    return best


@pytest.mark.parametrize(
    "shape",
    [
        (1, 3),
        (3, 2),
        (1, 2, 1, 3),
        (2, 3, 3, 2),
        (3, 2, 2, 2),
        (2, 2, 1, 3, 2, 2),
        (1, 2, 2, 2, 2, 3),
    ],
)
@pytest.mark.parametrize("entries", [1 << 21, 8])
def test_stage_team_optimum(shape, entries, monkeypatch):
    """Small blocks force the leading choices to be fixed one after the other."""
    monkeypatch.setattr(team, "_ENTRIES", entries)
    table = np.random.default_rng(3).normal(size=(1, 4, *shape))
    private = tuple(np.tile(np.arange(m), (4, 1)) for m in shape[0::2])
    solution = team.solve_team(StagePayoffs(nodes=np.arange(4), private=private, values=table))
    for node in range(4):
        value = table[0, node]
        for rows in solution.prescriptions:
            value = np.tensordot(rows[node], value, axes=([0, 1], [0, 1]))
        assert value == pytest.approx(solution.values[0, node])
        assert value == pytest.approx(brute_force_team(table[0, node]))


@pytest.mark.parametrize("shape", [(1, 3, 1, 2), (2, 3, 3, 2), (4, 3, 3, 3), (5, 2, 4, 3)])
def test_integer_program_agrees_with_enumeration(shape, monkeypatch):
    table = np.random.default_rng(3).normal(size=(1, 3, *shape))
    private = tuple(np.tile(np.arange(m), (3, 1)) for m in shape[0::2])
    payoffs = StagePayoffs(nodes=np.arange(3), private=private, values=table)
    enumerated = team.solve_team(payoffs)
    monkeypatch.setattr(team, "PROFILE_LIMIT", 0)
    programmed = team.solve_team(payoffs)
    assert programmed.values == pytest.approx(enumerated.values)
    for one, two in zip(programmed.prescriptions, enumerated.prescriptions, strict=True):
        assert np.array_equal(one, two)


def test_stage_too_large_to_enumerate():
    values = np.zeros((1, 1, 15, 2, 15, 2, 15, 2))
    private = (np.arange(15)[None],) * 3
    with pytest.raises(LimitError) as caught:
        team.solve_team(StagePayoffs(nodes=np.arange(1), private=private, values=values))
    assert caught.value.code == "P0604"


@pytest.mark.parametrize("seed", range(10))
def test_saddle_points_guarantee_the_same_to_both(seed):
    random = np.random.default_rng(seed)
    table = random.normal(size=(2, 3, 3, 2))
    if seed % 2:
        table = np.round(table)  # degenerate programs
    first, second = solve_saddle(table)
    lower, upper = guarantees(table, first, second)
    assert upper - lower == pytest.approx(0, abs=1e-8)
    assert np.einsum("paqb,pa,qb->", table, first, second) == pytest.approx(lower, abs=1e-8)


@pytest.mark.parametrize("structure", [none, lambda game: delayed(game, 2)])
def test_dependent_beliefs_are_refused(structure):
    game = random_game(0, states=2, horizon=3)
    with pytest.raises(ProblemError) as caught:
        expand_common_information(game, structure(game))
    assert caught.value.code == "P0501"
    nodes = expand_common_information(game, structure(game), refuse=False)
    assert nodes.witness is not None and nodes.margin > 0.01
    unmerged = expand_common_information(game, structure(game), refuse=False, merge=False)
    assert nodes.history_counts == unmerged.node_counts
    with pytest.raises(ProblemError) as again:
        plan(game, nodes, concept="team")
    assert again.value.code == "P0501"
    assert {"step", "common", "distance", "event"} <= set(caught.value.facts)
