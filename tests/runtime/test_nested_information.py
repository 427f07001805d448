"""Nested information against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime.nested_information import find_nested_information

from .games import build_information, full, none, one_directional, one_step_delay, random_game
from .test_sizes import reachable


def enumerated(game, information):
    agents = range(len(game.agents))
    nested = np.ones((len(agents), len(agents)), dtype=bool)
    for cells in reachable(game, information):
        for cell in cells.values():
            for own in agents:
                for other in agents:
                    known: dict[int, set[int]] = {}
                    for _, p in cell:
                        known.setdefault(p[other], set()).add(p[own])
                    nested[own, other] &= all(len(values) == 1 for values in known.values())
    return nested


@pytest.mark.parametrize("structure", [one_step_delay, full, one_directional, none])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_enumeration(structure, seed):
    game = random_game(
        seed, agents=2 + seed % 2, states=2, horizon=3, initial_observations=seed > 1
    )
    information = structure(game)
    found = find_nested_information(game, information)
    assert found is not None
    assert np.array_equal(found, enumerated(game, information))


def test_one_direction_is_nested():
    game = random_game(0)
    information = build_information(game, (0, 1), (1, 1))
    found = find_nested_information(game, information)
    assert found is not None
    assert found.tolist() == [[True, True], [False, True]]
    whole = find_nested_information(game, full(game))
    assert whole is not None
    assert whole.all()


def test_too_many_supports_are_not_decided():
    game = random_game(5, states=3, horizon=4)
    assert find_nested_information(game, one_step_delay(game), max_supports=1) is None
