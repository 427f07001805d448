"""Which games are team games, zero-sum up to constants, or neither."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    GameClass,
    Rewards,
    certify_policy,
    classify_game,
    expand_common_information,
    plan,
)
from posg.runtime.game_class import sum_rewards

from .games import one_step_delay, random_game


def shifted(game, constants):
    """The second agent is paid a constant more at each step."""
    rewards = tuple(
        Rewards(
            scope=game.rewards[which].scope,
            values=game.rewards[which].values + np.array([[0.0], [constant]]),
        )
        for which, constant in zip(game.rewards_of_step, constants, strict=True)
    )
    return replace(game, rewards=rewards, rewards_of_step=np.arange(game.horizon))


@pytest.mark.parametrize("kind", ["team", "zero-sum", "general-sum"])
@pytest.mark.parametrize("agents", [2, 3])
def test_classes(kind, agents):
    game = random_game(1, agents=agents, kind=kind)
    expected = "general-sum" if kind == "zero-sum" and agents == 3 else kind
    assert classify_game(game).value == expected


def test_constants_are_found_step_by_step():
    game = shifted(random_game(2, kind="zero-sum"), [0.1, -2.0, 1 / 3])
    sums = sum_rewards(game)
    assert sums is not None
    assert sums == pytest.approx([0.1, -2.0, 1 / 3], abs=1e-12)
    assert classify_game(game) is GameClass.ZERO_SUM
    values = game.rewards[1].values.copy()
    values[0, 0] += 1e-6
    bent = replace(
        game,
        rewards=(game.rewards[0], replace(game.rewards[1], values=values), game.rewards[2]),
    )
    assert sum_rewards(bent) is None
    assert classify_game(bent) is GameClass.GENERAL_SUM


@pytest.mark.parametrize("seed", range(3))
def test_constant_sums_are_solved(seed):
    zero = random_game(seed, kind="zero-sum", discount=0.9)
    constants = [1.0, -0.25, 3.0]
    game = shifted(zero, constants)
    solutions = [
        plan(one, expand_common_information(one, one_step_delay(one)), concept="nash")
        for one in (zero, game)
    ]
    extra = constants[0] + 0.9 * constants[1] + 0.81 * constants[2]
    assert solutions[1].value == pytest.approx(solutions[0].value + np.array([0, extra]), abs=1e-9)
    certificate = certify_policy(game, one_step_delay(game), solutions[1].policy, concept="nash")
    assert certificate.gap == pytest.approx(0, abs=1e-9)
    assert list(certificate.value.values()) == pytest.approx(solutions[1].value, abs=1e-9)
    for step, nodes in enumerate(solutions[1].node_values):
        left = sum(c * 0.9**k for k, c in enumerate(constants[step:]))
        assert nodes.sum(axis=0) == pytest.approx(np.full(nodes.shape[1], left), abs=1e-9)
