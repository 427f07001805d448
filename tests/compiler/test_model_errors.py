"""Worst-case errors of models against all policies one by one, and the bounds that follow."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest

from posg.runtime import (
    CommonInformation,
    Game,
    bound_gap,
    certify_policy,
    expand_common_information,
    expand_windows,
    measure_model_errors,
    plan,
)

from ..runtime.games import random_game
from ..runtime.reference import Codes, Reference, normalised
from .test_gap_bound import KINDS, STRUCTURES, made, randomly_played
from .test_windows import belief_of, follow, structure


def worst(game: Game, nodes: CommonInformation, target: int) -> float:
    """The largest expected distance at a step, trying all prescriptions at each history."""
    plays = Reference(game, nodes.information)
    n = len(game.agents)

    def value(step: int, node: int, belief: dict[tuple[int, Codes], float]) -> float:
        if step == target:
            return apart(nodes, step, node, belief)
        held = [sorted({p[i] for _, p in belief}) for i in range(n)]
        choices = [
            [
                dict(zip(own, actions, strict=True))
                for actions in product(range(count), repeat=len(own))
            ]
            for own, count in zip(held, game.action_counts, strict=True)
        ]
        best = 0.0
        for prescription in product(*choices):
            cells: dict[int, dict[tuple[int, Codes], float]] = {}
            for (state, p), weight in belief.items():
                a = tuple(rule[own] for rule, own in zip(prescription, p, strict=True))
                for chance, following, o, _ in plays.outcomes(step, state, a):
                    z, q = plays.update(step, p, a, o)
                    cell = cells.setdefault(z, {})
                    cell[following, q] = cell.get((following, q), 0.0) + weight * chance
            total = 0.0
            for z, cell in cells.items():
                mass, after = normalised(cell)
                child = follow(nodes.steps[step - 1].edges, node, z)
                total += mass * later(step + 1, child, key_of(after))
            best = max(best, total)
        return best

    beliefs: dict[tuple[object, ...], dict[tuple[int, Codes], float]] = {}

    def key_of(belief: dict[tuple[int, Codes], float]) -> tuple[object, ...]:
        key = tuple(sorted((k, round(v, 9)) for k, v in belief.items()))
        beliefs.setdefault(key, belief)
        return key

    @cache
    def later(step: int, node: int, key: tuple[object, ...]) -> float:
        return value(step, node, beliefs[key])

    found = 0.0
    for c, (weight, belief) in plays.roots().items():
        found += weight * value(1, follow(nodes.roots, 0, c[0]), dict(belief))
    return found


def average(game: Game, nodes: CommonInformation, target: int) -> float:
    """The expected distance at a step under uniform play, history by history."""
    plays = Reference(game, nodes.information)
    layer = [
        (weight, follow(nodes.roots, 0, c[0]), dict(belief))
        for c, (weight, belief) in plays.roots().items()
    ]
    for step in range(1, target):
        layer = [
            (weight * chance, follow(nodes.steps[step - 1].edges, node, z), dict(after))
            for weight, node, belief in layer
            for z, (chance, after) in plays.children(step, belief).items()
        ]
    return sum(weight * apart(nodes, target, node, belief) for weight, node, belief in layer)


def apart(
    nodes: CommonInformation, step: int, node: int, belief: dict[tuple[int, Codes], float]
) -> float:
    model = belief_of(nodes, step, node)
    return sum(abs(belief.get(key, 0.0) - model.get(key, 0.0)) for key in {*belief, *model})


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)", "observations_delayed(d = 1)"])
def test_errors_are_those_of_the_worst_policy(sharing: str, seed: int) -> None:
    information, timestamps = structure(sharing, 3)
    game = random_game(seed, horizon=3, states=2, uncontrolled="observations" in sharing)
    nodes = expand_windows(game, information, timestamps, timestamps.shortest_window())
    found = measure_model_errors(game, nodes)
    for step in range(1, 4):
        assert found.beliefs[step - 1] == pytest.approx(worst(game, nodes, step), abs=1e-9)
        expected = average(game, nodes, step)
        assert found.uniform_play[step - 1] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))]
)
@pytest.mark.parametrize(("concept", "kind"), [("team", "team"), ("nash", "zero-sum")])
@pytest.mark.parametrize("sharing", STRUCTURES)
def test_bounds_hold_and_are_ordered(sharing: str, concept: str, kind: str, seed: int) -> None:
    game = made(sharing, seed, kind)
    information, timestamps = structure(sharing, 4)
    exact = expand_common_information(game, information)
    models = [
        expand_windows(game, information, timestamps, length)
        for length in range(timestamps.shortest_window(), 4)
    ]
    models.append(expand_common_information(game, information, radius=0.3, explain=False))
    for nodes in models:
        policy = plan(game, nodes, concept=concept).policy
        gap = certify_policy(game, information, policy, concept=concept).gap
        errors = measure_model_errors(game, nodes)
        assert gap <= errors.stepwise.max() + 1e-9
        assert errors.stepwise.max() <= errors.uniform.max() + 1e-9
        assert bound_gap(game, nodes, policy, concept=concept).gap <= errors.stepwise.max() + 1e-9
    assert measure_model_errors(game, exact).beliefs.max() < 1e-9
    assert np.all(measure_model_errors(game, models[-2]).beliefs[:3] < 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", STRUCTURES)
@pytest.mark.parametrize("concept", KINDS)
def test_thousands_of_bounds(sharing: str, concept: str) -> None:
    """The gap is at most the bound, at most the step-wise one, at most that of Theorem 2."""
    kind, shape = KINDS[concept], STRUCTURES[sharing]
    information, timestamps = structure(sharing.replace("d = 2", "d = 1"), 3)
    planned = concept in ("team", "nash")
    count = 200 if concept == "team" else 50
    lossy = 0
    for seed in range(count):
        game = random_game(seed, states=2, horizon=3, kind=kind, stationary=seed % 2 == 0, **shape)
        nodes = expand_windows(game, information, timestamps, 1)
        if planned:
            policy = plan(game, nodes, concept=concept).policy
        else:
            team = random_game(seed, states=2, horizon=3, **shape)
            policy = randomly_played(plan(team, nodes, concept="team").policy, seed)
        gap = certify_policy(game, information, policy, concept=concept).gap
        bound = bound_gap(game, nodes, policy, concept=concept).gap
        assert gap is not None and bound is not None
        assert gap <= bound + 1e-9
        lossy += gap < bound - 1e-6
        if planned:
            errors = measure_model_errors(game, nodes)
            assert bound <= errors.stepwise.max() + 1e-9
            assert errors.stepwise.max() <= errors.uniform.max() + 1e-9
    assert lossy > 0.95 * count
