"""Q-learning over windows against backward planning."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import LimitError, ProblemError, evaluate_policy, expand_common_information, plan
from posg.runtime.learning.q_learning import learn_values
from posg.runtime.policy_json import policy_to_json

from ..games import dectiger, full, one_step_delay, random_game


@pytest.mark.parametrize("sharing", [full, one_step_delay])
@pytest.mark.parametrize("seed", range(3))
def test_values_come_near_the_optimum(seed: int, sharing) -> None:
    game = random_game(seed, horizon=2, states=2, discount=0.9, initial_observations=True)
    information = sharing(game)
    nodes = expand_common_information(game, information)
    best = plan(game, nodes, concept="team")
    policy = learn_values(nodes, seed=seed, batches=1200)
    worth = evaluate_policy(game, information, policy).value
    assert worth[0] == worth[1]
    assert best.value[0] - 0.03 < worth[0] <= best.value[0] + 1e-9
    assert next(iter(policy.value.values())) == pytest.approx(best.value[0], abs=0.1)


def test_luck_is_the_same_for_the_same_seed() -> None:
    game = dectiger(3)
    nodes = expand_common_information(game, one_step_delay(game))
    first, again, other = (learn_values(nodes, seed=seed, batches=20) for seed in (1, 1, 2))
    assert policy_to_json(first) == policy_to_json(again)
    assert policy_to_json(first) != policy_to_json(other)
    assert np.isfinite(list(first.value.values())).all()


def test_only_teams() -> None:
    game = random_game(0, horizon=2, kind="zero-sum")
    with pytest.raises(ProblemError) as caught:
        learn_values(expand_common_information(game, full(game)), seed=0)
    assert caught.value.code == "P0701"


def test_prescriptions_that_are_too_many_are_refused_with_their_number() -> None:
    game = dectiger(2)
    nodes = expand_common_information(game, one_step_delay(game))
    with pytest.raises(LimitError) as caught:
        learn_values(nodes, seed=0, memory_bytes=1000)
    assert caught.value.code == "P0621"
    assert caught.value.facts["prescriptions"] == "81"
