"""Best responses inside a model (Algorithm 4)."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    best_response,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    expand_windows,
    plan,
)

from .test_gap_bound import STRUCTURES, made, randomly_played
from .test_windows import structure


@pytest.mark.parametrize("informed", [False, True])
@pytest.mark.parametrize("sharing", STRUCTURES)
def test_responses_in_a_model(sharing: str, informed: bool) -> None:
    game = made(sharing, 3, "zero-sum")
    information, timestamps = structure(sharing, 4)
    short = timestamps.shortest_window()
    models = [expand_windows(game, information, timestamps, length) for length in (short, 3)]
    policy = randomly_played(plan(game, models[0], concept="nash").policy, 7)
    concept = "ce" if informed else "cce"
    value = evaluate_policy(game, information, policy).value
    certificate = certify_policy(game, information, policy, concept=concept)
    for agent, name in enumerate(game.agents):
        found = []
        for model in (*models, expand_common_information(game, information)):
            response = best_response(
                game, information, policy, agent=agent, informed=informed, model=model
            )
            assert evaluate_policy(game, information, response).missing == 0
            again = best_response(
                game, information, response, agent=agent, informed=informed, model=model
            )
            assert again.value[name] == pytest.approx(response.value[name], abs=1e-9)
            found.append(response.value[name] - value[agent])
        # What a short memory gains is at most what can be gained, which long windows find.
        assert found[0] <= found[1] + 1e-9
        np.testing.assert_allclose(
            np.maximum(found[1:], 0), certificate.agent_gaps[name], atol=1e-9
        )
