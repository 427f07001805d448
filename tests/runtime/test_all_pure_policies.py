"""Assumption 3 against enumeration of all pure policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from posg.runtime import Game, InformationStructure, check_strategy_independence

from .games import NEVER, build_information, dense_dynamics, random_game
from .reference import Codes, Reference

Structure = Callable[[Game], InformationStructure]


def delays(observations: Codes, actions: tuple[int | None, int | None]) -> Structure:
    return lambda game: build_information(game, observations, actions)


STRUCTURES: dict[str, Structure] = {
    "full": delays((0, 0), (1, 1)),
    "one step": delays((1, 1), (1, 1)),
    "one direction": delays((0, 1), (1, 1)),
    "two steps": delays((2, 2), (2, 2)),
    "none": delays((NEVER, NEVER), (NEVER, NEVER)),
    "observations at once, actions dropped": delays((0, 0), (None, None)),
    "observations after a step, actions dropped": delays((1, 1), (None, None)),
    "observations never, actions dropped": delays((NEVER, NEVER), (None, None)),
    "actions shared, observations late": delays((2, 2), (1, 1)),
    "asymmetric A": delays((0, 2), (1, None)),
    "asymmetric B": delays((1, 1), (1, None)),
    "one keeps its actions": delays((0, 0), (1, NEVER)),
}


def drawn_game(seed: int) -> Game:
    """Games of many kinds: controlled by all, one or nobody; seen well, exactly or not at all."""
    kind = seed % 6
    game = random_game(
        seed,
        states=3 if kind == 0 and seed % 4 == 0 else 2,
        horizon=2 if kind == 1 else 3,
        initial_observations=kind == 1,
        uncontrolled=kind == 2,
        controller=(seed // 6) % 2 if kind == 3 else None,
    )
    if kind < 4:
        return game
    random = np.random.default_rng(seed)
    states = game.state_count
    dynamics = []
    for _ in range(game.horizon):
        transition = np.eye(states)[random.integers(states, size=(states, 4))]
        if kind == 4:
            emission = np.eye(4)[random.integers(4, size=(4, states))]
        else:
            # Either agent alone sees a coin; both together see a bit of the state.
            emission = np.zeros((4, states, 4))
            for state in range(states):
                even = state % 2 == 0
                emission[:, state, [0, 3] if even else [1, 2]] = 0.5
        dynamics.append(dense_dynamics(transition, emission))
    return replace(game, dynamics=tuple(dynamics))


Histories = Iterator[tuple[float, int, Codes, Codes, tuple[tuple[object, ...], ...]]]


def histories(reference: Reference, steps: int) -> Histories:
    """(weight without policies, s, p, c, each agent's ((c_t, p_t), a_t) for t < h)."""
    known: dict[tuple[object, ...], tuple[int, Codes]] = {}
    level = [
        (chance, state, p, (z,), ((), ())) for chance, state, z, p in reference.opening() if chance
    ]
    for step in range(1, steps):
        following = []
        for weight, state, p, c, done in level:
            for action in reference.joint_actions():
                grown = tuple((*own, ((c, p[i]), action[i])) for i, own in enumerate(done))
                for chance, successor, o, _ in reference.outcomes(step, state, action):
                    if (step, p, action, o) not in known:
                        known[step, p, action, o] = reference.update(step, p, action, o)
                    z, q = known[step, p, action, o]
                    following.append((weight * chance, successor, q, (*c, z), grown))
        level = following
    yield from level  # type: ignore[misc]


def largest_distance(game: Game, information: InformationStructure) -> float:
    """The largest L1 distance of beliefs given c_h under two pure policies that both reach it."""
    reference = Reference(game, information)
    worst = 0.0
    for steps in range(2, game.horizon + 1):
        groups: dict[Codes, list[tuple[float, tuple[int, Codes], tuple[object, ...]]]] = {}
        for weight, state, p, c, done in histories(reference, steps):
            groups.setdefault(c, []).append((weight, (state, p), done))
        for group in groups.values():
            worst = max(worst, _distance_at(game, group))
    return worst


def _distance_at(game: Game, group: list[tuple[float, tuple[int, Codes], tuple]]) -> float:
    """Compare all pure policies on the information sets on the way to one c_h."""
    plays, numbers = [], []
    for agent in range(2):
        ways = sorted({done[agent] for _, _, done in group})
        sets = sorted({seen for way in ways for seen, _ in way})
        pure = product(range(game.action_counts[agent]), repeat=len(sets))
        plays.append(
            np.array(
                [
                    [
                        all(policy[sets.index(seen)] == action for seen, action in way)
                        for way in ways
                    ]
                    for policy in pure
                ],
                dtype=float,
            )
        )
        numbers.append({way: number for number, way in enumerate(ways)})
    events = sorted({event for _, event, _ in group})
    tensor = np.zeros((len(numbers[0]), len(numbers[1]), len(events)))
    for weight, event, done in group:
        tensor[numbers[0][done[0]], numbers[1][done[1]], events.index(event)] += weight
    mass = np.einsum("ak,bl,klm->abm", *plays, tensor).reshape(-1, len(events))
    total = mass.sum(axis=1)
    beliefs = np.unique(
        (mass / np.maximum(total, 1e-300)[:, None])[total > 1e-12].round(12), axis=0
    )
    gaps = np.abs(beliefs[:, None] - beliefs[None]).sum(axis=2) if len(beliefs) < 500 else None
    if gaps is None:
        return float(np.abs(beliefs - beliefs[0]).sum(axis=1).max())
    return float(gaps.max())


def compare(seeds: range) -> dict[str, list[bool]]:
    verdicts: dict[str, list[bool]] = {name: [] for name in STRUCTURES}
    for seed in seeds:
        game = drawn_game(seed)
        for name, structure in STRUCTURES.items():
            information = structure(game)
            found = check_strategy_independence(game, information)
            distance = largest_distance(game, information)
            assert distance < 1e-9 or distance > 1e-6
            assert found.holds is (distance < 1e-9), (seed, name, distance)
            if found.witness is not None:
                assert found.witness.distance <= distance + 1e-9
            verdicts[name].append(found.holds)
    return verdicts


def test_verdict_is_that_of_all_pure_policies() -> None:
    verdicts = compare(range(12))
    for name in ("full", "one step", "one direction"):
        assert all(verdicts[name])
    for name in set(STRUCTURES) - {"full", "one step", "one direction"}:
        assert not all(verdicts[name])
    # Some hold in some games only.
    assert sum(any(found) and not all(found) for found in verdicts.values()) >= 5


@pytest.mark.slow
def test_verdict_on_three_hundred_games() -> None:
    verdicts = compare(range(12, 312))
    assert all(len(found) == 300 for found in verdicts.values())
