"""Best responses as policies: worth what the certificate says that a deviator gets."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    best_response,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    plan,
)

from .games import full, one_directional, one_step_delay, random_game
from .test_certify import randomised, with_lottery

STRUCTURES = [one_step_delay, one_directional, full]


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("informed", [False, True])
@pytest.mark.parametrize("lottery", [False, True])
def test_deviators_get_what_certificates_say(structure, agents, informed, lottery):
    game = random_game(1, kind="general", agents=agents, states=2, horizon=2, discount=0.9)
    information = structure(game)
    nodes = expand_common_information(game, information, merge=False)
    base = plan(game, nodes, concept="cce").policy
    policy = randomised(base, 1)
    if lottery:
        policy = with_lottery(policy, randomised(base, 2), 0.3)
    value = evaluate_policy(game, information, policy).value
    certificate = certify_policy(
        game, information, policy, concept="ce" if informed else "cce", value=value
    )
    for agent, name in enumerate(game.agents):
        response = best_response(game, information, policy, agent=agent, informed=informed)
        found = evaluate_policy(game, information, response)
        assert found.missing == 0
        assert response.value[name] == pytest.approx(found.value[agent])
        gain = found.value[agent] - value[agent]
        assert max(gain, 0.0) == pytest.approx(certificate.agent_gaps[name], abs=1e-9)
        # Whoever responds best has nothing left to gain, and the others still do what they did.
        again = best_response(game, information, response, agent=agent, informed=informed)
        assert again.value[name] == pytest.approx(found.value[agent], abs=1e-9)


def test_a_response_to_an_equilibrium_gains_nothing():
    game = random_game(2, kind="zero-sum", states=2, horizon=3)
    information = one_step_delay(game)
    policy = plan(game, expand_common_information(game, information), concept="nash").policy
    for agent, name in enumerate(game.agents):
        response = best_response(game, information, policy, agent=agent)
        assert response.value[name] == pytest.approx(policy.value[name], abs=1e-8)
        rows = response.steps[-1].prescriptions[agent].probability
        assert set(np.unique(rows)) <= {0.0, 1.0}
