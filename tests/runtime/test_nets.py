"""Beliefs up to a distance: covers against a greedy search, and the models that they make."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    Game,
    bound_gap,
    certify_policy,
    count_common_information,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.arrays import offsets_of
from posg.runtime.beliefs import Beliefs, normalise_beliefs
from posg.runtime.nets import cover_beliefs

from .games import dectiger, full, one_directional, one_step_delay, random_game, uncontrolled
from .reference import Reference, split


def random_beliefs(seed: int) -> Beliefs:
    random = np.random.default_rng(seed)
    rows = [np.flatnonzero(random.random(4) < 0.7) for _ in range(60)]
    rows = [row if len(row) else np.array([1]) for row in rows]
    lengths = np.array([len(row) for row in rows])
    weight = random.integers(1, 5, size=lengths.sum()).astype(float)
    return normalise_beliefs(offsets_of(lengths)[:-1], np.concatenate(rows), weight)


def row(beliefs: Beliefs, place: int) -> dict[int, float]:
    part = slice(beliefs.offsets[place], beliefs.offsets[place + 1])
    return dict(zip(beliefs.index[part].tolist(), beliefs.probability[part].tolist(), strict=True))


def distance(first: dict[int, float], second: dict[int, float]) -> float:
    return sum(abs(first.get(k, 0.0) - second.get(k, 0.0)) for k in {*first, *second})


@pytest.mark.parametrize("radius", [0.0, 0.1, 0.4, 1.0, 2.0])
@pytest.mark.parametrize("seed", range(5))
def test_the_heaviest_takes_what_is_near(seed: int, radius: float) -> None:
    beliefs = random_beliefs(seed)
    weight = np.random.default_rng(seed).permutation(beliefs.count).astype(float)
    centres, place = cover_beliefs(beliefs, weight, radius)
    expected: dict[int, int] = {}
    for leader in np.argsort(-weight).tolist():
        if leader in expected:
            continue
        for other in range(beliefs.count):
            near = distance(row(beliefs, leader), row(beliefs, other)) <= radius + 1e-12
            same = row(beliefs, leader).keys() == row(beliefs, other).keys()
            if other not in expected and near and same:
                expected[other] = leader
    assert centres.count == len(set(expected.values()))
    for other, leader in expected.items():
        assert row(centres, place[other]) == row(beliefs, leader)


STRUCTURES = [full, one_step_delay, one_directional, uncontrolled]


def game_for(structure, seed: int, kind: str, horizon: int = 4) -> Game:
    return random_game(
        seed,
        horizon=horizon,
        kind=kind,
        stationary=seed % 2 == 0,
        uncontrolled=structure is uncontrolled,
        initial_observations=seed == 2,
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("structure", STRUCTURES)
def test_increments_lead_near_to_where_bayes_rule_does(structure, seed: int) -> None:
    game = game_for(structure, seed, "team")
    information = structure(game)
    plays = Reference(game, information)
    nodes = expand_common_information(game, information, radius=0.3, explain=False)
    exact = expand_common_information(game, information)
    assert sum(nodes.node_counts) < sum(exact.node_counts)
    worst = 0.0
    for step in range(1, game.horizon):
        at, after = nodes.steps[step - 1], nodes.steps[step]
        counts, later = information.private_counts[step - 1], information.private_counts[step]
        for node in range(at.beliefs.count):
            laws: dict[int, dict[int, float]] = {}
            for index, weight in row(at.beliefs, node).items():
                state, private = divmod(index, int(np.prod(counts)))
                for a in plays.joint_actions():
                    p = split(private, counts)
                    for chance, following, o, _ in plays.outcomes(step, state, a):
                        z, q = plays.update(step, p, a, o)
                        place = following * int(np.prod(later))
                        place += int(np.ravel_multi_index(q, later))
                        law = laws.setdefault(z, {})
                        law[place] = law.get(place, 0.0) + weight * chance
            part = slice(at.edges.offsets[node], at.edges.offsets[node + 1])
            assert at.edges.increment[part].tolist() == sorted(laws)
            for z, child in zip(at.edges.increment[part], at.edges.child[part], strict=True):
                law = {k: v / sum(laws[z].values()) for k, v in laws[z].items()}
                error = distance(law, row(after.beliefs, child))
                assert error <= 0.3 + 1e-9
                worst = max(worst, error)
    assert worst > 0.01


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(("concept", "kind"), [("team", "team"), ("nash", "zero-sum")])
def test_plans_on_nets_are_certified(structure, seed: int, concept: str, kind: str) -> None:
    game = game_for(structure, seed, kind, horizon=3)
    information = structure(game)
    best = plan(game, expand_common_information(game, information), concept=concept).value
    for radius in (0.0, 0.05, 0.5, 2.0):
        nodes = expand_common_information(game, information, radius=radius, explain=False)
        policy = plan(game, nodes, concept=concept).policy
        truth = evaluate_policy(game, information, policy)
        assert truth.missing == 0
        exact = certify_policy(game, information, policy, concept=concept)
        bound = bound_gap(game, nodes, policy, concept=concept)
        for agent, gap in exact.agent_gaps.items():
            assert bound.agent_gaps[agent] >= gap - 1e-9
        if radius == 0:
            np.testing.assert_allclose(truth.value, best, atol=1e-9)
            assert bound.gap < 1e-6


def test_few_beliefs_suffice_for_dectiger() -> None:
    game = dectiger(7)
    information = full(game)
    nodes = expand_common_information(game, information, radius=0.01, explain=False)
    assert nodes.node_counts == (1, 3, 5, 5, 5, 5, 5)
    policy = plan(game, nodes, concept="team").policy
    assert evaluate_policy(game, information, policy).value[0] == pytest.approx(40.2426, abs=1e-4)
    assert bound_gap(game, nodes, policy, concept="team").gap < 1e-3


@pytest.mark.parametrize("eps", [0.05, 0.4, 1.0, 2.0])
@pytest.mark.parametrize("structure", [full, one_step_delay, one_directional])
def test_nodes_are_bounded_by_what_fits_between_beliefs(structure, eps: float) -> None:
    for seed in range(4):
        game = random_game(seed, states=1 + seed % 3, horizon=4)
        nodes = expand_common_information(game, structure(game), radius=eps)
        sizes = count_common_information(game, structure(game))
        for found, most, step in zip(
            nodes.node_counts, sizes.net_nodes(eps), sizes.steps, strict=True
        ):
            assert step.supports <= found <= most <= step.histories
    game = dectiger(12)
    assert count_common_information(game, full(game)).net_nodes(0.1) == (
        1,
        *(21 for _ in range(11)),
    )
