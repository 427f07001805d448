"""Values worked out elsewhere: a zero-sum patrol game and a vote of three."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from posg.runtime import (
    Game,
    GameClass,
    Labels,
    Rewards,
    RewardScope,
    certify_policy,
    check_strategy_independence,
    classify_game,
    evaluate_policy,
    expand_common_information,
    measure_observability,
    plan,
)

from .games import build_information, dense_dynamics, full, one_step_delay


def patrol(horizon: int) -> Game:
    """A guard moves a cache between two sites, a raider strikes one; both see it with noise."""
    transition = np.zeros((2, 4, 2))
    noise = np.array([[0.8, 0.2], [0.2, 0.8]])
    emission = np.zeros((4, 2, 4))
    reward = np.zeros((2, 8))
    for cache, move, hit in product(range(2), repeat=3):
        action = move * 2 + hit
        transition[cache, action, cache] = 0.9 if move == 0 else 0.2
        transition[cache, action, 1 - cache] = 0.1 if move == 0 else 0.8
        emission[action, cache] = np.outer(noise[cache], noise[cache]).ravel()
        reward[1, cache * 4 + action] = 1.0 if hit == cache else -0.5
    reward[0] = -reward[1]
    zeros = np.zeros(horizon, dtype=np.int64)
    return Game(
        name="patrol",
        agents=("guard", "raider"),
        horizon=horizon,
        discount=1.0,
        labels=Labels(
            states=("north", "south"),
            actions=(("stay", "shift"), ("north", "south")),
            observations=(("north", "south"),) * 2,
            initial_observations=(("nothing",),) * 2,
        ),
        initial_state=np.arange(2),
        initial_observation=np.zeros((2, 2), dtype=np.int64),
        initial_probability=np.array([0.6, 0.4]),
        dynamics=(dense_dynamics(transition, emission),),
        dynamics_of_step=zeros,
        rewards=(Rewards(scope=RewardScope.ACTION, values=reward),),
        rewards_of_step=zeros,
    )


@pytest.mark.parametrize(
    ("horizon", "delays", "value"),
    [
        (3, ((0, 1), (1, None)), -1.9207296),
        (3, ((1, 2), (1, None)), -1.8),
        (4, ((1, 1), (1, 1)), -2.5),
        (4, ((0, 0), (1, 1)), -2.7247800832),
    ],
)
@pytest.mark.parametrize("merge", [True, False])
def test_patrol(horizon, delays, value, merge):
    game = patrol(horizon)
    assert classify_game(game) is GameClass.ZERO_SUM
    information = build_information(game, *delays)
    nodes = expand_common_information(game, information, merge=merge)
    solution = plan(game, nodes, concept="nash")
    certificate = certify_policy(game, information, solution.policy, concept="nash")
    assert certificate.gap == pytest.approx(0, abs=1e-8)
    assert solution.value == pytest.approx([value, -value], abs=1e-8)


def test_patrol_depends_on_strategies_when_the_mover_is_forgotten():
    game = patrol(3)
    information = build_information(game, (1, 0), (None, 1))
    assert check_strategy_independence(game, information).holds is False


def test_patrol_observability():
    assert measure_observability(patrol(3)).gamma == pytest.approx(0.6)


def vote(horizon: int) -> Game:
    """Three judges see a hidden bit through noise before each vote; the majority is paid."""
    eye = np.array([[0.8, 0.2], [0.2, 0.8]])
    seen = np.array([np.kron(np.kron(eye[bit], eye[bit]), eye[bit]) for bit in range(2)])
    transition = np.tile(np.eye(2)[:, None], (1, 8, 1))
    ayes = np.array([sum(votes) >= 2 for votes in product(range(2), repeat=3)])
    reward = np.concatenate([ayes == 0, ayes == 1]).astype(float)
    zeros = np.zeros(horizon, dtype=np.int64)
    cells = np.array(list(product(range(2), repeat=4)))
    bits = cells[:, 0]
    return Game(
        name="vote",
        agents=("a", "b", "c"),
        horizon=horizon,
        discount=1.0,
        labels=Labels(
            states=("innocent", "guilty"),
            actions=(("no", "aye"),) * 3,
            observations=(("0", "1"),) * 3,
            initial_observations=(("0", "1"),) * 3,
        ),
        initial_state=bits,
        initial_observation=cells[:, 1:],
        initial_probability=np.where(bits == 1, 0.6, 0.4) * seen[bits, cells[:, 1:] @ [4, 2, 1]],
        dynamics=(dense_dynamics(transition, np.tile(seen, (8, 1, 1))),),
        dynamics_of_step=zeros,
        rewards=(Rewards(scope=RewardScope.ACTION, values=np.tile(reward, (3, 1))),),
        rewards_of_step=zeros,
    )


@pytest.mark.parametrize(
    ("structure", "horizon", "value"),
    [(one_step_delay, 1, 0.896), (one_step_delay, 2, 1.8429952), (full, 2, 1.846272)],
)
def test_vote(structure, horizon, value):
    game = vote(horizon)
    information = structure(game)
    solution = plan(game, expand_common_information(game, information), concept="team")
    assert solution.value == pytest.approx([value] * 3, abs=1e-9)
    assert evaluate_policy(game, information, solution.policy).value == pytest.approx([value] * 3)
    assert certify_policy(game, information, solution.policy, concept="team").gap == pytest.approx(
        0, abs=1e-9
    )
    assert measure_observability(game).gamma == pytest.approx(0.792)
